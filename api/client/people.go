package client

import (
	"context"
	"net/url"
	"strconv"

	"github.com/tandem-custody/tandem/api"
)

// People lists everybody.
func (c *Client) People(ctx context.Context) ([]api.Person, error) {
	return call[[]api.Person](ctx, c, "GET", nil, nil, "people")
}

// Person gives somebody.
func (c *Client) Person(ctx context.Context, username string) (api.Person, error) {
	return call[api.Person](ctx, c, "GET", nil, nil, "people", username)
}

// AddPerson asks for an account for somebody, SetRoles for other roles, and Enrol that
// they set up their log-in anew.
func (c *Client) AddPerson(ctx context.Context, in api.AddPerson) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people")
}

func (c *Client) SetRoles(ctx context.Context, username string, in api.SetRoles) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people", username, "roles")
}

func (c *Client) Enrol(ctx context.Context, username string, in api.ConfirmedReason) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people", username, "enrolment")
}

// Disabling says what Disable would do. Disable ends somebody's access at once;
// ProposeDisabling asks for it, and Reinstate for the way back.
func (c *Client) Disabling(ctx context.Context, username string) (api.Disabling, error) {
	return call[api.Disabling](ctx, c, "GET", nil, nil, "people", username, "disable")
}

func (c *Client) Disable(ctx context.Context, username string, in api.ConfirmedReason) (api.Disabled, error) {
	return call[api.Disabled](ctx, c, "POST", in, nil, "people", username, "disable")
}

func (c *Client) ProposeDisabling(ctx context.Context, username string, in api.ConfirmedReason) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people", username, "disable", "proposal")
}

func (c *Client) Reinstate(ctx context.Context, username string, in api.ConfirmedReason) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people", username, "reinstate")
}

// PlanDeparture asks for the date on which somebody's access ends, Refound for the role
// that nobody has any more. StopRecovery stops a log-in that was asked for on the server.
func (c *Client) PlanDeparture(ctx context.Context, username string, in api.PlanDeparture) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people", username, "departure")
}

func (c *Client) Refound(ctx context.Context, username string, in api.Refound) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people", username, "refound")
}

func (c *Client) StopRecovery(ctx context.Context, username string, in api.ConfirmedReason) (api.Person, error) {
	return call[api.Person](ctx, c, "POST", in, nil, "people", username, "recovery", "stop")
}

// Offboardings lists those who left or changed post, Offboarding gives one of them, and
// SettleItem says that the item of a number was done.
func (c *Client) Offboardings(ctx context.Context, onlyOpen bool) ([]api.Offboarding, error) {
	v := url.Values{}
	if onlyOpen {
		v.Set("status", "open")
	}
	return call[[]api.Offboarding](ctx, c, "GET", nil, v, "offboardings")
}

func (c *Client) Offboarding(ctx context.Context, username string) (api.Offboarding, error) {
	return call[api.Offboarding](ctx, c, "GET", nil, nil, "offboardings", username)
}

func (c *Client) SettleItem(ctx context.Context, username string, item int, in api.SettleItem) (api.Offboarding, error) {
	return call[api.Offboarding](ctx, c, "POST", in, nil, "offboardings", username, "items", strconv.Itoa(item))
}

// IssueLink makes the link with which somebody who was approved sets up their log-in.
func (c *Client) IssueLink(ctx context.Context, username string, totp api.Secret) (api.Link, error) {
	return call[api.Link](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "people", username, "activation")
}

// OpenLink and Join are what that person does: with the token of the link a password of
// their own, then the first code of the authenticator that they got.
func (c *Client) OpenLink(ctx context.Context, token string, in api.OpenLink) (api.NewAuthenticator, error) {
	return call[api.NewAuthenticator](ctx, c, "POST", in, nil, "activation", token)
}

func (c *Client) Join(ctx context.Context, token string, totp api.Secret) (api.Joined, error) {
	return call[api.Joined](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "activation", token, "confirm")
}

// Founding says who there is; ConfirmFounding that it is right.
func (c *Client) Founding(ctx context.Context) (api.Founding, error) {
	return call[api.Founding](ctx, c, "GET", nil, nil, "founding")
}

func (c *Client) ConfirmFounding(ctx context.Context, in api.ConfirmFounding) (api.Founding, error) {
	return call[api.Founding](ctx, c, "POST", in, nil, "founding", "confirm")
}

// Unlock lifts whatever keeps somebody from logging in or confirming.
func (c *Client) Unlock(ctx context.Context, username string, totp api.Secret) (api.Person, error) {
	return call[api.Person](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "people", username, "unlock")
}

// ProposeEmail asks for another address of somebody else.
func (c *Client) ProposeEmail(ctx context.Context, username string, in api.ProposeEmail) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people", username, "email")
}

// EditPerson changes what is known of the person who is signed in, by their username.
func (c *Client) EditPerson(ctx context.Context, username string, in api.EditPerson) (api.Person, error) {
	return call[api.Person](ctx, c, "PATCH", in, nil, "people", username)
}

// NameDeputy asks for who decides in somebody's place, and EndDeputy ends it.
func (c *Client) NameDeputy(ctx context.Context, username string, in api.NameDeputy) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "people", username, "deputy")
}

func (c *Client) EndDeputy(ctx context.Context, username string, totp api.Secret) (api.Person, error) {
	return call[api.Person](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "people", username, "deputy", "end")
}
