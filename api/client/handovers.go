package client

import (
	"context"
	"net/url"
	"strings"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Handovers gives a page of the handovers, the newest first: see EachHandover for
// all of them.
func (c *Client) Handovers(ctx context.Context, q desk.HandoverQuery) ([]api.Handover, error) {
	status := make([]string, len(q.Status))
	for i, s := range q.Status {
		status[i] = string(s)
	}
	v := url.Values{}
	setString(v, "status", strings.Join(status, ","))
	setString(v, "person", q.Person)
	setString(v, "before", q.Before)
	setInt(v, "limit", int64(q.Limit))
	return call[[]api.Handover](ctx, c, "GET", nil, v, "handovers")
}

// Handover gives one of them.
func (c *Client) Handover(ctx context.Context, id string) (api.Handover, error) {
	return call[api.Handover](ctx, c, "GET", nil, nil, "handovers", id)
}

// OfferHandover asks the other custodians to take over: one handover for each
// receiver.
func (c *Client) OfferHandover(ctx context.Context, in api.OfferHandover) ([]api.Handover, error) {
	return call[[]api.Handover](ctx, c, "POST", in, nil, "handovers")
}

// AcceptHandover takes over everything in it.
func (c *Client) AcceptHandover(ctx context.Context, id string, totp api.Secret) (api.Handover, error) {
	return call[api.Handover](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "handovers", id, "accept")
}

// AcceptHandovers takes over everything in several, or in none.
func (c *Client) AcceptHandovers(ctx context.Context, in api.AcceptHandovers) ([]api.Handover, error) {
	return call[[]api.Handover](ctx, c, "POST", in, nil, "handovers", "accept")
}

// DeclineHandover ends an offer, by its receiver.
func (c *Client) DeclineHandover(ctx context.Context, id, reason string) (api.Handover, error) {
	return call[api.Handover](ctx, c, "POST", api.Reason{Reason: reason}, nil, "handovers", id, "decline")
}

// CancelHandover ends an offer, by its giver.
func (c *Client) CancelHandover(ctx context.Context, id, reason string) (api.Handover, error) {
	return call[api.Handover](ctx, c, "POST", api.Reason{Reason: reason}, nil, "handovers", id, "cancel")
}

// SignHandover signs, by its receiver, what passes on when an absence begins.
func (c *Client) SignHandover(ctx context.Context, id string, totp api.Secret) (api.Handover, error) {
	return call[api.Handover](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "handovers", id, "sign")
}

// ReturnHandover ends an accepted handover, by either side. The password is
// changed before the giver holds it again.
func (c *Client) ReturnHandover(ctx context.Context, id string, totp api.Secret) (api.Handover, error) {
	return call[api.Handover](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "handovers", id, "return")
}
