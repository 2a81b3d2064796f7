package custody

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var zoe = AddPerson{Username: "zoe", Name: "Zoe", Roles: []Role{Technician}, TOTPPeriod: 30}

// aLink is the hash of the token of a link.
var aLink = strings.Repeat("a", 64)

func zoeIsApproved(o *office) { o.agreed("ada", zoe) }
func zoeHasALink(o *office)   { zoeIsApproved(o); o.does("ada", IssueLink{"zoe", aLink}) }
func zoeCame(o *office)       { zoeHasALink(o); o.does(System, OpenLink{"zoe", aLink}) }

func mistyped(times int) func(*office) {
	return func(o *office) {
		zoeHasALink(o)
		for range times {
			o.does(System, RefuseLink{"zoe", aLink})
		}
	}
}

// joins has somebody who was approved set up their log-in, with a link of an issuer's.
func (o *office) joins(who, issuer string) {
	o.t.Helper()
	o.does(issuer, IssueLink{who, aLink})
	o.does(System, OpenLink{who, aLink})
	o.does(who, Join{aLink, o.person(who).Account + 1})
}

// An approved person has an account that nobody can log in to, until they have set
// up a log-in of their own.
func TestBecomingSomebody(t *testing.T) {
	other := strings.Repeat("b", 64)
	check(t, []clause{
		{"who was approved waits for a link", zoeIsApproved, "ada", IssueLink{"zoe", aLink}, "", func(o *office) bool {
			a := o.person("zoe").Admission
			return a.Link == aLink && a.Issuer == "ada" && slices.Equal(a.Readers, []string{"max"}) && a.ReadBy("max") && !a.ReadBy("ada") && !a.ReadBy("dot")
		}},
		{"whoever alone reads the code gives no link", zoeIsApproved, "max", IssueLink{"zoe", aLink}, Forbidden, nil},
		{"another approver, who does not read it, gives one", zoeIsApproved, "dot", IssueLink{"zoe", aLink}, "", func(o *office) bool { return o.person("zoe").Admission.Issuer == "dot" }},
		{"a technician gives none", zoeIsApproved, "ben", IssueLink{"zoe", aLink}, Forbidden, nil},
		{"an auditor gives none", zoeIsApproved, "eve", IssueLink{"zoe", aLink}, Forbidden, nil},
		{"nor does a technician", zoeIsApproved, "ann", IssueLink{"zoe", aLink}, Forbidden, nil},
		{"of two who approved one does, and the other reads", func(o *office) {
			o.agreed("ada", AddPerson{Username: "zoe", Name: "Zoe", Roles: []Role{Manager}, TOTPPeriod: 30})
		}, "max", IssueLink{"zoe", aLink}, "", func(o *office) bool {
			a := o.person("zoe").Admission
			return a.ReadBy("dot") && !a.ReadBy("max")
		}},
		{"nobody gives one to who has a log-in", nil, "ada", IssueLink{"ann", aLink}, Conflict, nil},
		{"nobody gives one that is no hash", zoeIsApproved, "ada", IssueLink{"zoe", "token"}, InvalidRequest, nil},
		{"nobody gives one to themselves", func(o *office) {
			o.agreed("max", ResetEnrolment{"ada"})
			o.state.editPerson("ada", func(p *Person) { p.Enrolled = true })
		}, "ada", IssueLink{"ada", aLink}, Forbidden, nil},
		{"nobody gives one to who was disabled meanwhile", func(o *office) { zoeIsApproved(o); o.state.editPerson("zoe", func(p *Person) { p.Disabled = true }) }, "ada", IssueLink{"zoe", aLink}, Conflict, nil},
		{"nor does theirs open", func(o *office) { zoeHasALink(o); o.state.editPerson("zoe", func(p *Person) { p.Disabled = true }) }, System, OpenLink{"zoe", aLink}, Unauthenticated, nil},
		{"nor are wrong codes counted", func(o *office) { zoeHasALink(o); o.state.editPerson("zoe", func(p *Person) { p.Disabled = true }) }, System, RefuseLink{"zoe", aLink}, Unauthenticated, nil},
		{"a link opens nobody else's", zoeHasALink, System, OpenLink{"ann", aLink}, Unauthenticated, nil},
		{"nor is it counted as somebody else's", zoeHasALink, System, RefuseLink{"ann", aLink}, Unauthenticated, nil},
		{"a link replaces the one before", zoeHasALink, "ada", IssueLink{"zoe", other}, "", func(o *office) bool {
			_, counts := o.state.LinkOf(aLink, o.now)
			return !counts
		}},
		{"it opens", zoeHasALink, System, OpenLink{"zoe", aLink}, "", func(o *office) bool { return o.person("zoe").Admission.Opened && !o.person("zoe").Enrolled }},
		{"and opens again, for a page that was lost", zoeCame, System, OpenLink{"zoe", aLink}, "", nil},
		{"another does not", zoeHasALink, System, OpenLink{"zoe", other}, Unauthenticated, nil},
		{"nor one of nobody", nil, System, OpenLink{"zoe", aLink}, Unauthenticated, nil},
		{"nor after a day", func(o *office) { zoeHasALink(o); o.passes(linkTTL) }, System, OpenLink{"zoe", aLink}, Unauthenticated, nil},
		{"until then it does", func(o *office) { zoeHasALink(o); o.passes(linkTTL - time.Millisecond) }, System, OpenLink{"zoe", aLink}, "", nil},
		{"wrong codes are counted", mistyped(3), System, RefuseLink{"zoe", aLink}, "", func(o *office) bool { return o.person("zoe").Admission.Wrong == 4 }},
		{"the fifth makes the link void", mistyped(5), System, OpenLink{"zoe", aLink}, Unauthenticated, nil},
		{"four do not", mistyped(4), System, OpenLink{"zoe", aLink}, "", nil},
		{"a new link begins anew", func(o *office) { mistyped(5)(o); o.does("ada", IssueLink{"zoe", other}) }, System, OpenLink{"zoe", other}, "", nil},
		{"nobody joins before the link was opened", zoeHasALink, "zoe", Join{aLink, 1}, Unauthenticated, nil},
		{"nor with another", zoeCame, "zoe", Join{other, 1}, Unauthenticated, nil},
		{"nor without a password", zoeCame, "zoe", Join{aLink, 0}, InvalidRequest, nil},
		{"nor for somebody else", zoeCame, "ann", Join{aLink, 1}, Unauthenticated, nil},
		{"the first code joins", zoeCame, "zoe", Join{aLink, 3}, "", func(o *office) bool {
			p := o.person("zoe")
			return p.Enrolled && p.Account == 3 && p.Admission.Link == "" && !p.Admission.Open
		}},
		{"once", func(o *office) { zoeCame(o); o.does("zoe", Join{aLink, 1}) }, "zoe", Join{aLink, 1}, Unauthenticated, nil},
		{"and a second link is for nothing", func(o *office) { zoeCame(o); o.does("zoe", Join{aLink, 1}) }, "ada", IssueLink{"zoe", aLink}, Conflict, nil},
		{"who was disabled meanwhile does not join", func(o *office) { zoeCame(o); o.state.editPerson("zoe", func(p *Person) { p.Disabled = true }) }, "zoe", Join{aLink, 1}, Unauthenticated, nil},
	})
}

