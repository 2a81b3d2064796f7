package desk

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"

	"github.com/tandem-custody/tandem/custody"
)

// MayTestTarget enters that somebody tries a target as described: from then on it may be
// connected to, once. Each time asks for a code and makes an entry: no idempotency key
// stands for it. Its errors are also those of a target that cannot be.
func (d *Desk) MayTestTarget(ctx context.Context, by By, target TargetTrial) error {
	plain, known := target.Notes.Plain()
	if !known {
		return fmt.Errorf("%w: a target comes in with its texts", custody.ErrNote)
	}
	checked, err := d.CheckTarget(plain, target.Key)
	if err != nil {
		return err
	}
	by.Key, by.Request = "", cmp.Or(by.Request, rand.Text())
	if target.Notes.Identities, err = d.identify(WithRequest(ctx, by.Request), plain, checked.Identities); err != nil {
		return err
	}
	_, err = d.Do(ctx, by, custody.TestTarget{Target: target.Notes})
	return err
}

// TargetTrial is a target that somebody wants to try, and what administers it: zero where
// that is nothing.
type TargetTrial struct {
	Notes custody.TargetNotes
	Key   custody.Secret
}
