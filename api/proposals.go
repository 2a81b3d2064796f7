package api

import (
	"context"
	"errors"
	"slices"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

type proposalFilter struct {
	Status string `query:"status" enum:"open" doc:"Only those that wait"`
	Mine   bool   `query:"mine" doc:"Only those that I asked for"`
	ForMe  bool   `query:"for_me" doc:"Only those that I can approve"`
	Before string `query:"before" maxLength:"63" pattern:"^[a-z0-9._-]+$" doc:"Only older ones than this id"`
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

func (s *Server) listProposals(ctx context.Context, in *proposalFilter) ([]Proposal, error) {
	q := desk.ProposalQuery{Open: in.Status != "" || in.ForMe, Before: in.Before, Limit: in.Limit}
	me := edge.Of(ctx).Person.Username
	if in.Mine {
		q.Requester = me
	}
	found, err := s.Queries.Proposals(ctx, q)
	if err != nil {
		return nil, err
	}
	list := []Proposal{}
	for _, p := range found {
		view, err := s.viewProposal(ctx, p)
		if err != nil {
			return nil, err
		}
		if !in.ForMe || view.canBe(me) {
			list = append(list, view)
		}
	}
	return list, nil
}

// canBe says whether somebody can approve it.
func (p Proposal) canBe(approver string) bool {
	for _, people := range p.Can {
		if slices.Contains(people, approver) {
			return true
		}
	}
	return false
}

func (s *Server) getProposal(ctx context.Context, in *ofProposal) (Proposal, error) {
	return s.proposal(ctx, in.ID)
}

func (s *Server) proposal(ctx context.Context, id string) (Proposal, error) {
	p, err := s.Queries.Proposal(ctx, id)
	if err != nil {
		return Proposal{}, err
	}
	return s.viewProposal(ctx, p)
}

// viewProposal shows a proposal with what it changes: beside how it is now as long as
// it waits.
func (s *Server) viewProposal(ctx context.Context, p custody.Proposal) (Proposal, error) {
	v := Proposal{
		ID: p.ID, Kind: p.Change.Verb(), Subject: p.Change.Subject(), Requester: p.Requester, Reason: p.Reason.String(),
		Revision: p.Revision, Digest: p.Digest(), Status: p.Status, Needs: []custody.Role{},
		Approvals: each(p.Approvals, func(a custody.Approval) Approval { return Approval(a) }),
		OpenedAt:  p.OpenedAt, ExpiresAt: p.Expires, EndedAt: p.EndedAt, EndedBy: p.EndedBy, Failure: string(p.Broken),
	}
	if p.Status == custody.Open {
		v.Needs = append(v.Needs, p.Missing()...)
		var err error
		if v.Can, err = s.Desk.Approvers(ctx, p.ID); err != nil && !errors.Is(err, desk.ErrNotFound) { // it ended meanwhile
			return v, err
		}
	}
	var err error
	v.Change, err = Differences(ctx, s.Queries, p)
	return v, err
}

// Differences says what a proposal changes, and how that is now, while it is open.
func Differences(ctx context.Context, queries Queries, p custody.Proposal) ([]Difference, error) {
	var now custody.Credential
	to, is := p.Change.Command().(custody.SetCustodians)
	if !is {
		return []Difference{}, nil
	}
	if p.Status == custody.Open {
		var err error
		if now, err = queries.Credential(ctx, to.Credential); err != nil {
			return nil, err
		}
	}
	return []Difference{{"primary", now.Primary, to.Primary}, {"backup", now.Backup, to.Backup}}, nil
}

func (s *Server) proposeCustodians(ctx context.Context, in *credentialWith[SetCustodians]) (Proposal, error) {
	change := custody.SetCustodians{Credential: in.Name, Primary: in.Body.Primary, Backup: in.Body.Backup}
	action := custody.Propose{Change: custody.Change{Proposable: change}, Reason: desk.NewNote(in.Body.Reason)}
	outcome, err := s.Desk.Do(ctx, by(ctx, action, in.Body.TOTP), action)
	if err != nil {
		return Proposal{}, err
	}
	return s.proposal(ctx, outcome.Events[0].Fact.Subject())
}

func (s *Server) reviseCustodians(ctx context.Context, in *proposalWith[SetCustodians]) (Proposal, error) {
	p, err := s.Queries.Proposal(ctx, in.ID)
	if err != nil {
		return Proposal{}, err
	}
	change := custody.SetCustodians{Credential: p.Change.Subject(), Primary: in.Body.Primary, Backup: in.Body.Backup}
	return s.decideProposal(ctx, custody.Revise{Proposal: in.ID, Change: custody.Change{Proposable: change}, Reason: desk.NewNote(in.Body.Reason)}, in.Body.TOTP)
}

func (s *Server) approveProposal(ctx context.Context, in *proposalWith[ApproveProposal]) (Proposal, error) {
	return s.decideProposal(ctx, custody.Approve{Proposal: in.ID, Digest: in.Body.Digest}, in.Body.TOTP)
}

func (s *Server) rejectProposal(ctx context.Context, in *proposalWith[RejectProposal]) (Proposal, error) {
	return s.decideProposal(ctx, custody.Reject{Proposal: in.ID, Digest: in.Body.Digest, Reason: desk.NewNote(in.Body.Reason)}, in.Body.TOTP)
}

func (s *Server) withdrawProposal(ctx context.Context, in *ofProposal) (Proposal, error) {
	return s.decideProposal(ctx, custody.Withdraw{Proposal: in.ID}, "")
}

// decideProposal carries out a command about a proposal and shows what became of it.
func (s *Server) decideProposal(ctx context.Context, action custody.Action, code Secret) (Proposal, error) {
	if _, err := s.Desk.Do(ctx, by(ctx, action, code), action); err != nil {
		return Proposal{}, err
	}
	return s.proposal(ctx, action.Subject())
}
