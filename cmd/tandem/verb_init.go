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
		Short: "Add the first admin to an empty installation",
		Long: `Adds the first person, with the role admin, directly to the database: nobody
can log in yet who could do it through the server.

On a terminal that person sits there: they choose a password, scan a QR code with
their authenticator, type what it shows, and get their recovery codes. Elsewhere, as
in a script, and with -o json, it prints a password and an otpauth URI, once, and the
first log-in with them proves the authenticator.

Until that is done it can be repeated, with a new log-in in the place of the one
before: the secret store could not be reached, or was the wrong one, or what was
shown was lost. Refused from then on.`,
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
		admin := custody.AddPerson{Username: desk.Username(username), Name: name, Email: desk.NewNote(email), Roles: []custody.Role{custody.Admin}, TOTPPeriod: totp.DefaultPeriod}
		err := c.firstAdmin(cmd.Context(), cfg, admin)
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
func (c *cli) firstAdmin(ctx context.Context, cfg config.Config, admin custody.AddPerson) (err error) {
	p, err := openProgramFor(ctx, cfg, newLog(cfg.Log), purpose{firstSteps: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	// Before anything is entered: what would fail half-way is not begun.
	if err := p.desk.Ready(ctx); err != nil {
		return fmt.Errorf("nothing was done: %w", err)
	}
	again, err := p.firstWaits(ctx, admin.Username)
	if err != nil {
		return err
	}
	var chosen custody.Secret
	if c.atTerminal() {
		if chosen, err = c.newPassword(); err != nil {
			return err
		}
	}
	var login desk.NewLogin
	if again {
		login, err = p.desk.FirstLoginAgain(ctx, admin.Username, chosen, rand.Text())
	} else {
		login, err = p.desk.FirstAdmin(ctx, admin, chosen, rand.Text())
	}
	if err != nil {
		return err
	}
	if c.atTerminal() {
		return c.becomeAdmin(ctx, p, admin.Username, login)
	}
	person, err := p.store.Person(ctx, admin.Username)
	if err != nil {
		return err
	}
	return c.showLogin(api.Login{
		Person: api.Person{
			Username: person.Username, Name: person.Name, Email: person.Email.In(""), Roles: person.Roles, TOTPPeriod: person.TOTPPeriod,
			Presence: api.Presence{State: api.Present},
		},
		Password: api.Secret(login.Password.Reveal()), OTPAuth: api.Secret(login.OTPAuth.Reveal()),
	})
}

// firstTries is how often the first admin can type a code before init begins anew; the
// next wrong one would lock the log-in for a while.
const firstTries = 4

// becomeAdmin has the person at the terminal prove their authenticator, by a log-in that
// ends at once, and shows them their recovery codes before anything else can fail.
func (c *cli) becomeAdmin(ctx context.Context, p *program, username string, login desk.NewLogin) error {
	if err := c.noteAuthenticator(login.OTPAuth.Reveal(), login.Seed.Reveal()); err != nil {
		return err
	}
	var signed desk.SignedIn
	for tries := 1; ; tries++ {
		typed, err := c.ask("The six digits that it shows")
		if err != nil {
			return err
		}
		signed, err = p.desk.SignIn(ctx, desk.SignInRequest{
			Username: username, Password: login.Password, Code: totp.Typed(typed), Request: rand.Text(), From: desk.Place{Called: "tandem init"},
		})
		if err == nil {
			break
		}
		if _, refused := errors.AsType[*custody.Refusal](err); !refused || tries == firstTries {
			return fmt.Errorf("the authenticator is not proved: %w", err)
		}
		c.note("That is not it. Is the clock of your phone right, and the entry the one of just now? Try the next one.")
	}
	codes := make([]api.Secret, len(signed.RecoveryCodes))
	for i, code := range signed.RecoveryCodes {
		codes[i] = api.Secret(code.Reveal())
	}
	if err := c.showRecoveryCodes(codes); err != nil {
		return err
	}
	if err := p.desk.SignOut(ctx, signed.Token, rand.Text()); err != nil {
		c.note("The log-in that proved it could not be ended now; it ends by itself.")
	}
	c.note("%s can log in: tandem login %[1]s, once tandem serve runs.", username)
	return nil
}

// firstWaits says whether the first admin is there already, and never came; and refuses
// where there is anybody else.
func (p *program) firstWaits(ctx context.Context, username string) (bool, error) {
	people, err := p.store.People(ctx)
	if err != nil || len(people) == 0 {
		return false, err
	}
	switch first := people[0]; {
	case len(people) > 1 || first.Enrolled || !first.Is(custody.Admin):
		return false, &custody.Refusal{Code: custody.Conflict, Key: "people_already"}
	case first.Username != username:
		return false, &custody.Refusal{Code: custody.Conflict, Key: "first_admin_waits", Args: custody.Args{"person": first.Username}}
	}
	return true, nil
}
