package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
)

func loginVerb(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "login [USERNAME]",
		Short: "Log in with password and TOTP code",
		Long: `Logs in and keeps the session in the token file. The password comes from the
terminal or from the file that TANDEM_PASSWORD_FILE names, the code from the
terminal or from TANDEM_TOTP.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := c.dial()
			if err != nil {
				return err
			}
			in, err := c.loginRequest(args)
			if err != nil {
				return err
			}
			session, err := server.SignIn(cmd.Context(), in)
			if err != nil {
				return err
			}
			err = c.save(savedSession{
				Server: c.server, Username: session.Person.Username,
				Token: string(session.Token), Expires: session.ExpiresAt,
			})
			if err != nil {
				return err
			}
			c.note("Logged in as %s until %s.", session.Person.Username, moment(session.ExpiresAt))
			return c.showRecoveryCodes(session.RecoveryCodes)
		},
	}
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
	switch {
	case len(args) == 1:
		in.Username = args[0]
	case isTerminal(c.in):
		if in.Username, err = c.ask("User name"); err != nil {
			return in, err
		}
	default:
		return in, usagef("who? tandem login USERNAME")
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
