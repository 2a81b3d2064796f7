package desk_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// wrong fails the test unless an error says that the clock is wrong.
func (o *office) wrong(err error) {
	o.T.Helper()
	if !errors.Is(err, desk.ErrClockWrong) {
		o.T.Fatalf("got %v, want that the clock is wrong", err)
	}
}

// causes are those for which the desk is not ready.
func (o *office) causes() []string {
	var not *desk.NotReady
	if !errors.As(o.Desk.Ready(o.T.Context()), &not) {
		return nil
	}
	var codes []string
	for _, c := range not.Causes {
		codes = append(codes, c.Code)
	}
	return codes
}

// TestATechnicianWhoseServersClockIsSet sees that nothing is decided, can go on
// looking and log out, and goes on when the clock is right again; nothing is dated
// by the wrong time. Within a minute time stands still, as ever.
func TestATechnicianWhoseServersClockIsSet(t *testing.T) {
	for name, jump := range map[string]time.Duration{"a year ahead": 365 * 24 * time.Hour, "a day back": -24 * time.Hour, "two minutes ahead": 2 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			said := new(desktest.Log)
			o := newOffice(t, func(c *desk.Config) { c.Log = slog.New(slog.NewTextHandler(said, nil)) })
			if _, err := o.CheckOut("tech-a", "db01"); err != nil {
				t.Fatal(err)
			}
			session, err := o.SignIn("tech-a")
			if err != nil {
				t.Fatal(err)
			}
			other, err := o.SignIn("tech-b")
			if err != nil {
				t.Fatal(err)
			}
			before := o.Size()

			o.Clock.Jump(jump)
			for range 3 {
				_, err := o.Desk.CheckOut(t.Context(), desk.By{Actor: "tech-a", Request: unique("request"), Code: o.CodeNow("tech-a")}, custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket")})
				o.wrong(err)
				_, err = o.Desk.SignIn(t.Context(), desk.SignInRequest{Username: "tech-b", Password: o.Passwords["tech-b"], Code: o.CodeNow("tech-b"), Request: unique("request")})
				o.wrong(err)
			}
			if got := o.causes(); !slices.Equal(got, []string{"clock_wrong"}) {
				t.Errorf("ready: %v", got)
			}
			if n := said.Count("alarm=true"); n != 1 {
				t.Errorf("the log has %d alarms", n)
			}
			if _, err := o.Desk.Who(t.Context(), session.Token); err != nil {
				t.Errorf("who was logged in cannot look any more: %v", err)
			}
			if err := o.Desk.SignOut(t.Context(), other.Token, unique("request")); err != nil {
				t.Errorf("nobody can log out: %v", err)
			}
			if _, err := o.Desk.Who(t.Context(), other.Token); err == nil {
				t.Error("a log-out did not end the session")
			}
			if got := o.Size(); got != before {
				t.Fatalf("%v was entered", o.Types(before))
			}

			o.Clock.Add(time.Minute) // time goes on meanwhile
			o.Clock.Jump(-jump)
			if got := o.causes(); len(got) > 0 {
				t.Errorf("the clock is right again: %v", got)
			}
			if _, err := o.CheckOut("tech-a", "db01"); err != nil {
				t.Errorf("the clock is right again: %v", err)
			}
			if until := o.Credential("db01").Lease.Until; !until.Equal(o.Clock.Now().Add(o.Config.Policy.Lease)) {
				t.Errorf("a lease until %v", until)
			}
		})
	}
}

// TestAClockThatIsUpToAMinuteBackStandsStill: as a clock that is set by the network is.
func TestAClockThatIsUpToAMinuteBackStandsStill(t *testing.T) {
	o := newOffice(t)
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	moment := desk.By{Actor: "tech-a", Request: unique("request")} // without a code, for which the clock would be moved
	o.Clock.Jump(-custody.ClockSlack)
	if _, err := o.Desk.Do(t.Context(), moment, custody.CheckIn{Credential: "db01"}); err != nil {
		t.Errorf("a minute back: %v", err)
	}
	o.Clock.Jump(-time.Millisecond)
	_, err := o.Desk.Do(t.Context(), moment, custody.SignOut{})
	o.wrong(err)
}

