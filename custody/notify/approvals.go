package notify

import (
	"context"
	"slices"

	"github.com/tandem-custody/tandem/custody"
)

// aboutProposals are the events about which those are told who approve, or wait for it.
func (f *Follower) aboutProposals(ctx context.Context, about concerns, fact custody.Fact) ([]notice, error) {
	p, err := f.Directory.Proposal(ctx, fact.Subject())
	if err != nil {
		return nil, err
	}
	can, err := f.approversOf(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	if p.Change.Noticed() {
		about.refounding(p, fact)
	}
	about.proposal(p, can, fact)
	return about.notices, nil
}

// approversOf gives those who can approve a proposal now, at one level or the other.
func (f *Follower) approversOf(ctx context.Context, id string) (usernames []string, err error) {
	can, err := f.Directory.Approvers(ctx)
	for _, people := range can[id] {
		usernames = append(usernames, people...)
	}
	slices.Sort(usernames)
	return slices.Compact(usernames), err
}

// proposal tells those who can approve a proposal that it waits for them, whoever asked for
// it what became of it, and a principal what was done in their place.
func (c *concerns) proposal(p custody.Proposal, can []string, fact custody.Fact) {
	v := values{Proposal: p.ID, Change: p.Change.Verb(), From: p.Requester, Subject: p.Change.Subject(), Actor: p.EndedBy, Reason: p.Reason, Expires: p.Expires}
	page := "/proposals/" + p.ID
	switch fact := fact.(type) {
	case custody.ProposalMade:
		if fact.Alone {
			c.tell("done_alone", page, v, c.everybody(custody.Manager, custody.Director)...)
			return
		}
		c.tell("proposed", page, v, can...)
	case custody.ProposalRevised:
		c.tell("proposed", page, v, can...)
	case custody.ProposalApproved:
		v.Actor, v.Person = c.entry.Actor, fact.For
		c.tell("approved_for", page, v, fact.For)
		if v.Credentials = fact.SameDevice; len(v.Credentials) > 0 {
			c.sameDevice(page, v)
		}
	case custody.ApprovalLapsed:
		v.Person = fact.Person
		c.tell("approval_lapsed", page, v, append(can, p.Requester)...)
	case custody.ProposalReminded:
		c.tell("proposal_reminder", page, v, append(can, p.Requester)...)
	case custody.ProposalRejected:
		v.Reason, v.Person = fact.Reason, fact.For
		c.tell("proposal_rejected", page, v, p.Requester, fact.For)
	case custody.ProposalEffected:
		c.tell("proposal_effected", page, v, p.Requester)
	case custody.ProposalFailed:
		c.tell("proposal_failed", page, v, p.Requester)
	case custody.ProposalExpired:
		c.tell("proposal_expired", page, v, p.Requester)
	}
}

// sameDevice tells that somebody approved in the device in which others had acted, who are
// in Credentials. The one may be the other, so that all who look are told.
func (c *concerns) sameDevice(page string, v values) {
	to := append(c.everybody(custody.Manager, custody.Director, custody.Auditor), v.Credentials...)
	c.tell("same_device", page, v, append(to, v.Actor)...)
}

// deputy tells a principal and their deputy, and of a new one those who could end it.
func (c *concerns) deputy(fact custody.Fact) {
	page := "/people/" + fact.Subject() + "/deputy"
	switch fact := fact.(type) {
	case custody.DeputyNamed:
		v := values{Person: fact.Person, To: fact.Deputy, Proposal: fact.Proposal, Back: fact.Starts, Until: fact.Ends}
		c.tell("deputy_named", page, v, append([]string{fact.Person, fact.Deputy}, c.everybody(custody.Manager, custody.Director, custody.Admin)...)...)
	case custody.DeputyBegan:
		c.tell("deputy_began", page, values{Person: fact.Person, To: fact.Deputy}, fact.Person, fact.Deputy)
	case custody.DeputyEnded:
		c.tell("deputy_ended", page, values{Person: fact.Person, To: fact.Deputy}, fact.Person, fact.Deputy)
	}
}
