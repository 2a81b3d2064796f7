package rotation

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
)

func TestOneRotation(t *testing.T) {
	w := newWorld(t)
	before := w.account.opens()
	var hooks []string
	worker := New(w.config(func(step string) { hooks = append(hooks, step) }))
	if !worker.attempt(t.Context(), name).entered {
		t.Error("the ledger does not know how the attempt ended")
	}
	w.settled()
	if w.account.opens().Equal(before) || !w.oldRefused() || w.credential().Version != 2 {
		t.Errorf("old refused: %v, version %d", w.oldRefused(), w.credential().Version)
	}
	if len(w.staged()) != 0 {
		t.Error("the staged value is still there")
	}
	if !slices.Equal(hooks, steps) {
		t.Errorf("steps %q", hooks)
	}
	if len(w.account.told) != 1 || w.account.verifies != 2 {
		t.Errorf("%d changes and %d log-ins", len(w.account.told), w.account.verifies)
	}

	w.desk.Rotate(name)
	w.finish()
	if w.credential().Version != 3 || len(w.account.told) != 2 {
		t.Errorf("after the second: version %d, %d changes", w.credential().Version, len(w.account.told))
	}
}

// Nobody may have told Tandem the password that an account had before.
func TestNoOldPassword(t *testing.T) {
	w := newWorld(t)
	w.secrets.Changed = nil // what opens the account now is known to nobody
	if err := w.secrets.Delete(t.Context(), desk.CredentialPath(name)); err != nil {
		t.Fatal(err)
	}
	w.finish()
	if w.oldRefused() || w.credential().Version != 1 || w.account.refused != 0 {
		t.Errorf("old refused: %v, version %d, refused log-ins %d", w.oldRefused(), w.credential().Version, w.account.refused)
	}
}

// A crash at each step, and at each step again in the attempt after it.
func TestCrash(t *testing.T) {
	for _, first := range steps {
		for _, second := range append([]string{""}, steps...) {
			t.Run(first+","+second, func(t *testing.T) {
				w := newWorld(t)
				w.attempt(first)
				if w.credential().Phase == custody.Rotating && second != "" {
					w.attempt(second)
				}
				if w.credential().Phase == custody.Rotating {
					w.finish()
				}
				w.settled()
				if w.credential().Version != 2 || !w.oldRefused() || len(w.failures()) != 0 {
					t.Errorf("version %d, old refused: %v, failures %v", w.credential().Version, w.oldRefused(), w.failures())
				}
				if told := slices.CompactFunc(w.account.told, custody.Secret.Equal); len(told) != 1 || len(w.secrets.Made()) != 1 {
					t.Errorf("%d values were made, %d told", len(w.secrets.Made()), len(told))
				}
				// What the crash may have left goes with the next start or rotation.
				id := custody.RotationID{Credential: name, Number: 1}
				if first == "cleared" {
					New(w.config(nil)).clearFinished(t.Context())
				} else {
					w.desk.Rotate(name)
					w.finish()
				}
				if len(w.secrets.Versions(stagedPath(id))) != 0 {
					t.Error("what was staged is still there")
				}
			})
		}
	}
}

func TestUnknownOutcome(t *testing.T) {
	t.Run("it had happened", func(t *testing.T) {
		w := newWorld(t)
		w.account.onChange = func(int) (bool, error) { return true, errUnknown }
		w.finish()
		if told := w.account.told; len(told) != 2 || !told[0].Equal(told[1]) || w.account.refused != 1 {
			t.Errorf("%d changes, %d log-ins refused", len(told), w.account.refused)
		}
		wantFailures(t, w, TargetError) // one is no reason to try what may not be there
	})
	t.Run("it had not", func(t *testing.T) {
		w := newWorld(t)
		w.account.onChange = func(n int) (bool, error) {
			if n < 2 {
				return false, errUnknown
			}
			return true, nil
		}
		w.finish()
		if told := w.account.told; len(told) != 3 || !told[0].Equal(told[2]) {
			t.Errorf("%d changes, to other values", len(told))
		}
		wantFailures(t, w, TargetError, TargetError)
	})
	t.Run("nobody can say", func(t *testing.T) {
		w := newWorld(t)
		down := true
		w.account.onChange = func(n int) (bool, error) { return true, ErrUnreachable } // it fell over right then
		w.account.onVerify = func(int, custody.Secret) error {
			if down {
				return ErrUnreachable
			}
			return nil
		}
		w.attempt("")
		down, w.account.onChange = false, nil
		w.finish()
		if told := w.account.told; len(told) != 2 || !told[0].Equal(told[1]) {
			t.Errorf("%d changes, to other values", len(told))
		}
		wantFailures(t, w, Unreachable)
	})
}

