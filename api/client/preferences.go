package client

import (
	"context"

	"github.com/tandem-custody/tandem/api"
)

// Preferences gives how the person who is signed in wants to be spoken to.
func (c *Client) Preferences(ctx context.Context) (api.Preferences, error) {
	return call[api.Preferences](ctx, c, "GET", nil, nil, "me", "preferences")
}

// SetPreferences changes both.
func (c *Client) SetPreferences(ctx context.Context, in api.Preferences) (api.Preferences, error) {
	return call[api.Preferences](ctx, c, "PUT", in, nil, "me", "preferences")
}
