package custody

import "time"

// Departure is the date on which somebody's access ends, as it was agreed before: at it
// time does what Disable does. The zero value is no date.
type Departure struct {
	At       time.Time `json:"at,omitzero"`
	Proposal string    `json:"proposal,omitzero"` // with which it was agreed
	By       string    `json:"by,omitzero"`       // who approved that last
	Near     bool      `json:"near,omitzero"`     // it is on record that less than a day is left
}

// departureNear is how long before it whoever has to see to it is told once more.
const departureNear = 24 * time.Hour

// Planned says that there is a date.
func (d Departure) Planned() bool { return !d.At.IsZero() }

// Due says that the date has come.
func (d Departure) Due(now time.Time) bool { return d.Planned() && !now.Before(d.At) }

// nears says that less than a day is left, and that this is not on record.
func (d Departure) nears(now time.Time) bool {
	return d.Planned() && !d.Near && !now.Before(d.At.Add(-departureNear)) && now.Before(d.At)
}

// expectDeparture notes when time will act on somebody's date.
func (s *State) expectDeparture(p Person) {
	s.expect(p.Departure.At)
	if p.Departure.Planned() && !p.Departure.Near {
		s.expect(p.Departure.At.Add(-departureNear))
	}
}

// letDepart ends the access of somebody whose date has come; false where there is nobody.
// One at a time: what one leaves may be left to the next.
func (d *decision) letDepart() bool {
	for p := range d.state.People() {
		if p.Departure.Due(d.now) {
			d.disables(PersonDisabled{Person: p.Username, Planned: p.Departure.Proposal})
			return true
		}
	}
	return false
}

// PlanDeparture sets the date on which somebody's access ends, moves it, or calls it off.
// It takes effect by a proposal. Sooner than that, Disable ends it at once.
type PlanDeparture struct {
	Person string    `json:"person"`
	At     time.Time `json:"at,omitzero"` // in whole milliseconds; zero: there is none any more
}

var (
	_            = action(PlanDeparture{})
	_ Proposable = PlanDeparture{}
)

func (PlanDeparture) Verb() string              { return "plan_departure" }
func (a PlanDeparture) Subject() string         { return a.Person }
func (PlanDeparture) givers() givers            { return byProposal }
func (PlanDeparture) decide(*decision) error    { return refuseApprovalNeeded() }
func (PlanDeparture) ofPerson() bool            { return true }
func (PlanDeparture) levels(*State) []Role      { return []Role{Manager} }
func (a PlanDeparture) parties(*State) []string { return []string{a.Person} }

func (a PlanDeparture) bare(s *State) Action {
	return PlanDeparture{Person: s.nameOr(a.Person), At: instantOrZero(a.At)}
}

func (a PlanDeparture) differences(now Now) []Difference {
	return []Difference{{"access_ends", writtenInstant(now.Person.Departure.At), writtenInstant(a.At)}}
}

// writtenInstant is one in RFC 3339, in UTC; none for zero.
func writtenInstant(t time.Time) []string {
	if t.IsZero() {
		return nil
	}
	return []string{t.UTC().Format(time.RFC3339)}
}

func (a PlanDeparture) effect(d *decision, proposal string) error {
	person, ok := d.state.Person(a.Person)
	switch {
	case !ok:
		return refuseNotFound(aPerson)
	case person.Disabled:
		return refuseDisabled(person)
	case a.At.IsZero() && !person.Departure.Planned():
		return refuseNoDeparture(person)
	case a.At != instantOrZero(a.At):
		return Invalid("at", "not_milliseconds")
	case a.At.Equal(person.Departure.At):
		return refuseSameDeparture(person)
	}
	if err := d.checkFuture("at", a.At); err != nil {
		return err
	}
	d.happen(DeparturePlanned{Person: a.Person, At: a.At, Before: person.Departure.At, Proposal: proposal})
	return nil
}

// DeparturePlanned: somebody's access ends on that date, and not on another, or not any
// more.
type DeparturePlanned struct {
	Person   string    `json:"person"`
	At       time.Time `json:"at,omitzero"`     // zero: it was called off
	Before   time.Time `json:"before,omitzero"` // zero: there was none
	Proposal string    `json:"proposal"`
}

var _ = fact(DeparturePlanned{})

func (DeparturePlanned) Type() string               { return "departure.planned" }
func (f DeparturePlanned) Subject() string          { return f.Person }
func (f DeparturePlanned) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (DeparturePlanned) grade() Grade               { return Ordinary }
func (f DeparturePlanned) by(s *State, _ Event) Who { return s.lastApprover(f.Proposal) }

func (f DeparturePlanned) allowed(s *State, e Event) error {
	person, known := s.Person(f.Person)
	switch {
	case !known || person.Disabled || !f.Before.Equal(person.Departure.At) || f.At.Equal(f.Before):
		return e.violates("I10", "a date for who has left, in the place of another than there was, or the same")
	case !f.At.IsZero() && !f.At.After(e.Time):
		return e.violates("I10", "a date that has passed")
	}
	return s.approved(e, f.Proposal, PlanDeparture{f.Person, f.At})
}

func (f DeparturePlanned) apply(s *State, e Event) {
	s.editPerson(f.Person, func(p *Person) {
		p.Departure = Departure{}
		if !f.At.IsZero() {
			p.Departure = Departure{At: f.At, Proposal: f.Proposal, By: e.Actor}
		}
		s.expectDeparture(*p)
	})
}

// DepartureNear: somebody's access ends within a day.
type DepartureNear struct {
	Person string `json:"person"`
}

var _ = fact(DepartureNear{})

func (DepartureNear) Type() string               { return "departure.near" }
func (f DepartureNear) Subject() string          { return f.Person }
func (f DepartureNear) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (DepartureNear) grade() Grade               { return Ordinary }
func (DepartureNear) by(*State, Event) Who       { return bySystem() }

func (f DepartureNear) allowed(s *State, e Event) error {
	if person, _ := s.Person(f.Person); !person.Departure.nears(e.Time) {
		return e.violates("I10", "near before its time, or twice")
	}
	return nil
}

func (f DepartureNear) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.Departure.Near = true })
}

// Seats gives who would be custodian by a change, and none of any that moves no seat:
// whose access ends on a date does not keep one beyond it.
func (c Change) Seats() []string {
	switch a := c.Proposable.(type) {
	case SetCustodians:
		return twoOf(a.Primary, a.Backup)
	case AddCredential:
		return twoOf(a.Primary, a.Backup)
	}
	return nil
}

func refuseNoDeparture(p Person) *Refusal {
	return &Refusal{Code: Conflict, Rule: "4.3", Key: "no_departure", Args: Args{"person": p.Username}}
}

func refuseSameDeparture(p Person) *Refusal {
	return &Refusal{Code: Conflict, Rule: "4.3", Key: "same_departure", Args: Args{"person": p.Username, "at": Planned{p.Departure.At}}}
}
