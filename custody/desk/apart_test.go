package desk_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// otherClock is the clock of a database on another machine.
type otherClock struct {
	here  *desktest.Clock
	ahead time.Duration // of this machine's
	takes time.Duration // to answer
	away  bool
}

func (c *otherClock) time(context.Context) (time.Time, error) {
	if c.away {
		return time.Time{}, desk.ErrStoreUnavailable
	}
	c.here.Add(c.takes)
	return time.Unix(0, 0).Add(c.here.Elapsed() + c.ahead), nil
}

func newOfficeApart(t *testing.T) (*office, *otherClock) {
	t.Helper()
	other := &otherClock{}
	o := newOffice(t, func(c *desk.Config) {
		other.here = c.Clock.(*desktest.Clock)
		other.ahead = other.here.Now().Sub(time.Unix(0, 0).Add(other.here.Elapsed()))
		c.DatabaseTime = other.time
	})
	return o, other
}

// TestAMachineWhoseClockIsNotTheDatabases looks at no code, and says so, until it is again;
// what needs none goes on, and two seconds are nothing.
func TestAMachineWhoseClockIsNotTheDatabases(t *testing.T) {
	for name, apart := range map[string]time.Duration{"ahead": 2100 * time.Millisecond, "behind": -2100 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			o, _ := newOfficeApart(t)
			o.Clock.Jump(apart - apart/10) // 1.89 s
			if _, err := o.CheckOut("tech-a", "db01"); err != nil {
				t.Fatalf("within two seconds: %v", err)
			}
			before := o.Size()
			o.Clock.Jump(apart / 10)
			if _, err := o.CheckOut("tech-a", "db01"); !errors.Is(err, desk.ErrClockApart) || !errors.Is(err, desk.ErrClockWrong) {
				t.Errorf("a check-out: %v", err)
			}
			if _, err := o.SignIn("tech-b"); !errors.Is(err, desk.ErrClockApart) {
				t.Errorf("a log-in: %v", err)
			}
			if got := o.causes(); !slices.Equal(got, []string{"clock_wrong"}) {
				t.Errorf("ready: %v", got)
			}
			if got := o.Size(); got != before {
				t.Errorf("%d entries became %d", before, got)
			}
			if _, err := o.Desk.Do(t.Context(), desk.By{Actor: "tech-a", Request: unique("request")}, custody.CheckIn{Credential: "db01"}); err != nil {
				t.Errorf("what needs no code: %v", err)
			}
			o.Clock.Jump(-apart)
			if _, err := o.CheckOut("tech-a", "db01"); err != nil {
				t.Errorf("right again: %v", err)
			}
			if got := o.causes(); len(got) > 0 {
				t.Errorf("ready: %v", got)
			}
		})
	}
}

// TestADatabaseThatAnswersSlowlyIsNotTakenForAnotherClock: what it says may be as old as
// its answer took.
func TestADatabaseThatAnswersSlowlyIsNotTakenForAnotherClock(t *testing.T) {
	o, other := newOfficeApart(t)
	_ = o.Desk.Close()
	other.takes = 5 * time.Second
	o.Desk.Tick()
	if err := o.Desk.ClockApart(); err != nil {
		t.Error(err)
	}
}

// TestADatabasesClockIsRememberedWhileItIsAway, and heard anew when it is back.
func TestADatabasesClockIsRememberedWhileItIsAway(t *testing.T) {
	o, other := newOfficeApart(t)
	_ = o.Desk.Close() // whoever ticks by itself
	other.away = true
	o.Clock.Jump(time.Minute)
	o.Desk.Tick()
	if err := o.Desk.ClockApart(); !errors.Is(err, desk.ErrClockApart) {
		t.Errorf("got %v", err)
	}
	if got, want := o.Desk.SharedTime(), o.Clock.Now().Add(-time.Minute); !got.Equal(want) {
		t.Errorf("leases are taken at %s, want %s", got, want)
	}
	other.away, other.ahead = false, other.ahead+time.Minute
	o.Desk.Tick()
	if err := o.Desk.ClockApart(); err != nil {
		t.Errorf("the database's clock was set too: %v", err)
	}
	if got := o.Desk.SharedTime(); !got.Equal(o.Clock.Now()) {
		t.Errorf("leases are taken at %s, want %s", got, o.Clock.Now())
	}
}

// TestADatabaseWithoutAClockOfItsOwnIsOnThisMachine.
func TestADatabaseWithoutAClockOfItsOwnIsOnThisMachine(t *testing.T) {
	o := newOffice(t)
	o.Clock.Jump(30 * time.Second)
	if err := o.Desk.ClockApart(); err != nil {
		t.Error(err)
	}
	if got := o.Desk.SharedTime(); !got.Equal(o.Desk.Time()) {
		t.Errorf("leases are taken at %s", got)
	}
}
