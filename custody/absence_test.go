package custody

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// ann goes from the next Monday, nine o'clock, for a week.
var (
	monday = epoch.Add(7*24*time.Hour + time.Hour)
	friday = monday.Add(4*24*time.Hour + 8*time.Hour)
	week   = PlanAbsence{From: monday, Until: friday, Meant: meantUTC(monday, friday), Reason: note("leave")}
)

func meantUTC(from, until time.Time) Meant {
	const form = "2006-01-02T15:04"
	return Meant{From: from.Format(form), Until: until.Format(form), Zone: "UTC"}
}

func between(from, until time.Time) PlanAbsence {
	return PlanAbsence{From: from, Until: until, Meant: meantUTC(from, until), Reason: note("leave")}
}

func handingOver(a PlanAbsence) PlanAbsence { a.HandOver = true; return a }

// plans has somebody plan an absence, and gives its id.
func (o *office) plans(who string, a PlanAbsence) string {
	o.t.Helper()
	return o.does(who, a)[0].Fact.(AbsencePlanned).Plan
}

// plan gives the first plan that somebody has.
func (o *office) plan(who string) Plan {
	if plans := o.person(who).Plans; len(plans) > 0 {
		return plans[0]
	}
	return Plan{}
}

// goesTo lets time pass until an instant, and act.
func (o *office) goesTo(t time.Time) []Event {
	o.t.Helper()
	before := len(o.history)
	o.now = t
	if err := o.commit(o.state.LetTimeAct(o.now)); err != nil {
		o.t.Fatal(err)
	}
	return o.history[before:]
}

func typesOf(events []Event) (types []string) {
	for _, e := range events {
		types = append(types, e.Fact.Type())
	}
	return types
}

func annPlans(o *office) { o.plans("ann", week) }
func annSigns(o *office) { o.plans("ann", handingOver(week)) }                      // handover-1
func bothSign(o *office) { annSigns(o); o.does("ben", SignHandover{"handover-1"}) } // handover-1
func itBegins(o *office) { o.goesTo(monday) }

