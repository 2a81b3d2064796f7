package custody

import "time"

// ApprovalLapsed: an approval counts no more, because whoever gave it could not give it
// now: they left, have other roles, or stood in for somebody who is back. It is taken out
// in the same command, so that it does not count again later, and asked for anew.
type ApprovalLapsed struct {
	Proposal string `json:"proposal"`
	Level    Role   `json:"level"`
	Person   string `json:"person"`
}

var _ = fact(ApprovalLapsed{})

func (ApprovalLapsed) Type() string      { return "proposal.approval_lapsed" }
func (f ApprovalLapsed) Subject() string { return f.Proposal }
func (ApprovalLapsed) grade() Grade      { return Ordinary }

func (f ApprovalLapsed) concerns(s *State) Concerns {
	return s.aboutProposal(f.Proposal).andPerson(f.Person)
}

// by: whoever brought about that it does not count.
func (ApprovalLapsed) by(*State, Event) Who {
	return Who{Anybody: true, System: true, EvenDisabled: true}
}

func (f ApprovalLapsed) allowed(s *State, e Event) error {
	p, _ := s.Proposal(f.Proposal)
	for _, a := range p.Approvals {
		if a.Level == f.Level && a.Person == f.Person && !s.counts(p, a) {
			return s.decided(e, f.Proposal, Open)
		}
	}
	return e.violates("I10", "an approval that there is not, or that counts")
}

func (f ApprovalLapsed) apply(s *State, _ Event) {
	s.editProposal(f.Proposal, func(p *Proposal) { *p = p.without(f.Level) })
}

// lapses ends what of the approvals of others' proposals does not count any more after
// what has happened so far.
func (d *decision) lapses() {
	waits := false
	for p := range d.state.OpenProposals() {
		waits = waits || len(p.Approvals) > 0
	}
	if !waits || len(d.events) == 0 {
		return
	}
	after := d.state.Fork()
	for _, e := range d.events {
		Apply(after, e)
	}
	for _, f := range after.lapsed() {
		d.happen(f)
	}
}

// remindBefore is how long before its end those are reminded for whom a proposal waits.
const remindBefore = 24 * time.Hour

// tickProposal is what time leads to of one that is open.
func (d *decision) tickProposal(p Proposal) {
	switch {
	case p.nears(d.now):
		d.happen(ProposalNear{Proposal: p.ID})
	case !d.now.Before(p.Expires) && !d.state.matures(p, d.now):
		d.happen(ProposalExpired{Proposal: p.ID})
	case !p.Reminded && !p.Announced() && !d.now.Before(p.remindAt()):
		d.happen(ProposalReminded{Proposal: p.ID})
	}
}

func (p Proposal) remindAt() time.Time { return p.Expires.Add(-remindBefore) }

// expectProposal notes when time will act on a proposal.
func (s *State) expectProposal(p Proposal) {
	switch {
	case p.Announced() && !p.Near:
		s.expect(p.Expires.Add(-noticeNear))
	case !p.Announced() && !p.Reminded:
		s.expect(p.remindAt())
	}
	s.expect(p.Expires)
}

// ProposalReminded: a proposal expires within a day, and those who can approve it are
// told once more.
type ProposalReminded struct {
	Proposal string `json:"proposal"`
}

var _ = fact(ProposalReminded{})

func (ProposalReminded) Type() string                 { return "proposal.reminded" }
func (f ProposalReminded) Subject() string            { return f.Proposal }
func (f ProposalReminded) concerns(s *State) Concerns { return s.aboutProposal(f.Proposal) }
func (ProposalReminded) grade() Grade                 { return Ordinary }
func (ProposalReminded) by(*State, Event) Who         { return bySystem() }

func (f ProposalReminded) allowed(s *State, e Event) error {
	if p, _ := s.Proposal(f.Proposal); p.Reminded || p.Announced() || e.Time.Before(p.remindAt()) || !e.Time.Before(p.Expires) {
		return e.violates("I10", "reminded of twice, or not on the last day")
	}
	return s.decided(e, f.Proposal, Open)
}

func (f ProposalReminded) apply(s *State, _ Event) {
	s.editProposal(f.Proposal, func(p *Proposal) { p.Reminded = true })
}
