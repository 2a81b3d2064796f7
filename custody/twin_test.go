package custody

import (
	"slices"
	"testing"
)

// twins has it on record that two accounts have one seed.
func (o *office) twins(one, other string) []Event {
	o.t.Helper()
	return o.does(System, ReportSameSeed{one, o.person(one).Number, other, o.person(other).Number})
}

// Who has the seed of whoever asks, comes, goes or has approved approves nothing, and
// neither does the other of the two; until one of them has another seed.
func TestNobodyApprovesWithTheAuthenticatorOfAnother(t *testing.T) {
	for name, same := range map[string][2]string{
		"of who asks for it":     {"max", "ann"},
		"of who comes":           {"max", "cay"},
		"of who goes":            {"max", "ben"},
		"of whoever approved it": {"max", "dot"},
		"said of the other":      {"ann", "max"},
	} {
		o, p := twice(t)
		o.acts("dot", o.approval(p.ID))
		if err := o.later(System, ReportSameSeed{same[0], o.person(same[0]).Number, same[1], o.person(same[1]).Number}); err != nil {
			t.Fatal(err)
		}
		other := same[1]
		if other == "max" {
			other = same[0]
		}
		err := o.later("max", o.approval(p.ID))
		if r, _ := err.(*Refusal); r == nil || r.Code != NotEligible || r.Key != "same_authenticator" || r.Args["person"] != other {
			t.Errorf("with the seed %s: %v", name, err)
		}
		if err := CheckEvent(o.state, o.forge("max", ProposalApproved{Proposal: p.ID, Revision: p.Revision, Level: Manager})); err == nil {
			t.Errorf("an approval with the seed %s: believed", name)
		}
		if other == "dot" { // who has approved, and still counts
			continue
		}
		for _, which := range []string{"max", other} { // either of them takes another
			s := clone(o.state)
			s.editPerson(which, func(p *Person) { p.Number++ })
			open, _ := s.Proposal(p.ID)
			if can := s.Approvers(open)[Manager]; !slices.Contains(can, "max") {
				t.Errorf("with the seed %s, and %s has another: %v can approve", name, which, can)
			}
		}
	}
}

// That two have one seed is entered once for their enrolments, special, and about both.
func TestThatTwoHaveOneSeedIsOnRecordOnce(t *testing.T) {
	o := newOffice(t)
	events := o.twins("max", "ann")
	if len(events) != 1 || events[0].Grade() != Special || !slices.Equal(events[0].Concerns(o.state).People, []string{"max", "ann"}) {
		t.Fatalf("%+v", events)
	}
	for _, again := range [][2]string{{"max", "ann"}, {"ann", "max"}} {
		if events := o.twins(again[0], again[1]); len(events) > 0 {
			t.Errorf("and again: %+v", events)
		}
	}
	o.twins("max", "ben")
	if p := o.person("max"); len(p.Twins) != 2 {
		t.Errorf("of two: %+v", p.Twins)
	}
	o.state = clone(o.state)
	o.state.editPerson("max", func(p *Person) { p.Number++ })
	o.twins("max", "ann")
	if p := o.person("max"); !slices.Equal(p.Twins, []Twin{{"ann", o.person("ann").Number, p.Number}}) {
		t.Errorf("those of an enrolment that is over stay: %+v", p.Twins)
	}
	o.state.editPerson("ann", func(p *Person) { p.Number++ })
	o.twins("max", "ann")
	if p := o.person("max"); !slices.Equal(p.Twins, []Twin{{"ann", o.person("ann").Number, p.Number}}) {
		t.Errorf("that of an enrolment of the other's that is over stays: %+v", p.Twins)
	}
}

// Nobody but the system says it, and not of who is not there, of one account alone, or of
// an enrolment that is none.
func TestWhatNobodyForgesOfOneSeed(t *testing.T) {
	o := newOffice(t)
	n := func(who string) int64 { return o.person(who).Number }
	right := SameSeed{"max", n("max"), "ann", n("ann")}
	if err := CheckEvent(o.state, o.forge(System, right)); err != nil {
		t.Errorf("what was seen: %v", err)
	}
	for name, f := range map[string]SameSeed{
		"of nobody":                   {"zoe", 0, "ann", n("ann")},
		"with nobody":                 {"max", n("max"), "zoe", 0},
		"of one alone":                {"max", n("max"), "max", n("max")},
		"of a seed of before":         {"max", n("max") - 1, "ann", n("ann")},
		"with a seed that is to come": {"max", n("max"), "ann", n("ann") + 1},
	} {
		if err := CheckEvent(o.state, o.forge(System, f)); err == nil {
			t.Errorf("%s: believed", name)
		}
		if events := o.does(System, ReportSameSeed(f)); len(events) > 0 {
			t.Errorf("%s: %+v", name, events)
		}
	}
	for _, who := range []string{"max", "ann", "ada", "mallory"} {
		if err := CheckEvent(o.state, o.forge(who, right)); err == nil {
			t.Errorf("by %s: believed", who)
		}
		if _, err := o.do(who, ReportSameSeed(right)); err == nil {
			t.Errorf("said by %s", who)
		}
	}
	o.twins("max", "ann")
	if err := CheckEvent(o.state, o.forge(System, right)); err == nil {
		t.Error("twice: believed")
	}
	if err := CheckEvent(o.state, o.forge(System, SameSeed{"ann", n("ann"), "max", n("max")})); err == nil {
		t.Error("and of the other: believed")
	}
}

// Beside who approves are who asked, whom it is about, and who approved, in whose place
// too; of who has no authenticator there is no seed.
func TestWhoseSeedIsLookedAtBesideAnApproval(t *testing.T) {
	o, p := twice(t)
	if got := o.state.Beside(o.approval(p.ID)); !slices.Equal(got, []string{"ann", "ben", "cay"}) {
		t.Errorf("of who asks, comes and goes: %v", got)
	}
	o.acts("dot", o.approval(p.ID))
	if got := o.state.Beside(o.approval(p.ID)); !slices.Equal(got, []string{"ann", "ben", "cay", "dot"}) {
		t.Errorf("and of who approved: %v", got)
	}
	o.state = clone(o.state)
	o.state.editProposal(p.ID, func(p *Proposal) { p.Approvals[0].For = "don" })
	if got := o.state.Beside(o.approval(p.ID)); !slices.Equal(got, []string{"ann", "ben", "cay", "don", "dot"}) {
		t.Errorf("in whose place: %v", got)
	}
	o.state.editPerson("cay", func(p *Person) { p.Enrolled = false })
	if got := o.state.Beside(o.approval(p.ID)); slices.Contains(got, "cay") {
		t.Errorf("of who has no authenticator: %v", got)
	}
	for _, a := range []Action{Approve{Proposal: "p-9"}, ApproveEmergency{"e-9"}, Reject{Proposal: p.ID}, ComeBack{}} {
		if got := o.state.Beside(a); got != nil {
			t.Errorf("%s: %v", a.Verb(), got)
		}
	}
}
