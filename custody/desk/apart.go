package desk

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Where several machines have one database, its clock is the one that they share: by it
// leases are taken, and a code that one of them takes, another one must take too.

// maxApart is how far the clock of this machine may be from the database's. A code that
// is looked at by a clock which is further off may be one that nobody's authenticator
// shows any more, or not yet.
const maxApart = 2 * time.Second

// ErrClockApart: the clock of this machine is not the database's. No code is looked at
// until it is.
var ErrClockApart = fmt.Errorf("%w: it is not the database's", ErrClockWrong)

// sharedClock is what this process knows of the database's clock: what it said, some time
// between two instants. It is safe for use by several goroutines.
type sharedClock struct {
	mu    sync.Mutex
	said  time.Time     // zero: it was never heard
	first time.Duration // the clock's Elapsed before it was asked
	last  time.Duration // and after it had answered
}

// hear notes what it said.
func (c *sharedClock) hear(said time.Time, first, last time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.said, c.first, c.last = said, first, last
}

// at gives what it says at an instant: not before earliest, and not after latest. false:
// nobody knows.
func (c *sharedClock) at(elapsed time.Duration) (earliest, latest time.Time, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.said.Add(elapsed - c.last), c.said.Add(elapsed - c.first), !c.said.IsZero()
}

// tendSharedClock asks the database what time it is. One that does not answer leaves what
// was known: how much time has passed since is known without it.
func (d *Desk) tendSharedClock(ctx context.Context) {
	if d.DatabaseTime == nil {
		return
	}
	first := d.Clock.Elapsed()
	said, err := d.DatabaseTime(ctx)
	if err != nil {
		d.Log.DebugContext(ctx, "the database's clock was not heard", "error", err)
		return
	}
	d.shared.hear(said, first, d.Clock.Elapsed())
	switch apart := d.ClockApart(); {
	case apart != nil && !d.apart.Swap(true):
		d.Log.Error("no code is looked at until this machine's clock is the database's", "error", apart, "alarm", true)
	case apart == nil && d.apart.Swap(false):
		d.Log.Warn("the clock is the database's again: going on")
	}
}

// ClockApart says how far the clock of this machine is from the database's, or nil where it
// is not, or nobody knows.
func (d *Desk) ClockApart() error {
	now := d.Clock.Now()
	earliest, latest, known := d.shared.at(d.Clock.Elapsed())
	switch {
	case !known:
	case now.Before(earliest.Add(-maxApart)):
		return fmt.Errorf("%w: it says %s, and the database %s", ErrClockApart, shown(now), shown(earliest))
	case now.After(latest.Add(maxApart)):
		return fmt.Errorf("%w: it says %s, and the database %s", ErrClockApart, shown(now), shown(latest))
	}
	return nil
}

// SharedTime is the time that all who have this database agree on, whatever their own
// clocks say: leases are taken by it. Where the database has no clock of its own it is
// Time.
func (d *Desk) SharedTime() time.Time {
	if _, latest, known := d.shared.at(d.Clock.Elapsed()); known {
		return latest
	}
	return d.Time()
}
