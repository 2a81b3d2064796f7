package custody

import (
	"slices"
	"time"
)

// AcknowledgeIncident says that somebody whose task it is has seen it. It takes no code:
// nothing is decided by it. One that is given has to be right.
type AcknowledgeIncident struct {
	Incident string `json:"incident"`
}

var _ = action(AcknowledgeIncident{})

func (AcknowledgeIncident) Verb() string      { return "acknowledge_incident" }
func (a AcknowledgeIncident) Subject() string { return a.Incident }
func (AcknowledgeIncident) givers() givers    { return people }
func (a AcknowledgeIncident) bare(s *State) Action {
	return AcknowledgeIncident{s.nameOr(a.Incident)}
}

func (a AcknowledgeIncident) decide(d *decision) error {
	i, how, err := d.incident(a.Incident)
	if err != nil {
		return err
	}
	if i.Status != IncidentOpen {
		return refuseIncidentSeen(i)
	}
	if d.command.Proof.Given {
		if err := d.confirm(); err != nil {
			return err
		}
	}
	d.happen(IncidentAcknowledged{Incident: i.ID, Alone: how == Concerned})
	return nil
}

// incident finds one that is not closed and the actor's to decide about, and by what right.
func (d *decision) incident(id string) (Incident, Standing, error) {
	i, known := d.state.Incident(id)
	switch {
	case known && !i.Over():
	case known || d.state.raisedBefore(id): // a fork may still have it; a root has not
		return Incident{}, "", refuseIncidentOver(id)
	default:
		return Incident{}, "", refuseNotFound(anIncident)
	}
	able, how := d.state.assessment(i)
	right := how[d.actor.Username]
	switch {
	case right != "":
		return i, right, nil
	case d.state.isAbout(i, d.actor):
		return Incident{}, "", refuseOwnIncident(i, able)
	}
	return Incident{}, "", refuseNotAssessor(i, able)
}

// IncidentAcknowledged: somebody whose task it is has seen it.
type IncidentAcknowledged struct {
	Incident string `json:"incident"`
	Alone    bool   `json:"alone,omitzero"` // whoever did it is one of those whom it is about: all are
}

var _ = fact(IncidentAcknowledged{})

func (IncidentAcknowledged) Type() string                 { return "incident.acknowledged" }
func (f IncidentAcknowledged) Subject() string            { return f.Incident }
func (f IncidentAcknowledged) incident() string           { return f.Incident }
func (f IncidentAcknowledged) concerns(s *State) Concerns { return s.ofIncident(f.Incident) }
func (f IncidentAcknowledged) grade() Grade               { return alone(f.Alone) }
func (IncidentAcknowledged) by(*State, Event) Who         { return Who{Anybody: true} }

func (f IncidentAcknowledged) allowed(s *State, e Event) error {
	return s.decidedRightly(e, f.Incident, f.Alone, IncidentOpen)
}

func (f IncidentAcknowledged) apply(s *State, e Event) {
	s.editIncident(f.Incident, func(i *Incident) {
		i.Status, i.AcknowledgedBy, i.AcknowledgedAt, i.Alone = IncidentSeen, e.Actor, e.Time, i.Alone || f.Alone
	})
}

// alone is the grade of what one of those decides whom it is about.
func alone(is bool) Grade {
	if is {
		return Serious
	}
	return Ordinary
}

// ofIncident is whom, and what, an incident is about. Of one that was reported only who
// reported it: whom it is about has no history of what others think of them.
func (s *State) ofIncident(id string) Concerns {
	i, _ := s.Incident(id)
	about := Concerns{Incidents: []string{id}, People: i.People, Credentials: i.Credentials}
	if i.Reporter != "" {
		about.People, about.Credentials = []string{i.Reporter}, nil
	}
	return about
}

