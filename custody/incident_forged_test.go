package custody

import (
	"testing"
	"time"
)

// What nobody forges of an incident, whoever signs the ledger: each fact beside what the
// rules allow, stated apart from the commands.
func TestWhatNobodyForgesOfAnIncident(t *testing.T) {
	var id string
	at := stateAfter(t)
	after := func(d time.Duration, e Event) Event { return laterBy(e, d) }
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
		plain: forgedBy(plain, "eve", report), waits: forgedBy(waits, "dot", assess), seen: forgedBy(seen, "max", assess), rated: forgedBy(rated, "dot", ends),
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
		"reported without a code":    {plain, withoutCode(forgedBy(plain, "ann", report)), "I6"},
		"reported by the system":     {plain, forgedBy(plain, System, report), "I6"},
		"reported by a stranger":     {plain, forgedBy(plain, "zoe", report), "I6"},
		"reported out of turn":       {plain, forgedBy(plain, "ann", reporting(func(f *IncidentReported) { f.Incident = incidentID(plain.Incidents + 2) })), "I7"},
		"under another's name":       {waits, forgedBy(waits, "ann", reporting(func(f *IncidentReported) { f.Incident = id })), "I7"},
		"reported at no grade":       {plain, forgedBy(plain, "ann", reporting(func(f *IncidentReported) { f.Rated = "" })), "I7"},
		"reported without a word":    {plain, forgedBy(plain, "ann", reporting(func(f *IncidentReported) { f.Text = Note{} })), "I7"},
		"about nobody that there is": {plain, forgedBy(plain, "ann", reporting(func(f *IncidentReported) { f.Person = "zoe" })), "I7"},
		"about nothing that is":      {plain, forgedBy(plain, "ann", reporting(func(f *IncidentReported) { f.Credential = "db99" })), "I7"},
		"about two at once":          {plain, forgedBy(plain, "ann", reporting(func(f *IncidentReported) { f.Person, f.Credential = "ben", "db01" })), "I7"},
		"one too many":               {full, forgedBy(full, "ann", reporting(func(f *IncidentReported) { f.Incident = incidentID(full.Incidents + 1) })), "I7"},

		"acknowledged by the system":         {waits, forgedBy(waits, System, IncidentAcknowledged{Incident: id}), "I6"},
		"acknowledged by whom it is about":   {waits, forgedBy(waits, "ben", IncidentAcknowledged{Incident: id}), "I15"},
		"acknowledged by who reported it":    {waits, forgedBy(waits, "ann", IncidentAcknowledged{Incident: id}), "I15"},
		"by a manager who reported it":       {own, forgedBy(own, "max", IncidentAcknowledged{Incident: incidentID(own.Incidents)}), "I15"},
		"by one who says that it is allowed": {own, forgedBy(own, "max", IncidentAcknowledged{Incident: incidentID(own.Incidents), Alone: true}), "I15"},
		"by an auditor beside the group":     {waits, forgedBy(waits, "eve", IncidentAcknowledged{Incident: id}), "I15"},
		"by an auditor while one is away":    {dotAway, forgedBy(dotAway, "eve", IncidentAcknowledged{Incident: id}), "I15"},
		"by who has left":                    {gone, forgedBy(gone, "dot", IncidentAcknowledged{Incident: goneID}), "I6"},
		"acknowledged twice":                 {seen, forgedBy(seen, "dot", IncidentAcknowledged{Incident: id}), "I15"},
		"acknowledged once it is assessed":   {rated, forgedBy(rated, "dot", IncidentAcknowledged{Incident: id}), "I15"},
		"acknowledged, and there is none":    {plain, forgedBy(plain, "max", IncidentAcknowledged{Incident: id}), "I15"},
		"said to be about them, and it is not": {waits, forgedBy(waits, "max",
			IncidentAcknowledged{Incident: id, Alone: true}), "I15"},

		"assessed without a code":          {waits, withoutCode(forgedBy(waits, "max", assess)), "I6"},
		"assessed by the system":           {waits, forgedBy(waits, System, assess), "I6"},
		"assessed by whom it is about":     {waits, forgedBy(waits, "ben", assess), "I15"},
		"assessed by who reported it":      {waits, forgedBy(waits, "ann", assess), "I15"},
		"assessed by an admin":             {waits, forgedBy(waits, "ada", assess), "I15"},
		"from another grade":               {waits, forgedBy(waits, "max", assessing(func(f *IncidentAssessed) { f.From = Serious })), "I15"},
		"from the one before the last one": {rated, forgedBy(rated, "max", assess), "I15"},
		"to none":                          {waits, forgedBy(waits, "max", assessing(func(f *IncidentAssessed) { f.To = "grave" })), "I15"},
		"assessed without a word":          {waits, forgedBy(waits, "max", assessing(func(f *IncidentAssessed) { f.Text = Note{} })), "I15"},
		"assessed when it is closed":       {closed, forgedBy(closed, "max", assess), "I15"},
		"assessed as if nobody were left":  {waits, forgedBy(waits, "max", assessing(func(f *IncidentAssessed) { f.Alone = true })), "I15"},

		"closed without a code":        {rated, withoutCode(forgedBy(rated, "max", ends)), "I6"},
		"closed by whom it is about":   {rated, forgedBy(rated, "ben", ends), "I15"},
		"closed before it is assessed": {seen, forgedBy(seen, "max", ends), "I15"},
		"closed twice":                 {closed, forgedBy(closed, "max", ends), "I15"},
		"closed without a word":        {rated, forgedBy(rated, "max", IncidentClosed{Incident: id}), "I15"},
		"closed by the system":         {rated, forgedBy(rated, System, ends), "I6"},

		"reminded too early":     {waits, after(24*time.Hour-time.Millisecond, forgedBy(waits, System, IncidentUnanswered{id})), "I15"},
		"reminded by somebody":   {waits, after(24*time.Hour, forgedBy(waits, "ben", IncidentUnanswered{id})), "I6"},
		"reminded twice":         {reminded, forgedBy(reminded, System, IncidentUnanswered{id}), "I15"},
		"reminded once seen":     {seen, after(24*time.Hour, forgedBy(seen, System, IncidentUnanswered{id})), "I15"},
		"reminded of none":       {plain, after(24*time.Hour, forgedBy(plain, System, IncidentUnanswered{id})), "I15"},
		"reminded of a lesser":   {full, after(24*time.Hour, forgedBy(full, System, IncidentUnanswered{incidentID(full.Incidents)})), "I15"},
		"reminded, and assessed": {rated, after(24*time.Hour, forgedBy(rated, System, IncidentUnanswered{id})), "I15"},
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
		s.incidents[i.ID] = &i
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
