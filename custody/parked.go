package custody

import "time"

// A parked credential is verified, in the secret store, and held by nobody: whoever
// held it left, or could not be reached, and the other custodian was not there. Being
// marked present moves no custody; a custodian takes it.

// Take takes a parked credential over, or the succession of one that is being changed
// for nobody. The first custodian who comes has it.
type Take struct {
	Credential string `json:"credential"`
}

var _ = action(Take{})

func (Take) Verb() string           { return "take" }
func (a Take) Subject() string      { return a.Credential }
func (Take) givers() givers         { return people }
func (a Take) bare(s *State) Action { return Take{s.nameOr(a.Credential)} }

func (a Take) decide(d *decision) error {
	c, err := d.credential(a.Credential)
	switch {
	case err != nil:
		return err
	case !c.HasCustodian(d.actor.Username):
		return refuseNotCustodian(c)
	case !c.Takeable():
		return refuseNothingToTake(c)
	case d.actor.Away:
		return refuseSelfAway()
	case !d.state.there(c, d.actor.Username):
		return refuseUnreachable(c)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(CredentialTaken{Credential: c.Name, Person: d.actor.Username})
	return nil
}

// Takeable says that nobody holds it and nobody will, until somebody takes it.
func (c Credential) Takeable() bool {
	return c.Phase == Parked || c.Phase == Rotating && c.Rotation.Successor == ""
}

// MayBeLeft says that two have permitted that its only custodian goes away, and that it is
// parked by now. Where there are keyholders it has to be closed for them as well: see
// refuseLeaving.
func (c Credential) MayBeLeft() bool { return c.Unattended && c.Phase == Parked }

// leftAlone is how old the envelope of a credential may be that nobody will look after: no
// older than that its password, and who opens it, were seen to be right that day.
const leftAlone = 24 * time.Hour

// closedLately says that any two keyholders open an envelope with a credential's password,
// which was made less than a day ago; also where nobody is a keyholder.
func (s *State) closedLately(c Credential, now time.Time) bool {
	_, set := s.keyholding()
	return set == "" || c.current(set) && now.Before(c.Envelope.Sealed.At.Add(leftAlone))
}

// refuseLeaving says why the only custodian of a credential cannot go away; nil: they can.
func (s *State) refuseLeaving(c Credential, now time.Time) *Refusal {
	switch {
	case !c.MayBeLeft():
		return refuseSeatVacant(c)
	case !s.closedLately(c, now):
		return refuseSeatUnclosed(c)
	}
	return nil
}

func refuseSeatUnclosed(c Credential) *Refusal {
	return &Refusal{Code: SeatIsVacant, Rule: "4.3", Key: "seat_unclosed", Args: Args{"credential": c.Name}}
}

// CredentialTaken: a custodian holds what was parked, or will when it was changed.
type CredentialTaken struct {
	Credential string `json:"credential"`
	Person     string `json:"person"`
}

var _ = fact(CredentialTaken{})

func (CredentialTaken) Type() string           { return "credential.taken" }
func (f CredentialTaken) Subject() string      { return f.Credential }
func (CredentialTaken) grade() Grade           { return Ordinary }
func (f CredentialTaken) by(*State, Event) Who { return byPerson(f.Person).confirmed() }
func (f CredentialTaken) concerns(s *State) Concerns {
	return s.aboutCustodians(f.Credential)
}

func (f CredentialTaken) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if !c.Takeable() || !c.HasCustodian(f.Person) {
		return e.violates("I1", "taken from somebody, or by no custodian")
	}
	return nil
}

func (f CredentialTaken) apply(s *State, _ Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		c.Unattended = false
		if c.Phase == Rotating {
			c.Rotation.Successor = f.Person
			return
		}
		c.Phase, c.Holder = Held, f.Person
		s.expectAge(*c)
	})
}

// Park takes a credential with a vacant seat from its only custodian, so that they can
// go away although nobody else is there: its password is changed, and nobody holds it
// until they are back or somebody has the seat. It takes effect by a proposal.
type Park struct {
	Credential string `json:"credential"`
}

var (
	_            = action(Park{})
	_ Proposable = Park{}
)

func (Park) Verb() string                { return "park" }
func (a Park) Subject() string           { return a.Credential }
func (Park) givers() givers              { return byProposal }
func (Park) decide(*decision) error      { return refuseApprovalNeeded() }
func (Park) ofPerson() bool              { return false }
func (Park) levels(*State) []Role        { return []Role{Manager, Director} }
func (a Park) parties(s *State) []string { return s.seatsOf(a.Credential) }
func (a Park) bare(s *State) Action      { return Park{s.nameOr(a.Credential)} }

func (a Park) differences(now Now) []Difference {
	return []Difference{{"holder", []string{now.Credential.Holder}, []string{""}}}
}

func (a Park) effect(d *decision, proposal string) error {
	c, err := d.credential(a.Credential)
	switch {
	case err != nil:
		return err
	case !c.Active():
		return refuseInactive(c)
	case !c.SeatVacant():
		return refuseNoSeatVacant(c)
	case c.Unattended:
		return refuseNothingToTake(c)
	}
	if e, on := c.InEmergency(); on {
		return refuseEmergencyOpen(c, e)
	}
	f := CredentialParked{Credential: c.Name, Proposal: proposal}
	if c.Phase == Held {
		f.Deadline = d.deadline()
	}
	d.happen(f)
	return nil
}

// CredentialParked: two have permitted that nobody looks after a credential for a while.
type CredentialParked struct {
	Credential string    `json:"credential"`
	Deadline   time.Time `json:"deadline,omitzero"` // of the rotation that this begins; zero: one was under way, or nobody held it
	Proposal   string    `json:"proposal"`
}

var _ = fact(CredentialParked{})

func (CredentialParked) Type() string                 { return "credential.parked" }
func (f CredentialParked) Subject() string            { return f.Credential }
func (CredentialParked) grade() Grade                 { return Ordinary }
func (f CredentialParked) by(s *State, _ Event) Who   { return s.lastApprover(f.Proposal) }
func (f CredentialParked) concerns(s *State) Concerns { return s.aboutCustodians(f.Credential) }

func (f CredentialParked) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if !c.Active() || !c.SeatVacant() || c.Unattended {
		return e.violates("I12", "left alone though both seats are taken, or twice")
	}
	if err := s.noEmergency(e, f.Credential); err != nil {
		return err
	}
	return s.approved(e, f.Proposal, Park{f.Credential})
}

func (f CredentialParked) apply(s *State, e Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		c.Unattended = true
		switch c.Phase {
		case Held:
			c.startRotation(ForParking, "", e.Time, f.Deadline)
			s.expectRotation(*c)
		case Rotating:
			c.Rotation.Successor = ""
			c.Rotation.needed(ForParking)
		}
	})
}

func refuseNothingToTake(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Rule: ruleHandover, Key: "nothing_to_take", Args: Args{"credential": c.Name, "holder": c.HeldFor()}}
}

func refuseParked(c Credential) *Refusal {
	return &Refusal{Code: IsParked, Rule: ruleHandover, Key: "parked", Args: Args{"credential": c.Name}}
}

func refuseNoSeatVacant(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Rule: "4.3", Key: "no_seat_vacant", Args: Args{"credential": c.Name}}
}
