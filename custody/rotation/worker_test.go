package rotation

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation/rotationtest"
)

func held(c custody.Credential) bool { return c.Phase == custody.Held }

// run sets a worker to work until the test ends or stop is called, which
// returns what Run did.
func run(t *testing.T, c Config) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- New(c).Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { stop() })
	return stop
}

func TestRunWakesByItself(t *testing.T) {
	w := newWorld(t)
	c := w.config(nil)
	c.Interval = time.Hour // nothing but commits wakes it
	stop := run(t, c)
	w.desk.Await(name, held)
	w.desk.Rotate(name)
	w.desk.Await(name, held)
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("Run gave %v", err)
	}
	w.settled()
}

func TestRunTriesAgain(t *testing.T) {
	w := newWorld(t)
	w.account.onChange = func(n int) (bool, error) {
		if n < 3 {
			return false, ErrUnreachable
		}
		return true, nil
	}
	c := w.config(nil)
	c.Clock, c.Interval, c.BackoffBase = desk.ClockFunc(time.Now), time.Hour, time.Millisecond
	stop := run(t, c)
	w.desk.Await(name, held)
	stop()
	wantFailures(t, w, Unreachable, Unreachable, Unreachable)
}

// A rotation that comes up while the one before is being cleared away is not
// overlooked.
func TestRunSeesTheNextRotation(t *testing.T) {
	w := newWorld(t)
	looks := looking{Desk: w.desk}
	once := sync.OnceFunc(func() {
		w.desk.Rotate(name)
		looks.await(t, 1)
	})
	c := w.config(func(step string) {
		if step == "promoted-reported" {
			once()
		}
	})
	c.Queue, c.Interval = &looks, time.Hour
	run(t, c)
	w.desk.Await(name, func(c custody.Credential) bool { return c.Phase == custody.Held && c.Rotation.Number == 2 })
}

// looking counts looks.
type looking struct {
	*rotationtest.Desk
	n atomic.Int64
}

func (l *looking) Unfinished(ctx context.Context) ([]custody.Credential, error) {
	defer l.n.Add(1)
	return l.Desk.Unfinished(ctx)
}

// await waits until the worker has looked so many times more.
func (l *looking) await(t *testing.T, more int64) {
	t.Helper()
	before := l.n.Load()
	eventually(t, "the worker looks again", func() bool { return l.n.Load() >= before+more })
}

// Where nothing could be entered, the worker does not run hot.
func TestRunPausesWhatItCannotEnter(t *testing.T) {
	w := newWorld(t)
	var reports atomic.Int64
	w.desk.Faults = func(operation string) rotationtest.Fault {
		if operation == "do" && reports.Add(1) <= 3 {
			return rotationtest.Before
		}
		return rotationtest.None
	}
	c := w.config(nil)
	c.Interval = 10 * time.Millisecond
	looks := looking{Desk: w.desk}
	c.Queue = &looks
	run(t, c)
	eventually(t, "a report fails", func() bool { return reports.Load() == 1 })
	// The clock stands: not before it has moved by the interval is there another try.
	looks.await(t, 5)
	if n := reports.Load(); n != 1 {
		t.Errorf("%d reports while the clock stood", n)
	}
	eventually(t, "it goes on", func() bool {
		w.clock.Advance(c.Interval)
		return held(w.credential())
	})
}

func TestTwoWorkers(t *testing.T) {
	const credentials = 20
	w := newWorld(t)
	accounts := map[string]*account{}
	for i := range credentials {
		name := fmt.Sprintf("server-%d", i)
		accounts[name] = &account{password: custody.SecretString("before")}
		w.desk.Add(name, custody.Target{Kind: "memory", Address: fmt.Sprintf("host-%d:22", i%3), Account: name})
	}
	for range 2 {
		c := w.config(nil)
		c.Interval = 10 * time.Millisecond
		c.Targets = map[string]Opener{"memory": func(t custody.Target, _ custody.Secret) (Target, error) {
			if a := accounts[t.Account]; a != nil {
				return a, nil
			}
			return w.account, nil
		}}
		run(t, c)
	}
	go func() { // lets pauses end
		for t.Context().Err() == nil {
			w.clock.Advance(10 * time.Millisecond)
			time.Sleep(time.Millisecond)
		}
	}()
	for name, account := range accounts {
		w.desk.Await(name, held)
		if n := len(account.told); n != 1 {
			t.Errorf("%s was changed %d times", name, n)
		}
	}
	w.desk.Await(name, held)
	if n := w.count("rotation.promoted"); n != credentials+1 {
		t.Errorf("%d promotions of %d credentials", n, credentials+1)
	}
	if len(w.failures()) != 0 {
		t.Errorf("failures %v", w.failures())
	}
}

// crowd is a target that counts who is there at once.
type crowd struct {
	*account
	mu      sync.Mutex
	now     map[string]int
	total   int
	most    map[string]int
	mostAll int
	arrived chan struct{}
	leave   chan struct{}
}

type visitor struct {
	*crowd
	address string
}

func (visitor) Describe() Description { return Description{} }

