package custody

import "slices"

// RecoverLedger enters, on the server's machine and while no server runs, that the
// ledger goes on from what was last known as its own: what stood behind that, or was
// lost with an older file, counts no more. Two people confirm it, each with their
// own code; one of them is a manager or a director.
type RecoverLedger struct {
	Kept      int64         `json:"kept"` // entries; what time does comes behind them
	Lost      int64         `json:"lost"` // entries that are known to have been there, or were refused
	Reason    Note          `json:"reason"`
	Confirmed []ConfirmedBy `json:"confirmed"`

	// Ahead are the credentials of which the secret store has a later version than the
	// ledger speaks of, by name: the target may have that one. AllAhead: they are more
	// than have room here, and all count as such.
	Ahead    []string `json:"ahead,omitzero"`
	AllAhead bool     `json:"all_ahead,omitzero"`
}

// ConfirmedBy is a code that was looked at on the server's machine.
type ConfirmedBy struct {
	Person string `json:"person"`
	Step   int64  `json:"step"` // never the code
}

var _ = action(RecoverLedger{})

func (RecoverLedger) Verb() string    { return "recover_ledger" }
func (RecoverLedger) Subject() string { return "" }
func (RecoverLedger) givers() givers  { return theSystem }

func (a RecoverLedger) bare(s *State) Action {
	b := RecoverLedger{Kept: a.Kept, Lost: a.Lost, Reason: absentNote, AllAhead: a.AllAhead}
	for _, name := range a.Ahead {
		b.Ahead = append(b.Ahead, s.nameOr(name))
	}
	for _, c := range a.Confirmed {
		b.Confirmed = append(b.Confirmed, ConfirmedBy{s.nameOr(c.Person), c.Step})
	}
	return b
}

func (a RecoverLedger) decide(d *decision) error {
	if a.Kept < 0 || a.Kept > d.state.Size || a.Lost < 0 {
		return Invalid("kept", "more_than_entries")
	}
	if !d.state.mayBeAhead(a.Ahead, a.AllAhead) {
		return Invalid("ahead", "unsorted_or_not_in_custody")
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if refusal := d.state.mayRecover(a.Confirmed); refusal != nil {
		return refusal
	}
	d.happen(LedgerRecovered(a))
	// Whoever had the other file, or wrote into this one, may know any of them.
	for c := range d.state.Credentials() {
		if c.AtRest() {
			d.startRotation(c, ForRecovery, c.Holder, a.Reason)
		}
	}
	return nil
}

// WithAhead names the credentials that are ahead, or all, where they are too many.
func (a RecoverLedger) WithAhead(names []string) RecoverLedger {
	if a.Ahead = names; len(names) > maxNamed {
		a.Ahead, a.AllAhead = nil, true
	}
	return a
}

func (s *State) mayBeAhead(names []string, all bool) bool {
	if all && len(names) > 0 || !sortedOnce(names) {
		return false
	}
	return !slices.ContainsFunc(names, func(name string) bool {
		c, known := s.Credential(name)
		return !known || !c.Active()
	})
}

// mayRecover refuses unless two people have confirmed it.
func (s *State) mayRecover(confirmed []ConfirmedBy) *Refusal {
	approver := false
	for i, c := range confirmed {
		if refusal := s.MayConfirmRecovery(c); refusal != nil {
			return refusal
		}
		p, _ := s.Person(c.Person)
		approver = approver || p.Is(Manager) || p.Is(Director)
		if i > 0 && c.Person == confirmed[0].Person {
			return refuseOnePerson()
		}
	}
	if len(confirmed) != 2 || !approver {
		return refuseOnePerson()
	}
	return nil
}

// MayConfirmRecovery refuses whose code confirms nothing.
func (s *State) MayConfirmRecovery(c ConfirmedBy) *Refusal {
	p, known := s.Person(c.Person)
	if !known || p.Disabled || !p.Enrolled || c.Step <= p.LastStep {
		return refuseForbidden(onlyEnrolled)
	}
	return nil
}

func refuseOnePerson() *Refusal {
	return refuseForbidden(onlyTwo)
}

// LedgerRecovered: the ledger goes on from an earlier head. Who had been logged in
// is not any more, every password is changed, and of those that are ahead it is not
// known what the target takes.
type LedgerRecovered struct {
	Kept      int64         `json:"kept"`
	Lost      int64         `json:"lost"`
	Reason    Note          `json:"reason"`
	Confirmed []ConfirmedBy `json:"confirmed"`
	Ahead     []string      `json:"ahead,omitzero"`
	AllAhead  bool          `json:"all_ahead,omitzero"`
}

var _ = fact(LedgerRecovered{})

func (LedgerRecovered) Type() string    { return "ledger.recovered" }
func (LedgerRecovered) Subject() string { return "" }

func (f LedgerRecovered) concerns(*State) Concerns {
	var people []string
	for _, c := range f.Confirmed {
		people = append(people, c.Person)
	}
	return Concerns{People: people}
}

func (LedgerRecovered) grade() Grade         { return Special }
func (LedgerRecovered) by(*State, Event) Who { return bySystem() }

func (f LedgerRecovered) allowed(s *State, e Event) error {
	if f.Kept < 0 || f.Kept > s.Size || f.Lost < 0 || s.mayRecover(f.Confirmed) != nil || !s.mayBeAhead(f.Ahead, f.AllAhead) {
		return e.violates("I6", "not confirmed by two people, or of another ledger")
	}
	return nil
}

func (f LedgerRecovered) apply(s *State, e Event) {
	s.confirmedOnHost(f.Confirmed, e.Request)
	ahead := f.Ahead
	if f.AllAhead {
		ahead = s.inCustody()
	}
	s.editAll(ahead, func(c *Credential) {
		if c.Drifted.IsZero() {
			c.Drifted = e.Time
		}
	})
}

// confirmedOnHost: these people's codes are used, and everybody logs in again.
func (s *State) confirmedOnHost(by []ConfirmedBy, request string) {
	for _, c := range by {
		s.editPerson(c.Person, func(p *Person) { p.confirms(c.Step, request) })
	}
	for person := range s.allSessions() {
		s.endSessions(person, "", EndedByHost)
	}
}

// inCustody names the active credentials.
func (s *State) inCustody() (names []string) {
	for c := range s.Credentials() {
		if c.Active() {
			names = append(names, c.Name)
		}
	}
	return names
}
