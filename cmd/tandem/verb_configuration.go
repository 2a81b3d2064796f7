package main

import (
	"cmp"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
)

func configurationVerbs(c *cli) *cobra.Command {
	return family("configuration", "What a server's configuration stands on record as, and a change of it", configurationShowVerb(c), configurationAcknowledgeVerb(c))
}

func configurationShowVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "show", Short: "Show what is in force, what was changed, and who can acknowledge it", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := c.connect()
			if err != nil {
				return err
			}
			return c.showConfiguration(server.Configuration(cmd.Context()))
		},
	}
}

func configurationAcknowledgeVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "acknowledge",
		Short: "Put in force what was changed, as a manager; dependents that were changed get their passwords then",
		Args:  cobra.NoArgs,
	}
	digest := verb.Flags().String("digest", "", "of the configuration that you looked at (without it: as it is, which is shown first)")
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		if *digest == "" {
			server, err := c.connect()
			if err != nil {
				return err
			}
			now, err := server.Configuration(cmd.Context())
			if err != nil {
				return err
			}
			for _, s := range now.Settings {
				if s.Changed {
					c.note("%s\n  before: %s\n  after:  %s", s.Key, cmp.Or(s.InForce, "none"), cmp.Or(s.Seen, "none"))
				}
			}
			*digest = now.Digest
		}
		return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
			return c.showConfiguration(server.AcknowledgeConfiguration(ctx, api.AcknowledgeConfiguration{Digest: *digest, TOTP: code}))
		})
	}
	return verb
}

func (c *cli) showConfiguration(now api.Configuration, err error) error {
	if err != nil {
		return err
	}
	var rows [][]string
	for _, s := range now.Settings {
		state := "in force"
		if s.Changed {
			state = "changed"
		}
		rows = append(rows, []string{s.Key, state, cmp.Or(s.InForce, "none"), cmp.Or(s.Seen, "none")})
	}
	if len(now.Waiting) == 0 {
		c.note("The configuration that runs is the one in force.")
	} else {
		c.note("Not in force: %s. Until it is acknowledged, what was changed is given no password. Who can acknowledge it: %s.", strings.Join(now.Waiting, ", "), whoAcknowledges(now.ByWhom))
	}
	if len(now.Elsewhere) > 0 {
		c.note("The server that answered runs with another configuration than the one that was seen last (%s): give all replicas the same, and start it anew.", strings.Join(now.Elsewhere, ", "))
	}
	return c.show(now, []string{"SETTING", "STATE", "IN FORCE", "RUNS"}, rows...)
}

func whoAcknowledges(people []string) string {
	return cmp.Or(strings.Join(people, ", "), "nobody, until there is a manager or a director")
}
