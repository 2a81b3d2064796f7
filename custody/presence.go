package custody

import (
	"slices"
	"time"
)

// Presence is whether a person can act on a server.
type Presence struct {
	Away       bool      `json:"away,omitzero"`
	AwaySince  time.Time `json:"away_since,omitzero"`
	AwayUntil  time.Time `json:"away_until,omitzero"` // what the person announced; zero when they did not
	AwayReason Note      `json:"away_reason,omitzero"`
}

// GoAway marks the actor away.
type GoAway struct {
	Until  time.Time `json:"until,omitzero"` // zero when it is not known
	Reason Note      `json:"reason,omitzero"`
}

var _ = action(GoAway{})

func (GoAway) Verb() string    { return "away" }
func (GoAway) Subject() string { return "" }
func (GoAway) givers() givers  { return people }

func (a GoAway) bare(*State) Action { return GoAway{Until: a.Until} }

func (a GoAway) decide(d *decision) error {
	if d.actor.Away {
		return refuseAlreadyAway()
	}
	if err := d.mayLeave(); err != nil {
		return err
	}
	for _, name := range d.state.Charges(d.actor.Username) {
		c, _ := d.state.Credential(name)
		if c.Holder == d.actor.Username {
			return refuseStillHolds(c)
		}
	}
	if err := checkOptionalNote("reason", a.Reason); err != nil {
		return err
	}
	a.Until = instantOrZero(a.Until)
	d.named = a
	if err := d.checkFuture("until", a.Until); err != nil {
		return err
	}
	if err := d.clashesNow(a.Until); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	for _, c := range d.succeeds() {
		d.passOn(c)
	}
	d.happen(PersonAway{Person: d.actor.Username, Until: a.Until, Reason: a.Reason})
	return nil
}

// mayLeave refuses when somebody the actor shares a credential with is away, or
// when a handover decides that a rotation in progress makes the actor its holder:
// any other is left to the other custodian. Both-away comes first: there is nobody
// to hand over to, so that advice would be no help.
func (d *decision) mayLeave() error {
	for _, name := range d.state.Charges(d.actor.Username) {
		c, _ := d.state.Credential(name)
		if e, on := c.InEmergency(); on && e.For == d.actor.Username {
			return refuseEmergencyHeld(c, e)
		}
		other := c.Other(d.actor.Username)
		if other == "" {
			if err := d.state.refuseLeaving(c, d.now); err != nil {
				return err
			}
			continue
		}
		if other, _ := d.state.Person(other); !d.state.there(c, other.Username) {
			return refuseBothAway(other, c)
		}
	}
	for _, c := range d.succeeds() {
		if d.state.boundToAnother(c) {
			return refuseHandoverOpen(c)
		}
	}
	return nil
}

// PersonAway: somebody cannot act on a server now.
type PersonAway struct {
	Person string    `json:"person"`
	Until  time.Time `json:"until,omitzero"`
	Reason Note      `json:"reason,omitzero"`
	Plan   string    `json:"plan,omitzero"` // by which they are, since they hold nothing; "": they said so
}

var _ = fact(PersonAway{})

func (PersonAway) Type() string               { return "person.away" }
func (f PersonAway) Subject() string          { return f.Person }
func (f PersonAway) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (PersonAway) grade() Grade               { return Ordinary }

// by: the person themselves, or whoever accepted what they wanted to leave with, or time,
// on the word of the entry in which they planned it.
func (f PersonAway) by(s *State, e Event) Who {
	if f.Plan != "" {
		return bySystem()
	}
	who := byPerson(f.Person).confirmed()
	if s.sentAway(f.Person, e) {
		return who.orPerson(e.Actor)
	}
	return who
}

