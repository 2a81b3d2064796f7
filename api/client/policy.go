package client

import (
	"context"

	"github.com/tandem-custody/tandem/api"
)

// Policy gives the policy in force.
func (c *Client) Policy(ctx context.Context) (api.PolicyInForce, error) {
	return call[api.PolicyInForce](ctx, c, "GET", nil, nil, "policy")
}

// AdoptPolicy asks for another policy.
func (c *Client) AdoptPolicy(ctx context.Context, in api.AdoptPolicy) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "policy")
}

// ReviewPolicy asks that the policy in force, which was looked at again, stays.
func (c *Client) ReviewPolicy(ctx context.Context, in api.ReviewPolicy) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "policy", "review")
}
