package custody

import (
	"slices"
	"testing"
	"time"
)

// Who decides in the place of a manager or a director. tia, a technician who is custodian
// of nothing, is to be max's deputy; max asks for it himself, as there is no other manager.

func tiaForMax(o *office) NameDeputy {
	return NameDeputy{Person: "max", Deputy: "tia", Ends: o.now.Add(30 * 24 * time.Hour)}
}

func tiaIsThere(o *office) { o.hires("tia", Technician) }

// tiaIsDeputy: max has asked for it, and dot has approved.
func tiaIsDeputy(o *office) {
	o.t.Helper()
	tiaIsThere(o)
	id := o.does("max", needed(tiaForMax(o)))[0].Fact.Subject()
	o.does("dot", o.approval(id))
	if o.person("max").Deputy.Person != "tia" {
		o.t.Fatal("dot alone does not make tia deputy: is there another manager already?")
	}
}

// tiaStandsIn: and max is away.
func tiaStandsIn(o *office) { tiaIsDeputy(o); o.does("max", GoAway{}) }

// waiting gives the id of the last proposal.
func (o *office) waiting() string { return proposalID(o.state.Proposals) }

// approves is a yes of somebody's to the last proposal.
func (o *office) approves(who string) error {
	_, err := o.do(who, o.approval(o.waiting()))
	return err
}

func TestNameDeputy(t *testing.T) {
	o := newOffice(t)
	in := func(d time.Duration) time.Time { return o.now.Add(d) }
	month := 30 * 24 * time.Hour
	name := func(principal, deputy string) Propose {
		return needed(NameDeputy{Person: principal, Deputy: deputy, Ends: in(month)})
	}
	until := func(from, until time.Time) Propose {
		return needed(NameDeputy{Person: "max", Deputy: "cay", Starts: from, Ends: until})
	}
	check(t, []clause{
		{"the only manager asks, and the director approves: both have signed", nil, "max", name("max", "cay"), "", func(o *office) bool {
			p, _ := o.state.Proposal("p-1")
			return slices.Equal(p.Needs, []Role{Director})
		}},
		{"somebody else asks for the only manager: nobody is left at that level", nil, "ada", name("max", "cay"), NoApprover, nil},
		{"the only director asks, and the manager approves", nil, "dot", name("dot", "cay"), "", func(o *office) bool {
			p, _ := o.state.Proposal("p-1")
			return slices.Equal(p.Needs, []Role{Manager})
		}},
		{"with another manager both levels approve, whoever asks", func(o *office) { o.hires("mia", Manager) }, "max", name("max", "cay"), "", func(o *office) bool {
			p, _ := o.state.Proposal("p-1")
			return slices.Equal(p.Needs, []Role{Manager, Director})
		}},
		{"anybody can ask then", func(o *office) { o.hires("mia", Manager) }, "ben", name("max", "cay"), "", nil},
		{"the director is nobody's deputy while nobody else could approve it", nil, "max", name("max", "dot"), NoApprover, nil},
		{"and can be with another director", func(o *office) { o.hires("dan", Director) }, "max", name("max", "dot"), "", nil},
		{"not an auditor", nil, "max", name("max", "eve"), InvalidRequest, nil},
		{"not an admin, under strict", nil, "max", name("max", "ada"), InvalidRequest, nil},
		{"not oneself", nil, "max", name("max", "max"), InvalidRequest, nil},
		{"not who is not there", nil, "max", name("max", "zoe"), InvalidRequest, nil},
		{"not who has no authenticator", func(o *office) { o.does(System, ResetOnHost{Person: "cay"}) }, "max", name("max", "cay"), InvalidRequest, nil},
		{"not who has left", cayHasLeft, "max", name("max", "cay"), InvalidRequest, nil},
		{"not one's second account", func(o *office) { o.reads("max", 1); o.reads("cay", 1) }, "max", name("max", "cay"), InvalidRequest, nil},
		{"not of who approves nothing", func(o *office) { o.hires("mia", Manager) }, "ann", name("ann", "cay"), Conflict, nil},
		{"and so not of a deputy: that is nobody's to give on", func(o *office) { tiaIsDeputy(o); o.hires("mia", Manager) }, "tia", name("tia", "cay"), Conflict, nil},
		{"not of who is not there", nil, "max", name("zoe", "cay"), NotFound, nil},
		{"not of who has left", func(o *office) { o.hires("mia", Manager); o.does("ada", gone("mia")) }, "max", name("mia", "cay"), Conflict, nil},
		{"not without an end", nil, "max", until(time.Time{}, time.Time{}), InvalidRequest, nil},
		{"not until yesterday", nil, "max", until(time.Time{}, in(-time.Hour)), InvalidRequest, nil},
		{"not until now", nil, "max", until(time.Time{}, o.now), InvalidRequest, nil},
		{"not for more than a year", nil, "max", until(time.Time{}, in(maxDeputy+time.Second)), InvalidRequest, nil},
		{"a year is possible", nil, "max", until(time.Time{}, in(maxDeputy)), "", nil},
		{"not with the end before the beginning", nil, "max", until(in(2*time.Hour), in(time.Hour)), InvalidRequest, nil},
		{"nor with both at once", nil, "max", until(in(time.Hour), in(time.Hour)), InvalidRequest, nil},
		{"not in a year that nobody can write", nil, "max", until(time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), in(time.Hour)), InvalidRequest, nil},
		{"not what is so already", tiaIsDeputy, "max", needed(NameDeputy{Person: "max", Deputy: "tia", Ends: in(month)}), Conflict, nil},
		{"another one in their place", tiaIsDeputy, "max", name("max", "cay"), "", nil},
		{"for longer", tiaIsDeputy, "max", needed(NameDeputy{Person: "max", Deputy: "tia", Ends: in(2 * month)}), "", nil},
		{"later", tiaIsDeputy, "max", needed(NameDeputy{Person: "max", Deputy: "tia", Starts: in(time.Hour), Ends: in(month)}), "", nil},
		{"nobody does it alone", nil, "max", NameDeputy{Person: "max", Deputy: "cay", Ends: in(month)}, ApprovalNeeded, nil},
	})
}

