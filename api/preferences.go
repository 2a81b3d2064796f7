package api

import (
	"context"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Preferences is how somebody wants to be spoken to, in pages and e-mails. "":
// not chosen.
type Preferences struct {
	Language string `json:"language" doc:"en or zh; empty: as the browser asks"`
	Zone     string `json:"zone" maxLength:"64" doc:"IANA name of a time zone, such as Asia/Shanghai; empty: the server's"`
}

func (s *Server) preferences(ctx context.Context, _ *nothing) (Preferences, error) {
	chosen, err := s.Desk.Preference(ctx, edge.Of(ctx).Person.Username)
	return Preferences(chosen), err
}

func (s *Server) setPreferences(ctx context.Context, in *bodyOnly[Preferences]) (Preferences, error) {
	return in.Body, s.Desk.SetPreference(ctx, edge.Of(ctx).Person.Username, desk.Preference(in.Body))
}
