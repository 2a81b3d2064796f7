package desktest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Clock is a desk.Clock that stands still.
type Clock struct {
	mu     sync.Mutex
	now    time.Time
	passed time.Duration
}

// NewClock gives one that says this.
func NewClock(now time.Time) *Clock { return &Clock{now: now} }

func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *Clock) Elapsed() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.passed
}

// Add lets time pass.
func (c *Clock) Add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.passed = c.now.Add(d), c.passed+d
}

// Jump sets the clock without any time passing.
func (c *Clock) Jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Gate is the real store with a door: closed, it holds transactions back, so
// that commands pile up; told so, it loses the answer of a commit.
type Gate struct {
	desk.Store
	mu     sync.Mutex
	writes int
	door   chan struct{} // nil: open
	lose   bool
}

// Close holds the transactions back that come from now on, until open.
func (g *Gate) Close() (open func()) {
	door := make(chan struct{})
	g.mu.Lock()
	g.door = door
	g.mu.Unlock()
	return func() {
		g.mu.Lock()
		g.door = nil
		g.mu.Unlock()
		close(door)
	}
}

// Count gives how many transactions came to the door.
func (g *Gate) Count() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.writes
}

// LoseNextAnswer has the next commit end in ErrLost.
func (g *Gate) LoseNextAnswer() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lose = true
}

// ErrLost is what a commit ends in whose answer was lost.
var ErrLost = errors.New("connection reset while waiting for COMMIT")

func (g *Gate) Write(ctx context.Context, fn func(desk.Tx) error) error {
	g.mu.Lock()
	door := g.door
	g.writes++
	lose := g.lose
	g.lose = false
	g.mu.Unlock()
	if door != nil {
		<-door
	}
	err := g.Store.Write(ctx, fn)
	if lose && err == nil {
		return ErrLost
	}
	return err
}

// Breakable is the real secret store with a switch, and an ear on reads.
type Breakable struct {
	desk.Secrets
	mu     sync.Mutex
	broken bool
	held   bool // the anchor stays where it is
	onRead func(path string)
}

// Set breaks it, for whoever reads, or mends it.
func (b *Breakable) Set(broken bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = broken
}

// Listen has the path of each read heard.
func (b *Breakable) Listen(onRead func(path string)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.onRead = onRead
}

func (b *Breakable) ReadVersion(ctx context.Context, path string, version int64) (custody.Secret, error) {
	b.mu.Lock()
	broken, onRead := b.broken, b.onRead
	b.mu.Unlock()
	if broken {
		return custody.Secret{}, fmt.Errorf("%w: sealed", desk.ErrSecretsUnavailable)
	}
	if onRead != nil {
		onRead(path)
	}
	return b.Secrets.ReadVersion(ctx, path, version)
}

// Replace puts another secret store in its place, until putBack.
func (b *Breakable) Replace(by func(inner desk.Secrets) desk.Secrets) (putBack func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	inner := b.Secrets
	b.Secrets = by(inner)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.Secrets = inner
	}
}

// HoldAnchor has a new anchor refused, as when a crash came first.
func (b *Breakable) HoldAnchor(hold bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held = hold
}

func (b *Breakable) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error) {
	b.mu.Lock()
	held := b.held && path == desk.AnchorPath
	b.mu.Unlock()
	if held {
		return 0, fmt.Errorf("%w: sealed", desk.ErrSecretsUnavailable)
	}
	return b.Secrets.Write(ctx, path, value, cas, labels)
}