// TestAClockThatStandsStill: what waits for time waits, and nobody is stopped.
func TestAClockThatStandsStill(t *testing.T) {
	o := newOffice(t)
	o.Clock.Add(time.Hour)
	for range 3 {
		o.Enters() // needs no code, and no time has passed
	}
	// Stopped for long it is wrong: time passes without it.
	o.Clock.Add(2 * time.Minute)
	o.Clock.Jump(-2 * time.Minute)
	_, err := o.Do("tech-a", custody.SignOut{})
	o.wrong(err)
}

// TestTimeDoesNotActWhileTheClockIsAhead: leases and offers are not ended by it, and
// what is old is not forgotten.
func TestTimeDoesNotActWhileTheClockIsAhead(t *testing.T) {
	swept := new(sweeps)
	o := newOffice(t, func(c *desk.Config) { swept.AccountStore, c.Accounts = c.Accounts, swept })
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	before := o.Size()
	o.Clock.Jump(365 * 24 * time.Hour)
	_, err := o.Do("tech-b", custody.SignOut{})
	o.wrong(err)
	if err := o.Desk.Close(); err != nil { // now this test does what the committer did
		t.Fatal(err)
	}
	o.Desk.Tick()
	o.Desk.Sweep()
	if o.Size() != before || o.Credential("db01").Lease.ID == "" || len(swept.at) > 0 {
		t.Errorf("time acted: %v, swept %v", o.Types(before), swept.at)
	}
	o.Clock.Jump(-365 * 24 * time.Hour)
	o.Clock.Add(o.Config.Policy.Lease)
	o.Desk.Tick()
	o.Desk.Sweep()
	if got := o.Types(before); !slices.Equal(got, []string{"checkout.ended"}) || len(swept.at) != 1 || !swept.at[0].Equal(o.Clock.Now()) {
		t.Errorf("the clock is right again: %v, swept %v", got, swept.at)
	}
}

// TestAClockThatIsSetWhileACommandWaits: it was right when the command came, and is
// wrong when it is its turn. Neither the command nor time does anything then.
func TestAClockThatIsSetWhileACommandWaits(t *testing.T) {
	o := newOffice(t)
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	size, writes := o.Size(), o.Gate.Count()
	open := o.Gate.Close()
	refused := make(chan error, 1)
	go func() {
		_, err := o.Desk.Do(t.Context(), desk.By{Actor: "tech-b", Request: "waits"}, custody.SignOut{})
		refused <- err
	}()
	o.waitFor("a commit to be held back", func() bool { return o.Gate.Count() > writes })
	o.Clock.Jump(365 * 24 * time.Hour)
	open()
	o.wrong(<-refused)
	if got := o.Types(size); len(got) > 0 {
		t.Errorf("entered: %v", got)
	}
}

// sweeps notes when was swept.
type sweeps struct {
	desk.AccountStore
	at []time.Time
}

func (s *sweeps) Sweep(ctx context.Context, now time.Time) error {
	s.at = append(s.at, now)
	return s.AccountStore.Sweep(ctx, now)
}

// TestAStartWithAClockThatIsFarFromTheLedger comes up to be looked at, and asks on
// the host. What was said counts once, for this ledger, and not for ever.
func TestAStartWithAClockThatIsFarFromTheLedger(t *testing.T) {
	o := newOffice(t)
	again := func() {
		t.Helper()
		if err := o.Desk.Close(); err != nil {
			t.Fatal(err)
		}
		o.Desk = o.Open()
	}
	says := func(at time.Time, size int64) {
		t.Helper()
		if err := o.Store.ConfirmClock(t.Context(), desk.ClockConfirmation{At: at, Size: size}); err != nil {
			t.Fatal(err)
		}
	}
	rest := 3 * 24 * time.Hour
	o.Clock.Add(rest)
	again()
	o.Enters()

	o.Clock.Add(rest + time.Millisecond)
	again()
	_, err := o.Do("tech-a", custody.SignOut{})
	o.wrong(err)
	for name, said := range map[string]desk.ClockConfirmation{
		"of another ledger":      {At: o.Clock.Now(), Size: o.Size() - 1},
		"an hour ago":            {At: o.Clock.Now().Add(-time.Hour), Size: o.Size()},
		"with another clock":     {At: o.Clock.Now().Add(2 * time.Minute), Size: o.Size()},
		"with one that was back": {At: o.Clock.Now().AddDate(0, 0, -8), Size: o.Size()},
	} {
		says(said.At, said.Size)
		o.Desk.HearClock(t.Context())
		if o.Desk.ClockWrong() == nil {
			t.Errorf("it was said %s, and counts", name)
		}
	}
	says(o.Clock.Now(), o.Size())
	o.Desk.HearClock(t.Context())
	o.Enters()
	if left, err := o.Store.ClockConfirmation(t.Context()); err != nil || left != (desk.ClockConfirmation{}) {
		t.Errorf("it would count again: %+v, %v", left, err)
	}

	// Behind the ledger nobody can say that it is right: entries would go back.
	o.Clock.Add(-2 * time.Hour)
	again()
	says(o.Clock.Now(), o.Size())
	o.Desk.HearClock(t.Context())
	_, err = o.Do("tech-a", custody.SignOut{})
	o.wrong(err)
	o.Clock.Add(2 * time.Hour) // and it is right again by itself
	o.Enters()
}

