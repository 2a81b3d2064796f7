package follow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/prometheus/client_golang/prometheus"
)

// Ledger is what is followed.
type Ledger interface {
	Size(ctx context.Context) (int64, error)
	// Records yields the entries [from, to) in their order.
	Records(ctx context.Context, from, to int64, yield func(index int64, record []byte) error) error
}

// Place is how far a follower has come.
type Place struct {
	Next  int64     // index of the first entry that may still be to do; 0 for a new one
	At    time.Time // when it was last moved; zero: never
	Epoch int64     // of the lease: each time it is taken, one more
}

// Places keep them, each with a lease.
type Places interface {
	// Place gives that of a follower; the zero one for one that is new.
	Place(ctx context.Context, follower string) (Place, error)
	// Take takes the lease until then, with a new epoch. false: somebody else has
	// it. One that ends later than this one would was made by a clock that was
	// ahead, and counts no more.
	Take(ctx context.Context, follower, owner string, now, until time.Time) (Place, bool, error)
	// Prolong prolongs the lease of an epoch. false: it was taken by another.
	Prolong(ctx context.Context, follower string, epoch int64, until time.Time) (bool, error)
	// Advance moves the place, never back. false: the lease has another epoch.
	Advance(ctx context.Context, follower string, epoch, next int64, at time.Time) (bool, error)
	// Leave ends the lease of an epoch, so that another process need not wait.
	Leave(ctx context.Context, follower string, epoch int64) error
}

// Config is what a Follower works with. The times have defaults.
type Config struct {
	Name  string // of the follower, for its place
	Owner string // of the lease: this process

	Ledger Ledger                 // nil: Read and CollectLag are not used
	Places Places                 // nil: every process follows, and none has a place
	Follow func() <-chan struct{} // a channel that is closed at the next commit
	Now    func() time.Time
	Log    *slog.Logger

	Outcome func(error) // is told of each turn's error, nil when it went well; nil: nobody is

	Settle   time.Duration // between a growth and the round that it leads to; none
	MinPause time.Duration // after trouble, the first time; 1 s
	MaxPause time.Duration // at most, and between two rounds at rest; 1 min
	Lease    time.Duration // 1 min
}

// ErrOvertaken is the cause for which a round's context ends when another process
// has taken the lease.
var ErrOvertaken = errors.New("follow: another process follows now")

// Follower follows. Run is to be called once.
type Follower struct {
	Config
	place   Place
	held    bool
	until   time.Time // of the lease
	trouble string    // of the last turn; "": none
}

// New makes a follower.
func New(c Config) *Follower {
	c.MinPause = cmp.Or(c.MinPause, time.Second)
	c.MaxPause = cmp.Or(c.MaxPause, time.Minute)
	c.Lease = cmp.Or(c.Lease, time.Minute)
	return &Follower{Config: c}
}

// Round is one look at what there is to do. It is given the place, with an epoch
// that is new whenever the lease was taken anew: then what was remembered of rounds
// before counts no more. again is when to look next if nothing happens; zero: after
// MaxPause.
type Round func(ctx context.Context, at Place) (again time.Time, err error)

// Run calls round whenever the ledger grew, when one of wake fires, and when the
// last round asked for it, until ctx ends. After an error it waits, each time
// longer, and then calls it again; a round that went well, or lasted longer than
// the longest pause, makes the next pause short again.
func (f *Follower) Run(ctx context.Context, round Round, wake ...func() <-chan struct{}) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = f.MinPause, f.MaxPause
	defer f.leave(ctx)
	for ctx.Err() == nil {
		grew := f.Follow() // before looking, so that no commit falls between
		began := time.Now()
		again, err := f.turn(ctx, round)
		if ctx.Err() != nil {
			return
		}
		if err == nil || time.Since(began) > f.MaxPause {
			pause.Reset()
		}
		if again.IsZero() {
			again = f.Now().Add(f.MaxPause)
		}
		f.tell(ctx, err)
		if err != nil { // which does not end because the ledger grows
			again = f.Now().Add(pause.NextBackOff())
			f.sleep(ctx, again, nil, nil)
		} else if f.sleep(ctx, again, grew, wake) {
			f.sleep(ctx, f.Now().Add(f.Settle), nil, nil)
		}
	}
}

// tell says when trouble begins, becomes another one, and ends.
func (f *Follower) tell(ctx context.Context, err error) {
	if f.Outcome != nil {
		f.Outcome(err)
	}
	text := ""
	if err != nil {
		text = err.Error()
	}
	switch {
	case text == f.trouble:
	case err != nil:
		f.Log.WarnContext(ctx, "what follows the ledger has to wait", "follower", f.Name, "error", err)
	default:
		f.Log.InfoContext(ctx, "what follows the ledger goes on", "follower", f.Name)
	}
	f.trouble = text
}

