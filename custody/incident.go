package custody

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"time"
)

// An incident is what has to be looked at (clause 4.5): an entry of the ledger that is
// serious or special raises one by itself (incident_raise.go), and anybody reports one
// (incident_report.go). The people of the policy's group acknowledge, assess and close it
// (incident_assess.go); an
// entry's own grade stays what it is.
//
//	[ open ] --acknowledged--> [ acknowledged ] --assessed--> [ assessed ] --closed--> [ closed ]
//	    +---------------------assessed------------------------^   |
//	                                                              +--assessed anew

// Incident is one, with as many entries of one kind as were made about the same.
type Incident struct {
	ID      string         `json:"id"`
	Status  IncidentStatus `json:"status"`
	Type    string         `json:"type"`             // of the entry that raised it
	Subject string         `json:"subject,omitzero"` // of that entry; of a report, what it is about
	Grade   Grade          `json:"grade"`            // that it came with

	// People are those whom it is about, sorted: who made its entries, and whom those
	// are about. None of them says how serious it is.
	People      []string `json:"people,omitempty"`
	Credentials []string `json:"credentials,omitempty"` // sorted

	Count    int64     `json:"count"` // entries
	First    int64     `json:"first"` // index of the first of them
	Last     int64     `json:"last"`
	OpenedAt time.Time `json:"opened_at"`
	LastAt   time.Time `json:"last_at"`

	Reporter string `json:"reporter,omitzero"` // "": an entry raised it
	Report   Note   `json:"report,omitzero"`   // what they saw

	Unanswered     bool      `json:"unanswered,omitzero"` // nobody acknowledged it in time, and it is on record
	AcknowledgedBy string    `json:"acknowledged_by,omitzero"`
	AcknowledgedAt time.Time `json:"acknowledged_at,omitzero"`
	Assessed       Grade     `json:"assessed,omitzero"` // how serious it is found to be; "": nobody has said yet
	AssessedBy     string    `json:"assessed_by,omitzero"`
	AssessedAt     time.Time `json:"assessed_at,omitzero"`
	Assessment     Note      `json:"assessment,omitzero"`
	ClosedBy       string    `json:"closed_by,omitzero"`
	ClosedAt       time.Time `json:"closed_at,omitzero"`
	Closing        Note      `json:"closing,omitzero"` // what was done about it
	Alone          bool      `json:"alone,omitzero"`   // assessed, or closed, by whom it is about: nobody else was left
}

// IncidentStatus is where an incident stands.
type IncidentStatus string

// What an incident can be.
const (
	IncidentOpen  IncidentStatus = "open"
	IncidentSeen  IncidentStatus = "acknowledged"
	IncidentRated IncidentStatus = "assessed"
	IncidentOver  IncidentStatus = "closed"
)

// IncidentStatuses are all of them, in the order of a life.
var IncidentStatuses = []IncidentStatus{IncidentOpen, IncidentSeen, IncidentRated, IncidentOver}

// Grades are all of them, the least serious first.
var Grades = []Grade{Ordinary, Serious, Special}

// Over says that nothing becomes of it any more.
func (i Incident) Over() bool { return i.Status == IncidentOver }

// Stands is how serious it counts: as it was assessed, and until then as it came.
func (i Incident) Stands() Grade { return cmp.Or(i.Assessed, i.Grade) }

// waits says that nobody has said yet how serious it is.
func (i Incident) waits() bool { return i.Status == IncidentOpen || i.Status == IncidentSeen }

// key is what tells whether another entry is more of the same.
func (i Incident) key() string { return string(i.Grade) + " " + i.Type + " " + i.Subject }

// number is which one it was of all that there ever were.
func (i Incident) number() (n int64) {
	_, _ = fmt.Sscanf(i.ID, "incident-%d", &n)
	return n
}

// incidentID names the nth that there ever was, n from 1.
func incidentID(n int64) string { return fmt.Sprintf("incident-%d", n) }

// raisedBefore says whether there ever was an incident of this id, as offeredBefore.
func (s *State) raisedBefore(id string) bool { return countedBefore(id, s.Incidents, incidentID) }

// Incident looks one up. One that is closed is not found in a root; a fork still has
// those that were closed in it.
func (s *State) Incident(id string) (Incident, bool) {
	for at := s; at != nil; at = at.base {
		if i, ok := at.incidents[id]; ok {
			return *i, true
		}
	}
	return Incident{}, false
}

// OpenIncidents gives those that are not closed, by id.
func (s *State) OpenIncidents() iter.Seq[Incident] {
	return func(yield func(Incident) bool) {
		for i := range sorted(s, func(at *State) map[string]*Incident { return at.incidents }) {
			if !i.Over() && !yield(i) {
				return
			}
		}
	}
}

// IncidentsChanged gives the incidents that a fork changed, by id; of a root, those that
// are not closed.
func (s *State) IncidentsChanged() []Incident { return values(s.incidents) }

// RestoreIncidents is Restore for what IncidentsChanged of a root gave; those that are
// closed are left out.
func (s *State) RestoreIncidents(all []Incident) {
	for _, i := range all {
		if i.Over() {
			continue
		}
		s.incidents[i.ID] = &i
		s.expectIncident(i)
		if other, _ := s.Incident(s.latest[i.key()]); i.number() > other.number() {
			s.latest[i.key()] = i.ID
		}
	}
}