// A log-in is set up anew once a manager has approved it: what its person held is the
// other's, with a new password.
func TestSettingUpALogInAnew(t *testing.T) {
	o := newOffice(t)
	o.does("ann", CheckOut{"db01", note("x")})
	o.agreed("ada", ResetEnrolment{"ann"})
	ann, db01 := o.person("ann"), o.credential("db01")
	if ann.Enrolled || ann.Account != 0 || ann.Number != 2 || !slices.Equal(ann.Admission.Readers, []string{"max"}) || len(o.state.Sessions("ann")) > 0 {
		t.Errorf("ann: %+v", ann)
	}
	if db01.Successor() != "ben" || db01.Rotation.Reason != ForEnrolment || db01.Lease.ID != "" {
		t.Errorf("db01: %+v", db01)
	}
	o.rotates("db01")
	o.rotates("db02")
	if db01 = o.credential("db01"); db01.Holder != "ben" || len(db01.Exposure) > 0 {
		t.Errorf("afterwards: %+v", db01)
	}
	if _, err := o.do("ann", CheckOut{"db02", note("x")}); CodeOf(err) == "" {
		t.Error("ann works without a log-in")
	}
	o.joins("ann", "ada")
	if ann = o.person("ann"); !ann.Enrolled {
		t.Errorf("ann has joined: %+v", ann)
	}
	// Where the other is away it stays: nobody else could take it.
	o.handsOver("ben", "ann", "db01", "db02")
	o.handsOver("ben", "cay", "web01")
	o.does("ben", GoAway{})
	o.agreed("ada", ResetEnrolment{"ann"})
	if db01 = o.credential("db01"); db01.Phase != Held || db01.Holder != "ann" {
		t.Errorf("with ben away: %+v", db01)
	}
}

