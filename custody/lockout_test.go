package custody

import (
	"testing"
	"time"
)

func annIsLocked(o *office) {
	for range o.state.Policy().Values.LockAfter {
		_ = o.out(wrongCode())
	}
}

func TestUnlock(t *testing.T) {
	free := func(o *office) bool {
		ann := o.person("ann")
		return ann.LockedUntil.IsZero() && ann.Lockouts == 0 && ann.WrongCodes == 0
	}
	check(t, []clause{
		{"an admin may", annIsLocked, "ada", Unlock{"ann"}, "", free},
		{"a manager may", annIsLocked, "max", Unlock{"ann"}, "", free},
		{"also who is not locked: the log-in may be", nil, "max", Unlock{"ann"}, "", free},
		{"another technician may not", annIsLocked, "ben", Unlock{"ann"}, Forbidden, nil},
		{"nobody unlocks themselves", annIsLocked, "ann", Unlock{"ann"}, Forbidden, nil},
		{"not of nobody", nil, "max", Unlock{"mallory"}, NotFound, nil},
		{"then a code confirms again", both(annIsLocked, func(o *office) { o.does("max", Unlock{"ann"}) }),
			"ann", CheckOut{"db01", note("ticket 1")}, "", nil},
		{"a reset of the log-in unlocks as well", annIsLocked, System, ResetOnHost{Person: "ann"}, "", free},
		{"and so does a recovery code", annIsLocked, System, RecoverEnrolment{Person: "ann", Enrolment: 1}, "", free},
	})
}

func TestTheAddressBeforeStandsInTheEntry(t *testing.T) {
	o := newOffice(t)
	o.does("ann", ChangeEmail{Person: "ann", Email: note("old@example.org")})
	events := o.does("ann", ChangeEmail{Person: "ann", Email: note("new@example.org")})
	want := withoutTexts(Event{Fact: EmailChanged{Person: "ann", Email: note("new@example.org"), Before: note("old@example.org")}})
	if len(events) != 1 || withoutTexts(events[0]).Fact != want.Fact || events[0].Confirm == nil {
		t.Errorf("%+v", events)
	}
	if again := o.does("ann", ChangeEmail{Person: "ann", Email: note("new@example.org")}); len(again) != 0 {
		t.Errorf("the same address again: %+v", again)
	}
}

func TestResetOnHost(t *testing.T) {
	check(t, []clause{
		{"by whoever operates the machine", nil, System, ResetOnHost{Person: "ada"}, "", func(o *office) bool { return !o.person("ada").Enrolled }},
		{"by no person", nil, "ada", ResetOnHost{Person: "ann"}, Forbidden, nil},
		{"not of nobody", nil, System, ResetOnHost{Person: "mallory"}, NotFound, nil},
	})
	o := newOffice(t)
	if events := o.does(System, ResetOnHost{Person: "ada"}); len(events) != 1 || events[0].Grade() != Special {
		t.Errorf("%+v", events)
	}
}

// The clock was years ahead when a code confirmed something, and was set right
// again. The ledger's time stands still from then on, and every code of now is
// older than the one that was used.
func TestAClockThatWasAheadLocksNobodyForEver(t *testing.T) {
	const farthest = int64(9e15)
	o := newOffice(t)
	right := o.now
	o.now = right.AddDate(10, 0, 0)
	o.does("ben", ComeBack{}) // an entry of that day
	o.now = right
	ahead := func(p *Person) { p.LastStep, p.LockedUntil = farthest, right.AddDate(10, 0, 0) }
	o.state.editPerson("ann", ahead)
	code := Proof{Given: true, Steps: []int64{100}, Enrolment: 1}

	refusal, _ := o.out(code).(*Refusal)
	if refusal == nil || refusal.Code != TOTPReplayed || refusal.RetryAfter != 0 {
		t.Fatalf("%+v; a lock of ten years holds, or somebody is told to wait", refusal)
	}
	o.does(System, ResetOnHost{Person: "ann"})
	signIn := o.with("ann", SignIn{})
	code.Enrolment = 2
	signIn.Proof = code
	if _, err := o.run(signIn); err != nil {
		t.Errorf("the first code of the new seed: %v", err)
	}
}

// While the ledger's time stands still a lock-out ends by the clock.
func TestALockOutEndsWhileTimeStandsStill(t *testing.T) {
	o := newOffice(t)
	right := o.now
	o.now = right.Add(time.Hour)
	o.does("ben", ComeBack{})
	o.now = right
	annIsLocked(o)
	refusal, _ := o.out(rightCode(o.person("ann"))).(*Refusal)
	if refusal == nil || refusal.Code != LockedOut || refusal.RetryAfter != o.state.Policy().Values.LockBase {
		t.Fatalf("%+v", refusal)
	}
	o.now = right.Add(o.state.Policy().Values.LockBase)
	if err := o.out(rightCode(o.person("ann"))); err != nil {
		t.Errorf("after %v: %v", o.state.Policy().Values.LockBase, err)
	}
}
