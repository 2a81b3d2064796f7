package custody

import (
	"slices"
	"time"
)

// Leaving is what is to be done when somebody left, or changed post (clause 4.3): what
// they knew is changed, what they had outside Tandem is taken care of, they are told.
type Leaving struct {
	Since   time.Time `json:"since,omitzero"` // zero: they did not
	By      string    `json:"by,omitzero"`    // who ended their access
	Due     time.Time `json:"due,omitzero"`   // past it, what is left is a serious event
	Items   []Item    `json:"items,omitempty"`
	Overdue bool      `json:"overdue,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`   // when everything was done
	Planned string    `json:"planned,omitzero"` // the proposal with which the date was agreed; "": it was at once
}

// leavingTime is how long a change of rights may take (clause 4.3: one day).
const leavingTime = 24 * time.Hour

// Open says that something is still to be done, or was a moment ago.
func (l Leaving) Open() bool { return !l.Since.IsZero() && l.Ended.IsZero() }

// Done says that every item is.
func (l Leaving) Done() bool {
	return !slices.ContainsFunc(l.Items, func(i Item) bool { return i.Done.IsZero() })
}

// Progress is how many of its items are done.
func (l Leaving) Progress() (n int) {
	for _, i := range l.Items {
		if !i.Done.IsZero() {
			n++
		}
	}
	return n
}

// add appends an item, in place of all of a leaving that is over.
func (l *Leaving) add(i Item) {
	if !l.Ended.IsZero() {
		*l = Leaving{}
	}
	l.Items = append(slices.Clone(l.Items), i)
}

// begin starts the clock.
func (s *State) beginLeaving(person string, e Event) {
	s.editPerson(person, func(p *Person) {
		for _, kind := range checklist {
			open := func(i Item) bool { return i.Kind == kind && i.Done.IsZero() }
			if !slices.ContainsFunc(p.Leaving.Items, open) { // of a leaving that is not over yet
				p.Leaving.add(Item{Kind: kind})
			}
		}
		if p.Disabled && s.namedInEnvelopes(person) && !slices.ContainsFunc(p.Leaving.Items, func(i Item) bool { return i.Kind == ItemEnvelopes && i.Done.IsZero() }) {
			p.Leaving.add(Item{Kind: ItemEnvelopes})
		}
		p.Leaving.Since, p.Leaving.By, p.Leaving.Due, p.Leaving.Planned = e.Time, e.Actor, e.Time.Add(leavingTime), ""
		if e.Actor == System { // by the date that was agreed
			p.Leaving.By, p.Leaving.Planned = p.Departure.By, p.Departure.Proposal
		}
	})
	s.expect(e.Time.Add(leavingTime))
}

// expectLeaving notes when time will act on somebody's leaving.
func (s *State) expectLeaving(p Person) {
	switch l := p.Leaving; {
	case !l.Open():
	case l.Done():
		s.expect(s.Time)
	case !l.Overdue:
		s.expect(l.Due)
	}
}

const (
	massLeaving = 5         // that single people may disable within this time
	massWithin  = time.Hour // of each other; more take a proposal
)

// Disable takes all access from somebody at once: their sessions, seats, offers,
// proposals. What they know is changed. It is the one act by which a single person
// touches custody, and is undone by a proposal only (Reinstate).
type Disable struct {
	Person string `json:"person"`
	Reason Note   `json:"reason,omitzero"`
}

var (
	_            = action(Disable{})
	_ Proposable = Disable{}
)

func (Disable) Verb() string                 { return "disable" }
func (a Disable) Subject() string            { return a.Person }
func (Disable) givers() givers               { return people }
func (Disable) ofPerson() bool               { return true }
func (Disable) levels(*State) []Role         { return []Role{Manager} }
func (a Disable) parties(*State) []string    { return []string{a.Person} }
func (a Disable) bare(s *State) Action       { return Disable{s.nameOr(a.Person), absentNote} }
func (Disable) differences(Now) []Difference { return nil }

