package custody

import (
	"slices"
	"testing"
	"time"
)

// What others have to approve, as in policy_test.go. cay is to be custodian of db01
// in ben's place: max and dot have to say so.

var cayForBen = pairOf("db01", "ann", "cay")

func proposed(a SetCustodians) Propose { return needed(a) }

// needed asks for something that others have to approve.
func needed(a Proposable) Propose { return Propose{Change{a}, note("ben changes post")} }

// agreed has something approved that somebody asks for, and gives its id.
func (o *office) agreed(by string, a Proposable) string {
	o.t.Helper()
	id := o.does(by, needed(a))[0].Fact.Subject()
	for _, who := range []string{"max", "dot"} {
		if p, open := o.state.Proposal(id); open && who != by {
			o.does(who, Approve{id, p.Digest()})
		}
	}
	return id
}

func cayIsProposed(o *office) { o.does("ada", proposed(cayForBen)) } // p-1

// approval is a yes to the proposal as it stands in the office.
func (o *office) approval(id string) Approve {
	p, _ := o.state.Proposal(id)
	return Approve{id, p.Digest()}
}

// askedFor is an office in which ada has asked for something, and max has approved it. The
// last approval is then dot's: yesTo.
func askedFor(a Proposable) func(*office) {
	return func(o *office) {
		o.does("ada", needed(a))
		o.does("max", o.approval("p-1"))
	}
}

func yesTo(a Proposable) Approve { return Approve{"p-1", digestOf("ada", a)} }

// approvedNow is an office in which something is approved, and nothing of it has happened
// yet: as in the middle of the last approval.
func approvedNow(a Proposable) func(*office) {
	return func(o *office) {
		id := o.does("ada", needed(a))[0].Fact.Subject()
		for _, level := range []struct {
			role Role
			who  string
		}{{Manager, "max"}, {Director, "dot"}} {
			if p, _ := o.state.Proposal(id); p.Status != Open || !slices.Contains(p.Needs, level.role) {
				continue
			}
			events, err := Decide(o.state, o.with(level.who, o.approval(id)), o.now)
			if err != nil {
				o.t.Fatal(err)
			}
			o.state = clone(o.state)
			Apply(o.state, events[0])
		}
	}
}

func maxApproved(o *office) {
	cayIsProposed(o)
	o.does("max", o.approval("p-1"))
}

// digestOf is that of the first proposal of an office in which somebody asks for it.
func digestOf(by string, a Proposable) string {
	return Proposal{ID: "p-1", Revision: 1, Requester: by, Change: Change{a}}.Digest()
}

// hires somebody else, under another role.
func (o *office) hires(name string, roles ...Role) {
	o.t.Helper()
	if err := o.hire(AddPerson{Username: name, Roles: roles}); err != nil {
		o.t.Fatal(err)
	}
}

func custodians(c Credential) [2]string { return [2]string{c.Primary, c.Backup} }

func TestNobodyGivesAloneWhatNeedsApproval(t *testing.T) {
	var clauses []clause
	for _, who := range []string{"ada", "ann", "ben", "cay", "dot", "max", "eve"} {
		clauses = append(clauses, clause{who, nil, who, cayForBen, ApprovalNeeded, nil})
	}
	check(t, append(clauses, clause{"nor the system", nil, System, cayForBen, ApprovalNeeded, nil}))
}

