package store

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody/desk"
)

// TestThrottle: guesses that come at the same time, through two processes, are
// all counted.
func TestThrottle(t *testing.T) { onBoth(t, throttleOnBoth) }

func throttleOnBoth(t *testing.T, on engine) {
	a := newScribe(t, on)
	stores := []*Store{a.store, a.open(t)}
	const guesses = 50
	var all sync.WaitGroup
	for _, s := range stores {
		for range guesses {
			all.Go(func() {
				if _, err := s.UpdateThrottle(t.Context(), "digest", func(before desk.Throttle) desk.Throttle {
					before.Failures++
					before.Touched = epoch
					return before
				}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	want := desk.Throttle{Failures: 2 * guesses, Touched: epoch}
	look := func(name string) desk.Throttle {
		t.Helper()
		got, err := a.store.UpdateThrottle(t.Context(), name, func(before desk.Throttle) desk.Throttle { return before })
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := look("digest"); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := look("another"); got != (desk.Throttle{}) {
		t.Errorf("got %+v", got)
	}
	locked := desk.Throttle{Failures: 1, Locks: 3, LockedUntil: epoch.Add(72 * time.Hour), Touched: epoch}
	if _, err := a.store.UpdateThrottle(t.Context(), "locked", func(desk.Throttle) desk.Throttle { return locked }); err != nil {
		t.Fatal(err)
	}
	if err := a.store.Sweep(t.Context(), epoch.Add(25*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := look("digest"); got != (desk.Throttle{}) {
		t.Errorf("old, and still %+v", got)
	}
	if got := look("locked"); got != locked {
		t.Errorf("the lock is not over: %+v", got)
	}
}

func TestThrottlePanic(t *testing.T) {
	s := newScribe(t).store
	func() {
		defer func() { _ = recover() }()
		_, _ = s.UpdateThrottle(t.Context(), "digest", func(desk.Throttle) desk.Throttle { panic("mistake") })
	}()
	if _, err := s.UpdateThrottle(t.Context(), "digest", func(before desk.Throttle) desk.Throttle { return before }); err != nil {
		t.Errorf("the writer was not given back: %v", err)
	}
}

func TestClaims(t *testing.T) { onBoth(t, claimsOnBoth) }

func claimsOnBoth(t *testing.T, on engine) {
	a := newScribe(t, on)
	b := a.open(t)
	at := func(minutes int) time.Time { return epoch.Add(time.Duration(minutes) * time.Minute) }
	claim := func(s *Store, owner string, now, until int, want bool) {
		t.Helper()
		if got, err := s.Claim(t.Context(), "db01", owner, at(now), at(until)); err != nil || got != want {
			t.Errorf("%s at %d: %v, %v", owner, now, got, err)
		}
	}
	claim(a.store, "one", 0, 10, true)
	claim(b, "two", 9, 20, false)
	claim(a.store, "one", 9, 15, true) // goes on
	claim(b, "two", 14, 20, false)
	claim(b, "two", 15, 25, true) // ran out
	claim(a.store, "one", 16, 30, false)
	if err := a.store.Release(t.Context(), "db01", "one"); err != nil { // not its own any more
		t.Fatal(err)
	}
	claim(a.store, "one", 16, 30, false)
	if err := b.Release(t.Context(), "db01", "two"); err != nil {
		t.Fatal(err)
	}
	claim(a.store, "one", 16, 30, true)

	// A clock that was a year ahead keeps nobody out for a year.
	claim(a.store, "one", 365*24*60, 365*24*60+14, true)
	claim(b, "two", 31, 45, true)
	claim(a.store, "one", 31, 44, false) // but one that ends about as late counts

	// Many at once: one gets it.
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 20 {
		s := []*Store{a.store, b}[i%2]
		all.Go(func() {
			ok, err := s.Claim(t.Context(), "web01", fmt.Sprint("owner ", i), at(0), at(1))
			if err != nil {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d owners", won.Load())
	}
}
