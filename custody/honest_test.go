package custody

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// An honest small office is never stuck for ever: each row is a story that ends well, and
// docs/stuck.md has what it took.

var updateStuck = flag.Bool("update-stuck", false, "write the table of docs/stuck.md as it is now: read what changed before it is committed")

const stuckPath = "../docs/stuck.md"

// stuck is an office in which something does not go on by itself.
type stuck struct {
	what    string
	opens   string             // what lets it go on
	given   func(*office)      // how it came to that
	story   func(*office)      // what people do
	ends    func(*office) bool // that it ended well
	under   func(*Policy)      // another policy than the usual one; nil: that
	besides map[string]Role    // who else is there
}

// asks has somebody ask for a change, which is refused where it must be.
func (o *office) asks(who string, a Proposable) { o.t.Helper(); o.acts(who, needed(a)) }

// yes has somebody approve what was asked for last.
func (o *office) yes(who string) {
	o.t.Helper()
	o.acts(who, o.approval(proposalID(o.state.Proposals)))
}

// no demands that something is refused, with a code.
func (o *office) no(who string, a Action, want Code) {
	o.t.Helper()
	if err := o.later(who, a); CodeOf(err) != want {
		o.t.Fatalf("%s %+v: %v, want %q", who, a, err, want)
	}
}

// setsUp has somebody who was approved set up their log-in.
func (o *office) setsUp(who, issuer string) {
	o.t.Helper()
	link := sessionNumber(5000 + len(o.history))
	o.acts(issuer, IssueLink{who, link})
	o.acts(System, OpenLink{who, link})
	o.acts(who, Join{link, o.person(who).Account + 1})
	o.acts(who, o.logIn())
}

func newcomer(name string, role Role) AddPerson {
	return AddPerson{Username: name, Name: name, Email: note(name + "@example.org"), Roles: []Role{role}, TOTPPeriod: 30}
}

func (o *office) canLogIn(who string, role Role) bool {
	p := o.person(who)
	return p.CanConfirm() && p.Is(role)
}