// Who asks in the place of the only manager is told who can.
func TestWhoAsksForAnothersDeputyIsToldWhoCan(t *testing.T) {
	o := newOffice(t)
	tiaIsThere(o)
	_, err := o.do("ada", needed(tiaForMax(o)))
	if r, is := err.(*Refusal); !is || r.Key != "no_approver_of_deputy" || r.Args["person"] != "max" {
		t.Errorf("ada is told %v", err)
	}
	_, err = o.do("max", needed(NameDeputy{Person: "max", Deputy: "dot", Ends: o.now.Add(time.Hour)}))
	if r, is := err.(*Refusal); !is || r.Key != "no_approver_of" {
		t.Errorf("max, who wants the only director, is told %v", err)
	}
}

// Neither the principal nor the deputy approves who is to be deputy, by no account.
func TestWhoseDeputyItIsAboutApprovesNothingOfIt(t *testing.T) {
	o := newOffice(t)
	o.hires("mia", Manager)
	o.hires("dan", Director)
	o.does("ada", needed(NameDeputy{Person: "mia", Deputy: "dot", Ends: o.now.Add(time.Hour)}))
	for _, who := range []string{"mia", "dot"} {
		if err := o.approves(who); CodeOf(err) != NotEligible {
			t.Errorf("%s: %v", who, err)
		}
	}
	o.does("max", o.approval("p-1"))
	o.does("dan", o.approval("p-1"))
	if d := o.person("mia").Deputy; d.Person != "dot" || !d.Began {
		t.Errorf("mia has the deputy %+v", d)
	}
}

// A firm of three: the manager goes on leave, and everything goes on without him.
func TestTheManagerIsOnLeaveAndHisDeputyDecidesForHim(t *testing.T) {
	o := newOffice(t)
	tiaIsDeputy(o)
	cayIsProposed(o)
	if err := o.approves("tia"); CodeOf(err) != NotEligible {
		t.Errorf("while max is there: %v", err)
	}
	o.does("max", GoAway{})
	if can := o.state.Approvers(o.proposal(o.waiting())); !slices.Equal(can[Manager], []string{"max", "tia"}) || !slices.Equal(can[Director], []string{"dot"}) {
		t.Errorf("can approve: %v", can)
	}
	o.does("tia", o.approval(o.waiting()))
	if p := o.proposal(o.waiting()); len(p.Approvals) != 1 || p.Approvals[0].Person != "tia" || p.Approvals[0].For != "max" || p.Approvals[0].Level != Manager {
		t.Errorf("on record: %+v", p.Approvals)
	}
	o.does("dot", o.approval(o.waiting()))
	if got := custodians(o.credential("db01")); got != [2]string{"ann", "cay"} {
		t.Errorf("custodians: %v", got)
	}
}

