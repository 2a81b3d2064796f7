package custody

import (
	"slices"
	"time"
)

// SetCustodians gives a credential another pair of custodians: because somebody
// changed post, or left (clause 4.3). It takes effect by a proposal.
type SetCustodians struct {
	Credential string `json:"credential"`
	Primary    string `json:"primary"`
	Backup     string `json:"backup"`

	// Until, in whole milliseconds: whoever comes in only stands in for who goes out, until
	// then. Zero: for good.
	Until time.Time `json:"until,omitzero"`
}

var (
	_            = action(SetCustodians{})
	_ Proposable = SetCustodians{}
)

func (SetCustodians) Verb() string           { return "custodians" }
func (a SetCustodians) Subject() string      { return a.Credential }
func (SetCustodians) givers() givers         { return byProposal }
func (SetCustodians) decide(*decision) error { return refuseApprovalNeeded() }
func (SetCustodians) ofPerson() bool         { return false }
func (SetCustodians) levels(*State) []Role   { return []Role{Manager, Director} }

func (a SetCustodians) bare(s *State) Action {
	return SetCustodians{s.nameOr(a.Credential), s.nameOr(a.Primary), s.nameOr(a.Backup), instantOrZero(a.Until)}
}

// names says whether somebody is one of the two that it gives a credential.
func (a SetCustodians) names(person string) bool {
	return person != "" && (a.Primary == person || a.Backup == person)
}

