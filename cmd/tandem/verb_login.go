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
			return nil
		},
	}
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
