package client

import (
	"context"
	"net/url"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Proposals gives a page of them, the newest first: see EachProposal for all of them.
// forMe: only those that I can approve.
func (c *Client) Proposals(ctx context.Context, q desk.ProposalQuery, forMe bool) ([]api.Proposal, error) {
	v := url.Values{}
	if q.Open {
		v.Set("status", "open")
	}
	if forMe {
		v.Set("for_me", "true")
	}
	setString(v, "before", q.Before)
	setInt(v, "limit", int64(q.Limit))
	return call[[]api.Proposal](ctx, c, "GET", nil, v, "proposals")
}

// Proposal gives one of them.
func (c *Client) Proposal(ctx context.Context, id string) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "GET", nil, nil, "proposals", id)
}

// ProposeCustodians asks for other custodians.
func (c *Client) ProposeCustodians(ctx context.Context, credential string, in api.SetCustodians) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "credentials", credential, "custodians")
}

// Revise asks for something else in a proposal of one's own. in is the body that asked for
// it: AddPerson, SetRoles, SetCustodians, NameDeputy, AddCredential, Retarget, ProposePolicy
// of a credential, ProposeEmail, PlanDeparture, Refound, AdoptPolicy or ReviewPolicy, as its
// kind is.
func (c *Client) Revise(ctx context.Context, id, kind string, in any) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "proposals", id, kind)
}

// Approving says who could approve, and where they are too few.
func (c *Client) Approving(ctx context.Context) (api.Approving, error) {
	return call[api.Approving](ctx, c, "GET", nil, nil, "approvers")
}

// Approve says yes to a revision, and Reject no. Withdraw takes one's own back.
func (c *Client) Approve(ctx context.Context, id string, in api.ApproveProposal) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "proposals", id, "approve")
}

func (c *Client) Reject(ctx context.Context, id string, in api.RejectProposal) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", in, nil, "proposals", id, "reject")
}

func (c *Client) Withdraw(ctx context.Context, id string) (api.Proposal, error) {
	return call[api.Proposal](ctx, c, "POST", nil, nil, "proposals", id, "withdraw")
}
