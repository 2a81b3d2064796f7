package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
)

func authenticatorVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "authenticator",
		Short: "Take another authenticator: another phone, or a key that somebody may have seen",
		Long: `The password comes from the terminal or from the file that TANDEM_PASSWORD_FILE
names, the code of the present authenticator from the terminal or from TANDEM_TOTP.
Shows another one, once. The present one counts until a code of the other has proved
it: on a terminal that is asked for at once; elsewhere use tandem authenticator prove
within a quarter of an hour. Then all your other log-ins end, and you get new recovery
codes.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.replaceAuthenticator(cmd.Context()) },
	}
	verb.AddCommand(&cobra.Command{
		Use: "prove", Short: "Prove it with its first code", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.proveAuthenticator(cmd.Context()) },
	})
	return verb
}

func (c *cli) replaceAuthenticator(ctx context.Context) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	current, err := c.password()
	if err != nil {
		return err
	}
	code, err := c.code()
	if err != nil {
		return err
	}
	shown, err := server.ReplaceAuthenticator(ctx, api.ReplaceAuthenticator{Current: api.Secret(current.Reveal()), TOTP: api.Secret(code)})
	if err != nil {
		return err
	}
	if !c.atTerminal() {
		c.note("Shown once. Until you have proved it with tandem authenticator prove, the one that you have counts.")
		return c.show(shown, []string{"OTPAUTH"}, []string{string(shown.OTPAuth)})
	}
	if err := c.noteAuthenticator(string(shown.OTPAuth), string(shown.TOTPSecret)); err != nil {
		return err
	}
	return c.proveAuthenticator(ctx)
}

// proveAuthenticator shows the recovery codes before anything else can fail.
func (c *cli) proveAuthenticator(ctx context.Context) error {
	server, err := c.connect()
	if err != nil {
		return err
	}
	code, err := c.code()
	if err != nil {
		return err
	}
	joined, err := server.ProveAuthenticator(ctx, api.Secret(code))
	if err != nil {
		return err
	}
	if err := c.showRecoveryCodes(joined.RecoveryCodes); err != nil {
		return err
	}
	c.note("Your codes come from the new authenticator. You are logged in nowhere else.")
	return nil
}

// atTerminal says whether a person sits before what is read and what is shown.
func (c *cli) atTerminal() bool { return isTerminal(c.in) && isTerminal(c.out) && c.output != asJSON }