func (o *office) proposal(id string) Proposal {
	p, _ := o.state.Proposal(id)
	return p
}

// What a deputy may not, with everything else as it should be.
func TestADeputyMayNot(t *testing.T) {
	cay := needed(cayForBen)
	var id string
	asks := func(who string, a Propose) func(*office) {
		return func(o *office) { id = o.does(who, a)[0].Fact.Subject() }
	}
	for _, c := range []struct {
		name  string
		given func(*office)
		want  Code
	}{
		{"nothing is in the way", func(o *office) { tiaStandsIn(o); asks("ada", cay)(o) }, ""},
		{"decide while the principal is there", func(o *office) { tiaIsDeputy(o); asks("ada", cay)(o) }, NotEligible},
		{"decide after the principal is back", func(o *office) { tiaStandsIn(o); asks("ada", cay)(o); o.does("max", ComeBack{}) }, NotEligible},
		{"decide before the day", func(o *office) {
			tiaIsThere(o)
			o.agreed("max", NameDeputy{Person: "max", Deputy: "tia", Starts: o.now.Add(time.Hour), Ends: o.now.Add(48 * time.Hour)})
			o.does("max", GoAway{})
			asks("ada", cay)(o)
		}, NotEligible},
		{"and may on the day", func(o *office) {
			tiaIsThere(o)
			o.agreed("max", NameDeputy{Person: "max", Deputy: "tia", Starts: o.now.Add(time.Hour), Ends: o.now.Add(48 * time.Hour)})
			o.does("max", GoAway{})
			asks("ada", cay)(o)
			o.now = o.now.Add(time.Hour)
		}, ""},
		{"decide on the last day's end", func(o *office) {
			tiaIsThere(o)
			o.agreed("max", NameDeputy{Person: "max", Deputy: "tia", Ends: o.now.Add(time.Hour)})
			o.does("max", GoAway{})
			asks("ada", cay)(o)
			o.now = o.now.Add(time.Hour)
		}, NotEligible},
		{"decide when it was ended", func(o *office) { tiaStandsIn(o); asks("ada", cay)(o); o.does("dot", EndDeputy{"max"}) }, NotEligible},
		{"decide what they asked for", func(o *office) { tiaStandsIn(o); asks("tia", cay)(o) }, OwnRequest},
		{"decide what is about them", func(o *office) { tiaStandsIn(o); asks("ada", needed(pairOf("db01", "ann", "tia")))(o) }, NotEligible},
		{"decide what the principal asked for", func(o *office) { tiaStandsIn(o); o.hires("mia", Manager); asks("max", cay)(o) }, NotEligible},
		{"decide what is about the principal", func(o *office) {
			tiaStandsIn(o)
			o.hires("mia", Manager)
			asks("ada", needed(SetRoles{"max", []Role{Manager, Technician}}))(o)
		}, NotEligible},
		{"decide what the principal's second account asked for", func(o *office) {
			tiaStandsIn(o)
			o.hires("mia", Manager)
			o.reads("max", 1)
			o.reads("ada", 1)
			asks("ada", cay)(o)
		}, NotEligible},
		{"add a second yes to the principal's own", func(o *office) {
			o.agreedRoles("max", Manager, Director)
			tiaStandsIn(o)
			asks("ada", cay)(o)
			o.does("max", o.approval(id))
		}, NotEligible},
		{"decide for a manager who is one no more", func(o *office) {
			tiaStandsIn(o)
			o.hires("mia", Manager)
			asks("ada", cay)(o)
			o.state.editPerson("max", func(p *Person) { p.Roles = []Role{Technician} })
		}, NotEligible},
		{"decide for who has left", func(o *office) {
			tiaStandsIn(o)
			o.hires("mia", Manager)
			asks("ada", cay)(o)
			o.does("ada", gone("max"))
		}, NotEligible},
		{"decide as an auditor, whatever became of them", func(o *office) {
			tiaStandsIn(o)
			asks("ada", cay)(o)
			o.state.editPerson("tia", func(p *Person) { p.Roles = []Role{Auditor} })
		}, NotEligible},
		{"decide by what turns out to be a second account", func(o *office) {
			tiaStandsIn(o)
			asks("ada", cay)(o)
			o.state.editPerson("tia", func(p *Person) { p.Mailbox = "same" })
			o.state.editPerson("max", func(p *Person) { p.Mailbox = "same" })
		}, NotEligible},
		{"give it on: their own deputy is nobody", func(o *office) {
			tiaStandsIn(o)
			asks("ada", cay)(o)
			o.state.editPerson("tia", func(p *Person) {
				p.Away, p.Deputy = true, Deputy{Person: "ben", Ends: o.now.Add(time.Hour), Began: true}
			})
			o.does("tia", ComeBack{})
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			c.given(o)
			if _, err := o.do("tia", o.approval(id)); CodeOf(err) != c.want {
				t.Errorf("yes: %v, want %q", err, c.want)
			}
		})
	}
	o := newOffice(t)
	tiaStandsIn(o)
	o.hires("uri", Technician)
	o.state.editPerson("tia", func(p *Person) {
		p.Away, p.Deputy = true, Deputy{Person: "uri", Ends: o.now.Add(time.Hour), Began: true}
	})
	o.does("ada", cay)
	if err := o.approves("uri"); CodeOf(err) != NotEligible {
		t.Errorf("the deputy of a deputy: %v", err)
	}
}

