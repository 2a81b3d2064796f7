package demo

import (
	"sync/atomic"
	"time"

	"github.com/tandem-custody/tandem/custody/desk"
)

// Clock is the machine's clock, which a play can move ahead. One that begins behind it
// leaves a ledger that the machine's own clock is not behind afterwards.
type Clock struct {
	machine desk.Clock
	ahead   atomic.Int64 // ns; negative: behind
}

var _ desk.Clock = (*Clock)(nil)

// NewClock gives one that is behind the machine's.
func NewClock(behind time.Duration) *Clock {
	c := &Clock{machine: desk.MachineClock()}
	c.ahead.Store(int64(-behind))
	return c
}

func (c *Clock) Now() time.Time { return c.machine.Now().Add(time.Duration(c.ahead.Load())) }

// Elapsed moves along: time passes here, nobody sets the clock.
func (c *Clock) Elapsed() time.Duration {
	return c.machine.Elapsed() + time.Duration(c.ahead.Load())
}

// stride is well below what a desk takes for a clock that was set: it looks at Now and at
// Elapsed one after the other, and the clock may be moved in between.
const stride = 20 * time.Second

// Pass lets time pass.
func (c *Clock) Pass(d time.Duration) {
	for ; d > stride; d -= stride {
		c.ahead.Add(int64(stride))
		time.Sleep(time.Millisecond)
	}
	c.ahead.Add(int64(d))
}
