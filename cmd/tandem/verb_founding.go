package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
)

func foundingVerbs(c *cli) *cobra.Command {
	return family("founding", "Who the installation begins with", foundingShowVerb(c), foundingConfirmVerb(c))
}

func foundingShowVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show who there is, and whether a manager and a director have confirmed it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := c.connect()
			if err != nil {
				return err
			}
			return c.showFounding(server.Founding(cmd.Context()))
		},
	}
}

func foundingConfirmVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "confirm",
		Short: "Say that these are the people; after a manager and a director nobody comes in alone",
		Args:  cobra.NoArgs,
	}
	digest := verb.Flags().String("digest", "", "of the list that you looked at (without it: as it is, which is shown first)")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		if *digest == "" {
			server, err := c.connect()
			if err != nil {
				return err
			}
			f, err := server.Founding(cmd.Context())
			if err != nil {
				return err
			}
			for _, p := range f.People {
				c.note("%s (%s): %s", p.Username, p.Name, join(p.Roles))
			}
			c.note("The key of the ledger: %s", f.LedgerKey)
			*digest = f.Digest
		}
		return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
			return c.showFounding(server.ConfirmFounding(ctx, api.ConfirmFounding{Digest: *digest, TOTP: code}))
		})
	}
	return verb
}

func (c *cli) showFounding(f api.Founding, err error) error {
	if err != nil {
		return err
	}
	var rows [][]string
	for _, p := range f.People {
		rows = append(rows, []string{p.Username, p.Name, join(p.Roles)})
	}
	if f.Founded {
		c.note("The founding is confirmed.")
	} else {
		c.note("Confirmed by: %s. It takes a manager and a director.", strings.Join(append([]string{}, f.Confirmed...), ", "))
	}
	return c.show(f, []string{"USERNAME", "NAME", "ROLES"}, rows...)
}
