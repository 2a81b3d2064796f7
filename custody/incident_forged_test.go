package custody

import (
	"testing"
	"time"
)

// What nobody forges of an incident, whoever signs the ledger: each fact beside what the
// rules allow, stated apart from the commands.
func TestWhatNobodyForgesOfAnIncident(t *testing.T) {
	var id string
	at := func(given ...func(*office)) *State {
		o := newOffice(t)
		for _, g := range given {
			g(o)
		}
		return o.state
	}
	next := func(s *State, actor string, f Fact) Event {
		p, _ := s.Person(actor)
		e := Event{Time: s.Time, Actor: actor, Request: "forged", Fact: f}
		if actor != System {
			e.Confirm = &Confirmation{Person: actor, Step: p.LastStep + 1}
		}
		return e
	}
	unconfirmed := func(e Event) Event { e.Confirm = nil; return e }
	after := func(d time.Duration, e Event) Event { e.Time = e.Time.Add(d); return e }
	special := reports("ann", ReportIncident{Person: "ben", Grade: Special})
	acts := func(a func() Action) func(*office) { return func(o *office) { o.does("max", a()) } }
	plain, waits := at(), at(special)
	id = incidentID(waits.Incidents)
	seen := at(special, acts(func() Action { return AcknowledgeIncident{id} }))
	rate := func() Action { return AssessIncident{id, Serious, note("x")} }
	rated, reminded := at(special, acts(rate)), at(special, afterwards(25*time.Hour))
	closed := at(special, acts(rate), acts(func() Action { return CloseIncident{id, note("x")} }))
	own := at(reports("max", ReportIncident{Grade: Special}))
	dotAway := at(special, does("dot", GoAway{}))
	gone := at(special, disabled("dot", "max"))
	goneID := id
	full := at(func(o *office) {
		for range maxReports {
			reports("ann", ReportIncident{})(o)
		}
	})
	report := IncidentReported{Incident: incidentID(plain.Incidents + 1), Text: note("x"), Rated: Serious}
	reporting := func(edit func(*IncidentReported)) IncidentReported { f := report; edit(&f); return f }
	assess := IncidentAssessed{Incident: id, From: Special, To: Serious, Text: note("x")}
	assessing := func(edit func(*IncidentAssessed)) IncidentAssessed { f := assess; edit(&f); return f }
	ends := IncidentClosed{Incident: id, Text: note("x")}
	for state, e := range map[*State]Event{
		plain: next(plain, "eve", report), waits: next(waits, "dot", assess), seen: next(seen, "max", assess), rated: next(rated, "dot", ends),
	} {
		if err := CheckEvent(state, e); err != nil {
			t.Fatal(err)
		}
	}
	for name, e := range map[string]struct {
		state     *State
		event     Event
		invariant string
	}{
		"reported without a code":    {plain, unconfirmed(next(plain, "ann", report)), "I6"},
		"reported by the system":     {plain, next(plain, System, report), "I6"},
		"reported by a stranger":     {plain, next(plain, "zoe", report), "I6"},
		"reported out of turn":       {plain, next(plain, "ann", reporting(func(f *IncidentReported) { f.Incident = incidentID(plain.Incidents + 2) })), "I7"},
		"under another's name":       {waits, next(waits, "ann", reporting(func(f *IncidentReported) { f.Incident = id })), "I7"},
		"reported at no grade":       {plain, next(plain, "ann", reporting(func(f *IncidentReported) { f.Rated = "" })), "I7"},
		"reported without a word":    {plain, next(plain, "ann", reporting(func(f *IncidentReported) { f.Text = Note{} })), "I7"},
		"about nobody that there is": {plain, next(plain, "ann", reporting(func(f *IncidentReported) { f.Person = "zoe" })), "I7"},
		"about nothing that is":      {plain, next(plain, "ann", reporting(func(f *IncidentReported) { f.Credential = "db99" })), "I7"},
		"about two at once":          {plain, next(plain, "ann", reporting(func(f *IncidentReported) { f.Person, f.Credential = "ben", "db01" })), "I7"},
		"one too many":               {full, next(full, "ann", reporting(func(f *IncidentReported) { f.Incident = incidentID(full.Incidents + 1) })), "I7"},

		"acknowledged by the system":         {waits, next(waits, System, IncidentAcknowledged{Incident: id}), "I6"},
		"acknowledged by whom it is about":   {waits, next(waits, "ben", IncidentAcknowledged{Incident: id}), "I15"},
		"acknowledged by who reported it":    {waits, next(waits, "ann", IncidentAcknowledged{Incident: id}), "I15"},
		"by a manager who reported it":       {own, next(own, "max", IncidentAcknowledged{Incident: incidentID(own.Incidents)}), "I15"},
		"by one who says that it is allowed": {own, next(own, "max", IncidentAcknowledged{Incident: incidentID(own.Incidents), Alone: true}), "I15"},
		"by an auditor beside the group":     {waits, next(waits, "eve", IncidentAcknowledged{Incident: id}), "I15"},
		"by an auditor while one is away":    {dotAway, next(dotAway, "eve", IncidentAcknowledged{Incident: id}), "I15"},
		"by who has left":                    {gone, next(gone, "dot", IncidentAcknowledged{Incident: goneID}), "I6"},
		"acknowledged twice":                 {seen, next(seen, "dot", IncidentAcknowledged{Incident: id}), "I15"},
		"acknowledged once it is assessed":   {rated, next(rated, "dot", IncidentAcknowledged{Incident: id}), "I15"},
		"acknowledged, and there is none":    {plain, next(plain, "max", IncidentAcknowledged{Incident: id}), "I15"},
		"said to be about them, and it is not": {waits, next(waits, "max",
			IncidentAcknowledged{Incident: id, Alone: true}), "I15"},

		"assessed without a code":          {waits, unconfirmed(next(waits, "max", assess)), "I6"},
		"assessed by the system":           {waits, next(waits, System, assess), "I6"},
		"assessed by whom it is about":     {waits, next(waits, "ben", assess), "I15"},
		"assessed by who reported it":      {waits, next(waits, "ann", assess), "I15"},
		"assessed by an admin":             {waits, next(waits, "ada", assess), "I15"},
		"from another grade":               {waits, next(waits, "max", assessing(func(f *IncidentAssessed) { f.From = Serious })), "I15"},
		"from the one before the last one": {rated, next(rated, "max", assess), "I15"},
		"to none":                          {waits, next(waits, "max", assessing(func(f *IncidentAssessed) { f.To = "grave" })), "I15"},
		"assessed without a word":          {waits, next(waits, "max", assessing(func(f *IncidentAssessed) { f.Text = Note{} })), "I15"},
		"assessed when it is closed":       {closed, next(closed, "max", assess), "I15"},
		"assessed as if nobody were left":  {waits, next(waits, "max", assessing(func(f *IncidentAssessed) { f.Alone = true })), "I15"},

		"closed without a code":        {rated, unconfirmed(next(rated, "max", ends)), "I6"},
		"closed by whom it is about":   {rated, next(rated, "ben", ends), "I15"},
		"closed before it is assessed": {seen, next(seen, "max", ends), "I15"},
		"closed twice":                 {closed, next(closed, "max", ends), "I15"},
		"closed without a word":        {rated, next(rated, "max", IncidentClosed{Incident: id}), "I15"},
		"closed by the system":         {rated, next(rated, System, ends), "I6"},

		"reminded too early":     {waits, after(24*time.Hour-time.Millisecond, next(waits, System, IncidentUnanswered{id})), "I15"},
		"reminded by somebody":   {waits, after(24*time.Hour, next(waits, "ben", IncidentUnanswered{id})), "I6"},
		"reminded twice":         {reminded, next(reminded, System, IncidentUnanswered{id}), "I15"},
		"reminded once seen":     {seen, after(24*time.Hour, next(seen, System, IncidentUnanswered{id})), "I15"},
		"reminded of none":       {plain, after(24*time.Hour, next(plain, System, IncidentUnanswered{id})), "I15"},
		"reminded of a lesser":   {full, after(24*time.Hour, next(full, System, IncidentUnanswered{incidentID(full.Incidents)})), "I15"},
		"reminded, and assessed": {rated, after(24*time.Hour, next(rated, System, IncidentUnanswered{id})), "I15"},
	} {
		if err := CheckEvent(e.state, e.event); !violation(err, e.invariant, "") {
			t.Errorf("%s: got %v, want %s", name, err, e.invariant)
		}
	}
}