func TestPropose(t *testing.T) {
	check(t, []clause{
		{"an admin may", nil, "ada", proposed(cayForBen), "", func(o *office) bool {
			p, _ := o.state.Proposal("p-1")
			return p.Status == Open && p.Requester == "ada" && p.Revision == 1 && custodians(o.credential("db01")) == [2]string{"ann", "ben"}
		}},
		{"so may whom it is about", nil, "ben", proposed(cayForBen), "", nil},
		{"and a technician who has nothing to do with it", nil, "cay", proposed(pairOf("db02", "ben", "ann")), "", nil},
		{"an auditor only looks", nil, "eve", proposed(cayForBen), Forbidden, nil},
		{"the system wants nothing", nil, System, proposed(cayForBen), Forbidden, nil},
		{"nothing is not proposed", nil, "ada", Propose{Reason: note("why")}, InvalidRequest, nil},
		{"not without a reason", nil, "ada", Propose{Change{cayForBen}, note("")}, InvalidRequest, nil},
		{"not of what is not there", nil, "ada", proposed(pairOf("db09", "ann", "cay")), NotFound, nil},
		{"not twice", cayIsProposed, "max", proposed(pairOf("db01", "cay", "ben")), Conflict, nil},
		{"of another one beside it", cayIsProposed, "max", proposed(pairOf("db02", "cay", "ben")), NoApprover, nil},
		{"not what a rule would refuse", db01IsRetired, "ada", proposed(cayForBen), Conflict, nil},
		{"nobody would be left: the manager asks, and there is no other", nil, "max", proposed(cayForBen), NoApprover, nil},
		{"with another manager somebody is", func(o *office) { o.hires("mia", Manager) }, "max", proposed(cayForBen), "", nil},
		{"one person is not two", func(o *office) {
			o.state.editPerson("max", func(p *Person) { p.Disabled = true })
			o.state.editPerson("dot", func(p *Person) { p.Roles = []Role{Director, Manager} })
		}, "ada", proposed(cayForBen), NoApprover, nil},
		{"who has no authenticator approves nothing", func(o *office) { o.does(System, ResetOnHost{Person: "dot"}) }, "ada", proposed(cayForBen), NoApprover, nil},
	})
	o := newOffice(t)
	for n := range maxProposals {
		o.addServer(server("more"+string(rune('a'+n)), "ann", "ben"))
		o.does("ada", proposed(pairOf("more"+string(rune('a'+n)), "ann", "cay")))
	}
	if _, err := o.do("ada", proposed(cayForBen)); CodeOf(err) != Conflict {
		t.Errorf("one person has %d open and asks for more: %v", maxProposals, err)
	}
	o.does("ben", proposed(cayForBen))
}

func TestApprove(t *testing.T) {
	right := Approve{"p-1", digestOf("ada", cayForBen)}
	changed := func(o *office) bool { return custodians(o.credential("db01")) == [2]string{"ann", "cay"} }
	check(t, []clause{
		{"the manager says yes: one is not enough", cayIsProposed, "max", right, "", func(o *office) bool {
			p, _ := o.state.Proposal("p-1")
			return p.Status == Open && slices.Equal(o.state.missing(p), []Role{Director}) && !changed(o)
		}},
		{"so does the director: it happens", maxApproved, "dot", right, "", changed},
		{"in the other order as well", func(o *office) { cayIsProposed(o); o.does("dot", right) }, "max", right, "", changed},
		{"not twice by the same", maxApproved, "max", right, NotEligible, nil},
		{"not by an admin", cayIsProposed, "ada", right, OwnRequest, nil},
		{"not by a technician", cayIsProposed, "ben", right, NotEligible, nil},
		{"not by an auditor", cayIsProposed, "eve", right, NotEligible, nil},
		{"a second manager is no director", func(o *office) { maxApproved(o); o.hires("mia", Manager) }, "mia", right, NotEligible, nil},
		{"not one's own request", func(o *office) { o.hires("mia", Manager); o.does("max", proposed(cayForBen)) }, "max", Approve{"p-1", digestOf("max", cayForBen)}, OwnRequest, nil},
		{"not by whom it is about", func(o *office) {
			o.state.editPerson("ben", func(p *Person) { p.Roles = []Role{Manager, Technician} })
			cayIsProposed(o)
		}, "ben", right, NotEligible, nil},
		{"nor by who is to be custodian", func(o *office) {
			o.state.editPerson("cay", func(p *Person) { p.Roles = []Role{Manager, Technician} })
			cayIsProposed(o)
		}, "cay", right, NotEligible, nil},
		{"not something else than what was looked at", cayIsProposed, "max", Approve{"p-1", digestOf("ada", pairOf("db01", "cay", "ann"))}, Conflict, nil},
		{"nor of an earlier revision", func(o *office) {
			cayIsProposed(o)
			o.does("ada", Revise{"p-1", Change{pairOf("db01", "cay", "ben")}, note("rather ann goes")})
		}, "max", right, Conflict, nil},
		{"not what was never proposed", nil, "max", right, NotFound, nil},
		{"not what is over", func(o *office) { cayIsProposed(o); o.does("ada", Withdraw{"p-1"}) }, "max", right, AlreadyDecided, nil},
		{"not after its time", func(o *office) { cayIsProposed(o); o.passes(proposalTTL) }, "max", right, AlreadyDecided, nil},
		{"what cannot be done by now fails, and nothing else happens", func(o *office) {
			maxApproved(o)
			annIsAway(o)
			o.does("cay", GoAway{}) // so that both who are to run it would be away
		}, "dot", right, "", func(o *office) bool {
			return !changed(o) && isOver(o, "p-1")
		}},
		{"whoever was disabled meanwhile approves nothing", func(o *office) { maxApproved(o); o.state.editPerson("dot", func(p *Person) { p.Disabled = true }) }, "dot", right, Unauthenticated, nil},
		{"not somebody with a log-in that one made oneself", nil, "ada", needed(AddPerson{Username: "zoe", Name: "Zoe", Roles: []Role{Technician}, TOTPPeriod: 30, Account: 1}), InvalidRequest, nil},
		{"not somebody who is asked for already", func(o *office) { o.does("ada", needed(zoe)) }, "ada", needed(zoe), Conflict, nil},
		{"nor by somebody else", func(o *office) { o.does("ada", needed(zoe)) }, "ann", needed(zoe), Conflict, nil},
	})
}