func TestAnAbsenceIsPlanned(t *testing.T) {
	annPlanned := newOffice(t)
	annPlans(annPlanned)
	id := annPlanned.plan("ann").ID
	move := func(from, until time.Time) MoveAbsence {
		return MoveAbsence{Plan: id, From: from, Until: until, Meant: meantUTC(from, until)}
	}
	later := monday.Add(30 * 24 * time.Hour)
	gone := func(o *office) { annPlans(o); o.handsOver("ann", "ben", "db01", "db02"); itBegins(o) }
	held := both(annPlans, itBegins)
	check(t, []clause{
		{"by anybody, for themselves", nil, "ann", week, "", func(o *office) bool {
			p := o.plan("ann")
			return p.ID == id && p.From.Equal(monday) && p.Until.Equal(friday) && p.Revision == 1 && !o.person("ann").Away
		}},
		{"also by a manager", nil, "max", week, "", nil},
		{"of whole days", nil, "ann", PlanAbsence{From: monday, Until: friday, Meant: Meant{"2026-03-09", "2026-03-12", "Asia/Shanghai", true}}, "", nil},
		{"not of the past", nil, "ann", between(epoch.Add(-time.Hour), friday), InvalidRequest, nil},
		{"nor from this moment", nil, "ann", between(newOffice(t).now, friday), InvalidRequest, nil},
		{"it ends after it begins", nil, "ann", between(monday, monday), InvalidRequest, nil},
		{"for no longer than a year and its holidays", nil, "ann", between(monday, monday.Add(maxAbsent+time.Millisecond)), InvalidRequest, nil},
		{"but for so long", nil, "ann", between(monday, monday.Add(maxAbsent)), "", nil},
		{"not in the far future", nil, "ann", between(monday.Add(maxAhead), monday.Add(maxAhead+time.Hour)), InvalidRequest, nil},
		{"with a beginning", nil, "ann", PlanAbsence{Until: friday, Meant: week.Meant}, InvalidRequest, nil},
		{"and an end", nil, "ann", PlanAbsence{From: monday, Meant: week.Meant}, InvalidRequest, nil},
		{"said as a clock says it", nil, "ann", PlanAbsence{From: monday, Until: friday, Meant: Meant{"monday", week.Meant.Until, "UTC", false}}, InvalidRequest, nil},
		{"both ends of it", nil, "ann", PlanAbsence{From: monday, Until: friday, Meant: Meant{week.Meant.From, "friday", "UTC", false}}, InvalidRequest, nil},
		{"or as a calendar does", nil, "ann", PlanAbsence{From: monday, Until: friday, Meant: Meant{week.Meant.From, week.Meant.Until, "UTC", true}}, InvalidRequest, nil},
		{"in a zone that has a name", nil, "ann", PlanAbsence{From: monday, Until: friday, Meant: Meant{week.Meant.From, week.Meant.Until, "../etc", false}}, InvalidRequest, nil},
		{"of a length", nil, "ann", PlanAbsence{From: monday, Until: friday, Meant: Meant{week.Meant.From, week.Meant.Until, strings.Repeat("x", 65), false}}, InvalidRequest, nil},
		{"not fifty of them", func(o *office) {
			for n := range maxPlans {
				o.plans("ann", between(later.Add(time.Duration(2*n)*time.Hour), later.Add(time.Duration(2*n+1)*time.Hour)))
			}
		}, "ann", week, Conflict, nil},

		{"not while the other custodian will be away", annPlans, "ben", between(friday.Add(-time.Hour), friday.Add(time.Hour)), AbsenceOverlap, nil},
		{"nor around that", annPlans, "ben", between(monday.Add(-time.Hour), friday.Add(time.Hour)), AbsenceOverlap, nil},
		{"but as soon as they are back", annPlans, "ben", between(friday, friday.Add(time.Hour)), "", nil},
		{"and until they go", annPlans, "ben", between(monday.Add(-time.Hour), monday), "", nil},
		{"who shares nothing with them may at the same time", annPlans, "cay", week, "", nil},
		{"not while the other has said that they are away", func(o *office) {
			o.handsOver("ann", "ben", "db01", "db02")
			o.does("ann", GoAway{Until: friday})
		}, "ben", week, AbsenceOverlap, nil},
		{"but after that", func(o *office) {
			o.handsOver("ann", "ben", "db01", "db02")
			o.does("ann", GoAway{Until: monday})
		}, "ben", week, "", nil},
		{"an absence without an end stands in nobody's way", annIsAway, "ben", week, "", nil},
		{"nor while the other leaves once something is accepted", func(o *office) {
			o.does("ann", Offer{All: true, Leave: true, Reason: note("leave"), ExpectedReturn: friday})
		}, "ben", week, AbsenceOverlap, nil},
		{"not twice at one time", annPlans, "ann", between(friday.Add(-time.Hour), friday.Add(time.Hour)), AbsenceOverlap, nil},
		{"two one after the other", annPlans, "ann", between(friday, friday.Add(time.Hour)), "", nil},

		{"nobody goes for longer than until the other goes", annPlans, "ben", GoAway{Until: friday}, HolderMustHandOver, nil},
		{"who holds nothing neither", func(o *office) {
			o.handsOver("ben", "cay", "web01")
			annPlans(o)
		}, "ben", GoAway{Until: friday}, AbsenceOverlap, nil},
		{"until then they do", func(o *office) {
			o.handsOver("ben", "cay", "web01")
			annPlans(o)
		}, "ben", GoAway{Until: monday}, "", nil},
		{"nor leave with an offer for so long", func(o *office) { o.plans("cay", week) }, "ben", Offer{All: true, Leave: true, Reason: note("leave"), ExpectedReturn: friday}, AbsenceOverlap, nil},
		{"custodians who would both be away are none", func(o *office) { annPlans(o); o.plans("cay", week) }, "ada", needed(pairOf("db01", "ann", "cay")), AbsenceOverlap, nil},
		{"nor of what is new", func(o *office) { annPlans(o); o.plans("cay", week) }, "ada", needed(server("db09", "ann", "cay")), AbsenceOverlap, nil},
		{"others are", func(o *office) { annPlans(o); o.plans("cay", between(friday, friday.Add(time.Hour))) }, "ada", needed(pairOf("db01", "ann", "cay")), "", nil},

		{"moved by whoever planned it", annPlans, "ann", move(later, later.Add(time.Hour)), "", func(o *office) bool {
			p := o.plan("ann")
			return p.Revision == 2 && p.From.Equal(later) && p.Until.Equal(later.Add(time.Hour)) && p.Meant == meantUTC(later, later.Add(time.Hour))
		}},
		{"also to overlap with what it was", annPlans, "ann", move(monday.Add(time.Hour), friday), "", nil},
		{"by nobody else", annPlans, "ben", move(later, later.Add(time.Hour)), NotFound, nil},
		{"not to where the other is away", func(o *office) { annPlans(o); o.plans("ben", between(later, later.Add(time.Hour))) }, "ann", move(later, later.Add(time.Hour)), AbsenceOverlap, nil},
		{"not to the past", annPlans, "ann", move(epoch, friday), InvalidRequest, nil},
		{"nor to a time that is none", annPlans, "ann", MoveAbsence{Plan: id, From: monday, Until: friday}, InvalidRequest, nil},
		{"what is not there is not moved", nil, "ann", MoveAbsence{Plan: "absence-1", From: monday, Until: friday, Meant: week.Meant}, NotFound, nil},
		{"who is away may come back later", gone, "ann", MoveAbsence{Plan: id, From: monday, Until: friday.Add(time.Hour), Meant: week.Meant}, "", func(o *office) bool {
			return o.person("ann").Away && o.person("ann").AwayUntil.Equal(friday.Add(time.Hour))
		}},
		{"but has not gone at another time", gone, "ann", move(later, later.Add(time.Hour)), InvalidRequest, nil},
		{"nor comes back in the past", gone, "ann", move(monday, monday), InvalidRequest, nil},
		{"who is not away yet goes later", held, "ann", move(later, later.Add(time.Hour)), "", func(o *office) bool {
			p := o.plan("ann")
			return p.Begun.IsZero() && !p.Settled && p.From.Equal(later)
		}},

		{"called off", annPlans, "ann", CancelAbsence{id}, "", func(o *office) bool { return o.person("ann").Plans == nil }},
		{"not by another", annPlans, "ben", CancelAbsence{id}, NotFound, nil},
		{"not once they are away", gone, "ann", CancelAbsence{id}, Conflict, nil},
		{"but while something holds them", held, "ann", CancelAbsence{id}, "", nil},
		{"who is back before its end has none any more", gone, "ann", ComeBack{}, "", func(o *office) bool {
			return !o.person("ann").Away && o.person("ann").Plans == nil
		}},
		{"who is back before it begins still has it", both(annPlans, annIsAway), "ann", ComeBack{}, "", func(o *office) bool { return o.plan("ann").ID == id }},

		{"a manager ends what blocks a partner", annPlans, "max", EndAbsence{"ann", id, note("both at once")}, "", func(o *office) bool {
			f := o.history[len(o.history)-1].Fact.(AbsenceEnded)
			return o.person("ann").Plans == nil && slices.Equal(f.Partners, []string{"ben"})
		}},
		{"a director does not", annPlans, "dot", EndAbsence{"ann", id, note("no")}, Forbidden, nil},
		{"nor a partner", annPlans, "ben", EndAbsence{"ann", id, note("no")}, Forbidden, nil},
		{"not without a reason", annPlans, "max", EndAbsence{"ann", id, note("")}, InvalidRequest, nil},
		{"nor their own, which they call off", func(o *office) { o.plans("max", week) }, "max", EndAbsence{"max", id, note("no")}, Forbidden, nil},
		{"nor what blocks nobody", func(o *office) { o.plans("dot", week) }, "max", EndAbsence{"dot", id, note("no")}, Conflict, nil},
		{"nor what has made them away", gone, "max", EndAbsence{"ann", id, note("no")}, Conflict, nil},
		{"nor what there is not", nil, "max", EndAbsence{"ann", id, note("no")}, NotFound, nil},

		{"whoever leaves has no plans", annPlans, "ada", Disable{"ann", note("has left the company")}, "", func(o *office) bool { return o.person("ann").Plans == nil }},
		{"nor whoever is no technician any more", annPlans, "ada", needed(SetRoles{"ann", []Role{Auditor}}), "", func(o *office) bool {
			return o.person("ann").Plans == nil || o.person("ann").Is(Technician)
		}},
	})
}

