package desk_test

import (
	"errors"
	"testing"

	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// TestTheAnchorOnlyMovesForward: of two desks the one that is behind does not take
// it back, and a start with an anchor that was taken back notices nothing, because
// the ledger is carried out again.
func TestTheAnchorOnlyMovesForward(t *testing.T) { desktest.OnBoth(t, theAnchorOnlyMovesForward) }

func theAnchorOnlyMovesForward(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	other := o.Open()
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	o.restart()
	ahead := o.anchored()
	if ahead != o.Size() {
		t.Errorf("anchored at %d of %d", ahead, o.Size())
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if now := o.anchored(); now != ahead {
		t.Errorf("the anchor went from %d to %d", ahead, now)
	}
}

// TestTheAnchorMovesOnWhereAnotherDeskLeftIt: of two desks each moves it, again and again.
func TestTheAnchorMovesOnWhereAnotherDeskLeftIt(t *testing.T) {
	desktest.OnBoth(t, theAnchorMovesOnWhereAnotherDeskLeftIt)
}

func theAnchorMovesOnWhereAnotherDeskLeftIt(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	for range 2 {
		other := o.Open()
		o.Enters()
		if err := errors.Join(o.Writes(other), other.Close()); err != nil {
			t.Fatal(err)
		}
		if at := o.anchored(); at != o.Size() {
			t.Errorf("the other anchored at %d of %d", at, o.Size())
		}
		o.Enters()
		o.restart()
		if at := o.anchored(); at != o.Size() {
			t.Errorf("anchored at %d of %d", at, o.Size())
		}
	}
}

// TestASecretStoreThatLostItsAnchorStartsNothing: it would be as good as an older one.
func TestASecretStoreThatLostItsAnchorStartsNothing(t *testing.T) {
	desktest.OnBoth(t, aSecretStoreThatLostItsAnchorStartsNothing)
}

func aSecretStoreThatLostItsAnchorStartsNothing(t *testing.T, on desktest.Engine) {
	for _, path := range []string{desk.AnchorPath, desk.SealPath} {
		o := newOfficeOn(t, on)
		if err := errors.Join(o.Desk.Close(), o.Secrets.Delete(t.Context(), path)); err != nil {
			t.Fatal(err)
		}
		if _, err := desk.Open(t.Context(), o.Config); !errors.Is(err, desk.ErrSecretsLost) {
			t.Errorf("without %s: %v", path, err)
		}
	}
}

// anchored is how many entries the anchor speaks of.
func (o *office) anchored() int64 {
	o.T.Helper()
	v, err := o.Secrets.Read(o.T.Context(), desk.AnchorPath)
	if err != nil {
		o.T.Fatal(err)
	}
	size, err := desk.AnchoredSize(v.Value)
	if err != nil {
		o.T.Fatal(err)
	}
	return size
}
