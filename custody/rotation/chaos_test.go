package rotation

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
)

// Anything may go wrong anywhere; nothing is ever stranded, no attempt makes two wrong
// log-ins, and when it stops going wrong the rotation ends well: by itself, or once
// somebody says that it may go on.
func TestAnythingGoesWrong(t *testing.T) {
	for kind, of := range map[string]func(*account) Target{
		"a second account":          func(a *account) Target { return a },
		"its own":                   func(a *account) Target { return own{a} },
		"its own, and a second one": func(a *account) Target { return rescued{own{a}} },
	} {
		t.Run(kind, func(t *testing.T) { anythingGoesWrong(t, of) })
	}
}

func anythingGoesWrong(t *testing.T, of func(*account) Target) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(quiet{t, r})
		w.of(of(w.account))
		// Of every four calls about one goes wrong, until the trouble is used up.
		trouble := rapid.SliceOfN(rapid.IntRange(0, 11), 0, 80).Draw(r, "trouble")
		next := func() (how int) {
			if len(trouble) > 0 {
				how, trouble = trouble[0], trouble[1:]
			}
			return how
		}
		fault := func(string) rotationtest.Fault {
			switch next() {
			case 1, 2:
				return rotationtest.Before
			case 3:
				return rotationtest.After
			}
			return rotationtest.None
		}
		w.secrets.Faults, w.desk.Faults = fault, fault
		w.account.onChange = func(int) (bool, error) {
			switch next() {
			case 1:
				return false, errUnknown
			case 2:
				return true, errUnknown
			case 3:
				return false, ErrUnreachable
			case 4:
				return false, ErrValue
			case 5:
				return true, ErrValue
			case 6:
				return false, nil
			}
			return true, nil
		}
		w.account.onVerify = func(int, custody.Secret) error {
			if how := next(); how == 1 || how == 2 {
				return ErrUnreachable
			}
			return nil
		}
		for rotation := range 2 {
			for try := 0; w.credential().Phase == custody.Rotating; try++ {
				if try > 100 {
					r.Fatalf("still at %+v\n%s", w.credential().Rotation, w.log)
				}
				if w.credential().Rotation.Stopped() {
					w.resume()
				}
				crash := ""
				if at := next(); at > 1 && len(trouble) > 0 {
					crash = steps[at-2]
				}
				w.attempt(crash)
			}
			w.settled()
			if rotation == 0 {
				w.desk.Rotate(name)
			}
		}
	})
}

// quiet gives what happens in a rapid check to rapid.
type quiet struct {
	*testing.T
	r *rapid.T
}

func (q quiet) Helper()                      {}
func (q quiet) Error(args ...any)            { q.r.Error(args...) }
func (q quiet) Errorf(f string, args ...any) { q.r.Errorf(f, args...) }
func (q quiet) Fatal(args ...any)            { q.r.Fatal(args...) }
func (q quiet) Fatalf(f string, args ...any) { q.r.Fatalf(f, args...) }
