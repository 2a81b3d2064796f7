package desk

import (
	"context"
	"fmt"

	"github.com/alexedwards/argon2id"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/totp"
)

// NewLogin is shown to the admin once and kept nowhere in clear.
type NewLogin struct {
	Outcome
	Password custody.Secret
	OTPAuth  custody.Secret // otpauth URI; counts after the first log-in with a code of it
}

// AddPerson opens an account.
func (d *Desk) AddPerson(ctx context.Context, by By, a custody.AddPerson) (NewLogin, error) {
	if err := d.canStoreSeed(ctx, by.Request); err != nil {
		return NewLogin{}, err
	}
	seed := totp.NewSeed()
	outcome, err := d.doBound(ctx, by, a, bound{
		store: func(ctx context.Context, before *custody.State) error {
			return d.replaceSeed(ctx, before, a.Username, seed)
		},
	})
	if err != nil {
		return NewLogin{}, err
	}
	return d.newLogin(WithRequest(ctx, by.Request), outcome, a.Username, totp.URI(d.Origin, a.Username, seed, a.TOTPPeriod))
}

// ResetEnrolment replaces a person's password and TOTP seed, forgets their
// recovery codes and ends their sessions: a lost telephone, or an account whose
// opening was cut short.
func (d *Desk) ResetEnrolment(ctx context.Context, by By, a custody.ResetEnrolment) (NewLogin, error) {
	return d.enrolAgain(ctx, by, a, a.Person)
}

// enrolAgain carries out a command that resets a person's enrolment.
func (d *Desk) enrolAgain(ctx context.Context, by By, a custody.Action, username string) (NewLogin, error) {
	if err := d.canStoreSeed(ctx, by.Request); err != nil {
		return NewLogin{}, err
	}
	seed := totp.NewSeed()
	outcome, err := d.doBound(ctx, by, a, bound{
		store: func(ctx context.Context, before *custody.State) error {
			return d.replaceSeed(ctx, before, username, seed)
		},
	})
	if err != nil {
		return NewLogin{}, err
	}
	person, _ := d.person(username)
	return d.newLogin(WithRequest(ctx, by.Request), outcome, username, totp.URI(d.Origin, username, seed, person.TOTPPeriod))
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

// newLogin makes the password, which opens nothing without the seed that came
// with the entry. Cut short before, the account cannot be used, and another
// ResetEnrolment repairs it.
func (d *Desk) newLogin(ctx context.Context, outcome Outcome, username string, otpAuth custody.Secret) (NewLogin, error) {
	if outcome.Replayed {
		return NewLogin{}, &custody.Refusal{Code: custody.Conflict,
			What: custody.Text{En: "This was done already; its password was shown once.", Zh: "此操作已完成，密码只显示一次。"},
			Next: custody.Text{En: "Enrol the person again for a new one.", Zh: "如需新密码，请重新注册该人员。"}}
	}
	if err := d.Accounts.DeleteDevices(ctx, username); err != nil {
		return NewLogin{}, err
	}
	if err := d.unlock(ctx, username); err != nil {
		return NewLogin{}, err
	}
	password, err := d.Secrets.Generate(ctx, "")
	if err != nil {
		return NewLogin{}, err
	}
	hash, err := d.hash(ctx, password)
	if err != nil {
		return NewLogin{}, err
	}
	if err := d.Accounts.SetPasswordHash(ctx, username, hash); err != nil {
		return NewLogin{}, err
	}
	return NewLogin{Outcome: outcome, Password: password, OTPAuth: otpAuth}, nil
}

// canStoreSeed comes before the entry that makes the old seed worthless, and
// before a recovery code is used up: a secret store that is away leaves everybody
// with what they have.
func (d *Desk) canStoreSeed(ctx context.Context, request string) error {
	if err := d.Secrets.Ready(WithRequest(ctx, request)); err != nil {
		return fmt.Errorf("before a new TOTP seed: %w", err)
	}
	return nil
}

// replaceSeed is how a seed comes before the entry that says so (bound.store):
// with the entry, the old one counts no more.
func (d *Desk) replaceSeed(ctx context.Context, before *custody.State, username string, seed custody.Secret) error {
	person, _ := before.Person(username)
	if err := d.replace(ctx, SeedPath(username), StoredSeed(person.Number+1, seed), map[string]string{"person": username}); err != nil {
		return err
	}
	d.seeds.forget(username)
	return nil
}

// hashParams follow OWASP's recommendation for argon2id: 19 MiB, two passes.
var hashParams = &argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32}

func (d *Desk) hash(ctx context.Context, password custody.Secret) (string, error) {
	if err := d.startHashing(ctx); err != nil {
		return "", err
	}
	defer func() { <-d.hashing }()
	hash, err := argon2id.CreateHash(password.Reveal(), hashParams)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

func (d *Desk) startHashing(ctx context.Context) error {
	select {
	case d.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