func isOver(o *office, id string) bool {
	_, open := o.state.Proposal(id)
	return !open && o.state.proposedBefore(id)
}

// TestTheLastOfTwoApprovalsAtOnceIsToldByWhomItWasDecided: both were sent before
// either was answered.
func TestTheLastOfTwoApprovalsAtOnceIsToldByWhomItWasDecided(t *testing.T) {
	o := newOffice(t)
	maxApproved(o)
	o.hires("dan", Director)
	fork := o.state.Fork()
	events, err := Decide(fork, o.with("dot", o.approval("p-1")), o.now)
	if err != nil {
		t.Fatal(err)
	}
	late := o.with("dan", o.approval("p-1"))
	for _, e := range events {
		Apply(fork, e)
	}
	_, err = Decide(fork, late, o.now)
	if r, is := err.(*Refusal); !is || r.Code != AlreadyDecided || r.Args["by"] != "dot" {
		t.Errorf("dan is told %v", err)
	}
}

func TestRevise(t *testing.T) {
	other := Revise{"p-1", Change{pairOf("db01", "cay", "ben")}, note("rather ann goes")}
	check(t, []clause{
		{"it takes the approvals back", maxApproved, "ada", other, "", func(o *office) bool {
			p, _ := o.state.Proposal("p-1")
			return p.Revision == 2 && len(p.Approvals) == 0 && p.Digest() != digestOf("ada", cayForBen)
		}},
		{"only whoever asked", cayIsProposed, "max", other, Forbidden, nil},
		{"not into something about another", cayIsProposed, "ada", Revise{"p-1", Change{pairOf("db02", "cay", "ben")}, note("x")}, InvalidRequest, nil},
		{"not into nothing", cayIsProposed, "ada", Revise{"p-1", Change{}, note("x")}, InvalidRequest, nil},
		{"not without a reason", cayIsProposed, "ada", Revise{"p-1", other.Change, note("")}, InvalidRequest, nil},
		{"not into what a rule refuses", cayIsProposed, "ada", Revise{"p-1", Change{pairOf("db01", "eve", "ben")}, note("x")}, InvalidRequest, nil},
		{"not into what nobody could approve", cayIsProposed, "ada", Revise{"p-1", Change{pairOf("db01", "ann", "mel")}, note("x")}, InvalidRequest, nil},
		{"not what is over", func(o *office) { cayIsProposed(o); o.does("ada", Withdraw{"p-1"}) }, "ada", other, AlreadyDecided, nil},
	})
}

func TestRejectAndWithdraw(t *testing.T) {
	no := Reject{"p-1", digestOf("ada", cayForBen), note("ben stays")}
	over := func(o *office) bool {
		return isOver(o, "p-1") && custodians(o.credential("db01")) == [2]string{"ann", "ben"}
	}
	check(t, []clause{
		{"one no is enough", maxApproved, "dot", no, "", over},
		{"of whoever could have said yes", cayIsProposed, "ben", no, NotEligible, nil},
		{"not of whoever asked: they withdraw", cayIsProposed, "ada", no, OwnRequest, nil},
		{"not of something else", cayIsProposed, "max", Reject{"p-1", digestOf("ada", pairOf("db01", "cay", "ann")), note("x")}, Conflict, nil},
		{"with a reason", cayIsProposed, "max", Reject{"p-1", digestOf("ada", cayForBen), note("")}, InvalidRequest, nil},
		{"whoever asked may take it back", maxApproved, "ada", Withdraw{"p-1"}, "", over},
		{"nobody else", cayIsProposed, "max", Withdraw{"p-1"}, Forbidden, nil},
		{"not what is over", func(o *office) { cayIsProposed(o); o.does("max", no) }, "ada", Withdraw{"p-1"}, AlreadyDecided, nil},
		{"not what never was", nil, "ada", Withdraw{"p-1"}, NotFound, nil},
	})
	o := newOffice(t)
	cayIsProposed(o)
	o.passes(proposalTTL - time.Millisecond)
	if isOver(o, "p-1") {
		t.Error("over before its time")
	}
	o.passes(time.Millisecond)
	if !over(o) {
		t.Error("not over after its time")
	}
}

