package rotation

import (
	"context"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
)

// One wrong character in the password of the account, or of the second one, and nobody
// is locked out: it is tried once, and then not before a person says so and the account
// has had the time to forget it.
func TestARefusedLogInIsNotRepeated(t *testing.T) {
	for what, c := range map[string]struct {
		given func(*world)
		want  Failure
	}{
		"of the second account": {func(w *world) { w.account.onChange = fails(ErrRefused) }, AdminRefused},
		"of the account": {func(w *world) {
			w.of(own{w.account})
			w.account.changed, w.secrets.Changed = nil, nil
			w.account.set(custody.SecretString("what somebody set"))
		}, CurrentRefused},
		"of both": {func(w *world) {
			w.of(rescued{own{w.account}})
			w.account.changed, w.secrets.Changed = nil, nil
			w.account.set(custody.SecretString("what somebody set"))
			w.account.onChange = fails(ErrRefused)
		}, AdminRefused},
	} {
		t.Run(what, func(t *testing.T) {
			w := asked(t)
			c.given(w)
			w.attempt("")
			wantFailures(t, w, c.want)
			refused, told := w.account.refused, len(w.account.told)
			if refused+told == 0 {
				t.Fatal("nothing was tried")
			}
			for range 3 {
				w.clock.Advance(24 * time.Hour)
				w.attempt("")
			}
			if _, due := nextTry(w.credential()); due || w.account.refused != refused || len(w.account.told) != told {
				t.Errorf("tried again without anybody: %d and %d more", w.account.refused-refused, len(w.account.told)-told)
			}
		})
	}
}

// A person says at once that it may go on, as often as they like: an account that has
// just refused a log-in is left alone for its time.
func TestNobodyIsQuickerThanTheLockout(t *testing.T) {
	w := asked(t)
	w.account.onChange = fails(ErrRefused)
	w.attempt("")
	since := w.clock.Now()
	for range 3 {
		w.resume()
		w.desk.Act(rotationtest.Primary, custody.PauseRotation{Credential: name, Reason: desk.NewNote("once more")})
	}
	w.resume()
	New(w.config(nil)).attempt(t.Context(), name)
	if len(w.account.told) != 1 {
		t.Errorf("tried %d times", len(w.account.told))
	}
	if at, due := nextTry(w.credential()); !due || at.Sub(since) < 15*time.Minute {
		t.Errorf("next tried after %v", at.Sub(since))
	}
	w.account.onChange = nil
	w.attempt("")
	if w.credential().Phase != custody.Held {
		t.Errorf("%+v", w.credential().Rotation)
	}
}

// The new value was refused though the target said that it was set: the account forgets
// one wrong log-in before there is another, whatever the target says meanwhile.
func TestARefusedNewValueIsNotTriedAgainSoon(t *testing.T) {
	for what, change := range map[string]error{"it says that it was set": nil, "it says nothing for certain": errUnknown} {
		t.Run(what, func(t *testing.T) {
			w := asked(t)
			w.account.onChange = fails(change)
			for range 8 {
				before := w.account.refused
				w.attempt("")
				if wait := w.credential().Rotation.NextTry.Sub(w.clock.Now()); w.account.refused > before && wait < 15*time.Minute {
					t.Errorf("tried again after %v", wait)
				}
			}
			if w.account.refused == 0 || w.credential().Rotation.Paused {
				t.Errorf("%d refused, %+v", w.account.refused, w.credential().Rotation)
			}
		})
	}
}

// Values that the target declines are no reason to try any: it said that the password is
// what it was.
func TestDeclinedValuesAreNotTried(t *testing.T) {
	for what, of := range map[string]func(*account) Target{
		"a second account": func(a *account) Target { return a }, "its own": func(a *account) Target { return own{a} },
	} {
		t.Run(what, func(t *testing.T) {
			w := asked(t)
			w.of(of(w.account))
			for n := range maxValues - 1 {
				w.account.onChange = fails([]error{ErrValue, ErrDeclined}[n%2])
				w.attempt("")
			}
			if w.account.refused != 0 {
				t.Errorf("%d log-ins were refused", w.account.refused)
			}
		})
	}
}