func (a Disable) decide(d *decision) error {
	switch {
	case !d.actor.EndsAccess():
		return refuseForbidden(onlyAdminManagerOrDirector)
	case a.Person == d.actor.Username:
		return refuseForbidden(onlyAnother)
	case d.state.disabledSince(d.now.Add(-massWithin)) >= massLeaving:
		return refuseTooManyAtOnce()
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if err := d.tries(a); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	return a.effect(d, "")
}

// accessEnders are the roles in which somebody may take another's access at once.
var accessEnders = []Role{Admin, Manager, Director}

// endsAccess is who ends somebody's access: one of these, or whose approval was the last;
// time, from the date on that was agreed.
func (s *State) endsAccess(proposal string, e Event, leavers ...string) Who {
	for _, leaver := range leavers {
		if p, _ := s.Person(leaver); e.Actor == System && proposal == "" && p.Departure.Due(e.Time) {
			return bySystem()
		}
	}
	return s.lastApproverOr(proposal, byRole(accessEnders...).confirmed())
}

// disabledSince counts those whose access somebody ended at once, after an instant.
func (s *State) disabledSince(t time.Time) (n int) {
	for p := range s.People() {
		if p.Disabled && p.Leaving.Planned == "" && p.Leaving.Since.After(t) {
			n++
		}
	}
	return n
}

func (a Disable) effect(d *decision, proposal string) error {
	if _, err := d.active(a.Person); err != nil {
		return err
	}
	d.disables(PersonDisabled{Person: a.Person, Reason: a.Reason, Proposal: proposal})
	return nil
}

// disables ends somebody's access, and before that all that rests on it.
func (d *decision) disables(f PersonDisabled) {
	for _, p := range d.state.askedBy(f.Person) {
		d.happen(ProposalWithdrawn{Proposal: p.ID, Left: true})
	}
	d.leaves(f.Person, f.Proposal)
	d.endsDeputies(f.Person, f.Proposal)
	d.happen(f)
}

// leaves ends what somebody has to do with passwords: their plans and handovers first, then
// each credential that they look after or know.
func (d *decision) leaves(person, proposal string) {
	p, _ := d.state.Person(person)
	for _, plan := range p.Plans {
		d.happen(AbsenceEnded{Person: person, Plan: plan.ID, How: LeftWith, Proposal: proposal})
	}
	for h := range d.state.OpenHandovers() {
		if h.voidWithout(person) {
			d.happen(HandoverVoided{Handover: h.ID, Person: person, Proposal: proposal})
		}
	}
	for c := range d.state.Credentials() {
		c = d.endEmergenciesOf(person, c, proposal)
		if !c.concernedBy(person) {
			continue
		}
		f := SeatVacated{Credential: c.Name, Person: person, Proposal: proposal}
		if f.Successor, f.Changes = d.state.leftBy(c, person); f.Changes && c.AtRest() {
			f.Deadline = d.deadline()
		}
		d.happen(f)
	}
}

// PersonDisabled: somebody has no access any more. The clock of clause 4.3 runs.
type PersonDisabled struct {
	Person   string `json:"person"`
	Reason   Note   `json:"reason,omitzero"`
	Proposal string `json:"proposal,omitzero"` // with which it was approved; "": one person did it at once, or time did
	Planned  string `json:"planned,omitzero"`  // the proposal with which the date was agreed, if time did
}

var _ = fact(PersonDisabled{})

func (PersonDisabled) Type() string               { return "person.disabled" }
func (f PersonDisabled) Subject() string          { return f.Person }
func (f PersonDisabled) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (PersonDisabled) grade() Grade               { return Serious }
func (f PersonDisabled) by(s *State, e Event) Who { return s.endsAccess(f.Proposal, e, f.Person) }

func (f PersonDisabled) allowed(s *State, e Event) error {
	person, known := s.Person(f.Person)
	if !known || person.Disabled || e.Actor == f.Person {
		return e.violates("I11", "nobody, twice, or by themselves")
	}
	if open := s.askedBy(f.Person); len(open) > 0 {
		return e.violates("I11", "while they ask for "+open[0].ID)
	}
	if err := s.letGo(f.Person); err != nil {
		return err
	}
	if planned := person.Departure.Proposal; (e.Actor == System) != (f.Planned != "") || f.Planned != "" && (f.Planned != planned || !f.Reason.IsZero()) {
		return e.violates("I10", "said to be planned, by a proposal that it was not planned with, or the other way round")
	}
	if s.inDeputies(f.Person) {
		return e.violates("I11", "a deputy, or with one")
	}
	if f.Proposal != "" {
		return s.approved(e, f.Proposal, Disable{f.Person, f.Reason})
	}
	if f.Planned != "" {
		return nil
	}
	if s.disabledSince(e.Time.Add(-massWithin)) >= massLeaving {
		return e.violates("I10", "one more within an hour than one person may")
	}
	return nil
}

// letGo is I11 and I13 of somebody who leaves: they have no seat and no offer, and what
// they know is being changed.
func (s *State) letGo(person string) error {
	broken := func(what string) error { return &Violation{Invariant: "I11", Subject: person, Detail: what} }
	if charges := s.Charges(person); len(charges) > 0 {
		return broken("has left, and is custodian of " + charges[0])
	}
	if p, _ := s.Person(person); len(p.Plans) > 0 {
		return broken("has left, and has a plan, " + p.Plans[0].ID)
	}
	for h := range s.OpenHandovers() {
		if h.voidWithout(person) {
			return broken("has left, and is party to " + h.ID)
		}
	}
	for c := range s.Credentials() {
		if e, open := c.OpenEmergency(); open && (e.For == person || e.Requester == person && e.Status == EmergencyPending) {
			return broken("has left, and is party to " + e.ID)
		}
		if c.Active() && c.knownTo(person) && !slices.Contains(c.Leavers, person) {
			return &Violation{Invariant: "I13", Subject: c.Name, Detail: "known to " + person + ", who has left"}
		}
	}
	return nil
}

func (f PersonDisabled) apply(s *State, e Event) {
	s.editPerson(f.Person, func(p *Person) {
		p.Disabled = true
		p.Feed = Feed{}
		p.Presence, p.Admission = Presence{}, Admission{}
		p.Enrolment.reset()
		p.Account = 0
	})
	s.endSessions(f.Person, "", EndedByLeaving)
	s.beginLeaving(f.Person, e)
	s.editPerson(f.Person, func(p *Person) { p.Departure, p.Recovery = Departure{}, Recovery{} })
	s.countKeyholders()
}

// Reinstate gives somebody their access back whom one person could disable. Seats do not
// come with it, and they set up a log-in of their own anew. It takes effect by a proposal.
type Reinstate struct {
	Person string `json:"person"`
}

var (
	_            = action(Reinstate{})
	_ Proposable = Reinstate{}
)

func (Reinstate) Verb() string              { return "reinstate" }
func (a Reinstate) Subject() string         { return a.Person }
func (Reinstate) givers() givers            { return byProposal }
func (Reinstate) decide(*decision) error    { return refuseApprovalNeeded() }
func (Reinstate) ofPerson() bool            { return true }
func (a Reinstate) parties(*State) []string { return []string{a.Person} }
func (a Reinstate) bare(s *State) Action    { return Reinstate{s.nameOr(a.Person)} }

func (a Reinstate) levels(s *State) []Role {
	person, _ := s.Person(a.Person)
	return levelsFor(person.Roles)
}

func (a Reinstate) differences(now Now) []Difference {
	return []Difference{{"roles", nil, roleNames(now.Person.Roles)}}
}

func (a Reinstate) effect(d *decision, proposal string) error {
	person, ok := d.state.Person(a.Person)
	switch {
	case !ok:
		return refuseNotFound(aPerson)
	case !person.Disabled:
		return refuseNotDisabled(person)
	}
	d.happen(PersonReinstated{Person: a.Person, Proposal: proposal})
	return nil
}

// PersonReinstated: somebody can set up a log-in again.
type PersonReinstated struct {
	Person   string `json:"person"`
	Proposal string `json:"proposal"`
}

var _ = fact(PersonReinstated{})

func (PersonReinstated) Type() string               { return "person.reinstated" }
func (f PersonReinstated) Subject() string          { return f.Person }
func (f PersonReinstated) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (PersonReinstated) grade() Grade               { return Ordinary }
func (f PersonReinstated) by(s *State, _ Event) Who { return s.lastApprover(f.Proposal) }

func (f PersonReinstated) allowed(s *State, e Event) error {
	if person, _ := s.Person(f.Person); !person.Disabled {
		return e.violates("I10", "given back what was never taken")
	}
	return s.approved(e, f.Proposal, Reinstate{f.Person})
}

func (f PersonReinstated) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.Disabled, p.Admission = false, s.admission(f.Proposal) })
	s.countKeyholders()
}

func refuseTooManyAtOnce() *Refusal {
	return &Refusal{Code: ApprovalNeeded, Rule: "4.3", Key: "too_many_at_once", Args: Args{"most": massLeaving}}
}

func refuseNotDisabled(p Person) *Refusal {
	return &Refusal{Code: Conflict, Key: "not_disabled", Args: Args{"person": p.Username}}
}

func refuseSeatVacant(c Credential) *Refusal {
	return &Refusal{Code: SeatIsVacant, Rule: "4.3", Key: "seat_vacant", Args: Args{"credential": c.Name}}
}
