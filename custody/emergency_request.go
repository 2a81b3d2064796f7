package custody

import "slices"

// RequestEmergency asks for passwords whose holder cannot be reached: the other custodian
// for themselves; any technician for themselves, where neither custodian can be reached;
// and where no technician is there, a manager or a director for somebody else.
type RequestEmergency struct {
	Credentials []string `json:"credentials,omitzero"` // all by name, when it is carried out
	Person      string   `json:"person,omitzero"`      // instead: all that this person holds
	For         string   `json:"for,omitzero"`         // "": whoever asks
	Reason      Note     `json:"reason"`
}

var _ = action(RequestEmergency{})

func (RequestEmergency) Verb() string   { return "emergency" }
func (RequestEmergency) givers() givers { return people }

func (a RequestEmergency) Subject() string {
	if len(a.Credentials) == 1 {
		return a.Credentials[0]
	}
	return a.Person
}

func (a RequestEmergency) bare(s *State) Action {
	b := RequestEmergency{Reason: absentNote}
	for _, name := range a.Credentials {
		b.Credentials = append(b.Credentials, s.nameOr(name))
	}
	if a.Person != "" {
		b.Person = s.nameOr(a.Person)
	}
	if a.For != "" {
		b.For = s.nameOr(a.For)
	}
	return b
}