// agreedRoles gives somebody roles without the way there.
func (o *office) agreedRoles(name string, roles ...Role) {
	o.state.editPerson(name, func(p *Person) { p.Roles = sortedRoles(roles) })
}

// TestADeputyOfBothCompletesNothing: one person stands in for the manager and for the
// director, both away, and decides at one level of each proposal.
func TestADeputyOfBothCompletesNothing(t *testing.T) {
	o := newOffice(t)
	tiaIsDeputy(o)
	o.agreed("dot", NameDeputy{Person: "dot", Deputy: "tia", Ends: o.now.Add(time.Hour)})
	o.does("max", GoAway{})
	o.does("dot", GoAway{})
	cayIsProposed(o)
	o.does("tia", o.approval(o.waiting()))
	if err := o.approves("tia"); CodeOf(err) != NotEligible {
		t.Errorf("a second yes: %v", err)
	}
	p := o.proposal(o.waiting())
	for _, level := range []Role{Manager, Director} {
		for _, whose := range []string{"", "max", "dot"} {
			if o.state.mayDecide(p, level, o.state.mandateOf(Approval{Person: "tia", For: whose})) {
				t.Errorf("may approve at %s for %q", level, whose)
			}
		}
	}
	other := map[Role]string{Manager: "max", Director: "dot"}[o.state.missing(p)[0]]
	o.does(other, o.approval(p.ID))
	if got := custodians(o.credential("db01")); got != [2]string{"ann", "cay"} {
		t.Errorf("custodians: %v", got)
	}
}

// TestTheDirectorWhoIsTheManagersDeputyApprovesOnce: at either level, not at both.
func TestTheDirectorWhoIsTheManagersDeputyApprovesOnce(t *testing.T) {
	o := newOffice(t)
	o.hires("dan", Director)
	o.does("max", needed(NameDeputy{Person: "max", Deputy: "dot", Ends: o.now.Add(time.Hour)}))
	o.does("dan", o.approval("p-1"))
	o.does("max", GoAway{})
	cayIsProposed(o)
	o.does("dot", o.approval(o.waiting()))
	if a := o.proposal(o.waiting()).Approvals[0]; a.Level != Manager || a.For != "max" {
		t.Errorf("dan can only approve as a director, so that dot does for max: %+v", a)
	}
	if err := o.approves("dot"); CodeOf(err) != NotEligible {
		t.Errorf("a second yes: %v", err)
	}
	o.does("dan", o.approval(o.waiting()))
	if got := custodians(o.credential("db01")); got != [2]string{"ann", "cay"} {
		t.Errorf("custodians: %v", got)
	}
}

