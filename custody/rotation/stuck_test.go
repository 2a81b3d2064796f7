package rotation

import (
	"slices"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
)

// asked gives a world in which the holder asked for another password of an account
// that is in custody.
func asked(t *testing.T) *world {
	w := newWorld(t)
	w.finish()
	w.account.told, w.account.verifies, w.account.refused = nil, 0, 0
	w.desk.Rotate(name)
	return w
}

func answers(effect bool, err error) func(int) (bool, error) {
	return func(int) (bool, error) { return effect, err }
}

// What the target surely was not asked can be called off, and nothing is left of it.
func TestCalledOffBeforeItReachedTheTarget(t *testing.T) {
	for what, err := range map[string]error{"gone": ErrUnreachable, "another host": ErrHostKey, "refuses the log-in": ErrRefused} {
		t.Run(what, func(t *testing.T) {
			w := asked(t)
			before := w.account.opens()
			w.account.onChange = answers(false, err)
			w.attempt("")
			if !w.credential().Rotation.Stopped() {
				w.attempt("")
			}
			if !w.credential().Cancellable() {
				t.Fatalf("%+v", w.credential().Rotation)
			}
			w.desk.Act(rotationtest.Primary, custody.CancelRotation{Credential: name, Reason: desk.NewNote("host gone")})
			told := len(w.account.told)
			w.attempt("")
			if c := w.credential(); c.Phase != custody.Held || c.Version != 1+1 || len(w.account.told) != told || !w.account.opens().Equal(before) {
				t.Errorf("%+v after %d changes", c, len(w.account.told)-told)
			}
			New(w.config(nil)).clearFinished(t.Context())
			if len(w.staged()) != 0 {
				t.Error("the value that nobody will use is still there")
			}
			w.account.onChange = nil
			w.desk.Rotate(name)
			for w.credential().Phase == custody.Rotating {
				w.attempt("")
			}
			if w.account.opens().Equal(before) {
				t.Error("nothing was changed afterwards")
			}
		})
	}
}

// What may have reached the target is not called off: its outcome is unknown, the
// worker died while it told it, or a later attempt that surely did not cannot say
// what the one before did.
func TestNotCalledOffOnceItMayHaveReachedTheTarget(t *testing.T) {
	for what, given := range map[string]func(*world){
		"an unknown outcome": func(w *world) {
			w.account.onChange = answers(false, errUnknown)
			w.attempt("")
		},
		"cut short": func(w *world) { w.attempt("staged-reported") },
		"cut short, and then unreachable": func(w *world) {
			w.attempt("staged-reported")
			w.account.onChange = answers(false, ErrUnreachable)
			w.attempt("")
		},
		"unknown, and then unreachable": func(w *world) {
			w.account.onChange = func(n int) (bool, error) { return false, []error{errUnknown, ErrUnreachable}[n] }
			w.attempt("")
			w.attempt("")
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := asked(t)
			given(w)
			if c := w.credential(); c.Cancellable() || c.Phase != custody.Rotating {
				t.Errorf("%+v", c.Rotation)
			}
		})
	}
}

// Whoever pauses, or calls off, is first or second, and never at once with what is
// sent: where they were first nothing is.
func TestPausedOrCalledOffWhileTheWorkerIsOnItsWay(t *testing.T) {
	for what, action := range map[string]custody.Action{
		"paused":     custody.PauseRotation{Credential: name, Reason: desk.NewNote("maintenance")},
		"called off": custody.CancelRotation{Credential: name, Reason: desk.NewNote("maintenance")},
	} {
		t.Run(what, func(t *testing.T) {
			w := asked(t)
			worker := New(w.config(func(step string) {
				if step == "staged-written" {
					w.desk.Act(rotationtest.Primary, action)
				}
			}))
			worker.attempt(t.Context(), name)
			if len(w.account.told) != 0 || w.account.verifies != 0 {
				t.Errorf("%d changes, %d log-ins", len(w.account.told), w.account.verifies)
			}
		})
	}
}

// Paused in the middle of an attempt: that one ends, and no other begins before it
// is resumed, then one does at once.
func TestAPauseLetsAnAttemptEndAndNoOtherBegin(t *testing.T) {
	w := asked(t)
	w.account.onChange = answers(false, ErrUnreachable)
	worker := New(w.config(func(step string) {
		if step == "staged-reported" {
			w.desk.Act(rotationtest.Primary, custody.PauseRotation{Credential: name, Reason: desk.NewNote("maintenance")})
		}
	}))
	worker.attempt(t.Context(), name)
	if got := w.failures(); !slices.Equal(got, []Failure{Unreachable}) {
		t.Errorf("failures %v", got)
	}
	w.attempt("")
	if len(w.account.told) != 1 {
		t.Errorf("%d changes while it was paused", len(w.account.told)-1)
	}
	if _, due := nextTry(w.credential()); due {
		t.Error("the worker would look at what is paused again and again")
	}
	w.account.onChange = nil
	w.desk.Act(rotationtest.Primary, custody.ResumeRotation{Credential: name})
	New(w.config(nil)).attempt(t.Context(), name) // without waiting for the next try
	if w.credential().Phase != custody.Held {
		t.Errorf("%+v", w.credential().Rotation)
	}
}

// The successor repairs the server by hand: Tandem finds the value there that it
// showed, and proves it.
func TestRepairedByHandWithWhatWasShown(t *testing.T) {
	w := asked(t)
	w.account.onChange = answers(false, ErrRefused) // the second account has lost its rights
	w.attempt("")
	w.desk.Act(rotationtest.Primary, custody.ShowNew{Credential: name})
	w.account.set(w.staged()[0])
	w.resume()
	w.attempt("")
	if len(w.account.told) != 1 {
		t.Errorf("the second account was tried %d times", len(w.account.told))
	}
	if c := w.credential(); c.Phase != custody.Held || !slices.Equal(c.Exposure, []string{rotationtest.Primary}) {
		t.Errorf("%+v", c)
	}
	w.clean()
}

// Where the staged value cannot have reached the account it is not tried: each wrong
// log-in is one of the few that an account has.
func TestAValueThatWasNeverSentIsNotTried(t *testing.T) {
	w := asked(t)
	w.account.onChange = answers(false, ErrRefused)
	for n := range 5 {
		if n > 0 {
			w.resume()
		}
		w.attempt("")
	}
	if w.account.verifies != 0 || w.account.refused != 0 {
		t.Errorf("%d log-ins, %d refused", w.account.verifies, w.account.refused)
	}
	if len(w.account.told) != 5 {
		t.Errorf("the second account was tried %d times in 5 attempts", len(w.account.told))
	}
}
