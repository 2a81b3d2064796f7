package rotation

import (
	"context"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// untouched is a target that nobody may change.
type untouched struct{ t *testing.T }

func (untouched) Describe() Description                        { return Description{} }
func (untouched) Verify(context.Context, custody.Secret) error { return ErrRefused }

func (u untouched) Change(context.Context, custody.Secret, custody.Secret) error {
	u.t.Error("the target was told")
	return nil
}

func (u untouched) Reconcile(context.Context, custody.Secret) error {
	u.t.Error("the target was told")
	return nil
}

// TestAWorkerThatWasOvertakenDoesNotTellTheTarget: it was stopped for longer than its claim
// lasts, right before, and nobody has told it yet.
func TestAWorkerThatWasOvertakenDoesNotTellTheTarget(t *testing.T) {
	w := newWorld(t)
	c := w.config(func(step string) {
		if step == "staged-reported" {
			w.desk.Steal(name, "somebody else", w.clock.Now().Add(time.Hour))
		}
	})
	c.Targets = map[string]Opener{"memory": func(custody.Target, custody.Secret) (Target, error) { return untouched{t}, nil }}
	if New(c).attempt(t.Context(), name).entered {
		t.Error("the ledger knows how the attempt ended")
	}
	wantFailures(t, w)
}
