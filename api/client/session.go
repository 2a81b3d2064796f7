package client

import (
	"context"

	"github.com/tandem-custody/tandem/api"
)

// SignIn opens a session and uses its token from then on.
func (c *Client) SignIn(ctx context.Context, in api.SignIn) (api.Session, error) {
	s, err := call[api.Session](ctx, c, "POST", in, nil, "sessions")
	if err == nil {
		c.token = s.Token
	}
	return s, err
}

// Recover replaces a TOTP seed that is lost. It opens no session.
func (c *Client) Recover(ctx context.Context, in api.Recover) (api.Recovered, error) {
	return call[api.Recovered](ctx, c, "POST", in, nil, "sessions", "recovery")
}

// SignOut ends the session.
func (c *Client) SignOut(ctx context.Context) error {
	_, err := c.send(ctx, "DELETE", "", nil, nil, "sessions", "current")
	return err
}

// Me gives the person who is signed in, what they hold and what waits for them.
func (c *Client) Me(ctx context.Context) (api.Me, error) {
	return call[api.Me](ctx, c, "GET", nil, nil, "me")
}

// SetPresence marks oneself away or present.
func (c *Client) SetPresence(ctx context.Context, in api.SetPresence) (api.PresenceChange, error) {
	return call[api.PresenceChange](ctx, c, "POST", in, nil, "me", "presence")
}

// ChangePassword changes the password that I log in with, and ends my other sessions.
func (c *Client) ChangePassword(ctx context.Context, in api.ChangePassword) error {
	_, err := c.send(ctx, "POST", "application/json", in, nil, "me", "password")
	return err
}

// ReplaceAuthenticator gives another authenticator in the place of mine, which counts
// until ProveAuthenticator has a code of the other.
func (c *Client) ReplaceAuthenticator(ctx context.Context, in api.ReplaceAuthenticator) (api.NewAuthenticator, error) {
	return call[api.NewAuthenticator](ctx, c, "POST", in, nil, "me", "authenticator")
}

func (c *Client) ProveAuthenticator(ctx context.Context, totp api.Secret) (api.Joined, error) {
	return call[api.Joined](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "me", "authenticator", "confirm")
}

// Sessions says where I am logged in. EndSession logs out there, and everywhere but here
// for "".
func (c *Client) Sessions(ctx context.Context) ([]api.OpenSession, error) {
	return call[[]api.OpenSession](ctx, c, "GET", nil, nil, "me", "sessions")
}

func (c *Client) EndSession(ctx context.Context, id string) error {
	path := []string{"me", "sessions"}
	if id != "" {
		path = append(path, id)
	}
	_, err := c.send(ctx, "DELETE", "application/json", nil, nil, path...)
	return err
}

// EditMe changes what is known of the person who is signed in.
func (c *Client) EditMe(ctx context.Context, in api.EditPerson) (api.Person, error) {
	return call[api.Person](ctx, c, "PATCH", in, nil, "me")
}
