package custody

import "slices"

// Accept takes over everything in the handover, or nothing.
type Accept struct {
	Handover string `json:"handover"`
}

var _ = action(Accept{})

func (Accept) Verb() string      { return "accept" }
func (a Accept) Subject() string { return a.Handover }
func (Accept) givers() givers    { return people }

func (a Accept) bare(s *State) Action { return Accept{s.nameOr(a.Handover)} }

func (a Accept) decide(d *decision) error { return d.accept(a.Handover) }

// AcceptAll takes over several handovers with one code: all of them, or none.
type AcceptAll struct {
	Handovers []string `json:"handovers"` // each once
}

var _ = action(AcceptAll{})

func (AcceptAll) Verb() string           { return "accept_all" }
func (AcceptAll) Subject() string        { return "" }
func (AcceptAll) givers() givers         { return people }
func (a AcceptAll) bare(s *State) Action { return AcceptAll{s.namesOr(a.Handovers)} }

func (a AcceptAll) decide(d *decision) error {
	if err := checkTogether("handovers", a.Handovers); err != nil {
		return err
	}
	return d.accept(a.Handovers...)
}

// accept takes over all of some handovers. One that may not be taken over keeps the
// others too: whoever gave one code meant them together.
func (d *decision) accept(ids ...string) error {
	var all []Handover
	taken := map[string][]string{} // giver -> what passes on now
	for _, id := range ids {
		h, err := d.acceptable(id)
		if err != nil {
			return err
		}
		all = append(all, h)
		taken[h.From] = append(taken[h.From], h.Credentials...)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	for _, h := range all {
		d.happen(HandoverAccepted{Handover: h.ID, From: h.From, To: h.To, Credentials: h.Credentials})
		for _, name := range h.Credentials {
			c, _ := d.state.Credential(name)
			if because := c.changesWhenPassed(); because != "" {
				d.startRotation(c, because, h.To, Note{})
			}
		}
	}
	var gone []string
	for _, h := range all {
		if d.state.leavesBy(h) && d.leavesWithout(h.From, taken[h.From], gone) {
			gone = append(gone, h.From)
			d.happen(PersonAway{Person: h.From, Until: h.ExpectedReturn, Reason: h.Reason})
		}
	}
	return nil
}

// acceptable gives a handover that the actor can take over now.
func (d *decision) acceptable(id string) (Handover, error) {
	h, err := d.handover(id)
	switch {
	case err != nil:
		return h, err
	case h.To != d.actor.Username:
		return h, refuseNotParty(h)
	case h.Status != Offered, !d.now.Before(h.Expires):
		return h, refuseHandoverNotOpen(h)
	case d.actor.Away:
		return h, refuseSelfAway()
	}
	for _, name := range h.Credentials {
		if c, _ := d.state.Credential(name); c.Phase != Held {
			return h, refuseRotating(c)
		}
	}
	return h, nil
}

// leavesWithout says whether a giver may be away once some credentials have passed on:
// they then hold nothing, wait for nothing, and nobody they share with is away, or goes by
// the same code.
func (d *decision) leavesWithout(person string, passed, gone []string) bool {
	giver, _ := d.state.Person(person)
	if giver.Away || slices.Contains(gone, person) {
		return false
	}
	for _, name := range d.state.Charges(person) {
		c, _ := d.state.Credential(name)
		other := c.Other(person)
		if !d.state.there(c, other) || slices.Contains(gone, other) || c.Successor() == person {
			return false
		}
		if c.Holder == person && !slices.Contains(passed, name) {
			return false
		}
	}
	return true
}

// HandoverAccepted: the receiver holds everything; the giver's leases ended.
type HandoverAccepted struct {
	Handover    string   `json:"handover"`
	From        string   `json:"from"`
	To          string   `json:"to"`
	Credentials []string `json:"credentials"`
}

var _ = fact(HandoverAccepted{})

func (HandoverAccepted) Type() string           { return "handover.accepted" }
func (f HandoverAccepted) Subject() string      { return f.Handover }
func (HandoverAccepted) grade() Grade           { return Ordinary }
func (f HandoverAccepted) by(*State, Event) Who { return byPerson(f.To).confirmed() }

func (f HandoverAccepted) concerns(*State) Concerns {
	return Concerns{Handovers: []string{f.Handover}, Credentials: f.Credentials, People: []string{f.From, f.To}}
}

func (f HandoverAccepted) allowed(s *State, e Event) error {
	h, _ := s.Handover(f.Handover)
	if !e.Time.Before(h.Expires) {
		return e.violates("I1", "accepted after the offer had expired")
	}
	if err := e.follows(h, Offered, f.From, f.To, f.Credentials); err != nil {
		return err
	}
	for _, name := range f.Credentials {
		if c, _ := s.Credential(name); c.Phase != Held {
			return e.violates("I4", "while the password of "+name+" was being changed")
		}
	}
	return nil
}

func (f HandoverAccepted) apply(s *State, e Event) {
	s.editHandover(f.Handover, func(h *Handover) {
		h.Status, h.AcceptedAt = Accepted, e.Time
		s.expectHandover(*h)
	})
	s.editAll(f.Credentials, func(c *Credential) {
		c.Holder, c.Lease = f.To, Lease{}
		s.expectAge(*c)
	})
}