func TestAHandoverIsSignedAhead(t *testing.T) {
	o := newOffice(t)
	annPlans(o)
	id := o.plan("ann").ID
	status := func(want HandoverStatus) func(*office) bool {
		return func(o *office) bool { return o.handover("handover-1").Status == want }
	}
	check(t, []clause{
		{"by the giver, with the plan", nil, "ann", handingOver(week), "", func(o *office) bool {
			h := o.handover("handover-1")
			return h.Status == HandoverPrepared && h.From == "ann" && h.To == "ben" && slices.Equal(h.Credentials, []string{"db01", "db02"}) &&
				h.Ahead.Giver.Entry > 0 && h.Ahead.Receiver.Entry == 0 && o.credential("db01").Holder == "ann" && o.credential("db01").Handover == ""
		}},
		{"to each of the other custodians", nil, "ben", handingOver(week), "", func(o *office) bool { return o.handover("handover-1").To == "cay" }},
		{"by the giver, later", annPlans, "ann", HandOverAhead{id}, "", status(HandoverPrepared)},
		{"not of another's plan", annPlans, "ben", HandOverAhead{id}, NotFound, nil},
		{"once", annSigns, "ann", HandOverAhead{id}, Conflict, nil},
		{"but for what came in since", func(o *office) {
			annSigns(o)
			o.addServer(server("db03", "ann", "ben"))
		}, "ann", HandOverAhead{id}, "", func(o *office) bool { return slices.Equal(o.handover("handover-2").Credentials, []string{"db03"}) }},
		{"not once it has begun", both(annPlans, itBegins), "ann", HandOverAhead{id}, Conflict, nil},
		{"by the receiver", annSigns, "ben", SignHandover{"handover-1"}, "", func(o *office) bool {
			h := o.handover("handover-1")
			return h.Status == HandoverSignedAhead && h.Ahead.Receiver.Entry == int64(len(o.history)-1) && h.Ahead.Receiver.Enrolment == 1 && o.credential("db01").Holder == "ann"
		}},
		{"by nobody else", annSigns, "cay", SignHandover{"handover-1"}, Forbidden, nil},
		{"the giver has", annSigns, "ann", SignHandover{"handover-1"}, Conflict, nil},
		{"and not twice", bothSign, "ben", SignHandover{"handover-1"}, Conflict, nil},
		{"an offer is accepted, not signed", annOffered, "ben", SignHandover{"handover-1"}, HandoverNotOpen, nil},
		{"and what is signed is not accepted", bothSign, "ben", Accept{"handover-1"}, HandoverNotOpen, nil},
		{"nor returned", bothSign, "ben", GiveBack{"handover-1"}, HandoverNotOpen, nil},
		{"what there is not is not signed", nil, "ben", SignHandover{"handover-1"}, NotFound, nil},
		{"the receiver takes it back", bothSign, "ben", Decline{"handover-1", note("")}, "", status("")},
		{"or the giver", bothSign, "ann", Cancel{"handover-1", note("")}, "", status("")},
		{"or neither", bothSign, "cay", Cancel{"handover-1", note("")}, Forbidden, nil},
		{"what is signed keeps nobody from offering", bothSign, "ann", Offer{Credentials: []string{"db01"}, Reason: note("leave")}, "", nil},
		{"nor from working", bothSign, "ann", CheckOut{"db01", note("ticket 1")}, "", nil},
		{"moved, it is signed anew with one code", bothSign, "ann", MoveAbsence{Plan: id, From: monday.Add(time.Hour), Until: friday, Meant: week.Meant, HandOver: true}, "", func(o *office) bool {
			o.goesTo(o.now)
			return o.handover("handover-1").Status == "" && o.handover("handover-2").Status == HandoverPrepared && o.handover("handover-2").Ahead.Revision == 2
		}},
		{"whoever leaves takes it with them", bothSign, "ada", Disable{"ben", note("has left the company")}, "", status("")},
	})
}