// sleep waits until there may be something to do, and keeps the lease meanwhile. It
// says whether it was woken.
func (f *Follower) sleep(ctx context.Context, again time.Time, grew <-chan struct{}, wake []func() <-chan struct{}) bool {
	sleeping, woken := context.WithCancel(ctx)
	defer woken()
	for _, w := range append(wake, func() <-chan struct{} { return grew }) {
		fired := w()
		go func() {
			select {
			case <-fired:
				woken()
			case <-sleeping.Done():
			}
		}()
	}
	for sleeping.Err() == nil {
		rest := again.Sub(f.Now())
		if rest <= 0 {
			return false
		}
		select {
		case <-sleeping.Done():
		case <-time.After(min(rest, f.Lease/3)):
			_ = f.hold(ctx) // or the next turn takes it
		}
	}
	return true
}

// turn calls round, if this process is the one that follows.
func (f *Follower) turn(ctx context.Context, round Round) (again time.Time, err error) {
	if err := f.hold(ctx); err != nil || !f.held {
		return f.Now().Add(f.Lease / 3), err
	}
	if f.Places == nil {
		return round(ctx, f.place)
	}
	ctx, overtaken := context.WithCancelCause(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		f.keep(ctx, overtaken)
	}()
	again, err = round(ctx, f.place)
	if cause := context.Cause(ctx); errors.Is(cause, ErrOvertaken) {
		f.held, err = false, cause
	}
	overtaken(nil)
	<-kept
	return again, err
}

// hold takes the lease, or prolongs it.
func (f *Follower) hold(ctx context.Context) (err error) {
	if f.Places == nil {
		f.held = true
		return nil
	}
	now := f.Now()
	until := now.Add(f.Lease)
	if f.held {
		if left := f.until.Sub(now); left > f.Lease*2/3 && left <= f.Lease {
			return nil
		}
		if f.held, err = f.Places.Prolong(ctx, f.Name, f.place.Epoch, until); err != nil {
			f.held = false
			return err
		}
	}
	if !f.held {
		if f.place, f.held, err = f.Places.Take(ctx, f.Name, f.Owner, now, until); err != nil {
			f.held = false
			return err
		}
	}
	f.until = until
	return nil
}

// keep prolongs the lease while a round lasts, and ends the round when it was
// overtaken. A database that cannot be asked is no reason to end it: until the
// lease is over nobody else follows, and after that the epoch refuses what is late.
func (f *Follower) keep(ctx context.Context, overtaken context.CancelCauseFunc) {
	every := time.NewTicker(f.Lease / 3)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		if still, err := f.Places.Prolong(ctx, f.Name, f.place.Epoch, f.Now().Add(f.Lease)); err == nil && !still {
			overtaken(ErrOvertaken)
			return
		}
	}
}

// endTimeout bounds what is still said to the database at the end.
const endTimeout = 5 * time.Second

func (f *Follower) leave(ctx context.Context) {
	if f.Places == nil || !f.held {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if err := f.Places.Leave(ctx, f.Name, f.place.Epoch); err != nil {
		f.Log.InfoContext(ctx, "the lease of a follower runs out by itself", "follower", f.Name, "error", err)
	}
}

// Advance says that everything before next is done: a later start goes on from
// there. The error is ErrOvertaken when this process follows no more. A round calls
// it, also after its context ended.
func (f *Follower) Advance(ctx context.Context, next int64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	at := f.Now()
	moved, err := f.Places.Advance(ctx, f.Name, f.place.Epoch, next, at)
	switch {
	case err != nil:
		return err
	case !moved:
		f.held = false
		return ErrOvertaken
	}
	f.place.Next, f.place.At = max(f.place.Next, next), at
	return nil
}

// Read yields the entries from an index on, at most so many, and gives the index
// behind them. A ledger that leaves one out is an error: who passes over a gap
// never comes back to it.
func (f *Follower) Read(ctx context.Context, from, most int64, yield func(index int64, record []byte) error) (next int64, err error) {
	size, err := f.Ledger.Size(ctx)
	if err != nil || size <= from {
		return from, err
	}
	next, to := from, min(size, from+most)
	err = f.Ledger.Records(ctx, from, to, func(index int64, record []byte) error {
		if index != next {
			return missing(next)
		}
		next++
		return yield(index, record)
	})
	if err == nil && next != to {
		err = missing(next)
	}
	return next, err
}

func missing(index int64) error { return fmt.Errorf("follow: the ledger has no entry %d", index) }

// lookTimeout bounds how long the database may take to answer a scrape.
const lookTimeout = 5 * time.Second

// CollectLag gives how many entries are behind the place. There is no metric when
// the database does not answer.
func (f *Follower) CollectLag(lag *prometheus.Desc, to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	at, err := f.Places.Place(ctx, f.Name)
	if err != nil {
		return
	}
	if size, err := f.Ledger.Size(ctx); err == nil {
		to <- prometheus.MustNewConstMetric(lag, prometheus.GaugeValue, float64(max(size-at.Next, 0)))
	}
}
