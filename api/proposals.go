package api

import (
	"context"
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
	q := desk.ProposalQuery{Open: in.Status != "", Before: in.Before, Limit: in.Limit}
	me := edge.Of(ctx).Person.Username
	if in.Mine {
		q.Requester = me
	}
	can, err := s.Desk.Approvers(ctx)
	if err != nil {
		return nil, err
	}
	if in.ForMe {
		q.IDs = []string{}
		for id := range can {
			if CanApprove(can[id], me) {
				q.IDs = append(q.IDs, id)
			}
		}
	}
	found, err := s.Queries.Proposals(ctx, q)
	if err != nil {
		return nil, err
	}
	return s.viewProposals(ctx, can, found)
}

// CanApprove says whether somebody is among those who can approve at some level.
func CanApprove(can map[custody.Role][]string, person string) bool {
	for _, people := range can {
		if slices.Contains(people, person) {
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
	can, err := s.Desk.Approvers(ctx)
	if err != nil {
		return Proposal{}, err
	}
	views, err := s.viewProposals(ctx, can, []custody.Proposal{p})
	if err != nil {
		return Proposal{}, err
	}
	return views[0], nil
}

// viewProposals shows proposals with what they change: beside how it is now, as long as
// they wait.
func (s *Server) viewProposals(ctx context.Context, can map[string]map[custody.Role][]string, found []custody.Proposal) ([]Proposal, error) {
	names, now := []string{}, map[string]custody.Credential{}
	for _, p := range found {
		if p.Status == custody.Open {
			names = append(names, p.Change.Subject())
		}
	}
	credentials, err := s.Queries.FindCredentials(ctx, desk.CredentialQuery{Names: names})
	for _, c := range credentials {
		now[c.Name] = c
	}
	return each(found, func(p custody.Proposal) Proposal { return viewProposal(p, can[p.ID], now[p.Change.Subject()]) }), err
}

func viewProposal(p custody.Proposal, can map[custody.Role][]string, now custody.Credential) Proposal {
	v := Proposal{
		ID: p.ID, Kind: p.Change.Verb(), Subject: p.Change.Subject(), Requester: p.Requester, Reason: p.Reason.String(),
		Revision: p.Revision, Digest: p.Digest(), Status: p.Status, Needs: []custody.Role{}, Can: can,
		Approvals: each(p.Approvals, func(a custody.Approval) Approval { return Approval(a) }),
		Change:    Differences(p, now),
		OpenedAt:  p.OpenedAt, ExpiresAt: p.Expires, EndedAt: p.EndedAt, EndedBy: p.EndedBy, Failure: string(p.Broken),
	}
	for _, level := range p.Needs() {
		if _, missing := can[level]; missing {
			v.Needs = append(v.Needs, level)
		}
	}
	return v
}

// Differences says what a proposal changes, and how that is now, while it is open.
func Differences(p custody.Proposal, now custody.Credential) []Difference {
	to, is := p.Change.Command().(custody.SetCustodians)
	if !is {
		return []Difference{}
	}
	if p.Status != custody.Open {
		now = custody.Credential{}
	}
	return []Difference{{"primary", now.Primary, to.Primary}, {"backup", now.Backup, to.Backup}}
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
