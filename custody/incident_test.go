package custody

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"
)

func (o *office) incident(n int64) Incident {
	i, _ := o.state.Incident(incidentID(n))
	return i
}

// last is the newest that there ever was; it fails where that is closed.
func (o *office) last() Incident {
	o.t.Helper()
	i, open := o.state.Incident(incidentID(o.state.Incidents))
	if !open {
		o.t.Fatalf("there is no %s that is open", incidentID(o.state.Incidents))
	}
	return i
}

func disabled(who, by string) func(*office) {
	return func(o *office) { o.does(by, Disable{Person: who, Reason: note("left")}) }
}

func reports(who string, a ReportIncident) func(*office) {
	return func(o *office) {
		a.Text = note("a stranger at the console")
		if a.Grade == "" {
			a.Grade = Serious
		}
		o.does(who, a)
	}
}

// TestASeriousEntryIsAnIncident without a second entry that says so: nobody can leave it
// out, and nobody can say otherwise.
func TestASeriousEntryIsAnIncident(t *testing.T) {
	o := newOffice(t)
	before, entries := o.state.Incidents, len(o.history)
	benAsks(o)
	i := o.last()
	at := int64(slices.IndexFunc(o.history, func(e Event) bool { _, is := e.Fact.(EmergencyRequested); return is }))
	want := Incident{
		ID: incidentID(before + 1), Status: IncidentOpen, Type: "emergency.requested", Subject: "db01", Grade: Serious,
		People: []string{"ann", "ben"}, Credentials: []string{"db01"}, Count: 1, First: at, Last: at, OpenedAt: o.history[at].Time, LastAt: o.history[at].Time,
	}
	if !reflect.DeepEqual(i, want) {
		t.Errorf("got %+v, want %+v", i, want)
	}
	if more := len(o.history) - entries; more != 1 {
		t.Errorf("%d entries for one thing that happened", more)
	}
	grade := map[Grade]int64{}
	for _, e := range o.history {
		if g := e.raises(); g != "" {
			grade[g]++
		}
	}
	if counted := o.state.Incidents; counted == 0 || counted > grade[Serious]+grade[Special] {
		t.Errorf("%d incidents of %v entries", counted, grade)
	}
}

// TestAnOrdinaryEntryIsNoIncident.
func TestAnOrdinaryEntryIsNoIncident(t *testing.T) {
	o := newOffice(t)
	before := o.state.Incidents
	annHandedOver(o)
	annTookBackAgain := GiveBack{"handover-1"}
	o.does("ben", CheckOut{"db01", note("ticket 1")})
	if _, err := o.do("ann", CheckOut{"db01", note("ticket 1")}); CodeOf(err) == "" {
		t.Fatal(err)
	}
	o.does("ann", annTookBackAgain)
	if o.state.Incidents != before {
		t.Errorf("raised %+v", o.last())
	}
}

// TestTenThousandOfOneKindAreOneIncident: ten thousand commands that lock people out, by
// way of everything that a command goes through.
func TestTenThousandOfOneKindAreOneIncident(t *testing.T) {
	o := newOffice(t)
	before := o.state.Incidents
	const many = 10_000
	for n := range many {
		now := o.now.Add(time.Duration(n) * time.Minute / many)
		c := Command{Actor: System, Action: LockSignIn{Person: "ann", Failures: 5, Until: now.Add(time.Minute)}}
		events, err := Decide(o.state, c, now)
		if err != nil {
			t.Fatal(err)
		}
		fork := o.state.Fork()
		for _, e := range events {
			if err := Replay(fork, e); err != nil {
				t.Fatal(err)
			}
		}
		if written := fork.IncidentsChanged(); len(written) != 1 {
			t.Fatalf("one command writes %d incidents", len(written))
		}
		o.state.Merge(fork)
	}
	i := o.last()
	if o.state.Incidents != before+1 || i.Count != many || i.Last-i.First != many-1 || !slices.Equal(i.People, []string{"ann"}) {
		t.Errorf("%d incidents, the last %+v", o.state.Incidents-before, i)
	}
	if open := o.state.IncidentsChanged(); len(open) > int(o.state.Incidents) {
		t.Errorf("%d are kept", len(open))
	}
}

