package api

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Person is somebody with an account.
type Person struct {
	Username   string         `json:"username"`
	Name       string         `json:"name"`
	Email      string         `json:"email,omitzero"`
	Roles      []custody.Role `json:"roles"`
	Disabled   bool           `json:"disabled"`
	Enrolled   bool           `json:"enrolled" doc:"Whether they have proved an authenticator"`
	Admission  bool           `json:"admission,omitzero" doc:"Approved to set up a log-in of their own, and has not yet"`
	TOTPPeriod int            `json:"totp_period" doc:"Seconds"`
	Presence   Presence       `json:"presence"`
	Deputy     *Deputy        `json:"deputy,omitzero" doc:"Who decides in their place while they are away"`

	LockedUntil time.Time `json:"locked_until,omitzero" doc:"Too many wrong codes: confirms nothing before"`
	AccessEnds  time.Time `json:"access_ends,omitzero" doc:"As it was agreed before; for them and for who sees to it"`
	RecoveryDue time.Time `json:"recovery_due,omitzero" doc:"From when on a log-in can be had that was asked for on the server's machine; a manager, a director or they stop it"`
}

// AddPerson asks for an account for somebody.
type AddPerson struct {
	Username   string         `json:"username"`
	Name       string         `json:"name"`
	Email      string         `json:"email,omitzero"`
	Roles      []custody.Role `json:"roles" doc:"technician, manager, director, auditor, admin"`
	TOTPPeriod int            `json:"totp_period,omitzero" doc:"Seconds; 30 when left out"`
	Reason     string         `json:"reason"`
	TOTP       Secret         `json:"totp,omitzero" maxLength:"64"`
}

// SetRoles asks for other roles of somebody.
type SetRoles struct {
	Roles  []custody.Role `json:"roles" doc:"technician, manager, director, auditor, admin"`
	Reason string         `json:"reason"`
	TOTP   Secret         `json:"totp,omitzero" maxLength:"64"`
}

// ProposeEmail asks for another address of somebody else.
type ProposeEmail struct {
	Email  string `json:"email" doc:"Where messages go; empty: nowhere"`
	Reason string `json:"reason"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

func (s *Server) listPeople(ctx context.Context, _ *nothing) ([]Person, error) {
	people, err := s.known(ctx).People(ctx)
	return each(people, viewPerson), err
}

func (s *Server) getPerson(ctx context.Context, in *ofPerson) (Person, error) {
	return s.person(ctx, in.Username)
}

func (s *Server) proposePerson(ctx context.Context, in *bodyOnly[AddPerson]) (Proposal, error) {
	return s.propose(ctx, in.Body.change(), in.Body.Reason, in.Body.TOTP)
}

func (s *Server) proposeRoles(ctx context.Context, in *personWith[SetRoles]) (Proposal, error) {
	return s.propose(ctx, custody.SetRoles{Person: in.Username, Roles: in.Body.Roles}, in.Body.Reason, in.Body.TOTP)
}

func (s *Server) proposeEmail(ctx context.Context, in *personWith[ProposeEmail]) (Proposal, error) {
	action, reason := custody.ChangeEmail{Person: in.Username, Email: desk.NewNote(in.Body.Email)}, desk.NewNote(in.Body.Reason)
	asked := custody.Propose{Change: custody.Change{Proposable: action}, Reason: reason}
	outcome, err := s.Desk.ProposeEmail(ctx, by(ctx, asked, in.Body.TOTP), action, reason)
	if err != nil {
		return Proposal{}, err
	}
	return s.proposal(ctx, outcome.Events[0].Fact.Subject())
}

func (s *Server) proposeEnrolment(ctx context.Context, in *personWith[ConfirmedReason]) (Proposal, error) {
	return s.propose(ctx, custody.ResetEnrolment{Person: in.Username}, in.Body.Reason, in.Body.TOTP)
}
