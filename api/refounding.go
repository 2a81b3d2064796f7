package api

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Refound asks that somebody gets the approving role that nobody has any more.
type Refound struct {
	Role   custody.Role `json:"role" enum:"manager,director"`
	Reason string       `json:"reason"`
	TOTP   Secret       `json:"totp,omitzero" maxLength:"64"`
}

// PlanDeparture asks for the date on which somebody's access ends.
type PlanDeparture struct {
	At     time.Time `json:"at,omitzero" doc:"When; left out, the date that there is is called off"`
	Reason string    `json:"reason"`
	TOTP   Secret    `json:"totp,omitzero" maxLength:"64"`
}

// Departing is somebody whose access ends on a date.
type Departing struct {
	Person string    `json:"person"`
	At     time.Time `json:"at"`
}

func (s *Server) proposeRefounding(ctx context.Context, in *personWith[Refound]) (Proposal, error) {
	return s.propose(ctx, custody.Refound{Person: in.Username, Role: in.Body.Role}, in.Body.Reason, in.Body.TOTP)
}

func (s *Server) proposeDeparture(ctx context.Context, in *personWith[PlanDeparture]) (Proposal, error) {
	return s.propose(ctx, custody.PlanDeparture{Person: in.Username, At: custody.Instant(in.Body.At)}, in.Body.Reason, in.Body.TOTP)
}

func (s *Server) stopRecovery(ctx context.Context, in *personWith[ConfirmedReason]) (Person, error) {
	action := custody.StopRecovery{Person: in.Username, Reason: desk.NewNote(in.Body.Reason)}
	if _, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action); err != nil {
		return Person{}, err
	}
	return s.person(ctx, in.Username)
}

// DepartingBy gives those who would get a seat by an open proposal, and whose access ends
// on a date: they do not keep it beyond that.
func DepartingBy(ctx context.Context, q interface {
	Person(ctx context.Context, username string) (custody.Person, error)
}, p custody.Proposal) (people []custody.Person, err error) {
	if p.Status != custody.Open {
		return nil, nil
	}
	for _, username := range p.Change.Seats() {
		person, err := q.Person(ctx, username)
		if err != nil {
			return nil, err
		}
		if person.Departure.Planned() {
			people = append(people, person)
		}
	}
	return people, nil
}
