package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody/desk"
)

func loginVerb(c *cli) *cobra.Command {
	var lost bool
	verb := &cobra.Command{
		Use:   "login [USERNAME]",
		Short: "Log in with password and TOTP code",
		Long: `Logs in and keeps the session in the token file. The password comes from the
terminal or from the file that TANDEM_PASSWORD_FILE names, the code from the
terminal or from TANDEM_TOTP.

With --recover, for a lost telephone: gives a new key for an authenticator in
exchange for one of your recovery codes, from the terminal or from the file that
TANDEM_RECOVERY_CODE_FILE names. It opens no session: log in with a code of the
new key then.`,
		Args: cobra.MaximumNArgs(1),
	}
	verb.Flags().BoolVar(&lost, "recover", false, "your authenticator is lost: replace it with a recovery code")
	verb.RunE = func(cmd *cobra.Command, args []string) error {
		if lost {
			return c.recover(cmd.Context(), args)
		}
		return c.login(cmd.Context(), args)
	}
	return verb
}

func (c *cli) login(ctx context.Context, args []string) error {
	if err := c.canSave(); err != nil {
		return err
	}
	server, err := c.dial()
	if err != nil {
		return err
	}
	in, err := c.loginRequest(args)
	if err != nil {
		return err
	}
	in.Device, in.RememberDevice = c.devices()[c.server], true
	session, err := server.SignIn(ctx, in)
	if err != nil {
		return err
	}
	// The codes come once: they are shown before anything else can fail.
	shown := c.showRecoveryCodes(session.RecoveryCodes)
	err = c.save(savedSession{
		Server: c.server, Username: session.Person.Username,
		Token: string(session.Token), Expires: session.ExpiresAt,
	})
	if err := errors.Join(shown, err, c.remember(session.Device)); err != nil {
		return err
	}
	c.note("Logged in as %s until %s.", session.Person.Username, moment(session.ExpiresAt))
	return nil
}

// recover replaces a lost authenticator.
func (c *cli) recover(ctx context.Context, args []string) error {
	server, err := c.dial()
	if err != nil {
		return err
	}
	username, err := c.username(args)
	if err != nil {
		return err
	}
	password, err := c.password()
	if err != nil {
		return err
	}
	code, err := c.recoveryCode()
	if err != nil {
		return err
	}
	recovered, err := server.Recover(ctx, api.Recover{
		Username: username, Password: api.Secret(password.Reveal()), RecoveryCode: api.Secret(code.Reveal()),
		Device: c.devices()[c.server],
	})
	if err != nil {
		return err
	}
	c.note("Shown once. It counts after the next log-in with a code of it, which also gives you new recovery codes: tandem login %s", username)
	return c.show(recovered, []string{"USERNAME", "OTPAUTH"}, []string{username, string(recovered.OTPAuth)})
}

// showRecoveryCodes writes the codes of somebody whose authenticator was proved
// just now. It writes nothing for anybody else.
func (c *cli) showRecoveryCodes(codes []api.Secret) error {
	if len(codes) == 0 {
		return nil
	}
	c.note("Recovery codes, shown once: each gives you a new authenticator if yours is lost. Print them and keep them apart from your telephone.")
	rows := make([][]string, len(codes))
	for i, code := range codes {
		rows[i] = []string{string(code)}
	}
	shown := struct {
		Codes []api.Secret `json:"recovery_codes"`
	}{codes}
	return c.show(shown, []string{"RECOVERY CODE"}, rows...)
}

// loginRequest asks for what a log-in needs.
func (c *cli) loginRequest(args []string) (in api.SignIn, err error) {
	if in.Username, err = c.username(args); err != nil {
		return in, err
	}
	password, err := c.password()
	if err != nil {
		return in, err
	}
	code, err := c.code()
	if err != nil {
		return in, err
	}
	in.Password, in.TOTP = api.Secret(password.Reveal()), api.Secret(code)
	return in, nil
}

// username gives the name that was written behind a verb, or asks for it.
func (c *cli) username(args []string) (string, error) {
	if len(args) == 1 {
		return desk.Username(args[0]), nil
	}
	if !isTerminal(c.in) {
		return "", usagef("who? tandem login USERNAME")
	}
	typed, err := c.ask("User name")
	return desk.Username(typed), err
}

func logoutVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "logout",
		Short: "End the session",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := c.connect()
			// The file goes whatever the server says: it is a log-out here.
			if err := errors.Join(err, c.forget()); err != nil {
				return err
			}
			return server.SignOut(cmd.Context())
		},
	}
}