// TestTenThousandRefusalsAreOneIncident of somebody who tries, on one proposal and incident
// after the other, to decide about what is their own; and it is about no credential.
func TestTenThousandRefusalsAreOneIncident(t *testing.T) {
	o := newOffice(t)
	reports("max", ReportIncident{Grade: Special})(o)
	own := o.last().ID
	asked := o.does("max", asking(ResetEnrolment{Person: "ada"}))[0].Fact.Subject()
	before, p := o.state.Incidents, o.proposal(asked)
	const many = 10_000
	for n := range many {
		var action Action = Approve{asked, p.Digest()}
		switch {
		case n%3 == 1:
			action = AcknowledgeIncident{own}
		case n%3 == 2:
			action = AcknowledgeIncident{incidentID(before + 1)} // of what they tried until now
		}
		c := Command{Actor: "max", Request: "r", Action: action}
		_, err := Decide(o.state, c, o.now)
		refusal, is := err.(*Refusal)
		if !is || refusal.Code != OwnRequest {
			t.Fatal(n, err)
		}
		fork := o.state.Fork()
		for _, e := range Refused(o.state, c, refusal, o.now) {
			if err := Replay(fork, e); err != nil {
				t.Fatal(err)
			}
		}
		if written := fork.IncidentsChanged(); len(written) != 1 {
			t.Fatalf("one command writes %d incidents", len(written))
		}
		o.state.Merge(fork)
	}
	if i := o.last(); o.state.Incidents != before+1 || i.Count != many || i.Grade != Serious || i.Subject != "max" || i.Credentials != nil {
		t.Errorf("%d more, the last %+v", o.state.Incidents-before, i)
	}
}

// TestWhatJoinsAnIncident and what is one of its own.
func TestWhatJoinsAnIncident(t *testing.T) {
	locked := func(who string) func(*office) {
		return func(o *office) {
			o.does(System, LockSignIn{Person: who, Failures: 5, Until: o.now.Add(time.Minute)})
		}
	}
	later := func(d time.Duration) func(*office) { return func(o *office) { o.now = o.now.Add(d) } }
	acts := func(who string, a func(Incident) Action) func(*office) {
		return func(o *office) { o.does(who, a(o.last())) }
	}
	seen := func(i Incident) Action { return AcknowledgeIncident{i.ID} }
	rated := func(i Incident) Action { return AssessIncident{i.ID, Serious, note("x")} }
	closed := func(i Incident) Action { return CloseIncident{i.ID, note("x")} }
	for _, c := range []struct {
		name  string
		then  []func(*office)
		more  int64 // incidents
		count int64 // entries of the last one
	}{
		{"again at once", []func(*office){locked("ann")}, 0, 2},
		{"within an hour of the first", []func(*office){later(time.Hour), locked("ann")}, 0, 2},
		{"within an hour of the last one", []func(*office){later(time.Hour), locked("ann"), later(time.Hour), locked("ann")}, 0, 3},
		{"later than that", []func(*office){later(time.Hour + time.Millisecond), locked("ann")}, 1, 1},
		{"about somebody else", []func(*office){locked("ben")}, 1, 1},
		{"of another kind", []func(*office){disabled("ann", "max")}, 3, 1}, // and two seats are vacant
		{"once it was acknowledged", []func(*office){acts("max", seen), locked("ann")}, 0, 2},
		{"once it was assessed", []func(*office){acts("max", rated), locked("ann")}, 1, 1},
		{"once it was closed", []func(*office){acts("max", rated), acts("max", closed), locked("ann")}, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			locked("ann")(o)
			before := o.state.Incidents
			for _, then := range c.then {
				then(o)
			}
			// What a disabling raises besides has a kind of its own.
			var of []Incident
			for i := range o.state.OpenIncidents() {
				if i.number() >= before && (i.Type == "session.locked" || i.Type == "person.disabled") {
					of = append(of, i)
				}
			}
			newest := slices.MaxFunc(of, func(a, b Incident) int { return int(a.number() - b.number()) })
			if more := newest.number() - before; more != c.more || newest.Count != c.count {
				t.Errorf("%d more, the last with %d entries: %+v", more, newest.Count, newest)
			}
		})
	}
}