// decidedRightly is the law of what is decided about an incident: from where it stands, and
// by who may.
func (s *State) decidedRightly(e Event, id string, alone bool, from ...IncidentStatus) error {
	i, known := s.Incident(id)
	p, _ := s.Person(e.Actor)
	able, how := s.assessment(i)
	switch {
	case !known || !slices.Contains(from, i.Status):
		return e.violates("I15", "of an incident that was "+string(i.Status))
	case !slices.Contains(able, e.Actor):
		return e.violates("I15", "by somebody who is not to say")
	case s.isAbout(i, p) != alone || (how[e.Actor] == Concerned) != alone:
		return e.violates("I15", "by whom it is about, and that is not said; or said, and it is not so")
	}
	return nil
}

// AssessIncident says how serious an incident is: as it came, more or less.
type AssessIncident struct {
	Incident string `json:"incident"`
	Grade    Grade  `json:"grade"`
	Text     Note   `json:"text"` // why
}

var _ = action(AssessIncident{})

func (AssessIncident) Verb() string      { return "assess_incident" }
func (a AssessIncident) Subject() string { return a.Incident }
func (AssessIncident) givers() givers    { return people }

func (a AssessIncident) bare(s *State) Action {
	b := AssessIncident{Incident: s.nameOr(a.Incident), Text: absentNote}
	if slices.Contains(Grades, a.Grade) {
		b.Grade = a.Grade
	}
	return b
}

func (a AssessIncident) decide(d *decision) error {
	i, how, err := d.incident(a.Incident)
	if err != nil {
		return err
	}
	if !slices.Contains(Grades, a.Grade) {
		return Invalid("grade", "grade")
	}
	if err := checkNote("text", a.Text); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(IncidentAssessed{Incident: i.ID, From: i.Stands(), To: a.Grade, Text: a.Text, Alone: how == Concerned})
	return nil
}

// IncidentAssessed: the group has said how serious it is.
type IncidentAssessed struct {
	Incident string `json:"incident"`
	From     Grade  `json:"from"` // how it stood before
	To       Grade  `json:"grade"`
	Text     Note   `json:"text"`
	Alone    bool   `json:"alone,omitzero"`
}

var _ = fact(IncidentAssessed{})

func (IncidentAssessed) Type() string                 { return "incident.assessed" }
func (f IncidentAssessed) Subject() string            { return f.Incident }
func (f IncidentAssessed) incident() string           { return f.Incident }
func (f IncidentAssessed) concerns(s *State) Concerns { return s.ofIncident(f.Incident) }
func (f IncidentAssessed) grade() Grade               { return alone(f.Alone) }
func (IncidentAssessed) by(*State, Event) Who         { return Who{Anybody: true}.confirmed() }

func (f IncidentAssessed) allowed(s *State, e Event) error {
	if i, _ := s.Incident(f.Incident); f.From != i.Stands() || !slices.Contains(Grades, f.To) || f.Text.IsZero() {
		return e.violates("I15", "assessed from another grade, to none, or without a word")
	}
	return s.decidedRightly(e, f.Incident, f.Alone, IncidentOpen, IncidentSeen, IncidentRated)
}

func (f IncidentAssessed) apply(s *State, e Event) {
	s.editIncident(f.Incident, func(i *Incident) {
		i.Status, i.Assessed, i.AssessedBy, i.AssessedAt, i.Assessment = IncidentRated, f.To, e.Actor, e.Time, f.Text.bare()
		i.Alone = i.Alone || f.Alone
	})
}

// CloseIncident says that nothing is left to do about it.
type CloseIncident struct {
	Incident string `json:"incident"`
	Text     Note   `json:"text"` // what was done
}

var _ = action(CloseIncident{})

func (CloseIncident) Verb() string      { return "close_incident" }
func (a CloseIncident) Subject() string { return a.Incident }
func (CloseIncident) givers() givers    { return people }
func (a CloseIncident) bare(s *State) Action {
	return CloseIncident{s.nameOr(a.Incident), absentNote}
}

func (a CloseIncident) decide(d *decision) error {
	i, how, err := d.incident(a.Incident)
	if err != nil {
		return err
	}
	if i.Status != IncidentRated {
		return refuseNotAssessed(i)
	}
	if err := checkNote("text", a.Text); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(IncidentClosed{Incident: i.ID, Text: a.Text, Alone: how == Concerned})
	return nil
}

