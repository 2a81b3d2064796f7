package api

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// SignReview says that entries were gone through, by an auditor.
type SignReview struct {
	From int64  `json:"from" minimum:"0" doc:"Index of the first entry"`
	To   int64  `json:"to" minimum:"1" doc:"Index behind the last one"`
	Text string `json:"text" doc:"What was found"`
	TOTP Secret `json:"totp,omitzero" maxLength:"64"`
}

// SignedReview is one that is in the ledger.
type SignedReview struct {
	Index int64     `json:"index" doc:"Of its entry"`
	At    time.Time `json:"at"`
	By    string    `json:"by"`
	From  int64     `json:"from"`
	To    int64     `json:"to"`
	Text  string    `json:"text"`
}

type reviewsBefore struct {
	Before int64 `query:"before" minimum:"0" doc:"Only those before this entry"`
	Limit  int   `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (s *Server) listReviews(ctx context.Context, in *reviewsBefore) ([]SignedReview, error) {
	if err := WholeLedger(edge.Of(ctx).Person); err != nil {
		return nil, err
	}
	return s.reviews(ctx, desk.EntryQuery{Before: in.Before, Newest: true, Limit: in.Limit, Type: custody.ReviewSigned{}.Type()})
}

func (s *Server) reviews(ctx context.Context, q desk.EntryQuery) ([]SignedReview, error) {
	signed := []SignedReview{}
	stored, err := s.known(ctx).Entries(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, entry := range stored {
		event, f, err := entry.Review()
		if err != nil {
			return nil, err
		}
		signed = append(signed, SignedReview{entry.Index, event.Time, event.Actor, f.From, f.To, f.Text.In(custody.Redacted)})
	}
	return signed, nil
}

func (s *Server) signReview(ctx context.Context, in *bodyOnly[SignReview]) (SignedReview, error) {
	action := custody.SignReview{From: in.Body.From, To: in.Body.To, Text: desk.NewNote(in.Body.Text)}
	outcome, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action)
	if err != nil {
		return SignedReview{}, err
	}
	at := outcome.Events[0].Index
	signed, err := s.reviews(ctx, desk.EntryQuery{From: at, Before: at + 1, Limit: 1})
	if err != nil || len(signed) == 0 {
		return SignedReview{}, err
	}
	return signed[0], nil
}
