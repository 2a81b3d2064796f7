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
	"github.com/tandem-custody/tandem/custody/totp"
)

func initVerb(c *cli) *cobra.Command {
	var username, name string
	verb := &cobra.Command{
		Use:   "init --username USERNAME --name NAME",
		Short: "Add the first admin to an empty installation; prints the log-in, once",
		Long: `Adds the first person, with the role admin, directly to the database: nobody
can log in yet who could do it through the server. Refused once anybody exists.`,
		Args: cobra.NoArgs,
	}
	verb.Flags().StringVar(&username, "username", "", "of the first admin")
	verb.Flags().StringVar(&name, "name", "", "the person's name")
	_ = verb.MarkFlagRequired("username")
	_ = verb.MarkFlagRequired("name")
	load := configFlags(verb)
	verb.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		login, err := firstAdmin(cmd.Context(), cfg, username, name)
		if err != nil {
			return err
		}
		return c.showLogin(login)
	}
	return verb
}

func firstAdmin(ctx context.Context, cfg config.Config, username, name string) (_ api.Login, err error) {
	p, err := openProgram(ctx, cfg, newLog(cfg.Log))
	if err != nil {
		return api.Login{}, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	people, err := p.store.People(ctx)
	if err != nil {
		return api.Login{}, err
	}
	if len(people) > 0 {
		return api.Login{}, &custody.Refusal{Code: custody.Conflict,
			What: custody.Text{En: "This installation has people already.", Zh: "系统中已有人员。"},
			Next: custody.Text{En: "Have an admin use tandem person add.", Zh: "请由管理员执行 tandem person add。"}}
	}
	added, err := p.desk.AddPerson(ctx, desk.Intent{
		Actor: custody.System, Request: rand.Text(),
		Action: custody.AddPerson{
			Username: username, Name: name, Roles: []custody.Role{custody.Admin}, TOTPPeriod: totp.DefaultPeriod,
		},
	})
	if err != nil {
		return api.Login{}, err
	}
	return api.Login{
		Person: api.Person{
			Username: username, Name: name, Roles: []custody.Role{custody.Admin}, TOTPPeriod: totp.DefaultPeriod,
			Presence: api.Presence{State: api.Present},
		},
		Password: api.Secret(added.Password.Reveal()), OTPAuth: api.Secret(added.OTPAuth.Reveal()),
	}, nil
}