// TestAProposalThatBecomesAnotherNeedsOtherApprovals: who asks for a technician and then
// for a manager has not got one of the two approvals already.
func TestAProposalThatBecomesAnotherNeedsOtherApprovals(t *testing.T) {
	o := newOffice(t)
	o.does("ada", needed(zoe))
	boss := zoe
	boss.Roles = []Role{Manager}
	o.does("ada", Revise{"p-1", Change{boss}, note("rather a manager")})
	o.does("max", o.approval("p-1"))
	if p, open := o.state.Proposal("p-1"); !open || !slices.Equal(p.Needs, []Role{Manager, Director}) || o.person("zoe").Username != "" {
		t.Errorf("approved by one: %+v", p)
	}
	o.does("dot", o.approval("p-1"))
	if !o.person("zoe").Is(Manager) {
		t.Error("approved by both, and not there")
	}
}

// TestTheFifthWrongReleaseCodeIsSerious: the four before it are what people mistype.
func TestTheFifthWrongReleaseCodeIsSerious(t *testing.T) {
	o := newOffice(t)
	zoeHasALink(o)
	for n := range maxWrongCodes {
		want := Ordinary
		if n == maxWrongCodes-1 {
			want = Serious
		}
		if e := o.does(System, RefuseLink{"zoe", aLink})[0]; e.Grade() != want {
			t.Errorf("the %dth is %s", n+1, e.Grade())
		}
	}
}

// Where the other custodian is away nobody is there to take it: it is parked.
func TestNobodyWhoIsAwayTakesOverWhenALogInIsSetUpAnew(t *testing.T) {
	o := newOffice(t)
	benIsAway(o)
	o.agreed("ada", ResetEnrolment{"ann"})
	o.rotates("db01")
	if db01 := o.credential("db01"); db01.Phase != Parked || db01.Holder != "" || o.person("ann").Enrolled {
		t.Errorf("%+v, %+v", db01, o.person("ann"))
	}
}

// Who gets to run the system, or to approve, is approved by two.
func TestWhoTakesTwoApprovals(t *testing.T) {
	for role, want := range map[Role]int{Technician: 1, Auditor: 1, Admin: 2, Manager: 2, Director: 2} {
		o := newOffice(t)
		o.does("ada", needed(AddPerson{Username: "zoe", Name: "Zoe", Roles: []Role{role}, TOTPPeriod: 30}))
		if p, _ := o.state.Proposal("p-1"); len(p.Needs) != want {
			t.Errorf("%s: needs %v", role, p.Needs)
		}
	}
}

// What is part of an open handover stays in it.
func TestWhatIsOfferedStaysOfferedWhenALogInIsSetUpAnew(t *testing.T) {
	o := newOffice(t)
	o.offers("ann", "db01")
	o.agreed("ada", ResetEnrolment{"ann"})
	if db01, db02 := o.credential("db01"), o.credential("db02"); db01.Holder != "ann" || db02.Successor() != "ben" {
		t.Errorf("offered: %+v, not offered: %+v", db01, db02)
	}
	o.does("ben", Accept{"handover-1"})
	if db01 := o.credential("db01"); db01.Holder != "ben" {
		t.Errorf("accepted: %+v", db01)
	}
}

// Nobody approves that their own log-in is set up anew, and nothing is set up for whoever
// is disabled.
func TestWhoseLogInIsSetUpAnew(t *testing.T) {
	reset := needed(ResetEnrolment{"max"})
	yes := Approve{"p-1", Proposal{ID: "p-1", Revision: 1, Change: reset.Change}.Digest()}
	asked := func(o *office) { o.does("ada", reset) }
	check(t, []clause{
		{"not approved by whose it is", asked, "max", yes, NotEligible, nil},
		{"the director stands in", asked, "dot", yes, "", func(o *office) bool { return !o.person("max").Enrolled }},
		{"not of whoever is disabled", cayHasLeft, "ada", needed(ResetEnrolment{"cay"}), Conflict, nil},
		{"not of nobody", nil, "ada", needed(ResetEnrolment{"mallory"}), NotFound, nil},
	})
}

