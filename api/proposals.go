package api

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Proposal is a command that waits until others have approved it.
type Proposal struct {
	ID        string                    `json:"id"`
	Kind      string                    `json:"kind" doc:"Which command: credential, credential_policy, retire, abandon, custodians, park, retarget, person, roles, enrolment, change_email, disable, reinstate, plan_departure, refound"`
	Subject   string                    `json:"subject" doc:"What it is about"`
	Requester string                    `json:"requester"`
	Reason    string                    `json:"reason"`
	Revision  int64                     `json:"revision"`
	Digest    string                    `json:"digest" doc:"Of this revision: what an approval is of"`
	Status    custody.ProposalStatus    `json:"status" enum:"open,effected,rejected,withdrawn,expired,failed"`
	Needs     []custody.Role            `json:"needs" doc:"Levels at which nobody has approved it yet"`
	Can       map[custody.Role][]string `json:"can,omitempty" doc:"Who can, by level, while it is open"`
	Approvals []Approval                `json:"approvals"`
	Change    []Difference              `json:"change"`
	Warnings  []FewerThanTwo            `json:"warnings,omitempty" doc:"While it is open: where fewer than two could approve once it has taken effect, and did before"`
	OpenedAt  time.Time                 `json:"opened_at"`
	ExpiresAt time.Time                 `json:"expires_at"`
	EndedAt   time.Time                 `json:"ended_at,omitzero"`
	EndedBy   string                    `json:"ended_by,omitzero" doc:"Who approved last, rejected or withdrew it"`
	Failure   string                    `json:"failure,omitzero" doc:"Code of what refused it when it was to take effect"`
	Announced time.Time                 `json:"announced_at,omitzero" doc:"Everybody who is needed has approved what takes effect by time only: it does at expires_at, unless anybody rejects it"`
	Beside    []string                  `json:"same_device,omitempty" doc:"While it is open: who asked for it, or approved it, in the device of the log-in that asks. An approval there is serious"`
	Departing []Departing               `json:"departing,omitempty" doc:"Who would get a seat, and leaves on a date"`
	Release   Secret                    `json:"release_code,omitzero" doc:"To be read to the person face to face, while they have a link to set up their log-in; only whoever is to read it sees it"`
}

// Approval is one person's yes.
type Approval struct {
	Level  custody.Role `json:"level"`
	Person string       `json:"person"`
	For    string       `json:"for,omitzero" doc:"In whose place, while they were away"`
	At     time.Time    `json:"at"`

	SameDevice []string `json:"same_device,omitempty" doc:"Who asked for it, or approved it before, in the device in which this was said"`
}

// Difference is one thing that a proposal changes.
type Difference struct {
	Field  string `json:"field"`
	Before string `json:"before,omitzero" doc:"As it is now, while the proposal is open"`
	After  string `json:"after"`
}

// SetCustodians proposes other custodians.
type SetCustodians struct {
	Primary string    `json:"primary"`
	Backup  string    `json:"backup"`
	Until   time.Time `json:"until,omitzero" doc:"Whoever comes in stands in for whoever goes out, who has the seat again then; left out: for good"`
	Reason  string    `json:"reason"`
	TOTP    Secret    `json:"totp,omitzero" maxLength:"64"`
}

func (in SetCustodians) change(credential string) custody.SetCustodians {
	return custody.SetCustodians{Credential: credential, Primary: in.Primary, Backup: in.Backup, Until: custody.Instant(in.Until)}
}

