package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
)

func credentialSetVerb(c *cli) *cobra.Command {
	var reveal, done bool
	var patience waiting
	verb := &cobra.Command{
		Use:   "set NAME... (--reveal | --done)",
		Short: "Set a password by hand, where no connector can: see it, set it, say so",
		Long: `For a credential of kind manual whose password is being changed, and that you
will hold then. First --reveal shows the new password on stdout, and the one that
opens the target until then. When it is set there, --done says so, of several with
one code; where the target can be probed, the new password is tried before it counts.

--reveal also shows those of a change of another kind that does not get through,
once it is paused (tandem credential pause), so that you can repair the server by
hand; then let it go on (tandem credential resume).`,
		Example: `  tandem credential set switch1 --reveal
  tandem credential set switch1 --done --wait
  tandem credential set switch1 switch2 switch3 --done`,
		Args: cobra.MinimumNArgs(1),
	}
	verb.Flags().BoolVar(&reveal, "reveal", false, "print the new password on stdout")
	verb.Flags().BoolVar(&done, "done", false, "the new password is set")
	patience.addFlags(verb)
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		if reveal == done {
			return usagef("say either --reveal or --done")
		}
		if len(args) > 1 {
			if reveal {
				return usagef("--reveal shows the password of one credential at a time")
			}
			return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
				set, err := server.ConfirmSetAll(ctx, api.ConfirmSetAll{Credentials: args, TOTP: code})
				if err != nil {
					return err
				}
				return c.showCredentials(set, set...)
			})
		}
		if done {
			return c.changeCredential(cmd.Context(), patience, args[0], func(ctx context.Context, server *client.Client, code api.Secret) (api.Credential, error) {
				return server.ConfirmSet(ctx, args[0], code)
			})
		}
		return c.confirmed(cmd.Context(), func(ctx context.Context, server *client.Client, code api.Secret) error {
			shown, err := server.NewPassword(ctx, args[0], code)
			if err != nil {
				return err
			}
			return c.revealNew(shown)
		})
	}
	return verb
}

func (c *cli) revealNew(shown api.NewPassword) error {
	if c.output == asJSON {
		return c.showJSON(shown)
	}
	if shown.Current == "" {
		c.note("Tandem does not know the password that is set now.")
	} else if _, err := fmt.Fprintf(c.out, "now: %s\n", string(shown.Current)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(c.out, "new: %s\n", string(shown.Next))
	return err
}