// The store fails after the proof, again and again: the old password is refused once.
func TestTheOldPasswordIsTriedOnce(t *testing.T) {
	w := asked(t)
	w.attempt("verified-reported")
	w.secrets.Faults = func(op string) rotationtest.Fault {
		if op == "write" {
			return rotationtest.Before
		}
		return rotationtest.None
	}
	refused := w.account.refused
	for range 5 {
		w.attempt("")
	}
	if w.account.refused != refused {
		t.Errorf("%d more log-ins were refused", w.account.refused-refused)
	}
}

// A device that cuts passwords short, or that nobody has set yet, is asked once for each
// time that its person says that it is set; one that does not answer is asked again.
func TestADeviceIsProbedWhenItsPersonSaysSo(t *testing.T) {
	w := newWorldOf(t, custody.Manual)
	w.of(byHand{w.account, false})
	w.attempt("")
	w.desk.Act(rotationtest.Primary, custody.ShowNew{Credential: name})
	for n, answer := range []error{ErrRefused, Because(AccountClosed, errUnknown), errUnknown} {
		w.account.onVerify = func(int, custody.Secret) error { return answer }
		w.desk.Act(rotationtest.Primary, custody.ConfirmSet{Credential: name})
		for range 3 {
			w.attempt("")
		}
		if c := w.credential(); w.account.verifies != n+1 || !c.AwaitsPerson() {
			t.Errorf("%v: probed %d times, at %+v", answer, w.account.verifies, c.Rotation)
		}
	}
	w.account.onVerify = func(int, custody.Secret) error { return ErrUnreachable }
	w.desk.Act(rotationtest.Primary, custody.ConfirmSet{Credential: name})
	w.attempt("")
	w.attempt("")
	w.account.onVerify = nil
	w.account.set(w.staged()[0])
	w.attempt("")
	if c := w.credential(); c.Phase != custody.Held || w.account.verifies != 3+2+2 {
		t.Errorf("probed %d times, at %+v", w.account.verifies, c.Rotation)
	}
}

// doubtful is a target that says that no password of the account could be proved.
type doubtful struct {
	*account
	asked *int
	says  *error
}

func (d doubtful) Provable(context.Context) error {
	*d.asked++
	return *d.says
}

// What could not be proved is not changed, of an account that comes in and after a failure;
// what was proved lately is not asked about.
func TestWhatCouldNotBeProvedIsNotChanged(t *testing.T) {
	w := newWorld(t)
	asked, says := 0, Because(PasswordOff, errUnknown)
	w.of(doubtful{w.account, &asked, &says})
	w.attempt("")
	wantFailures(t, w, PasswordOff)
	if c := w.credential(); len(w.account.told) != 0 || !c.Cancellable() || c.Rotation.Paused {
		t.Errorf("%d changes, %+v", len(w.account.told), c.Rotation)
	}
	says = nil
	w.finish()
	before := asked
	w.desk.Rotate(name)
	w.finish()
	if asked != before {
		t.Error("it was asked of an account that was proved")
	}
	w.desk.Rotate(name)
	w.account.onChange = fails(ErrUnreachable)
	w.attempt("")
	says = Because(NotAllowed, errUnknown)
	w.attempt("")
	if told := len(w.account.told); told != 3 || w.credential().Rotation.Failure != string(NotAllowed) {
		t.Errorf("%d changes, %+v", told, w.credential().Rotation)
	}
}

// Somebody put the old password back, and the target takes no value twice: it is told
// another one, which is not tried before it was told.
func TestAnUndoneChangeOnATargetThatRemembers(t *testing.T) {
	for what, of := range map[string]func(*account) Target{
		"a second account": func(a *account) Target { return a }, "its own": func(a *account) Target { return own{a} },
	} {
		for _, refusal := range []error{ErrValue, ErrDeclined} {
			t.Run(what+", "+refusal.Error(), func(t *testing.T) {
				w := newWorld(t)
				w.of(of(w.account))
				before := w.account.opens()
				w.account.onChange = func(n int) (bool, error) {
					if n == 1 {
						return false, refusal
					}
					return true, nil
				}
				w.attempt("applied-reported")
				w.account.set(before)
				w.finish()
				if kinds := w.failures(); len(kinds) == 0 || len(kinds) > 2 || kinds[len(kinds)-1] != FailureOf(refusal) {
					t.Errorf("failures %v", kinds)
				}
				if n := w.account.refused; n != 2 { // the value that was undone, and in the end the old one
					t.Errorf("%d log-ins were refused", n)
				}
			})
		}
	}
}