// What is signed ahead counts as long as all that it was signed of is so.
func TestWhatIsSignedAheadCountsNoMore(t *testing.T) {
	for name, c := range map[string]struct {
		happens func(*office)
		why     Broken
	}{
		"after 30 days": {func(o *office) { o.now = o.now.Add(DefaultPolicy().SignatureTTL) }, BrokenAge},
		"once the plan was moved": {func(o *office) {
			o.does("ann", MoveAbsence{Plan: o.plan("ann").ID, From: quarter, Until: quarter.Add(time.Hour), Meant: week.Meant})
		}, BrokenPlan},
		"once it was called off":                   {func(o *office) { o.does("ann", CancelAbsence{o.plan("ann").ID}) }, BrokenPlan},
		"when the giver has another authenticator": {func(o *office) { o.does(System, ResetOnHost{Person: "ann"}) }, BrokenEnrolment},
		"or the receiver":                          {func(o *office) { o.does(System, ResetOnHost{Person: "ben"}) }, BrokenEnrolment},
		"when there is another custodian":          {func(o *office) { o.agreed("ada", pairOf("db02", "ann", "cay")) }, BrokenCustodians},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.plans("ann", handingOver(between(quarter.Add(-24*time.Hour), quarter)))
			o.does("ben", SignHandover{"handover-1"})
			c.happens(o)
			events := o.goesTo(o.now)
			if len(events) == 0 {
				events = o.history
			}
			at := slices.IndexFunc(o.history, func(e Event) bool { _, is := e.Fact.(HandoverBroken); return is })
			if at < 0 || o.history[at].Fact != (HandoverBroken{"handover-1", c.why}) || o.handover("handover-1").Status != "" {
				t.Errorf("led to %v, the handover is %q", typesOf(events), o.handover("handover-1").Status)
			}
			if o.credential("db01").HeldFor() != "ann" {
				t.Errorf("db01 is %s's", o.credential("db01").HeldFor())
			}
		})
	}
}