// TestAnIncidentThatCannotBe is a violation, in the state as well.
func TestAnIncidentThatCannotBe(t *testing.T) {
	o := newOffice(t)
	reports("ann", ReportIncident{Person: "ben"})(o)
	good := o.last()
	for name, spoil := range map[string]func(*Incident){
		"of no entry":                      func(i *Incident) { i.Count = 0 },
		"that ends before it begins":       func(i *Incident) { i.First = i.Last + 1 },
		"of an entry to come":              func(i *Incident) { i.Last = o.state.Size },
		"assessed, and by nobody":          func(i *Incident) { i.Status = IncidentRated },
		"closed, and never assessed":       func(i *Incident) { i.Status = IncidentOver },
		"that waits, and was assessed":     func(i *Incident) { i.Assessed = Serious },
		"acknowledged by whom it is about": func(i *Incident) { i.Status, i.AcknowledgedBy = IncidentSeen, "ben" },
		"assessed by whom it is about":     func(i *Incident) { i.Status, i.Assessed, i.AssessedBy = IncidentRated, Ordinary, "ben" },
	} {
		s, i := clone(o.state), good
		spoil(&i)
		s.incidents[i.ID] = i
		if i.Over() { // which no root has: as it is looked at when it is closed
			if err := s.checkIncident(i); !violation(err, "I15", "") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err := Check(s); !violation(err, "I15", "") {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.checkTouched(touched{incidents: []string{i.ID}}); !violation(err, "I15", "") {
			t.Errorf("%s, where it changed: %v", name, err)
		}
	}
}
