package custody

import (
	"slices"
	"time"
)

// EmergencyEnd is why an emergency that was granted is over.
type EmergencyEnd string

// The ends.
const (
	EndGivenBack  EmergencyEnd = "given_back"   // by who had it
	EndTime       EmergencyEnd = "time"         // it lasted as long as the policy lets it
	EndBack       EmergencyEnd = "back"         // one of the absent has been back for a quarter of an hour
	EndUnused     EmergencyEnd = "unused"       // it was not used in time
	EndLostAccess EmergencyEnd = "access_ended" // who had it left, or sets up their log-in anew
)

// EndEmergency gives back what one has in an emergency, all of it.
type EndEmergency struct {
	Emergency string `json:"emergency"`
}

var _ = action(EndEmergency{})

func (EndEmergency) Verb() string           { return "end_emergency" }
func (a EndEmergency) Subject() string      { return a.Emergency }
func (EndEmergency) givers() givers         { return people }
func (a EndEmergency) bare(s *State) Action { return EndEmergency{s.nameOr(a.Emergency)} }

func (a EndEmergency) decide(d *decision) error {
	of, e, err := d.emergency(a.Emergency, EmergencyOn)
	if err != nil {
		return err
	}
	if e.For != d.actor.Username {
		return refuseNotBeneficiary(e)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	for _, c := range of {
		at, _ := c.Emergency(e.ID)
		d.endEmergency(c, at, EndGivenBack, "")
	}
	return nil
}

// Ends is when time ends an emergency that was granted.
func (e Emergency) Ends() time.Time {
	end := e.Until
	if e.UsedAt.IsZero() && e.UseBy.Before(end) {
		end = e.UseBy
	}
	if back := e.BackAt.Add(backWithin); !e.BackAt.IsZero() && back.Before(end) {
		end = back
	}
	return end
}

// endedBy says why it ends when its time has come: what lasted longest, if several do.
func (e Emergency) endedBy(now time.Time) EmergencyEnd {
	switch {
	case e.UsedAt.IsZero() && !now.Before(e.UseBy):
		return EndUnused
	case !now.Before(e.Until):
		return EndTime
	}
	return EndBack
}

// afterEmergency is who holds a credential when an emergency has ended and its password was
// changed: who held it before, if they are there; a custodian who is; or nobody.
func (s *State) afterEmergency(c Credential, e Emergency, how EmergencyEnd) string {
	for _, person := range []string{e.Holder, c.Primary, c.Backup} {
		gone := how == EndLostAccess && person == e.For
		if c.HasCustodian(person) && s.there(c, person) && !gone {
			return person
		}
	}
	return ""
}

// endEmergency takes back what somebody has in an emergency, and gives the credential as it
// is then.
func (d *decision) endEmergency(c Credential, e Emergency, how EmergencyEnd, proposal string) Credential {
	f := EmergencyEnded{Emergency: e.ID, Credential: c.Name, How: how, Successor: d.state.afterEmergency(c, e, how), Proposal: proposal}
	if c.AtRest() {
		f.Deadline = d.deadline()
	}
	d.happen(f)
	c.Emergencies = slices.Clone(c.Emergencies)
	f.end(&c, &c.Emergencies[len(c.Emergencies)-1], d.now, d.policy)
	return c
}

// endEmergenciesOf ends what somebody has to do with the emergencies of a credential when
// they lose their access, and gives the credential as it is then.
func (d *decision) endEmergenciesOf(person string, c Credential, proposal string) Credential {
	switch e, open := c.OpenEmergency(); {
	case !open:
	case e.Status == EmergencyPending && (e.Requester == person || e.For == person):
		d.happen(EmergencyWithdrawn{Emergency: e.ID, Credential: c.Name, Left: true, Proposal: proposal})
	case e.Status == EmergencyOn && e.For == person:
		return d.endEmergency(c, e, EndLostAccess, proposal)
	}
	return c
}

// EmergencyEnded: who had the password in an emergency has it no more. It is changed, always.
type EmergencyEnded struct {
	Emergency  string       `json:"emergency"`
	Credential string       `json:"credential"`
	How        EmergencyEnd `json:"how"`
	Successor  string       `json:"successor,omitzero"` // who holds it, once it was changed; "": nobody is there to
	Deadline   time.Time    `json:"deadline,omitzero"`  // of the rotation that this begins; zero: one was under way
	Proposal   string       `json:"proposal,omitzero"`  // with which they lost their access; "": by one person, or not so
}

var _ = fact(EmergencyEnded{})

func (EmergencyEnded) Type() string      { return "emergency.ended" }
func (f EmergencyEnded) Subject() string { return f.Credential }
func (EmergencyEnded) grade() Grade      { return Ordinary }
func (f EmergencyEnded) concerns(s *State) Concerns {
	return s.aboutEmergency(f.Credential, f.Emergency)
}

func (f EmergencyEnded) by(s *State, ev Event) Who {
	c, _ := s.Credential(f.Credential)
	e, _ := c.Emergency(f.Emergency)
	switch f.How {
	case EndGivenBack:
		return byPerson(e.For).confirmed()
	case EndLostAccess:
		return s.endsAccess(f.Proposal, ev, e.For)
	case EndTime, EndBack, EndUnused:
		return bySystem()
	}
	return Who{}
}

func (f EmergencyEnded) allowed(s *State, e Event) error {
	if err := s.emergencyIs(e, f.Credential, f.Emergency, EmergencyOn); err != nil {
		return err
	}
	c, _ := s.Credential(f.Credential)
	at, _ := c.Emergency(f.Emergency)
	if timed := e.Actor == System; timed && (e.Time.Before(at.Ends()) || f.How != at.endedBy(e.Time)) {
		return e.violates("I10", "ended by time before it was over, or for another reason")
	}
	if f.Successor != s.afterEmergency(c, at, f.How) || f.Deadline.IsZero() == c.AtRest() {
		return e.violates("I13", "left to somebody else, or with a password that is not changed")
	}
	return nil
}

func (f EmergencyEnded) apply(s *State, e Event) {
	s.editEmergency(f.Credential, f.Emergency, func(c *Credential, at *Emergency) {
		f.end(c, at, e.Time, s.Policy().Values)
		if e.Actor != System {
			at.EndedBy = e.Actor
		}
		if !c.HasCustodian(at.For) {
			s.discharge(at.For, c.Name)
		}
		s.expectRotation(*c)
		s.expectEmergency(*c)
	})
}

// end moves a credential and its emergency to where nobody holds it.
func (f EmergencyEnded) end(c *Credential, e *Emergency, now time.Time, p Policy) {
	e.Status, e.How, e.EndedAt, e.ReviewBy = EmergencyOver, f.How, now, now.Add(p.ReviewWithin)
	if f.How == EndUnused {
		e.Status, e.ReviewBy = EmergencyUnused, time.Time{}
	}
	if c.Phase == Rotating {
		c.Rotation.Successor = f.Successor
		c.Rotation.needed(ForEmergency)
		return
	}
	c.startRotation(ForEmergency, f.Successor, now, f.Deadline)
}

// isBack notes that somebody can be reached again: for every credential, and in every
// emergency that began because they could not be.
func (s *State) isBack(person string, now time.Time) {
	s.absence(person, func(c *Credential, e *Emergency) {
		c.Unreachable = without(c.Unreachable, func(name string) bool { return name == person })
		if e != nil && e.BackAt.IsZero() {
			e.BackAt = now
		}
	})
}

// isGone notes that somebody went away again.
func (s *State) isGone(person string) {
	s.absence(person, func(_ *Credential, e *Emergency) {
		if e != nil {
			e.BackAt = time.Time{}
		}
	})
}

// absence goes through what somebody is custodian of, with the emergency that began
// because they were absent; nil: there is none.
func (s *State) absence(person string, edit func(*Credential, *Emergency)) {
	for _, name := range s.Charges(person) {
		c, _ := s.Credential(name)
		e, on := c.InEmergency()
		switch {
		case on && slices.Contains(e.Absent, person):
			s.editEmergency(name, e.ID, edit)
		case slices.Contains(c.Unreachable, person):
			s.editCredential(name, func(c *Credential) { edit(c, nil) })
		default:
			continue
		}
		c, _ = s.Credential(name)
		s.expectEmergency(c)
	}
}

// unreachable says whether somebody counts as away for anything that they are custodian of.
func (s *State) unreachable(person string) bool {
	return slices.ContainsFunc(s.Charges(person), func(name string) bool {
		c, _ := s.Credential(name)
		return slices.Contains(c.Unreachable, person)
	})
}

func refuseNotBeneficiary(e Emergency) *Refusal {
	return &Refusal{Code: Forbidden, Rule: ruleHandover, Key: "not_beneficiary", Args: Args{"emergency": e.ID, "person": e.For}}
}

// noEmergency refuses what cannot happen while somebody has a credential in an emergency.
func (s *State) noEmergency(e Event, credential string) error {
	c, _ := s.Credential(credential)
	if at, on := c.InEmergency(); on {
		return e.violates("I1", "of "+credential+" in "+at.ID)
	}
	return nil
}

// endEmergencies ends what waits for a credential whose custody ends.
func (c *Credential) endEmergencies(now time.Time) {
	c.Emergencies, c.Unreachable = slices.Clone(c.Emergencies), nil
	for i := range c.Emergencies {
		if e := &c.Emergencies[i]; e.Status == EmergencyPending {
			e.Status, e.EndedAt = EmergencyUnused, now
		}
	}
}

// keepsNoSilence forgets a silence that the policy of a credential does not allow any more.
func (c *Credential) keepsNoSilence() {
	c.Emergencies = slices.Clone(c.Emergencies)
	for i := range c.Emergencies {
		if e := &c.Emergencies[i]; !c.Policy.Silence && e.Status == EmergencyPending {
			e.Silence = time.Time{}
		}
	}
}

// maxHold is how long an emergency can last at the most.
const maxHold = 24 * time.Hour
