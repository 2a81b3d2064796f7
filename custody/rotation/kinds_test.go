package rotation

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/password"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
)

// These are the ways in which a system can have its password changed, other than
// by an administrator who always can.

// own is an account that changes its own password, and needs the one it has.
type own struct{ *account }

func (own) Describe() Description { return Description{Own: true} }

func (o own) Change(ctx context.Context, old, next custody.Secret) error {
	if err := o.account.Verify(ctx, old); err != nil {
		return err
	}
	return o.account.Change(ctx, old, next)
}

func (own) Reconcile(context.Context, custody.Secret) error { panic("it has no second account") }

// rescued is one that has a second account as well.
type rescued struct{ own }

func (rescued) Describe() Description { return Description{Reconciles: true, Own: true} }

func (r rescued) Reconcile(ctx context.Context, next custody.Secret) error {
	return r.account.Change(ctx, custody.Secret{}, next)
}

// maker is a system that makes its passwords itself and keeps the newest.
type maker struct {
	*account
	unprobed bool
}

func (m maker) Describe() Description { return Description{Reconciles: true, Unprobed: m.unprobed} }

func (m maker) Change(context.Context, custody.Secret, custody.Secret) error {
	panic("it takes no value")
}

func (m maker) Make(ctx context.Context) (custody.Secret, error) {
	value := custody.SecretString(rand.Text())
	err := m.account.Change(ctx, custody.Secret{}, value)
	return value, err
}

// byHand is an account whose password a person sets.
type byHand struct {
	*account
	unprobed bool
}

func (b byHand) Describe() Description { return Description{ByHand: true, Unprobed: b.unprobed} }

func (byHand) Change(context.Context, custody.Secret, custody.Secret) error {
	panic("a person does that")
}

// of has the world's account be another kind of target.
func (w *world) of(target Target) {
	w.kind = func(custody.Target, custody.Secret) (Target, error) { return target, nil }
}

// ofMaker has it be a maker. Between what that made and its being staged the
// system itself keeps it, so the oracle does not look there.
func (w *world) ofMaker(unprobed bool) {
	w.account.changed, w.secrets.Changed = nil, nil
	w.of(maker{w.account, unprobed})
}

func TestAccountChangesItsOwnPassword(t *testing.T) {
	w := newWorld(t)
	w.of(own{w.account})
	w.finish()
	w.desk.Rotate(name)
	w.finish()
	wantFailures(t, w)
}

// The change was made and its answer lost: the new password opens the account.
func TestOwnChangeWhoseAnswerWasLost(t *testing.T) {
	w := newWorld(t)
	w.of(own{w.account})
	w.attempt("changed")
	w.finish()
	wantFailures(t, w)

	// It was not even sent: one log-in with the new value says so, and the next attempt,
	// when the account has forgotten that, has the old one.
	w = newWorld(t)
	w.of(own{w.account})
	w.attempt("staged-reported")
	w.attempt("")
	if wait := w.credential().Rotation.NextTry.Sub(w.clock.Now()); wait < 15*time.Minute {
		t.Errorf("tried again after %v", wait)
	}
	w.attempt("applied-reported")
	w.finish()
	wantFailures(t, w, NewRefused)
}

// It said that it did not take a value, and took it: by the next attempt another value
// is staged, and neither that one nor the old one opens the account.
func TestOwnChangeThatWasDeclinedAndMade(t *testing.T) {
	w := newWorld(t)
	w.of(own{w.account})
	w.account.onChange = func(n int) (bool, error) {
		if n == 0 {
			return true, ErrDeclined
		}
		return true, nil
	}
	w.attempt("")
	if len(w.staged()) != 2 {
		t.Fatalf("%d values are staged", len(w.staged()))
	}
	w.attempt("")
	w.resume()
	w.finish()
	wantFailures(t, w, Declined, CurrentRefused, NewRefused)
}

// Somebody had changed the password: only the second account gets in. Without
// one, custody waits, and every value stays.
func TestOwnPasswordWasChangedBySomebody(t *testing.T) {
	w := newWorld(t)
	w.of(own{w.account})
	w.finish()
	theirs := custody.SecretString("what somebody set")
	w.account.changed, w.secrets.Changed = nil, nil // it is stranded, and not by us
	w.account.set(theirs)
	w.desk.Rotate(name)
	w.attempt("")
	w.attempt("")
	if !w.credential().Rotation.Stopped() || !w.account.opens().Equal(theirs) {
		t.Errorf("%+v", w.credential().Rotation)
	}
	wantFailures(t, w, CurrentRefused)
	w.of(rescued{own{w.account}})
	w.resume()
	w.finish()
}

func TestReconcileAfterDrift(t *testing.T) {
	w := newWorld(t)
	target := rescued{own{w.account}}
	w.of(target)
	w.desk.Act(custody.System, custody.AddCredential{
		Name: "second", Target: identified(custody.Target{Kind: "memory", Address: address, Account: "second"}),
		Primary: rotationtest.Primary, Backup: rotationtest.Backup, Reconciles: true,
	})
	other := &account{password: custody.SecretString("lost")}
	w.of(rescued{own{other}})
	w.attemptOf("second", "")
	if c := w.credentialOf("second"); c.Phase != custody.Held {
		t.Fatalf("not taken in without knowing its password: %+v", c.Rotation)
	}
	other.set(custody.SecretString("what somebody set"))
	w.desk.Act(rotationtest.Primary, custody.Reconcile{Credential: "second", Reason: desk.NewNote("changed on the host")})
	verifies := other.verifies
	w.attemptOf("second", "")
	if c := w.credentialOf("second"); c.Phase != custody.Held || c.Version != 2 {
		t.Fatalf("%+v", c.Rotation)
	}
	if n := other.verifies - verifies; n != 2 {
		t.Errorf("%d log-ins, where the new one and the old one had to be tried", n)
	}
}