// TestTheOnlyDirectorApprovesAsOne, though they could for the manager: otherwise nobody was
// left who completes it.
func TestTheOnlyDirectorApprovesAsOneThoughADeputy(t *testing.T) {
	o := newOffice(t)
	o.hires("dan", Director)
	o.hires("mia", Manager)
	o.has(NameDeputy{Person: "max", Deputy: "dot", Ends: o.now.Add(time.Hour)}, "mia", "dan")
	o.does("ada", gone("dan"))
	o.does("max", GoAway{})
	cayIsProposed(o)
	o.does("dot", o.approval(o.waiting()))
	if a := o.proposal(o.waiting()).Approvals; len(a) != 1 || a[0].Level != Director || a[0].For != "" {
		t.Errorf("approved as %+v", a)
	}
}

// A principal who comes back in between looks for themselves: what the deputy approved
// does not count any more, also when they go away again.
func TestThePrincipalIsBackBeforeTheOtherHasApproved(t *testing.T) {
	o := newOffice(t)
	tiaStandsIn(o)
	cayIsProposed(o)
	id := o.waiting()
	o.does("tia", o.approval(id))
	events := o.does("max", ComeBack{})
	if want := (ApprovalLapsed{Proposal: id, Level: Manager, Person: "tia"}); len(events) != 2 || events[1].Fact != want {
		t.Errorf("entered: %+v", events)
	}
	o.does("max", GoAway{})
	o.does("dot", o.approval(id))
	if got := custodians(o.credential("db01")); got != [2]string{"ann", "ben"} {
		t.Errorf("with an approval that had lapsed: %v", got)
	}
	o.does("tia", o.approval(id)) // away again, and looked at again
	if got := custodians(o.credential("db01")); got != [2]string{"ann", "cay"} {
		t.Errorf("custodians: %v", got)
	}
}

// Somebody else is the deputy before the other has approved: what the first approved does
// not count any more.
func TestAnotherDeputyBeforeTheOtherHasApproved(t *testing.T) {
	o := newOffice(t)
	o.hires("uri", Technician)
	tiaStandsIn(o)
	cayIsProposed(o)
	id := o.waiting()
	o.does("tia", o.approval(id))
	o.does("max", needed(NameDeputy{Person: "max", Deputy: "uri", Ends: o.now.Add(time.Hour)}))
	o.does("dot", o.approval(o.waiting()))
	p := o.proposal(id)
	if can := o.state.Approvers(p); len(p.Approvals) != 0 || !slices.Equal(can[Manager], []string{"max", "uri"}) {
		t.Errorf("approved by %+v, can approve: %v", p.Approvals, can)
	}
}

// The deputy rejects as the principal would.
func TestADeputyRejects(t *testing.T) {
	o := newOffice(t)
	tiaStandsIn(o)
	cayIsProposed(o)
	id := o.waiting()
	events := o.does("tia", Reject{id, o.approval(id).Digest, note("ben stays")})
	if f := events[0].Fact.(ProposalRejected); f.For != "max" || f.Level != Manager {
		t.Errorf("on record: %+v", f)
	}
	if !isOver(o, id) {
		t.Error("still open")
	}
}

func TestEndDeputy(t *testing.T) {
	end, ended := EndDeputy{"max"}, func(o *office) bool { return o.person("max").Deputy == Deputy{} }
	check(t, []clause{
		{"the principal", tiaIsDeputy, "max", end, "", ended},
		{"while away", tiaStandsIn, "max", end, "", ended},
		{"the deputy, who does not want to be", tiaIsDeputy, "tia", end, "", ended},
		{"a director", tiaIsDeputy, "dot", end, "", ended},
		{"an admin: taking away never waits", tiaIsDeputy, "ada", end, "", ended},
		{"another manager", func(o *office) { tiaIsDeputy(o); o.hires("mia", Manager) }, "mia", end, "", ended},
		{"not a technician", tiaIsDeputy, "ben", end, Forbidden, nil},
		{"not an auditor", tiaIsDeputy, "eve", end, Forbidden, nil},
		{"not the system", tiaIsDeputy, System, end, Forbidden, nil},
		{"not where there is none", nil, "max", end, Conflict, nil},
		{"nor by a technician", nil, "ben", end, Forbidden, nil},
		{"not of nobody", nil, "max", EndDeputy{"zoe"}, NotFound, nil},
	})
}

