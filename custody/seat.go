package custody

import (
	"slices"
	"time"
)

// Seat is one of the two places of a credential's custodians. One is vacant from when
// its custodian leaves until a proposal puts somebody else there.

// SeatVacant says that one of the two custodians is missing, or both are.
func (c Credential) SeatVacant() bool { return c.Primary == "" || c.Backup == "" }

// custodians are those of a credential, by name; none of what there is not.
func (s *State) custodians(credential string) []string {
	c, _ := s.Credential(credential)
	return twoOf(c.Primary, c.Backup)
}

// seatsOf gives them, and whose seat one is again on a date: nobody approves what is done
// with an account that they will have.
func (s *State) seatsOf(credential string) []string {
	c, _ := s.Credential(credential)
	all := append(s.custodians(credential), twoOf(c.Substitute.Original, "")...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (s *State) aboutCustodians(credential string) Concerns {
	return Concerns{Credentials: []string{credential}, People: s.custodians(credential)}
}

// concernedBy says whether it matters to a credential that somebody leaves: they are its
// custodian, or know a password of it.
func (c Credential) concernedBy(person string) bool {
	return c.Active() && (c.HasCustodian(person) || c.knownTo(person))
}

// knownTo says whether somebody was shown the password that counts, or the one that is
// about to.
func (c Credential) knownTo(person string) bool {
	return slices.Contains(c.Exposure, person) || slices.Contains(c.Rotation.ShownTo, person)
}

// leftBy says what becomes of a credential when somebody leaves: who holds it in the end,
// "" where nobody is there to, and whether its password has to be changed for that.
func (s *State) leftBy(c Credential, person string) (successor string, changes bool) {
	held := c.HeldFor()
	if held == person {
		held = ""
		if other := c.Other(person); s.there(c, other) {
			held = other
		}
	}
	return held, c.HeldFor() == person || c.knownTo(person)
}

// SeatVacated: somebody who leaves is custodian of a credential no more, and what they
// know of it is being changed.
type SeatVacated struct {
	Credential string    `json:"credential"`
	Person     string    `json:"person"`
	Successor  string    `json:"successor,omitzero"` // who holds it, or will; "": nobody is there to
	Changes    bool      `json:"changes,omitzero"`   // they held or know it, so that its password is changed
	Deadline   time.Time `json:"deadline,omitzero"`  // of the rotation that this begins; zero: one is under way, or none is needed
	Proposal   string    `json:"proposal,omitzero"`  // with which it was approved; "": whoever ended their access
}

var _ = fact(SeatVacated{})

func (SeatVacated) Type() string               { return "credential.seat_vacated" }
func (f SeatVacated) Subject() string          { return f.Credential }
func (SeatVacated) grade() Grade               { return Serious }
func (f SeatVacated) by(s *State, e Event) Who { return s.endsAccess(f.Proposal, e, f.Person) }

func (f SeatVacated) concerns(s *State) Concerns {
	c := s.aboutCustodians(f.Credential)
	if !slices.Contains(c.People, f.Person) {
		c.People = append(c.People, f.Person)
	}
	return c
}

func (f SeatVacated) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if !c.concernedBy(f.Person) {
		return e.violates("I12", "a seat that they do not have")
	}
	successor, changes := s.leftBy(c, f.Person)
	if f.Successor != successor || f.Changes != changes || f.Deadline.IsZero() == (changes && c.AtRest()) {
		return e.violates("I13", "left to somebody else, or with what they know")
	}
	return nil
}

func (f SeatVacated) apply(s *State, e Event) {
	s.editCredential(f.Credential, func(c *Credential) {
		if c.HasCustodian(f.Person) {
			s.discharge(f.Person, c.Name)
			if c.Primary == f.Person {
				c.Primary = ""
			} else {
				c.Backup = ""
			}
			c.Unreachable = without(c.Unreachable, func(name string) bool { return name == f.Person })
			if c.Substitute.Person == f.Person { // nobody has a seat to give back
				c.Substitute = Substitute{}
			}
		}
		switch {
		case !f.Deadline.IsZero():
			c.startRotation(ForLeaving, f.Successor, e.Time, f.Deadline)
			s.expectRotation(*c)
		case c.Phase == Rotating:
			if f.Changes {
				c.Rotation.needed(ForLeaving)
			}
			c.Rotation.Successor = f.Successor
		}
		if f.Changes {
			c.Leavers = with(c.Leavers, f.Person)
			s.editPerson(f.Person, func(p *Person) {
				p.Leaving.add(Item{Kind: ItemCredential, Credential: c.Name, Version: c.Version})
			})
		}
	})
}

// needed notes that a change has to be made now whatever it began for, so that nobody
// calls it off. What comes in can be: then it is not in custody.
func (r *Rotation) needed(because RotationReason) {
	if r.Reason != ForOnboard && r.Reason != ForReturn {
		r.Reason = because
	}
}

// HandoverVoided: one of its two parties leaves, so nothing comes of it any more.
type HandoverVoided struct {
	Handover string `json:"handover"`
	Person   string `json:"person"`
	Proposal string `json:"proposal,omitzero"`
}

var _ = fact(HandoverVoided{})

func (HandoverVoided) Type() string                 { return "handover.voided" }
func (f HandoverVoided) Subject() string            { return f.Handover }
func (f HandoverVoided) concerns(s *State) Concerns { return s.aboutHandover(f.Handover) }
func (HandoverVoided) grade() Grade                 { return Ordinary }
func (f HandoverVoided) by(s *State, e Event) Who   { return s.endsAccess(f.Proposal, e, f.Person) }

func (f HandoverVoided) allowed(s *State, e Event) error {
	if h, _ := s.Handover(f.Handover); !h.voidWithout(f.Person) {
		return e.violates("I1", "void though its parties are there, or over before")
	}
	return nil
}

func (f HandoverVoided) apply(s *State, e Event) {
	h, _ := s.Handover(f.Handover)
	s.editHandover(f.Handover, func(h *Handover) { h.Status, h.EndedAt = Voided, e.Time })
	s.editAll(h.Credentials, func(c *Credential) {
		if c.Handover == f.Handover { // of a returned one some are free already
			c.Handover = ""
		}
	})
}

// voidWithout says whether a handover comes to nothing when somebody leaves. What was
// given back is the giver's in the end, whoever had it.
func (h Handover) voidWithout(person string) bool {
	return h.Status.Open() && person != "" && (h.From == person || h.To == person && h.Status != Returned)
}