// TestASpecialOneNeverJoinsASeriousOne, though it is of one kind and about the same.
func TestASpecialOneNeverJoinsASeriousOne(t *testing.T) {
	s := newOffice(t).state
	raise := func(g Grade) Incident {
		s.Size++
		s.raise(Event{Time: s.Time, Actor: "max", Fact: graded{EmergencyUnreviewed{"emergency-1", "db01"}, g}}, Concerns{})
		i, _ := s.Incident(incidentID(s.Incidents))
		return i
	}
	first := raise(Serious)
	if special := raise(Special); special.ID == first.ID || special.Count != 1 || special.Grade != Special {
		t.Errorf("joined: %+v", special)
	}
	if more := raise(Serious); more.ID != incidentID(s.Incidents) {
		t.Error(more)
	}
	if again, _ := s.Incident(first.ID); again.Count != 2 {
		t.Errorf("the serious one has %d entries", again.Count)
	}
}

// graded is a fact at another grade.
type graded struct {
	Fact
	as Grade
}

func (f graded) grade() Grade { return f.as }

// TestAnIncidentNamesNoMoreThanFifty: what concerns more people, one after the other, is
// several incidents, so that none of them is forgotten as one whom it is about.
func TestAnIncidentNamesNoMoreThanFifty(t *testing.T) {
	s := newOffice(t).state
	for n := range 2*maxConcerned + 1 {
		s.Size++
		s.raise(Event{Time: s.Time, Actor: fmt.Sprintf("p%03d", n), Fact: graded{PolicyOverdue{}, Serious}}, Concerns{})
	}
	var people int
	for i := range s.OpenIncidents() {
		if i.Type != "policy.overdue" {
			continue
		}
		if len(i.People) > maxConcerned {
			t.Errorf("%s names %d", i.ID, len(i.People))
		}
		people += len(i.People)
	}
	if people != 2*maxConcerned+1 {
		t.Errorf("%d people are named", people)
	}
}

