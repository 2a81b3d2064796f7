package custody

import (
	"slices"
	"testing"
	"time"
)

// adopts puts another policy in force, as two approve it.
func (o *office) adopts(edit func(*Policy)) {
	o.t.Helper()
	o.state.Reschedule() // time looks no earlier than it has to, but for what this changes
	v := o.state.Policy().Values
	edit(&v)
	o.agreed("ada", AdoptPolicy{Values: v, ReviewBy: o.now.AddDate(0, 6, 0)})
}

// TestThePolicySaysWhenSomebodyIsReminded: of what is planned already too, from when it is
// adopted on; what was due by then and was not said is said once.
func TestThePolicySaysWhenSomebodyIsReminded(t *testing.T) {
	o := newOffice(t)
	annPlans(o)
	o.adopts(func(p *Policy) { p.RemindFirst, p.RemindLast = 3*24*time.Hour, 5*time.Hour })
	if due := o.state.Due(); due.After(monday.Add(-3 * 24 * time.Hour)) {
		t.Errorf("time acts next at %s", due)
	}
	lead := func(at time.Time) (said []Lead) {
		for _, e := range o.goesTo(at) {
			if f, is := e.Fact.(AbsenceReminded); is {
				said = append(said, f.Lead)
			}
		}
		return said
	}
	for _, c := range []struct {
		before time.Duration
		want   []Lead
	}{
		{3*24*time.Hour + time.Millisecond, nil}, {3 * 24 * time.Hour, []Lead{LeadFirst}}, {24 * time.Hour, nil},
		{5*time.Hour + time.Millisecond, nil}, {5 * time.Hour, []Lead{LeadLast}}, {2 * time.Hour, nil},
	} {
		if got := lead(monday.Add(-c.before)); !slices.Equal(got, c.want) {
			t.Errorf("%s before: %v, want %v", c.before, got, c.want)
		}
	}

	o = newOffice(t) // four days before, by a policy that would have reminded five days before
	annPlans(o)
	o.now = monday.Add(-4 * 24 * time.Hour)
	o.adopts(func(p *Policy) { p.RemindFirst = 5 * 24 * time.Hour })
	if due := o.state.Due(); due.After(o.now) {
		t.Errorf("it is due, and time acts at %s", due)
	}
	if got := lead(o.now); !slices.Equal(got, []Lead{LeadFirst}) {
		t.Errorf("adopted later than the first reminder: %v", got)
	}
}

// TestThePolicySaysHowLongASignatureCounts: of what is signed under it. What was signed
// before counts as long as it did then.
func TestThePolicySaysHowLongASignatureCounts(t *testing.T) {
	o := newOffice(t)
	annSigns(o)
	was := o.handover("handover-1").Expires
	o.adopts(func(p *Policy) { p.SignatureTTL = 24 * time.Hour })
	if !o.handover("handover-1").Expires.Equal(was) || !was.Equal(o.handover("handover-1").OfferedAt.Add(DefaultPolicy().SignatureTTL)) {
		t.Errorf("what was signed before counts until %s, and did until %s", o.handover("handover-1").Expires, was)
	}
	o.does("ann", MoveAbsence{Plan: o.plan("ann").ID, From: monday.Add(time.Hour), Until: friday, Meant: meantUTC(monday.Add(time.Hour), friday), HandOver: true})
	signed := o.handover("handover-2")
	if !signed.Expires.Equal(signed.OfferedAt.Add(24 * time.Hour)) {
		t.Errorf("signed at %s, it counts until %s", signed.OfferedAt, signed.Expires)
	}
	o.does("ben", SignHandover{"handover-2"})
	o.goesTo(signed.Expires.Add(-time.Millisecond))
	if h := o.handover("handover-2"); h.Status != HandoverSignedAhead {
		t.Errorf("before its end it is %s", h.Status)
	}
	if got := o.goesTo(signed.Expires); len(got) == 0 || got[len(got)-1].Fact != Fact(HandoverBroken{"handover-2", BrokenAge}) {
		t.Errorf("at its end: %v", got)
	}
}

// TestThePolicySaysHowLongAnAbsenceWaits: for a password that is being changed when it
// begins, and by the policy in force when that is looked at.
func TestThePolicySaysHowLongAnAbsenceWaits(t *testing.T) {
	begun := func(edit func(*Policy)) *office {
		o := newOffice(t)
		bothSign(o)
		o.goesTo(monday.Add(-time.Minute))
		if edit != nil {
			o.adopts(edit)
		}
		o.does("ann", RequestRotation{Credential: "db01", Reason: note("it was seen")})
		o.goesTo(monday)
		return o
	}
	away := func(o *office) bool { return o.person("ann").Away }
	o := begun(func(p *Policy) { p.AbsenceWait = 5 * time.Minute })
	if o.goesTo(monday.Add(5*time.Minute - time.Millisecond)); away(o) {
		t.Error("it did not wait")
	}
	if o.goesTo(monday.Add(5 * time.Minute)); !away(o) {
		t.Error("it waits for longer than the policy says")
	}

	o = begun(nil)
	o.now = monday.Add(10 * time.Minute)
	o.adopts(func(p *Policy) { p.AbsenceWait = 5 * time.Minute })
	if due := o.state.Due(); due.After(o.now) {
		t.Errorf("it has waited for long enough by now, and time acts at %s", due)
	}
	if o.goesTo(o.now); !away(o) {
		t.Error("it waits as long as the policy of before says")
	}
}

// TestAnEntryGoesByThePolicyOfItsTime: a reminder, a signature and an end of waiting that
// the policy in force does not know are no entries of this ledger.
func TestAnEntryGoesByThePolicyOfItsTime(t *testing.T) {
	o := newOffice(t)
	annPlans(o)
	id := o.plan("ann").ID
	o.adopts(func(p *Policy) { p.SignatureTTL, p.RemindFirst = 24*time.Hour, 12*time.Hour })
	o.now = monday.Add(-20 * time.Hour)
	for name, e := range map[string]Event{
		"reminded as by another policy": {Time: o.now, Actor: System, Fact: AbsenceReminded{Person: "ann", Plan: id, Lead: LeadFirst, Unsigned: 2}},
		"signed for as long as by another": {Time: o.now, Actor: "ann", Confirm: &Confirmation{Person: "ann", Step: 1 << 40}, Fact: HandoverPlanned{
			Handover: "handover-1", From: "ann", To: "ben", Credentials: []string{"db01", "db02"}, Plan: id, Revision: 1, Begins: monday, Until: friday, Expires: o.now.Add(DefaultPolicy().SignatureTTL)}},
	} {
		if err := e.Fact.allowed(o.state, e); err == nil {
			t.Errorf("%s is allowed", name)
		}
	}
}
