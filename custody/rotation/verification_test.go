package rotation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
)

// verified makes a rotated account and a worker that verifies it.
func verified(t testing.TB, p custody.CredentialPolicy) (*world, *Worker) {
	t.Helper()
	w := underPolicy(t, p)
	w.finish()
	c := w.config(nil)
	c.VerifyEvery = time.Hour
	return w, New(c)
}

// results gives what the verifications came to, in order.
func (w *world) results() (results []custody.VerificationResult) {
	for _, e := range w.desk.Events() {
		if f, ok := e.Fact.(custody.VerificationEnded); ok {
			results = append(results, f.Result)
		}
	}
	return results
}

func wantResults(t *testing.T, w *world, results ...custody.VerificationResult) {
	t.Helper()
	if got := w.results(); !slices.Equal(got, results) {
		t.Errorf("results %v, not %v", got, results)
	}
	if n := w.count("verification.started"); n != len(results) {
		t.Errorf("%d verifications were started, %d ended", n, len(results))
	}
	w.clean()
}

const (
	accepted = custody.VerificationAccepted
	refused  = custody.VerificationRefused
	unknown  = custody.VerificationUnknown
)

func TestVerification(t *testing.T) {
	w, worker := verified(t, custody.CredentialPolicy{})
	good := w.account.opens()
	verify := func() { w.clock.Advance(time.Minute); worker.verifyOne(t.Context(), name) }
	drifted := func(want time.Time) {
		t.Helper()
		if got := w.credential().Drifted; !got.Equal(want) {
			t.Errorf("drifted since %v, not %v", got, want)
		}
	}
	verify()
	wantResults(t, w, accepted)
	drifted(time.Time{})

	w.account.set(custody.SecretString("set by somebody else"))
	verify()
	since := w.clock.Now()
	wantResults(t, w, accepted, refused)
	drifted(since)
	if events := w.desk.Events(); events[len(events)-1].Grade() != custody.Serious {
		t.Error("the drift is no serious event")
	}
	verify()
	wantResults(t, w, accepted, refused, refused)
	drifted(since) // the first time counts

	w.account.onVerify = func(int, custody.Secret) error { return ErrUnreachable }
	verify()
	w.account.onVerify = nil
	wantResults(t, w, accepted, refused, refused, unknown)
	drifted(since) // as far as is known

	w.account.set(good)
	verify()
	wantResults(t, w, accepted, refused, refused, unknown, accepted)
	drifted(time.Time{})
	if c := w.credential(); !held(c) || c.Rotation.Number != 1 {
		t.Errorf("a verification started a rotation: %+v", c.Rotation)
	}
}

func TestVerificationLearnsNothing(t *testing.T) {
	for what, spoil := range map[string]func(*world, *Worker){
		"no answer": func(w *world, _ *Worker) {
			w.account.onVerify = func(int, custody.Secret) error { return ErrUnreachable }
		},
		"another host":  func(w *world, _ *Worker) { w.account.onVerify = func(int, custody.Secret) error { return ErrHostKey } },
		"anything else": func(w *world, _ *Worker) { w.account.onVerify = func(int, custody.Secret) error { return errUnknown } },
		"no secrets now": func(w *world, _ *Worker) {
			w.secrets.Faults = func(string) rotationtest.Fault { return rotationtest.Before }
		},
		"no such target": func(_ *world, worker *Worker) {
			worker.Targets["memory"] = func(custody.Target, custody.Secret) (Target, error) { return nil, errUnknown }
		},
		"no address": func(w *world, _ *Worker) {
			w.desk.Forget(name)
			w.account.onVerify = func(int, custody.Secret) error { w.t.Error("it was asked all the same"); return nil }
		},
		"it hangs": func(_ *world, worker *Worker) {
			worker.StepTimeout = 10 * time.Millisecond
			worker.Targets["memory"] = func(custody.Target, custody.Secret) (Target, error) { return stuck{}, nil }
		},
		"an older secret store": func(w *world, _ *Worker) {
			_, _ = w.secrets.Write(w.t.Context(), desk.CredentialPath(name), custody.SecretString("another"), 2, nil)
		},
	} {
		t.Run(what, func(t *testing.T) {
			w, worker := verified(t, custody.CredentialPolicy{AutoReconcile: true})
			spoil(w, worker)
			worker.verifyOne(t.Context(), name)
			wantResults(t, w, unknown)
			if c := w.credential(); !c.Drifted.IsZero() || !held(c) {
				t.Errorf("drifted since %v, %s", c.Drifted, c.Phase)
			}
		})
	}
}

// second counts the passwords that were set through the second account.
type second struct {
	*account
	reconciled atomic.Int64
}