// TestWhoDecidesAboutAnIncident: the group, never whom it is about, and others only where
// nobody of it is there.
func TestWhoDecidesAboutAnIncident(t *testing.T) {
	report := reports("ann", ReportIncident{})
	assess := func(id string) Action { return AssessIncident{id, Ordinary, note("a test run")} }
	disables := disabled("cay", "max")
	away := func(who string) func(*office) { return func(o *office) { o.does(who, GoAway{}) } }
	group := func(names ...string) func(*office) {
		return func(o *office) {
			p := o.state.Policy().Values
			p.Assessors = Group(names)
			o.agreed("ada", AdoptPolicy{Values: p, ReviewBy: o.now.AddDate(0, 6, 0)})
		}
	}
	for _, c := range []struct {
		name  string
		given []func(*office)
		who   string
		want  Code
	}{
		{"a manager", []func(*office){report}, "max", ""},
		{"a director", []func(*office){report}, "dot", ""},
		{"no auditor", []func(*office){report}, "eve", NotEligible},
		{"no admin", []func(*office){report}, "ada", NotEligible},
		{"no technician", []func(*office){report}, "ben", NotEligible},
		{"not who reported it", []func(*office){reports("max", ReportIncident{})}, "max", OwnRequest},
		{"another, then", []func(*office){reports("max", ReportIncident{})}, "dot", ""},
		{"not whom it is about", []func(*office){reports("ann", ReportIncident{Person: "max"})}, "max", OwnRequest},
		{"not who did it", []func(*office){disables}, "max", OwnRequest},
		{"but the other", []func(*office){disables}, "dot", ""},
		{"the other, also from away", []func(*office){disables, away("dot")}, "dot", ""},
		{"an auditor, where nobody is there", []func(*office){disables, away("dot")}, "eve", ""},
		{"an auditor, where the other has no authenticator", []func(*office){disables, does("dot", SignOut{}), func(o *office) { o.state.editPerson("dot", func(p *Person) { p.Enrolled = false }) }}, "eve", ""},
		{"and nobody below, as long as there is an auditor", []func(*office){disables, away("dot")}, "ada", NotEligible},
		{"an admin, where no auditor is there", []func(*office){disables, away("dot"), away("eve")}, "ada", ""},
		{"the group", []func(*office){group("eve", "ben"), report}, "eve", ""},
		{"each of the group", []func(*office){group("eve", "ben"), report}, "ben", ""},
		{"no manager beside the group", []func(*office){group("eve", "ben"), report}, "max", NotEligible},
		{"a manager, where the group is what it is about", []func(*office){group("eve"), reports("eve", ReportIncident{})}, "max", ""},
		{"a manager, where the group is away", []func(*office){group("eve"), report, away("eve")}, "max", ""},
		{"the managers, where the group has left", []func(*office){group("eve"), disabled("eve", "max"), report}, "dot", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			for _, g := range c.given {
				g(o)
			}
			id := o.latestOfType(t, "incident.reported", "person.disabled")
			if complaint := o.triesWrongCode(c.who, assess(id)); complaint != nil {
				t.Errorf("with a wrong code: %v", complaint)
			}
			before := o.state
			for _, a := range []Action{assess(id), AcknowledgeIncident{id}} {
				o.state = before
				if _, err := o.do(c.who, a); CodeOf(err) != c.want || c.want == "" && err != nil {
					t.Errorf("%T by %s: got %v, want %q", a, c.who, err, c.want)
				}
			}
			if i, _ := before.Incident(id); slices.Contains(before.Assessors(i), c.who) != (c.want == "") {
				t.Errorf("%v can assess it", before.Assessors(i))
			}
		})
	}
}

// latestOfType gives the id of the newest that is open of some kinds.
func (o *office) latestOfType(t *testing.T, types ...string) string {
	t.Helper()
	newest := Incident{}
	for i := range o.state.OpenIncidents() {
		if slices.Contains(types, i.Type) && i.number() > newest.number() {
			newest = i
		}
	}
	if newest.ID == "" {
		t.Fatalf("there is none of %v", types)
	}
	return newest.ID
}

