package custody

import (
	"errors"
	"reflect"
	"slices"
)

// Approve is a yes to a proposal as it stands. The last one that it needs makes it
// happen.
type Approve struct {
	Proposal string `json:"proposal"`
	Digest   string `json:"digest"` // of the revision that the person looked at
}

var _ = action(Approve{})

func (Approve) Verb() string      { return "approve" }
func (a Approve) Subject() string { return a.Proposal }
func (Approve) givers() givers    { return people }

func (a Approve) bare(s *State) Action {
	return Approve{s.nameOr(a.Proposal), s.digestOr(a.Proposal, a.Digest)}
}

// digestOr gives a submitted digest if it is that of the proposal as it stands, and
// otherwise none: what was refused for a wrong code is refused for that again, and what
// was typed in its place stands nowhere.
func (s *State) digestOr(id, digest string) string {
	if p, known := s.Proposal(id); known && digest == p.Digest() {
		return digest
	}
	return ""
}

func (a Approve) decide(d *decision) error {
	p, level, with, err := d.decidable(a.Proposal, a.Digest)
	if err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	device := d.within()
	d.happen(ProposalApproved{
		Proposal: p.ID, Revision: p.Revision, Level: level, For: with, Noticed: p.Change.Noticed(), In: device, SameDevice: p.ActedIn(device),
	})
	if len(d.state.missing(p.with(Approval{Level: level, Person: d.actor.Username, For: with}))) > 0 {
		return nil
	}
	if change, is := p.Change.Proposable.(noticed); is {
		d.happen(ProposalAnnounced{Proposal: p.ID, Effect: d.now.Add(change.notice())})
		return nil
	}
	return d.takeEffect(p.ID, p.Change)
}

// takeEffect carries out what was approved, or says which rule refuses it by now.
func (d *decision) takeEffect(proposal string, c Change) error {
	before := len(d.events)
	var broken *Refusal
	switch err := c.effect(d, proposal); {
	case errors.As(err, &broken):
		d.events = d.events[:before]
		d.happen(ProposalFailed{Proposal: proposal, Code: broken.Code, Rule: broken.Rule})
	case err != nil:
		return err
	default:
		d.happen(ProposalEffected{Proposal: proposal})
	}
	return nil
}

// decidable refuses whoever may not decide about a proposal, and a decision about
// what it is not any more. It gives the level, and in whose place somebody decides.
func (d *decision) decidable(id, digest string) (p Proposal, level Role, whose string, err error) {
	if p, err = d.proposal(id); err != nil {
		return p, "", "", err
	}
	if p.Requester == d.actor.Username {
		return p, "", "", refuseOwnRequest(p)
	}
	if other := d.state.secondAccount(p, d.actor); other != "" {
		return p, "", "", d.refuseSecondAccount(p, other)
	}
	level, with, may := d.state.levelOf(p, d.actor)
	if !may {
		return p, "", "", d.refuseNotEligible(p)
	}
	if digest != p.Digest() {
		return p, "", "", refuseOtherRevision(p)
	}
	return p, level, with.principal.Username, nil
}

// ProposalApproved: somebody said yes to it, at a level at which nobody had.
type ProposalApproved struct {
	Proposal string `json:"proposal"`
	Revision int64  `json:"revision"`
	Level    Role   `json:"level"`
	For      string `json:"for,omitzero"`     // in whose place, while they are away; "": in a role of their own
	Noticed  bool   `json:"noticed,omitzero"` // it takes effect by time only, so that everybody is told

	In         string   `json:"in,omitzero"`          // in which device, as in Session; "": not known
	SameDevice []string `json:"same_device,omitzero"` // who asked for it, or approved it before, in that device
}

var _ = fact(ProposalApproved{})

func (ProposalApproved) Type() string      { return "proposal.approved" }
func (f ProposalApproved) Subject() string { return f.Proposal }
func (f ProposalApproved) concerns(s *State) Concerns {
	return s.aboutProposal(f.Proposal).andPerson(f.For)
}
func (f ProposalApproved) by(s *State, _ Event) Who { return s.decides(f.Proposal, f.Level, f.For) }

