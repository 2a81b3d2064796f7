package api

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// Deputy is who decides about proposals in somebody's place.
type Deputy struct {
	Person string    `json:"person"`
	Starts time.Time `json:"starts,omitzero" doc:"Absent: since it was approved"`
	Ends   time.Time `json:"ends"`
	Acts   bool      `json:"acts" doc:"Decides for them now: its time has come, and they are away"`
}

// NameDeputy asks for a deputy of a manager or a director.
type NameDeputy struct {
	Deputy string    `json:"deputy" doc:"Username"`
	Starts time.Time `json:"starts,omitzero" doc:"As soon as it is approved when left out"`
	Ends   time.Time `json:"ends" doc:"Within a year"`
	Reason string    `json:"reason"`
	TOTP   Secret    `json:"totp,omitzero" maxLength:"64"`
}

func (in NameDeputy) change(person string) custody.NameDeputy {
	return custody.NameDeputy{Person: person, Deputy: in.Deputy, Starts: in.Starts, Ends: in.Ends}
}

func viewDeputy(p custody.Person) *Deputy {
	if p.Deputy.Person == "" {
		return nil
	}
	return &Deputy{Person: p.Deputy.Person, Starts: p.Deputy.Starts, Ends: p.Deputy.Ends, Acts: p.Deputy.Began && p.Away}
}

func (s *Server) proposeDeputy(ctx context.Context, in *personWith[NameDeputy]) (Proposal, error) {
	return s.propose(ctx, in.Body.change(in.Username), in.Body.Reason, in.Body.TOTP)
}

func (s *Server) endDeputy(ctx context.Context, in *personWith[Confirmation]) (Person, error) {
	action := custody.EndDeputy{Person: in.Username}
	if _, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action); err != nil {
		return Person{}, err
	}
	return s.person(ctx, in.Username)
}
