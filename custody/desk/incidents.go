package desk

import (
	"context"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// OpenIncidents counts those that are not closed.
type OpenIncidents struct {
	Grade    map[custody.Grade]int // as they stand; every grade is there
	Waits    int                   // that nobody has acknowledged
	Waiting  time.Time             // since when the oldest of these does; zero: none
	Reported int                   // of all, those that somebody reported
}

// All is how many there are.
func (o OpenIncidents) All() (n int) {
	for _, some := range o.Grade {
		n += some
	}
	return n
}

// OpenIncidents counts them, as far as is known here.
func (d *Desk) OpenIncidents() OpenIncidents {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return OpenIncidentsIn(d.state)
}

// OpenIncidentsIn is OpenIncidents of a state.
func OpenIncidentsIn(s *custody.State) OpenIncidents {
	o := OpenIncidents{Grade: map[custody.Grade]int{}}
	for _, g := range custody.Grades {
		o.Grade[g] = 0
	}
	for i := range s.OpenIncidents() {
		o.Grade[i.Stands()]++
		if i.Reporter != "" {
			o.Reported++
		}
		if i.Status == custody.IncidentOpen {
			if o.Waits++; o.Waiting.IsZero() || i.OpenedAt.Before(o.Waiting) {
				o.Waiting = i.OpenedAt
			}
		}
	}
	return o
}

// Assessors gives who can acknowledge, assess and close an incident, by name; nobody where
// it is closed, or there is none.
func (d *Desk) Assessors(ctx context.Context, id string) ([]string, error) {
	if err := d.catchUpToRead(ctx); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return AssessorsIn(d.state, id), nil
}

// AssessorsIn is Assessors of a state.
func AssessorsIn(s *custody.State, id string) []string {
	if i, there := s.Incident(id); there && !i.Over() {
		return s.Assessors(i)
	}
	return nil
}

// ToAssess gives the ids of the incidents that somebody can decide about.
func (d *Desk) ToAssess(ctx context.Context, person string) ([]string, error) {
	if err := d.catchUpToRead(ctx); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return ToAssessIn(d.state, person), nil
}

// ToAssessIn is ToAssess of a state. Who decides follows from whom an incident is about,
// and that is worked out once for all that are about the same people.
func ToAssessIn(s *custody.State, person string) (ids []string) {
	theirs := map[string]bool{}
	for i := range s.OpenIncidents() {
		about := strings.Join(i.People, " ")
		can, known := theirs[about]
		if !known {
			for _, name := range s.Assessors(i) {
				can = can || name == person
			}
			theirs[about] = can
		}
		if can {
			ids = append(ids, i.ID)
		}
	}
	return ids
}
