package custody

import "slices"

// maxReports is how many incidents that somebody reported are open at once.
const maxReports = 20

// ReportIncident is what anybody does who saw something.
type ReportIncident struct {
	Credential string `json:"credential,omitzero"` // that it is about
	Person     string `json:"person,omitzero"`     // or whom
	Text       Note   `json:"text"`                // what they saw
	Grade      Grade  `json:"grade"`               // how serious it looks to them
}

var _ = action(ReportIncident{})

func (ReportIncident) Verb() string   { return "report_incident" }
func (ReportIncident) givers() givers { return people }

func (a ReportIncident) Subject() string {
	if a.Credential != "" {
		return a.Credential
	}
	return a.Person
}

func (a ReportIncident) bare(s *State) Action {
	b := ReportIncident{Text: absentNote}
	if a.Credential != "" {
		b.Credential = s.nameOr(a.Credential)
	}
	if a.Person != "" {
		b.Person = s.nameOr(a.Person)
	}
	if slices.Contains(Grades, a.Grade) {
		b.Grade = a.Grade
	}
	return b
}

func (a ReportIncident) decide(d *decision) error {
	if a.Credential != "" && a.Person != "" {
		return Invalid("person", "beside_credential")
	}
	if _, known := d.state.Credential(a.Credential); a.Credential != "" && !known {
		return refuseNotFound(aCredential)
	}
	if _, known := d.state.Person(a.Person); a.Person != "" && !known {
		return refuseNotFound(aPerson)
	}
	if !slices.Contains(Grades, a.Grade) {
		return Invalid("grade", "grade")
	}
	if err := checkNote("text", a.Text); err != nil {
		return err
	}
	if waiting := d.state.reportedBy(d.actor.Username); waiting >= maxReports {
		return refuseTooManyReports()
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(IncidentReported{
		Incident: incidentID(d.state.Incidents + 1), Credential: a.Credential, Person: a.Person, Text: a.Text, Rated: a.Grade,
	})
	return nil
}

// reportedBy counts what somebody reported and nobody has closed.
func (s *State) reportedBy(person string) (n int) {
	for i := range s.OpenIncidents() {
		if i.Reporter == person {
			n++
		}
	}
	return n
}

// IncidentReported: somebody saw something, and says how serious it looks to them.
type IncidentReported struct {
	Incident   string `json:"incident"`
	Credential string `json:"credential,omitzero"`
	Person     string `json:"person,omitzero"`
	Text       Note   `json:"text"`
	Rated      Grade  `json:"grade"`
}

var _ = fact(IncidentReported{})

func (IncidentReported) Type() string         { return "incident.reported" }
func (f IncidentReported) Subject() string    { return f.Incident }
func (f IncidentReported) incident() string   { return f.Incident }
func (IncidentReported) by(*State, Event) Who { return Who{Anybody: true}.confirmed() }

// grade is what whoever reports it says: for the worst everybody is told at once.
func (f IncidentReported) grade() Grade {
	if slices.Contains(Grades, f.Rated) {
		return f.Rated
	}
	return Ordinary
}

// concerns leaves out what it is about: whoever is accused does not read in their history
// by whom, before it was looked at.
func (f IncidentReported) concerns(*State) Concerns {
	return Concerns{Incidents: []string{f.Incident}}
}

func (f IncidentReported) allowed(s *State, e Event) error {
	_, credential := s.Credential(f.Credential)
	_, person := s.Person(f.Person)
	switch {
	case f.Incident != incidentID(s.Incidents+1):
		return e.violates("I7", "an incident out of turn")
	case !slices.Contains(Grades, f.Rated) || f.Text.IsZero():
		return e.violates("I7", "reported without a grade, or without a word")
	case f.Credential != "" && !credential || f.Person != "" && !person || f.Credential != "" && f.Person != "":
		return e.violates("I7", "about what there is not, or about two at once")
	case s.reportedBy(e.Actor) >= maxReports:
		return e.violates("I7", "more reports than anybody may have open")
	}
	return nil
}

func (f IncidentReported) apply(s *State, e Event) {
	i := Incident{
		Status: IncidentOpen, Type: f.Type(), Subject: ReportIncident{Credential: f.Credential, Person: f.Person}.Subject(), Grade: f.grade(),
		People: sortedNames([]string{e.Actor, f.Person}), Credentials: sortedNames([]string{f.Credential}),
		Count: 1, First: s.Size - 1, Last: s.Size - 1, OpenedAt: e.Time, LastAt: e.Time,
		Reporter: e.Actor, Report: f.Text.bare(),
	}
	s.openIncident(i)
}

func refuseTooManyReports() *Refusal {
	return &Refusal{Code: Conflict, Rule: ruleIncident, Key: "too_many_reports", Args: Args{"most": maxReports}}
}