// latestOf gives the newest that is not closed of what an entry may be more of.
func (s *State) latestOf(key string) (Incident, bool) {
	for at := s; at != nil; at = at.base {
		if id, ok := at.latest[key]; ok {
			return s.Incident(id)
		}
	}
	return Incident{}, false
}

// editIncident forgets one that is closed, once nothing reads through a fork to it.
func (s *State) editIncident(id string, edit func(*Incident)) {
	i, _ := s.Incident(id)
	edit(&i)
	s.touched.incidents = append(s.touched.incidents, id)
	s.incidents[id] = &i
	if !i.Over() {
		return
	}
	newest := Incident{}
	for other := range s.OpenIncidents() { // one that was older may be the newest now
		if other.key() == i.key() && other.number() > newest.number() {
			newest = other
		}
	}
	s.latest[i.key()] = newest.ID
	if s.base != nil {
		return
	}
	delete(s.incidents, id)
	if newest.ID == "" {
		delete(s.latest, i.key())
	}
}

// Standing is by what right somebody assesses an incident.
type Standing string

// The standings, the first that there is counts.
const (
	OfGroup   Standing = "group"    // of the policy's group
	StandsIn  Standing = "stand_in" // nobody of the group is there whom it is not about
	Concerned Standing = "alone"    // it is about everybody that there is
)

// assessment says who can assess an incident now, by name, and by what right. The group
// comes first, without those whom the incident is about; where none of them is present, a
// manager or a director stands in, then an auditor, then whoever is there. Only where it
// is about everybody that there is does one of the group assess their own.
func (s *State) assessment(i Incident) (able []string, how map[string]Standing) {
	how = map[string]Standing{}
	var alone []string
	whole := -1 // the circle that assesses its own, where it is about everybody
	for n, within := range s.circles() {
		right, there := OfGroup, false
		if n > 0 {
			right = StandsIn
		}
		for p := range s.People() {
			if !p.CanConfirm() || !within(p) || how[p.Username] != "" {
				continue
			}
			if s.isAbout(i, p) {
				if whole < 0 || whole == n {
					whole, alone = n, append(alone, p.Username)
				}
				continue
			}
			able, how[p.Username] = append(able, p.Username), right
			there = there || p.Present()
		}
		if there {
			break
		}
	}
	if len(able) == 0 {
		for _, name := range alone {
			how[name] = Concerned
		}
		return alone, how
	}
	return able, how
}

// circles are who assesses, each with those who stand in for the one before it.
func (s *State) circles() []func(Person) bool {
	group := s.Policy().Values.Assessors
	return []func(Person) bool{
		func(p Person) bool {
			if s.noneOf(group) {
				return p.approves()
			}
			return slices.Contains(group, p.Username)
		},
		Person.approves,
		func(p Person) bool { return p.Is(Auditor) },
		func(Person) bool { return true },
	}
}

// maxAssessors is how many people a policy names at the most.
const maxAssessors = 20

// Group gives usernames as a policy has those of its group: sorted, each once. nil: none.
func Group(names []string) []string { return sortedNames(names) }

// canAssess refuses a group of whom one could not act. Who leaves it later leaves the rest;
// where nobody is left, it is as if none were named (circles).
func (s *State) canAssess(group []string) *Refusal {
	for _, name := range group {
		if p, _ := s.Person(name); !p.CanConfirm() {
			return Invalid("policy.assessors", "assessors_active")
		}
	}
	return nil
}

// noneOf says whether nobody of a group is active any more: then it is as if the policy
// named none.
func (s *State) noneOf(group []string) bool {
	return !slices.ContainsFunc(group, func(name string) bool { p, _ := s.Person(name); return p.CanConfirm() })
}

// isAbout says whether an incident is about somebody, by any account.
func (s *State) isAbout(i Incident, p Person) bool {
	return slices.Contains(i.People, p.Username) || s.another(p, i.People) != ""
}

// Assessors gives who can acknowledge, assess and close an incident, by name.
func (s *State) Assessors(i Incident) []string {
	able, _ := s.assessment(i)
	return able
}

// checkIncident holds I15: nobody says how serious an incident is that is about them, but
// where it is about everybody, and then that is on record.
func (s *State) checkIncident(i Incident) error {
	broken := func(detail string) error { return &Violation{Invariant: "I15", Subject: i.ID, Detail: detail} }
	switch {
	case i.Count < 1 || i.First > i.Last || i.Last >= s.Size:
		return broken("of entries that there are not")
	case (i.Status == IncidentRated || i.Status == IncidentOver) != (i.Assessed != ""):
		return broken(string(i.Status) + ", and nobody assessed it, or somebody did")
	case i.AcknowledgedBy != "" && slices.Contains(i.People, i.AcknowledgedBy) && !i.Alone:
		return broken("acknowledged by " + i.AcknowledgedBy + ", whom it is about")
	case i.AssessedBy != "" && slices.Contains(i.People, i.AssessedBy) && !i.Alone:
		return broken("assessed by " + i.AssessedBy + ", whom it is about")
	}
	return nil
}

// maxConcerned is how many people, and how many credentials, one incident names: an entry
// with others is another incident.
const maxConcerned = 50

// answerWithin is how long a special one waits for somebody to acknowledge it before that
// is serious.
const answerWithin = 24 * time.Hour

// expectIncident notes when time will act on an incident.
func (s *State) expectIncident(i Incident) {
	if i.Status == IncidentOpen && i.Grade == Special && !i.Unanswered {
		s.expect(i.OpenedAt.Add(answerWithin))
	}
}
