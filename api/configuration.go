package api

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Configuration is the part of the configuration that stands on record, and what of it a
// manager has to look at.
type Configuration struct {
	Settings  []Setting `json:"settings" doc:"By key: those in force, and those that a service runs with"`
	Digest    string    `json:"digest" doc:"Of what a service has started with last: what an acknowledgement is of"`
	Since     time.Time `json:"since,omitzero" doc:"When that was"`
	Waiting   []string  `json:"waiting" doc:"Keys of what is not in force: dependents among them are given no password"`
	ByWhom    []string  `json:"by_whom" doc:"Usernames of who can acknowledge it now"`
	Elsewhere []string  `json:"elsewhere,omitzero" doc:"Keys in which the server that answers differs from what is in force, and from what was seen last: another replica has another configuration"`
}

// Setting is one part of it, before and after.
type Setting struct {
	Key     string `json:"key"`
	Changed bool   `json:"changed"`
	InForce string `json:"in_force,omitzero" doc:"What is in force, in words; empty: there was none, or it is not for the asker"`
	Seen    string `json:"seen,omitzero" doc:"What a service runs with, in words"`
	Before  string `json:"digest_in_force,omitzero" doc:"Keyed digest of all that counts of it, the content of what is run included"`
	After   string `json:"digest_seen,omitzero"`
}

// AcknowledgeConfiguration puts in force what the person looked at.
type AcknowledgeConfiguration struct {
	Digest string `json:"digest" maxLength:"64"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

func (s *Server) configuration(ctx context.Context, _ *nothing) (Configuration, error) {
	c, err := s.Desk.ConfigurationSaid(ctx, edge.Of(ctx).Person)
	if err != nil {
		return Configuration{}, err
	}
	return viewConfiguration(c), nil
}

func (s *Server) acknowledgeConfiguration(ctx context.Context, in *bodyOnly[AcknowledgeConfiguration]) (Configuration, error) {
	action := custody.AcknowledgeConfiguration{Digest: in.Body.Digest}
	if _, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action); err != nil {
		return Configuration{}, err
	}
	return s.configuration(ctx, nil)
}

func viewConfiguration(c desk.Configuration) Configuration {
	view := Configuration{
		Settings: []Setting{}, Digest: c.Digest(), Since: c.Since,
		Waiting: append([]string{}, c.Waiting()...), ByWhom: append([]string{}, c.By...), Elsewhere: c.Elsewhere(),
	}
	for _, p := range c.Pairs() {
		view.Settings = append(view.Settings, Setting{
			Key: p.Key, Changed: p.Changed, InForce: p.Before.Said.In(""), Seen: p.After.Said.In(""), Before: p.Before.Digest, After: p.After.Digest,
		})
	}
	return view
}
