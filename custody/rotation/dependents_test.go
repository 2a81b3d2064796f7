package rotation

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
)

// underPolicy makes a world whose account has a policy, and a second account.
func underPolicy(t testing.TB, p custody.CredentialPolicy) *world {
	t.Helper()
	return reconciling(t, p, true)
}

// reconciling is underPolicy of an account that has a second account beside it, or none.
func reconciling(t testing.TB, p custody.CredentialPolicy, second bool) *world {
	t.Helper()
	w := newWorld(t)
	w.desk = rotationtest.NewDesk(t, w.clock)
	w.do(custody.System, custody.AddCredential{
		Name: name, Target: identified(custody.Target{Kind: "memory", Address: address, Account: "root"}), Policy: p,
		Primary: rotationtest.Primary, Backup: rotationtest.Backup, Reconciles: second,
	})
	return w
}

func (w *world) do(actor string, action custody.Action) {
	w.t.Helper()
	if _, err := w.desk.Do(w.t.Context(), desk.By{Actor: actor, Request: rand.Text()}, action); err != nil {
		w.t.Fatalf("%T: %v", action, err)
	}
}

// service is a Dependent in memory. answer, when set, says how a telling goes;
// it sees how many there were before it.
type service struct {
	answer func(ctx context.Context, n int) error

	mu       sync.Mutex
	told     []custody.Secret
	versions []int64
}

func (s *service) Update(ctx context.Context, c custody.Credential, current custody.Secret) error {
	s.mu.Lock()
	n := len(s.told)
	s.told, s.versions = append(s.told, current), append(s.versions, c.Version)
	s.mu.Unlock()
	if s.answer == nil {
		return nil
	}
	return s.answer(ctx, n)
}

// dependents makes a rotated account with dependents that have not been told.
func dependents(t testing.TB, all map[string]Dependent, missing ...string) (*world, *Worker) {
	t.Helper()
	names := missing
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	w := underPolicy(t, custody.CredentialPolicy{Dependents: names})
	w.finish()
	if got := w.pending(); !slices.Equal(got, names) {
		t.Fatalf("after the rotation %q are to be told", got)
	}
	c := w.config(nil)
	c.Dependents = all
	return w, New(c)
}

func (w *world) pending() (names []string) {
	for _, u := range w.credential().Updates {
		names = append(names, u.Dependent)
	}
	return names
}

// notUpdated gives the failures to tell a dependent, in order.
func (w *world) notUpdated(dependent string) (kinds []Failure) {
	for _, e := range w.desk.Events() {
		if f, ok := e.Fact.(custody.DependentFailed); ok && f.Dependent == dependent {
			kinds = append(kinds, Failure(f.Failure))
		}
	}
	return kinds
}

func TestDependentsAreTold(t *testing.T) {
	app, job := &service{}, &service{}
	w, worker := dependents(t, map[string]Dependent{"app": app, "job": job})
	if !worker.attempt(t.Context(), name).entered {
		t.Error("the ledger does not know how it ended")
	}
	for _, s := range []*service{app, job} {
		if len(s.told) != 1 || !s.told[0].Equal(w.account.opens()) || s.versions[0] != 2 {
			t.Errorf("told %d times, versions %v", len(s.told), s.versions)
		}
	}
	if w.count("dependent.updated") != 2 || len(w.pending()) != 0 {
		t.Errorf("%d entries, %q are still to be told", w.count("dependent.updated"), w.pending())
	}
	for _, e := range w.desk.Events() {
		if f, ok := e.Fact.(custody.DependentUpdated); ok && (f.Version != 2 || e.Actor != custody.System || e.Request != "rotation-db01-root-1") {
			t.Errorf("entry %+v", e)
		}
	}
	worker.attempt(t.Context(), name) // there is nothing more to do
	if len(app.told) != 1 {
		t.Error("told again")
	}
	w.clean()
}

// The worker finds out by itself that somebody is to be told.
func TestRunTellsDependents(t *testing.T) {
	app := &service{answer: func(_ context.Context, n int) error {
		if n < 2 {
			return ErrUnreachable
		}
		return nil
	}}
	w := underPolicy(t, custody.CredentialPolicy{Dependents: []string{"app"}})
	c := w.config(nil)
	c.Dependents = map[string]Dependent{"app": app}
	c.Clock, c.Interval, c.BackoffBase = desk.ClockFunc(time.Now), time.Hour, time.Millisecond
	stop := run(t, c)
	w.desk.Await(name, func(c custody.Credential) bool { return held(c) && len(c.Updates) == 0 })
	stop()
	if kinds := w.notUpdated("app"); !slices.Equal(kinds, []Failure{Unreachable, Unreachable}) {
		t.Errorf("failures %v", kinds)
	}
	w.settled()
}

