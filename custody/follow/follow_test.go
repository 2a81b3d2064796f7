package follow_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody/follow"
	"github.com/tandem-custody/tandem/custody/follow/followtest"
)

// ledger is one in memory. lost is an entry that its database does not give; 0: none.
type ledger struct {
	mu   sync.Mutex
	size int64
	lost int64
	grew chan struct{}
}

func newLedger(size int64) *ledger { return &ledger{size: size, grew: make(chan struct{})} }

func (l *ledger) grow() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.size++
	close(l.grew)
	l.grew = make(chan struct{})
}

func (l *ledger) follow() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.grew
}

func (l *ledger) Size(context.Context) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.size, nil
}

func (l *ledger) Records(_ context.Context, from, to int64, yield func(int64, []byte) error) error {
	for i := from; i < to; i++ {
		if l.lost != 0 && i == l.lost {
			continue
		}
		if err := yield(i, nil); err != nil {
			return err
		}
	}
	return nil
}

// patience bounds every wait for what other goroutines do.
const patience = 60 * time.Second

// got waits for the next of what is sent.
func got[V any](t *testing.T, from <-chan V, what string) V {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("not in time: %s", what)
		panic("unreachable")
	}
}

// run runs a follower; the function it gives ends it.
func run(t *testing.T, f *follow.Follower, round follow.Round, wake ...func() <-chan struct{}) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); f.Run(ctx, round, wake...) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func config(owner string, l *ledger, places follow.Places) follow.Config {
	return follow.Config{
		Name: "mail", Owner: owner, Ledger: l, Places: places, Follow: l.follow, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		MinPause: time.Millisecond, MaxPause: time.Hour, Lease: time.Hour,
	}
}

// TestItGoesOnWhereItLeftOff, and is woken by what is new.
func TestItGoesOnWhereItLeftOff(t *testing.T) {
	l, places, seen := newLedger(3), new(followtest.Places), make(chan int64, 10)
	open := func(owner string) (*follow.Follower, follow.Round) {
		f := follow.New(config(owner, l, places))
		return f, func(ctx context.Context, at follow.Place) (time.Time, error) {
			next, err := f.Read(ctx, at.Next, 2, func(index int64, _ []byte) error { seen <- index; return nil })
			if err != nil || next == at.Next {
				return time.Time{}, err
			}
			return time.Now(), f.Advance(ctx, next)
		}
	}
	f, round := open("a")
	stop := run(t, f, round)
	for want := range int64(3) {
		if index := got(t, seen, "an entry"); index != want {
			t.Errorf("entry %d, want %d", index, want)
		}
	}
	l.grow()
	if index := got(t, seen, "the new entry"); index != 3 {
		t.Errorf("entry %d", index)
	}
	stop()
	l.grow()
	f, round = open("b") // another process, which need not wait: the lease was left
	run(t, f, round)
	if index := got(t, seen, "what came meanwhile"); index != 4 {
		t.Errorf("after that entry %d", index)
	}
}

// TestOneProcessFollowsAtATime: another one does when the first has ended, or has
// not been heard of for the length of the lease, and who was overtaken is stopped
// in the middle of its round and moves nothing any more.
func TestOneProcessFollowsAtATime(t *testing.T) {
	l, places := newLedger(1), new(followtest.Places)
	began, ended := make(chan string, 10), make(chan error, 10)
	process := func(owner string, now func() time.Time) (*follow.Follower, follow.Round) {
		c := config(owner, l, places)
		c.Now, c.Lease = now, 30*time.Millisecond
		f := follow.New(c)
		return f, func(ctx context.Context, at follow.Place) (time.Time, error) {
			began <- owner
			<-ctx.Done()
			cause := context.Cause(ctx)
			ended <- cause
			if errors.Is(cause, follow.ErrOvertaken) {
				return time.Time{}, nil
			}
			return time.Time{}, f.Advance(ctx, at.Next+1)
		}
	}
	slow := time.Now // its machine is behind: what it prolongs has run out for the other
	a, roundA := process("a", slow)
	stopA := run(t, a, roundA)
	if owner := got(t, began, "the first round"); owner != "a" {
		t.Fatal(owner)
	}
	later := func() time.Time { return time.Now().Add(30 * time.Second) }
	b, roundB := process("b", later)
	stopB := run(t, b, roundB)
	if owner := got(t, began, "the round of who takes over"); owner != "b" {
		t.Fatal(owner)
	}
	if cause := got(t, ended, "the end of who was overtaken"); !errors.Is(cause, follow.ErrOvertaken) {
		t.Errorf("ended by %v", cause)
	}
	if at, _ := places.Place(t.Context(), "mail"); at.Next != 0 {
		t.Errorf("who was overtaken moved the place to %d", at.Next)
	}
	asked := make(chan struct{}, 1000)
	places.Fail(func() error { asked <- struct{}{}; return nil })
	for range 20 {
		got(t, asked, "that who was overtaken asks for the lease again, and who has it prolongs it")
	}
	places.Fail(nil)
	if len(began) > 0 {
		t.Errorf("a round of %s, which does not have the lease", <-began)
	}
	stopA()
	stopB()
	<-ended
	if at, _ := places.Place(t.Context(), "mail"); at.Next != 1 {
		t.Errorf("who follows moved the place to %d", at.Next)
	}
	c, roundC := process("c", later) // who need not wait: the lease was left
	run(t, c, roundC)
	if owner := got(t, began, "the round of a third"); owner != "c" {
		t.Fatal(owner)
	}
}