var allStuck = []stuck{
	{"the only manager's telephone is lost", "the director stands in for a manager whom it is about", nil, func(o *office) {
		o.asks("ann", ResetEnrolment{"max"})
		o.yes("dot")
		o.setsUp("max", "ada")
	}, func(o *office) bool { return o.canLogIn("max", Manager) }, nil, nil},
	{"the manager's telephone is lost, and the recovery codes are not", "a recovery code, alone; the person is told", nil, func(o *office) {
		o.acts(System, RecoverEnrolment{Person: "max", Enrolment: o.person("max").Number, Account: o.person("max").Account + 1})
		o.acts("max", o.logIn())
	}, func(o *office) bool { return o.canLogIn("max", Manager) }, nil, nil},
	{"the only director is to leave", "a successor comes in before; the last one cannot lose the role, and an end of access is undone by a proposal", nil, func(o *office) {
		o.no("ann", needed(SetRoles{"dot", []Role{Technician}}), Conflict)
		o.asks("ada", newcomer("dan", Director))
		o.yes("max")
		o.yes("dot")
		o.setsUp("dan", "ada")
		o.acts("max", gone("dot"))
		o.asks("ann", pairOf("db01", "ann", "cay"))
		o.yes("max")
		o.yes("dan")
	}, func(o *office) bool { return o.credential("db01").HasCustodian("cay") && o.person("dot").Disabled }, nil, nil},
	{"the only administrator is gone", "manager and director approve another, one of them gives the link and the other reads the code", func(o *office) { o.acts("max", gone("ada")) }, func(o *office) {
		o.asks("ann", newcomer("ali", Admin))
		o.yes("max")
		o.yes("dot")
		o.setsUp("ali", "max")
	}, func(o *office) bool { return o.canLogIn("ali", Admin) }, nil, nil},
	{"who asks is the only one who could approve", "somebody else asks; the refusal says so", nil, func(o *office) {
		change := pairOf("db01", "ann", "cay")
		o.no("max", needed(change), NoApprover)
		o.asks("ann", change)
		o.yes("dot")
		o.yes("max")
	}, func(o *office) bool { return o.credential("db01").HasCustodian("cay") }, nil, nil},
	{"the only manager asks for what a manager approves", "the director stands in", nil, func(o *office) {
		o.asks("max", ResetEnrolment{"ada"})
		o.yes("dot")
		o.setsUp("ada", "max")
	}, func(o *office) bool { return o.canLogIn("ada", Admin) }, nil, nil},
	{"the manager is away", "the director stands in where one approval is enough", func(o *office) { o.acts("max", GoAway{}) }, func(o *office) {
		o.asks("ada", ResetEnrolment{"cay"})
		o.yes("dot")
		o.setsUp("cay", "ada")
	}, func(o *office) bool { return o.canLogIn("cay", Technician) }, nil, nil},
	{"the manager is asleep, and nobody answers a proposal", "it expires on record after seven days, and can be asked for again; nothing is approved by silence", nil, func(o *office) {
		o.asks("ada", pairOf("db01", "ann", "cay"))
		o.passes(proposalTTL)
		o.asks("ada", pairOf("db01", "ann", "cay"))
		o.yes("max")
		o.yes("dot")
	}, func(o *office) bool { return o.credential("db01").HasCustodian("cay") }, nil, nil},
	{"the holder is ill and can do nothing", "other custodians by a proposal, and the password is changed on the way", nil, func(o *office) {
		o.asks("ben", pairOf("db01", "ben", "cay"))
		o.yes("max")
		o.yes("dot")
		o.rotates("db01")
	}, func(o *office) bool {
		return o.credential("db01").Holder == "ben" && !o.credential("db01").HasCustodian("ann")
	}, nil, nil},
	{"both technicians are ill", "two others by a proposal, and the password is changed on the way", nil, func(o *office) {
		o.asks("ada", pairOf("db01", "cay", "tom"))
		o.yes("max")
		o.yes("dot")
		o.rotates("db01")
	}, func(o *office) bool { return o.credential("db01").Holder == "cay" }, nil, map[string]Role{"tom": Technician}},
	{"a seat is vacant, and the only custodian must go", "both approvers have it parked; whoever is back takes it", func(o *office) { o.acts("max", gone("ben")); o.rotates("web01") }, func(o *office) {
		o.no("ann", GoAway{}, SeatIsVacant)
		for _, name := range []string{"db01", "db02"} {
			o.asks("ada", Park{name})
			o.yes("max")
			o.yes("dot")
			o.rotates(name)
		}
		o.acts("ann", GoAway{})
		o.passes(24 * time.Hour)
		o.acts("ann", ComeBack{})
		o.acts("ann", Take{"db01"})
	}, func(o *office) bool {
		return o.credential("db01").Holder == "ann" && o.credential("db02").Phase == Parked
	}, nil, nil},
	{"the secret store was put back from before, and lost a log-in and a password", "the operator and two people whose log-ins are there; what is lost is set up, and changed, anew", nil, func(o *office) {
		step := o.person("max").LastStep + o.person("ann").LastStep + 1
		o.no("ada", RebindSecrets{Reason: note("from Monday"), People: []string{"cay"}}, Forbidden)
		o.acts(System, RebindSecrets{
			Reason: note("from Monday"), Confirmed: []ConfirmedBy{{"max", step}, {"ann", step}}, People: []string{"cay"}, Credentials: []string{"db01"},
		})
		o.rotates("db01")
		o.asks("ann", ResetEnrolment{"cay"})
		o.yes("max")
		o.setsUp("cay", "ada")
	}, func(o *office) bool { return o.canLogIn("cay", Technician) && o.credential("db01").Holder == "ann" }, nil, nil},
	{"the secret store is lost, and a new one is set up", "the operator has the installation founded anew: an administrator, a manager and a director at the machine, who look at who there is and at the new key; the others are approved, and every password is brought, or set by a second account", nil, func(o *office) {
		o.acts(System, RebindSecrets{Reason: note("the disk burnt"), New: true})
		for _, who := range []string{"ada", "max", "dot"} {
			o.acts(System, ResetOnHost{who, o.person(who).Account + 1})
			o.acts(who, o.logIn())
		}
		for _, who := range []string{"max", "dot"} {
			o.acts(who, ConfirmFounding{o.state.FoundingDigest()})
		}
		o.asks("ada", ResetEnrolment{"ann"})
		o.yes("max")
		o.setsUp("ann", "ada")
		o.rotates("db01")
	}, func(o *office) bool {
		return o.state.Founded() && o.canLogIn("ann", Technician) && o.credential("db01").Holder == "ann"
	}, nil, nil},
	{"a policy is proposed that nobody could meet", "it is refused when it is asked for", nil, func(o *office) {
		p := testPolicy()
		p.Approvals, p.Exclusive = ApprovedByTwo, ExclusiveStrict
		o.acts("max", gone("dot")) // no director is left
		o.no("ada", needed(AdoptPolicy{Values: p, ReviewBy: o.now.AddDate(0, 6, 0)}), NoApprover)
	}, func(o *office) bool { return o.state.Policy().Version == 1 }, func(p *Policy) { p.Approvals = ApprovedByOne }, nil},
	{"somebody is away for a year, and the other custodian must go", "another custodian by a proposal, until the one who is away is back; the handover goes on without what has other custodians", func(o *office) {
		o.acts("ann", Offer{All: true, Leave: true, Reason: note("a year abroad")})
		o.acts("ben", Accept{"handover-1"})
		o.passes(100 * 24 * time.Hour)
	}, func(o *office) {
		o.no("ben", GoAway{}, BothAway)
		for _, name := range []string{"db01", "db02"} {
			o.asks("ben", standIn(name, "cay", "ben", o.now.AddDate(1, 0, 0).Truncate(time.Hour)))
			o.yes("max")
			o.yes("dot")
		}
		o.acts("ben", Offer{All: true, Leave: true, Reason: note("leave")})
		for h := range o.state.OpenHandovers() {
			o.acts(h.To, Accept{h.ID})
		}
	}, func(o *office) bool { return o.credential("db01").Holder == "cay" && o.person("ben").Away }, nil, nil},
	{"a substitute's end meets the original's absence", "the seat stays with the substitute, everybody is told; another date, or whose the seat is, by a proposal", func(o *office) {
		o.asks("ben", standIn("db01", "cay", "ben", o.now.Add(7*24*time.Hour).Truncate(time.Hour)))
		o.yes("max")
		o.yes("dot")
		o.rotates("db01")
		o.acts("ann", Offer{All: true, Leave: true, Reason: note("longer than planned")})
		for h := range o.state.OpenHandovers() {
			o.acts("ben", Accept{h.ID})
		}
	}, func(o *office) {
		o.passes(7 * 24 * time.Hour)
		o.acts("cay", CheckOut{"db01", note("somebody has to")})
		o.acts("ann", ComeBack{})
		o.asks("ann", pairOf("db01", "ann", "ben"))
		o.yes("max")
		o.yes("dot")
		o.rotates("db01")
	}, func(o *office) bool {
		return o.credential("db01").Holder == "ann" && !o.credential("db01").Substitute.In()
	}, nil, nil},
	{"the holder is ill, and the manager is asleep", "the other custodian asks for an emergency, and the director approves in place of the manager: minutes; it ends with another password, and is reviewed", nil, func(o *office) {
		o.acts("ben", RequestEmergency{Credentials: []string{"db01"}, Reason: note("the shop is down, and ann does not answer")})
		o.acts("dot", ApproveEmergency{Emergency: "emergency-1"})
		o.acts("ben", CheckOut{"db01", note("start it again")})
		o.acts("ben", EndEmergency{Emergency: "emergency-1"})
		o.rotates("db01")
		o.acts("max", ReviewEmergency{Emergency: "emergency-1", Verdict: Justified, Text: note("it was needed")})
	}, func(o *office) bool {
		c := o.credential("db01")
		return len(c.Exposure) == 0 && !c.HasInEmergency("ben") && c.HasCustodian("ann")
	}, nil, nil},
	{"both technicians are ill, and somebody has to act now", "another technician asks for an emergency, and both approvers approve it; it ends with another password", nil, func(o *office) {
		o.acts("cay", RequestEmergency{Credentials: []string{"db01"}, Reason: note("the shop is down, and nobody answers")})
		o.acts("max", ApproveEmergency{Emergency: "emergency-1"})
		o.acts("dot", ApproveEmergency{Emergency: "emergency-1"})
		o.acts("cay", CheckOut{"db01", note("start it again")})
		o.passes(testPolicy().HoldFor)
		o.rotates("db01")
		o.acts("ann", ComeBack{})
		o.acts("ann", Take{"db01"})
	}, func(o *office) bool { return o.credential("db01").Holder == "ann" }, nil, nil},
	{"no technician is there at all", "a manager or a director asks for a substitute whom they name, and the other approves", func(o *office) {
		for _, name := range []string{"ann", "ben", "cay"} {
			o.acts("max", gone(name))
		}
		for _, name := range []string{"db01", "db02", "web01"} {
			o.rotates(name)
		}
	}, func(o *office) {
		o.acts("max", RequestEmergency{Credentials: []string{"db01"}, For: "ada", Reason: note("all three left at once")})
		o.acts("dot", ApproveEmergency{Emergency: "emergency-1"})
		o.acts("ada", CheckOut{"db01", note("start it again")})
	}, func(o *office) bool { return o.credential("db01").Holder == "ada" }, nil, nil},
	{"nobody answers an emergency", "it lapses on record, without a password, and can be asked for again at once", nil, func(o *office) {
		o.acts("ben", RequestEmergency{Credentials: []string{"db01"}, Reason: note("the shop is down")})
		o.passes(testPolicy().ApproveWithin)
		o.acts("ben", RequestEmergency{Credentials: []string{"db01"}, Reason: note("the shop is still down")})
		o.acts("max", ApproveEmergency{Emergency: "emergency-2"})
		o.acts("ben", CheckOut{"db01", note("start it again")})
	}, func(o *office) bool { return o.credential("db01").Holder == "ben" }, nil, nil},
	{"an approver leaves before what they approved takes effect", "of what waits for its notice the approval lapses with them, and another one starts the notice anew; of a date that was agreed the agreement stands", func(o *office) {
		o.asks("ada", PlanDeparture{"cay", o.now.Add(10 * 24 * time.Hour).Truncate(time.Hour)})
		o.yes("max")
	}, func(o *office) {
		o.acts("dot", gone("max"))
		o.passes(10 * 24 * time.Hour)
		if !o.person("cay").Disabled {
			o.t.Error("the date that was agreed has come, and cay is there")
		}
		o.asks("ben", Reinstate{"cay"})
		o.yes("mia")
		o.setsUp("cay", "ada")
	}, func(o *office) bool { return o.canLogIn("cay", Technician) }, nil, map[string]Role{"mia": Manager}},
	{"a firm of three, of whom one leaves", "its policy asks for one approval; whoever is left of the two that approve lets another one in, who approves what both others are parties to", func(o *office) {
		for name, roles := range map[string][]Role{"ann": {Director, Technician}, "ben": {Manager, Technician}, "cay": {Admin, Technician}} {
			o.asks("ada", SetRoles{name, roles})
			o.yes("max")
		}
		for _, name := range []string{"ada", "max", "dot", "eve"} {
			o.acts("ben", gone(name))
		}
	}, func(o *office) {
		o.acts("ann", gone("ben"))
		o.rotates("web01")
		o.no("cay", needed(pairOf("db01", "ann", "cay")), NoApprover)
		o.asks("cay", newcomer("mia", Manager))
		o.yes("ann")
		o.setsUp("mia", "cay")
		o.asks("cay", pairOf("db01", "ann", "cay"))
		o.yes("mia")
	}, func(o *office) bool { return !o.credential("db01").SeatVacant() && o.canLogIn("mia", Manager) }, func(p *Policy) { p.Approvals, p.Exclusive = ApprovedByOne, ExclusiveAuditor }, nil},
	{"an approver leaves before the last approval", "another approves in their place", nil, func(o *office) {
		o.asks("ada", pairOf("db01", "ann", "cay"))
		o.yes("max")
		o.acts("mia", gone("max"))
		o.yes("dot")
		if o.credential("db01").HasCustodian("cay") {
			o.t.Error("by the approval of somebody who has left")
		}
		o.yes("mia")
	}, func(o *office) bool { return o.credential("db01").HasCustodian("cay") }, nil, map[string]Role{"mia": Manager}},
	{"somebody's access was ended by mistake", "it is given back by a proposal, and the log-in is set up anew", func(o *office) { o.acts("max", gone("cay")) }, func(o *office) {
		o.asks("ada", Reinstate{"cay"})
		o.yes("max")
		o.setsUp("cay", "ada")
	}, func(o *office) bool { return o.canLogIn("cay", Technician) }, nil, nil},
	{"a password cannot be changed, because its server is gone", "whoever would hold it calls the change off or pauses it", annWantsNewPassword, func(o *office) {
		o.acts("ann", CancelRotation{"db01", note("host gone")})
	}, func(o *office) bool {
		return o.credential("db01").Holder == "ann" && o.credential("db01").Phase == Held
	}, nil, nil},
	{"an incident is about the manager, and the director is away", "an auditor stands in, and where there is none whoever is there; a refusal says who", func(o *office) {
		o.acts("ann", ReportIncident{Person: "max", Text: note("x"), Grade: Special})
		o.acts("dot", GoAway{})
	}, func(o *office) {
		id := incidentID(o.state.Incidents)
		o.no("max", AssessIncident{id, Ordinary, note("x")}, OwnRequest)
		o.acts("eve", AssessIncident{id, Serious, note("x")})
		o.acts("eve", CloseIncident{id, note("x")})
	}, func(o *office) bool { return o.state.reportedBy("ann") == 0 }, nil, nil},
	{"an incident is about everybody", "one of the assessment group decides all the same, which is serious and told", func(o *office) {
		o.acts("ann", ReportIncident{Text: note("x"), Grade: Serious})
		o.state.editIncident(incidentID(o.state.Incidents), func(i *Incident) {
			for p := range o.state.People() {
				i.People = sortedNames(i.People, p.Username)
			}
		})
	}, func(o *office) {
		id := incidentID(o.state.Incidents)
		o.no("ann", AssessIncident{id, Ordinary, note("x")}, OwnRequest)
		o.acts("max", AssessIncident{id, Ordinary, note("x")})
		o.acts("max", CloseIncident{id, note("x")})
	}, func(o *office) bool { return o.state.reportedBy("ann") == 0 }, nil, nil},
}