// TestAChangedDependentGetsNoPassword until its configuration was acknowledged; others
// get theirs.
func TestAChangedDependentGetsNoPassword(t *testing.T) {
	changed, other := &service{}, &service{}
	w, worker := dependents(t, map[string]Dependent{"app": changed, "job": other})
	w.desk.Unacknowledged = []string{"app"}
	worker.attempt(t.Context(), name)
	if len(changed.told) != 0 || len(other.told) != 1 || !slices.Equal(w.notUpdated("app"), []Failure{Unacknowledged}) {
		t.Fatalf("told %d and %d times, failures %v", len(changed.told), len(other.told), w.notUpdated("app"))
	}
	w.desk.Unacknowledged = nil
	w.clock.Advance(time.Hour)
	if worker.attempt(t.Context(), name); len(changed.told) != 1 || !changed.told[0].Equal(w.account.opens()) {
		t.Errorf("told %d times afterwards", len(changed.told))
	}
}

func TestDependentFails(t *testing.T) {
	for want, cause := range map[Failure]error{
		Unreachable: ErrUnreachable,
		Declined:    ErrDeclined,
		WrongHost:   ErrHostKey,
		SecretStore: fmt.Errorf("no token: %w", desk.ErrSecretsUnavailable),
	} {
		t.Run(string(want), func(t *testing.T) {
			app := &service{answer: func(_ context.Context, n int) error {
				if n < 3 {
					return cause
				}
				return nil
			}}
			w, worker := dependents(t, map[string]Dependent{"app": app})
			for n := range 3 {
				if !worker.attempt(t.Context(), name).entered {
					t.Error("the ledger does not know how it ended")
				}
				u := w.credential().Updates[0]
				wait, middle := u.NextTry.Sub(w.clock.Now()), worker.BackoffBase<<n
				if u.Attempts != n+1 || u.Failure != string(want) || wait < middle/2 || wait > 2*middle {
					t.Errorf("after failure %d: %+v, in %v", n+1, u, wait)
				}
				worker.attempt(t.Context(), name) // before its time nothing is tried
				if len(app.told) != n+1 {
					t.Errorf("told %d times after failure %d", len(app.told), n+1)
				}
				// Custody goes on meanwhile.
				w.do(rotationtest.Primary, custody.CheckOut{Credential: name, Purpose: desk.NewNote("ticket 4711")})
				w.do(rotationtest.Primary, custody.CheckIn{Credential: name})
				w.clock.Advance(wait)
			}
			worker.attempt(t.Context(), name)
			if kinds := w.notUpdated("app"); len(kinds) != 3 || w.count("dependent.updated") != 1 || len(w.pending()) != 0 {
				t.Errorf("failures %v, %q are still to be told", kinds, w.pending())
			}
			if len(w.failures()) != 0 || w.credential().Rotation.Number != 1 {
				t.Error("a dependent touched the rotation")
			}
			w.settled()
		})
	}
}

func TestUnknownDependent(t *testing.T) {
	w, worker := dependents(t, nil, "gone")
	if !worker.attempt(t.Context(), name).entered {
		t.Error("the ledger does not know how it ended")
	}
	if kinds := w.notUpdated("gone"); !slices.Equal(kinds, []Failure{Unsupported}) || len(w.pending()) != 1 {
		t.Errorf("failures %v, %q are to be told", kinds, w.pending())
	}
}

// Each dependent is for itself: one that fails or hangs keeps no other waiting.
func TestSeveralDependents(t *testing.T) {
	others := make(chan struct{}, 2)
	good := &service{answer: func(context.Context, int) error { others <- struct{}{}; return nil }}
	bad := &service{answer: func(context.Context, int) error { return ErrDeclined }}
	hanging := &service{answer: func(ctx context.Context, _ int) error {
		for range 2 {
			select {
			case <-others:
			case <-ctx.Done():
				t.Error("the others are told only after the one that hangs")
			}
		}
		return context.DeadlineExceeded
	}}
	w, worker := dependents(t, map[string]Dependent{"app": good, "bad": bad, "hanging": hanging, "job": good}, "gone")
	if !worker.attempt(t.Context(), name).entered {
		t.Error("the ledger does not know how it ended")
	}
	if got := w.pending(); !slices.Equal(got, []string{"bad", "gone", "hanging"}) || len(good.told) != 2 {
		t.Errorf("%q are still to be told", got)
	}
	for dependent, want := range map[string]Failure{"bad": Declined, "gone": Unsupported, "hanging": Unreachable} {
		if kinds := w.notUpdated(dependent); !slices.Equal(kinds, []Failure{want}) {
			t.Errorf("%s: failures %v", dependent, kinds)
		}
	}
}

