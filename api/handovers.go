package api

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Handover passes custody to the other custodian for a time.
type Handover struct {
	ID               string                 `json:"id"`
	From             string                 `json:"from"`
	To               string                 `json:"to"`
	Credentials      []string               `json:"credentials"`
	Reason           string                 `json:"reason"`
	Status           custody.HandoverStatus `json:"status"`
	AwayWhenAccepted bool                   `json:"away_when_accepted"`
	ExpectedReturn   time.Time              `json:"expected_return,omitzero"`
	OfferedAt        time.Time              `json:"offered_at"`
	ExpiresAt        time.Time              `json:"expires_at" doc:"When an offer that nobody accepted ends"`
	AcceptedAt       time.Time              `json:"accepted_at,omitzero"`
	ReturnedAt       time.Time              `json:"returned_at,omitzero"`
	EndedAt          time.Time              `json:"ended_at,omitzero"`
	Overdue          bool                   `json:"overdue" doc:"The expected return has passed"`

	Ahead *AheadOf `json:"ahead,omitzero" doc:"It was signed before an absence, or offered because one began"`
}

// AcceptHandovers takes over everything in several handovers.
type AcceptHandovers struct {
	Handovers []string `json:"handovers" minItems:"1" maxItems:"300" doc:"Ids, each once"`
	TOTP      Secret   `json:"totp,omitzero" maxLength:"64"`
}

// OfferHandover asks the other custodians to take over.
type OfferHandover struct {
	Credentials      []string  `json:"credentials,omitzero" doc:"Names; none with all"`
	All              bool      `json:"all,omitzero" doc:"Everything that I hold"`
	Reason           string    `json:"reason"`
	ExpectedReturn   time.Time `json:"expected_return,omitzero"`
	AwayWhenAccepted bool      `json:"away_when_accepted,omitzero" doc:"Only with all: and mark me away"`
	TOTP             Secret    `json:"totp,omitzero" maxLength:"64"`
}

type handoverFilter struct {
	Status []custody.HandoverStatus `query:"status" enum:"planned,signed,offered,accepted,returned,closed,declined,cancelled,expired,void" doc:"One or more, with commas"`
	Person string                   `query:"person" maxLength:"63" pattern:"^[a-z0-9._-]+$" doc:"Giver or receiver"`
	Before string                   `query:"before" maxLength:"63" pattern:"^[a-z0-9._-]+$" doc:"Only older ones than this id"`
	Limit  int                      `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (s *Server) listHandovers(ctx context.Context, in *handoverFilter) ([]Handover, error) {
	handovers, err := s.known(ctx).Handovers(ctx, desk.HandoverQuery{
		Status: in.Status, Person: in.Person, Before: in.Before, Limit: in.Limit,
	})
	return each(handovers, viewHandover), err
}

// AllHandovers gives all handovers that fit, the newest first, however many pages
// that takes.
func AllHandovers(ctx context.Context, queries Queries, q desk.HandoverQuery) (all []custody.Handover, err error) {
	q.Limit = desk.MaxPage
	for {
		page, err := queries.Handovers(ctx, q)
		all = append(all, page...)
		if err != nil || len(page) < q.Limit {
			return all, err
		}
		q.Before = page[len(page)-1].ID
	}
}

func (s *Server) getHandover(ctx context.Context, in *ofHandover) (Handover, error) {
	return s.handover(ctx, in.ID)
}

func (s *Server) handover(ctx context.Context, id string) (Handover, error) {
	h, err := s.known(ctx).Handover(ctx, id)
	return viewHandover(h), err
}

func (s *Server) offerHandover(ctx context.Context, in *bodyOnly[OfferHandover]) ([]Handover, error) {
	offer := in.Body
	action := custody.Offer{
		Credentials: offer.Credentials, All: offer.All, Leave: offer.AwayWhenAccepted,
		Reason: desk.NewNote(offer.Reason), ExpectedReturn: offer.ExpectedReturn,
	}
	outcome, err := s.Desk.Do(ctx, by(ctx, action, offer.TOTP), action)
	if err != nil {
		return nil, err
	}
	return s.concerned(ctx, outcome)
}

func (s *Server) acceptHandover(ctx context.Context, in *handoverWith[Confirmation]) (Handover, error) {
	return s.changeHandover(ctx, custody.Accept{Handover: in.ID}, in.Body.TOTP)
}

func (s *Server) acceptHandovers(ctx context.Context, in *bodyOnly[AcceptHandovers]) ([]Handover, error) {
	action := custody.AcceptAll{Handovers: in.Body.Handovers}
	if _, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action); err != nil {
		return nil, err
	}
	accepted := []Handover{}
	for _, id := range action.Handovers {
		h, err := s.handover(ctx, id)
		if err != nil {
			return nil, err
		}
		accepted = append(accepted, h)
	}
	return accepted, nil
}

func (s *Server) declineHandover(ctx context.Context, in *handoverWith[*Reason]) (Handover, error) {
	return s.changeHandover(ctx, custody.Decline{Handover: in.ID, Reason: desk.NewNote(in.Body.text())}, "")
}

func (s *Server) cancelHandover(ctx context.Context, in *handoverWith[*Reason]) (Handover, error) {
	return s.changeHandover(ctx, custody.Cancel{Handover: in.ID, Reason: desk.NewNote(in.Body.text())}, "")
}

func (s *Server) returnHandover(ctx context.Context, in *handoverWith[Confirmation]) (Handover, error) {
	return s.changeHandover(ctx, custody.GiveBack{Handover: in.ID}, in.Body.TOTP)
}

// changeHandover carries out a command about a handover and shows what became
// of it.
func (s *Server) changeHandover(ctx context.Context, action custody.Action, code Secret) (Handover, error) {
	if _, err := s.Desk.Do(ctx, by(ctx, action, code), action); err != nil {
		return Handover{}, err
	}
	return s.handover(ctx, action.Subject())
}

// concerned gives the handovers that a command offered or returned.
func (s *Server) concerned(ctx context.Context, outcome desk.Outcome) ([]Handover, error) {
	handovers := []Handover{}
	for _, event := range outcome.Events {
		switch event.Fact.(type) {
		case custody.HandoverOffered, custody.HandoverReturned:
			h, err := s.handover(ctx, event.Fact.Subject())
			if err != nil {
				return nil, err
			}
			handovers = append(handovers, h)
		}
	}
	return handovers, nil
}

// text gives the reason, which may have been left out together with the body.
func (r *Reason) text() string {
	if r == nil {
		return ""
	}
	return r.Reason
}
