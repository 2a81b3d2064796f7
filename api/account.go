package api

import (
	"context"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Recover asks for a new TOTP seed in the place of one that is lost.
type Recover struct {
	Username     string `json:"username" maxLength:"255"`
	Password     Secret `json:"password" maxLength:"1024"`
	RecoveryCode Secret `json:"recovery_code" maxLength:"64" doc:"Used up by this; it opens no session"`
	Device       Secret `json:"device,omitzero" maxLength:"64" doc:"As in a log-in"`
}

// Recovered is the new TOTP seed. It is shown once.
type Recovered struct {
	OTPAuth Secret `json:"otpauth_uri" doc:"For an authenticator; counts after the next log-in with a code of it"`
}

// ChangePassword gives me another password to log in with.
type ChangePassword struct {
	Current Secret `json:"current" maxLength:"1024"`
	New     Secret `json:"new" maxLength:"1024" doc:"At least 8 characters with letters, digits and others"`
	TOTP    Secret `json:"totp,omitzero" maxLength:"64"`
}

// ReplaceAuthenticator gives me another authenticator.
type ReplaceAuthenticator struct {
	Current Secret `json:"current" maxLength:"1024" doc:"Password that I log in with"`
	TOTP    Secret `json:"totp,omitzero" maxLength:"64" doc:"Of the one that I have"`
}

// EditPerson changes what is known of a person. What is left out stays.
type EditPerson struct {
	Email *string `json:"email,omitzero" doc:"Where messages go; empty: nowhere. The old and the new address are both told"`
	TOTP  Secret  `json:"totp,omitzero" maxLength:"64"`
}

func (s *Server) unlockPerson(ctx context.Context, in *personWith[Confirmation]) (Person, error) {
	action := custody.Unlock{Person: in.Username}
	if _, err := s.Desk.Unlock(ctx, by(ctx, action, in.Body.TOTP), action); err != nil {
		return Person{}, err
	}
	return s.person(ctx, in.Username)
}

func (s *Server) editPerson(ctx context.Context, in *personWith[EditPerson]) (Person, error) {
	return s.edit(ctx, in.Username, in.Body)
}

func (s *Server) editMe(ctx context.Context, in *bodyOnly[EditPerson]) (Person, error) {
	return s.edit(ctx, edge.Of(ctx).Person.Username, in.Body)
}

func (s *Server) edit(ctx context.Context, username string, in EditPerson) (Person, error) {
	if in.Email == nil {
		return Person{}, custody.Invalid("email", "nothing_to_change")
	}
	action := custody.ChangeEmail{Person: username, Email: desk.NewNote(*in.Email)}
	if _, err := s.Desk.ChangeEmail(ctx, by(ctx, action, in.TOTP), action); err != nil {
		return Person{}, err
	}
	return s.person(ctx, username)
}

func (s *Server) person(ctx context.Context, username string) (Person, error) {
	person, err := s.known(ctx).Person(ctx, username)
	return viewPerson(person), err
}
