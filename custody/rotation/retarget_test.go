package rotation

import (
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
)

// moveTo has the account be reached at another address.
func (w *world) moveTo(to string, edits ...func(*custody.Retarget)) {
	w.t.Helper()
	w.desk.Retarget(name, custody.Target{Kind: "memory", Address: to, Account: "root"}, edits...)
}

func (w *world) confirms() {
	w.t.Helper()
	w.desk.Act(rotationtest.Primary, custody.ConfirmTarget{Credential: name, Target: w.credential().Retargeted})
}

// TestAnAttemptAtTheAddressBeforeReportsNothing: whatever it was about when the address was
// changed, what it did there says nothing of the new one, and the next attempt begins there
// with what was staged.
func TestAnAttemptAtTheAddressBeforeReportsNothing(t *testing.T) {
	for _, at := range []string{"staged-written", "staged-reported", "changed", "applied-reported", "new-proved", "verified-reported", "promoted-written"} {
		t.Run(at, func(t *testing.T) {
			w := newWorld(t)
			var opened []string
			w.kind = func(target custody.Target, _ custody.Secret) (Target, error) {
				opened = append(opened, target.Address)
				return w.account, nil
			}
			events := 0
			New(w.config(func(step string) {
				if step == at && events == 0 {
					w.moveTo("new:22", func(r *custody.Retarget) { r.Pinned = true }) // who asks confirms it
					events = len(w.desk.Events())
				}
			})).attempt(t.Context(), name)
			if got := len(w.desk.Events()); events == 0 || got != events {
				t.Fatalf("%d entries after the change of the address", got-events)
			}
			staged := w.staged()
			w.finish()
			if want := []string{address, "new:22"}; !slices.Equal(slices.Compact(opened), want) {
				t.Errorf("went to %q", opened)
			}
			if !w.account.opens().Equal(staged[0]) {
				t.Error("what was staged was not what counts then")
			}
		})
	}
}

// TestWhatCameIsMovedThoughNothingElseHappens: of what is held, and of what waits for
// somebody to confirm where it is.
func TestWhatCameIsMovedThoughNothingElseHappens(t *testing.T) {
	withKey := func(r *custody.Retarget) { r.Key = true }
	for what, given := range map[string]func(w *world){
		"held":        func(w *world) { w.finish(); w.moveTo(address, withKey) },
		"unconfirmed": func(w *world) { w.moveTo("new:22", withKey) },
		"paused": func(w *world) {
			w.desk.Act(rotationtest.Primary, custody.PauseRotation{Credential: name, Reason: custody.NoteOf(custody.Salt{}, "wait")})
			w.moveTo(address, withKey)
		},
	} {
		w := newWorld(t)
		given(w)
		told := len(w.account.told)
		if c := w.credential(); c.Arriving == "" {
			t.Fatalf("%s: nothing comes: %+v", what, c)
		}
		c := w.config(nil)
		c.Interval = time.Hour // nothing but commits wakes it
		stop := run(t, c)
		w.desk.Await(name, func(c custody.Credential) bool { return c.Arriving == "" })
		stop()
		if len(w.account.told) != told || what != "held" && w.count("rotation.staged") != 0 {
			t.Errorf("%s: the account was told", what)
		}
	}
	w := newWorld(t)
	w.moveTo("new:22", withKey)
	w.desk.Faults = func(op string) rotationtest.Fault {
		if op == "settle" {
			return rotationtest.Before
		}
		return rotationtest.None
	}
	events := len(w.desk.Events())
	if came := New(w.config(nil)).attempt(t.Context(), name); came.entered || len(w.desk.Events()) != events {
		t.Errorf("what could not be moved: %+v", came)
	}
}

// TestNoPasswordIsTriedWhereNobodyHasLooked, by a verification either.
func TestNoPasswordIsTriedWhereNobodyHasLooked(t *testing.T) {
	w, worker := verified(t, custody.CredentialPolicy{})
	w.moveTo("new:22")
	tried, events := w.account.verifies, len(w.desk.Events())
	w.clock.Advance(2 * time.Hour)
	if err := worker.verifyDue(t.Context(), w.clock.Now().Add(-2*time.Hour), w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	worker.verifyOne(t.Context(), name)
	if w.account.verifies != tried || len(w.desk.Events()) != events {
		t.Errorf("%d log-ins", w.account.verifies-tried)
	}
	w.confirms()
	worker.verifyOne(t.Context(), name)
	wantResults(t, w, accepted)
}

// TestADriftSeenAtTheAddressBeforeIsNone.
func TestADriftSeenAtTheAddressBeforeIsNone(t *testing.T) {
	w, worker := verified(t, custody.CredentialPolicy{})
	w.account.onVerify = func(int, custody.Secret) error {
		w.moveTo("new:22", func(r *custody.Retarget) { r.Pinned = true })
		return ErrRefused
	}
	worker.verifyOne(t.Context(), name)
	if c := w.credential(); !c.Drifted.IsZero() || len(w.results()) != 0 {
		t.Errorf("drifted since %v", c.Drifted)
	}
}

// TestAtAnotherAddressItIsAskedAgainWhatCouldBeProved.
func TestAtAnotherAddressItIsAskedAgainWhatCouldBeProved(t *testing.T) {
	w := newWorld(t)
	asked, says := 0, error(nil)
	w.of(doubtful{w.account, &asked, &says})
	w.finish()
	w.moveTo("new:22")
	w.confirms()
	before := asked
	w.desk.Rotate(name)
	w.finish()
	if asked == before {
		t.Error("it was not")
	}
}

// TestWithoutItsSecondAccountItsKeyIsNotUsed, though the secret store still has it.
func TestWithoutItsSecondAccountItsKeyIsNotUsed(t *testing.T) {
	w := newWorld(t)
	var given []custody.Secret
	w.kind = func(_ custody.Target, admin custody.Secret) (Target, error) {
		given = append(given, admin)
		return w.account, nil
	}
	if _, err := w.secrets.Write(t.Context(), "keys/"+name, custody.SecretString("key"), 0, nil); err != nil {
		t.Fatal(err)
	}
	w.attempt("staged-reported")
	w.moveTo("new:22", func(r *custody.Retarget) { r.Reconciles = false })
	w.confirms()
	w.finish()
	if len(given) != 2 || given[0].IsZero() || !given[1].IsZero() {
		t.Errorf("opened %d times", len(given))
	}
}
