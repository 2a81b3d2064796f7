package custody

import (
	"testing"
	"time"
)

// What nobody forges of a deputy, whoever signs the ledger: each fact beside what the
// rules allow, stated apart from the commands.
func TestWhatNobodyForgesOfADeputy(t *testing.T) {
	at := func(given ...func(*office)) *State {
		o := newOffice(t)
		o.hires("mia", Manager)
		tiaIsThere(o)
		for _, g := range given {
			g(o)
		}
		return o.state
	}
	until := epoch.Add(48 * time.Hour)
	asked := NameDeputy{Person: "max", Deputy: "tia", Ends: until}
	named := DeputyNamed{Person: "max", Deputy: "tia", Ends: until, Proposal: "p-1"}
	approved := func(a NameDeputy) *State {
		return at(func(o *office) {
			o.does("ada", needed(a))
			o.does("mia", o.approval("p-1"))
			events, err := Decide(o.state, o.with("dot", o.approval("p-1")), o.now)
			if err != nil {
				t.Fatal(err)
			}
			o.state = clone(o.state)
			Apply(o.state, events[0])
		})
	}
	isDeputy := func(o *office) { o.has(asked, "mia", "dot") }
	away := func(o *office) { isDeputy(o); o.does("max", GoAway{}) }
	waits := func(o *office) { away(o); o.does("ada", needed(cayForBen)) } // p-2
	plain, yes, deputy, open := at(), approved(asked), at(isDeputy), at(waits)
	later := at(func(o *office) {
		o.has(NameDeputy{Person: "max", Deputy: "tia", Starts: epoch.Add(time.Hour), Ends: until}, "mia", "dot")
	})
	with := func(edit func(*DeputyNamed)) DeputyNamed { f := named; edit(&f); return f }
	edited := func(s *State, name string, edit func(*Person)) *State {
		s = clone(s)
		s.editPerson(name, edit)
		return s
	}
	when := func(e Event, at time.Time) Event { e.Time = at; return e }
	forTia := ProposalApproved{Proposal: "p-2", Revision: 1, Level: Manager, For: "max"}
	ended := DeputyEnded{Person: "max", Deputy: "tia", Why: DeputyTaken}
	lapsedOf := func(who string) ApprovalLapsed { return ApprovalLapsed{Proposal: "p-2", Level: Manager, Person: who} }
	tiaApproved := at(waits, func(o *office) { o.does("tia", o.approval("p-2")) })

	for name, c := range map[string]struct {
		state *State
		event Event
	}{
		"what was approved": {yes, forgedBy(yes, "dot", named)},
		"the yes in another's place, while they are away": {open, forgedBy(open, "tia", forTia)},
		"the no in another's place":                       {open, forgedBy(open, "tia", ProposalRejected{Proposal: "p-2", Level: Manager, For: "max", Reason: note("no")})},
		"ended by the deputy":                             {deputy, forgedBy(deputy, "tia", ended)},
		"begun on the day":                                {later, when(forgedBy(later, System, DeputyBegan{"max", "tia"}), epoch.Add(time.Hour))},
		"ended on the day":                                {deputy, when(forgedBy(deputy, System, DeputyEnded{Person: "max", Deputy: "tia", Why: DeputyExpired}), until)},
	} {
		if err := CheckEvent(c.state, c.event); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		state     *State
		event     Event
		invariant string
	}{
		"named, and nobody approved it":         {plain, forgedBy(plain, "dot", named), "I6"},
		"named as somebody else":                {yes, forgedBy(yes, "dot", with(func(f *DeputyNamed) { f.Deputy = "cay" })), "I10"},
		"of somebody else":                      {yes, forgedBy(yes, "dot", with(func(f *DeputyNamed) { f.Person = "dot" })), "I10"},
		"for longer":                            {yes, forgedBy(yes, "dot", with(func(f *DeputyNamed) { f.Ends = until.Add(time.Hour) })), "I10"},
		"sooner":                                {yes, forgedBy(yes, "dot", with(func(f *DeputyNamed) { f.Starts = epoch.Add(time.Hour) })), "I10"},
		"named without a code":                  {yes, withoutCode(forgedBy(yes, "dot", named)), "I6"},
		"named by somebody else":                {yes, forgedBy(yes, "ada", named), "I6"},
		"named after its end":                   {yes, when(forgedBy(yes, "dot", named), until), "I10"},
		"for more than a year":                  {approvedFor(yes), forgedBy(approvedFor(yes), "dot", with(func(f *DeputyNamed) { f.Ends = epoch.Add(maxDeputy + time.Hour) })), "I10"},
		"who has no log-in":                     {edited(yes, "tia", func(p *Person) { p.Enrolled = false }), forgedBy(yes, "dot", named), "I10"},
		"who is an auditor":                     {edited(yes, "tia", func(p *Person) { p.Roles = []Role{Auditor} }), forgedBy(yes, "dot", named), "I10"},
		"who is an admin, under strict":         {edited(yes, "tia", func(p *Person) { p.Roles = []Role{Admin} }), forgedBy(yes, "dot", named), "I10"},
		"of somebody who approves nothing":      {edited(yes, "max", func(p *Person) { p.Roles = []Role{Technician} }), forgedBy(yes, "dot", named), "I10"},
		"of who has left":                       {edited(yes, "max", func(p *Person) { p.Disabled = true }), forgedBy(yes, "dot", named), "I10"},
		"the same person's account":             {edited(edited(yes, "max", func(p *Person) { p.Mailbox = "x" }), "tia", func(p *Person) { p.Mailbox = "x" }), forgedBy(yes, "dot", named), "I10"},
		"a yes while the principal is there":    {edited(open, "max", func(p *Person) { p.Away = false }), forgedBy(open, "tia", forTia), "I10"},
		"a yes by who is no deputy":             {open, forgedBy(open, "cay", forTia), "I6"},
		"a yes in a role that nobody gave":      {open, forgedBy(open, "tia", ProposalApproved{Proposal: "p-2", Revision: 1, Level: Manager}), "I6"},
		"a yes at the other level":              {open, forgedBy(open, "tia", ProposalApproved{Proposal: "p-2", Revision: 1, Level: Director, For: "max"}), "I10"},
		"a yes without a code":                  {open, withoutCode(forgedBy(open, "tia", forTia)), "I6"},
		"a yes on the day after":                {open, when(forgedBy(open, "tia", forTia), until), "I10"},
		"a no on the day after":                 {open, when(forgedBy(open, "tia", ProposalRejected{Proposal: "p-2", Level: Manager, For: "max", Reason: note("no")}), until), "I10"},
		"a yes before the day":                  {edited(open, "max", func(p *Person) { p.Deputy.Starts = epoch.Add(time.Hour) }), forgedBy(open, "tia", forTia), "I10"},
		"a yes before it began":                 {edited(open, "max", func(p *Person) { p.Deputy.Began = false }), forgedBy(open, "tia", forTia), "I10"},
		"a second yes in another's place":       {tiaApproved, forgedBy(tiaApproved, "tia", ProposalApproved{Proposal: "p-2", Revision: 1, Level: Director, For: "max"}), "I10"},
		"begun before the day":                  {later, forgedBy(later, System, DeputyBegan{"max", "tia"}), "I10"},
		"begun after the end":                   {later, when(forgedBy(later, System, DeputyBegan{"max", "tia"}), until), "I10"},
		"begun twice":                           {deputy, forgedBy(deputy, System, DeputyBegan{"max", "tia"}), "I10"},
		"begun by somebody's word":              {later, when(forgedBy(later, "max", DeputyBegan{"max", "tia"}), epoch.Add(time.Hour)), "I6"},
		"begun of nobody":                       {plain, forgedBy(plain, System, DeputyBegan{"max", ""}), "I10"},
		"begun of another":                      {later, when(forgedBy(later, System, DeputyBegan{"max", "cay"}), epoch.Add(time.Hour)), "I10"},
		"ended of nobody":                       {plain, forgedBy(plain, "max", DeputyEnded{Person: "max", Why: DeputyTaken}), "I10"},
		"ended of another":                      {deputy, forgedBy(deputy, "max", DeputyEnded{Person: "max", Deputy: "cay", Why: DeputyTaken}), "I10"},
		"ended without a code":                  {deputy, withoutCode(forgedBy(deputy, "max", ended)), "I6"},
		"ended by a technician":                 {deputy, forgedBy(deputy, "cay", ended), "I6"},
		"ended by time before its time":         {deputy, forgedBy(deputy, System, DeputyEnded{Person: "max", Deputy: "tia", Why: DeputyExpired}), "I10"},
		"ended by time, by somebody":            {deputy, when(forgedBy(deputy, "max", DeputyEnded{Person: "max", Deputy: "tia", Why: DeputyExpired}), until), "I6"},
		"ended because of a leaving, by nobody": {deputy, forgedBy(deputy, "cay", DeputyEnded{Person: "max", Deputy: "tia", Why: DeputyLeft}), "I6"},
		"ended for no reason":                   {deputy, forgedBy(deputy, "max", DeputyEnded{Person: "max", Deputy: "tia"}), "I6"},
		"the deputy leaves, and stays deputy":   {deputy, forgedBy(deputy, "ada", PersonDisabled{Person: "tia"}), "I11"},
		"an approval that counts, lapsed":       {tiaApproved, forgedBy(tiaApproved, "ada", lapsedOf("tia")), "I10"},
		"an approval that is not there":         {tiaApproved, forgedBy(tiaApproved, "ada", lapsedOf("mia")), "I10"},
		"a yes at a level that has it":          {tiaApproved, forgedBy(tiaApproved, "mia", ProposalApproved{Proposal: "p-2", Revision: 1, Level: Manager}), "I10"},
		"reminded before the last day":          {open, forgedBy(open, System, ProposalReminded{"p-2"}), "I10"},
		"reminded after the end":                {open, when(forgedBy(open, System, ProposalReminded{"p-2"}), epoch.Add(proposalTTL)), "I10"},
		"reminded by somebody":                  {open, when(forgedBy(open, "ada", ProposalReminded{"p-2"}), epoch.Add(proposalTTL-time.Hour)), "I6"},
		"reminded of nothing":                   {open, when(forgedBy(open, System, ProposalReminded{"p-9"}), epoch.Add(proposalTTL-time.Hour)), "I10"},
	} {
		if err := CheckEvent(c.state, c.event); !violation(err, c.invariant, "") {
			t.Errorf("%s: got %v, want %s", name, err, c.invariant)
		}
	}
	roles := at(isDeputy, func(o *office) {
		id := o.does("ada", needed(SetRoles{"tia", []Role{Auditor}}))[0].Fact.Subject()
		events, err := Decide(o.state, o.with("mia", o.approval(id)), o.now)
		if err != nil {
			t.Fatal(err)
		}
		o.state = clone(o.state)
		Apply(o.state, events[0])
	})
	if err := CheckEvent(roles, forgedBy(roles, "mia", RolesChanged{Person: "tia", Roles: []Role{Auditor}, Before: []Role{Technician}, Proposal: "p-2"})); !violation(err, "I11", "a deputy") {
		t.Errorf("other roles, and still the deputy: %v", err)
	}
	reminded := at(waits, func(o *office) { o.passes(proposalTTL - time.Hour) })
	if err := CheckEvent(reminded, forgedBy(reminded, System, ProposalReminded{"p-2"})); !violation(err, "I10", "twice") {
		t.Errorf("reminded twice: %v", err)
	}
	over := at(waits, func(o *office) { o.does("ada", Withdraw{"p-2"}) })
	if err := CheckEvent(over, forgedBy(over, System, ApprovalLapsed{Proposal: "p-2", Level: Manager})); !violation(err, "I10", "") {
		t.Errorf("lapsed of what is over: %v", err)
	}
}