func TestOtherRoles(t *testing.T) {
	roles := func(person string, roles ...Role) Propose { return needed(SetRoles{person, roles}) }
	has := func(person string, roles ...Role) func(*office) bool {
		return func(o *office) bool { return slices.Equal(o.person(person).Roles, roles) }
	}
	yes := func(id string, p Propose) Approve {
		return Approve{id, Proposal{ID: id, Revision: 1, Change: p.Change}.Digest()}
	}
	cayManages := roles("cay", Technician, Manager, Manager)
	check(t, []clause{
		{"to manage takes two", func(o *office) { o.does("ada", cayManages); o.does("max", yes("p-1", cayManages)) }, "dot", yes("p-1", cayManages), "", has("cay", Manager, Technician)},
		{"one is not enough", func(o *office) { o.does("ada", cayManages) }, "max", yes("p-1", cayManages), "", has("cay", Technician)},
		{"to be a technician takes one", func(o *office) { o.does("ada", roles("max", Manager, Technician)) }, "dot", yes("p-1", roles("max", Manager, Technician)), "", has("max", Manager, Technician)},
		{"not of whoever has left", cayHasLeft, "ada", roles("cay", Manager), Conflict, nil},
		{"not from the only admin", nil, "max", roles("ada", Technician), Conflict, nil},
		{"nor while another has no authenticator yet", func(o *office) {
			o.does(System, AddPerson{Username: "ivy", Name: "Ivy", Roles: []Role{Admin}, TOTPPeriod: 30})
		}, "max", roles("ada", Technician), Conflict, nil},
		{"nor while another is disabled", func(o *office) {
			o.hires("ivy", Admin)
			o.state.editPerson("ivy", func(p *Person) { p.Disabled = true })
		}, "max", roles("ada", Technician), Conflict, nil},
		{"but while another can act", func(o *office) { o.hires("ivy", Admin) }, "max", roles("ada", Technician), "", nil},
		{"not what they have", nil, "ada", roles("max", Manager), Conflict, nil},
		{"not none", nil, "ada", roles("max"), InvalidRequest, nil},
		{"no auditor beside another", nil, "ada", roles("max", Manager, Auditor), InvalidRequest, nil},
		{"not of nobody", nil, "ada", roles("mallory", Manager), NotFound, nil},
	})
}