func (v visitor) Change(ctx context.Context, old, next custody.Secret) error {
	v.mu.Lock()
	v.now[v.address]++
	v.total++
	v.most[v.address] = max(v.most[v.address], v.now[v.address])
	v.mostAll = max(v.mostAll, v.total)
	v.mu.Unlock()
	v.arrived <- struct{}{}
	<-v.leave
	v.mu.Lock()
	v.now[v.address]--
	v.total--
	v.mu.Unlock()
	return nil
}

func (v visitor) Verify(context.Context, custody.Secret) error { return nil }

func TestBounds(t *testing.T) {
	const credentials = 12
	w := newWorld(t)
	var names []string
	for i := range credentials {
		names = append(names, fmt.Sprintf("server-%d", i))
		w.desk.Add(names[i], custody.Target{Kind: "crowd", Address: fmt.Sprintf("host-%d:22", i%3), Account: names[i]})
	}
	all := &crowd{now: map[string]int{}, most: map[string]int{}, arrived: make(chan struct{}), leave: make(chan struct{})}
	c := w.config(nil)
	c.Parallel, c.PerTarget = 5, 2
	c.Targets["crowd"] = func(t custody.Target, _ custody.Secret) (Target, error) { return visitor{all, t.Address}, nil }
	run(t, c)
	together := c.Parallel - c.Parallel/4 // a part is kept for hosts that are known to answer
	for range together {
		<-all.arrived
	}
	close(all.leave)
	for range credentials - together {
		<-all.arrived
	}
	for _, name := range names {
		w.desk.Await(name, held)
	}
	if all.mostAll < together || all.mostAll > c.Parallel {
		t.Errorf("%d at once, not %d to %d", all.mostAll, together, c.Parallel)
	}
	for address, most := range all.most {
		if most > c.PerTarget {
			t.Errorf("%d at once at %s", most, address)
		}
	}
}

// A worker whose claim somebody else has now stops in the middle, and enters
// nothing.
func TestClaimIsLost(t *testing.T) {
	w := newWorld(t)
	c := w.config(nil)
	c.Lease = 30 * time.Millisecond
	arrived := make(chan struct{})
	c.Targets["memory"] = func(custody.Target, custody.Secret) (Target, error) {
		return stuck{arrived}, nil
	}
	worker := New(c)
	ended := make(chan bool)
	go func() { ended <- worker.attempt(t.Context(), name).entered }()
	<-arrived
	w.desk.Steal(name, "somebody else", w.clock.Now().Add(time.Hour))
	if <-ended {
		t.Error("the ledger knows how the attempt ended")
	}
	wantFailures(t, w)
	if New(w.config(nil)).attempt(t.Context(), name).entered {
		t.Error("an attempt without the claim")
	}
}

// A claim is kept for as long as the work takes.
func TestClaimIsRenewed(t *testing.T) {
	w := newWorld(t)
	var renewals atomic.Int64
	w.desk.Faults = func(operation string) rotationtest.Fault {
		if operation == "claim" {
			renewals.Add(1)
		}
		return rotationtest.None
	}
	c := w.config(func(step string) {
		if step == "changed" {
			eventually(t, "the claim is renewed", func() bool { return renewals.Load() > 3 })
		}
	})
	c.Lease = 30 * time.Millisecond
	if !New(c).attempt(t.Context(), name).entered {
		t.Error("the attempt was cut short")
	}
	w.settled()
}

// stuck is a target that never answers.
type stuck struct{ arrived chan struct{} }

func (stuck) Describe() Description { return Description{} }

func (s stuck) Verify(ctx context.Context, _ custody.Secret) error {
	<-ctx.Done()
	return ctx.Err()
}

func (s stuck) Change(ctx context.Context, _, _ custody.Secret) error {
	close(s.arrived)
	<-ctx.Done()
	return ctx.Err()
}

func (stuck) Reconcile(context.Context, custody.Secret) error { return errUnknown }

func TestStopsInTheMiddle(t *testing.T) {
	w := newWorld(t)
	c := w.config(nil)
	arrived := make(chan struct{})
	working := c.Targets["memory"]
	c.Targets["memory"] = func(custody.Target, custody.Secret) (Target, error) { return stuck{arrived}, nil }
	stop := run(t, c)
	<-arrived
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("Run gave %v", err)
	}
	wantFailures(t, w)
	c = w.config(nil)
	c.Targets["memory"] = working
	run(t, c) // the claim was given back, so at once
	w.desk.Await(name, held)
}

// Everything that is waited for has a limit.
func TestStepTimeout(t *testing.T) {
	w := newWorld(t)
	c := w.config(nil)
	c.StepTimeout = 10 * time.Millisecond
	c.Targets["memory"] = func(custody.Target, custody.Secret) (Target, error) { return stuck{make(chan struct{})}, nil }
	if !New(c).attempt(t.Context(), name).entered {
		t.Error("the ledger does not know how the attempt ended")
	}
	wantFailures(t, w, Unreachable)
}

func TestClearsUpOnStart(t *testing.T) {
	w := newWorld(t)
	w.attempt("promoted-reported")
	if len(w.staged()) != 1 {
		t.Fatal("nothing is left over")
	}
	run(t, w.config(nil))
	eventually(t, "it is cleared up", func() bool { return len(w.staged()) == 0 })
}