// TestTheLifeOfAnIncident: what follows on what.
func TestTheLifeOfAnIncident(t *testing.T) {
	report := reports("ann", ReportIncident{Credential: "db01", Grade: Special})
	o := newOffice(t)
	report(o)
	id := o.last().ID
	seen, rated, closed := AcknowledgeIncident{id}, AssessIncident{id, Serious, note("no harm was done")}, CloseIncident{id, note("the console is locked")}
	first := func(all ...Action) func(*office) {
		return func(o *office) {
			report(o)
			for _, a := range all {
				o.does("max", a)
			}
		}
	}
	is := func(want Incident) func(*office) bool {
		return func(o *office) bool {
			i := o.last()
			return i.Status == want.Status && i.Stands() == want.Grade && i.Grade == Special && i.AcknowledgedBy == want.AcknowledgedBy && i.AssessedBy == want.AssessedBy
		}
	}
	gone := func(o *office) bool { _, open := o.state.Incident(id); return !open }
	check(t, []clause{
		{"it waits", report, "ann", RequestRotation{Credential: "db01", Reason: note("worn")}, "", is(Incident{Status: IncidentOpen, Grade: Special})},
		{"it is acknowledged", first(), "max", seen, "", is(Incident{Status: IncidentSeen, Grade: Special, AcknowledgedBy: "max"})},
		{"once", first(seen), "dot", seen, AlreadyDecided, nil},
		{"not when it was assessed", first(rated), "dot", seen, AlreadyDecided, nil},
		{"it is assessed at once", first(), "max", rated, "", is(Incident{Status: IncidentRated, Grade: Serious, AssessedBy: "max"})},
		{"or then", first(seen), "dot", rated, "", is(Incident{Status: IncidentRated, Grade: Serious, AcknowledgedBy: "max", AssessedBy: "dot"})},
		{"and anew", first(rated), "dot", AssessIncident{id, Special, note("more came up")}, "", is(Incident{Status: IncidentRated, Grade: Special, AssessedBy: "dot"})},
		{"at a grade that there is", first(), "max", AssessIncident{id, "grave", note("x")}, InvalidRequest, nil},
		{"with a word", first(), "max", AssessIncident{id, Serious, Note{}}, InvalidRequest, nil},
		{"it is closed by one of the group", first(rated), "dot", closed, "", gone},
		{"also who assessed it", first(rated), "max", closed, "", gone},
		{"with a word as well", first(rated), "max", CloseIncident{id, Note{}}, InvalidRequest, nil},
		{"not before it was assessed", first(seen), "max", closed, Conflict, nil},
		{"by nobody else", first(rated), "eve", closed, NotEligible, nil},
		{"nothing follows on that", first(rated, closed), "max", rated, AlreadyDecided, nil},
		{"nothing at all", first(rated, closed), "max", closed, AlreadyDecided, nil},
		{"no acknowledgement", first(rated, closed), "max", seen, AlreadyDecided, nil},
		{"there is none of that name", nil, "max", AcknowledgeIncident{"incident-999"}, NotFound, nil},
		{"anybody reports", nil, "eve", ReportIncident{Text: note("x"), Grade: Ordinary}, "", func(o *office) bool { return o.last().Grade == Ordinary && o.last().Reporter == "eve" }},
		{"about a person", nil, "ben", ReportIncident{Person: "max", Text: note("x"), Grade: Serious}, "", func(o *office) bool { return slices.Equal(o.last().People, []string{"ben", "max"}) }},
		{"about a credential", nil, "cay", ReportIncident{Credential: "db01", Text: note("x"), Grade: Serious}, "", func(o *office) bool {
			return slices.Equal(o.last().Credentials, []string{"db01"}) && o.last().Subject == "db01"
		}},
		{"about one of the two", nil, "cay", ReportIncident{Credential: "db01", Person: "max", Text: note("x"), Grade: Serious}, InvalidRequest, nil},
		{"about what there is", nil, "cay", ReportIncident{Credential: "db99", Text: note("x"), Grade: Serious}, NotFound, nil},
		{"or whom", nil, "cay", ReportIncident{Person: "zoe", Text: note("x"), Grade: Serious}, NotFound, nil},
		{"with a word and a grade", nil, "cay", ReportIncident{Text: note("x")}, InvalidRequest, nil},
		{"and not without a word", nil, "cay", ReportIncident{Grade: Serious}, InvalidRequest, nil},
	})
}

// TestAnAcknowledgementTakesNoCode, and a wrong one is refused all the same.
func TestAnAcknowledgementTakesNoCode(t *testing.T) {
	o := newOffice(t)
	reports("ann", ReportIncident{})(o)
	c := o.with("max", AcknowledgeIncident{o.last().ID})
	c.Proof = wrongCode()
	if _, err := Decide(o.state, c, o.now); CodeOf(err) != TOTPInvalid {
		t.Errorf("with a wrong code: %v", err)
	}
	c.Proof = noCode()
	if events, err := o.run(c); err != nil || events[0].Confirm != nil {
		t.Errorf("without one: %v, %v", events, err)
	}
}

