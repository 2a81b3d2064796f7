package custody

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
)

// timely is the code of an instant, as an authenticator with a right clock shows it.
func timely(p Person, at time.Time) Proof {
	return Proof{Given: true, Steps: []int64{at.Unix() / int64(p.TOTPPeriod)}, Enrolment: p.Number}
}

// ahead is an office in which everybody worked on while the clock was a year
// ahead, under the usual policy, and whose clock has just been set right.
func ahead(t *testing.T) *office {
	t.Helper()
	o := newOffice(t)
	usual := DefaultPolicy()
	o.state.policy.Values = usual
	for p := range o.state.People() {
		o.state.editPerson(p.Username, func(p *Person) { p.LastStep = 0 })
	}
	o.state.touched = touched{}
	right := o.now
	o.now = o.now.AddDate(1, 0, 0)
	o.code("ann", CheckOut{"db01", note("ticket 1")})
	o.code("ben", Offer{Credentials: []string{"web01"}, Reason: note("leave")})
	o.now = o.now.Add(time.Minute)
	o.code("ann", RequestRotation{Credential: "db02", Reason: note("worn")})
	for range usual.LockAfter {
		_, _ = o.run(Command{Actor: "cay", Request: "request-wrong", Action: RequestRotation{Credential: "web01", Reason: note("x")}, Proof: Proof{Given: true, Enrolment: 1}})
		_, _ = o.run(Command{Actor: "ben", Request: "request-wrong", Action: CheckOut{"web01", note("x")}, Proof: Proof{Given: true, Enrolment: 1}})
	}
	o.code("max", Unlock{"cay"})
	o.now = right.Add(time.Hour)
	return o
}

// code carries a command out with the code that the clock makes right.
func (o *office) code(who string, a Action) {
	o.t.Helper()
	if err := o.tries(who, a); err != nil {
		o.t.Fatalf("%s %+v: %v", who, a, err)
	}
}

func (o *office) tries(who string, a Action) error {
	c := o.with(who, a)
	c.Proof = timely(o.person(who), o.now)
	c.Proof.Enrolment = c.CodesOf(o.person(who))
	_, err := o.run(c)
	return err
}

// later does so half a minute on, when everybody has another code; the system has none.
func (o *office) later(who string, a Action) error {
	o.now = o.now.Add(31 * time.Second)
	if who == System {
		_, err := o.do(who, a)
		return err
	}
	return o.tries(who, a)
}

// acts is later for what must be granted, and refused for what must not.
func (o *office) acts(who string, a Action) {
	o.t.Helper()
	if err := o.later(who, a); err != nil {
		o.t.Fatalf("%s %+v: %v", who, a, err)
	}
}

func (o *office) refused(who string, a Action) {
	o.t.Helper()
	if err := o.later(who, a); CodeOf(err) == "" {
		o.t.Fatalf("%s %+v: %v", who, a, err)
	}
}

