package client

import (
	"context"

	"github.com/tandem-custody/tandem/api"
)

// Envelopes says whose they are, how each stands, and whose drill is due.
func (c *Client) Envelopes(ctx context.Context) (api.Envelopes, error) {
	return call[api.Envelopes](ctx, c, "GET", nil, nil, "envelopes")
}

// EnvelopeOpened says that two keyholders opened one, EnvelopeDrill that they did in a
// drill, with what was inside. The password is changed.
func (c *Client) EnvelopeOpened(ctx context.Context, name string, in api.OpenedEnvelope) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", in, nil, "credentials", name, "envelope-opened")
}

func (c *Client) EnvelopeDrill(ctx context.Context, name string, in api.DrilledEnvelope) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", in, nil, "credentials", name, "envelope-drill")
}