// What a forged ledger would have to say: each of these is not what led there.
func TestNobodyComesInWithoutApprovals(t *testing.T) {
	o := newOffice(t)
	o.does("ada", needed(zoe))
	good := PersonAdded{Username: "zoe", Name: "Zoe", Roles: []Role{Technician}, TOTPPeriod: 30, Proposal: "p-1"}
	confirmed := func(s *State, who string, f Fact) Event {
		p, _ := s.Person(who)
		return Event{Time: s.Time, Actor: who, Request: "r", Confirm: &Confirmation{who, p.LastStep + 1}, Fact: f}
	}
	bySys := func(s *State, f Fact) Event { return Event{Time: s.Time, Actor: System, Request: "r", Fact: f} }
	approved := o.state.Fork()
	if err := Replay(approved, confirmed(approved, "max", ProposalApproved{Proposal: "p-1", Revision: 1, Level: Manager})); err != nil {
		t.Fatal(err)
	}
	with := func(edit func(*PersonAdded)) PersonAdded { f := good; edit(&f); return f }
	over := newOffice(t)
	founded(over)
	came := newOffice(t)
	zoeCame(came)
	linked := newOffice(t)
	zoeHasALink(linked)
	asked := newOffice(t)
	asked.does("ada", needed(ResetEnrolment{"ann"}))
	resetApproved := asked.state.Fork()
	if err := Replay(resetApproved, confirmed(resetApproved, "max", ProposalApproved{Proposal: "p-1", Revision: 1, Level: Manager})); err != nil {
		t.Fatal(err)
	}
	roled := newOffice(t)
	roled.hires("tom", Technician)
	roled.does("ada", needed(SetRoles{"tom", []Role{Auditor}}))
	rolesApproved := roled.state.Fork()
	rolesApproved.editPerson("tom", func(p *Person) { p.Roles = []Role{Admin} })
	rolesApproved.editProposal("p-1", func(p *Proposal) { p.Status, p.Approvals = Approved, []Approval{{Level: Manager, Person: "max"}} })
	custodian := roled.state.Fork() // in which it was approved that a custodian is no technician
	custodian.editProposal("p-1", func(p *Proposal) {
		p.Change, p.Status, p.Approvals = Change{SetRoles{"cay", []Role{Auditor}}}, Approved, []Approval{{Level: Manager, Person: "max"}}
	})
	handedOn := resetApproved.Fork() // in which ann holds nothing any more
	for _, name := range []string{"db01", "db02"} {
		if err := Replay(handedOn, confirmed(handedOn, "max", CustodyPassed{Credential: name, From: "ann", Successor: "ben", Proposal: "p-1"})); err != nil {
			t.Fatal(err)
		}
	}
	passed := CustodyPassed{Credential: "db01", From: "ann", Successor: "ben", Proposal: "p-1"}
	for name, e := range map[string]struct {
		s *State
		e Event
	}{
		"not approved":                       {o.state, confirmed(o.state, "max", good)},
		"by who asked":                       {approved, confirmed(approved, "ada", good)},
		"with another role":                  {approved, confirmed(approved, "max", with(func(f *PersonAdded) { f.Roles = []Role{Manager} }))},
		"under another name":                 {approved, confirmed(approved, "max", with(func(f *PersonAdded) { f.Username = "zed" }))},
		"with a log-in that somebody made":   {approved, confirmed(approved, "max", with(func(f *PersonAdded) { f.Account = 1 }))},
		"under no proposal, by a person":     {approved, confirmed(approved, "max", with(func(f *PersonAdded) { f.Proposal = "" }))},
		"by the machine, after the founding": {over.state, bySys(over.state, PersonAdded{Username: "zed", Name: "Z", Roles: []Role{Technician}, TOTPPeriod: 30})},
		"founded by an admin":                {o.state, confirmed(o.state, "ada", FoundingConfirmed{"ada", Manager, o.state.FoundingDigest()})},
		"founded with other people":          {o.state, confirmed(o.state, "max", FoundingConfirmed{"max", Manager, "x"})},
		"founded at another level":           {o.state, confirmed(o.state, "max", FoundingConfirmed{"max", Director, o.state.FoundingDigest()})},
		"roles without approval":             {o.state, confirmed(o.state, "ada", RolesChanged{"cay", []Role{Manager}, []Role{Technician}, "p-1"})},
		"in the place of other roles":        {rolesApproved, confirmed(rolesApproved, "max", RolesChanged{"tom", []Role{Auditor}, []Role{Technician}, "p-1"})},
		"other roles than were approved":     {rolesApproved, confirmed(rolesApproved, "max", RolesChanged{"tom", []Role{Manager}, []Role{Admin}, "p-1"})},
		"a link for who was not approved":    {o.state, confirmed(o.state, "ada", LinkIssued{"ann", aLink, o.state.Time.Add(linkTTL)})},
		"a link for ever":                    {came.state, confirmed(came.state, "ada", LinkIssued{"zoe", aLink, came.state.Time.Add(2 * linkTTL)})},
		"a link by who reads the code":       {came.state, confirmed(came.state, "max", LinkIssued{"zoe", aLink, came.state.Time.Add(linkTTL)})},
		"opened without a link":              {o.state, bySys(o.state, LinkOpened{"ann"})},
		"opened by a person":                 {came.state, confirmed(came.state, "ada", LinkOpened{"zoe"})},
		"a wrong code counted wrong":         {came.state, bySys(came.state, LinkRefused{"zoe", 3})},
		"a wrong code of no link":            {o.state, bySys(o.state, LinkRefused{"ann", 1})},
		"joined without an account":          {came.state, confirmed(came.state, "zoe", Joined{"zoe", 0})},
		"joined by somebody else":            {came.state, confirmed(came.state, "ada", Joined{"zoe", 1})},
		"joined before it was opened":        {linked.state, confirmed(linked.state, "zoe", Joined{"zoe", 1})},
		"joined without a link":              {o.state, confirmed(o.state, "ann", Joined{"ann", 1})},
		"reset without approval":             {asked.state, confirmed(asked.state, "max", EnrolmentReset{Person: "ann", Proposal: "p-1"})},
		"reset by an admin":                  {resetApproved, confirmed(resetApproved, "ada", EnrolmentReset{Person: "ann", Proposal: "p-1"})},
		"reset of another":                   {resetApproved, confirmed(resetApproved, "max", EnrolmentReset{Person: "cay", Proposal: "p-1"})},
		"reset while they hold":              {resetApproved, confirmed(resetApproved, "max", EnrolmentReset{Person: "ann", Proposal: "p-1"})},
		"reset to a log-in that is known":    {resetApproved, confirmed(resetApproved, "max", EnrolmentReset{Person: "cay", Account: 2, Proposal: "p-1"})},
		"passed from who does not hold it":   {resetApproved, confirmed(resetApproved, "max", CustodyPassed{Credential: "web01", From: "ann", Successor: "cay", Proposal: "p-1"})},
		"passed to somebody else":            {resetApproved, confirmed(resetApproved, "max", CustodyPassed{Credential: "db01", From: "ann", Successor: "cay", Proposal: "p-1"})},
		"passed with another's approval":     {approved, confirmed(approved, "max", passed)},
		"roles of a custodian":               {custodian, confirmed(custodian, "max", RolesChanged{"cay", []Role{Auditor}, []Role{Technician}, "p-1"})},
		"reset to a log-in, holding nothing": {handedOn, confirmed(handedOn, "max", EnrolmentReset{Person: "ann", Account: 2, Proposal: "p-1"})},
		"passed without approval":            {asked.state, confirmed(asked.state, "max", passed)},
		"recovered and approved":             {resetApproved, bySys(resetApproved, EnrolmentReset{Person: "ben", Recovery: true, Proposal: "p-1"})},
	} {
		if err := CheckEvent(e.s, e.e); err == nil {
			t.Errorf("%s: believed", name)
		}
	}
	for _, e := range []struct {
		s *State
		e Event
	}{
		{approved, confirmed(approved, "max", good)}, {resetApproved, confirmed(resetApproved, "max", passed)},
		{came.state, confirmed(came.state, "zoe", Joined{"zoe", 1})}, {came.state, bySys(came.state, LinkRefused{"zoe", 1})},
	} {
		if err := CheckEvent(e.s, e.e); err != nil {
			t.Errorf("what did happen: %v", err)
		}
	}
}