// TestNothingIsLockedForEverByAClockThatWasAYearAhead: nobody's code was ever late
// enough again, and leases and offers ran for a year.
func TestNothingIsLockedForEverByAClockThatWasAYearAhead(t *testing.T) {
	o := ahead(t)
	if o.person("ben").LockedUntil.IsZero() {
		t.Fatal("ben was not locked out")
	}
	from := o.state.Time
	if err := o.tries("ann", RequestRotation{Credential: "db01", Reason: note("worn")}); CodeOf(err) != TOTPReplayed {
		t.Fatalf("before: %v", err)
	}
	for _, nobody := range []string{"two words", "a line\n", strings.Repeat("x", 65)} {
		if err := o.tries("max", CorrectClock{Operator: nobody}); CodeOf(err) != InvalidRequest {
			t.Errorf("the operator %q: %v", nobody, err)
		}
	}
	o.code("max", CorrectClock{Operator: `HOST\ops`})
	e := o.history[len(o.history)-1]
	if e.Fact != (ClockCorrected{From: from, To: o.now, Operator: `HOST\ops`}) || e.Grade() != Special || e.Confirm.Person != "max" || e.Stalled || !o.state.Time.Equal(o.now) {
		t.Errorf("%+v, now %v", e, o.state.Time)
	}
	another := ahead(t) // as it was before
	for who, passes := range map[string]bool{`HOST\ops`: true, "": true, "two words": false, "a line\n": false} {
		forged := e
		forged.Fact = ClockCorrected{From: from, To: o.now, Operator: who}
		if err := Replay(another.state.Fork(), forged); (err == nil) != passes {
			t.Errorf("entered with the operator %q: %v", who, err)
		}
	}
	usual := o.state.Policy().Values
	if c := o.credential("db01"); !c.Lease.Until.Equal(o.now.Add(usual.Lease)) || c.Lease.Start.After(o.now) {
		t.Errorf("the lease: %+v", c.Lease)
	}
	if c := o.credential("db02"); !c.Rotation.Deadline.Equal(o.now.Add(usual.RotationDeadline)) || c.Rotation.Since.After(o.now) {
		t.Errorf("the rotation: %+v", c.Rotation)
	}
	if h := o.handover("handover-1"); !h.Expires.Equal(o.now.Add(usual.OfferTTL)) {
		t.Errorf("the offer: %+v", h)
	}
	if due := o.state.Due(); due.IsZero() || due.After(o.now.Add(usual.RotationDeadline)) {
		t.Errorf("time acts only at %v", due)
	}
	if ben := o.person("ben"); !ben.LockedUntil.IsZero() {
		t.Errorf("ben is locked until %v", ben.LockedUntil)
	}
	// A code that was taken is not taken again, and one of a few moments later is.
	if err := o.tries("max", Unlock{"ann"}); CodeOf(err) != TOTPReplayed {
		t.Errorf("the manager's code once more: %v", err)
	}
	if err := o.tries("ann", RequestRotation{Credential: "db01", Reason: note("worn")}); CodeOf(err) != TOTPReplayed {
		t.Errorf("a code that may have been taken before the clock was ahead: %v", err)
	}
	if err := o.tries("ann", CheckIn{"db01"}); err != nil { // needs no code
		t.Errorf("%v", err)
	}
	o.now = o.now.Add(time.Minute + 30*time.Second)
	for who, does := range map[string]Action{"ann": CheckOut{"db01", note("ticket 2")}, "max": Unlock{"ben"}, "cay": Accept{"handover-1"}} {
		if err := o.tries(who, does); err != nil {
			t.Errorf("%s cannot %s: %v", who, does.Verb(), err)
		}
	}
	// Time acts again, at the time that it is.
	o.passes(usual.Lease)
	if c := o.credential("db01"); c.Lease.ID != "" {
		t.Errorf("the lease did not end: %+v", c.Lease)
	}
}

func TestWhoMayCorrectTheClock(t *testing.T) {
	for who, want := range map[string]Code{"ann": Forbidden, "ada": Forbidden, "eve": Forbidden, "max": "", "dot": "", System: Forbidden} {
		o := ahead(t)
		var err error
		if who == System {
			_, err = o.do(System, CorrectClock{})
		} else {
			err = o.tries(who, CorrectClock{})
		}
		if CodeOf(err) != want {
			t.Errorf("%s: %v, want %q", who, err, want)
		}
	}
	o := ahead(t)
	if _, err := o.run(Command{Actor: "max", Action: CorrectClock{}}); CodeOf(err) != InvalidRequest {
		t.Errorf("without a code: %v", err)
	}
	// The codes of the year that the clock had been in, and those of an hour ago, are none.
	for _, at := range []time.Time{o.state.Time, o.now.Add(-time.Hour)} {
		c := o.with("max", CorrectClock{})
		c.Proof = timely(o.person("max"), at)
		if _, err := o.run(c); CodeOf(err) != TOTPInvalid {
			t.Errorf("with the code of %v: %v", at, err)
		}
	}
}

// TestAClockThatIsNotBehindIsNotCorrected: nobody dates entries back by a minute.
func TestAClockThatIsNotBehindIsNotCorrected(t *testing.T) {
	o := ahead(t)
	for _, behind := range []time.Duration{0, time.Second, ClockSlack, -time.Hour} {
		o.now = o.state.Time.Add(-behind)
		if err := o.tries("dot", CorrectClock{}); CodeOf(err) != Conflict {
			t.Errorf("%v behind: %v", behind, err)
		}
	}
	o = ahead(t)
	o.now = o.state.Time.Add(-ClockSlack - time.Millisecond)
	if err := o.tries("dot", CorrectClock{}); err != nil {
		t.Errorf("more than a minute behind: %v", err)
	}
}

