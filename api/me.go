package api

import (
	"context"
	"errors"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func (s *Server) changePassword(ctx context.Context, in *bodyOnly[ChangePassword]) (*nothing, error) {
	r := edge.Of(ctx)
	return &nothing{}, s.Desk.ChangePassword(ctx, by(ctx, custody.ChangePassword{}, in.Body.TOTP), desk.PasswordChange{
		Current: secretOf(in.Body.Current), New: secretOf(in.Body.New), Session: r.Token, From: r.Place(custody.Secret{}),
	})
}

func (s *Server) replaceAuthenticator(ctx context.Context, in *bodyOnly[ReplaceAuthenticator]) (NewAuthenticator, error) {
	r := edge.Of(ctx)
	shown, err := s.Desk.ReplaceAuthenticator(ctx, by(ctx, custody.ReplaceAuthenticator{}, in.Body.TOTP), desk.AuthenticatorChange{
		Current: secretOf(in.Body.Current), From: r.Place(custody.Secret{}),
	})
	return viewAuthenticator(shown), err
}

func (s *Server) proveAuthenticator(ctx context.Context, in *bodyOnly[Confirmation]) (Joined, error) {
	r := edge.Of(ctx)
	codes, err := s.Desk.ProveAuthenticator(ctx, by(ctx, custody.ProveAuthenticator{}, in.Body.TOTP), r.Token)
	return Joined{Username: r.Person.Username, RecoveryCodes: each(codes, func(code custody.Secret) Secret { return Secret(code.Reveal()) })}, err
}

func (s *Server) listSessions(ctx context.Context, _ *nothing) ([]OpenSession, error) {
	r := edge.Of(ctx)
	open, err := s.Desk.Sessions(ctx, r.Person.Username, r.Token)
	return each(open, func(o desk.OpenSession) OpenSession {
		return OpenSession{o.Token, o.Device.String(), o.Address.String(), o.Opened, o.LastUsed, o.Until, o.Here}
	}), err
}

func (s *Server) endSession(ctx context.Context, in *ofSession) (*nothing, error) {
	return &nothing{}, EndSessions(ctx, s.Desk, func(o desk.OpenSession) bool { return o.Token == in.ID })
}

func (s *Server) endOtherSessions(ctx context.Context, _ *nothing) (*nothing, error) {
	err := EndSessions(ctx, s.Desk, func(o desk.OpenSession) bool { return !o.Here })
	if errors.Is(err, desk.ErrNotFound) { // there were no others
		err = nil
	}
	return &nothing{}, err
}

// EndSessions ends those of whoever asks that are meant; desk.ErrNotFound where none is.
func EndSessions(ctx context.Context, d Desk, meant func(desk.OpenSession) bool) error {
	r := edge.Of(ctx)
	open, err := d.Sessions(ctx, r.Person.Username, r.Token)
	if err != nil {
		return err
	}
	found := desk.ErrNotFound
	for _, o := range open {
		if !meant(o) {
			continue
		}
		action := custody.SignOut{Session: o.Token}
		if _, err := d.Do(ctx, desk.By{Actor: r.Person.Username, Request: r.ID}, action); err != nil {
			return err
		}
		r.Verb, found = action.Verb(), nil
	}
	return found
}
