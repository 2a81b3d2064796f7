package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/tandem-custody/tandem/custody"
)

// ToSet is what somebody needs who sets a password by hand.
type ToSet struct {
	Outcome
	Current custody.Secret // what opens the target until then; zero where Tandem does not know it
	Next    custody.Secret // what to set
}

// ShowNew enters in the ledger that the successor is shown the new password, and
// then reads it, as CheckOut does. An idempotency key that was used before shows it
// again, with a fresh code and another entry.
func (d *Desk) ShowNew(ctx context.Context, by By, a custody.ShowNew) (ToSet, error) {
	if c, _ := d.credential(a.Credential); c.Phase == custody.Rotating && c.Rotation.Successor == by.Actor {
		err := d.Secrets.Has(WithRequest(ctx, by.Request), StagedPath(c.Name, c.Rotation.Number), 0)
		if err != nil && !errors.Is(err, ErrNoSecret) { // the rules say what it means that there is none yet
			return ToSet{}, fmt.Errorf("before showing a password to be set: %w", err)
		}
	}
	outcome, err := d.Do(ctx, by, a)
	if err != nil {
		return ToSet{}, err
	}
	shown, err := entered[custody.RotationShown](outcome)
	if err != nil {
		return ToSet{}, err
	}
	// An answer that is asked for again only while that rotation still stands.
	if c, _ := d.credential(shown.Credential); c.Phase != custody.Rotating || c.Rotation.Number != shown.Rotation {
		return ToSet{}, &custody.Refusal{Code: custody.Conflict, Rule: "4.4", Key: "rotation_over"}
	}
	if outcome.Replayed {
		by.Key = ""
		again, err := d.ShowNew(ctx, by, a)
		again.Replayed = true
		return again, wasDone(err, custody.Refusal{Code: custody.TOTPReplayed, Rule: "4.4", Key: "code_used_for_showing"})
	}
	ctx = WithRequest(ctx, outcome.Events[0].Request)
	answer := ToSet{Outcome: outcome}
	// Before the first rotation it is what came with the credential, if anything.
	current, err := d.Secrets.Read(ctx, CredentialPath(shown.Credential))
	if err != nil && !errors.Is(err, ErrNoSecret) {
		return ToSet{}, fmt.Errorf("read the current password to be replaced by hand: %w", err)
	}
	answer.Current = current.Value
	next, err := d.Secrets.Read(ctx, StagedPath(shown.Credential, shown.Rotation))
	if errors.Is(err, ErrNoSecret) {
		err = fmt.Errorf("%w: %w", ErrSecretsLost, err)
	}
	if err != nil {
		return ToSet{}, fmt.Errorf("read the password to be set by hand: %w", err)
	}
	answer.Next = next.Value
	return answer, nil
}
