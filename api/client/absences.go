package client

import (
	"context"
	"net/url"
	"time"

	"github.com/tandem-custody/tandem/api"
)

// OpenFeed gives the address at which a calendar program reads who is away; CloseFeed
// makes it worth nothing.
func (c *Client) OpenFeed(ctx context.Context, totp api.Secret) (api.CalendarFeed, error) {
	return call[api.CalendarFeed](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "me", "calendar")
}

func (c *Client) CloseFeed(ctx context.Context) error {
	_, err := c.send(ctx, "DELETE", "", nil, nil, "me", "calendar")
	return err
}

// Absences gives when I will be away.
func (c *Client) Absences(ctx context.Context) ([]api.Absence, error) {
	return call[[]api.Absence](ctx, c, "GET", nil, nil, "me", "absences")
}

// PlanAbsence plans to be away, and signs for what passes on then if it says so.
func (c *Client) PlanAbsence(ctx context.Context, in api.PlanAbsence) (api.PlannedAbsence, error) {
	return call[api.PlannedAbsence](ctx, c, "POST", in, nil, "me", "absences")
}

// PlanAbsences plans to be away several times, all or none.
func (c *Client) PlanAbsences(ctx context.Context, in api.PlanAbsences) ([]api.Absence, error) {
	return call[[]api.Absence](ctx, c, "POST", in, nil, "me", "absences", "several")
}

// MoveAbsence gives an absence of mine another time.
func (c *Client) MoveAbsence(ctx context.Context, id string, in api.MoveAbsence) (api.PlannedAbsence, error) {
	return call[api.PlannedAbsence](ctx, c, "PATCH", in, nil, "me", "absences", id)
}

// CancelAbsence calls an absence of mine off.
func (c *Client) CancelAbsence(ctx context.Context, id string, totp api.Secret) error {
	_, err := c.send(ctx, "DELETE", "application/json", api.Confirmation{TOTP: totp}, nil, "me", "absences", id)
	return err
}

// SignAbsence signs that all I hold, and have not signed for, passes on when it begins.
func (c *Client) SignAbsence(ctx context.Context, id string, totp api.Secret) (api.PlannedAbsence, error) {
	return call[api.PlannedAbsence](ctx, c, "POST", api.Confirmation{TOTP: totp}, nil, "me", "absences", id, "sign")
}

// SwapAbsences asks for a swap, or agrees to one.
func (c *Client) SwapAbsences(ctx context.Context, in api.SwapAbsences) (api.SwappedAbsence, error) {
	return call[api.SwappedAbsence](ctx, c, "POST", in, nil, "me", "absences", "swap")
}

// EndAbsence ends somebody's plan that blocks a partner, by a manager.
func (c *Client) EndAbsence(ctx context.Context, username, id, reason string, totp api.Secret) error {
	_, err := c.send(ctx, "POST", "application/json", api.ConfirmedReason{Reason: reason, TOTP: totp}, nil, "people", username, "absences", id, "end")
	return err
}

// Calendar gives who is away when, and when neither custodian of something is there; zero:
// two weeks from now.
func (c *Client) Calendar(ctx context.Context, from, until time.Time) (api.Calendar, error) {
	v := url.Values{}
	for name, t := range map[string]time.Time{"from": from, "until": until} {
		if !t.IsZero() {
			v.Set(name, t.UTC().Format(time.RFC3339Nano))
		}
	}
	return call[api.Calendar](ctx, c, "GET", nil, v, "absences")
}
