package api

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

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