// has gets something approved by these.
func (o *office) has(a Proposable, approvers ...string) {
	o.t.Helper()
	id := o.does("ada", needed(a))[0].Fact.Subject()
	for _, who := range approvers {
		o.does(who, o.approval(id))
	}
}

// I11: who leaves, or gets other roles, is nobody's deputy and has none.
func TestADeputyshipEndsWithWhoeverLeaves(t *testing.T) {
	for name, leaves := range map[string]func(*office){
		"the deputy leaves":               func(o *office) { o.does("ada", gone("tia")) },
		"the principal leaves":            func(o *office) { o.does("ada", gone("max")) },
		"the deputy gets other roles":     func(o *office) { o.has(SetRoles{"tia", []Role{Auditor}}, "mia") },
		"the principal gets other roles":  func(o *office) { o.has(SetRoles{"max", []Role{Technician}}, "mia") },
		"the principal gets another role": func(o *office) { o.has(SetRoles{"max", []Role{Manager, Technician}}, "mia") },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			tiaIsDeputy(o)
			o.hires("mia", Manager)
			leaves(o)
			if d := o.person("max").Deputy; d.Person != "" {
				t.Errorf("still the deputy: %+v", d)
			}
		})
	}
}

// What time does: it begins, and it ends.
func TestADeputyHasDates(t *testing.T) {
	o := newOffice(t)
	tiaIsThere(o)
	from, until := o.now.Add(time.Hour), o.now.Add(3*time.Hour)
	o.agreed("max", NameDeputy{Person: "max", Deputy: "tia", Starts: from, Ends: until})
	types := func(events []Event) (all []string) {
		for _, e := range events {
			all = append(all, e.Fact.Type())
		}
		return all
	}
	for _, at := range []struct {
		when time.Time
		want []string
	}{
		{from.Add(-time.Millisecond), nil},
		{from, []string{"deputy.began"}},
		{until.Add(-time.Millisecond), nil},
		{until, []string{"deputy.ended"}},
		{until.Add(time.Hour), nil},
	} {
		o.now = at.when
		if got := types(o.does(System, Tick{})); !slices.Equal(got, at.want) {
			t.Errorf("at %s: %v, want %v", at.when, got, at.want)
		}
		o.state.Reschedule()
	}
	// Restored from the tables it waits for the same.
	for when, want := range map[string]func(*office) time.Time{
		"before": func(o *office) time.Time { return o.person("max").Deputy.Starts },
		"during": func(o *office) time.Time { return o.person("max").Deputy.Ends },
	} {
		o := newOffice(t)
		tiaIsThere(o)
		o.agreed("max", NameDeputy{Person: "max", Deputy: "tia", Starts: o.now.Add(time.Hour), Ends: o.now.Add(2 * time.Hour)})
		if when == "during" {
			o.passes(time.Hour)
		}
		restored := NewState()
		people, credentials, handovers := o.state.Changes()
		restored.Restore(people, credentials, handovers)
		if got := restored.Due(); !got.Equal(want(o)) {
			t.Errorf("%s: waits for %s", when, got)
		}
		o.state.Reschedule()
		if got := o.state.Due(); !got.Equal(want(o)) {
			t.Errorf("%s, worked out afresh: waits for %s", when, got)
		}
	}
}

// What is looked at while nobody is there at a level is the one source: a deputy is among
// those who are asked and told.
func TestADeputyIsAmongThoseWhoCanApprove(t *testing.T) {
	o := newOffice(t)
	tiaStandsIn(o)
	o.does(System, ResetOnHost{Person: "max"})
	o.does("ada", needed(cayForBen))
	if can := o.state.Approvers(o.proposal(o.waiting())); !slices.Equal(can[Manager], []string{"tia"}) {
		t.Errorf("can approve: %v", can)
	}
	_, err := o.do("ben", o.approval(o.waiting()))
	if r, is := err.(*Refusal); !is || !slices.Equal(r.Args["people"].([]string), []string{"dot", "tia"}) {
		t.Errorf("ben is told %v", err)
	}
}