// IncidentClosed: nothing is left to do about it.
type IncidentClosed struct {
	Incident string `json:"incident"`
	Text     Note   `json:"text"`
	Alone    bool   `json:"alone,omitzero"`
}

var _ = fact(IncidentClosed{})

func (IncidentClosed) Type() string                 { return "incident.closed" }
func (f IncidentClosed) Subject() string            { return f.Incident }
func (f IncidentClosed) incident() string           { return f.Incident }
func (f IncidentClosed) concerns(s *State) Concerns { return s.ofIncident(f.Incident) }
func (f IncidentClosed) grade() Grade               { return alone(f.Alone) }
func (IncidentClosed) by(*State, Event) Who         { return Who{Anybody: true}.confirmed() }

func (f IncidentClosed) allowed(s *State, e Event) error {
	if f.Text.IsZero() {
		return e.violates("I15", "closed without a word")
	}
	return s.decidedRightly(e, f.Incident, f.Alone, IncidentRated)
}

func (f IncidentClosed) apply(s *State, e Event) {
	s.editIncident(f.Incident, func(i *Incident) {
		i.Status, i.ClosedBy, i.ClosedAt, i.Closing, i.Alone = IncidentOver, e.Actor, e.Time, f.Text.bare(), i.Alone || f.Alone
	})
}

// IncidentUnanswered: a special one was acknowledged by nobody for a day. It is said once,
// and is no incident of its own.
type IncidentUnanswered struct {
	Incident string `json:"incident"`
}

var _ = fact(IncidentUnanswered{})

func (IncidentUnanswered) Type() string                 { return "incident.unanswered" }
func (f IncidentUnanswered) Subject() string            { return f.Incident }
func (f IncidentUnanswered) incident() string           { return f.Incident }
func (f IncidentUnanswered) concerns(s *State) Concerns { return s.ofIncident(f.Incident) }
func (IncidentUnanswered) grade() Grade                 { return Serious }
func (IncidentUnanswered) by(*State, Event) Who         { return bySystem() }

func (f IncidentUnanswered) allowed(s *State, e Event) error {
	if i, _ := s.Incident(f.Incident); !i.unanswered(e.Time) {
		return e.violates("I15", "of one that was answered, is not special, or has time; or twice")
	}
	return nil
}

// unanswered says whether nobody has acknowledged a special incident in time.
func (i Incident) unanswered(now time.Time) bool {
	return i.Status == IncidentOpen && i.Grade == Special && !i.Unanswered && !now.Before(i.OpenedAt.Add(answerWithin))
}

func (f IncidentUnanswered) apply(s *State, _ Event) {
	s.editIncident(f.Incident, func(i *Incident) { i.Unanswered = true })
}

func refuseIncidentSeen(i Incident) *Refusal {
	return &Refusal{Code: AlreadyDecided, Rule: ruleIncident, Key: "incident_seen",
		Args: Args{"incident": i.ID, "by": i.AcknowledgedBy, "status": Term{"incident_status", string(i.Status)}}}
}

func refuseIncidentOver(id string) *Refusal {
	return &Refusal{Code: AlreadyDecided, Rule: ruleIncident, Key: "incident_over", Args: Args{"incident": id}}
}

func refuseNotAssessed(i Incident) *Refusal {
	return &Refusal{Code: Conflict, Rule: ruleIncident, Key: "incident_not_assessed", Args: Args{"incident": i.ID}}
}

func refuseOwnIncident(i Incident, able []string) *Refusal {
	return &Refusal{Code: OwnRequest, Rule: ruleIncident, Key: "own_incident", Args: Args{"incident": i.ID, "people": able}}
}

func refuseNotAssessor(i Incident, able []string) *Refusal {
	return &Refusal{Code: NotEligible, Rule: ruleIncident, Key: "not_assessor", Args: Args{"incident": i.ID, "people": able}}
}
