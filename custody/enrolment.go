package custody

import "time"

// Enrolment is how a person confirms, and what became of their last tries.
type Enrolment struct {
	Number     int64 `json:"enrolment,omitzero"`   // counts the person's seeds, from 1: each reset is another
	Enrolled   bool  `json:"enrolled,omitzero"`    // the TOTP seed was verified once by a code
	TOTPPeriod int   `json:"totp_period,omitzero"` // seconds

	// Account is the version of what the secret store keeps for the person's log-in
	// (the hashes of the password and of the recovery codes) that counts; 0: none
	// does, and nobody logs in. Whatever else is there, older or newer, is nothing.
	Account int64 `json:"account,omitzero"`

	// NextUntil is until when the person can prove another authenticator of their own,
	// which they were shown; zero: there is none.
	NextUntil time.Time `json:"next_until,omitzero"`

	// LastStep is the highest TOTP step that confirmed something, and
	// LastRequest the request it confirmed: one step confirms one request,
	// ever (I6).
	LastStep    int64     `json:"last_step,omitzero"`
	LastRequest string    `json:"last_request,omitzero"`
	WrongCodes  int       `json:"wrong_codes,omitzero"`  // in a row, since the last right one or lock-out
	Lockouts    int       `json:"lockouts,omitzero"`     // in a row, since the last right code
	LockedUntil time.Time `json:"locked_until,omitzero"` // zero when never locked
}

// confirms notes that the person's code of this step was right.
func (n *Enrolment) confirms(step int64, request string) {
	n.LastStep, n.LastRequest = step, request
	n.WrongCodes, n.Lockouts = 0, 0
}

// unlock forgets what had locked the person out.
func (n *Enrolment) unlock() {
	n.WrongCodes, n.Lockouts, n.LockedUntil = 0, 0, time.Time{}
}

// reset is what a new seed begins with. The steps of the old one do not bind it:
// its codes are others, and a step that a clock far ahead had burned would keep
// the person out until that day.
func (n *Enrolment) reset() {
	n.Number++
	n.Enrolled, n.LastStep, n.LastRequest, n.NextUntil = false, 0, "", time.Time{}
	n.unlock()
}

// PersonEnrolled: the first code proved the TOTP seed.
type PersonEnrolled struct {
	Person string `json:"person"`
}

var _ = fact(PersonEnrolled{})

func (PersonEnrolled) Type() string                { return "person.enrolled" }
func (f PersonEnrolled) Subject() string           { return f.Person }
func (f PersonEnrolled) concerns(*State) Concerns  { return Concerns{People: []string{f.Person}} }
func (PersonEnrolled) grade() Grade                { return Ordinary }
func (f PersonEnrolled) by(*State, Event) Who      { return byPerson(f.Person).confirmed() }
func (PersonEnrolled) allowed(*State, Event) error { return nil }

func (f PersonEnrolled) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.Enrolled = true })
}

// ResetEnrolment forgets a person's password and authenticator, so that they can set up
// others: a lost telephone, or somebody who forgot the password. It takes effect by a
// proposal. What they hold passes to the other custodian first, with a new password,
// where that one is there.
type ResetEnrolment struct {
	Person string `json:"person"`
}

var (
	_            = action(ResetEnrolment{})
	_ Proposable = ResetEnrolment{}
)

func (ResetEnrolment) Verb() string                 { return "enrolment" }
func (a ResetEnrolment) Subject() string            { return a.Person }
func (ResetEnrolment) givers() givers               { return byProposal }
func (ResetEnrolment) decide(*decision) error       { return refuseApprovalNeeded() }
func (ResetEnrolment) ofPerson() bool               { return true }
func (ResetEnrolment) levels(*State) []Role         { return []Role{Manager} }
func (a ResetEnrolment) parties(*State) []string    { return []string{a.Person} }
func (ResetEnrolment) differences(Now) []Difference { return nil }

func (a ResetEnrolment) bare(s *State) Action { return ResetEnrolment{Person: s.nameOr(a.Person)} }

func (a ResetEnrolment) effect(d *decision, proposal string) error {
	if _, err := d.active(a.Person); err != nil {
		return err
	}
	for _, name := range d.state.Charges(a.Person) {
		c, _ := d.state.Credential(name)
		c = d.endEmergenciesOf(a.Person, c, proposal)
		if to, passes := d.state.passesTo(c, a.Person); passes {
			d.happen(CustodyPassed{Credential: name, From: a.Person, Successor: to, Deadline: d.deadline(), Proposal: proposal})
		}
	}
	d.happen(EnrolmentReset{Person: a.Person, Proposal: proposal})
	return nil
}

// RecoverEnrolment forgets the seed of a person who proved to be one by a
// recovery code.
type RecoverEnrolment struct {
	Person    string `json:"person"`
	Enrolment int64  `json:"enrolment"`        // the number of the one that it was proved against
	Account   int64  `json:"account,omitzero"` // version of the account's secrets without the code
}

var _ = action(RecoverEnrolment{})