var quarter = epoch.Add(90 * 24 * time.Hour)

// Of a year's holidays each took a code of its own: several take one, and either all of
// them are planned or none.
func TestSeveralAbsencesAreAllPlannedOrNone(t *testing.T) {
	at := func(weeks int) PlannedTime {
		from, until := monday.AddDate(0, 0, 7*weeks), friday.AddDate(0, 0, 7*weeks)
		return PlannedTime{from, until, meantUTC(from, until)}
	}
	three := PlanAbsences{[]PlannedTime{at(4), at(0), at(2)}, note("holidays"), false}
	but := func(edit func(*PlanAbsences)) PlanAbsences {
		a := three
		a.Absences = slices.Clone(a.Absences)
		edit(&a)
		return a
	}
	plansOf := func(n int) func(*office) bool {
		return func(o *office) bool { return len(o.person("ann").Plans) == n }
	}
	check(t, []clause{
		{"three", nil, "ann", three, "", func(o *office) bool {
			plans := o.person("ann").Plans
			return len(plans) == 3 && plans[0].From.Equal(at(0).From) && plans[2].Until.Equal(at(4).Until) && plans[1].Reason == three.Reason.bare() && plans[1].Revision == 1
		}},
		{"none, where a partner is away at the time of one", func(o *office) { o.plans("ben", between(at(2).From.Add(time.Hour), at(2).Until.Add(time.Hour))) }, "ann", three, AbsenceOverlap, plansOf(0)},
		{"none, where one is planned already", annPlans, "ann", three, AbsenceOverlap, plansOf(1)},
		{"none, where two of them are at one time", nil, "ann", but(func(a *PlanAbsences) { a.Absences[2] = at(4) }), AbsenceOverlap, plansOf(0)},
		{"none, where one is over", nil, "ann", but(func(a *PlanAbsences) { a.Absences[1].From = epoch.Add(-time.Hour) }), InvalidRequest, plansOf(0)},
		{"none, where one was put as no time is", nil, "ann", but(func(a *PlanAbsences) { a.Absences[2].Meant.Zone = "no zone" }), InvalidRequest, plansOf(0)},
		{"not none at all", nil, "ann", PlanAbsences{}, InvalidRequest, plansOf(0)},
		{"not more than twenty", nil, "ann", PlanAbsences{Absences: make([]PlannedTime, maxAtOnce+1)}, InvalidRequest, plansOf(0)},
		{"not more than anybody may have", func(o *office) {
			for n := range maxPlans - 2 {
				o.plans("ann", between(at(20).From.Add(time.Duration(n)*time.Hour), at(20).From.Add(time.Duration(n+1)*time.Hour)))
			}
		}, "ann", three, Conflict, plansOf(maxPlans - 2)},
		{"not the system", nil, System, three, Forbidden, plansOf(0)},
	})
	o := newOffice(t)
	events := o.does("ann", but(func(a *PlanAbsences) { a.HandOver = true }))
	var planned, signed []string
	for _, e := range events {
		switch f := e.Fact.(type) {
		case AbsencePlanned:
			planned = append(planned, f.Plan)
		case HandoverPlanned:
			signed = append(signed, f.Handover+" for "+f.Plan)
		}
	}
	if len(planned) != 3 || !slices.Equal(signed, []string{"handover-1 for " + planned[0], "handover-2 for " + planned[1], "handover-3 for " + planned[2]}) {
		t.Errorf("planned %v, signed %v", planned, signed)
	}
	for _, c := range []struct {
		who  string
		time PlannedTime
		want Code
	}{{"ann", at(0), AbsenceOverlap}, {"ben", at(2), AbsenceOverlap}, {"ben", at(1), ""}, {"max", at(0), ""}, {"max", PlannedTime{}, InvalidRequest}} {
		why := o.state.MayPlan(c.who, c.time.From, c.time.Until, o.now)
		if (why == nil) != (c.want == "") || why != nil && why.Code != c.want {
			t.Errorf("%s at %s: %v", c.who, c.time.From, why)
		}
	}
}