// parties are the custodians before and after, and whose seat one of them has.
func (a SetCustodians) parties(s *State) []string {
	all := append(s.seatsOf(a.Credential), twoOf(a.Primary, a.Backup)...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (a SetCustodians) differences(now Now) []Difference {
	all := []Difference{
		{"primary", []string{now.Credential.Primary}, []string{a.Primary}},
		{"backup", []string{now.Credential.Backup}, []string{a.Backup}},
	}
	was, is := now.Credential.Substitute.Until, a.Until
	if now.Credential.Active() { // of what is not known any more only the date that was asked for is
		is = now.Credential.substituteAfter(a).Until
	}
	if was.IsZero() && is.IsZero() {
		return all
	}
	return append(all, Difference{"stands_in_until", writtenInstant(was), writtenInstant(is)})
}

func (a SetCustodians) effect(d *decision, proposal string) error {
	c, err := d.credential(a.Credential)
	if err != nil {
		return err
	}
	switch {
	case !c.Active():
		return refuseInactive(c)
	case a.Primary == c.Primary && a.Backup == c.Backup && a.Until.Equal(c.Substitute.Until):
		return refuseSameCustodians(c)
	}
	if e, on := c.InEmergency(); on {
		return refuseEmergencyOpen(c, e)
	}
	if _, err := d.pair(c, a.Primary, a.Backup); err != nil {
		return err
	}
	if err := d.standsIn(c, a); err != nil {
		return err
	}
	to := d.seats(c, a)
	f := CustodiansChanged{
		Credential: a.Credential, Primary: a.Primary, Backup: a.Backup, Before: []string{c.Primary, c.Backup}, Proposal: proposal,
		Successor: to.successor, Deadline: to.deadline, Handover: to.handover, Until: a.Until,
	}
	if !a.Until.IsZero() {
		sub := c.substituteAfter(a)
		f.Substitute, f.Original = sub.Person, sub.Original
	}
	d.happen(f)
	return nil
}

// seating is what follows for a credential when its seats are others'.
type seating struct {
	successor string    // who holds it once its password was changed; "": it need not be
	deadline  time.Time // of the rotation that begins; zero: none does
	handover  string    // the open one that goes on without it, as one of its parties is custodian no more; ""
}

// seats works out what follows when a credential gets these custodians.
func (d *decision) seats(c Credential, a SetCustodians) seating {
	to := seating{successor: d.state.successorAfter(c, a), handover: d.state.handoverWithout(c, a)}
	if to.successor != "" && c.Phase == Held {
		to.deadline = d.deadline()
	}
	return to
}

// handoverWithout gives the handover that a credential is taken out of when it gets these
// custodians. One that was given back is over when the password is changed anyway.
func (s *State) handoverWithout(c Credential, a SetCustodians) string {
	if h, _ := s.Handover(c.Handover); s.boundToAnother(c) && !(a.names(h.From) && a.names(h.To)) {
		return h.ID
	}
	return ""
}

// seatedAs is the law of what follows.
func (s *State) seatedAs(e Event, c Credential, a SetCustodians, to seating) error {
	if to.successor != s.successorAfter(c, a) || to.deadline.IsZero() == (to.successor != "" && c.Phase == Held) {
		return e.violates("I13", "somebody who goes out knows it, and it is not changed for who stays")
	}
	if to.handover != s.handoverWithout(c, a) {
		return e.violates("I1", "part of a handover of who is custodian no more, or taken out of another")
	}
	return nil
}

// seat gives a credential its custodians, one of whom may stand in for somebody.
func (s *State) seat(a SetCustodians, sub Substitute, to seating, now time.Time) {
	s.editCredential(a.Credential, func(c *Credential) {
		s.discharge(c.Primary, c.Name)
		s.discharge(c.Backup, c.Name)
		c.Primary, c.Backup, c.Substitute = a.Primary, a.Backup, sub
		s.charge(c.Primary, c.Name)
		s.charge(c.Backup, c.Name)
		c.Unattended = false
		c.Unreachable = without(c.Unreachable, func(name string) bool { return !c.HasCustodian(name) })
		if to.handover != "" {
			c.Handover = ""
		}
		switch {
		case c.Phase == Rotating:
			c.Rotation.Successor = to.successor
			c.Rotation.needed(ForCustodians)
		case to.successor != "":
			c.startRotation(ForCustodians, to.successor, now, to.deadline)
			s.expectRotation(*c)
		}
	})
	if to.handover != "" {
		s.editHandover(to.handover, func(h *Handover) { h.without(a.Credential, now) })
	}
}

// successorAfter gives who holds a credential once its password was changed, with its new
// custodians; "": it need not be, because whoever goes out never saw it, or because it is
// parked, and a custodian takes it.
func (s *State) successorAfter(c Credential, a SetCustodians) string {
	switch known := slices.ContainsFunc(c.Exposure, func(name string) bool { return !a.names(name) }); {
	case c.Phase == Parked, c.Phase == Held && a.names(c.Holder) && !known:
		return ""
	case a.names(c.HeldFor()):
		return c.HeldFor()
	}
	return s.first(c, a.Primary, a.Backup)
}

// pair accepts two people who can be custodians, one of whom is there now and at any time
// that is planned, and says who of them a password is changed for that neither holds.
func (d *decision) pair(c Credential, primary, backup string) (successor string, err error) {
	a, err := d.technician("primary", primary)
	if err != nil {
		return "", err
	}
	b, err := d.technician("backup", backup)
	if err != nil {
		return "", err
	}
	if primary == backup {
		return "", Invalid("backup", "same_person")
	}
	if !d.state.there(c, primary) && !d.state.there(c, backup) {
		return "", refuseNobodyPresent(a, b)
	}
	if err := d.pairClashes(c.Name, primary, backup); err != nil {
		return "", err
	}
	return d.state.first(c, primary, backup), nil
}

// first gives the primary of two custodians, or the backup while the primary is not there.
func (s *State) first(c Credential, primary, backup string) string {
	if s.there(c, primary) {
		return primary
	}
	return backup
}

// CustodiansChanged: the credential has these two now. Where somebody who goes out
// knows its password, or held it, nobody holds it until it is changed.
type CustodiansChanged struct {
	Credential string    `json:"credential"`
	Primary    string    `json:"primary"`
	Backup     string    `json:"backup"`
	Before     []string  `json:"before"`             // primary and backup until now
	Successor  string    `json:"successor,omitzero"` // of the rotation that this begins, or that is under way; "": there is none
	Deadline   time.Time `json:"deadline,omitzero"`  // for the one that this begins
	Proposal   string    `json:"proposal"`
	Handover   string    `json:"handover,omitzero"`   // that goes on without it, as one of its parties is custodian no more
	Until      time.Time `json:"until,omitzero"`      // when the seat of the substitute is the original's again; zero: nobody stands in by this
	Substitute string    `json:"substitute,omitzero"` // one of the two
	Original   string    `json:"original,omitzero"`
}

var _ = fact(CustodiansChanged{})

func (CustodiansChanged) Type() string               { return "credential.custodians_changed" }
func (f CustodiansChanged) Subject() string          { return f.Credential }
func (CustodiansChanged) grade() Grade               { return Ordinary }
func (f CustodiansChanged) by(s *State, _ Event) Who { return s.lastApprover(f.Proposal) }

func (f CustodiansChanged) change() SetCustodians {
	return SetCustodians{f.Credential, f.Primary, f.Backup, f.Until}
}

func (f CustodiansChanged) follows() seating { return seating{f.Successor, f.Deadline, f.Handover} }

func (f CustodiansChanged) concerns(s *State) Concerns {
	return Concerns{Credentials: []string{f.Credential}, People: f.change().parties(s)}.andHandover(f.Handover)
}

func (f CustodiansChanged) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	if !c.Active() {
		return e.violates("I1", "custodians of what is not in custody")
	}
	if !slices.Equal(f.Before, []string{c.Primary, c.Backup}) {
		return e.violates("I1", "in the place of others than there were")
	}
	said := Substitute{Person: f.Substitute, Original: f.Original, Until: f.Until}
	if sub := c.substituteAfter(f.change()); said.In() == f.Until.IsZero() || said.In() && (said != sub || !f.Until.After(e.Time)) {
		return e.violates("I12", "stands in until a date that has passed, or for somebody else")
	}
	if err := s.seatedAs(e, c, f.change(), f.follows()); err != nil {
		return err
	}
	if err := s.noEmergency(e, f.Credential); err != nil {
		return err
	}
	return s.approved(e, f.Proposal, f.change())
}

func (f CustodiansChanged) apply(s *State, e Event) {
	c, _ := s.Credential(f.Credential)
	s.seat(f.change(), c.substituteAfter(f.change()), f.follows(), e.Time)
}

func refuseSameCustodians(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Key: "same_custodians", Args: Args{"credential": c.Name, "primary": c.Primary, "backup": c.Backup}}
}