// TestAForgedCorrectionOfTheClock: what would let somebody date an entry back.
func TestAForgedCorrectionOfTheClock(t *testing.T) {
	from := ahead(t).state.Time
	for name, c := range map[string]struct {
		change func(*Event)
		want   string
	}{
		"from another time": {func(e *Event) { e.Fact = ClockCorrected{From: from.Add(1e6), To: e.Time} }, "I7"},
		"to another time":   {func(e *Event) { e.Fact = ClockCorrected{From: from, To: e.Time.Add(1e6)} }, "I7"},
		"by less than a minute": {func(e *Event) {
			e.Time, e.Confirm.Step = from.Add(-time.Second), from.Unix()
			e.Fact = ClockCorrected{From: from, To: e.Time}
		}, "I7"},
		"forwards": {func(e *Event) {
			e.Time, e.Confirm.Step = from.Add(time.Hour), from.Unix()
			e.Fact = ClockCorrected{From: from, To: e.Time}
		}, "I7"},
		"said to stand still":       {func(e *Event) { e.Stalled = true }, "I7"},
		"another fact, dated back":  {func(e *Event) { e.Fact = PersonUnlocked{"ann"} }, "I7"},
		"by a technician":           {func(e *Event) { e.Actor, e.Confirm.Person = "cay", "cay" }, "I6"},
		"by nobody":                 {func(e *Event) { e.Actor, e.Confirm = System, nil }, "I6"},
		"without a code":            {func(e *Event) { e.Confirm = nil }, "I6"},
		"with somebody else's code": {func(e *Event) { e.Confirm.Person = "dot" }, "I6"},
	} {
		o := ahead(t)
		step := o.now.Unix() / 30
		e := Event{Time: o.now, Actor: "max", Request: "r", Confirm: &Confirmation{"max", step}, Fact: ClockCorrected{From: from, To: o.now}}
		if err := CheckEvent(o.state, e); err != nil {
			t.Fatal(err)
		}
		c.change(&e)
		var broken *Violation
		if err := CheckEvent(o.state, e); !errors.As(err, &broken) || broken.Invariant != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A code that confirmed something while the clock was right confirms nothing twice.
	o := ahead(t)
	step := o.now.Unix() / 30
	o.state.editPerson("dot", func(p *Person) { p.LastStep = step + 1 })
	e := Event{Time: o.now, Actor: "dot", Request: "r", Confirm: &Confirmation{"dot", step}, Fact: ClockCorrected{From: from, To: o.now}}
	if err := CheckEvent(o.state, e); err == nil {
		t.Error("a used step confirmed the correction")
	}
}

// TestAnEntrySaysThatTheClockWasCorrected where it was, and nowhere else.
func TestAnEntrySaysThatTheClockWasCorrected(t *testing.T) {
	for _, f := range []Fact{ClockCorrected{From: epoch.Add(time.Hour), To: epoch}, PersonUnlocked{"ann"}} {
		entry, err := Event{Time: epoch, Actor: "max", Fact: f}.Record()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := FromRecord(entry); err != nil {
			t.Errorf("%s: %v", f.Type(), err)
		}
		if entry.Clock == "" {
			entry.Clock = audit.ClockCorrected
		} else {
			entry.Clock = ""
		}
		if _, err := FromRecord(entry); err == nil {
			t.Errorf("%s with the clock %q was read", f.Type(), entry.Clock)
		}
	}
}

// TestWhatAWrongClockDatedIsBroughtBack: all of a credential that waits for an instant.
func TestWhatAWrongClockDatedIsBroughtBack(t *testing.T) {
	now, far := epoch, epoch.AddDate(1, 0, 0)
	usual := DefaultPolicy()
	c := Credential{
		RotatedAt: far, Drifted: far, Lease: Lease{Start: far, Until: far}, Policy: CredentialPolicy{LeaseSeconds: 60},
		Rotation: Rotation{Since: far, Deadline: far, NextTry: far}, Updates: []Update{{NextTry: far}, {}},
	}
	before := c.Updates
	c.dateFrom(usual, now)
	for name, got := range map[string][2]time.Time{
		"rotated": {c.RotatedAt, now}, "drifted": {c.Drifted, now}, "lease start": {c.Lease.Start, now}, "lease end": {c.Lease.Until, now.Add(time.Minute)},
		"rotation": {c.Rotation.Since, now}, "deadline": {c.Rotation.Deadline, now.Add(usual.RotationDeadline)}, "next try": {c.Rotation.NextTry, now},
		"dependent": {c.Updates[0].NextTry, now}, "another": {c.Updates[1].NextTry, time.Time{}},
	} {
		if !got[0].Equal(got[1]) {
			t.Errorf("%s: %v, want %v", name, got[0], got[1])
		}
	}
	if !before[0].NextTry.Equal(far) {
		t.Error("what the state before shares was changed")
	}
	past := Credential{RotatedAt: now, Lease: Lease{Until: now}, Rotation: Rotation{Deadline: now}}
	if past.datedAfter(now) {
		t.Error("what is not dated later")
	}
	for _, late := range []Credential{
		{RotatedAt: far}, {Drifted: far}, {Lease: Lease{Start: far}}, {Lease: Lease{Until: far}}, {Rotation: Rotation{Since: far}},
		{Rotation: Rotation{Deadline: far}}, {Rotation: Rotation{NextTry: far}}, {Updates: []Update{{}, {NextTry: far}}},
	} {
		if !late.datedAfter(now) {
			t.Errorf("overlooked: %+v", late)
		}
	}
}
