package custody

import (
	"slices"
	"time"
)

// Offer asks the other custodian to take over. All: everything that the actor
// holds. Leave: and mark the actor away as soon as all is accepted.
type Offer struct {
	Credentials    []string  `json:"credentials,omitzero"` // all by name, when it is carried out
	All            bool      `json:"all,omitzero"`
	Leave          bool      `json:"leave,omitzero"`
	Reason         Note      `json:"reason"`
	ExpectedReturn time.Time `json:"expected_return,omitzero"` // zero when it is not known
}

var _ = action(Offer{})

func (Offer) Verb() string   { return "offer" }
func (Offer) givers() givers { return people }

func (a Offer) Subject() string {
	if len(a.Credentials) == 1 {
		return a.Credentials[0]
	}
	return ""
}

func (a Offer) bare(s *State) Action {
	a.Credentials = slices.DeleteFunc(slices.Clone(a.Credentials), func(name string) bool { return s.known(name) == "" })
	a.Reason = absentNote
	return a
}

func (a Offer) decide(d *decision) error {
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	a.ExpectedReturn = instantOrZero(a.ExpectedReturn)
	if err := d.checkFuture("expected_return", a.ExpectedReturn); err != nil {
		return err
	}
	names, err := d.offered(a)
	if err != nil {
		return err
	}
	if a.Leave {
		if d.actor.Away {
			return refuseAlreadyAway()
		}
		if err := d.mayLeave(); err != nil {
			return err
		}
		if err := d.clashesNow(a.ExpectedReturn); err != nil {
			return err
		}
	}
	if len(names) <= maxNamed {
		a.Credentials, a.All = names, false
	}
	d.named = a
	receivers := map[string][]string{}
	for _, name := range names {
		c, err := d.credential(name)
		if err != nil {
			return err
		}
		if err := d.offerable(c); err != nil {
			return err
		}
		to := c.Other(d.actor.Username)
		receivers[to] = append(receivers[to], name)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	if a.Leave {
		for _, c := range d.succeeds() {
			d.passOn(c)
		}
	}
	next := d.state.Handovers
	for _, to := range keys(receivers) {
		for part := range slices.Chunk(receivers[to], maxHandover) {
			next++
			d.happen(HandoverOffered{
				Handover: handoverID(next), From: d.actor.Username, To: to,
				Credentials: part, Reason: a.Reason, Leave: a.Leave,
				ExpectedReturn: a.ExpectedReturn, Expires: d.now.Add(d.policy.OfferTTL),
			})
		}
	}
	if a.Leave && len(names) == 0 {
		d.happen(PersonAway{Person: d.actor.Username, Until: a.ExpectedReturn, Reason: a.Reason})
	}
	return nil
}

// offered gives the names in an offer, sorted, each once.
func (d *decision) offered(a Offer) ([]string, error) {
	if !a.All && !a.Leave {
		if len(a.Credentials) == 0 {
			return nil, Invalid("credentials", "no_credential")
		}
		if len(a.Credentials) > maxNamed {
			return nil, Invalid("credentials", "too_many_credentials")
		}
		names := slices.Clone(a.Credentials)
		slices.Sort(names)
		return slices.Compact(names), nil
	}
	var all []string
	for _, name := range d.state.Charges(d.actor.Username) {
		c, _ := d.state.Credential(name)
		if c.Holder == d.actor.Username {
			all = append(all, name)
		}
	}
	switch {
	case a.All && len(a.Credentials) > 0:
		return nil, Invalid("credentials", "beside_all_offered")
	case !a.All && !slices.Equal(a.Credentials, all):
		return nil, Invalid("away_when_accepted", "only_with_all")
	case len(all) == 0 && !a.Leave:
		return nil, refuseNothingHeld()
	}
	return all, nil
}

func (d *decision) offerable(c Credential) error {
	if err := d.heldByActor(c); err != nil {
		return err
	}
	if e, on := c.InEmergency(); on {
		return refuseEmergencyHeld(c, e)
	}
	if receiver, _ := d.state.Person(c.Other(d.actor.Username)); !d.state.there(c, receiver.Username) {
		return refuseReceiverAway(receiver, c)
	}
	if c.Handover != "" {
		return refuseHandoverOpen(c)
	}
	return nil
}

// HandoverOffered: the giver still holds everything.
type HandoverOffered struct {
	Handover       string    `json:"handover"`
	From           string    `json:"from"`
	To             string    `json:"to"`
	Credentials    []string  `json:"credentials"`
	Reason         Note      `json:"reason"`
	Leave          bool      `json:"leave,omitzero"`
	ExpectedReturn time.Time `json:"expected_return,omitzero"`
	Expires        time.Time `json:"expires"`
	Plan           string    `json:"plan,omitzero"` // an absence that has begun, of whoever said that they hand over; "": they offered it
}

var _ = fact(HandoverOffered{})

func (HandoverOffered) Type() string      { return "handover.offered" }
func (f HandoverOffered) Subject() string { return f.Handover }
func (HandoverOffered) grade() Grade      { return Ordinary }

func (f HandoverOffered) by(*State, Event) Who {
	if f.Plan != "" {
		return bySystem()
	}
	return byPerson(f.From).confirmed()
}

func (f HandoverOffered) concerns(*State) Concerns {
	return Concerns{Handovers: []string{f.Handover}, Credentials: f.Credentials, People: []string{f.From, f.To}}
}

func (f HandoverOffered) allowed(s *State, e Event) error {
	if len(f.Credentials) == 0 || f.Handover != handoverID(s.Handovers+1) {
		return e.violates("I1", "offers nothing, or under the name of another handover")
	}
	if to, _ := s.Person(f.To); !to.Present() {
		return e.violates("I3", "offered to somebody who is away or disabled")
	}
	if f.Plan != "" {
		if plan, begun := s.passesOn(f.From); !begun || plan.ID != f.Plan || !f.Leave || !f.ExpectedReturn.Equal(plan.Until) {
			return e.violates("I6", "offered for an absence that has not begun, or for whoever did not say that they hand over")
		}
	}
	for _, name := range f.Credentials {
		if err := s.noEmergency(e, name); err != nil {
			return err
		}
		if c, _ := s.Credential(name); !s.there(c, f.To) || c.Holder != f.From || c.Other(f.From) != f.To || c.Handover != "" {
			return e.violates("I1", "offered by somebody who does not hold "+name+", or not to its other custodian")
		}
	}
	return nil
}

func (f HandoverOffered) apply(s *State, e Event) {
	s.Handovers++
	s.editHandover(f.Handover, func(h *Handover) {
		*h = Handover{
			ID: f.Handover, From: f.From, To: f.To, Credentials: f.Credentials, Reason: f.Reason.bare(),
			Status: Offered, Leave: f.Leave, ExpectedReturn: f.ExpectedReturn,
			OfferedAt: e.Time, Expires: f.Expires, Ahead: Ahead{Plan: f.Plan},
		}
		s.expectHandover(*h)
	})
	s.editAll(f.Credentials, func(c *Credential) { c.Handover = f.Handover })
}
