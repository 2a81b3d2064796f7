package desk

import (
	"context"
	"fmt"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/totp"
)

// NewLogin is shown once, to whoever operates the machine, and kept nowhere in clear.
type NewLogin struct {
	Outcome
	Password custody.Secret
	Seed     custody.Secret // base32
	OTPAuth  custody.Secret // the same, as an otpauth URI; counts after the first log-in with a code of it
}

// AddPerson opens an account for somebody whom whoever operates the machine brings in,
// with a log-in that is shown to them once. What people add, others approve.
func (d *Desk) AddPerson(ctx context.Context, by By, a custody.AddPerson) (NewLogin, error) {
	a.Name = custody.OneLine(a.Name)
	return d.enrol(ctx, by, a.Username, custody.Secret{}, func(version int64) custody.Action {
		a.Account = version
		return a
	})
}

// enrol carries out a command that gives a person a password, the one that they chose or
// else a new one, and a seed. The action is asked for with the version that the account's
// secrets will have.
func (d *Desk) enrol(ctx context.Context, by By, username string, password custody.Secret, action func(version int64) custody.Action) (NewLogin, error) {
	ctx = WithRequest(ctx, by.Request)
	if err := d.canStoreSeed(ctx); err != nil {
		return NewLogin{}, err
	}
	if password.IsZero() {
		var err error
		if password, err = d.Secrets.Generate(ctx, ""); err != nil {
			return NewLogin{}, err
		}
	}
	hash, err := d.hash(ctx, password)
	if err != nil {
		return NewLogin{}, err
	}
	seed := totp.NewSeed()
	outcome, err := d.withAccount(username, func(version int64) (Outcome, error) {
		return d.doBound(ctx, by, action(version), bound{
			store: func(ctx context.Context, before *custody.State) error {
				if err := d.keepAccount(ctx, username, version, account{Password: hash}); err != nil {
					return err
				}
				return d.replaceSeed(ctx, before, username, seed)
			},
		})
	})
	if err != nil {
		return NewLogin{}, err
	}
	if outcome.Replayed {
		return NewLogin{}, &custody.Refusal{Code: custody.Conflict, Key: "login_shown_once"}
	}
	if err := d.Accounts.DeleteDevices(ctx, username); err != nil {
		return NewLogin{}, err
	}
	if err := d.unlock(ctx, username); err != nil {
		return NewLogin{}, err
	}
	person, _ := d.person(username)
	return NewLogin{Outcome: outcome, Password: password, Seed: seed, OTPAuth: d.authenticator(person, seed).OTPAuth}, nil
}

// Unlock lifts whatever keeps a person from logging in or confirming.
func (d *Desk) Unlock(ctx context.Context, by By, a custody.Unlock) (Outcome, error) {
	outcome, err := d.Do(ctx, by, a)
	if err != nil {
		return Outcome{}, err
	}
	// Done already too: the first time may have been cut short here.
	return outcome, d.unlock(WithRequest(ctx, by.Request), a.Person)
}

// canStoreSeed comes before the entry that makes the old seed worthless, and
// before a recovery code is used up: a secret store that is away leaves everybody
// with what they have.
func (d *Desk) canStoreSeed(ctx context.Context) error {
	if err := d.Secrets.Ready(ctx); err != nil {
		return fmt.Errorf("before a new TOTP seed: %w", err)
	}
	return nil
}

// replaceSeed is how a seed comes before the entry that says so (bound.store):
// with the entry, the old one counts no more.
func (d *Desk) replaceSeed(ctx context.Context, before *custody.State, username string, seed custody.Secret) error {
	person, _ := before.Person(username)
	return d.storeSeed(ctx, username, person.Number+1, seed)
}

// storeSeed keeps the seed of one enrolment of a person.
func (d *Desk) storeSeed(ctx context.Context, username string, number int64, seed custody.Secret) error {
	if err := d.replace(ctx, SeedPath(username), StoredSeed(number, seed), map[string]string{"person": username}); err != nil {
		return err
	}
	d.seeds.forget(username)
	return nil
}