func (f ProposalApproved) grade() Grade {
	if f.Noticed {
		return Special
	}
	return beside(f.SameDevice)
}

func (f ProposalApproved) allowed(s *State, e Event) error {
	p, _ := s.Proposal(f.Proposal)
	if p.Status != Open || f.Revision != p.Revision || f.Noticed != p.Change.Noticed() {
		return e.violates("I10", "an approval of what is not open, or is another by now")
	}
	if !s.mayDecide(p, f.Level, s.mandateOf(Approval{Person: e.Actor, For: f.For})) {
		return e.violates("I10", "approved at a level that had it, by who asked for it, whom it is about, or twice by one person")
	}
	if err := s.withinLaw(e, p, f.In, f.SameDevice); err != nil {
		return err
	}
	return s.inTime(e, f.For)
}

func (f ProposalApproved) apply(s *State, e Event) {
	s.editProposal(f.Proposal, func(p *Proposal) {
		*p = p.with(Approval{Level: f.Level, Person: e.Actor, For: f.For, At: e.Time, In: f.In, SameDevice: f.SameDevice})
		if len(s.missing(*p)) == 0 && !p.Change.Noticed() {
			p.Status = Approved
		}
	})
}

// decides is who can decide about a proposal at a level, in a role of their own or as
// somebody's deputy.
func (s *State) decides(id string, level Role, principal string) Who {
	p, _ := s.Proposal(id)
	return s.decidesOf(p, level, principal)
}

func (s *State) decidesOf(p Proposal, level Role, principal string) Who {
	if principal != "" {
		whose, _ := s.Person(principal)
		return byPerson(whose.Deputy.Person).confirmed()
	}
	return byRole(s.at(p, level)...).confirmed()
}

// approved says whether a change may take effect now, as part of its proposal.
func (s *State) approved(e Event, proposal string, change Proposable) error {
	p, _ := s.Proposal(proposal)
	if p.Status != Approved || !reflect.DeepEqual(p.Change, Change{change}.bareOfTexts()) {
		return e.violates("I10", "without a proposal of just this that was approved")
	}
	return nil
}

// ProposalEffected: what was approved has happened, in the entries before this one.
type ProposalEffected struct {
	Proposal string `json:"proposal"`
}

var _ = fact(ProposalEffected{})

func (ProposalEffected) Type() string                 { return "proposal.effected" }
func (f ProposalEffected) Subject() string            { return f.Proposal }
func (f ProposalEffected) concerns(s *State) Concerns { return s.aboutProposal(f.Proposal) }
func (ProposalEffected) grade() Grade                 { return Ordinary }
func (f ProposalEffected) by(s *State, _ Event) Who   { return s.lastApprover(f.Proposal) }

func (f ProposalEffected) allowed(s *State, e Event) error { return s.decided(e, f.Proposal, Approved) }

func (f ProposalEffected) apply(s *State, e Event) {
	s.editProposal(f.Proposal, func(p *Proposal) { p.end(Effected, e) })
}

// ProposalFailed: it was approved, and by then a rule refused it.
type ProposalFailed struct {
	Proposal string `json:"proposal"`
	Code     Code   `json:"code"`
	Rule     string `json:"rule,omitzero"`
}

var _ = fact(ProposalFailed{})

func (ProposalFailed) Type() string                 { return "proposal.failed" }
func (f ProposalFailed) Subject() string            { return f.Proposal }
func (f ProposalFailed) concerns(s *State) Concerns { return s.aboutProposal(f.Proposal) }
func (ProposalFailed) grade() Grade                 { return Ordinary }
func (f ProposalFailed) by(s *State, _ Event) Who   { return s.lastApprover(f.Proposal) }

func (f ProposalFailed) allowed(s *State, e Event) error { return s.decided(e, f.Proposal, Approved) }

func (f ProposalFailed) apply(s *State, e Event) {
	s.editProposal(f.Proposal, func(p *Proposal) { p.end(Failed, e); p.Broken = f.Code })
}

