package rotation

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Config is what a worker needs. Of the numbers, zero means the one named.
type Config struct {
	Desk       Desk
	Queue      Queue
	Secrets    Secrets
	Targets    map[string]Opener    // by custody.Target.Kind
	Dependents map[string]Dependent // by their names in credentials' policies
	Clock      desk.Clock
	Log        *slog.Logger

	// Owner names this worker among those of all replicas. Empty: a random
	// name, so that a restarted process waits for its own old leases to end.
	Owner string

	Parallel  int // rotations at once: 16
	PerTarget int // of these, at one address: 4

	// VerifyEvery is how often each password is tried on its target; zero: never.
	VerifyEvery time.Duration

	Interval    time.Duration // between two looks when nothing wakes the worker: 15 s
	Lease       time.Duration // a claim holds this long when its worker dies: 15 s
	StepTimeout time.Duration // for each thing asked of the target, the secret store and the desk: 30 s
	BackoffBase time.Duration // about how long after the first failed attempt; each doubles it: 1 s
	BackoffMax  time.Duration // never longer: 15 min

	// LockoutWindow is for how long nothing is tried after a log-in was refused: what
	// targets take to forget one. 15 min; negative: no longer than after anything else.
	LockoutWindow time.Duration

	// Hook is called between each two steps, for tests that crash there:
	// made (where the system makes the value), staged-written, staged-reported, changed, applied-reported, new-proved,
	// old-refused (where there was an old value), verified-reported,
	// promoted-written, promoted-reported, cleared. nil in production.
	Hook func(step string)
}

func (c Config) hook(step string) {
	if c.Hook != nil {
		c.Hook(step)
	}
}

// settle is how long a look is put off after what calls for one: commits come
// in bursts, the worker's own among them, and one look serves them all.
const settle = 50 * time.Millisecond

var errClaimed = errors.New("another worker has the claim")

// Worker carries out the rotations that the ledger says are due.
type Worker struct {
	Config

	// Of Run's own goroutine.
	waiting []custody.Credential // due, but not started yet
	running map[string]place     // credential -> where its attempt is
	paused  map[string]time.Time // credential -> not again before, though the ledger would let it
	done    chan ending
	turns   turns
}

// ending is how an attempt at a credential ended.
type ending struct {
	credential string
	at         place
	when       time.Time
	outcome
}

// outcome is what came of an attempt.
type outcome struct {
	entered  bool    // the ledger says when to go on
	failure  Failure // "": none
	reached  bool    // the target answered
	admitted bool    // and let its second account in
}

// New makes a worker; Run sets it to work.
func New(c Config) *Worker {
	c.Owner = cmp.Or(c.Owner, "worker-"+rand.Text())
	c.Parallel = cmp.Or(c.Parallel, 16)
	c.PerTarget = cmp.Or(c.PerTarget, 4)
	c.Interval = cmp.Or(c.Interval, 15*time.Second)
	c.Lease = cmp.Or(c.Lease, 15*time.Second)
	c.StepTimeout = cmp.Or(c.StepTimeout, 30*time.Second)
	c.BackoffBase = cmp.Or(c.BackoffBase, time.Second)
	c.BackoffMax = cmp.Or(c.BackoffMax, 15*time.Minute)
	c.LockoutWindow = cmp.Or(c.LockoutWindow, 15*time.Minute)
	return &Worker{
		Config:  c,
		running: map[string]place{},
		paused:  map[string]time.Time{},
		done:    make(chan ending),
		turns: turns{
			parallel: c.Parallel, perHost: c.PerTarget,
			answered: map[string]bool{}, admitted: map[string]time.Time{},
		},
	}
}

// Run works until ctx ends, and returns its error when every attempt has ended.
// An attempt that is cut short goes on after the next start. To be called once.
func (w *Worker) Run(ctx context.Context) error {
	var beside sync.WaitGroup
	beside.Go(func() { w.clearFinished(ctx) })
	beside.Go(func() { w.keepVerifying(ctx) })
	defer beside.Wait()

	look := time.NewTimer(0)
	defer look.Stop()
	soon := true // look will fire within settle
	lookSoon := func() {
		if !soon {
			soon = true
			look.Reset(settle)
		}
	}
	var committed <-chan struct{}
	for {
		select {
		case <-ctx.Done():
			for range w.running {
				<-w.done
			}
			return ctx.Err()
		case e := <-w.done:
			delete(w.running, e.credential)
			w.turns.ended(e)
			if !e.entered {
				w.paused[e.credential] = w.Clock.Now().Add(w.Interval)
			}
			lookSoon() // while it was busy, its next rotation may have come up
		case <-committed:
			committed = nil
			lookSoon()
		case <-look.C:
			soon = false
			committed = w.Desk.Follow() // before looking, so that no commit falls between
			look.Reset(w.look(ctx))
		}
		w.start(ctx)
	}
}

// look finds out what is due, and says when to look again at the latest.
func (w *Worker) look(ctx context.Context) time.Duration {
	asking, cancel := context.WithTimeout(ctx, w.StepTimeout)
	defer cancel()
	unfinished, err := w.Queue.Unfinished(asking)
	if err != nil {
		if ctx.Err() == nil {
			w.Log.Warn("what is to be rotated could not be read", "error", err)
		}
		return w.Interval
	}
	now, next := w.Clock.Now(), w.Interval
	w.turns.look(unfinished, now)
	paused := w.paused
	w.waiting, w.paused = nil, map[string]time.Time{}
	for _, c := range unfinished {
		at, ok := nextTry(c)
		if !ok {
			continue // the commit that changes this wakes us
		}
		if until := paused[c.Name]; until.After(now) {
			w.paused[c.Name] = until
			if until.After(at) {
				at = until
			}
		}
		if wait := at.Sub(now); wait > 0 {
			next = min(next, wait)
			continue
		}
		w.waiting = append(w.waiting, c)
	}
	w.turns.sort(w.waiting)
	return next
}