func (RecoverEnrolment) Verb() string         { return "recover_enrolment" }
func (a RecoverEnrolment) Subject() string    { return a.Person }
func (RecoverEnrolment) givers() givers       { return theSystem }
func (a RecoverEnrolment) bare(*State) Action { return a }

func (a RecoverEnrolment) decide(d *decision) error {
	p, ok := d.state.Person(a.Person)
	switch {
	case !ok:
		return refuseNotFound(aPerson)
	case p.Disabled:
		return refuseDisabled(p)
	case p.Number != a.Enrolment: // what proved it counts no more
		return RefuseResetMeanwhile()
	}
	d.happen(EnrolmentReset{Person: a.Person, Account: a.Account, Recovery: true})
	return nil
}

// ResetOnHost forgets the enrolment of a person whom nobody else can help, by
// whoever operates the machine. Once there is a founding it was asked for before
// (SeekRecovery), and nobody stopped it.
type ResetOnHost struct {
	Person  string `json:"person"`
	Account int64  `json:"account,omitzero"` // version of the new account's secrets
}

var _ = action(ResetOnHost{})

func (ResetOnHost) Verb() string      { return "reset_on_host" }
func (a ResetOnHost) Subject() string { return a.Person }
func (ResetOnHost) givers() givers    { return theSystem }

func (a ResetOnHost) bare(*State) Action { return a }

func (a ResetOnHost) decide(d *decision) error {
	p, err := d.active(a.Person)
	if err != nil {
		return err
	}
	if err := d.state.mayReset(p); err != nil {
		return err
	}
	switch {
	case !d.state.Founded():
	case !p.Recovery.Open(d.now):
		return refuseNoRecovery(p)
	case !p.Recovery.usable(d.now):
		return refuseRecoverySought(p)
	}
	d.happen(EnrolmentReset{Person: a.Person, Account: a.Account, OnHost: true})
	return nil
}

// EnrolmentReset: the seed counts no more; a new one must be proved.
type EnrolmentReset struct {
	Person   string `json:"person"`
	Account  int64  `json:"account,omitzero"`  // version of the account's secrets from now on
	Recovery bool   `json:"recovery,omitzero"` // by the person's own recovery code
	OnHost   bool   `json:"on_host,omitzero"`  // by whoever operates the machine
	Proposal string `json:"proposal,omitzero"` // with which it was approved: the person sets up a new one
}

var _ = fact(EnrolmentReset{})

func (EnrolmentReset) Type() string               { return "person.enrolment_reset" }
func (f EnrolmentReset) Subject() string          { return f.Person }
func (f EnrolmentReset) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }

func (f EnrolmentReset) grade() Grade {
	if f.OnHost {
		return Special
	}
	return Ordinary
}

func (f EnrolmentReset) by(s *State, _ Event) Who {
	switch {
	case f.Recovery && f.OnHost: // one way or the other
		return Who{}
	case f.Recovery || f.OnHost:
		return bySystem()
	}
	return s.lastApprover(f.Proposal)
}

func (f EnrolmentReset) allowed(s *State, e Event) error {
	if err := e.aboutSomebody(s); err != nil {
		return err
	}
	if p, _ := s.Person(f.Person); p.Disabled {
		return e.violates("I11", "a log-in for somebody who has left")
	}
	if p, _ := s.Person(f.Person); f.OnHost && s.Founded() && (s.mayReset(p) != nil || !p.Recovery.usable(e.Time)) {
		return e.violates("I10", "on the host, of whom others can help, or before everybody had notice")
	}
	if f.Recovery || f.OnHost {
		if f.Proposal != "" {
			return e.violates("I10", "recovered, and approved as well")
		}
		return nil
	}
	if f.Account != 0 {
		return e.violates("I10", "reset to a log-in that somebody else made")
	}
	for _, name := range s.Charges(f.Person) {
		c, _ := s.Credential(name)
		if _, passes := s.passesTo(c, f.Person); passes {
			return e.violates("I10", "set up anew while they hold "+name)
		}
	}
	return s.approved(e, f.Proposal, ResetEnrolment{f.Person})
}

func (f EnrolmentReset) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) {
		p.Enrolment.reset()
		p.Feed = Feed{}
		p.Account = f.Account
		p.Admission = s.admission(f.Proposal)
		p.Recovery = Recovery{}
	})
	s.endSessions(f.Person, "", EndedByReset)
}

// PersonLocked: too many wrong codes for commands of a signed-in person.
type PersonLocked struct {
	Person string    `json:"person"`
	Until  time.Time `json:"until"`
}

var _ = fact(PersonLocked{})

func (PersonLocked) Type() string                { return "person.locked" }
func (f PersonLocked) Subject() string           { return f.Person }
func (f PersonLocked) concerns(*State) Concerns  { return Concerns{People: []string{f.Person}} }
func (PersonLocked) grade() Grade                { return Serious }
func (f PersonLocked) by(*State, Event) Who      { return byPerson(f.Person) }
func (PersonLocked) allowed(*State, Event) error { return nil }

func (f PersonLocked) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) {
		p.LockedUntil = f.Until
		p.WrongCodes = 0
		p.Lockouts++
	})
}