func (s *second) Reconcile(ctx context.Context, next custody.Secret) error {
	s.reconciled.Add(1)
	return s.account.Reconcile(ctx, next)
}

func TestDriftIsRepaired(t *testing.T) {
	for auto, ask := range map[bool]func(*world){
		true: func(*world) {},
		false: func(w *world) {
			w.do(rotationtest.Primary, custody.Reconcile{Credential: name, Reason: desk.NewNote("it drifted")})
		},
	} {
		t.Run(fmt.Sprintf("automatic %t", auto), func(t *testing.T) {
			w, worker := verified(t, custody.CredentialPolicy{AutoReconcile: auto})
			target := &second{account: w.account}
			worker.Targets["memory"] = func(custody.Target, custody.Secret) (Target, error) { return target, nil }
			w.account.set(custody.SecretString("set by somebody else"))
			w.secrets.Changed = nil // it was not Tandem who stranded it
			worker.verifyOne(t.Context(), name)
			wantResults(t, w, refused)
			if w.credential().Drifted.IsZero() {
				t.Error("it is not shown as drifted")
			}
			ask(w)
			if c := w.credential(); c.Phase != custody.Rotating || c.Rotation.Reason != custody.ForDrift {
				t.Fatalf("%s, rotation %+v", c.Phase, c.Rotation)
			}
			told := len(w.account.told)
			worker.attempt(t.Context(), name)
			w.settled()
			if n := target.reconciled.Load(); n != 1 || len(w.account.told) != told+1 {
				t.Errorf("%d passwords were set, %d of them through the second account", len(w.account.told)-told, n)
			}
			if c := w.credential(); !c.Drifted.IsZero() || c.Holder != rotationtest.Primary || c.Version != 3 {
				t.Errorf("after the repair: drifted since %v, held by %q at version %d", c.Drifted, c.Holder, c.Version)
			}
			worker.verifyOne(t.Context(), name)
			wantResults(t, w, refused, accepted)
		})
	}
}

// After a recovery of the ledger the target may have a password that no version on
// record is: what is ahead is changed through the second account, everything else as
// always.
func TestWhatIsAheadIsChangedThroughTheSecondAccount(t *testing.T) {
	for _, ahead := range [][]string{{name}, nil} {
		w, worker := verified(t, custody.CredentialPolicy{})
		target := &second{account: w.account}
		worker.Targets["memory"] = func(custody.Target, custody.Secret) (Target, error) { return target, nil }
		w.do(custody.System, custody.AddPerson{Username: "max", Name: "max", Roles: []custody.Role{custody.Manager}, TOTPPeriod: 30})
		w.do("max", rotationtest.SignIn(w.clock.Now()))
		if ahead != nil {
			w.account.set(custody.SecretString("a password of the ledger that was lost"))
			w.secrets.Changed = nil // it was not Tandem who stranded it
		}
		const fresh = 1 << 50
		w.do(custody.System, custody.RecoverLedger{Reason: desk.NewNote("an older file"), Ahead: ahead,
			Confirmed: []custody.ConfirmedBy{{Person: "max", Step: fresh}, {Person: rotationtest.Primary, Step: fresh}}})
		worker.attempt(t.Context(), name)
		w.settled()
		if n := target.reconciled.Load(); n != int64(len(ahead)) {
			t.Errorf("ahead %q: %d passwords were set through the second account", ahead, n)
		}
		if c := w.credential(); !held(c) || !c.Drifted.IsZero() || c.Version != 3 {
			t.Errorf("ahead %q: %s at version %d, drifted since %v, rotation %+v", ahead, c.Phase, c.Version, c.Drifted, c.Rotation)
		}
	}
}

// Without a second account there is nothing to repair a lost password with.
func TestDriftStaysWithoutSecondAccount(t *testing.T) {
	w := reconciling(t, custody.CredentialPolicy{AutoReconcile: true}, false)
	w.finish()
	w.account.set(custody.SecretString("set by somebody else"))
	New(w.config(nil)).verifyOne(t.Context(), name)
	wantResults(t, w, refused)
	if c := w.credential(); !held(c) || c.Drifted.IsZero() {
		t.Errorf("%s, drifted since %v", c.Phase, c.Drifted)
	}
}