// nextTry says from when on there is something to do for a credential; false:
// nothing, as it is now.
func nextTry(c custody.Credential) (at time.Time, ok bool) {
	switch {
	case arrivesAlone(c):
		return at, true
	case c.Halted():
		return at, false
	case c.Phase == custody.Rotating:
		return c.Rotation.NextTry, true
	case c.Drilling(): // at once, and whether others are tried regularly or not
		return at, true
	case !c.AtRest() || len(c.Updates) == 0:
		return at, false
	}
	first := slices.MinFunc(c.Updates, func(a, b custody.Update) int { return a.NextTry.Compare(b.NextTry) })
	return first.NextTry, true
}

// arrivesAlone says that secrets are on their way to a credential, and that there is
// nothing else to do for it: where there is, that begins with it.
func arrivesAlone(c custody.Credential) bool {
	return c.Arriving != "" && (c.AtRest() || c.Halted())
}

// start sets what is waiting to work, as far as the bounds allow.
func (w *Worker) start(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	w.waiting = slices.DeleteFunc(w.waiting, func(c custody.Credential) bool {
		if _, busy := w.running[c.Name]; busy {
			return true // the next look sees what came of it
		}
		at := placeOf(c)
		if !w.turns.may(at, w.running, w.Clock.Now()) {
			return false
		}
		w.running[c.Name] = at
		go func() {
			e := ending{credential: c.Name, at: at}
			defer func() { w.done <- e }()
			e.outcome = w.attempt(ctx, c.Name)
			e.when = w.Clock.Now()
		}()
		return true
	})
}

// attempt makes one attempt at a credential.
func (w *Worker) attempt(ctx context.Context, name string) (came outcome) {
	err := w.claimed(ctx, name, func(ctx context.Context) error {
		// Read once more, under the claim: what Rotating said is older.
		c, err := w.credential(ctx, name)
		if err != nil {
			return err
		}
		switch at, ok := nextTry(c); {
		case !ok, at.After(w.Clock.Now()):
			return nil
		case arrivesAlone(c):
			return w.Desk.Settle(ctx, name)
		case c.Phase == custody.Rotating:
			a := w.newAttempt(c)
			defer func() { came.failure, came.reached, came.admitted = a.failed, a.reached, a.admitted }()
			return a.run(ctx)
		case c.Drilling():
			return w.drill(ctx, c)
		}
		return w.updateDependents(ctx, c)
	})
	switch {
	case err == nil, errors.Is(err, errFailed):
		came.entered = true
	case errors.Is(err, errOvertaken), errors.Is(err, errClaimed), ctx.Err() != nil:
		w.Log.Debug("a rotation goes on later, or elsewhere", "credential", name, "reason", err)
	default:
		w.Log.Warn("a rotation was interrupted", "credential", name, "error", err)
	}
	return came
}

// claimed does something under the claim on a credential, which it keeps
// renewing. When the claim is lost, do's context ends, well before another
// worker can have it.
func (w *Worker) claimed(ctx context.Context, name string, do func(context.Context) error) error {
	if err := w.claim(ctx, name); err != nil {
		return err
	}
	ctx, lose := context.WithCancelCause(ctx)
	var renewing sync.WaitGroup
	renewing.Go(func() {
		renewal := time.NewTicker(w.Lease / 3)
		defer renewal.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-renewal.C:
				if err := w.claim(ctx, name); err != nil {
					lose(err)
				}
			}
		}
	})
	defer func() {
		lose(nil)
		renewing.Wait()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.Lease/3)
		defer cancel()
		if err := w.Queue.Release(ctx, name, w.Owner); err != nil {
			w.Log.Debug("a claim could not be released; it ends by itself", "credential", name, "error", err)
		}
	}()
	return do(ctx)
}

func (c Config) claim(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, c.Lease/3)
	defer cancel()
	now := c.Clock.Now()
	ok, err := c.Queue.Claim(ctx, name, c.Owner, now, now.Add(c.Lease))
	if err == nil && !ok {
		err = errClaimed
	}
	return err
}

func (w *Worker) credential(ctx context.Context, name string) (custody.Credential, error) {
	ctx, cancel := context.WithTimeout(ctx, w.StepTimeout)
	defer cancel()
	return w.Queue.Credential(ctx, name)
}

func (w *Worker) credentials(ctx context.Context) ([]custody.Credential, error) {
	ctx, cancel := context.WithTimeout(ctx, w.StepTimeout)
	defer cancel()
	return w.Queue.Credentials(ctx)
}

// clearFinished deletes what is still staged for credentials whose rotation is
// over: a crash came between. It is tidying only, and gives up at the first
// error: the next rotation of a credential clears up after the one before.
func (w *Worker) clearFinished(ctx context.Context) {
	credentials, err := w.credentials(ctx)
	for _, c := range credentials {
		if err != nil {
			break
		}
		if c.Phase != custody.Rotating && !c.Abandoned { // what was given up may open its account
			err = w.clear(ctx, custody.RotationID{Credential: c.Name, Number: c.Rotation.Number})
		}
	}
	if err != nil && ctx.Err() == nil {
		w.Log.Debug("not everything that old rotations staged could be deleted", "error", err)
	}
}
