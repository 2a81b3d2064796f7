package api

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

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