// TestAnHonestOfficeIsNeverStuck tells each story, and what it took: who acted, for how
// long, and what stands on record.
func TestAnHonestOfficeIsNeverStuck(t *testing.T) {
	rows := make([]string, len(allStuck))
	for n, s := range allStuck {
		t.Run(s.what, func(t *testing.T) {
			policy := testPolicy()
			if s.under != nil {
				s.under(&policy)
			}
			o := officeUnder(t, policy)
			for name, role := range s.besides {
				o.hires(name, role)
			}
			for _, who := range []string{"max", "dot"} {
				o.acts(who, ConfirmFounding{o.state.FoundingDigest()})
			}
			if s.given != nil {
				s.given(o)
			}
			begun, at := len(o.history), o.now
			s.story(o)
			if !s.ends(o) {
				t.Fatalf("it does not end well: %+v", o.state)
			}
			rows[n] = fmt.Sprintf("| %s | %s | %s | %s | %s |\n", s.what, s.opens, strings.Join(whoActed(o.history[begun:]), ", "), lasted(o.now.Sub(at)), strings.Join(whatStands(o.history[begun:]), ", "))
		})
	}
	if t.Failed() || slices.Contains(rows, "") { // or some only
		return
	}
	want := "| Stuck | What opens it | Who | How long | On record |\n| --- | --- | --- | --- | --- |\n" + strings.Join(rows, "")
	text, err := os.ReadFile(stuckPath)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- the stories -->\n", "<!-- end of the stories -->\n"
	before, rest, has := strings.Cut(string(text), begin)
	is, after, ends := strings.Cut(rest, end)
	switch {
	case !has || !ends:
		t.Fatalf("%s has no table", stuckPath)
	case is == want:
	case !*updateStuck:
		t.Errorf("%s is not what was observed: go test ./custody -run HonestOffice -update-stuck writes it.\n%s", stuckPath, want)
	default:
		if err := os.WriteFile(stuckPath, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// whoActed gives the people who brought events about, in their order.
func whoActed(events []Event) (people []string) {
	for _, e := range events {
		if e.Actor != System && !slices.Contains(people, e.Actor) {
			people = append(people, e.Actor)
		}
	}
	return people
}

// whatStands gives the types of events, with their grades where they are not ordinary.
func whatStands(events []Event) (types []string) {
	for _, e := range events {
		text := "`" + e.Fact.Type() + "`"
		if refused, is := e.Fact.(CommandRefused); is {
			text += " " + string(refused.Code)
		} else if e.Grade() != Ordinary {
			text += " **" + string(e.Grade()) + "**"
		}
		if !slices.Contains(types, text) {
			types = append(types, text)
		}
	}
	return types
}

func lasted(d time.Duration) string {
	if d < time.Hour {
		return "minutes"
	}
	return fmt.Sprintf("%d d", int(d/(24*time.Hour)))
}