// Who holds it when somebody goes out, and whether the password is changed: whoever
// goes out and knows it knows nothing afterwards.
func TestCustodiansChange(t *testing.T) {
	for name, c := range map[string]struct {
		given     func(*office)
		to        SetCustodians
		want      Code
		holder    string // "": it is being changed,
		successor string // for whom
	}{
		"the backup goes, who never saw it": {nil, cayForBen, "", "ann", ""},
		"the backup goes, who was shown it": {func(o *office) {
			o.handsOver("ann", "ben", "db01")
			o.does("ben", CheckOut{"db01", note("x")})
			o.does("ben", CheckIn{"db01"})
			o.does("ann", GiveBack{"handover-1"})
			o.rotates("db01")
		}, cayForBen, "", "ann", ""},
		"who goes was shown the one that counts":       {func(o *office) { o.state.editCredential("db01", func(c *Credential) { c.Exposure = []string{"ben"} }) }, cayForBen, "", "", "ann"},
		"who stays was shown it":                       {annWorks, cayForBen, "", "ann", ""},
		"the holder goes":                              {nil, pairOf("db01", "cay", "ben"), "", "", "cay"},
		"the holder goes, and the new primary is away": {func(o *office) { o.does("cay", GoAway{}) }, pairOf("db01", "cay", "ben"), "", "", "ben"},
		"both go":                         {func(o *office) { o.hires("zoe", Technician) }, pairOf("db01", "cay", "zoe"), "", "", "cay"},
		"they change places":              {nil, pairOf("db01", "ben", "ann"), "", "ann", ""},
		"nothing changes":                 {nil, pairOf("db01", "ann", "ben"), Conflict, "", ""},
		"both of the new ones are away":   {func(o *office) { o.hires("zoe", Technician); o.does("zoe", GoAway{}); o.does("cay", GoAway{}) }, pairOf("db01", "cay", "zoe"), BothAway, "", ""},
		"one person twice":                {nil, pairOf("db01", "cay", "cay"), InvalidRequest, "", ""},
		"somebody who is no technician":   {nil, pairOf("db01", "ann", "max"), InvalidRequest, "", ""},
		"nobody":                          {nil, pairOf("db01", "ann", ""), InvalidRequest, "", ""},
		"on offer to who goes":            {annOffered, cayForBen, "", "ann", ""},
		"held by who goes for the other":  {annHandedOver, cayForBen, "", "", "ann"},
		"given by who goes":               {annIsAway, pairOf("db01", "cay", "ben"), "", "ben", ""},
		"and who stays had it":            {annHandedOver, pairOf("db01", "ben", "ann"), "", "ben", ""},
		"given back to who goes":          {annTookBack, pairOf("db01", "cay", "ben"), "", "", "cay"},
		"while it is being changed":       {annWantsNewPassword, cayForBen, "", "", "ann"},
		"and whoever it is for goes":      {annWantsNewPassword, pairOf("db01", "cay", "ben"), "", "", "cay"},
		"what is not in custody any more": {db01IsRetired, cayForBen, Conflict, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			if c.given != nil {
				c.given(o)
			}
			_, err := o.do("ada", proposed(c.to))
			if CodeOf(err) != c.want {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if c.want != "" {
				return
			}
			o.does("max", o.approval("p-1"))
			o.does("dot", o.approval("p-1"))
			db01 := o.credential("db01")
			if custodians(db01) != [2]string{c.to.Primary, c.to.Backup} || db01.Holder != c.holder || db01.Successor() != c.successor {
				t.Errorf("%+v", db01)
			}
			if !slices.Contains(o.state.Charges("cay"), "db01") != (c.to.Primary != "cay" && c.to.Backup != "cay") {
				t.Errorf("cay runs %v", o.state.Charges("cay"))
			}
			if c.successor != "" {
				because := ForCustodians
				if db01.Handover != "" { // one that was given back is over with this change
					because = ForReturn
				}
				if db01.Rotation.Reason != because {
					t.Errorf("it is changed for %s", db01.Rotation.Reason)
				}
				o.rotates("db01")
				if db01 = o.credential("db01"); db01.Holder != c.successor || len(db01.Exposure) > 0 || db01.Handover != "" {
					t.Errorf("afterwards %+v", db01)
				}
			}
		})
	}
}