func (f PersonAway) allowed(s *State, e Event) error {
	if f.Plan != "" {
		p, _ := s.Person(f.Person)
		plan, _ := p.Plan(f.Plan)
		switch {
		case plan.Begun.IsZero() || p.Away || !f.Until.Equal(plan.Until) || !e.Time.Before(plan.Until):
			return e.violates("I6", "away by a plan that there is not, before it began, after it, or twice")
		case len(s.waitingFor(f.Plan)) > 0 || s.staysFor(f.Person, e.Time) != "":
			return e.violates("I3", "away while something is still to pass on")
		}
	}
	_, set := s.keyholding()
	for _, name := range s.Charges(f.Person) {
		c, _ := s.Credential(name)
		alone, sealed := c.Other(f.Person) == "", c.Envelope.Sealed
		switch {
		case c.Holder == f.Person:
			return e.violates("I3", "away while holding "+name)
		case alone && !c.MayBeLeft():
			return e.violates("I12", "away while nobody else looks after "+name)
		case alone && set != "" && (!c.current(set) || e.Time.Sub(sealed.At) >= 24*time.Hour):
			return e.violates("I12", "away while nobody could open "+name+", or not surely")
		}
	}
	return nil
}

func (f PersonAway) apply(s *State, e Event) {
	s.editPerson(f.Person, func(p *Person) {
		p.Presence = Presence{Away: true, AwaySince: e.Time, AwayUntil: f.Until, AwayReason: f.Reason.bare()}
	})
	if p, _ := s.Person(f.Person); len(p.Plans) > 0 {
		if plan, begun := p.begun(); begun { // nothing is to be done for it any more
			s.editPlan(f.Person, plan.ID, func(plan *Plan) { plan.Settled = true })
			s.expect(s.Time)
		}
	}
	s.isGone(f.Person)
}

// sentAway says that the person had asked to be away as soon as a handover was
// accepted, and that the event belongs to its acceptance.
func (s *State) sentAway(person string, e Event) bool {
	return slices.ContainsFunc(s.Charges(person), func(name string) bool {
		c, _ := s.Credential(name)
		h, _ := s.Handover(c.Handover)
		return s.leavesBy(h) && h.Status == Accepted && h.From == person && h.To == e.Actor && h.AcceptedAt.Equal(e.Time)
	})
}

// ComeBack marks the actor present. TakeBack: and returns all they gave.
type ComeBack struct {
	TakeBack  bool     `json:"take_back,omitzero"`
	Handovers []string `json:"handovers,omitzero"` // what they gave, by id: named when it is carried out
}

var _ = action(ComeBack{})

func (ComeBack) Verb() string    { return "present" }
func (ComeBack) Subject() string { return "" }
func (ComeBack) givers() givers  { return people }

func (a ComeBack) bare(*State) Action { return a }

func (a ComeBack) decide(d *decision) error {
	var gave []Handover
	if !a.TakeBack && a.Handovers != nil { // one command has one form
		return Invalid("handovers", "nothing_taken_back")
	}
	if a.TakeBack {
		a.Handovers = d.given()
		d.named = a
		for _, id := range a.Handovers {
			h, _ := d.state.Handover(id)
			gave = append(gave, h)
		}
		if err := d.confirm(); err != nil {
			return err
		}
	}
	if plan, begun := d.actor.begun(); begun {
		d.happen(AbsenceEnded{Person: d.actor.Username, Plan: plan.ID, How: CutShort})
		d.breaks(plan.ID)
	}
	if d.actor.Away || d.state.unreachable(d.actor.Username) {
		d.happen(PersonPresent{Person: d.actor.Username})
	}
	for _, h := range gave {
		d.returned(h)
	}
	return nil
}

// given lists the accepted handovers in which the actor gave something.
func (d *decision) given() []string {
	ids := map[string]bool{}
	for _, name := range d.state.Charges(d.actor.Username) {
		c, _ := d.state.Credential(name)
		if h, ok := d.state.Handover(c.Handover); ok && h.From == d.actor.Username && h.Status == Accepted {
			ids[h.ID] = true
		}
	}
	return keys(ids)
}

// PersonPresent: somebody can act on a server again.
type PersonPresent struct {
	Person string `json:"person"`
}

var _ = fact(PersonPresent{})

func (PersonPresent) Type() string                { return "person.present" }
func (f PersonPresent) Subject() string           { return f.Person }
func (f PersonPresent) concerns(*State) Concerns  { return Concerns{People: []string{f.Person}} }
func (PersonPresent) grade() Grade                { return Ordinary }
func (f PersonPresent) by(*State, Event) Who      { return byPerson(f.Person) }
func (PersonPresent) allowed(*State, Event) error { return nil }

func (f PersonPresent) apply(s *State, e Event) {
	s.editPerson(f.Person, func(p *Person) { p.Presence = Presence{} })
	s.isBack(f.Person, e.Time)
}