// TestWhoAcknowledgedAnIncidentIsNotPutIntoIt: an entry about them is another one.
func TestWhoAcknowledgedAnIncidentIsNotPutIntoIt(t *testing.T) {
	o := newOffice(t)
	raise := func(actor string) {
		o.state.Size++
		o.state.raise(Event{Time: o.state.Time, Actor: actor, Fact: graded{PolicyOverdue{}, Serious}}, Concerns{})
	}
	raise("ann")
	first := o.last().ID
	o.does("max", AcknowledgeIncident{first})
	raise("ben")
	if i := o.last(); i.ID != first || i.Count != 2 {
		t.Errorf("somebody else's is not more of it: %+v", i)
	}
	raise("max")
	if i := o.last(); i.ID == first || !slices.Equal(i.People, []string{"max"}) {
		t.Errorf("put into it: %+v", i)
	}
}

// TestNobodyHasMoreThanTwentyReportsOpen.
func TestNobodyHasMoreThanTwentyReportsOpen(t *testing.T) {
	o := newOffice(t)
	report := ReportIncident{Text: note("x"), Grade: Ordinary}
	for range maxReports {
		o.does("ann", report)
	}
	if _, err := o.do("ann", report); CodeOf(err) != Conflict {
		t.Fatal(err)
	}
	o.does("ben", report) // others do
	first := o.state.Incidents - maxReports
	o.does("max", AssessIncident{incidentID(first), Ordinary, note("x")})
	o.does("max", CloseIncident{incidentID(first), note("x")})
	o.does("ann", report)
}

// TestAReportIsNeverMoreOfAnother: each has its words.
func TestAReportIsNeverMoreOfAnother(t *testing.T) {
	o := newOffice(t)
	reports("ann", ReportIncident{Credential: "db01"})(o)
	first := o.state.Incidents
	reports("ann", ReportIncident{Credential: "db01"})(o)
	if o.state.Incidents != first+1 || o.incident(first).Count != 1 {
		t.Errorf("%+v", o.incident(first))
	}
}

// TestASpecialIncidentIsRememberedOnce: a day later, and nothing follows on that.
func TestASpecialIncidentIsRememberedOnce(t *testing.T) {
	unanswered := func(o *office, n int) (found int) {
		for _, e := range o.history[n:] {
			if _, is := e.Fact.(IncidentUnanswered); is {
				found++
			}
		}
		return found
	}
	for _, c := range []struct {
		name  string
		given func(*office)
		grade Grade
		after time.Duration
		want  int
	}{
		{"a day", nil, Special, 24 * time.Hour, 1},
		{"less", nil, Special, 24*time.Hour - time.Millisecond, 0},
		{"a serious one is not", nil, Serious, 24 * time.Hour, 0},
		{"somebody has seen it", func(o *office) { o.does("max", AcknowledgeIncident{o.last().ID}) }, Special, 24 * time.Hour, 0},
		{"or has assessed it", func(o *office) { o.does("max", AssessIncident{o.last().ID, Special, note("x")}) }, Special, 24 * time.Hour, 0},
	} {
		o := newOffice(t)
		reports("ann", ReportIncident{Grade: c.grade})(o)
		if c.given != nil {
			c.given(o)
		}
		n, incidents := len(o.history), o.state.Incidents
		o.passes(c.after)
		if got := unanswered(o, n); got != c.want {
			t.Errorf("%s: said %d times, want %d", c.name, got, c.want)
		}
		if o.state.Incidents != incidents {
			t.Errorf("%s: an incident about an incident: %+v", c.name, o.last())
		}
		o.passes(30 * 24 * time.Hour)
		if got := unanswered(o, n); c.want == 1 && got != 1 {
			t.Errorf("%s: said %d times", c.name, got)
		}
	}
}

