package client

import (
	"context"
	"net/url"

	"github.com/tandem-custody/tandem/api"
)

// Emergencies lists those that are open, to be reviewed, or the last of their credentials;
// open: not the last. Emergency gives one.
func (c *Client) Emergencies(ctx context.Context, open bool) ([]api.Emergency, error) {
	query := url.Values{}
	if open {
		query.Set("status", "open")
	}
	return call[[]api.Emergency](ctx, c, "GET", nil, query, "emergencies")
}

func (c *Client) Emergency(ctx context.Context, id string) (api.Emergency, error) {
	return call[api.Emergency](ctx, c, "GET", nil, nil, "emergencies", id)
}

// RequestEmergency asks for passwords whose holder cannot be reached. Others approve it
// (ApproveEmergency) or stop it (Veto); whoever asked withdraws it, whoever has it ends it,
// and somebody who had no part in it reviews it.
func (c *Client) RequestEmergency(ctx context.Context, in api.RequestEmergency) (api.Emergency, error) {
	return call[api.Emergency](ctx, c, "POST", in, nil, "emergencies")
}

func (c *Client) ApproveEmergency(ctx context.Context, id string, totp api.Secret) (api.Emergency, error) {
	return call[api.Emergency](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "emergencies", id, "approve")
}

func (c *Client) Veto(ctx context.Context, id string, in api.Veto) (api.Emergency, error) {
	return call[api.Emergency](ctx, c, "POST", in, nil, "emergencies", id, "veto")
}

func (c *Client) WithdrawEmergency(ctx context.Context, id string) (api.Emergency, error) {
	return call[api.Emergency](ctx, c, "POST", nil, nil, "emergencies", id, "withdraw")
}

func (c *Client) EndEmergency(ctx context.Context, id string, totp api.Secret) (api.Emergency, error) {
	return call[api.Emergency](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "emergencies", id, "end")
}

func (c *Client) ReviewEmergency(ctx context.Context, id string, in api.ReviewEmergency) (api.Emergency, error) {
	return call[api.Emergency](ctx, c, "POST", in, nil, "emergencies", id, "review")
}
