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

// raises gives the grade of the incident that an event raises, or is more of; "": none. It
// is the entry's own; but a refusal that guards a power is as serious as what was tried: an
// entry that is ordinary, as every refusal is, and an incident all the same.
func (e Event) raises() Grade {
	if _, about := e.Fact.(aboutIncident); about {
		return ""
	}
	if f, refused := e.Fact.(CommandRefused); refused && f.Code == OwnRequest {
		return Serious
	}
	if g := e.Grade(); g != Ordinary {
		return g
	}
	return ""
}

// raise is called for each event that raises an incident, with what the event was about
// before it happened. It follows from the entry and from nothing else: there is no second
// entry that could be forgotten, and none that could say otherwise.
func (s *State) raise(e Event, about Concerns) {
	i := Incident{
		Status: IncidentOpen, Type: e.Fact.Type(), Subject: e.Fact.Subject(), Grade: e.raises(),
		Count: 1, First: s.Size - 1, Last: s.Size - 1, OpenedAt: e.Time, LastAt: e.Time,
		People: sortedNames(about.People, e.Actor),
		Credentials: without(sortedNames(about.Credentials), func(name string) bool { // what is refused may be about anything
			_, known := s.Credential(name)
			return !known
		}),
	}
	if _, refused := e.Fact.(CommandRefused); refused { // whoever tries one after the other is one incident
		i.Subject = e.Actor
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
	return i.waits() && more.LastAt.Sub(i.LastAt) <= moreWithin &&
		!slices.Contains(people, i.AcknowledgedBy) &&
		(len(people) <= max(maxConcerned, len(i.People))) && (len(credentials) <= max(maxConcerned, len(i.Credentials)))
}

// sortedNames puts names together, each once: not nobody's, and not the system's. nil: none.
func sortedNames(names []string, more ...string) []string {
	all := slices.Concat(names, more)
	slices.Sort(all)
	return without(slices.Compact(all), func(name string) bool { return name == "" || name == System })
}