func TestSystemMakesThePasswords(t *testing.T) {
	for _, unprobed := range []bool{false, true} {
		w := newWorld(t)
		w.ofMaker(unprobed)
		w.finish()
		w.desk.Rotate(name)
		w.finish()
		if attested := w.attested(); attested != unprobed {
			t.Errorf("unprobed %v, attested %v", unprobed, attested)
		}
		if len(w.account.told) != 2 {
			t.Errorf("%d passwords were made for two rotations", len(w.account.told))
		}
		if got := len(w.secrets.Made()); got != 0 {
			t.Errorf("%d passwords of our own", got)
		}
	}
}

// Between what the system made and its being staged only the system has it; a
// worker that dies there has another one made.
func TestKilledBetweenMadeAndStaged(t *testing.T) {
	w := newWorld(t)
	w.ofMaker(false)
	w.attempt("made")
	w.finish()
	if len(w.account.told) != 2 {
		t.Errorf("%d passwords were made", len(w.account.told))
	}
}

func TestSetByHand(t *testing.T) {
	for _, unprobed := range []bool{false, true} {
		w := newWorldOf(t, custody.Manual)
		w.of(byHand{w.account, unprobed})
		w.attempt("")
		if c := w.credential(); !c.AwaitsPerson() {
			t.Fatalf("%+v", c.Rotation)
		}
		if _, due := nextTry(w.credential()); due {
			t.Error("the worker has something to do where a person has")
		}
		w.desk.Act(rotationtest.Primary, custody.ShowNew{Credential: name})
		set := w.staged()[0]
		if !unprobed { // they say so too early
			w.desk.Act(rotationtest.Primary, custody.ConfirmSet{Credential: name})
			w.attempt("")
			wantFailures(t, w, NewRefused)
			w.attempt("")
			if c := w.credential(); !c.AwaitsPerson() || w.account.refused != 1 {
				t.Errorf("probed %d times, at %+v", w.account.refused, c.Rotation)
			}
			w.account.set(set)
			w.desk.Act(rotationtest.Primary, custody.ConfirmSet{Credential: name})
		} else {
			w.account.set(set)
			w.desk.Act(rotationtest.Primary, custody.ConfirmSet{Credential: name})
		}
		w.finish()
		if got := w.credential().Exposure; !slices.Equal(got, []string{rotationtest.Primary}) {
			t.Errorf("known to %v", got)
		}
		if w.attested() != unprobed {
			t.Errorf("attested: %v", w.attested())
		}
		if len(w.staged()) != 0 {
			t.Error("what was staged is still there")
		}
	}
}

// Whatever a target may have had does not come again, refused values included.
func TestNoPasswordComesAgain(t *testing.T) {
	w := newWorld(t)
	before := w.account.opens()
	w.finish()
	first := w.account.opens()
	w.desk.Rotate(name)
	w.finish()
	kept := w.secrets.Versions(desk.HistoryPath(name))
	history, err := password.ParseHistory(kept[len(kept)-1])
	if err != nil {
		t.Fatal(err)
	}
	for what, secret := range map[string]custody.Secret{"from before custody": before, "the first": first, "the current": w.account.opens()} {
		if !history.Contains(secret) {
			t.Errorf("%s is not in the history", what)
		}
	}
	w.secrets.Repeat = []custody.Secret{before, first} // what chance would make next
	w.desk.Rotate(name)
	w.finish()
	if now := w.account.opens(); now.Equal(before) || now.Equal(first) {
		t.Error("a password came again")
	}
	wantFailures(t, w)
}

// A policy that can make nothing new is a failure, and changes nothing.
func TestPolicyThatOnlyRepeats(t *testing.T) {
	w := newWorld(t)
	w.finish()
	w.desk.Rotate(name)
	w.secrets.Repeat = slices.Repeat([]custody.Secret{w.account.opens()}, maxValues)
	w.attempt("")
	wantFailures(t, w, SecretStore)
	if w.credential().Rotation.Step != custody.StepPending {
		t.Errorf("%+v", w.credential().Rotation)
	}
	w.finish()
}

// A history that cannot be read must not be taken for an empty one.
func TestDamagedHistory(t *testing.T) {
	w := newWorld(t)
	w.finish()
	w.desk.Rotate(name)
	path := desk.HistoryPath(name)
	if _, err := w.secrets.Write(t.Context(), path, custody.SecretString("nonsense"), int64(len(w.secrets.Versions(path))), nil); err != nil {
		t.Fatal(err)
	}
	w.attempt("")
	wantFailures(t, w, SecretStore)
}

// The error of a system that makes its own is the target's, not the store's.
func TestMakeFails(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Failure
	}{{ErrUnreachable, Unreachable}, {ErrDeclined, Declined}, {ErrRefused, AdminRefused}, {errors.New("x"), TargetError}} {
		w := newWorld(t)
		w.ofMaker(false)
		w.account.onChange = func(n int) (bool, error) {
			if n == 0 {
				return false, c.err
			}
			return true, nil
		}
		w.attempt("")
		wantFailures(t, w, c.want)
		if w.credential().Rotation.Stopped() {
			w.resume()
		}
		w.finish()
	}
}

func (w *world) attested() (attested bool) {
	for _, e := range w.desk.Events() {
		if f, ok := e.Fact.(custody.RotationVerified); ok {
			attested = f.Attested
		}
	}
	return attested
}