// The log-in of the only administrator was to be set up anew: whoever approved it read the
// code, and nobody was left who could give the link.
func TestTheOnlyAdminsLinkComesFromAnApprover(t *testing.T) {
	o := newOffice(t)
	o.agreed("max", ResetEnrolment{"ada"})
	if a := o.person("ada").Admission; !slices.Equal(a.Readers, []string{"dot"}) {
		t.Fatalf("%+v", a)
	}
	o.joins("ada", "max")
	if !o.person("ada").CanConfirm() {
		t.Error("and she cannot log in")
	}
	// Where nobody had to approve, whoever gives the link reads the code: only an admin.
	o.state.editPerson("cay", func(p *Person) { p.Admission = Admission{Open: true} })
	for who, want := range map[string]Code{"max": Forbidden, "dot": Forbidden, "ada": ""} {
		trial := office{newWorldUnder(testPolicy()), t}
		trial.state, trial.now, trial.request = clone(o.state), o.now, o.request+100
		if _, err := trial.do(who, IssueLink{"cay", strings.Repeat("c", 64)}); CodeOf(err) != want {
			t.Errorf("by %s: %v, want %q", who, err, want)
		}
	}
	if err := CheckEvent(o.state, o.forge("max", LinkIssued{"cay", strings.Repeat("c", 64), o.now.Add(linkTTL)})); !violation(err, "I10", "by the only one who reads") {
		t.Errorf("by a manager where nobody approved: %v", err)
	}
}

// TestRolesAreApprovedInWhateverOrderTheyWereAskedFor: "technician, manager" was asked for,
// and the last approval of it ended in an error of the server's.
func TestRolesAreApprovedInWhateverOrderTheyWereAskedFor(t *testing.T) {
	for _, roles := range [][]Role{{Manager, Technician}, {Technician, Manager}, {Technician, Technician}} {
		o := newOffice(t)
		o.agreed("ada", AddPerson{Username: "zoe", Name: "Zoe", Roles: roles, TOTPPeriod: 30})
		if got := o.person("zoe").Roles; !slices.Equal(got, sortedRoles(roles)) {
			t.Errorf("asked for %v, added with %v", roles, got)
		}
	}
}
