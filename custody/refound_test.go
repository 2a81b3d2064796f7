package custody

import (
	"slices"
	"testing"
	"time"
)

// Nobody is left who is director, or manager, and could act: the office is refounded
// (governance, proposals). cay is to be director.

func dotHasLeft(o *office) { o.does("max", gone("dot")) }
func maxHasLeft(o *office) { o.does("dot", gone("max")) }
func eveHasLeft(o *office) { o.does("ada", gone("eve")) }

func miaIsBoth(o *office) { o.hires("mia", Director, Manager) }

var cayAsDirector = Refound{"cay", Director}

// cayIsToBeDirector is asked for by somebody: p-1.
func cayIsToBeDirector(by string) func(*office) {
	return both(dotHasLeft, func(o *office) { o.does(by, needed(cayAsDirector)) })
}

// saysYes to the first proposal.
func (o *office) saysYes(who ...string) {
	o.t.Helper()
	for _, name := range who {
		o.does(name, o.approval("p-1"))
	}
}

// refounding is announced: a week from now cay is director.
func refounding(o *office) {
	cayIsToBeDirector("ada")(o)
	o.saysYes("max", "eve")
}

func (o *office) needs(id string) []Role {
	p, _ := o.state.Proposal(id)
	return p.Needs
}

func TestWhoIsMissing(t *testing.T) {
	for name, c := range map[string]struct {
		given []func(*office)
		want  []Role
	}{
		"everybody is there":                   {nil, nil},
		"the director has left":                {[]func(*office){dotHasLeft}, []Role{Director}},
		"the manager has left":                 {[]func(*office){maxHasLeft}, []Role{Manager}},
		"both have":                            {[]func(*office){dotHasLeft, func(o *office) { o.does("ada", gone("max")) }}, []Role{Manager, Director}},
		"the director sets up a log-in anew":   {[]func(*office){func(o *office) { o.agreed("ada", ResetEnrolment{"dot"}) }}, []Role{Director}},
		"the director is away":                 {[]func(*office){func(o *office) { o.does("dot", GoAway{}) }}, nil},
		"one is both, and nobody else either":  {[]func(*office){miaIsBoth, dotHasLeft, func(o *office) { o.does("ada", gone("max")) }}, []Role{Manager, Director}},
		"one is both, and another one of them": {[]func(*office){miaIsBoth, dotHasLeft}, nil},
	} {
		o := newOffice(t)
		for _, g := range c.given {
			g(o)
		}
		if got := o.state.Lacking(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestWhoAsksForARefounding(t *testing.T) {
	asks := needed(cayAsDirector)
	needs := func(roles ...Role) func(*office) bool {
		return func(o *office) bool { return slices.Equal(o.needs("p-1"), roles) }
	}
	check(t, []clause{
		{"not while a manager and a director are there", nil, "ada", asks, Conflict, nil},
		{"nor of the one who is there", dotHasLeft, "ada", needed(Refound{"cay", Manager}), Conflict, nil},
		{"an admin does, who has said yes by asking", dotHasLeft, "ada", asks, "", needs(Manager, Auditor)},
		{"the manager does", dotHasLeft, "max", asks, "", needs(Admin, Auditor)},
		{"a technician does, and then all three are asked", dotHasLeft, "ben", asks, "", needs(Admin, Manager, Auditor)},
		{"an auditor only looks", dotHasLeft, "eve", asks, Forbidden, nil},
		{"nobody does for themselves", dotHasLeft, "cay", asks, Forbidden, nil},
		{"where there is no auditor the others are enough", both(dotHasLeft, eveHasLeft), "ada", asks, "", needs(Manager)},
		{"nobody does it alone", dotHasLeft, "ada", cayAsDirector, ApprovalNeeded, nil},
		{"nobody is there", dotHasLeft, "ada", needed(Refound{"mallory", Director}), NotFound, nil},
		{"who has left does not come back by it", both(dotHasLeft, cayHasLeft), "ada", asks, Conflict, nil},
		{"whoever has no log-in could not act", both(dotHasLeft, func(o *office) { o.does("ada", needed(ResetEnrolment{"cay"})); o.saysYes("max") }), "ada", asks, Conflict, nil},
		{"one person is not both", dotHasLeft, "ada", needed(Refound{"max", Director}), Conflict, nil},
		{"an auditor stays one", dotHasLeft, "ada", needed(Refound{"eve", Director}), InvalidRequest, nil},
		{"an admin stays one", dotHasLeft, "max", needed(Refound{"ada", Director}), InvalidRequest, nil},
		{"no other role is given so", dotHasLeft, "max", needed(Refound{"cay", Admin}), InvalidRequest, nil},
		{"one who asks and nobody else", both(dotHasLeft, func(o *office) {
			eveHasLeft(o)
			for _, name := range []string{"ann", "ben", "max"} {
				o.does("ada", gone(name))
			}
		}), "ada", asks, NoApprover, nil},
		{"a technician stands in where nobody else is", both(dotHasLeft, func(o *office) {
			eveHasLeft(o)
			o.does("ada", gone("max"))
		}), "ada", asks, "", needs(Technician)},
	})
}

// An admin who is the manager as well is asked once.
func TestOnePersonConfirmsARefoundingOnce(t *testing.T) {
	p := testPolicy()
	p.Exclusive = ExclusiveAuditor
	o := officeUnder(t, p)
	o.hires("mia", Admin, Manager)
	for _, name := range []string{"dot", "max", "ada"} {
		o.does("mia", gone(name))
	}
	o.does("ben", needed(cayAsDirector))
	if got := o.needs("p-1"); !slices.Equal(got, []Role{Admin, Auditor}) {
		t.Fatal(got)
	}
}

func TestNoticeOfARefounding(t *testing.T) {
	open := func(o *office) bool {
		p, _ := o.state.Proposal("p-1")
		return p.Status == Open && !o.person("cay").Is(Director)
	}
	announced := func(o *office) bool {
		p, _ := o.state.Proposal("p-1")
		return open(o) && p.Announced() && p.Expires.Equal(o.now.Add(7*24*time.Hour))
	}
	asked, one := cayIsToBeDirector("ada"), both(cayIsToBeDirector("ada"), func(o *office) { o.saysYes("max") })
	yes := Approve{"p-1", digestOf("ada", cayAsDirector)}
	no := Reject{"p-1", yes.Digest, note("nobody asked us")}
	over := func(o *office) bool {
		_, still := o.state.Proposal("p-1")
		o.passes(8 * 24 * time.Hour)
		return !still && !o.person("cay").Is(Director)
	}
	for _, who := range []string{"ann", "ben", "cay", "eve", "max"} {
		check(t, []clause{
			{who + " says no before anybody said yes", asked, who, no, "", over},
			{who + " says no while it is announced", refounding, who, no, "", over},
		})
	}
	check(t, []clause{
		{"one yes is not enough", asked, "max", yes, "", open},
		{"with the last it is announced", one, "eve", yes, "", announced},
		{"nobody says yes twice", one, "max", yes, NotEligible, nil},
		{"nor a technician, who is asked for nothing", one, "ben", yes, NotEligible, nil},
		{"nor whoever gains it", one, "cay", yes, NotEligible, nil},
		{"nor whoever asks", one, "ada", yes, OwnRequest, nil},
		{"who asks takes it back, and does not say no", refounding, "ada", no, OwnRequest, nil},
		{"until the end", refounding, "ada", Withdraw{"p-1"}, "", over},
		{"nobody else does", refounding, "max", Withdraw{"p-1"}, Forbidden, nil},
		{"a no is of what is asked", refounding, "ben", Reject{"p-1", "", note("no")}, Conflict, nil},
		{"and has a reason", refounding, "ben", Reject{"p-1", yes.Digest, Note{}}, InvalidRequest, nil},
		{"who has left says nothing", both(refounding, func(o *office) { o.does("ada", gone("ben")) }), "ben", no, Unauthenticated, nil},
		{"not everybody in time, and it is over", both(one, func(o *office) { o.passes(7 * 24 * time.Hour) }), "eve", yes, AlreadyDecided, nil},
		{"another for the same waits", refounding, "max", needed(cayAsDirector), Conflict, nil},
	})
}

func TestARefoundingTakesEffectByTime(t *testing.T) {
	types := func(events []Event) (all []string) {
		for _, e := range events {
			_, incident := e.Fact.(IncidentUnanswered)
			if e.Fact.Subject() != "dot" && !incident { // whose leaving has a clock of its own, as what is special has
				all = append(all, e.Fact.Type())
			}
		}
		return all
	}
	o := newOffice(t)
	refounding(o)
	from := len(o.history)
	o.passes(6*24*time.Hour - time.Millisecond)
	if got := types(o.history[from:]); len(got) > 0 {
		t.Fatalf("too early: %v", got)
	}
	o.passes(time.Millisecond)
	o.passes(time.Hour)
	if got := types(o.history[from:]); !slices.Equal(got, []string{"proposal.near"}) {
		t.Fatalf("a day before: %v", got)
	}
	o.passes(23*time.Hour - time.Millisecond)
	if o.person("cay").Is(Director) {
		t.Fatal("a millisecond too early")
	}
	from = len(o.history)
	o.passes(time.Millisecond)
	if got := types(o.history[from:]); !slices.Equal(got, []string{"proposal.matured", "refounding.effected", "proposal.effected"}) {
		t.Fatalf("in effect: %v", got)
	}
	if cay := o.person("cay"); !slices.Equal(cay.Roles, []Role{Director, Technician}) || len(o.state.Lacking()) > 0 {
		t.Errorf("%+v", cay)
	}
	o.does("ada", needed(Retire{"db01"}))
	for _, who := range []string{"max", "cay"} {
		o.does(who, o.approval("p-2"))
	}
	if db01 := o.credential("db01"); db01.Phase == Held {
		t.Error("what needs two is approved by two again, and does not happen")
	}
}

// What was true when it was asked for is looked at again when it takes effect.
func TestARefoundingThatIsNotNeededAnyMore(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(*office)
		last      string
	}{
		"whoever gains it left":              {func(o *office) { o.does("ada", gone("cay")) }, "proposal.failed"},
		"whoever gains it has no log-in":     {func(o *office) { o.does("ada", needed(ResetEnrolment{"cay"})); o.does("max", o.approval("p-2")) }, "proposal.failed"},
		"whoever asked for it left":          {func(o *office) { o.does("max", gone("ada")) }, "proposal.withdrawn"},
		"one who said yes left":              {func(o *office) { o.does("ada", gone("max")) }, "proposal.expired"},
		"one who said yes is another by now": {func(o *office) { o.does("ada", needed(ResetEnrolment{"ben"})); o.does("max", gone("eve")) }, "proposal.expired"},
	} {
		o := newOffice(t)
		refounding(o)
		c.meanwhile(o)
		o.passes(7 * 24 * time.Hour)
		if o.person("cay").Is(Director) {
			t.Errorf("%s: in effect all the same", name)
		}
		happened := slices.ContainsFunc(o.history, func(e Event) bool { return e.Fact.Type() == c.last && e.Fact.Subject() == "p-1" })
		if !happened {
			t.Errorf("%s: no %s", name, c.last)
		}
	}
}

// Somebody else says yes in the place of one who left, and everybody has a week again.
func TestAnotherSaysYesInThePlaceOfWhoLeft(t *testing.T) {
	o := newOffice(t)
	o.hires("eli", Auditor)
	refounding(o)
	o.passes(6 * 24 * time.Hour)
	eveHasLeft(o)
	o.saysYes("eli")
	o.passes(7*24*time.Hour - time.Millisecond)
	if o.person("cay").Is(Director) {
		t.Fatal("with the notice of before")
	}
	o.passes(time.Millisecond)
	if !o.person("cay").Is(Director) {
		t.Error("everybody had notice, and nothing happened")
	}
}

// Of two that are due at once the second is looked at beside what the first led to.
func TestTwoRefoundingsAtOnce(t *testing.T) {
	o := newOffice(t)
	dotHasLeft(o)
	for _, name := range []string{"cay", "ben"} {
		o.does("ada", needed(Refound{name, Director}))
		for _, who := range []string{"max", "eve"} {
			o.does(who, o.approval(proposalID(o.state.Proposals)))
		}
	}
	o.passes(7 * 24 * time.Hour)
	if !o.person("cay").Is(Director) || o.person("ben").Is(Director) {
		t.Errorf("%v, %v", o.person("cay").Roles, o.person("ben").Roles)
	}
	if last := o.history[len(o.history)-1].Fact; last != (ProposalFailed{Proposal: "p-2", Code: Conflict, Rule: "3.1"}) {
		t.Errorf("%+v", last)
	}
}

// An edit voids what was announced.
func TestAnEditedRefoundingIsAnnouncedAnew(t *testing.T) {
	o := newOffice(t)
	dotHasLeft(o)
	o.does("ada", gone("max"))
	o.does("ada", needed(cayAsDirector))
	o.saysYes("eve")
	o.passes(6 * 24 * time.Hour)
	o.does("ada", Revise{"p-1", Change{Refound{"cay", Manager}}, note("rather so")})
	if p, _ := o.state.Proposal("p-1"); p.Announced() || p.Near || len(p.Approvals) > 0 {
		t.Fatalf("%+v", p)
	}
	o.saysYes("eve")
	o.passes(7*24*time.Hour - time.Millisecond)
	if o.person("cay").Is(Manager) {
		t.Fatal("with the notice of what it was before")
	}
	o.passes(time.Millisecond)
	if !o.person("cay").Is(Manager) {
		t.Error("nothing happened")
	}
}

// The small office in which the only manager leaves: what opens it, who, and how long.
func TestTheOnlyManagerLeaves(t *testing.T) {
	o := newOffice(t)
	o.does("ada", gone("max"))
	if _, err := o.do("ada", needed(SetRoles{"cay", []Role{Manager, Technician}})); CodeOf(err) != NoApprover {
		t.Fatalf("what takes both is asked for, and nobody could approve it: %v", err)
	}
	o.does("ada", needed(Refound{"cay", Manager}))
	o.saysYes("dot", "eve")
	o.passes(7 * 24 * time.Hour)
	o.does("ada", needed(AddPerson{Username: "moe", Name: "Moe", Roles: []Role{Manager}, TOTPPeriod: 30}))
	o.does("dot", o.approval("p-2"))
	o.does("cay", o.approval("p-2"))
	if _, there := o.state.Person("moe"); !there {
		t.Error("a new manager was not added")
	}
}

// And where the last admin leaves, the approvers add another, and one of them gives the
// link of which the other reads the code.
func TestTheLastAdminLeaves(t *testing.T) {
	o := newOffice(t)
	o.does("max", gone("ada"))
	o.agreed("ben", AddPerson{Username: "abe", Name: "Abe", Roles: []Role{Admin}, TOTPPeriod: 30})
	o.does("max", IssueLink{Person: "abe", Link: sessionNumber(7)})
	if abe := o.person("abe"); !abe.Admission.ReadBy("dot") || abe.Admission.ReadBy("max") {
		t.Errorf("%+v", abe.Admission)
	}
}

func TestWhatNobodyForgesOfARefounding(t *testing.T) {
	at := stateAfter(t)
	later := func(s *State, e Event, d time.Duration) Event { e.Time = s.Time.Add(d); return e }
	plain, lacking, asked, announced := at(), at(dotHasLeft), at(cayIsToBeDirector("ada")), at(refounding)
	one := at(cayIsToBeDirector("ada"), func(o *office) { o.saysYes("max") })
	left := at(refounding, eveHasLeft)
	usual := at(cayIsProposed, func(o *office) { o.saysYes("max") })
	matured := func(given ...func(*office)) *State {
		s := clone(at(given...))
		Apply(s, later(s, forgedBy(s, System, ProposalMatured{"p-1"}), refoundNotice))
		return s
	}
	ripe := matured(refounding)
	agreed := clone(usual) // by both, one of whom did not count for a while
	agreed.editProposal("p-1", func(p *Proposal) { *p = p.with(Approval{Level: Director, Person: "dot"}) })
	roles := func(name string, s *State) []Role { p, _ := s.Person(name); return p.Roles }
	made := func(by string, s *State, c Proposable) Event {
		return forgedBy(s, by, ProposalMade{Proposal: "p-1", Change: Change{c}, Reason: note("why"), Expires: s.Time.Add(proposalTTL)})
	}
	effect := PersonRefounded{Person: "cay", Role: Director, Before: roles("cay", ripe), Proposal: "p-1"}
	with := func(edit func(*PersonRefounded)) PersonRefounded { f := effect; edit(&f); return f }
	withoutLogIn := clone(ripe)
	withoutLogIn.editPerson("cay", func(p *Person) { p.Enrolled = false })
	hasOne, isManager, isAuditor := clone(ripe), clone(ripe), clone(ripe)
	hasOne.editPerson("ben", func(p *Person) { p.Roles = []Role{Director} })
	isManager.editPerson("cay", func(p *Person) { p.Roles = []Role{Manager} })
	isAuditor.editPerson("cay", func(p *Person) { p.Roles = []Role{Auditor} })
	week := func(s *State) time.Time { return s.Time.Add(refoundNotice) }
	for name, e := range map[string]struct {
		state     *State
		event     Event
		invariant string
	}{
		"asked for by whoever gains it": {lacking, made("cay", lacking, cayAsDirector), "I10"},
		"said to need nobody": {lacking, func() Event {
			e := made("ada", lacking, cayAsDirector)
			f := e.Fact.(ProposalMade)
			f.Alone = true
			e.Fact = f
			return e
		}(), "I10"},
		"a yes that nobody is told of":            {asked, forgedBy(asked, "max", ProposalApproved{Proposal: "p-1", Revision: 1, Level: Manager}), "I10"},
		"announced with a yes missing":            {one, forgedBy(one, "max", ProposalAnnounced{"p-1", week(one)}), "I10"},
		"announced with nobody's yes":             {asked, forgedBy(asked, "max", ProposalAnnounced{"p-1", week(asked)}), "I6"},
		"announced by somebody else":              {announced, forgedBy(announced, "max", ProposalAnnounced{"p-1", week(announced)}), "I6"},
		"announced without a code":                {announced, withoutCode(forgedBy(announced, "eve", ProposalAnnounced{"p-1", week(announced)})), "I6"},
		"announced for sooner":                    {announced, forgedBy(announced, "eve", ProposalAnnounced{"p-1", announced.Time.Add(time.Hour)}), "I10"},
		"announced, what takes no notice":         {usual, forgedBy(usual, "max", ProposalAnnounced{"p-1", week(usual)}), "I10"},
		"announced, what there is not":            {plain, forgedBy(plain, "max", ProposalAnnounced{"p-1", week(plain)}), "I6"},
		"near too early":                          {announced, later(announced, forgedBy(announced, System, ProposalNear{"p-1"}), refoundNotice-noticeNear-1), "I10"},
		"near when it is over":                    {announced, later(announced, forgedBy(announced, System, ProposalNear{"p-1"}), refoundNotice), "I10"},
		"near by somebody's word":                 {announced, later(announced, forgedBy(announced, "ada", ProposalNear{"p-1"}), refoundNotice-1), "I6"},
		"near, what was not announced":            {one, later(one, forgedBy(one, System, ProposalNear{"p-1"}), refoundNotice-1), "I10"},
		"in effect too early":                     {announced, later(announced, forgedBy(announced, System, ProposalMatured{"p-1"}), refoundNotice-1), "I10"},
		"in effect by time, what takes no notice": {agreed, later(agreed, forgedBy(agreed, System, ProposalMatured{"p-1"}), proposalTTL), "I10"},
		"in effect with a yes missing":            {one, later(one, forgedBy(one, System, ProposalMatured{"p-1"}), refoundNotice), "I10"},
		"in effect with the yes of who left":      {left, later(left, forgedBy(left, System, ProposalMatured{"p-1"}), refoundNotice), "I10"},
		"in effect by somebody's word":            {announced, later(announced, forgedBy(announced, "eve", ProposalMatured{"p-1"}), refoundNotice), "I6"},
		"in effect twice":                         {ripe, forgedBy(ripe, System, ProposalMatured{"p-1"}), "I10"},
		"expired when it is due":                  {announced, later(announced, forgedBy(announced, System, ProposalExpired{"p-1"}), refoundNotice), "I10"},
		"given without a proposal":                {lacking, forgedBy(lacking, System, with(func(f *PersonRefounded) { f.Proposal = "" })), "I6"},
		"given at once":                           {announced, forgedBy(announced, System, effect), "I10"},
		"given by the last who said yes":          {ripe, forgedBy(ripe, "eve", effect), "I6"},
		"given to somebody else":                  {ripe, forgedBy(ripe, System, with(func(f *PersonRefounded) { f.Person = "ben" })), "I10"},
		"given another role":                      {ripe, forgedBy(ripe, System, with(func(f *PersonRefounded) { f.Role = Manager })), "I10"},
		"given a role of another kind":            {ripe, forgedBy(ripe, System, with(func(f *PersonRefounded) { f.Role = Admin })), "I10"},
		"in the place of others than there were":  {ripe, forgedBy(ripe, System, with(func(f *PersonRefounded) { f.Before = nil })), "I10"},
		"given to who could not act":              {withoutLogIn, forgedBy(withoutLogIn, System, effect), "I10"},
		"given while somebody has it":             {hasOne, forgedBy(hasOne, System, effect), "I10"},
		"given to the manager":                    {isManager, forgedBy(isManager, System, with(func(f *PersonRefounded) { f.Before = []Role{Manager} })), "I10"},
		"given to an auditor":                     {isAuditor, forgedBy(isAuditor, System, with(func(f *PersonRefounded) { f.Before = []Role{Auditor} })), "I10"},
		"a veto of what is no refounding":         {usual, forgedBy(usual, "ann", ProposalRejected{Proposal: "p-1", Veto: true}), "I10"},
		"a veto by who asked":                     {announced, forgedBy(announced, "ada", ProposalRejected{Proposal: "p-1", Veto: true}), "I10"},
		"a veto at a level":                       {announced, forgedBy(announced, "ann", ProposalRejected{Proposal: "p-1", Veto: true, Level: Manager}), "I10"},
		"a veto without a code":                   {announced, withoutCode(forgedBy(announced, "ann", ProposalRejected{Proposal: "p-1", Veto: true})), "I6"},
		"a veto that is over":                     {ripe, forgedBy(ripe, "ann", ProposalRejected{Proposal: "p-1", Veto: true}), "I10"},
	} {
		if err := CheckEvent(e.state, e.event); !violation(err, e.invariant, "") {
			t.Errorf("%s: got %v, want %s", name, err, e.invariant)
		}
	}
	if err := CheckEvent(ripe, forgedBy(ripe, System, effect)); err != nil {
		t.Errorf("what is as it should be: %v", err)
	}
}
