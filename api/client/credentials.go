package client

import (
	"context"
	"net/url"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Credentials lists all of them.
func (c *Client) Credentials(ctx context.Context) ([]api.Credential, error) {
	return call[[]api.Credential](ctx, c, "GET", nil, nil, "credentials")
}

// Credential gives one of them.
func (c *Client) Credential(ctx context.Context, name string) (api.Credential, error) {
	return call[api.Credential](ctx, c, "GET", nil, nil, "credentials", name)
}

// AddCredential asks for an account to come under custody.
func (c *Client) AddCredential(ctx context.Context, in api.AddCredential) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "credentials")
}

// CheckOut reveals the password to its holder.
func (c *Client) CheckOut(ctx context.Context, name string, in api.CheckOut) (api.Checkout, error) {
	return call[api.Checkout](ctx, c, "POST", in, nil, "credentials", name, "checkout")
}

// ShowAgain reveals the password of a check-out that lasts once more.
func (c *Client) ShowAgain(ctx context.Context, name string, totp api.Secret) (api.Checkout, error) {
	return call[api.Checkout](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "credentials", name, "show")
}

// CheckIn ends the check-out before its time.
func (c *Client) CheckIn(ctx context.Context, name string) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", nil, nil, "credentials", name, "checkin")
}

// Take takes what nobody holds, and Park asks that nobody needs to hold it for a while.
func (c *Client) Take(ctx context.Context, name string, totp api.Secret) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "credentials", name, "take")
}

func (c *Client) Park(ctx context.Context, name string, in api.ConfirmedReason) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "credentials", name, "park")
}

// Retarget asks that an account is reached in another way, Target shows in which way it is,
// and ConfirmTarget says that this is right.
func (c *Client) Retarget(ctx context.Context, name string, in api.Retarget) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "credentials", name, "target")
}

func (c *Client) Target(ctx context.Context, name string) (api.TargetShown, error) {
	return call[api.TargetShown](ctx, c, "GET", nil, nil, "credentials", name, "target")
}

func (c *Client) ConfirmTarget(ctx context.Context, name string, in api.ConfirmTarget) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", in, nil, "credentials", name, "target", "confirm")
}

// Rotate asks for a new password.
func (c *Client) Rotate(ctx context.Context, name string, in api.ConfirmedReason) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", in, nil, "credentials", name, "rotate")
}

// RotateAll asks for new passwords of everything that the person may ask it for.
func (c *Client) RotateAll(ctx context.Context, in api.RotateAll) ([]api.Credential, error) {
	return call[[]api.Credential](ctx, c, "POST", in, nil, "credentials", "rotate")
}

// Reconcile has a lost password set through the target's second account.
func (c *Client) Reconcile(ctx context.Context, name string, in api.ConfirmedReason) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", in, nil, "credentials", name, "reconcile")
}

// NewPassword shows its successor the password to set by hand; ConfirmSet says
// that it is set.
func (c *Client) NewPassword(ctx context.Context, name string, totp api.Secret) (api.NewPassword, error) {
	return call[api.NewPassword](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "credentials", name, "new-password")
}

func (c *Client) ConfirmSet(ctx context.Context, name string, totp api.Secret) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "credentials", name, "set")
}

// ConfirmSetAll says of several new passwords that they are set.
func (c *Client) ConfirmSetAll(ctx context.Context, in api.ConfirmSetAll) ([]api.Credential, error) {
	return call[[]api.Credential](ctx, c, "POST", in, nil, "credentials", "set")
}

// PauseRotation stops the attempts at a rotation, ResumeRotation lets it go on, and
// CancelRotation calls it off, as long as it has surely not reached the target.
func (c *Client) PauseRotation(ctx context.Context, name string, in api.ConfirmedReason) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", in, nil, "credentials", name, "pause")
}

func (c *Client) ResumeRotation(ctx context.Context, name string, totp api.Secret) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "credentials", name, "resume")
}

func (c *Client) CancelRotation(ctx context.Context, name string, in api.ConfirmedReason) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", in, nil, "credentials", name, "cancel")
}

// Abandon asks to end custody of an account whose password cannot be changed.
func (c *Client) Abandon(ctx context.Context, name string, in api.ConfirmedReason) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "credentials", name, "abandon")
}

// ProposePolicy asks for another policy of a credential.
func (c *Client) ProposePolicy(ctx context.Context, name string, in api.ProposePolicy) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "credentials", name, "policy", "proposal")
}

// ChangePolicy replaces the policy of a credential by a stricter one.
func (c *Client) ChangePolicy(ctx context.Context, name string, in api.ChangePolicy) (api.Credential, error) {
	return call[api.Credential](ctx, c, "POST", in, nil, "credentials", name, "policy")
}

// Retire asks to end custody.
func (c *Client) Retire(ctx context.Context, name string, in api.ConfirmedReason) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "credentials", name, "retire")
}

// History gives a page of the entries about a credential, like Entries. Of q, what
// filters does not count.
func (c *Client) History(ctx context.Context, name string, q desk.EntryQuery) ([]api.Entry, error) {
	return call[[]api.Entry](ctx, c, "GET", nil, pageOf(q), "credentials", name, "history")
}

// Exposure says who had been shown the password that was current at an instant;
// the zero one: now.
func (c *Client) Exposure(ctx context.Context, name string, at time.Time) (api.Exposure, error) {
	v := url.Values{}
	if !at.IsZero() {
		v.Set("at", at.UTC().Format(time.RFC3339Nano))
	}
	return call[api.Exposure](ctx, c, "GET", nil, v, "credentials", name, "exposure")
}
