package main

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func recoverVerb(c *cli) *cobra.Command {
	verb := &cobra.Command{
		Use:   "recover USERNAME",
		Short: "On the server's machine: replace the log-in of somebody whom nobody else can help",
		Long: `For a sole admin who has lost everything: whoever can still log in as an admin uses
tandem person enrol, and who has a recovery code uses tandem login --recover.

The first time it asks for a new log-in, at grade special: everybody is told by
e-mail, at the next start of the server, and for 72 hours a manager, a director or
the person stops it (tandem person stop-recovery). After them, within seven days, the
same command replaces the password and the authenticator and prints the new ones,
once. Before the founding is confirmed it does so at once. With the embedded secret
store, stop the server first.`,
		Args: cobra.ExactArgs(1),
	}
	configured(verb, func(cmd *cobra.Command, args []string, cfg config.Config) error {
		login, asked, err := recoverOnHost(cmd.Context(), cfg, desk.Username(args[0]))
		if err != nil {
			return err
		}
		if !asked.Due.IsZero() {
			c.note("It is asked for, and everybody is told. Repeat it at that time, or within seven days of it, unless somebody has stopped it.")
			return c.show(asked, []string{"USERNAME", "FROM"}, []string{desk.Username(args[0]), moment(asked.Due)})
		}
		c.note("This is entered in the ledger as a special event, and everybody is told.")
		return c.showLogin(login)
	})
	return verb
}

func recoverOnHost(ctx context.Context, cfg config.Config, username string) (_ api.Login, asked custody.Recovery, err error) {
	p, err := openProgram(ctx, cfg, newLog(cfg.Log))
	if err != nil {
		return api.Login{}, asked, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	login, asked, err := p.desk.RecoverOnHost(ctx, username, rand.Text())
	if err != nil || !asked.Due.IsZero() {
		return api.Login{}, asked, err
	}
	person, err := p.store.Person(ctx, username)
	return api.Login{
		Person: api.Person{
			Username: person.Username, Name: person.Name, Email: person.Email.In(""), Roles: person.Roles, TOTPPeriod: person.TOTPPeriod,
			Presence: api.Presence{State: api.Present},
		},
		Password: api.Secret(login.Password.Reveal()), OTPAuth: api.Secret(login.OTPAuth.Reveal()),
	}, asked, err
}