func (a RequestEmergency) decide(d *decision) error {
	if a.For == "" {
		a.For = d.actor.Username
	}
	names, err := d.wanted(a)
	if err != nil {
		return err
	}
	a.Credentials, a.Person = names, ""
	d.named = a
	if err := d.mayAskFor(a.For); err != nil {
		return err
	}
	var of []Credential
	var first EmergencyRequested
	var asked []EmergencyRequested
	id := emergencyID(d.state.emergencies() + 1)
	for _, name := range names {
		c, err := d.credential(name)
		if err != nil {
			return err
		}
		if err := d.urgent(c, a.For); err != nil {
			return err
		}
		f := EmergencyRequested{
			Emergency: id, Credential: name, For: a.For, Custodian: c.HasCustodian(a.For),
			Absent: c.absentFor(a.For), Holder: c.HeldFor(), Reason: a.Reason,
			Needs: d.state.emergencyNeeds(d.actor, a.For, c.HasCustodian(a.For)),
		}
		if of, asked = append(of, c), append(asked, f); len(asked) == 1 {
			first = f
		}
		if f.Custodian != first.Custodian || f.Custodian && f.Holder != first.Holder {
			return Invalid("credentials", "other_holder")
		}
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if p := first.emergency(d.actor.Username).asProposal(of); !d.state.complete(d.state.candidates(p)) {
		return refuseNoApprover(p.Needs)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	device := d.within()
	for _, f := range asked {
		f.In = device
		d.happen(f)
	}
	if len(first.Needs) == 0 {
		for i, f := range asked {
			d.grant(of[i], f.emergency(d.actor.Username), false)
		}
	}
	return nil
}

// wanted gives the names of what is asked for, sorted, each once.
func (d *decision) wanted(a RequestEmergency) ([]string, error) {
	names := slices.Clone(a.Credentials)
	if a.Person != "" {
		if len(names) > 0 {
			return nil, Invalid("credentials", "beside_person")
		}
		var others []string
		for _, name := range d.state.Charges(a.Person) {
			switch c, _ := d.state.Credential(name); {
			case c.HeldFor() != a.Person:
			case c.HasCustodian(a.For):
				names = append(names, name)
			default:
				others = append(others, name)
			}
		}
		if len(names) == 0 { // of what is theirs as well; of all, where nothing is
			names = others
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	switch {
	case len(names) == 0:
		return nil, Invalid("credentials", "no_credential")
	case len(names) > maxEmergency:
		return nil, Invalid("credentials", "too_many_urgent", Args{"most": maxEmergency})
	}
	return names, nil
}

// mayAskFor refuses whoever may not ask for somebody, and somebody who could not hold
// anything.
func (d *decision) mayAskFor(beneficiary string) error {
	if d.actor.Away {
		return refuseSelfAway()
	}
	if beneficiary == d.actor.Username {
		if !d.actor.Is(Technician) {
			return refuseForbidden(onlyTechnicianForSelf)
		}
		return nil
	}
	if !d.actor.Is(Manager) && !d.actor.Is(Director) {
		return refuseForbidden(onlyManagerOrDirectorForOther)
	}
	p, known := d.state.Person(beneficiary)
	if !known || !p.Substitutes() {
		return Invalid("for", "not_a_substitute")
	}
	return nil
}

// Substitutes says whether somebody can hold a password in an emergency that another asks
// for: who approves, or looks, never does.
func (p Person) Substitutes() bool {
	return p.CanConfirm() && p.Present() && !p.Is(Auditor) && !p.Is(Manager) && !p.Is(Director)
}

// urgent refuses what somebody does not need an emergency for, or cannot have in one.
func (d *decision) urgent(c Credential, beneficiary string) error {
	open, isOpen := c.OpenEmergency()
	custodian := c.HasCustodian(beneficiary)
	switch {
	case !c.Active():
		return refuseInactive(c)
	case c.Version == 0: // it comes in, and nobody ever had it here
		return refuseRotating(c)
	case isOpen:
		return refuseEmergencyOpen(c, open)
	case slices.Contains(c.Unreachable, beneficiary):
		return refuseUnreachable(c)
	case custodian && c.HeldFor() == beneficiary:
		return refuseHoldsAlready(c)
	case custodian && c.HeldFor() == "":
		return refuseTakeIt(c)
	case custodian && d.state.boundToAnother(c):
		return refuseHandoverOpen(c)
	}
	if beneficiary == d.actor.Username {
		return nil
	}
	if able := d.state.couldAsk(c, beneficiary); len(able) > 0 {
		return refuseTechnicianCanAsk(able)
	}
	return nil
}

// couldAsk gives the technicians who are there and could ask for a credential themselves:
// not those who are said not to be reached.
func (s *State) couldAsk(c Credential, beneficiary string) (able []string) {
	for p := range s.People() {
		said := c.HasCustodian(p.Username) && p.Username != beneficiary
		if p.Is(Technician) && p.CanConfirm() && p.Present() && !said {
			able = append(able, p.Username)
		}
	}
	return able
}

// EmergencyRequested: somebody asks for a password whose holder they cannot reach. The
// holder, the other custodian and whoever can approve are told at once.
type EmergencyRequested struct {
	Emergency  string   `json:"emergency"`
	Credential string   `json:"credential"`
	For        string   `json:"for"`
	Custodian  bool     `json:"custodian,omitzero"`
	Absent     []string `json:"absent,omitzero"`
	Holder     string   `json:"holder,omitzero"`
	Reason     Note     `json:"reason"`
	Needs      []Role   `json:"needs,omitzero"` // none: nobody has to approve it
	In         string   `json:"in,omitzero"`    // device in which it was asked for, as in Session; "": not known
}

var _ = fact(EmergencyRequested{})

func (EmergencyRequested) Type() string                 { return "emergency.requested" }
func (f EmergencyRequested) Subject() string            { return f.Credential }
func (EmergencyRequested) grade() Grade                 { return Serious }
func (EmergencyRequested) by(*State, Event) Who         { return Who{Anybody: true}.confirmed() }
func (f EmergencyRequested) concerns(s *State) Concerns { return s.aboutUrgent(f.Credential, f.For) }

func (f EmergencyRequested) emergency(requester string) Emergency {
	return Emergency{
		ID: f.Emergency, Status: EmergencyPending, Requester: requester, For: f.For, Custodian: f.Custodian,
		Absent: f.Absent, Holder: f.Holder, Reason: f.Reason.bare(), Needs: f.Needs, In: f.In,
	}
}

func (f EmergencyRequested) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	actor, _ := s.Person(e.Actor)
	beneficiary, _ := s.Person(f.For)
	open, isOpen := c.OpenEmergency()
	switch {
	case !c.Active() || c.Version == 0 || isOpen:
		return e.violates("I1", "of what is not in custody, or beside "+open.ID)
	case !s.asks(f, e):
		return e.violates("I7", "under the name of another")
	case e.Actor == f.For && !actor.Is(Technician) || e.Actor != f.For && (!actor.Is(Manager) && !actor.Is(Director) || !beneficiary.Substitutes() || len(s.couldAsk(c, f.For)) > 0):
		return e.violates("I10", "asked for by somebody who may not, or for who may hold nothing")
	case !s.there(c, e.Actor) || !s.there(c, f.For) || f.Custodian != c.HasCustodian(f.For):
		return e.violates("I3", "for who is away, or somebody else than is said")
	case f.Custodian && (f.Holder == "" || f.Holder == f.For || s.boundToAnother(c)):
		return e.violates("I1", "for a custodian who holds it, can take it, or is handed it over")
	case f.Holder != c.HeldFor() || !slices.Equal(f.Absent, c.absentFor(f.For)):
		return e.violates("I1", "from somebody else than holds it")
	case !slices.Equal(f.Needs, s.emergencyNeeds(actor, f.For, f.Custodian)):
		return e.violates("I10", "with other approvals than it needs")
	case !s.mayBeIn(e.Actor, f.In):
		return e.violates("I10", "asked for in a device in which who asks is not logged in")
	}
	return nil
}

// asks says whether a request has the name of a new emergency, or of the one that it is
// part of.
func (s *State) asks(f EmergencyRequested, e Event) bool {
	last := s.emergencies()
	if f.Emergency == emergencyID(last+1) {
		return true
	}
	for _, c := range s.ofEmergency(f.Emergency) {
		other, _ := c.Emergency(f.Emergency)
		if other.Requester != e.Actor || other.For != f.For || !other.AskedAt.Equal(e.Time) || other.Custodian != f.Custodian {
			return false
		}
	}
	return f.Emergency == emergencyID(last)
}

func (f EmergencyRequested) apply(s *State, e Event) {
	last := s.emergencies()
	if f.Emergency != emergencyID(last) {
		last++
	}
	s.editCredential(f.Credential, func(c *Credential) {
		asked := f.emergency(e.Actor)
		asked.AskedAt, asked.Expires = e.Time, e.Time.Add(s.Policy().Values.ApproveWithin)
		c.LastEmergency = last
		c.Emergencies = append(slices.DeleteFunc(slices.Clone(c.Emergencies), func(e Emergency) bool { return e.Status != EmergencyOver }), asked)
		s.expectEmergency(*c)
	})
}

// aboutUrgent are the custodians of a credential, whose seat one is again, and whom it is
// for: none of them assesses it as an incident.
func (s *State) aboutUrgent(credential string, others ...string) Concerns {
	c := Concerns{Credentials: []string{credential}, People: s.seatsOf(credential)}
	for _, other := range others {
		if other != "" && !slices.Contains(c.People, other) {
			c.People = append(c.People, other)
		}
	}
	return c
}

// aboutEmergency are the custodians of a credential, who asked, and whom it is for.
func (s *State) aboutEmergency(credential, id string) Concerns {
	c, _ := s.Credential(credential)
	e, _ := c.Emergency(id)
	return s.aboutUrgent(credential, e.For, e.Requester)
}

// WithdrawEmergency takes back what one asked for, while it waits.
type WithdrawEmergency struct {
	Emergency string `json:"emergency"`
}

var _ = action(WithdrawEmergency{})

func (WithdrawEmergency) Verb() string           { return "withdraw_emergency" }
func (a WithdrawEmergency) Subject() string      { return a.Emergency }
func (WithdrawEmergency) givers() givers         { return people }
func (a WithdrawEmergency) bare(s *State) Action { return WithdrawEmergency{s.nameOr(a.Emergency)} }

func (a WithdrawEmergency) decide(d *decision) error {
	of, e, err := d.emergency(a.Emergency, EmergencyPending)
	if err != nil {
		return err
	}
	if e.Requester != d.actor.Username {
		return refuseNotRequesterOf(e)
	}
	for _, c := range of {
		d.happen(EmergencyWithdrawn{Emergency: e.ID, Credential: c.Name})
	}
	return nil
}

// EmergencyWithdrawn: whoever asked for it does not any more.
type EmergencyWithdrawn struct {
	Emergency  string `json:"emergency"`
	Credential string `json:"credential"`
	Left       bool   `json:"left,omitzero"`     // who asked for it, or whom it is for, left
	Proposal   string `json:"proposal,omitzero"` // with which that was approved; "": by one person
}

var _ = fact(EmergencyWithdrawn{})

func (EmergencyWithdrawn) Type() string      { return "emergency.withdrawn" }
func (f EmergencyWithdrawn) Subject() string { return f.Credential }
func (EmergencyWithdrawn) grade() Grade      { return Ordinary }
func (f EmergencyWithdrawn) concerns(s *State) Concerns {
	return s.aboutEmergency(f.Credential, f.Emergency)
}

func (f EmergencyWithdrawn) by(s *State, e Event) Who {
	c, _ := s.Credential(f.Credential)
	at, _ := c.Emergency(f.Emergency)
	if f.Left {
		return s.endsAccess(f.Proposal, e, at.Requester, at.For)
	}
	return byPerson(at.Requester)
}

func (f EmergencyWithdrawn) allowed(s *State, e Event) error {
	return s.emergencyIs(e, f.Credential, f.Emergency, EmergencyPending)
}

func (f EmergencyWithdrawn) apply(s *State, e Event) {
	s.editEmergency(f.Credential, f.Emergency, func(_ *Credential, at *Emergency) { at.close(EmergencyTaken, e) })
}

// emergencyIs says whether an emergency can become something else from where it stands.
func (s *State) emergencyIs(e Event, credential, id string, status EmergencyStatus) error {
	c, _ := s.Credential(credential)
	if at, _ := c.Emergency(id); at.Status != status {
		return e.violates("I10", "of an emergency that was "+string(at.Status))
	}
	return nil
}

// close ends an emergency that was not granted.
func (e *Emergency) close(how EmergencyStatus, at Event) {
	e.Status, e.EndedAt = how, at.Time
	if at.Actor != System {
		e.EndedBy = at.Actor
	}
}

func refuseHoldsAlready(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Rule: ruleHandover, Key: "holds_already", Args: Args{"credential": c.Name}}
}

func refuseTakeIt(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Rule: ruleHandover, Key: "take_it", Args: Args{"credential": c.Name}}
}

func refuseTechnicianCanAsk(able []string) *Refusal {
	return &Refusal{Code: Conflict, Rule: ruleHandover, Key: "technician_can_ask", Args: Args{"people": able}}
}

func refuseNotRequesterOf(e Emergency) *Refusal {
	return &Refusal{Code: Forbidden, Rule: ruleHandover, Key: "not_emergency_requester", Args: Args{"emergency": e.ID, "person": e.Requester}}
}
