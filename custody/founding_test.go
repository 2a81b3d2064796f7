package custody

import (
	"slices"
	"testing"
)

// founded is an office in which max and dot have confirmed who there is.
func founded(o *office) {
	for _, who := range []string{"max", "dot"} {
		o.does(who, ConfirmFounding{o.state.FoundingDigest()})
	}
}

func TestFounding(t *testing.T) {
	right := func(o *office) ConfirmFounding { return ConfirmFounding{o.state.FoundingDigest()} }
	o := newOffice(t)
	check(t, []clause{
		{"a manager confirms", nil, "max", right(o), "", func(o *office) bool { return o.person("max").Founder == Manager && !o.state.Founded() }},
		{"and a director", func(o *office) { o.does("max", right(o)) }, "dot", right(o), "", func(o *office) bool { return o.state.Founded() }},
		{"in the other order as well", func(o *office) { o.does("dot", right(o)) }, "max", right(o), "", func(o *office) bool { return o.state.Founded() }},
		{"nobody twice", func(o *office) { o.does("max", right(o)) }, "max", right(o), Forbidden, nil},
		{"no admin", nil, "ada", right(o), Forbidden, nil},
		{"no auditor", nil, "eve", right(o), Forbidden, nil},
		{"not other people than there are", nil, "max", ConfirmFounding{"of others"}, Conflict, nil},
		{"who came while it was looked at", func(o *office) { o.hires("zoe", Technician) }, "max", right(o), Conflict, nil},
		{"not once it is over", founded, "max", right(o), Conflict, nil},
	})
}

// TestOneWithBothRolesIsNotTwoFounders: it takes a manager and a director, two people.
func TestOneWithBothRolesIsNotTwoFounders(t *testing.T) {
	o := newOffice(t)
	o.hires("mia", Manager, Director)
	o.does("mia", ConfirmFounding{o.state.FoundingDigest()})
	if _, err := o.do("mia", ConfirmFounding{o.state.FoundingDigest()}); CodeOf(err) != Forbidden || o.state.Founded() {
		t.Errorf("mia as her own director: %v", err)
	}
	o.does("dot", ConfirmFounding{o.state.FoundingDigest()})
	if !o.state.Founded() {
		t.Error("not founded by two people")
	}
}

// An installation begins with an admin, who can add one manager and one director
// alone, on record as serious; and nobody else.
func TestTheFirstManagerAndDirectorComeWithoutApproval(t *testing.T) {
	o := &office{newWorld(), t}
	if err := o.hire(AddPerson{Username: "ada", Roles: []Role{Admin}}); err != nil {
		t.Fatal(err)
	}
	person := func(name string, roles ...Role) Propose {
		return needed(AddPerson{Username: name, Name: name, Roles: roles, TOTPPeriod: 30})
	}
	if err := o.hire(AddPerson{Username: "tim", Roles: []Role{Technician}}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.do("tim", person("max", Manager)); CodeOf(err) != NoApprover {
		t.Errorf("asked for by a technician: %v", err)
	}
	for _, c := range []struct {
		name string
		ask  Propose
		want Code
	}{
		{"a technician", person("ann", Technician), NoApprover},
		{"another admin", person("ivy", Admin), NoApprover},
		{"a manager who is director, too", person("mia", Manager, Director), NoApprover},
		{"a manager", person("max", Manager), ""},
		{"a second manager", person("mia", Manager), NoApprover},
		{"a director", person("dot", Director), ""},
		{"a second director", person("dan", Director), NoApprover},
	} {
		events, err := o.do("ada", c.ask)
		if CodeOf(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if err == nil && (events[0].Grade() != Serious || !slices.Contains([]string{"max", "dot"}, c.ask.Change.Subject()) || o.person(c.ask.Change.Subject()).Account != 0) {
			t.Errorf("%s: %+v", c.name, events)
		}
	}
	// The founding over, an admin without a manager is not in one again.
	o.does("ada", IssueLink{"max", aLink})
	if a := o.person("max").Admission; !a.ReadBy("ada") || a.ReadBy("tim") || a.ReadBy("dot") { // nobody approved who could
		t.Errorf("the code is read by others than who gave the link: %+v", a)
	}
	o.joins("max", "ada")
	o.joins("dot", "ada")
	for _, who := range []string{"max", "dot"} {
		o.does(who, ConfirmFounding{o.state.FoundingDigest()})
	}
	o.state.editPerson("max", func(p *Person) { p.Roles = []Role{Technician} })
	if _, err := o.do("ada", person("mia", Manager)); CodeOf(err) != NoApprover {
		t.Errorf("a manager after the founding: %v", err)
	}
}

// TestASecondManagerConfirmsNothing: the level has its person.
func TestASecondManagerConfirmsNothing(t *testing.T) {
	o := newOffice(t)
	o.hires("mia", Manager)
	o.does("max", ConfirmFounding{o.state.FoundingDigest()})
	if _, err := o.do("mia", ConfirmFounding{o.state.FoundingDigest()}); CodeOf(err) != Forbidden || o.state.Founded() {
		t.Errorf("mia: %v", err)
	}
}

func TestApprovalsAsThePolicySays(t *testing.T) {
	for approvals, want := range map[Approvals][]Role{ApprovedByTwo: {Manager, Director}, ApprovedByOne: {Manager}, ApprovedByNone: nil} {
		p := testPolicy()
		p.Approvals = approvals
		o := officeUnder(t, p)
		events := o.does("ada", proposed(cayForBen))
		made, _ := events[0].Fact.(ProposalMade)
		if asked, _ := o.state.Proposal("p-1"); !slices.Equal(asked.Needs, want) || made.Alone != (want == nil) {
			t.Errorf("%s: needs %v, %+v", approvals, asked.Needs, made)
		}
		if happened := custodians(o.credential("db01")) == [2]string{"ann", "cay"}; happened != (want == nil) {
			t.Errorf("%s: it happened: %t", approvals, happened)
		}
		if made.Alone != (made.grade() == Serious) {
			t.Errorf("%s: graded %s", approvals, made.grade())
		}
	}
}

// With one approval, a director stands in for the manager, but only when no manager is
// there who could.
func TestStandingIn(t *testing.T) {
	reset := needed(ResetEnrolment{"ann"})
	given := func(more func(*office)) func(*office) {
		return func(o *office) {
			if more != nil {
				more(o)
			}
			o.does("ada", reset)
		}
	}
	yes := Approve{"p-1", Proposal{ID: "p-1", Revision: 1, Change: reset.Change}.Digest()}
	no := Reject{yes.Proposal, yes.Digest, note("x")}
	over := func(o *office) bool { return isOver(o, "p-1") && !o.person("ann").Enrolled }
	check(t, []clause{
		{"the manager approves", given(nil), "max", yes, "", over},
		{"no director while a manager is there", given(nil), "dot", yes, NotEligible, nil},
		{"a director while the manager is away", given(func(o *office) { o.does("max", GoAway{}) }), "dot", yes, "", over},
		{"a director while the manager has no authenticator", given(func(o *office) { o.does(System, ResetOnHost{Person: "max"}) }), "dot", yes, "", over},
		{"and can say no", given(func(o *office) { o.does("max", GoAway{}) }), "dot", no, "", func(o *office) bool { return isOver(o, "p-1") }},
		{"a director while the manager asks", func(o *office) { o.does("max", reset) }, "dot", yes, "", over},
		{"no admin, whoever is away", given(func(o *office) { o.does("max", GoAway{}) }), "ada", yes, OwnRequest, nil},
	})
}
