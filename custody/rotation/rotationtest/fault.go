package rotationtest

import (
	"errors"
	"sync"
	"time"
)

// Fault is how one call goes wrong.
type Fault int

// A call that fails After has had its effect: what nobody knows who called.
const (
	None Fault = iota
	Before
	After
)

// ErrFault is the error of a call that was made to fail.
var ErrFault = errors.New("made to fail")

// Faults says how the next call of an operation goes. nil: well.
type Faults func(operation string) Fault

func (f Faults) next(operation string) Fault {
	if f == nil {
		return None
	}
	return f(operation)
}

// Clock stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock gives a clock that shows some time.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)} }

// Now is as desk.Clock has it.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Elapsed is as desk.Clock has it: what is moved passes.
func (c *Clock) Elapsed() time.Duration { return c.Now().Sub(time.Unix(0, 0)) }

// Advance moves it.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