// No secret is read, and nobody is asked, before that is entered.
func TestNoEntryNoSecret(t *testing.T) {
	for _, fault := range []rotationtest.Fault{rotationtest.Before, rotationtest.After} {
		w, worker := verified(t, custody.CredentialPolicy{AutoReconcile: true})
		asked, reads := w.account.verifies, 0
		w.secrets.Faults = func(operation string) rotationtest.Fault {
			if operation == "read" {
				reads++
			}
			return rotationtest.None
		}
		w.desk.Faults = func(operation string) rotationtest.Fault {
			if operation == "do" {
				return fault
			}
			return rotationtest.None
		}
		worker.verifyOne(t.Context(), name)
		if reads != 0 || w.account.verifies != asked || len(w.results()) != 0 {
			t.Errorf("fault %d: %d secrets were read, %d log-ins", fault, reads, w.account.verifies-asked)
		}
		w.desk.Faults = nil
		worker.verifyOne(t.Context(), name)
		if reads != 2 { // of the administrator's and the current one
			t.Errorf("%d secrets were read", reads)
		}
	}
}

// unprobed is a target that nothing can be learnt from.
type unprobed struct{ *account }

func (unprobed) Describe() Description { return Description{Unprobed: true} }

func TestNothingToVerify(t *testing.T) {
	for what, spoil := range map[string]func(*world, *Worker){
		"unprobed": func(w *world, worker *Worker) {
			worker.Targets["memory"] = func(custody.Target, custody.Secret) (Target, error) { return unprobed{w.account}, nil }
		},
		"of no kind that is known": func(_ *world, worker *Worker) { worker.Targets = nil },
		"being changed":            func(w *world, _ *Worker) { w.desk.Rotate(name) },
		"claimed":                  func(w *world, _ *Worker) { w.desk.Steal(name, "somebody else", w.clock.Now().Add(time.Hour)) },
	} {
		t.Run(what, func(t *testing.T) {
			w, worker := verified(t, custody.CredentialPolicy{})
			spoil(w, worker)
			asked := w.account.verifies
			w.secrets.Faults = func(string) rotationtest.Fault { t.Error("the secret store is used"); return rotationtest.Before }
			worker.verifyOne(t.Context(), name)
			if w.count("verification.started") != 0 || w.account.verifies != asked {
				t.Error("something was tried")
			}
		})
	}
}

// A result is of one password: when another is on its way, or there already, it
// is none.
func TestRotationMeanwhile(t *testing.T) {
	t.Run("begins", func(t *testing.T) {
		w, worker := verified(t, custody.CredentialPolicy{AutoReconcile: true})
		w.account.onVerify = func(int, custody.Secret) error {
			w.desk.Rotate(name)
			return ErrRefused
		}
		worker.verifyOne(t.Context(), name)
		w.account.onVerify = nil
		if c := w.credential(); len(w.results()) != 0 || !c.Drifted.IsZero() || c.Rotation.Reason != custody.ForRequested {
			t.Errorf("results %v, drifted since %v, rotation %+v", w.results(), c.Drifted, c.Rotation)
		}
		w.finish()
		if c := w.credential(); !c.Drifted.IsZero() || c.Rotation.Number != 2 {
			t.Errorf("at the end: drifted since %v, rotation %+v", c.Drifted, c.Rotation)
		}
	})
	t.Run("is over before it", func(t *testing.T) {
		w, worker := verified(t, custody.CredentialPolicy{})
		stale := w.credential()
		w.desk.Rotate(name)
		w.finish()
		w.secrets.Faults = func(string) rotationtest.Fault { t.Error("the secret store is used"); return rotationtest.Before }
		if err := worker.verify(t.Context(), stale); !errors.Is(err, errOvertaken) || w.count("verification.started") != 0 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("is over after it", func(t *testing.T) {
		w, worker := verified(t, custody.CredentialPolicy{AutoReconcile: true})
		stale := w.credential()
		w.desk.Rotate(name)
		w.finish()
		err := worker.enter(t.Context(), custody.EndVerification{Credential: name, Version: stale.Version, Result: refused})
		if c := w.credential(); err != nil || len(w.results()) != 0 || !c.Drifted.IsZero() {
			t.Errorf("%v, results %v, drifted since %v", err, w.results(), c.Drifted)
		}
	})
}

// cut cuts a time into stretches, none of them longer than period.
func cut(r *rapid.T, length, period time.Duration) []time.Duration {
	cuts := rapid.SliceOfN(rapid.Int64Range(0, int64(length)), 0, 40).Draw(r, "cuts")
	for at := time.Duration(0); at < length; at += max(period/2, 1) {
		cuts = append(cuts, int64(at))
	}
	cuts = append(cuts, int64(length))
	slices.Sort(cuts)
	var stretches []time.Duration
	for i := range cuts[1:] {
		stretches = append(stretches, time.Duration(cuts[i+1]-cuts[i]))
	}
	return stretches
}

// However time is cut, every period has each place once.
func TestPlaceInEveryPeriod(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.StringMatching(`[a-z0-9-]{1,20}`).Draw(r, "name")
		period := time.Duration(rapid.Int64Range(1, int64(48*time.Hour)).Draw(r, "period"))
		w := New(Config{VerifyEvery: period})
		from := time.Unix(0, rapid.Int64Range(1<<60, 1<<61).Draw(r, "start")) // from the year 2006 on
		const periods = 5
		found := 0
		for _, stretch := range cut(r, periods*period, period) {
			to := from.Add(stretch)
			if w.hasPlace(name, from, to) {
				found++
			}
			if w.hasPlace(name, to, from) {
				r.Error("a place while the clock went back")
			}
			from = to
		}
		if found != periods {
			r.Errorf("%d places in %d periods", found, periods)
		}
		if !w.hasPlace(name, from, from.Add(period)) {
			r.Error("no place in a whole period")
		}
	})
}

