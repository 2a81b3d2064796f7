package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/totp"
)

func initVerb(c *cli) *cobra.Command {
	var username, name, email, approvals, exclusive string
	verb := &cobra.Command{
		Use:   "init --username USERNAME --name NAME",
		Short: "Add the first admin to an empty installation; prints the log-in, once",
		Long: `Adds the first person, with the role admin, directly to the database: nobody
can log in yet who could do it through the server. Until that person has logged in
it can be repeated, and prints a new log-in in the place of the one before: the
secret store could not be reached, or was the wrong one, or what was printed was
lost. Refused from then on.`,
		Args: cobra.NoArgs,
	}
	verb.Flags().StringVar(&username, "username", "", "of the first admin")
	verb.Flags().StringVar(&name, "name", "", "the person's name")
	verb.Flags().StringVar(&email, "email", "", "where messages to the person go")
	verb.Flags().StringVar(&approvals, "approvals", "", "that changing who may do what needs from then on: two, one or none (policy.approvals of the configuration)")
	verb.Flags().StringVar(&exclusive, "exclusive", "", "which roles one person may not have together: strict, or auditor_only for firms of two to four (policy.exclusive)")
	_ = verb.MarkFlagRequired("username")
	_ = verb.MarkFlagRequired("name")
	configured(verb, func(cmd *cobra.Command, _ []string, cfg config.Config) error {
		cfg.Policy.Approvals = cmp.Or(approvals, cfg.Policy.Approvals)
		cfg.Policy.Exclusive = cmp.Or(exclusive, cfg.Policy.Exclusive)
		if err := cfg.Validate(); err != nil {
			return err
		}
		if cfg.Policy.Approvals != config.ApprovedByTwo {
			c.note("With %s approvals a single person more, or nobody, stands between an administrator and every password. It is said on the pages for as long as it is so.", cfg.Policy.Approvals)
		}
		c.note("Outside of what Tandem can hold up: root on this machine, who sees what passes%s", outsideInVault(cfg))
		if cfg.Policy.Exclusive != config.ExclusiveStrict {
			c.note("With exclusive %s an administrator can be technician, manager or director too: who runs the system then also decides, or holds passwords.", cfg.Policy.Exclusive)
		}
		login, err := firstAdmin(cmd.Context(), cfg, desk.Username(username), name, email)
		if err == nil {
			err = c.showLogin(login)
		}
		if _, refused := errors.AsType[*custody.Refusal](err); err != nil && !refused {
			err = fmt.Errorf("%w\nRun tandem init again when that is mended: until %s has logged in it can be repeated", err, username)
		}
		return err
	})
	return verb
}

// outsideInVault says who else reads passwords past Tandem.
func outsideInVault(cfg config.Config) string {
	switch {
	case cfg.Secrets != config.Vault:
		return "; and whoever has the file of the secrets with its key or passphrase."
	case cfg.Vault.WrapKeyFile == "":
		return "; and whoever reads Vault as its administrator, as vault.wrap_key_file is not set. It can be set only before the first start: tandem vault wrap-key new."
	}
	return ". What is in Vault nobody reads without the wrap key: keep its two shares with two people."
}

// firstAdmin makes the log-in of the first admin, and another one until it was used.
func firstAdmin(ctx context.Context, cfg config.Config, username, name, email string) (_ api.Login, err error) {
	p, err := openProgramFor(ctx, cfg, newLog(cfg.Log), purpose{firstSteps: true})
	if err != nil {
		return api.Login{}, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	// Before anything is entered: what would fail half-way is not begun.
	if err := p.desk.Ready(ctx); err != nil {
		return api.Login{}, fmt.Errorf("nothing was done: %w", err)
	}
	login, err := p.firstLogin(ctx, username, name, email)
	if err != nil {
		return api.Login{}, err
	}
	person, err := p.store.Person(ctx, username)
	if err != nil {
		return api.Login{}, err
	}
	return api.Login{
		Person: api.Person{
			Username: username, Name: person.Name, Email: person.Email.In(""), Roles: person.Roles, TOTPPeriod: person.TOTPPeriod,
			Presence: api.Presence{State: api.Present},
		},
		Password: api.Secret(login.Password.Reveal()), OTPAuth: api.Secret(login.OTPAuth.Reveal()),
	}, nil
}

// firstLogin adds the first admin, or gives the one who is there and never came
// another log-in.
func (p *program) firstLogin(ctx context.Context, username, name, email string) (desk.NewLogin, error) {
	people, err := p.store.People(ctx)
	if err != nil {
		return desk.NewLogin{}, err
	}
	if len(people) == 0 {
		return p.desk.AddPerson(ctx, desk.By{Actor: custody.System, Request: rand.Text()}, custody.AddPerson{
			Username: username, Name: name, Email: desk.NewNote(email), Roles: []custody.Role{custody.Admin}, TOTPPeriod: totp.DefaultPeriod,
		})
	}
	switch first := people[0]; {
	case len(people) > 1 || first.Enrolled || !first.Is(custody.Admin):
		return desk.NewLogin{}, &custody.Refusal{Code: custody.Conflict, Key: "people_already"}
	case first.Username != username:
		return desk.NewLogin{}, &custody.Refusal{Code: custody.Conflict, Key: "first_admin_waits", Args: custody.Args{"person": first.Username}}
	}
	return p.desk.FirstLoginAgain(ctx, username, rand.Text())
}
