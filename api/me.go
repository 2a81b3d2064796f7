package api

import (
	"context"
	"errors"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// The two states of presence.
const (
	Present = "present"
	Away    = "away"
)

// Presence says whether somebody can act on a server now.
type Presence struct {
	State  string    `json:"state" enum:"present,away"`
	Since  time.Time `json:"since,omitzero"`
	Until  time.Time `json:"until,omitzero" doc:"What the person announced"`
	Reason string    `json:"reason,omitzero"`
}

// Me is what a person sees first.
type Me struct {
	Person   Person       `json:"person"`
	Presence Presence     `json:"presence"`
	Holdings []Credential `json:"holdings" doc:"What I hold now"`
	Changing []Credential `json:"changing" doc:"What I will hold when its password is changed"`
	Inbox    []InboxItem  `json:"inbox" doc:"What waits for me"`

	Maintenance string `json:"maintenance,omitzero" doc:"Why no password is changed and nothing is sent now"`

	ReviewDue time.Time `json:"review_due,omitzero" doc:"By when the policy should have been reviewed, once that is past"`

	FewApprovers []FewerThanTwo `json:"few_approvers,omitempty" doc:"Where fewer than two could approve; for managers, directors, admins and auditors"`

	Incidents *IncidentCounts `json:"incidents,omitzero" doc:"Those that are not closed; for managers, directors, admins and auditors"`

	Configuration *Unacknowledged `json:"configuration,omitzero" doc:"There is a change of the configuration that no manager has acknowledged"`
}

// Unacknowledged is what of the configuration waits for a manager.
type Unacknowledged struct {
	Waiting []string `json:"waiting" doc:"Keys: dependents among them are given no password"`
	ByWhom  []string `json:"by_whom" doc:"Usernames of who can acknowledge it now"`
}

// InboxItem is something that waits for a person's decision. Of kind
// "handover": an offer to accept or decline, or what is to be signed ahead of an absence (its status is planned).
type InboxItem struct {
	Kind string `json:"kind" enum:"handover"`
	Handover
}

// PresenceChange is the answer to a change of presence.
type PresenceChange struct {
	Person    Person     `json:"person"`
	Handovers []Handover `json:"handovers" doc:"Those that this returned"`
}

// SetPresence marks oneself away or present.
type SetPresence struct {
	State    string    `json:"state" enum:"present,away"`
	TOTP     Secret    `json:"totp,omitzero" maxLength:"64" doc:"Needed to be away, and to take back"`
	Until    time.Time `json:"until,omitzero" doc:"Only with away"`
	Reason   string    `json:"reason,omitzero" doc:"Only with away"`
	TakeBack bool      `json:"take_back,omitzero" doc:"Only with present: return all that I gave"`
}

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