// A fleet is spread over the period.
func TestPlacesAreSpread(t *testing.T) {
	w := New(Config{VerifyEvery: 24 * time.Hour})
	start := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	const names, hours = 2400, 24
	for hour := range hours {
		from, found := start.Add(time.Duration(hour)*time.Hour), 0
		for i := range names {
			if w.hasPlace(fmt.Sprintf("server-%04d", i), from, from.Add(time.Hour)) {
				found++
			}
		}
		if found < names/hours/2 || found > names/hours*2 {
			t.Errorf("%d of %d in hour %d", found, names, hour)
		}
	}
}

// Every password is tried exactly once in a period, however often is looked.
func TestVerifiedOncePerPeriod(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(quiet{t, r})
		accounts := map[string]*account{name: w.account}
		for i := range 5 {
			server := fmt.Sprintf("server-%d", i)
			accounts[server] = &account{password: custody.SecretString("before")}
			w.desk.Add(server, custody.Target{Kind: "memory", Address: address, Account: server})
		}
		c := w.config(nil)
		c.VerifyEvery = 24 * time.Hour
		c.Targets["memory"] = func(t custody.Target, _ custody.Secret) (Target, error) {
			if a := accounts[t.Account]; a != nil {
				return a, nil
			}
			return w.account, nil
		}
		worker := New(c)
		for server := range accounts {
			worker.attempt(t.Context(), server)
		}
		const periods = 3
		for _, stretch := range cut(r, periods*c.VerifyEvery, c.VerifyEvery) {
			from := w.clock.Now()
			w.clock.Advance(stretch)
			if err := worker.verifyDue(t.Context(), from, w.clock.Now()); err != nil {
				r.Fatal(err)
			}
		}
		tried := map[string]int{}
		for _, e := range w.desk.Events() {
			if f, ok := e.Fact.(custody.VerificationEnded); ok && f.Result == accepted {
				tried[f.Credential]++
			}
		}
		for server := range accounts {
			if tried[server] != periods {
				r.Errorf("%s was tried %d times in %d periods", server, tried[server], periods)
			}
		}
	})
}

// failing is a queue that cannot be read while it is down.
type failing struct {
	*rotationtest.Desk
	down  atomic.Bool
	tries atomic.Int64
}

func (f *failing) Credentials(ctx context.Context) ([]custody.Credential, error) {
	if f.tries.Add(1); f.down.Load() {
		return nil, rotationtest.ErrFault
	}
	return f.Desk.Credentials(ctx)
}

// What fell into a time when the database did not answer is tried after it.
func TestVerificationOutlastsTheDatabase(t *testing.T) {
	w, worker := verified(t, custody.CredentialPolicy{})
	queue := &failing{Desk: w.desk}
	queue.down.Store(true)
	worker.Queue, worker.VerifyEvery = queue, 60*time.Millisecond // it looks every millisecond, at a clock that stands
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); worker.keepVerifying(ctx) }()
	defer func() { cancel(); <-ended }()
	eventually(t, "it looks", func() bool { return queue.tries.Load() > 0 })
	w.clock.Advance(worker.VerifyEvery)
	seen := queue.tries.Load()
	eventually(t, "it looks in vain", func() bool { return queue.tries.Load() > seen+2 })
	queue.down.Store(false)
	eventually(t, "the password is tried", func() bool { return len(w.results()) == 1 })
	seen = queue.tries.Load()
	eventually(t, "it goes on looking", func() bool { return queue.tries.Load() > seen+5 })
	wantResults(t, w, accepted)
}

func TestNeverVerified(t *testing.T) {
	w, worker := verified(t, custody.CredentialPolicy{})
	worker.VerifyEvery = 0
	worker.keepVerifying(t.Context()) // returns
	wantResults(t, w)
}