// A state with the deputy of who has left, or with a deputy who has, is none.
func TestNobodyWhoHasLeftIsADeputyOrHasOne(t *testing.T) {
	for name, leaves := range map[string]func(*State){
		"the principal": func(s *State) { s.editPerson("max", func(p *Person) { p.Disabled = true; p.Enrolled = false }) },
		"the deputy":    func(s *State) { s.editPerson("tia", func(p *Person) { p.Disabled = true; p.Enrolled = false }) },
		"nobody":        func(s *State) { s.editPerson("max", func(p *Person) { p.Deputy.Person = "zoe" }) },
	} {
		o := newOffice(t)
		tiaIsDeputy(o)
		o.state.endSessions("max", "", EndedByLeaving)
		o.state.endSessions("tia", "", EndedByLeaving)
		if err := Check(o.state); err != nil {
			t.Fatal(err)
		}
		leaves(o.state)
		if err := Check(o.state); !violation(err, "I11", "deputy") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// approvedFor is where a deputy for more than a year was approved, which no command asks for.
func approvedFor(s *State) *State {
	s = clone(s)
	s.editProposal("p-1", func(p *Proposal) {
		a := p.Change.Proposable.(NameDeputy)
		a.Ends = epoch.Add(maxDeputy + time.Hour)
		p.Change = Change{a}
	})
	return s
}
