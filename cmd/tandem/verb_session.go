package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
)

func sessionVerbs(c *cli) *cobra.Command {
	return family("session", "Where you are logged in", sessionListVerb(c), sessionEndVerb(c))
}

func sessionListVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List where you are logged in, the newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := c.connect()
			if err != nil {
				return err
			}
			open, err := server.Sessions(cmd.Context())
			if err != nil {
				return err
			}
			var rows [][]string
			for _, o := range open {
				here := ""
				if o.Here {
					here = "here"
				}
				rows = append(rows, []string{o.ID, o.Device, o.Address, moment(o.OpenedAt), moment(o.LastUsed), moment(o.ExpiresAt), here})
			}
			return c.show(open, []string{"ID", "DEVICE", "ADDRESS", "SINCE", "LAST USED", "UNTIL", ""}, rows...)
		},
	}
}

func sessionEndVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{Use: "end ID | --others", Short: "Log out in one place, or everywhere but here", Args: cobra.MaximumNArgs(1)}
	others := verb.Flags().Bool("others", false, "everywhere but here")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		if *others == (len(args) == 1) {
			return usagef("session end takes an ID, or --others")
		}
		id := ""
		if len(args) == 1 {
			id = args[0]
		}
		return c.act(cmd.Context(), func(ctx context.Context, server *client.Client) error {
			if err := server.EndSession(ctx, id); err != nil {
				return err
			}
			c.note("Logged out there.")
			return nil
		})
	}
	return verb
}

func passwordVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "password",
		Short: "Change the password that you log in with",
		Long: `The present password comes from the terminal or from the file that
TANDEM_PASSWORD_FILE names, the new one from the terminal or from the file that
TANDEM_NEW_PASSWORD_FILE names. All your other log-ins end.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			current, err := c.password()
			if err != nil {
				return err
			}
			chosen, err := c.newPassword()
			if err != nil {
				return err
			}
			return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
				if err := server.ChangePassword(ctx, api.ChangePassword{Current: api.Secret(current.Reveal()), New: api.Secret(chosen.Reveal()), TOTP: code}); err != nil {
					return err
				}
				c.note("Your password is changed. You are logged in nowhere else.")
				return nil
			})
		},
	}
}
