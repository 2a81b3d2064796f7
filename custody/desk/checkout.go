package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/tandem-custody/tandem/custody"
)

// Revealed is what a check-out gives its holder.
type Revealed struct {
	Outcome
	Password custody.Secret
	Version  int64
	Lease    custody.Lease
}

// CheckOut enters the check-out in the ledger and then reads the password: the
// order that makes "no entry, no secret" true (I5). Should the read fail, the
// entry stays, because the secret may have been on its way. A secret store that
// cannot give the password is found out before the entry, as far as one can: nobody
// is said to know what nobody was shown.
//
// An idempotency key that was used before shows the password again as ShowAgain
// does: with a fresh code, and an entry of its own.
func (d *Desk) CheckOut(ctx context.Context, by By, a custody.CheckOut) (Revealed, error) {
	if err := d.canReveal(ctx, by, a.Credential); err != nil {
		return Revealed{}, err
	}
	outcome, err := d.Do(ctx, by, a)
	if err != nil {
		return Revealed{}, err
	}
	granted, err := entered[custody.CheckoutGranted](outcome)
	if err != nil {
		return Revealed{}, err
	}
	if outcome.Replayed {
		return d.checkedOut(ctx, by, granted)
	}
	return d.reveal(ctx, outcome, granted.Credential, granted.Version, custody.Lease{
		ID: granted.Lease, Person: by.Actor, Purpose: granted.Purpose, Start: outcome.Events[0].Time, Until: granted.Until,
	})
}

// checkedOut answers for a check-out that an idempotency key had already made.
func (d *Desk) checkedOut(ctx context.Context, by By, granted custody.CheckoutGranted) (Revealed, error) {
	if c, _ := d.credential(granted.Credential); c.Lease.ID != granted.Lease { // custody may have passed on since
		return Revealed{}, refuseOver()
	}
	by.Key = ""
	again, err := d.ShowAgain(ctx, by, custody.ShowAgain{Credential: granted.Credential})
	again.Replayed = true
	return again, wasDone(err, custody.Refusal{Code: custody.TOTPReplayed, Rule: "4.4", Key: "code_used_for_checkout"})
}

// ShowAgain enters that the password of a check-out that lasts is shown again, and
// then reads it, as CheckOut does.
func (d *Desk) ShowAgain(ctx context.Context, by By, a custody.ShowAgain) (Revealed, error) {
	if err := d.canReveal(ctx, by, a.Credential); err != nil {
		return Revealed{}, err
	}
	outcome, err := d.Do(ctx, by, a)
	if err == nil && outcome.Replayed {
		by.Key = ""
		outcome, err = d.Do(ctx, by, a)
	}
	if err != nil {
		return Revealed{}, err
	}
	shown, err := entered[custody.CheckoutShown](outcome)
	if err != nil {
		return Revealed{}, err
	}
	c, _ := d.credential(shown.Credential)
	if c.Lease.ID != shown.Lease {
		return Revealed{}, refuseOver() // since the entry
	}
	// What the password is for is worth knowing, but nothing to withhold it for.
	if texts, err := d.Store.Texts(ctx, custody.NotesOf(c.Lease)); err == nil {
		custody.Fill(&c.Lease, texts)
	}
	return d.reveal(ctx, outcome, shown.Credential, shown.Version, c.Lease)
}

func refuseOver() *custody.Refusal {
	return &custody.Refusal{Code: custody.Conflict, Rule: "4.4", Key: "checkout_over"}
}

// canReveal comes before an entry that says that somebody was shown a password.
func (d *Desk) canReveal(ctx context.Context, by By, credential string) error {
	c, _ := d.credential(credential)
	if c.Phase != custody.Held || c.Holder != by.Actor {
		return nil // the rules have more to say of it
	}
	err := d.Secrets.Has(WithRequest(ctx, by.Request), CredentialPath(c.Name), c.Version)
	if errors.Is(err, ErrNoSecret) {
		err = fmt.Errorf("%w: version %d of %s is not in it", ErrSecretsUnavailable, c.Version, c.Name)
	}
	if err != nil {
		return fmt.Errorf("before a password is shown: %w", err)
	}
	return nil
}

// entered gives the fact of a kind that a command led to.
func entered[F custody.Fact](outcome Outcome) (F, error) {
	for _, event := range outcome.Events {
		if fact, is := event.Fact.(F); is {
			return fact, nil
		}
	}
	var none F
	return none, fmt.Errorf("a command without its %s", none.Type())
}

// wasDone says of a code that was used up what it was used up for: by the same
// command, whose answer was lost.
func wasDone(err error, told custody.Refusal) error {
	var refusal *custody.Refusal
	if !errors.As(err, &refusal) || refusal.Code != custody.TOTPReplayed {
		return err
	}
	told.RetryAfter = refusal.RetryAfter
	return &told
}

// reveal reads a password that somebody has an entry to be shown.
func (d *Desk) reveal(ctx context.Context, outcome Outcome, credential string, version int64, lease custody.Lease) (Revealed, error) {
	ctx = WithRequest(ctx, outcome.Events[0].Request) // it is this entry that allows it
	password, err := d.Secrets.ReadVersion(ctx, CredentialPath(credential), version)
	if errors.Is(err, ErrNoSecret) {
		err = fmt.Errorf("%w: %w", ErrSecretsLost, err)
	}
	if err != nil {
		return Revealed{}, fmt.Errorf("read after %s was entered: %w", lease.ID, err)
	}
	return Revealed{Outcome: outcome, Password: password, Version: version, Lease: lease}, nil
}
