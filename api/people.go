package api

import (
	"cmp"
	"context"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/totp"
)

func (s *Server) listPeople(ctx context.Context, _ *nothing) ([]Person, error) {
	people, err := s.Queries.People(ctx)
	return each(people, viewPerson), err
}

func (s *Server) addPerson(ctx context.Context, in *bodyOnly[AddPerson]) (Login, error) {
	action := custody.AddPerson{
		Username: in.Body.Username, Name: in.Body.Name, Email: desk.NewNote(in.Body.Email), Roles: in.Body.Roles,
		TOTPPeriod: cmp.Or(in.Body.TOTPPeriod, totp.DefaultPeriod),
	}
	login, err := s.Desk.AddPerson(ctx, by(ctx, action, ""), action)
	if err != nil {
		return Login{}, err
	}
	return s.login(ctx, in.Body.Username, login)
}

func (s *Server) enrolPerson(ctx context.Context, in *ofPerson) (Login, error) {
	action := custody.ResetEnrolment{Person: in.Username}
	login, err := s.Desk.ResetEnrolment(ctx, by(ctx, action, ""), action)
	if err != nil {
		return Login{}, err
	}
	return s.login(ctx, in.Username, login)
}

func (s *Server) login(ctx context.Context, username string, l desk.NewLogin) (Login, error) {
	person, err := s.Queries.Person(ctx, username)
	return Login{Person: viewPerson(person), Password: Secret(l.Password.Reveal()), OTPAuth: Secret(l.OTPAuth.Reveal())}, err
}