// lastApprover is whose command a proposal takes effect with.
func (s *State) lastApprover(id string) Who {
	p, _ := s.Proposal(id)
	if p.Change.Noticed() { // time has
		return bySystem()
	}
	if len(p.Approvals) == 0 { // nobody had to
		return byPerson(p.Requester).confirmed()
	}
	return byPerson(p.Approvals[len(p.Approvals)-1].Person).confirmed()
}

// lastApproverOr is that, and alone where something took effect without a proposal.
func (s *State) lastApproverOr(id string, alone Who) Who {
	if id == "" {
		return alone
	}
	return s.lastApprover(id)
}

// decided says whether a proposal can become something else from where it stands.
func (s *State) decided(e Event, id string, from ProposalStatus) error {
	if p, _ := s.Proposal(id); p.Status != from {
		return e.violates("I10", "of a proposal that was "+string(p.Status))
	}
	return nil
}

func (p *Proposal) end(how ProposalStatus, e Event) {
	p.Status, p.EndedAt = how, e.Time
	if e.Actor != System {
		p.EndedBy = e.Actor
	}
}

// Reject is a no, by whoever could approve; to what takes effect by time only, by anybody
// active. The first one is final.
type Reject struct {
	Proposal string `json:"proposal"`
	Digest   string `json:"digest"`
	Reason   Note   `json:"reason"`
}

var _ = action(Reject{})

func (Reject) Verb() string      { return "reject" }
func (a Reject) Subject() string { return a.Proposal }
func (Reject) givers() givers    { return people }
func (a Reject) bare(s *State) Action {
	return Reject{s.nameOr(a.Proposal), s.digestOr(a.Proposal, a.Digest), absentNote}
}

