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
// entry stays, because the secret may have been on its way; the same
// idempotency key reads it again. A secret store that cannot give the password
// is found out before the entry, as far as one can: nobody is said to know what
// nobody was shown.
func (d *Desk) CheckOut(ctx context.Context, by By, a custody.CheckOut) (Revealed, error) {
	if c, _ := d.credential(a.Credential); c.Phase == custody.Held && c.Holder == by.Actor {
		err := d.Secrets.Has(WithRequest(ctx, by.Request), CredentialPath(c.Name), c.Version)
		if errors.Is(err, ErrNoSecret) {
			err = fmt.Errorf("%w: version %d of %s is not in it", ErrSecretsUnavailable, c.Version, c.Name)
		}
		if err != nil {
			return Revealed{}, fmt.Errorf("before a check-out: %w", err)
		}
	}
	outcome, err := d.Do(ctx, by, a)
	if err != nil {
		return Revealed{}, err
	}
	for _, event := range outcome.Events {
		if granted, ok := event.Fact.(custody.CheckoutGranted); ok {
			return d.reveal(ctx, outcome, event, granted)
		}
	}
	return Revealed{}, fmt.Errorf("a check-out without its entry")
}

func (d *Desk) reveal(ctx context.Context, outcome Outcome, event Indexed, granted custody.CheckoutGranted) (Revealed, error) {
	// An answer that is asked for again only while the lease still stands:
	// custody may have passed on since.
	if c, _ := d.credential(granted.Credential); outcome.Replayed && c.Lease.ID != granted.Lease {
		return Revealed{}, &custody.Refusal{Code: custody.Conflict, Rule: "4.4",
			What: custody.Text{En: "This check-out is over.", Zh: "此次领取已结束。"},
			Next: custody.Text{En: "Check out again if you still hold the credential.", Zh: "如仍持有该凭据，请重新领取。"}}
	}
	// Also when the answer is asked for again: it is this entry that allows it.
	ctx = WithRequest(ctx, event.Request)
	password, err := d.Secrets.ReadVersion(ctx, CredentialPath(granted.Credential), granted.Version)
	if errors.Is(err, ErrNoSecret) {
		err = fmt.Errorf("%w: %w", ErrSecretsLost, err)
	}
	if err != nil {
		return Revealed{}, fmt.Errorf("read after %s was granted: %w", granted.Lease, err)
	}
	return Revealed{
		Outcome: outcome, Password: password, Version: granted.Version,
		Lease: custody.Lease{
			ID: granted.Lease, Person: event.Actor, Purpose: granted.Purpose,
			Start: event.Time, Until: granted.Until,
		},
	}, nil
}