func TestValueRefused(t *testing.T) {
	t.Run("twice", func(t *testing.T) {
		w := newWorld(t)
		refusal := []error{ErrValue, ErrDeclined}
		w.account.onChange = func(n int) (bool, error) {
			if n < 2 {
				return false, refusal[n]
			}
			return true, nil
		}
		w.attempt("")
		w.attempt("")
		if n := len(w.staged()); n != 3 {
			t.Errorf("%d values are kept, not 3", n)
		}
		w.finish()
		told := w.account.told
		if len(told) != 3 || told[0].Equal(told[1]) || told[1].Equal(told[2]) {
			t.Errorf("%d changes", len(told))
		}
		wantFailures(t, w, ValueRefused, Declined)
	})
	t.Run("but taken", func(t *testing.T) {
		w := newWorld(t)
		w.account.onChange = func(int) (bool, error) { return true, ErrValue }
		w.finish()
		if len(w.failures()) != maxValues-1 || len(w.account.told) != maxValues {
			t.Errorf("failures %v, %d changes", w.failures(), len(w.account.told))
		}
	})
	t.Run("always", func(t *testing.T) {
		w := newWorld(t)
		w.account.onChange = func(int) (bool, error) { return false, ErrValue }
		for range maxValues + 3 {
			w.attempt("")
		}
		if n := len(w.staged()); n != maxValues {
			t.Errorf("%d values are kept, not %d", n, maxValues)
		}
		w.account.onChange = nil
		w.finish()
	})
}

func TestOldStillAccepted(t *testing.T) {
	w := newWorld(t)
	w.account.lenient = true
	w.attempt("")
	w.attempt("")
	if c := w.credential(); c.Phase != custody.Rotating || c.Rotation.Step != custody.StepApplied {
		t.Errorf("%s at %q", c.Phase, c.Rotation.Step)
	}
	w.account.lenient = false
	w.finish()
	wantFailures(t, w, OldStillAccepted, OldStillAccepted)
	if !w.oldRefused() {
		t.Error("verified without a refusal of the old password")
	}
}

// Only a refusal is one: what is not known of the old password proves nothing.
func TestOldUnknown(t *testing.T) {
	w := newWorld(t)
	w.account.onVerify = func(n int, _ custody.Secret) error {
		if n == 1 {
			return ErrUnreachable
		}
		return nil
	}
	w.attempt("")
	if c := w.credential(); c.Rotation.Step != custody.StepApplied {
		t.Errorf("at %q", c.Rotation.Step)
	}
	w.finish()
	wantFailures(t, w, Unreachable)
	if !w.oldRefused() {
		t.Error("verified without a refusal of the old password")
	}
}

// The target said that it changed the password, and did not; or somebody
// changed it back.
func TestChangeDidNotTake(t *testing.T) {
	t.Run("at applied", func(t *testing.T) {
		w := newWorld(t)
		w.account.onChange = func(n int) (bool, error) { return n > 0, nil }
		w.finish()
		wantFailures(t, w, NewRefused)
		if told := w.account.told; len(told) != 2 || !told[0].Equal(told[1]) {
			t.Errorf("%d changes, to other values", len(told))
		}
	})
	t.Run("at verified", func(t *testing.T) {
		w := newWorld(t)
		before := w.account.opens()
		w.attempt("verified-reported")
		w.account.set(before)
		w.finish()
		wantFailures(t, w, NewRefused)
	})
}

// After a restart at verified only what is proved again becomes current: a
// stalled worker may have staged another value meanwhile.
func TestPromotesOnlyWhatItProved(t *testing.T) {
	w := newWorld(t)
	w.attempt("verified-reported")
	path := desk.StagedPath(name, 1)
	if _, err := w.secrets.Write(t.Context(), path, custody.SecretString("never told"), 1, nil); err != nil {
		t.Fatal(err)
	}
	w.finish()
}

