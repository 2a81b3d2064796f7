package custody

import "time"

// Propose asks for a command that others have to approve.
type Propose struct {
	Change Change `json:"change"`
	Reason Note   `json:"reason"`
}

var _ = action(Propose{})

func (Propose) Verb() string      { return "propose" }
func (a Propose) Subject() string { return a.Change.subject() }
func (Propose) givers() givers    { return people }

func (a Propose) bare(s *State) Action { return Propose{a.Change.bareOf(s), absentNote} }

func (a Propose) decide(d *decision) error {
	if a.Change.Proposable == nil {
		return Invalid("change", "no_change")
	}
	if d.actor.Is(Auditor) {
		return refuseForbidden(onlyNoAuditor)
	}
	a.Change = a.Change.exact()
	d.named = a
	if change, is := a.Change.Proposable.(noticed); is {
		if err := change.mayAsk(d.actor.Username); err != nil {
			return err
		}
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	open := 0
	for p := range d.state.OpenProposals() {
		if p.Requester == d.actor.Username {
			open++
		}
		if a.Change.like(p.Change) {
			return refuseProposed(p)
		}
	}
	if open >= maxProposals {
		return refuseTooManyProposals()
	}
	if err := d.askable(a.Change); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	id, alone := proposalID(d.state.Proposals+1), len(d.state.needs(a.Change, d.actor.Username)) == 0
	d.happen(ProposalMade{Proposal: id, Change: a.Change, Reason: a.Reason, Expires: d.now.Add(proposalTTL), Alone: alone, In: d.within()})
	if alone {
		return d.takeEffect(id, a.Change)
	}
	return nil
}

// askable refuses to ask for what could not take effect now, or what nobody could
// approve.
func (d *decision) askable(c Change) error {
	if err := d.tries(c); err != nil {
		return err
	}
	p := Proposal{Requester: d.actor.Username, Change: c, Needs: d.state.needs(c, d.actor.Username)}
	if !d.state.complete(d.state.candidates(p)) {
		if c.Noticed() {
			return refuseNobodyConfirms()
		}
		if a, is := c.Proposable.(NameDeputy); is && d.actor.Username != a.Person {
			return refuseNoApproverOfDeputy(a)
		}
		return refuseNoApprover(p.Needs)
	}
	return nil
}

// tries refuses what could not take effect now, and leaves everything as it is.
func (d *decision) tries(p Proposable) error {
	trial := *d
	trial.events = nil
	return p.effect(&trial, "")
}

// ProposalMade: somebody asks for what others have to approve.
type ProposalMade struct {
	Proposal string    `json:"proposal"`
	Change   Change    `json:"change"`
	Reason   Note      `json:"reason"`
	Expires  time.Time `json:"expires"`
	Alone    bool      `json:"alone,omitzero"` // nobody has to approve it: founding, or the policy asks for none
	In       string    `json:"in,omitzero"`    // device in which it was asked for, as in Session; "": not known
}

var _ = fact(ProposalMade{})

func (ProposalMade) Type() string         { return "proposal.made" }
func (f ProposalMade) Subject() string    { return f.Proposal }
func (ProposalMade) by(*State, Event) Who { return Who{Anybody: true}.confirmed() }

func (f ProposalMade) grade() Grade {
	switch {
	case f.Change.Noticed():
		return Special
	case f.Alone:
		return Serious
	}
	return Ordinary
}

func (f ProposalMade) concerns(s *State) Concerns {
	return Proposal{ID: f.Proposal, Change: f.Change}.concerns(s)
}

func (f ProposalMade) allowed(s *State, e Event) error {
	actor, _ := s.Person(e.Actor)
	switch {
	case f.Proposal != proposalID(s.Proposals+1) || f.Change.Proposable == nil:
		return e.violates("I10", "under the name of another, or of nothing")
	case actor.Is(Auditor):
		return e.violates("I10", "asked for by an auditor, who only looks")
	case f.Change.Noticed() && f.Change.Proposable.(noticed).mayAsk(e.Actor) != nil:
		return e.violates("I10", "asked for by whom it would be for")
	case f.Alone != (len(s.needs(f.Change, e.Actor)) == 0):
		return e.violates("I10", "said to need no approval that it needs, or the other way round")
	case !f.Expires.Equal(e.Time.Add(proposalTTL)):
		return e.violates("I10", "a proposal without its end")
	case !s.mayBeIn(e.Actor, f.In):
		return e.violates("I10", "asked for in a device in which who asks is not logged in")
	}
	return nil
}

func (f ProposalMade) apply(s *State, e Event) {
	s.Proposals++
	status := Open
	if f.Alone {
		status = Approved
	}
	s.editProposal(f.Proposal, func(p *Proposal) {
		*p = Proposal{
			ID: f.Proposal, Requester: e.Actor, Change: f.Change.bareOfTexts(), Reason: f.Reason.bare(), Revision: 1,
			Needs: s.needs(f.Change, e.Actor), Status: status, OpenedAt: e.Time, Expires: f.Expires,
			Request: f.Change.bringsBy(e), In: twoOf(f.In, ""),
		}
	})
	p, _ := s.Proposal(f.Proposal)
	if p.Status == Open {
		s.expectProposal(p)
	}
}

// Revise replaces the command of an open proposal of one's own. Whoever has approved
// it has to look again.
type Revise struct {
	Proposal string `json:"proposal"`
	Change   Change `json:"change"` // of the same kind, about the same
	Reason   Note   `json:"reason"`
}

var _ = action(Revise{})

func (Revise) Verb() string      { return "revise_proposal" }
func (a Revise) Subject() string { return a.Proposal }
func (Revise) givers() givers    { return people }

func (a Revise) bare(s *State) Action {
	return Revise{Proposal: s.nameOr(a.Proposal), Change: a.Change.bareOf(s), Reason: absentNote}
}

func (a Revise) decide(d *decision) error {
	p, err := d.proposal(a.Proposal)
	if err != nil {
		return err
	}
	switch {
	case p.Requester != d.actor.Username:
		return refuseNotRequester(p)
	case !a.Change.like(p.Change):
		return Invalid("change", "other_change")
	}
	a.Change = a.Change.exact()
	d.named = a
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if err := d.askable(a.Change); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(ProposalRevised{Proposal: p.ID, Revision: p.Revision + 1, Change: a.Change, Reason: a.Reason, In: d.within()})
	return nil
}

// ProposalRevised: it asks for something else now, which nobody has approved.
type ProposalRevised struct {
	Proposal string `json:"proposal"`
	Revision int64  `json:"revision"`
	Change   Change `json:"change"`
	Reason   Note   `json:"reason"`
	In       string `json:"in,omitzero"` // device in which it was, as in Session; "": not known
}

var _ = fact(ProposalRevised{})

func (ProposalRevised) Type() string      { return "proposal.revised" }
func (f ProposalRevised) Subject() string { return f.Proposal }
func (ProposalRevised) grade() Grade      { return Ordinary }

func (f ProposalRevised) concerns(s *State) Concerns {
	return Proposal{ID: f.Proposal, Change: f.Change}.concerns(s)
}

func (f ProposalRevised) by(s *State, _ Event) Who {
	p, _ := s.Proposal(f.Proposal)
	return byPerson(p.Requester).confirmed()
}

func (f ProposalRevised) allowed(s *State, e Event) error {
	p, _ := s.Proposal(f.Proposal)
	switch {
	case p.Status != Open || f.Revision != p.Revision+1:
		return e.violates("I10", "a revision of what is not open, or out of turn")
	case !f.Change.like(p.Change):
		return e.violates("I10", "a revision that asks for something else altogether")
	case !s.mayBeIn(e.Actor, f.In):
		return e.violates("I10", "revised in a device in which who asks is not logged in")
	}
	return nil
}

func (f ProposalRevised) apply(s *State, e Event) {
	s.editProposal(f.Proposal, func(p *Proposal) {
		p.Revision, p.Change, p.Reason, p.Approvals = f.Revision, f.Change.bareOfTexts(), f.Reason.bare(), nil
		p.Needs, p.Request = s.needs(f.Change, p.Requester), f.Change.bringsBy(e)
		p.AnnouncedAt, p.Near, p.In = time.Time{}, false, sortedNames(p.In, f.In)
	})
}

func refuseProposed(p Proposal) *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "proposed", Args: Args{"proposal": p.ID, "person": p.Requester}}
}

func refuseTooManyProposals() *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "too_many_proposals", Args: Args{"most": maxProposals}}
}

func refuseNoApprover(needs []Role) *Refusal {
	if len(needs) == 1 {
		return &Refusal{Code: NoApprover, Rule: "3.1", Key: "no_approver_of", Args: Args{"role": Term{"role", string(needs[0])}}}
	}
	return &Refusal{Code: NoApprover, Rule: "3.1", Key: "no_approver"}
}

func refuseNotRequester(p Proposal) *Refusal {
	return &Refusal{Code: Forbidden, Rule: "3.1", Key: "not_requester", Args: Args{"proposal": p.ID, "person": p.Requester}}
}