// TestAnIncidentAboutEverybodyIsDecidedByOneOfThem, and that is serious.
func TestAnIncidentAboutEverybodyIsDecidedByOneOfThem(t *testing.T) {
	o := newOffice(t)
	reports("ann", ReportIncident{})(o)
	id := o.last().ID
	f := o.state.Fork()
	f.editIncident(id, func(i *Incident) { i.People = []string{"ada", "ann", "ben", "cay", "dot", "eve", "max"} })
	o.state.Merge(f)
	i := o.last()
	if able := o.state.Assessors(i); !slices.Equal(able, []string{"dot", "max"}) {
		t.Fatalf("%v can assess it", able)
	}
	for _, who := range []string{"eve", "ann"} {
		if _, err := o.do(who, AcknowledgeIncident{id}); CodeOf(err) != OwnRequest {
			t.Errorf("%s: %v", who, err)
		}
	}
	for n, a := range []Action{AcknowledgeIncident{id}, AssessIncident{id, Ordinary, note("x")}, CloseIncident{id, note("x")}} {
		events, err := o.do("max", a)
		if err != nil || events[0].Grade() != Serious {
			t.Errorf("%d: %v, %v", n, events, err)
		}
	}
}

// TestWhoIsAboutAnIncidentByASecondAccountDoesNotAssessIt.
func TestWhoIsAboutAnIncidentByASecondAccountDoesNotAssessIt(t *testing.T) {
	o := newOffice(t)
	o.editMailbox("dot", "one mailbox")
	o.editMailbox("ann", "one mailbox")
	reports("ann", ReportIncident{})(o)
	if able := o.state.Assessors(o.last()); !slices.Equal(able, []string{"max"}) {
		t.Errorf("%v can assess what dot's other account is in", able)
	}
	if _, err := o.do("dot", AssessIncident{o.last().ID, Ordinary, note("x")}); CodeOf(err) != OwnRequest {
		t.Error(err)
	}
}

func (o *office) editMailbox(who, mailbox string) {
	o.state.editPerson(who, func(p *Person) { p.Mailbox = mailbox })
}

