package custody

// Decline and Cancel end an offer: by the receiver, by the giver.
type (
	Decline struct {
		Handover string `json:"handover"`
		Reason   Note   `json:"reason,omitzero"`
	}
	Cancel struct {
		Handover string `json:"handover"`
		Reason   Note   `json:"reason,omitzero"`
	}
)

var (
	_ = action(Decline{})
	_ = action(Cancel{})
)

func (Decline) Verb() string               { return "decline" }
func (Cancel) Verb() string                { return "cancel" }
func (a Decline) Subject() string          { return a.Handover }
func (a Cancel) Subject() string           { return a.Handover }
func (Decline) givers() givers             { return people }
func (Cancel) givers() givers              { return people }
func (a Decline) bare(s *State) Action     { return Decline{Handover: s.nameOr(a.Handover)} }
func (a Cancel) bare(s *State) Action      { return Cancel{Handover: s.nameOr(a.Handover)} }
func (a Decline) decide(d *decision) error { return d.endOffer(a.Handover, a.Reason, Declined) }
func (a Cancel) decide(d *decision) error  { return d.endOffer(a.Handover, a.Reason, Cancelled) }

func (d *decision) endOffer(id string, reason Note, how HandoverStatus) error {
	h, err := d.handover(id)
	if err != nil {
		return err
	}
	party := h.To
	if how == Cancelled {
		party = h.From
	}
	switch {
	case party != d.actor.Username:
		return refuseNotParty(h)
	case h.Status != Offered && !h.Status.Waits():
		return refuseHandoverNotOpen(h)
	}
	if err := checkOptionalNote("reason", reason); err != nil {
		return err
	}
	d.happen(HandoverEnded{Handover: h.ID, How: how, Reason: reason})
	return nil
}

// HandoverEnded: an offer was declined, cancelled or expired.
type HandoverEnded struct {
	Handover string         `json:"handover"`
	How      HandoverStatus `json:"how"`
	Reason   Note           `json:"reason,omitzero"`
}

var (
	_ = fact(HandoverEnded{How: Declined})
	_ = fact(HandoverEnded{How: Cancelled})
	_ = fact(HandoverEnded{How: Expired})
)

func (f HandoverEnded) Type() string               { return "handover." + string(f.How) }
func (f HandoverEnded) Subject() string            { return f.Handover }
func (f HandoverEnded) concerns(s *State) Concerns { return s.aboutHandover(f.Handover) }
func (HandoverEnded) grade() Grade                 { return Ordinary }

func (f HandoverEnded) by(s *State, _ Event) Who {
	switch h, _ := s.Handover(f.Handover); f.How {
	case Declined:
		return byPerson(h.To)
	case Cancelled:
		return byPerson(h.From)
	case Expired:
		return bySystem()
	}
	return Who{}
}

func (f HandoverEnded) allowed(s *State, e Event) error {
	h, _ := s.Handover(f.Handover)
	if h.Status != Offered && (!h.Status.Waits() || f.How == Expired) || f.How == Expired && e.Time.Before(h.Expires) {
		return e.violates("I1", "ended without having been on offer, or expired before its time")
	}
	return nil
}

func (f HandoverEnded) apply(s *State, e Event) {
	h, _ := s.Handover(f.Handover)
	s.editHandover(f.Handover, func(h *Handover) { h.Status, h.EndedAt = f.How, e.Time })
	if h.Status.Waits() {
		s.editHandover(f.Handover, func(h *Handover) { h.Status, h.Ahead.Why = Voided, BrokenWithdrawn })
		return
	}
	s.editAll(h.Credentials, func(c *Credential) { c.Handover = "" })
}