func TestSecretStoreFails(t *testing.T) {
	for _, fault := range []rotationtest.Fault{rotationtest.Before, rotationtest.After} {
		for _, operation := range []string{"read", "write", "delete", "generate", "do"} {
			for nth := range 6 {
				t.Run(fmt.Sprint(operation, " ", nth, " ", fault), func(t *testing.T) {
					w := newWorld(t)
					calls := 0
					faults := func(op string) rotationtest.Fault {
						if op != operation {
							return rotationtest.None
						}
						if calls++; calls-1 == nth {
							return fault
						}
						return rotationtest.None
					}
					w.secrets.Faults, w.desk.Faults = faults, faults
					w.attempt("")
					if w.credential().Phase == custody.Rotating {
						w.finish()
					}
					w.settled()
					for _, kind := range w.failures() {
						if kind != SecretStore {
							t.Errorf("failure %q", kind)
						}
					}
				})
			}
		}
	}
}

// Somebody deleted what was staged, or restored a backup.
func TestStagedIsLost(t *testing.T) {
	for _, step := range []string{"staged-reported", "changed", "applied-reported", "verified-reported", "promoted-written"} {
		t.Run(step, func(t *testing.T) {
			w := newWorld(t)
			w.attempt(step)
			w.secrets.Changed, w.account.changed = nil, nil // it was not Tandem who stranded it
			if err := w.secrets.Delete(t.Context(), desk.StagedPath(name, 1)); err != nil {
				t.Fatal(err)
			}
			w.finish()
			if w.failures()[0] != SecretStore {
				t.Errorf("failures %v", w.failures())
			}
		})
	}
}

// Versions must count up also where the secret store was put back.
func TestSecretStoreWasRestored(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.finish()
		w.desk.Rotate(name)
	}
	path := desk.CredentialPath(name)
	first := w.secrets.Versions(path)[0]
	w.secrets.Changed = nil
	if err := w.secrets.Delete(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if _, err := w.secrets.Write(t.Context(), path, first, 0, nil); err != nil {
		t.Fatal(err)
	}
	w.finish()
	if v := w.credential().Version; v != 5 {
		t.Errorf("version %d, not the one after 4", v)
	}
}

// A worker that was overtaken leaves no trace.
func TestOvertaken(t *testing.T) {
	w := newWorld(t)
	stale := w.credential()
	w.finish()
	events := len(w.desk.Events())
	a := w.config(nil).newAttempt(stale)
	if err := a.run(t.Context()); !errors.Is(err, errOvertaken) {
		t.Errorf("the late attempt: %v", err)
	}
	if n := len(w.desk.Events()); n != events || len(w.account.told) != 1 {
		t.Errorf("%d new entries, %d changes", n-events, len(w.account.told))
	}
	New(w.config(nil)).clearFinished(t.Context())
	w.settled()
	if len(w.staged()) != 0 {
		t.Error("what the late worker staged is still there")
	}
}

func TestFailureKinds(t *testing.T) {
	for want, change := range map[Failure]func(*world, *Config){
		Unreachable:  func(w *world, _ *Config) { w.account.onChange = fails(ErrUnreachable) },
		WrongHost:    func(w *world, _ *Config) { w.account.onChange = fails(ErrHostKey) },
		ValueRefused: func(w *world, _ *Config) { w.account.onChange = fails(ErrValue) },
		Declined:     func(w *world, _ *Config) { w.account.onChange = fails(ErrDeclined) },
		MustChange:   func(w *world, _ *Config) { w.account.onChange = fails(Because(MustChange, errUnknown)) },
		TargetError:  func(w *world, _ *Config) { w.account.onChange = fails(errUnknown) },
		OldStillAccepted: func(w *world, _ *Config) {
			w.account.lenient = true
		},
		SecretStore: func(w *world, _ *Config) {
			w.secrets.Faults = func(string) rotationtest.Fault { return rotationtest.Before }
		},
		Unsupported: func(_ *world, c *Config) { c.Targets = nil },
		NoAddress:   func(w *world, _ *Config) { w.desk.Forget(name) },
	} {
		t.Run(string(want), func(t *testing.T) {
			w := newWorld(t)
			c := w.config(nil)
			change(w, &c)
			if !New(c).attempt(t.Context(), name).entered {
				t.Error("the ledger does not know how the attempt ended")
			}
			wantFailures(t, w, want)
			r := w.credential().Rotation
			if wait := r.NextTry.Sub(w.clock.Now()); r.Attempts != 1 || wait <= 0 || wait > 2*c.BackoffBase {
				t.Errorf("%d attempts, the next one after %v", r.Attempts, wait)
			}
			// Before its time nothing is tried.
			New(c).attempt(t.Context(), name)
			wantFailures(t, w, want)
			w.clean()
		})
	}
	w := newWorld(t)
	c := w.config(nil)
	c.Targets = map[string]Opener{"memory": func(custody.Target, custody.Secret) (Target, error) {
		return nil, custody.Invalid("target.address", "no_address")
	}}
	New(c).attempt(t.Context(), name)
	wantFailures(t, w, Unsupported)
}