// What a forged ledger would have to say (I10): each of these is not what led there.
func TestNoSeatWithoutItsApprovals(t *testing.T) {
	o := newOffice(t)
	maxApproved(o)
	good := CustodiansChanged{Credential: "db01", Primary: "ann", Backup: "cay", Before: []string{"ann", "ben"}, Proposal: "p-1"}
	with := func(edit func(*CustodiansChanged)) CustodiansChanged { f := good; edit(&f); return f }
	confirmed := func(who string, f Fact) Event {
		return Event{Time: o.state.Time, Actor: who, Request: "r", Confirm: &Confirmation{who, o.person(who).LastStep + 1}, Fact: f}
	}
	approved := o.state.Fork()
	yes := confirmed("dot", ProposalApproved{Proposal: "p-1", Revision: 1, Level: Director})
	if err := Replay(approved, yes); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		s *State
		e Event
	}{
		"approved by one":                  {o.state, confirmed("max", good)},
		"by somebody who did not approve":  {approved, confirmed("ada", good)},
		"not confirmed":                    {approved, Event{Time: approved.Time, Actor: "dot", Request: "r2", Fact: good}},
		"somebody else becomes custodian":  {approved, confirmed("dot", with(func(f *CustodiansChanged) { f.Backup = "zoe" }))},
		"of another credential":            {approved, confirmed("dot", with(func(f *CustodiansChanged) { f.Credential = "db02" }))},
		"in the place of somebody else":    {approved, confirmed("dot", with(func(f *CustodiansChanged) { f.Before = []string{"ann", "zoe"} }))},
		"under no proposal":                {approved, confirmed("dot", with(func(f *CustodiansChanged) { f.Proposal = "p-2" }))},
		"another holds it":                 {approved, confirmed("dot", with(func(f *CustodiansChanged) { f.Successor = "cay" }))},
		"approved twice by one":            {o.state, confirmed("max", ProposalApproved{Proposal: "p-1", Revision: 1, Level: Director})},
		"at a level that is not theirs":    {o.state, confirmed("ada", ProposalApproved{Proposal: "p-1", Revision: 1, Level: Director})},
		"at a level that nobody asked for": {o.state, confirmed("ada", ProposalApproved{Proposal: "p-1", Revision: 1, Level: Admin})},
		"at a level that has approved":     {o.state, confirmed("max", ProposalApproved{Proposal: "p-1", Revision: 1, Level: Manager})},
		"another revision":                 {o.state, confirmed("dot", ProposalApproved{Proposal: "p-1", Revision: 2, Level: Director})},
		"what is not there":                {o.state, confirmed("dot", ProposalApproved{Proposal: "p-2", Revision: 1, Level: Director})},
		"took effect too soon":             {o.state, confirmed("max", ProposalEffected{"p-1"})},
		"failed too soon":                  {o.state, confirmed("max", ProposalFailed{Proposal: "p-1", Code: Conflict})},
		"expired too soon":                 {o.state, Event{Time: o.state.Time, Actor: System, Fact: ProposalExpired{"p-1"}}},
		"rejected by who approved":         {o.state, confirmed("max", ProposalRejected{Proposal: "p-1", Level: Manager, Reason: note("x")})},
		"rejected by an admin":             {o.state, confirmed("ada", ProposalRejected{Proposal: "p-1", Level: Director, Reason: note("x")})},
		"withdrawn by another":             {o.state, confirmed("max", ProposalWithdrawn{Proposal: "p-1"})},
		"revised by another":               {o.state, confirmed("max", ProposalRevised{"p-1", 2, Change{cayForBen}, note("x"), ""})},
		"revised out of turn":              {o.state, confirmed("ada", ProposalRevised{"p-1", 3, Change{cayForBen}, note("x"), ""})},
		"revised into another's":           {o.state, confirmed("ada", ProposalRevised{"p-1", 2, Change{pairOf("db02", "ann", "cay")}, note("x"), ""})},
		"revised into nothing":             {o.state, confirmed("ada", ProposalRevised{"p-1", 2, Change{}, note("x"), ""})},
		"revised when it was approved":     {approved, confirmed("ada", ProposalRevised{"p-1", 2, Change{cayForBen}, note("x"), ""})},
		"made out of turn":                 {o.state, confirmed("ada", ProposalMade{"p-3", Change{cayForBen}, note("x"), o.state.Time.Add(proposalTTL), false, ""})},
		"made by an auditor":               {o.state, confirmed("eve", ProposalMade{"p-2", Change{cayForBen}, note("x"), o.state.Time.Add(proposalTTL), false, ""})},
		"made for ever":                    {o.state, confirmed("ada", ProposalMade{"p-2", Change{cayForBen}, note("x"), o.state.Time.Add(2 * proposalTTL), false, ""})},
		"said to need nobody":              {o.state, confirmed("ada", ProposalMade{"p-2", Change{cayForBen}, note("x"), o.state.Time.Add(proposalTTL), true, ""})},
		"of nothing":                       {o.state, confirmed("ada", ProposalMade{"p-2", Change{}, note("x"), o.state.Time.Add(proposalTTL), false, ""})},
	} {
		if err := CheckEvent(c.s, c.e); err == nil {
			t.Errorf("%s: believed", name)
		}
	}
	if err := CheckEvent(approved, confirmed("dot", good)); err != nil {
		t.Errorf("what did happen: %v", err)
	}
}

