package custody

import "time"

// noticed is a Proposable that takes effect not with the last approval, but when everybody
// has had notice of it. Until then anybody active says no to it.
type noticed interface {
	Proposable

	// notice is how long it is announced before it takes effect.
	notice() time.Duration
	// confirmers are the levels at which it has to be approved, whatever the policy asks
	// for: never none.
	confirmers(s *State, requester string) []Role
	// mayAsk refuses whoever may not ask for it; nil: they may.
	mayAsk(requester string) *Refusal
}

// noticeNear is how long before it takes effect everybody is told once more.
const noticeNear = 24 * time.Hour

// Noticed says that it takes effect by time, and that anybody active says no to it.
func (c Change) Noticed() bool {
	_, is := c.Proposable.(noticed)
	return is
}

// Announced says that everybody who is needed has approved it, and that it takes effect
// when it expires.
func (p Proposal) Announced() bool { return !p.AnnouncedAt.IsZero() }

// matures says whether it takes effect now: everybody has had notice, and all who approved it
// still count.
func (s *State) matures(p Proposal, now time.Time) bool {
	return p.Status == Open && p.Announced() && !now.Before(p.Expires) && len(s.missing(p)) == 0
}

// letMature lets a proposal take effect that everybody had notice of; false where none is
// due. One at a time: what one leads to, the next one has to be looked at beside.
func (d *decision) letMature() bool {
	for p := range d.state.OpenProposals() {
		if d.state.matures(p, d.now) {
			d.happen(ProposalMatured{Proposal: p.ID})
			_ = d.takeEffect(p.ID, p.Change) // what a rule refuses is a proposal that failed
			return true
		}
	}
	return false
}

// ProposalAnnounced: everybody who is needed has approved it, and unless somebody says no
// it takes effect by time.
type ProposalAnnounced struct {
	Proposal string    `json:"proposal"`
	Effect   time.Time `json:"effect"` // when
}

var _ = fact(ProposalAnnounced{})

func (ProposalAnnounced) Type() string                 { return "proposal.announced" }
func (f ProposalAnnounced) Subject() string            { return f.Proposal }
func (f ProposalAnnounced) concerns(s *State) Concerns { return s.aboutProposal(f.Proposal) }
func (ProposalAnnounced) grade() Grade                 { return Special }

func (f ProposalAnnounced) by(s *State, _ Event) Who {
	p, _ := s.Proposal(f.Proposal)
	who := byPerson().confirmed()
	if n := len(p.Approvals); n > 0 {
		who = who.orPerson(p.Approvals[n-1].Person)
	}
	return who
}

func (f ProposalAnnounced) allowed(s *State, e Event) error {
	p, _ := s.Proposal(f.Proposal)
	change, is := p.Change.Proposable.(noticed)
	switch {
	case !is || p.Status != Open || len(s.missing(p)) > 0:
		return e.violates("I10", "announced though it is not approved, or takes no notice")
	case !f.Effect.Equal(e.Time.Add(change.notice())):
		return e.violates("I10", "with another notice than everybody has")
	}
	return nil
}

func (f ProposalAnnounced) apply(s *State, e Event) {
	s.editProposal(f.Proposal, func(p *Proposal) {
		p.AnnouncedAt, p.Expires, p.Near = e.Time, f.Effect, false
		s.expectProposal(*p)
	})
}

// ProposalNear: it takes effect within a day.
type ProposalNear struct {
	Proposal string `json:"proposal"`
}

var _ = fact(ProposalNear{})

func (ProposalNear) Type() string                 { return "proposal.near" }
func (f ProposalNear) Subject() string            { return f.Proposal }
func (f ProposalNear) concerns(s *State) Concerns { return s.aboutProposal(f.Proposal) }
func (ProposalNear) grade() Grade                 { return Special }
func (ProposalNear) by(*State, Event) Who         { return bySystem() }

func (f ProposalNear) allowed(s *State, e Event) error {
	if p, _ := s.Proposal(f.Proposal); !p.nears(e.Time) {
		return e.violates("I10", "near before its time, or twice")
	}
	return nil
}

// nears says that everybody is to be told once more that it takes effect.
func (p Proposal) nears(now time.Time) bool {
	return p.Status == Open && p.Announced() && !p.Near && !now.Before(p.Expires.Add(-noticeNear)) && now.Before(p.Expires)
}

func (f ProposalNear) apply(s *State, _ Event) {
	s.editProposal(f.Proposal, func(p *Proposal) { p.Near = true })
}

// ProposalMatured: everybody has had notice, and nobody said no.
type ProposalMatured struct {
	Proposal string `json:"proposal"`
}

var _ = fact(ProposalMatured{})

func (ProposalMatured) Type() string                 { return "proposal.matured" }
func (f ProposalMatured) Subject() string            { return f.Proposal }
func (f ProposalMatured) concerns(s *State) Concerns { return s.aboutProposal(f.Proposal) }
func (ProposalMatured) grade() Grade                 { return Ordinary }
func (ProposalMatured) by(*State, Event) Who         { return bySystem() }

func (f ProposalMatured) allowed(s *State, e Event) error {
	if p, _ := s.Proposal(f.Proposal); !s.matures(p, e.Time) {
		return e.violates("I10", "takes effect before everybody had notice, or with an approval that does not count")
	}
	return nil
}

func (f ProposalMatured) apply(s *State, _ Event) {
	s.editProposal(f.Proposal, func(p *Proposal) { p.Status = Approved })
}
