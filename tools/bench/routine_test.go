//go:build bench

package bench

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// routine is the daily work in an office: every pair goes through the same round
// again and again, and the clock goes on by one step of the authenticators when
// every pair has had its turn. So each code is fresh, as fast as the turns come.
type routine struct {
	*office
	clock  *turnClock
	rounds []round // one for each pair
}

// round is where a pair is in its round.
type round struct {
	handover  string // the one that was offered last
	rotations int64
}

const (
	routinePairs  = 128 // twice as many as ever work at once
	routinePeriod = 30  // seconds

	turnsOfRound    = 4
	commandsOfRound = 12
	entriesOfRound  = 13
)

// turnClock is a clock that the turns move. A turn is handed out when all those
// are over that are a step behind it: so a caller whom the machine lets wait is
// overtaken by nobody of the same pair, and no code grows old on its way.
type turnClock struct {
	epoch time.Time

	mu     sync.Mutex
	moved  *sync.Cond
	turns  int64          // handed out
	oldest int64          // of those that are not over
	over   map[int64]bool // those behind it that are
}

func newTurnClock(epoch time.Time) *turnClock {
	c := &turnClock{epoch: epoch, over: map[int64]bool{}}
	c.moved = sync.NewCond(&c.mu)
	return c
}

// Now implements desk.Clock.
func (c *turnClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at(c.turns)
}

// Elapsed implements desk.Clock.
func (c *turnClock) Elapsed() time.Duration { return c.Now().Sub(c.epoch) }

func (c *turnClock) at(turn int64) time.Time {
	return c.epoch.Add(time.Duration(turn/routinePairs) * routinePeriod * time.Second)
}

// startAt goes on with a turn, while none is under way.
func (c *turnClock) startAt(turn int64) { c.turns, c.oldest = turn, turn }

// next hands a turn out. Its caller says when it is over.
func (c *turnClock) next() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.turns-c.oldest >= routinePairs {
		c.moved.Wait()
	}
	c.turns++
	return c.turns - 1
}

func (c *turnClock) isOver(turn int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over[turn] = true
	for c.over[c.oldest] {
		delete(c.over, c.oldest)
		c.oldest++
		c.moved.Broadcast()
	}
}

// newRoutine opens an office in an empty folder.
func newRoutine(t *testing.T, dir string) *routine {
	t.Helper()
	clock := newTurnClock(time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC))
	r := &routine{office: openOffice(t, dir, clock, routinePeriod), clock: clock, rounds: make([]round, routinePairs)}
	if err := r.open(t.Context(), routinePairs); err != nil {
		t.Fatal(err)
	}
	for i := range r.rounds {
		r.rounds[i].rotations = 1
	}
	clock.startAt(routinePairs) // the log-ins took the first step
	return r
}

// goRound has every pair go round n times, and measures the commands.
func (r *routine) goRound(ctx context.Context, many, n int) (block, error) {
	turns := n * turnsOfRound * routinePairs
	b, err := callers(many, turns, func(int) error {
		turn := r.clock.next()
		defer r.clock.isOver(turn)
		pair, step := turn%routinePairs, turn/routinePairs-1
		if err := r.turn(ctx, r.pairs[pair], &r.rounds[pair], step%turnsOfRound, r.clock.at(turn)); err != nil {
			return fmt.Errorf("turn %d: %w", turn, err)
		}
		return nil
	})
	const commandsOfTurn = commandsOfRound / turnsOfRound // three on average
	b.perSecond *= commandsOfTurn
	b.cpu /= commandsOfTurn
	return b, err
}

func (r *routine) turn(ctx context.Context, p *pair, at *round, turn int64, now time.Time) error {
	switch turn {
	case 0:
		return r.work(ctx, p, now)
	case 1:
		return r.changeMind(ctx, p, at, now)
	case 2:
		return r.handOver(ctx, p, at, now)
	}
	return r.takeBack(ctx, p, at, now)
}

// work: the holder may, the other one may not.
func (r *routine) work(ctx context.Context, p *pair, now time.Time) error {
	if _, err := r.confirmed(ctx, p.A, now, custody.CheckOut{Credential: p.Server, Purpose: desk.NewNote("ticket 4711: the queue is stuck")}); err != nil {
		return err
	}
	_, err := r.confirmed(ctx, p.B, now, custody.CheckOut{Credential: p.Server, Purpose: desk.NewNote("ticket 4712: the disk is full")})
	if custody.CodeOf(err) != custody.NotHolder {
		return fmt.Errorf("the backup's check-out: %v", err)
	}
	_, err = r.do(ctx, p.A.Name, custody.CheckIn{Credential: p.Server})
	return err
}

func (r *routine) changeMind(ctx context.Context, p *pair, at *round, now time.Time) error {
	if err := r.offer(ctx, p, at, now); err != nil {
		return err
	}
	_, err := r.do(ctx, p.A.Name, custody.Cancel{Handover: at.handover})
	return err
}

func (r *routine) handOver(ctx context.Context, p *pair, at *round, now time.Time) error {
	if err := r.offer(ctx, p, at, now); err != nil {
		return err
	}
	_, err := r.confirmed(ctx, p.B, now, custody.Accept{Handover: at.handover})
	return err
}

// takeBack has the password changed.
func (r *routine) takeBack(ctx context.Context, p *pair, at *round, now time.Time) error {
	if _, err := r.confirmed(ctx, p.A, now, custody.GiveBack{Handover: at.handover}); err != nil {
		return err
	}
	at.rotations++
	for _, report := range desktest.Reports(p.Server, at.rotations, at.rotations) {
		if _, err := r.do(ctx, custody.System, report); err != nil {
			return err
		}
	}
	return nil
}

func (r *routine) offer(ctx context.Context, p *pair, at *round, now time.Time) error {
	outcome, err := r.confirmed(ctx, p.A, now, custody.Offer{Credentials: []string{p.Server}, Reason: desk.NewNote("at the dentist's")})
	if err != nil {
		return err
	}
	at.handover = outcome.Events[0].Fact.(custody.HandoverOffered).Handover
	return nil
}