// TestAPolicyNamesAGroupThatCanAct.
func TestAPolicyNamesAGroupThatCanAct(t *testing.T) {
	o := newOffice(t)
	propose := func(names ...string) error {
		p := o.state.Policy().Values
		p.Assessors = names
		_, err := o.do("ada", asking(AdoptPolicy{Values: p, ReviewBy: o.now.AddDate(0, 6, 0)}))
		return err
	}
	disabled("cay", "max")(o)
	for _, bad := range [][]string{{"zoe"}, {"cay"}, {"max", "dot"}, {"dot", "dot"}, {""}} {
		if err := propose(bad...); CodeOf(err) != InvalidRequest {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if err := propose("dot", "eve"); err != nil {
		t.Error(err)
	}
	var refusal *Refusal
	if _, err := Decide(NewState(), Command{Actor: System, Action: AdoptPolicy{Values: Policy{}}}, epoch); err == nil {
		t.Error(refusal)
	}
	p := testPolicy()
	p.Assessors = []string{"max"} // before anybody is there
	if _, err := Decide(NewState(), Command{Actor: System, Action: AdoptPolicy{Values: p}}, epoch); CodeOf(err) != InvalidRequest {
		t.Errorf("the first policy names somebody: %v", err)
	}
}

// TestIncidentsAreTheSameFromTheTables: a start from what was kept goes on as the state
// did that kept it.
func TestIncidentsAreTheSameFromTheTables(t *testing.T) {
	o := newOffice(t)
	benAsks(o)
	locked := LockSignIn{Person: "ann", Failures: 5, Until: o.now.Add(time.Minute)}
	o.does(System, locked)
	older := o.last().ID
	o.now = o.now.Add(2 * time.Hour)
	o.does(System, LockSignIn{Person: "ann", Failures: 5, Until: o.now.Add(time.Minute)})
	newer := o.last().ID
	reports("ben", ReportIncident{Grade: Special})(o)
	restored := func() *State {
		s := NewState()
		s.Incidents, s.Time = o.state.Incidents, o.state.Time
		all := o.state.IncidentsChanged()
		slices.Reverse(all) // as a table may give them
		s.RestoreIncidents(all)
		return s
	}
	same := func(when string) {
		t.Helper()
		if s := restored(); !reflect.DeepEqual(s.incidents, o.state.incidents) || !reflect.DeepEqual(s.latest, o.state.latest) {
			t.Errorf("%s: %+v, want %+v", when, s.latest, o.state.latest)
		}
	}
	same("two of a kind")
	day := o.last().OpenedAt.Add(24 * time.Hour)
	if due := restored().Due(); !due.Equal(day) {
		t.Errorf("time is waited for until %v, want %v", due, day)
	}
	fresh := NewState()
	fresh.Size, fresh.Time = 1, o.last().OpenedAt
	if fresh.raise(Event{Time: fresh.Time, Actor: "max", Fact: graded{PolicyOverdue{}, Special}}, Concerns{}); !fresh.Due().Equal(day) {
		t.Errorf("of a new one until %v, want %v", fresh.Due(), day)
	}
	for _, id := range []string{newer, older} {
		o.does("max", AssessIncident{id, Serious, note("x")})
		o.does("max", CloseIncident{id, note("x")})
		same(id + " closed")
	}
}

// What was typed where a name or a grade belongs is not in the entry of a refusal.
func TestARefusedReportLeavesNothingThatWasTyped(t *testing.T) {
	o := newOffice(t)
	left := ReportIncident{Credential: typed, Person: typed, Text: note(typed), Grade: typed}.bare(o.state).(ReportIncident)
	if left.Credential == typed || left.Person == typed || left.Grade != "" || left.Text != absentNote {
		t.Errorf("%+v", left)
	}
	kept := ReportIncident{Credential: "db01", Person: "ben", Text: note("x"), Grade: Special}.bare(o.state).(ReportIncident)
	if kept.Credential != "db01" || kept.Person != "ben" || kept.Grade != Special {
		t.Errorf("%+v", kept)
	}
}

// Whom a report is about does not find in their history what became of it; who reported it
// does.
func TestWhatBecomesOfAReportConcernsWhoReportedIt(t *testing.T) {
	o := newOffice(t)
	reports("ann", ReportIncident{Person: "ben"})(o)
	id := o.last().ID
	for _, f := range []Fact{IncidentAcknowledged{Incident: id}, IncidentAssessed{Incident: id}, IncidentClosed{Incident: id}, IncidentUnanswered{id}} {
		if about := f.concerns(o.state); !slices.Equal(about.People, []string{"ann"}) || about.Credentials != nil || !slices.Equal(about.Incidents, []string{id}) {
			t.Errorf("%s: %+v", f.Type(), about)
		}
	}
	o.does("ada", Disable{"cay", note("left")})
	raised := o.last()
	if about := (IncidentAcknowledged{Incident: raised.ID}).concerns(o.state); !slices.Equal(about.People, raised.People) || len(about.People) == 0 {
		t.Errorf("what an entry raised: %+v", about)
	}
}

// One incident names fifty credentials, and an entry about another is another incident.
func TestAnIncidentNamesNoMoreThanFiftyCredentials(t *testing.T) {
	old := Incident{Status: IncidentOpen, Grade: Serious, LastAt: epoch}
	for n := range maxConcerned {
		old.Credentials = append(old.Credentials, fmt.Sprintf("server-%02d", n))
	}
	same, other := Incident{LastAt: epoch, Credentials: []string{"server-07"}}, Incident{LastAt: epoch, Credentials: []string{"server-99"}}
	if !old.takes(same) || old.takes(other) {
		t.Errorf("one of the same: %t, another: %t", old.takes(same), old.takes(other))
	}
}