// TestWhatIsSaidOfTheClockOnTheHostIsHeardWithoutAnybodyAsking: nobody has to try
// something first.
func TestWhatIsSaidOfTheClockOnTheHostIsHeardWithoutAnybodyAsking(t *testing.T) {
	o := newOffice(t)
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	o.Clock.Add(4 * 24 * time.Hour)
	o.Desk = o.Open()
	o.wrong(o.Desk.ClockWrong())
	if err := o.Store.ConfirmClock(t.Context(), desk.ClockConfirmation{At: o.Clock.Now(), Size: o.Size()}); err != nil {
		t.Fatal(err)
	}
	o.waitFor("the clock to be believed", func() bool { return o.Desk.ClockWrong() == nil })
}

// TestALedgerThatWasWrittenAYearAhead comes back by a manager's code, on a running
// server and in all others: nobody waits for a year.
func TestALedgerThatWasWrittenAYearAhead(t *testing.T) {
	o := newOffice(t)
	o.Hire("manager", custody.Manager)
	o.Clock.Add(365 * 24 * time.Hour) // wrong, and nobody noticed
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	session, err := o.SignIn("tech-b")
	if err != nil {
		t.Fatal(err)
	}
	o.Must("manager", custody.Unlock{Person: "tech-b"})
	another := o.Open()

	o.Clock.Jump(-365 * 24 * time.Hour)
	before := o.Size()
	by := func(who string) desk.By {
		return desk.By{Actor: who, Request: unique("request"), Code: o.CodeNow(who)}
	}
	_, err = o.Desk.Do(t.Context(), by("manager"), custody.Unlock{Person: "tech-a"})
	o.wrong(err)
	if _, err := o.Desk.CorrectClock(t.Context(), by("tech-a"), "root"); custody.CodeOf(err) != custody.Forbidden {
		t.Errorf("a technician: %v", err)
	}
	if _, err := o.Desk.CorrectClock(t.Context(), by("manager"), "root"); err != nil {
		t.Fatal(err)
	}
	if got := o.Types(before); !slices.Contains(got, "clock.corrected") {
		t.Errorf("entered: %v", got)
	}
	if _, err := o.Desk.Who(t.Context(), session.Token); err == nil {
		t.Error("a session of the year ahead goes on for a year")
	}
	// Codes that are taken now may have been used before: two steps later all work.
	o.Clock.Add(2 * period * time.Second)
	if _, err := o.SignIn("tech-b"); err != nil {
		t.Errorf("%v", err)
	}
	if _, err := another.CheckOut(context.Background(), by("tech-a"), custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket")}); err != nil {
		t.Errorf("another process: %v", err)
	}
	if until := o.Credential("db01").Lease.Until; until.After(o.Clock.Now().Add(o.Config.Policy.Lease)) {
		t.Errorf("a lease until %v", until)
	}
}

// TestTimeDoesNotActByAClockThatIsAhead, also not when what others wrote is taken in:
// whatever waits for its time would be over.
func TestTimeDoesNotActByAClockThatIsAhead(t *testing.T) {
	o := newOffice(t)
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	right, ahead := o.Clock, desktest.NewClock(o.Clock.Now())
	o.Config.Clock = ahead
	set := o.Open()
	if err := set.Close(); err != nil { // it looks when it is told to
		t.Fatal(err)
	}
	o.Config.Clock = right
	ahead.Jump(o.Config.Policy.Lease + time.Hour)
	o.Enters()
	before := o.Size()
	set.Tick()
	if types := o.Types(before); len(types) != 0 {
		t.Errorf("entered: %v", types)
	}
	if set.Entries() != before {
		t.Errorf("it has taken in %d entries of %d", set.Entries(), before)
	}
}