// A proposal's dates are as the domain counts time, whatever was typed: else what is
// approved is never quite what takes effect.
func TestWhatIsApprovedHasTheInstantsThatTakeEffect(t *testing.T) {
	o := newOffice(t)
	shanghai := time.FixedZone("CST", 8*3600)
	by := o.now.Add(100*24*time.Hour + 123456789).In(shanghai)
	values := o.state.Policy().Values
	values.Lease = time.Hour
	o.agreed("ada", AdoptPolicy{Values: values, ReviewBy: by})
	if got := o.state.Policy(); got.Values.Lease != time.Hour || !got.ReviewBy.Equal(instant(by)) {
		t.Errorf("in force: %+v", got)
	}
	o.does("ada", needed(ReviewPolicy{Version: 2, ReviewBy: by}))
	o.does("ada", Revise{o.waiting(), Change{ReviewPolicy{Version: 2, ReviewBy: by.Add(time.Hour)}}, note("later")})
	o.does("max", o.approval(o.waiting()))
	o.does("dot", o.approval(o.waiting()))
	if got := o.state.Policy(); !got.ReviewBy.Equal(instant(by.Add(time.Hour))) {
		t.Errorf("reviewed by %s", got.ReviewBy)
	}
}

// An approval that lapses is asked for anew, and never counts again by itself.
func TestAnApproverWhoLeavesHasApprovedNothing(t *testing.T) {
	same := ChangeEmail{Person: "max", Email: note("max-1@example.org"), Mailbox: mailbox(1)}
	for name, lapses := range map[string]func(*office){
		"who left":                    func(o *office) { o.does("ada", gone("max")) },
		"who has another post":        func(o *office) { o.has(SetRoles{"max", []Role{Technician}}, "mia") },
		"who turns out to have asked": func(o *office) { o.reads("ada", 1); o.does("max", same) },
		"who is custodian by now": func(o *office) {
			o.state.editCredential("db01", func(c *Credential) { c.Backup = "max" })
			o.does("ben", RequestRotation{Credential: "web01", Reason: note("worn")})
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			maxApproved(o)
			o.hires("mia", Manager)
			lapses(o)
			p := o.proposal("p-1")
			if len(p.Approvals) != 0 || !slices.Contains(o.state.missing(p), Manager) {
				t.Errorf("approvals: %+v", p.Approvals)
			}
			if can := o.state.Approvers(p); !slices.Equal(can[Manager], []string{"mia"}) {
				t.Errorf("can approve: %v", can)
			}
		})
	}
}

// Those for whom it waits are told once more on the last day, once.
func TestAReminderBeforeAProposalExpires(t *testing.T) {
	o := newOffice(t)
	cayIsProposed(o)
	o.passes(proposalTTL - remindBefore - time.Millisecond)
	if o.proposal("p-1").Reminded {
		t.Error("before the last day")
	}
	o.passes(time.Millisecond)
	if !o.proposal("p-1").Reminded {
		t.Error("not on the last day")
	}
	before := len(o.history)
	o.passes(time.Hour)
	if len(o.history) != before {
		t.Error("twice")
	}
	restored := NewState()
	restored.RestoreProposals(o.state.ProposalsChanged())
	if !restored.Due().Equal(o.proposal("p-1").Expires) {
		t.Errorf("waits for %s", restored.Due())
	}
	o.does("ada", Withdraw{"p-1"})
	cayIsProposed(o)
	restored = NewState()
	restored.RestoreProposals(o.state.ProposalsChanged())
	o.state.Reschedule()
	if at := o.proposal("p-2").Expires.Add(-remindBefore); !restored.Due().Equal(at) || !o.state.Due().Equal(at) {
		t.Errorf("waits for %s, %s", restored.Due(), o.state.Due())
	}
	o.passes(proposalTTL)
	if f := o.history[len(o.history)-1].Fact; f.Type() != "proposal.expired" {
		t.Errorf("at the end: %s", f.Type())
	}
}