// TestWhoRestsHearsThatItWasOvertaken: it does not begin a round with an old place.
func TestWhoRestsHearsThatItWasOvertaken(t *testing.T) {
	l, places, clock := newLedger(1), new(followtest.Places), newClock()
	c := config("a", l, places)
	c.Now, c.Lease, c.MaxPause = clock.now, time.Minute, 24*time.Hour
	rounds := make(chan follow.Place, 10)
	run(t, follow.New(c), func(_ context.Context, at follow.Place) (time.Time, error) {
		rounds <- at
		return time.Time{}, nil
	})
	first := got(t, rounds, "the first round")
	at, held, err := places.Take(t.Context(), "mail", "b", clock.now().Add(2*time.Minute), clock.now().Add(3*time.Minute))
	if err != nil || !held {
		t.Fatalf("%v, %v", held, err)
	}
	if moved, err := places.Advance(t.Context(), "mail", at.Epoch, 7, clock.now()); err != nil || !moved {
		t.Fatalf("%v, %v", moved, err)
	}
	if err := places.Leave(t.Context(), "mail", at.Epoch); err != nil {
		t.Fatal(err)
	}
	clock.pass(30 * time.Second)
	l.grow()
	if again := got(t, rounds, "the round after it"); again.Next != 7 || again.Epoch <= first.Epoch {
		t.Errorf("it begins at %+v, after %+v", again, first)
	}
}

// TestWhoWasOvertakenMovesNothing, whatever it believes.
func TestWhoWasOvertakenMovesNothing(t *testing.T) {
	l, places := newLedger(1), new(followtest.Places)
	f, refused := follow.New(config("a", l, places)), make(chan error, 10)
	run(t, f, func(ctx context.Context, _ follow.Place) (time.Time, error) {
		if _, _, err := places.Take(ctx, "mail", "b", time.Now().Add(2*time.Hour), time.Now().Add(3*time.Hour)); err != nil {
			return time.Time{}, err
		}
		err := f.Advance(ctx, 5)
		refused <- err
		return time.Time{}, err
	})
	if err := got(t, refused, "the round"); !errors.Is(err, follow.ErrOvertaken) {
		t.Errorf("it moved: %v", err)
	}
	if at, _ := places.Place(t.Context(), "mail"); at.Next != 0 {
		t.Errorf("the place is %d", at.Next)
	}
}

// TestAPauseIsShortAgainAfterASuccess.
func TestAPauseIsShortAgainAfterASuccess(t *testing.T) {
	l, clock, rounds, trouble := newLedger(1), newClock(), make(chan struct{}, 100), make(chan error, 1)
	c := config("a", l, nil)
	c.Now, c.Lease, c.MinPause = clock.now, 3*time.Millisecond, time.Second
	run(t, follow.New(c), func(context.Context, follow.Place) (time.Time, error) {
		rounds <- struct{}{}
		return clock.now(), <-trouble
	})
	fails := func() {
		t.Helper()
		got(t, rounds, "a try")
		trouble <- errors.New("no way")
		clock.sleepsOn(t)
	}
	for range 9 { // the pause after so many is 12 s at least
		fails()
		clock.pass(3 * time.Hour)
	}
	got(t, rounds, "a try")
	trouble <- nil
	fails()
	clock.pass(2 * time.Second)
	got(t, rounds, "the try after a short pause")
	trouble <- nil
}

