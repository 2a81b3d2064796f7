package demo

import (
	"testing"
	"time"
)

// TestTimePassesAndNobodySetsTheClock: what the clock says and what has passed move
// together, so that a desk does not take it for a clock that was set.
func TestTimePassesAndNobodySetsTheClock(t *testing.T) {
	c := NewClock(2 * time.Hour)
	if behind := time.Since(c.Now()); behind < 2*time.Hour-time.Second || behind > 2*time.Hour+time.Minute {
		t.Errorf("behind by %s, want two hours", behind)
	}
	said, passed := c.Now(), c.Elapsed()
	c.Pass(time.Hour + time.Second)
	if d := c.Now().Sub(said); d < time.Hour+time.Second || d > time.Hour+time.Minute {
		t.Errorf("it says %s more", d)
	}
	if apart := (c.Now().Sub(said) - (c.Elapsed() - passed)).Abs(); apart > time.Second {
		t.Errorf("what it says and what has passed are %s apart", apart)
	}
}
