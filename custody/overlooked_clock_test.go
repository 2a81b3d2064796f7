package custody

import (
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
)

// minutesAhead is an office whose clock was two minutes ahead while somebody locked
// themselves out, and has just been set right. The offer was made an hour before.
func minutesAhead(t *testing.T) *office {
	t.Helper()
	o := newOffice(t)
	o.state.policy.Values = DefaultPolicy()
	for p := range o.state.People() {
		o.state.editPerson(p.Username, func(p *Person) { p.LastStep = 0 })
	}
	o.state.touched = touched{}
	o.code("ann", Offer{Credentials: []string{"db01"}, Reason: note("leave")})
	o.now = o.now.Add(time.Hour)
	for range o.state.Policy().Values.LockAfter {
		_, _ = o.run(Command{Actor: "ben", Request: "wrong", Action: CheckOut{"web01", note("x")}, Proof: Proof{Given: true, Enrolment: 1}})
	}
	o.now = o.now.Add(-2 * time.Minute)
	return o
}

// To correct the clock gives nobody more time than they had, and lets nobody in who
// is locked out for no longer than the policy says.
func TestACorrectionGivesNothingAway(t *testing.T) {
	o := minutesAhead(t)
	offered := o.handover("handover-1").Expires
	until := o.person("ben").LockedUntil
	if values := o.state.Policy().Values; !values.Locked(until, o.now) {
		t.Fatalf("ben is locked until %v, at %v", until, o.now)
	}
	o.code("max", CorrectClock{})
	if got := o.handover("handover-1").Expires; !got.Equal(offered) {
		t.Errorf("the offer ends at %v, and ended at %v", got, offered)
	}
	if got := o.person("ben").LockedUntil; !got.Equal(until) {
		t.Errorf("ben was locked until %v, and is until %v", until, got)
	}
}

// An entry says that it corrected the clock where it did, and nowhere else.
func TestOnlyACorrectionSaysThatItIsOne(t *testing.T) {
	o := minutesAhead(t)
	from := o.state.Time
	corrected := Event{Time: o.now, Actor: "max", Request: "r", Confirm: &Confirmation{"max", o.now.Unix() / 30}, Fact: ClockCorrected{From: from, To: o.now}}
	other := Event{Time: from, Actor: System, Request: "r", Fact: LedgerConflict{}}
	for _, e := range []Event{corrected, other} {
		entry, err := e.Record()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := FromRecord(entry); err != nil {
			t.Fatal(err)
		}
		if entry.Clock == "" {
			entry.Clock = audit.ClockCorrected
		} else {
			entry.Clock = ""
		}
		if got, err := FromRecord(entry); err == nil {
			t.Errorf("read: %+v", got)
		}
	}
}

// What stands still stands still, and a code that is ahead of an entry's time
// confirms what came before it no second time: only a correction begins anew.
func TestTimeStandsStillOrGoesOn(t *testing.T) {
	o := newOffice(t)
	for after, want := range map[time.Duration]bool{0: true, time.Millisecond: false, time.Hour: false} {
		e := Event{Time: o.state.Time.Add(after), Stalled: true, Actor: System, Fact: LedgerConflict{}}
		if err := CheckEvent(o.state, e); (err == nil) != want {
			t.Errorf("stalled, and %v later: %v", after, err)
		}
	}
	step := o.state.Time.Unix() / 30
	o.state.policy.Values = DefaultPolicy()
	o.state.editPerson("ann", func(p *Person) { p.LastStep = step + 100 })
	e := Event{Time: o.state.Time, Actor: "ann", Request: "r", Confirm: &Confirmation{"ann", step}, Fact: SessionOpened{Person: "ann"}}
	if err := CheckEvent(o.state, e); !violation(err, "I6", "confirmed something before") {
		t.Errorf("confirmed by an older step: %v", err)
	}
}

// An entry that a password was shown again is of the check-out that lasts, of its
// version, and before its end.
func TestAForgedShowing(t *testing.T) {
	o := newOffice(t)
	annWorks(o)
	lease := o.credential("db01").Lease
	good := CheckoutShown{Credential: "db01", Lease: lease.ID, Version: 1}
	if err := CheckEvent(o.state, o.forge("ann", good)); err != nil {
		t.Fatal(err)
	}
	version, another := good, good
	version.Version, another.Lease = 2, "lease-2"
	for name, f := range map[string]CheckoutShown{"another version": version, "another check-out": another} {
		if err := CheckEvent(o.state, o.forge("ann", f)); !violation(err, "I5", "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, actor := range []string{"ben", "max", System} {
		if err := CheckEvent(o.state, o.forge(actor, good)); err == nil {
			t.Errorf("shown to %s", actor)
		}
	}
	late := o.forge("ann", good)
	late.Time = lease.Until
	if err := CheckEvent(o.state, late); err == nil {
		t.Error("shown after its end")
	}
}