// clock is one that stands still until it is told to go on, and counts who looks.
type clock struct {
	mu     sync.Mutex
	at     time.Time
	looked chan struct{}
}

func newClock() *clock { return &clock{at: time.Now(), looked: make(chan struct{}, 100_000)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked <- struct{}{}
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// sleepsOn waits until a follower has looked at the clock so often that it would
// have begun a round if it were to.
func (c *clock) sleepsOn(t *testing.T) {
	t.Helper()
	for len(c.looked) > 0 {
		<-c.looked
	}
	for range 30 {
		got(t, c.looked, "that it looks at the clock")
	}
}

// TestAPauseIsAPause, however the ledger grows.
func TestAPauseIsAPause(t *testing.T) {
	for name, edit := range map[string]func(*follow.Config) error{
		"after trouble": func(c *follow.Config) error {
			c.MinPause, c.MaxPause = time.Hour, 2*time.Hour
			return errors.New("no way")
		},
		"after a growth": func(c *follow.Config) error { c.Settle, c.MaxPause = time.Hour, 24*time.Hour; return nil },
	} {
		t.Run(name, func(t *testing.T) {
			l, clock, rounds := newLedger(1), newClock(), make(chan struct{}, 100)
			c := config("a", l, nil)
			c.Now, c.Lease = clock.now, 3*time.Millisecond // it looks at the clock as often as it would prolong a lease
			trouble := edit(&c)
			run(t, follow.New(c), func(context.Context, follow.Place) (time.Time, error) {
				rounds <- struct{}{}
				return time.Time{}, trouble
			})
			got(t, rounds, "the first round")
			l.grow()
			clock.sleepsOn(t)
			if len(rounds) > 0 {
				t.Fatal("it did not wait")
			}
			clock.pass(3 * time.Hour)
			got(t, rounds, "the round after the pause")
		})
	}
}

// TestTroubleIsToldOnceAndTriedAgain, whatever the ledger does meanwhile.
func TestTroubleIsToldOnceAndTriedAgain(t *testing.T) {
	l := newLedger(1)
	var log strings.Builder
	c := config("a", l, nil)
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	var outcomes []error
	c.Outcome = func(err error) { outcomes = append(outcomes, err) }
	trouble, tries, well := errors.New("no way"), 0, make(chan struct{})
	f := follow.New(c)
	stop := run(t, f, func(context.Context, follow.Place) (time.Time, error) {
		if tries++; tries < 4 {
			l.grow()
			return time.Time{}, trouble
		}
		close(well)
		return time.Time{}, nil
	})
	got(t, well, "the end of the trouble")
	stop()
	if want := []error{trouble, trouble, trouble}; !slices.Equal(outcomes[:3], want) {
		t.Errorf("told of %v", outcomes)
	}
	if n := strings.Count(log.String(), "has to wait"); n != 1 {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
}

// TestAGapIsNotPassedOver, in the middle of what is read or at its end.
func TestAGapIsNotPassedOver(t *testing.T) {
	for _, lost := range []int64{1, 2} {
		l := newLedger(3)
		l.lost = lost
		f := follow.New(config("a", l, nil))
		if next, err := f.Read(t.Context(), 0, 10, func(int64, []byte) error { return nil }); err == nil || next != lost {
			t.Errorf("without entry %d: next is %d, %v", lost, next, err)
		}
	}
}

// TestItIsWokenBesideTheLedger by whatever else it has to look at.
func TestItIsWokenBesideTheLedger(t *testing.T) {
	l, rounds, alarm := newLedger(1), make(chan struct{}, 10), make(chan struct{})
	heard := false
	run(t, follow.New(config("a", l, nil)), func(context.Context, follow.Place) (time.Time, error) {
		select {
		case <-alarm:
			heard = true
		default:
		}
		rounds <- struct{}{}
		return time.Time{}, nil
	}, func() <-chan struct{} {
		if heard {
			return nil
		}
		return alarm
	})
	got(t, rounds, "the first round")
	close(alarm)
	got(t, rounds, "the round after the alarm")
}
