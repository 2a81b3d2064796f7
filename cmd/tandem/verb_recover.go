package main

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/desk"
)

func recoverVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "recover USERNAME",
		Short: "On the server's machine: replace the log-in of somebody whom nobody else can help",
		Long: `Replaces the password and the authenticator of one person directly in the
database, and prints the new ones, once. It is for a sole admin who has lost
everything: whoever can still log in as an admin uses tandem person enrol, and
who has a recovery code uses tandem login --recover.

It is entered in the ledger at grade special, and everybody is told by e-mail
at the next start of the server. With the embedded secret store, stop the
server first.`,
		Args: cobra.ExactArgs(1),
	}
	configured(verb, func(cmd *cobra.Command, args []string, cfg config.Config) error {
		login, err := recoverOnHost(cmd.Context(), cfg, desk.Username(args[0]))
		if err != nil {
			return err
		}
		c.note("This is entered in the ledger as a special event, and everybody is told.")
		return c.showLogin(login)
	})
	return verb
}

func recoverOnHost(ctx context.Context, cfg config.Config, username string) (_ api.Login, err error) {
	p, err := openProgram(ctx, cfg, newLog(cfg.Log))
	if err != nil {
		return api.Login{}, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	login, err := p.desk.ResetOnHost(ctx, username, rand.Text())
	if err != nil {
		return api.Login{}, err
	}
	person, err := p.store.Person(ctx, username)
	return api.Login{
		Person: api.Person{
			Username: person.Username, Name: person.Name, Email: person.Email.In(""), Roles: person.Roles, TOTPPeriod: person.TOTPPeriod,
			Presence: api.Presence{State: api.Present},
		},
		Password: api.Secret(login.Password.Reveal()), OTPAuth: api.Secret(login.OTPAuth.Reveal()),
	}, err
}