// A state in which somebody approved who could not have is noticed, however it came to be.
func TestAStateWithApprovalsOfTheWrongPeople(t *testing.T) {
	for name, edit := range map[string]func(*Proposal){
		"of nothing":         func(p *Proposal) { p.Change = Change{} },
		"by who asked":       func(p *Proposal) { p.Approvals[0].Person = "ada" },
		"at another level":   func(p *Proposal) { p.Approvals[0].Level = Admin },
		"twice by one":       func(p *Proposal) { p.Approvals = append(p.Approvals, Approval{Level: Director, Person: "max"}) },
		"twice at one level": func(p *Proposal) { p.Approvals = append(p.Approvals, Approval{Level: Manager, Person: "dot"}) },
	} {
		o := newOffice(t)
		maxApproved(o)
		o.state.editProposal("p-1", func(p *Proposal) { p.Approvals = slices.Clone(p.Approvals); edit(p) })
		if err := Check(o.state); !violation(err, "I10", "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, who := range map[string]string{"by a custodian": "ann", "by the next custodian": "cay", "by who has not the role": "eve"} {
		o := newOffice(t)
		maxApproved(o)
		p, _ := o.state.Proposal("p-1")
		p.Approvals = []Approval{{Level: Manager, Person: who}}
		if missing := o.state.missing(p); !slices.Equal(missing, []Role{Manager, Director}) {
			t.Errorf("%s: only %v are missing", name, missing)
		}
	}
}

// TestAnApproverWhoIsCustodianByNowHasApprovedNothing: what is in custody again, under
// the name that a proposal was about, can have a custodian who had approved it. That is
// no broken ledger, and their yes does not count: the level has to be approved again.
func TestAnApproverWhoIsCustodianByNowHasApprovedNothing(t *testing.T) {
	o := newOffice(t)
	o.hires("mia", Manager, Technician)
	o.hires("kim", Manager)
	cayIsProposed(o)
	o.does("mia", o.approval("p-1"))
	o.does("ada", Retire{"db01"})
	o.does(System, server("db01", "mia", "ben"))
	o.does(System, ReportArrived{"db01"})
	o.rotates("db01")
	p, _ := o.state.Proposal("p-1")
	if can := o.state.Approvers(p); len(can) != 2 || !slices.Equal(can[Manager], []string{"kim", "max"}) {
		t.Errorf("it can be approved by %v", can)
	}
	o.does("dot", o.approval("p-1"))
	if custodians(o.credential("db01")) != [2]string{"mia", "ben"} {
		t.Error("it took effect with the approval of a custodian")
	}
	o.does("kim", o.approval("p-1"))
	if custodians(o.credential("db01")) != [2]string{"ann", "cay"} {
		t.Errorf("it did not take effect: %+v", o.credential("db01"))
	}
}