func (a Reject) decide(d *decision) error {
	p, level, with, err := d.rejectable(a.Proposal, a.Digest)
	if err != nil {
		return err
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(ProposalRejected{Proposal: p.ID, Level: level, For: with, Veto: level == "", Reason: a.Reason})
	return nil
}

// rejectable is decidable, where a no has no level of what anybody says no to.
func (d *decision) rejectable(id, digest string) (p Proposal, level Role, with string, err error) {
	p, err = d.proposal(id)
	switch {
	case err != nil || !p.Change.Noticed():
		return d.decidable(id, digest)
	case p.Requester == d.actor.Username:
		return p, "", "", refuseOwnRequest(p)
	case digest != p.Digest():
		return p, "", "", refuseOtherRevision(p)
	}
	return p, "", "", nil
}

// ProposalRejected: it will not happen.
type ProposalRejected struct {
	Proposal string `json:"proposal"`
	Level    Role   `json:"level"`        // "" of a veto
	For      string `json:"for,omitzero"` // in whose place, as in an approval
	Reason   Note   `json:"reason"`
	Veto     bool   `json:"veto,omitzero"` // by anybody active, of what takes effect by time only
}

var _ = fact(ProposalRejected{})

func (ProposalRejected) Type() string      { return "proposal.rejected" }
func (f ProposalRejected) Subject() string { return f.Proposal }
func (f ProposalRejected) concerns(s *State) Concerns {
	return s.aboutProposal(f.Proposal).andPerson(f.For)
}

func (f ProposalRejected) grade() Grade {
	if f.Veto {
		return Serious
	}
	return Ordinary
}

func (f ProposalRejected) by(s *State, _ Event) Who {
	if f.Veto {
		return Who{Anybody: true}.confirmed()
	}
	return s.decides(f.Proposal, f.Level, f.For)
}

func (f ProposalRejected) allowed(s *State, e Event) error {
	p, _ := s.Proposal(f.Proposal)
	switch {
	case p.Status != Open:
	case f.Veto:
		if !p.Change.Noticed() || f.Level != "" || f.For != "" || e.Actor == p.Requester {
			return e.violates("I10", "a veto of what only who could approve rejects, at a level, or by who asked for it")
		}
	case !s.mayDecide(p, f.Level, s.mandateOf(Approval{Person: e.Actor, For: f.For})):
		return e.violates("I10", "rejected by somebody who could not have approved it")
	}
	if err := s.inTime(e, f.For); err != nil {
		return err
	}
	return s.decided(e, f.Proposal, Open)
}

func (f ProposalRejected) apply(s *State, e Event) {
	s.editProposal(f.Proposal, func(p *Proposal) { p.end(Rejected, e) })
}

// Withdraw takes one's own proposal back.
type Withdraw struct {
	Proposal string `json:"proposal"`
}

var _ = action(Withdraw{})

func (Withdraw) Verb() string           { return "withdraw" }
func (a Withdraw) Subject() string      { return a.Proposal }
func (Withdraw) givers() givers         { return people }
func (a Withdraw) bare(s *State) Action { return Withdraw{s.nameOr(a.Proposal)} }

func (a Withdraw) decide(d *decision) error {
	p, err := d.proposal(a.Proposal)
	if err != nil {
		return err
	}
	if p.Requester != d.actor.Username {
		return refuseNotRequester(p)
	}
	d.happen(ProposalWithdrawn{Proposal: p.ID})
	return nil
}

// ProposalWithdrawn: whoever asked for it does not any more.
type ProposalWithdrawn struct {
	Proposal string `json:"proposal"`
	Left     bool   `json:"left,omitzero"` // whoever asked for it left
}

var _ = fact(ProposalWithdrawn{})

func (ProposalWithdrawn) Type() string                 { return "proposal.withdrawn" }
func (f ProposalWithdrawn) Subject() string            { return f.Proposal }
func (f ProposalWithdrawn) concerns(s *State) Concerns { return s.aboutProposal(f.Proposal) }
func (ProposalWithdrawn) grade() Grade                 { return Ordinary }

func (f ProposalWithdrawn) by(s *State, e Event) Who {
	p, _ := s.Proposal(f.Proposal)
	if f.Left {
		return s.endsAccess("", e, p.Requester)
	}
	return byPerson(p.Requester)
}

func (f ProposalWithdrawn) allowed(s *State, e Event) error { return s.decided(e, f.Proposal, Open) }

func (f ProposalWithdrawn) apply(s *State, e Event) {
	s.editProposal(f.Proposal, func(p *Proposal) { p.end(Withdrawn, e) })
}

// ProposalExpired: not everybody whom it needed approved it in time.
type ProposalExpired struct {
	Proposal string `json:"proposal"`
}

var _ = fact(ProposalExpired{})

func (ProposalExpired) Type() string                 { return "proposal.expired" }
func (f ProposalExpired) Subject() string            { return f.Proposal }
func (f ProposalExpired) concerns(s *State) Concerns { return s.aboutProposal(f.Proposal) }
func (ProposalExpired) grade() Grade                 { return Ordinary }
func (ProposalExpired) by(*State, Event) Who         { return bySystem() }

func (f ProposalExpired) allowed(s *State, e Event) error {
	if p, _ := s.Proposal(f.Proposal); e.Time.Before(p.Expires) || s.matures(p, e.Time) {
		return e.violates("I10", "expired before its time, or instead of taking effect")
	}
	return s.decided(e, f.Proposal, Open)
}

func (f ProposalExpired) apply(s *State, e Event) {
	s.editProposal(f.Proposal, func(p *Proposal) { p.end(Lapsed, e) })
}

func refuseOwnRequest(p Proposal) *Refusal {
	return &Refusal{Code: OwnRequest, Rule: "3.1", Key: "own_request", Args: Args{"proposal": p.ID}}
}

func (d *decision) refuseNotEligible(p Proposal) *Refusal {
	var others []string
	for _, people := range d.state.Approvers(p) {
		others = append(others, people...)
	}
	slices.Sort(others)
	return &Refusal{Code: NotEligible, Rule: "3.1", Key: "not_eligible", Args: Args{"proposal": p.ID, "people": slices.Compact(others)}}
}

func refuseOtherRevision(p Proposal) *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Field: "digest", Key: "other_revision", Args: Args{"proposal": p.ID, "revision": p.Revision}}
}
