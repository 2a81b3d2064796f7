package followtest

import (
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody/follow"
)

// Conform is what every implementation does. open gives the places of one
// database, each time anew, as another process has them.
func Conform(t *testing.T, open func(t *testing.T) follow.Places) {
	ctx, now := t.Context(), time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	later := now.Add(time.Minute)
	a, b := open(t), open(t)
	take := func(p follow.Places, owner string, now time.Time) (follow.Place, bool) {
		t.Helper()
		at, held, err := p.Take(ctx, "mail", owner, now, now.Add(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		return at, held
	}
	moves := func(p follow.Places, epoch, next int64, want bool) {
		t.Helper()
		if moved, err := p.Advance(ctx, "mail", epoch, next, later); moved != want || err != nil {
			t.Errorf("to %d under epoch %d: moved %v, %v", next, epoch, moved, err)
		}
	}
	is := func(next int64) {
		t.Helper()
		if at, err := open(t).Place(ctx, "mail"); at.Next != next || err != nil {
			t.Errorf("the place is %+v, %v, want %d", at, err, next)
		}
	}
	if at, err := a.Place(ctx, "mail"); at != (follow.Place{}) || err != nil {
		t.Errorf("of a new one: %+v, %v", at, err)
	}
	first, held := take(a, "a", now)
	if !held || first.Next != 0 || !first.At.IsZero() {
		t.Fatalf("nobody has it: %+v, %v", first, held)
	}
	moves(a, first.Epoch, 3, true)
	moves(a, first.Epoch, 10, true)
	moves(a, first.Epoch, 4, true) // and not back
	is(10)
	if at, err := b.Place(ctx, "mail"); !at.At.Equal(later) || err != nil {
		t.Errorf("moved at %v, %v", at.At, err)
	}
	if _, held := take(b, "b", now.Add(59*time.Second)); held {
		t.Error("it is taken from who has it")
	}
	if still, err := a.Prolong(ctx, "mail", first.Epoch, now.Add(2*time.Minute)); !still || err != nil {
		t.Errorf("prolonged: %v, %v", still, err)
	}
	if _, held := take(b, "b", now.Add(61*time.Second)); held {
		t.Error("it was prolonged for nothing")
	}
	second, held := take(b, "b", now.Add(2*time.Minute))
	if !held || second.Next != 10 || second.Epoch <= first.Epoch {
		t.Fatalf("it has run out: %+v, %v", second, held)
	}
	moves(a, first.Epoch, 99, false)
	is(10)
	if still, err := a.Prolong(ctx, "mail", first.Epoch, now.Add(time.Hour)); still || err != nil {
		t.Errorf("who was overtaken prolongs: %v, %v", still, err)
	}
	if err := a.Leave(ctx, "mail", first.Epoch); err != nil { // which is not its own any more
		t.Fatal(err)
	}
	if _, held := take(a, "a", now.Add(2*time.Minute)); held {
		t.Error("who was overtaken releases")
	}
	moves(b, second.Epoch, 11, true)
	if err := b.Leave(ctx, "mail", second.Epoch); err != nil {
		t.Fatal(err)
	}
	third, held := take(a, "a", now.Add(2*time.Minute))
	if !held || third.Next != 11 {
		t.Errorf("it was released: %+v, %v", third, held)
	}
	again, held := take(a, "a", now.Add(2*time.Minute)) // after a crash
	if !held || again.Epoch <= third.Epoch {
		t.Errorf("its own: %+v, %v", again, held)
	}
	if _, held := take(b, "b", now.Add(-time.Hour)); !held {
		t.Error("a lease of a clock that was ahead holds for ever")
	}
	if at, err := a.Place(ctx, "stream"); at != (follow.Place{}) || err != nil {
		t.Errorf("another follower's: %+v, %v", at, err)
	}
}
