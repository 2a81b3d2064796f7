package custody

import (
	"slices"
	"time"
)

// moreWithin is how long after its last entry an incident still takes another of the same.
const moreWithin = time.Hour

// aboutIncident is a fact about an incident: it raises none, whatever its grade, or one
// would follow on another for ever.
type aboutIncident interface{ incident() string }

// raises says whether an event raises an incident, or is more of one.
func (e Event) raises() bool {
	if _, about := e.Fact.(aboutIncident); about {
		return false
	}
	return e.Grade() == Serious || e.Grade() == Special
}

// raise is called for each event that raises an incident, with what the event was about
// before it happened. It follows from the entry and from nothing else: there is no second
// entry that could be forgotten, and none that could say otherwise.
func (s *State) raise(e Event, about Concerns) {
	i := Incident{
		Status: IncidentOpen, Type: e.Fact.Type(), Subject: e.Fact.Subject(), Grade: e.Grade(),
		Count: 1, First: s.Size - 1, Last: s.Size - 1, OpenedAt: e.Time, LastAt: e.Time,
		People: sortedNames(about.People, e.Actor), Credentials: sortedNames(about.Credentials),
	}
	if _, known := s.Person(i.Subject); known {
		i.People = sortedNames(i.People, i.Subject)
	}
	if old, open := s.latestOf(i.key()); open && old.takes(i) {
		s.editIncident(old.ID, func(at *Incident) {
			at.Count, at.Last, at.LastAt = at.Count+1, i.Last, i.LastAt
			at.People, at.Credentials = sortedNames(at.People, i.People...), sortedNames(at.Credentials, i.Credentials...)
		})
		return
	}
	s.openIncident(i)
}

// openIncident enters a new one, under the next number.
func (s *State) openIncident(i Incident) {
	s.Incidents++
	i.ID = incidentID(s.Incidents)
	s.latest[i.key()] = i.ID
	s.editIncident(i.ID, func(at *Incident) { *at = i })
	s.expectIncident(i)
}

// takes says whether an incident takes another that is of the same: soon enough, while
// nobody has assessed it, not of whom it was acknowledged by, and not endlessly many people.
func (i Incident) takes(more Incident) bool {
	people, credentials := sortedNames(i.People, more.People...), sortedNames(i.Credentials, more.Credentials...)
	return i.Reporter == "" && i.waits() && more.LastAt.Sub(i.LastAt) <= moreWithin &&
		!slices.Contains(people, i.AcknowledgedBy) &&
		(len(people) <= max(maxConcerned, len(i.People))) && (len(credentials) <= max(maxConcerned, len(i.Credentials)))
}

// sortedNames puts names together, each once: not nobody's, and not the system's. nil: none.
func sortedNames(names []string, more ...string) []string {
	all := slices.Concat(names, more)
	slices.Sort(all)
	return without(slices.Compact(all), func(name string) bool { return name == "" || name == System })
}
