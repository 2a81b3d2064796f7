package desk

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// Clock gives the time, and how much of it has passed. They are two: who sets a
// clock moves the first and not the second.
type Clock interface {
	// Now is what the clock on the wall says. One instant is taken for each
	// transaction.
	Now() time.Time

	// Elapsed is how long ago something was, always the same: it only grows, and as
	// fast as time passes.
	Elapsed() time.Duration
}

// ClockFunc makes a Clock of a function, whose time passes and is never set.
type ClockFunc func() time.Time

// Now calls f.
func (f ClockFunc) Now() time.Time { return f() }

// Elapsed counts from 1970.
func (f ClockFunc) Elapsed() time.Duration { return f().Sub(time.Unix(0, 0)) }

// MachineClock is the clock of this machine.
func MachineClock() Clock { return machineClock{time.Now()} }

type machineClock struct{ began time.Time }

// Now is without the monotonic reading that Go takes along: two such instants
// would be compared by that, and nobody would see that the clock was set.
func (machineClock) Now() time.Time { return time.Now().Round(0) }

func (c machineClock) Elapsed() time.Duration { return elapsed(c.began) }

// ErrClockWrong: the clock is behind the ledger, or has moved otherwise than time
// passed. Nothing is decided until it is right, or somebody on the host has said so.
var ErrClockWrong = errors.New("the clock is wrong")

// longestRest is how long an installation may have been off before it asks on the
// host whether the clock is right.
const longestRest = 3 * 24 * time.Hour

// ClockConfirmation is what somebody on the host said: at this instant the clock
// was right, and the ledger had this many entries. The zero value: nobody did.
type ClockConfirmation struct {
	At   time.Time
	Size int64
}

// holds says whether it is about this clock and this ledger, and not left over.
func (c ClockConfirmation) holds(now time.Time, size int64) bool {
	const lasts = time.Hour
	return c.Size == size && !c.At.After(now.Add(custody.ClockSlack)) && now.Before(c.At.Add(lasts))
}

// reading is one look at a clock.
type reading struct {
	wall    time.Time
	elapsed time.Duration
}

// since is what the wall clock would say had nobody set it since the reading.
func (r reading) since(elapsed time.Duration) time.Time { return r.wall.Add(elapsed - r.elapsed) }

// timekeeper judges the clock. It is safe for use by several goroutines.
type timekeeper struct {
	clock Clock

	mu    sync.Mutex
	good  *reading // the last that was right; nil: none since the start, or since the ledger's time was corrected
	wrong error    // what the last look found
}

// look reads the clock and judges it against the ledger. changed: the last look
// found otherwise.
func (k *timekeeper) look(ledger time.Time) (now time.Time, wrong error, changed bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := reading{k.clock.Now(), k.clock.Elapsed()}
	wrong = k.judge(r, ledger)
	changed = (wrong == nil) != (k.wrong == nil)
	if k.wrong = wrong; wrong == nil {
		k.good = &r
	}
	return r.wall, wrong, changed
}

func (k *timekeeper) judge(r reading, ledger time.Time) error {
	if behind := ledger.Sub(r.wall); behind > custody.ClockSlack {
		return fmt.Errorf("%w: it says %s, and the last entry is of %s", ErrClockWrong, shown(r.wall), shown(ledger))
	}
	if k.good == nil {
		if !ledger.IsZero() && r.wall.Sub(ledger) > longestRest {
			return fmt.Errorf("%w, or this installation was off for long: it says %s, and the last entry is of %s", ErrClockWrong, shown(r.wall), shown(ledger))
		}
		return nil
	}
	if expected := k.good.since(r.elapsed); r.wall.Sub(expected).Abs() > custody.ClockSlack {
		return fmt.Errorf("%w: it was set from %s to %s while this server ran", ErrClockWrong, shown(expected), shown(r.wall))
	}
	return nil
}

func shown(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// trust takes the present reading for right, because somebody said so.
func (k *timekeeper) trust() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.good = &reading{k.clock.Now(), k.clock.Elapsed()}
}

// forget has the next look judge as at a start: the ledger has another time.
func (k *timekeeper) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.good = nil
}

// time is what counts where nothing is decided: while the clock is wrong, the time
// that it was last right, and what has passed since.
func (k *timekeeper) time(ledger time.Time) time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.clock.Now()
	switch {
	case k.wrong == nil:
		return now
	case k.good != nil:
		return k.good.since(k.clock.Elapsed())
	case now.Before(ledger):
		return ledger
	}
	return now
}

// lookAtClock gives the time, or says why the clock is wrong.
func (d *Desk) lookAtClock() (time.Time, error) {
	now, wrong, changed := d.time.look(d.ledgerTime())
	switch {
	case changed && wrong != nil:
		d.Log.Error("nothing is decided until the clock is right, or somebody has said on this machine that it is: tandem clock", "error", wrong, "alarm", true)
	case changed:
		d.Log.Warn("the clock is right again: going on")
	}
	return now, wrong
}

// ClockWrong says why the clock is wrong, or nil.
func (d *Desk) ClockWrong() error {
	_, wrong := d.lookAtClock()
	return wrong
}

// Time is the time that counts for what is looked at and not decided: a clock that
// jumps ends nobody's session.
func (d *Desk) Time() time.Time {
	_, _ = d.lookAtClock()
	return d.time.time(d.ledgerTime())
}

func (d *Desk) ledgerTime() time.Time {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.state.Time
}

// remembered is the time for what is kept in memory for a while: it only grows.
func (d *Desk) remembered() time.Time { return time.Unix(0, 0).Add(d.Clock.Elapsed()) }

// mayDecide says whether a command may be carried out now.
func (d *Desk) mayDecide(ctx context.Context, a custody.Action) error {
	if err := d.belongs(ctx); err != nil {
		return err
	}
	if despiteClock(a) {
		return nil
	}
	// Another process may have corrected the ledger's time.
	if d.ClockWrong() != nil {
		if err := d.catchUpNow(ctx); err != nil {
			return err
		}
	}
	return d.ClockWrong()
}

// despiteClock says whether a command is carried out while the clock is wrong.
func despiteClock(a custody.Action) bool {
	_, corrects := a.(custody.CorrectClock)
	return corrects
}

// tendClock hears what was said on the host, and takes in what another process
// wrote, while the clock is wrong and no command does.
func (d *Desk) tendClock(ctx context.Context) {
	if d.ClockWrong() == nil {
		return
	}
	said, err := d.Store.ClockConfirmation(ctx)
	if err == nil && said != (ClockConfirmation{}) {
		err = d.Store.ConfirmClock(ctx, ClockConfirmation{}) // it counts once
		if err == nil && said.holds(d.Clock.Now(), d.entries()) {
			d.Log.Warn("somebody on this machine says that the clock is right", "at", said.At)
			d.time.trust()
		}
	}
	if err != nil {
		d.Log.Warn("what was said of the clock cannot be read", "error", err)
	}
	_ = d.ClockWrong() // says so, and goes on
}

// noteCorrected has the clock judged by the time that the ledger was given.
func (d *Desk) noteCorrected(e custody.Event) {
	if _, is := e.Fact.(custody.ClockCorrected); is {
		d.time.forget()
	}
}

// CorrectClock gives the ledger the time that the clock says: by a manager or a
// director with a code, on the host. See custody.CorrectClock.
func (d *Desk) CorrectClock(ctx context.Context, by By, operator string) (Outcome, error) {
	return d.Do(ctx, by, custody.CorrectClock{Operator: operator})
}
