package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody/desk"
)

func TestPasswordHash(t *testing.T) {
	s := newScribe(t).store
	if _, err := s.PasswordHash(t.Context(), "tech-a"); !errors.Is(err, desk.ErrNoAccount) {
		t.Errorf("got %v", err)
	}
	for _, hash := range []string{"$argon2id$one", "$argon2id$two"} {
		if err := s.SetPasswordHash(t.Context(), "tech-a", hash); err != nil {
			t.Fatal(err)
		}
		if got, err := s.PasswordHash(t.Context(), "tech-a"); err != nil || got != hash {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// TestRecoveryCodes: one that several take at the same time, through two
// processes, goes to one of them.
func TestRecoveryCodes(t *testing.T) {
	a := newScribe(t)
	stores := []*Store{a.store, a.open(t)}
	has := func(username string, want bool) {
		t.Helper()
		if has, err := a.store.HasRecoveryCodes(t.Context(), username); err != nil || has != want {
			t.Errorf("%s has codes: %v, %v", username, has, err)
		}
	}
	has("tech-a", false)
	for _, hashes := range [][][32]byte{{{9}}, {{1}, {2}}} {
		if err := a.store.SetRecoveryCodes(t.Context(), "tech-a", hashes); err != nil {
			t.Fatal(err)
		}
	}
	for _, other := range []struct {
		username string
		hash     byte
	}{{"tech-a", 9}, {"tech-b", 1}} { // replaced, somebody else's
		if took, err := a.store.TakeRecoveryCode(t.Context(), other.username, [32]byte{other.hash}); took || err != nil {
			t.Errorf("took %v: %v, %v", other, took, err)
		}
	}
	var taken atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			took, err := stores[i%2].TakeRecoveryCode(t.Context(), "tech-a", [32]byte{1})
			if err != nil {
				t.Error(err)
			}
			if took {
				taken.Add(1)
			}
		})
	}
	all.Wait()
	if taken.Load() != 1 {
		t.Errorf("one code was taken %d times", taken.Load())
	}
	has("tech-a", true)
	if took, err := a.store.TakeRecoveryCode(t.Context(), "tech-a", [32]byte{2}); !took || err != nil {
		t.Errorf("the other code: %v, %v", took, err)
	}
	has("tech-a", false)
}

// TestForgetCodes: with a reset, of that person alone.
func TestForgetCodes(t *testing.T) {
	s := newScribe(t).store
	for _, username := range []string{"tech-a", "tech-b"} {
		if err := s.SetRecoveryCodes(t.Context(), username, [][32]byte{{1}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Write(t.Context(), func(tx desk.Tx) error { return tx.ForgetCodes("tech-a") }); err != nil {
		t.Fatal(err)
	}
	for username, want := range map[string]bool{"tech-a": false, "tech-b": true} {
		if has, err := s.HasRecoveryCodes(t.Context(), username); err != nil || has != want {
			t.Errorf("%s: %t, %v", username, has, err)
		}
	}
}

// TestThrottle: guesses that come at the same time, through two processes, are
// all counted.
func TestThrottle(t *testing.T) {
	a := newScribe(t)
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

func TestClaims(t *testing.T) {
	a := newScribe(t)
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