// TestNothingIsSentWhereNobodyKnows: without the text that says where the account is,
// nobody is asked anything; once it is there again the rotation goes on by itself.
func TestNothingIsSentWhereNobodyKnows(t *testing.T) {
	w := newWorld(t)
	putBack := w.desk.Forget(name)
	w.attempt("")
	w.attempt("")
	wantFailures(t, w, NoAddress, NoAddress)
	if len(w.account.told) > 0 || w.account.verifies > 0 {
		t.Errorf("%d passwords were sent, %d log-ins tried", len(w.account.told), w.account.verifies)
	}
	putBack()
	w.finish()
}

func TestRetryAfter(t *testing.T) {
	c := New(Config{}).Config
	for n := range 100 {
		middle := c.BackoffMax
		if n < 20 {
			middle = min(middle, c.BackoffBase<<n)
		}
		for range 20 {
			if wait := c.retryAfter(n); wait < middle/2 || wait > min(middle*3/2+1, c.BackoffMax) {
				t.Errorf("after %d failures %v", n, wait)
			}
		}
	}
	if longest := c.retryAfter(1 << 40); longest < c.BackoffMax/2 {
		t.Errorf("after very many failures %v", longest)
	}
	if c.BackoffMax != 15*time.Minute {
		t.Errorf("at most %v", c.BackoffMax)
	}
}

func fails(err error) func(int) (bool, error) {
	return func(int) (bool, error) { return false, err }
}

func wantFailures(t *testing.T, w *world, kinds ...Failure) {
	t.Helper()
	if got := w.failures(); !slices.Equal(got, kinds) {
		t.Errorf("failures %v, not %v", got, kinds)
	}
}

func TestStagedPath(t *testing.T) {
	seen := map[string]bool{}
	for _, credential := range []string{"db", "db-1", "db-1-1"} {
		for number := range int64(20) {
			path := stagedPath(custody.RotationID{Credential: credential, Number: number})
			if seen[path] {
				t.Errorf("%s of two rotations", path)
			}
			seen[path] = true
		}
	}
}

// TestARotationBeginsWhenWhatCameIsInItsPlace, and not before: until then it says why.
func TestARotationBeginsWhenWhatCameIsInItsPlace(t *testing.T) {
	w := newWorld(t)
	w.desk.Act(custody.System, custody.AddCredential{
		Name: "sw09", Primary: rotationtest.Primary, Backup: rotationtest.Backup, Brings: true,
		Target: identified(custody.Target{Kind: custody.Manual, Address: "rack 9", Account: "admin"}),
	})
	w.desk.Faults = func(op string) rotationtest.Fault {
		if op == "settle" {
			return rotationtest.Before
		}
		return rotationtest.None
	}
	w.attemptOf("sw09", "")
	if c := w.credentialOf("sw09"); c.Arriving == "" || c.Rotation.Step != custody.StepPending || c.Rotation.Failure != string(SecretStore) {
		t.Errorf("%q at %+v", c.Arriving, c.Rotation)
	}
	w.desk.Faults = nil
	w.attemptOf("sw09", "")
	if c := w.credentialOf("sw09"); c.Arriving != "" || c.Rotation.Step != custody.StepStaged {
		t.Errorf("%q at %+v", c.Arriving, c.Rotation)
	}
}