func TestDependentHangs(t *testing.T) {
	app := &service{answer: func(ctx context.Context, _ int) error { <-ctx.Done(); return ctx.Err() }}
	w, worker := dependents(t, map[string]Dependent{"app": app})
	worker.StepTimeout = 10 * time.Millisecond
	if !worker.attempt(t.Context(), name).entered {
		t.Error("the ledger does not know how it ended")
	}
	if kinds := w.notUpdated("app"); !slices.Equal(kinds, []Failure{Unreachable}) {
		t.Errorf("failures %v", kinds)
	}
}

// Only the newest password is worth telling.
func TestNewerRotationSupersedes(t *testing.T) {
	app := &service{answer: func(context.Context, int) error { return ErrUnreachable }}
	w, worker := dependents(t, map[string]Dependent{"app": app})
	worker.attempt(t.Context(), name)
	w.desk.Rotate(name)
	app.answer = nil
	worker.attempt(t.Context(), name) // the rotation comes first, and alone
	w.settled()
	if len(app.told) != 1 {
		t.Error("told in the same attempt")
	}
	if u := w.credential().Updates; len(u) != 1 || u[0].Attempts != 0 || !u[0].NextTry.IsZero() {
		t.Errorf("to be told after the second rotation: %+v", u)
	}
	worker.attempt(t.Context(), name)
	if !slices.Equal(app.versions, []int64{2, 3}) || !app.told[1].Equal(w.account.opens()) || len(w.pending()) != 0 {
		t.Errorf("told the versions %v", app.versions)
	}
	// What a worker of the first rotation still reports is no news.
	events := len(w.desk.Events())
	w.do(custody.System, custody.ReportUpdated{Credential: name, Dependent: "app", Version: 2})
	w.do(custody.System, custody.ReportNotUpdated{Credential: name, Dependent: "app", Version: 2, Failure: "unreachable", NextTry: w.clock.Now()})
	if len(w.desk.Events()) != events {
		t.Error("a late report was entered")
	}
}

// What was told and not entered is told again; what was entered is not.
func TestCrashAfterTelling(t *testing.T) {
	for fault, want := range map[rotationtest.Fault]int{rotationtest.Before: 2, rotationtest.After: 1} {
		app := &service{}
		w, worker := dependents(t, map[string]Dependent{"app": app})
		w.desk.Faults = func(operation string) rotationtest.Fault {
			if operation == "do" {
				return fault
			}
			return rotationtest.None
		}
		if worker.attempt(t.Context(), name).entered {
			t.Error("the ledger knows how it ended")
		}
		w.desk.Faults = nil
		worker.attempt(t.Context(), name)
		if len(app.told) != want || !app.told[0].Equal(app.told[want-1]) || w.count("dependent.updated") != 1 || len(w.pending()) != 0 {
			t.Errorf("fault %d: told %d times, %d entries", fault, len(app.told), w.count("dependent.updated"))
		}
	}
}

// A worker that loses its claim, or is stopped, enters nothing: somebody else
// tells the dependent.
func TestTellingIsCutShort(t *testing.T) {
	arrived := make(chan struct{})
	app := &service{answer: func(ctx context.Context, n int) error {
		if n > 0 {
			return nil
		}
		close(arrived)
		<-ctx.Done()
		return ctx.Err()
	}}
	w, worker := dependents(t, map[string]Dependent{"app": app})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan bool)
	go func() { ended <- worker.attempt(ctx, name).entered }()
	<-arrived
	cancel()
	if <-ended || w.count("dependent.failed") != 0 {
		t.Error("that it was cut short was entered as a failure")
	}
	worker.attempt(t.Context(), name)
	if len(w.pending()) != 0 {
		t.Errorf("%q are still to be told", w.pending())
	}
}

// What is in the secret store without the ledger's knowing is told to nobody,
// and that is shown.
func TestOnlyTheCurrentPasswordIsTold(t *testing.T) {
	app := &service{}
	w, worker := dependents(t, map[string]Dependent{"app": app})
	if _, err := w.secrets.Write(t.Context(), desk.CredentialPath(name), custody.SecretString("of unknown origin"), 2, nil); err != nil {
		t.Fatal(err)
	}
	if !worker.attempt(t.Context(), name).entered {
		t.Error("the ledger does not know how it ended")
	}
	if kinds := w.notUpdated("app"); len(app.told) != 0 || !slices.Equal(kinds, []Failure{SecretStore}) {
		t.Errorf("told %d times, failures %v", len(app.told), kinds)
	}
}

// identified is a target whose account is called by its address as it stands: what
// a desk finds out before it gives the command.
func identified(t custody.Target) custody.TargetNotes {
	target := desk.NewTarget(t)
	target.Identities = desk.Identities(nil, t.Account+"@"+t.Address)
	return target
}