// ApproveProposal says yes to a revision.
type ApproveProposal struct {
	Digest string `json:"digest" maxLength:"64" doc:"Of the revision that was looked at"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

// RejectProposal says no to a revision.
type RejectProposal struct {
	Digest string `json:"digest" maxLength:"64" doc:"Of the revision that was looked at"`
	Reason string `json:"reason"`
	TOTP   Secret `json:"totp,omitzero" maxLength:"64"`
}

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
		q.IDs = ToApprove(can, me)
	}
	found, err := s.known(ctx).Proposals(ctx, q)
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

// ToApprove gives the ids of the open proposals that somebody can approve.
func ToApprove(can map[string]map[custody.Role][]string, person string) []string {
	ids := []string{}
	for id := range can {
		if CanApprove(can[id], person) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (s *Server) getProposal(ctx context.Context, in *ofProposal) (Proposal, error) {
	return s.proposal(ctx, in.ID)
}

func (s *Server) proposal(ctx context.Context, id string) (Proposal, error) {
	p, err := s.known(ctx).Proposal(ctx, id)
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
	if p.Status == custody.Effected && p.Change.OfPerson() {
		code, _, err := s.Desk.ReleaseCode(ctx, edge.Of(ctx).Person.Username, p.Change.Subject())
		if err != nil {
			return Proposal{}, err
		}
		views[0].Release = Secret(code.Reveal())
	}
	return views[0], nil
}

// viewProposals shows proposals with what they change: beside how it is now, as long as
// they wait.
func (s *Server) viewProposals(ctx context.Context, can map[string]map[custody.Role][]string, found []custody.Proposal) ([]Proposal, error) {
	views := make([]Proposal, len(found))
	for i, p := range found {
		now, err := NowOf(ctx, s.known(ctx), s.Desk.PolicyInForce(), p)
		if err != nil {
			return nil, err
		}
		views[i] = viewProposal(p, can[p.ID], now)
		departing, err := DepartingBy(ctx, s.Queries, p)
		if err != nil {
			return nil, err
		}
		for _, person := range departing {
			views[i].Departing = append(views[i].Departing, Departing{person.Username, person.Departure.At})
		}
		if p.Status == custody.Open {
			warnings, err := s.Desk.ShortagesAfter(ctx, p.Change.Proposable)
			if err != nil {
				return nil, err
			}
			views[i].Warnings = each(warnings, viewShortage)
			if views[i].Beside, err = s.Desk.SameDevice(ctx, edge.Of(ctx).Asks(), p.ID); err != nil {
				return nil, err
			}
		}
	}
	return views, nil
}

// NowOf gives what there is of what an open proposal is about. Of who, or what, is to be
// added there is nothing.
func NowOf(ctx context.Context, q interface {
	Person(ctx context.Context, username string) (custody.Person, error)
	Credential(ctx context.Context, name string) (custody.Credential, error)
}, policy custody.PolicyInForce, p custody.Proposal) (now custody.Now, err error) {
	now.Policy = policy
	switch {
	case p.Status != custody.Open || p.Change.Subject() == "":
	case p.Change.OfPerson():
		now.Person, err = q.Person(ctx, p.Change.Subject())
	default:
		now.Credential, err = q.Credential(ctx, p.Change.Subject())
	}
	if errors.Is(err, desk.ErrNotFound) {
		err = nil
	}
	return now, err
}

// RoleNames gives roles as they are called in forms and bodies.
func RoleNames(roles []custody.Role) []string {
	return each(roles, func(r custody.Role) string { return string(r) })
}

func viewProposal(p custody.Proposal, can map[custody.Role][]string, now custody.Now) Proposal {
	v := Proposal{
		ID: p.ID, Kind: p.Change.Verb(), Subject: p.Change.Subject(), Requester: p.Requester, Reason: p.Reason.String(),
		Revision: p.Revision, Digest: p.Digest(), Status: p.Status, Needs: []custody.Role{}, Can: can,
		Approvals: each(p.Approvals, viewApproval),
		Change: each(p.Differences(now), func(d custody.Difference) Difference {
			return Difference{d.Field, strings.Join(d.Before, ", "), strings.Join(d.After, ", ")}
		}),
		OpenedAt: p.OpenedAt, ExpiresAt: p.Expires, EndedAt: p.EndedAt, EndedBy: p.EndedBy, Failure: string(p.Broken), Announced: p.AnnouncedAt,
	}
	for _, level := range p.Needs {
		if _, missing := can[level]; missing {
			v.Needs = append(v.Needs, level)
		}
	}
	return v
}

func viewApproval(a custody.Approval) Approval {
	return Approval{Level: a.Level, Person: a.Person, For: a.For, At: a.At, SameDevice: a.SameDevice}
}

func (s *Server) proposeCustodians(ctx context.Context, in *credentialWith[SetCustodians]) (Proposal, error) {
	if err := custody.CheckInstant("until", in.Body.Until); err != nil {
		return Proposal{}, err
	}
	return s.propose(ctx, in.Body.change(in.Name), in.Body.Reason, in.Body.TOTP)
}

// propose asks for a command that others have to approve.
func (s *Server) propose(ctx context.Context, change custody.Proposable, reason string, code Secret) (Proposal, error) {
	action := custody.Propose{Change: custody.Change{Proposable: change}, Reason: desk.NewNote(reason)}
	outcome, err := s.Desk.Do(ctx, by(ctx, action, code), action)
	if err != nil {
		return Proposal{}, err
	}
	return s.proposal(ctx, outcome.Events[0].Fact.Subject())
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
