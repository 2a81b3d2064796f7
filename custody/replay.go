package custody

// Replay applies an event and checks it: that it may happen in this state, and
// that what it leads to is allowed. After an error the state is of no more use.
// The desk commits nothing that does not pass, and an auditor's fold of the
// ledger is nothing but this, entry by entry.
func Replay(s *State, e Event) error {
	if err := CheckEvent(s, e); err != nil {
		return err
	}
	return s.checkTouched(s.move(e))
}

// Apply moves the state by one event. It cannot refuse: whether an event may
// happen is for Decide, and for Replay.
func Apply(s *State, e Event) { s.move(e) }

// touched is what an event changed, so that only that is looked at again. It is
// noted where the change is made, so that no list of facts can leave one out.
type touched struct {
	people                 []string // whose presence is another
	credentials, handovers []string
	proposals, incidents   []string
	policy                 bool // that everybody's roles have to fit
}

func (s *State) move(e Event) touched {
	s.Size++
	s.Time = e.Time
	if e.Confirm != nil {
		s.editPerson(e.Confirm.Person, func(p *Person) { p.confirms(e.Confirm.Step, e.Request) })
	}
	raises, about := e.raises() != "", Concerns{}
	if raises {
		about = e.Fact.concerns(s) // before it happens: a root forgets then what is over
	}
	e.Fact.apply(s, e)
	if raises {
		s.raise(e, about)
	}
	t := s.touched
	s.touched = touched{}
	return t
}

// checkTouched looks at what an event can have broken, which is enough when the
// state before it was good.
func (s *State) checkTouched(t touched) error {
	if t.policy {
		if err := s.checkPeople(); err != nil {
			return err
		}
	}
	for _, person := range t.people {
		p, _ := s.Person(person)
		if err := s.checkPlans(p); err != nil {
			return err
		}
		for _, name := range s.Charges(person) {
			c, _ := s.Credential(name)
			if err := s.checkCredential(c); err != nil {
				return err
			}
		}
	}
	for _, name := range t.credentials {
		c, _ := s.Credential(name)
		if err := s.checkCredential(c); err != nil {
			return err
		}
	}
	for _, id := range t.handovers {
		if err := s.checkHandoverByID(id); err != nil {
			return err
		}
	}
	for _, id := range t.proposals {
		p, _ := s.Proposal(id) // one that is over may be forgotten, and is no proposal then
		if err := checkProposal(p); err != nil {
			return err
		}
	}
	for _, id := range t.incidents {
		if i, there := s.Incident(id); there { // one that is closed may be forgotten
			if err := s.checkIncident(i); err != nil {
				return err
			}
		}
	}
	return nil
}

// CheckEvent says whether an event may happen in this state: the rule behind
// each event, stated once more and on its own, so that an auditor who replays
// the ledger does not have to trust that Decide was asked. I4, I5 and I6 are
// about events, not states, and live with the facts.
func CheckEvent(s *State, e Event) error {
	if e.Time.Before(s.Time) && !e.correctsClock() || e.Stalled && !e.Time.Equal(s.Time) {
		return e.violates("I7", "time went back, or did not stand still where it was stalled")
	}
	if _, adopts := e.Fact.(PolicyAdopted); !adopts && s.Policy().Version == 0 {
		return e.violates("I7", "under no policy")
	}
	who := e.Fact.by(s, e)
	if err := checkConfirmation(s, e, who); err != nil {
		return err
	}
	if !who.includes(s, e.Actor) {
		return e.violates("I6", "done by somebody whose it was not")
	}
	return e.Fact.allowed(s, e)
}

// checkConfirmation holds I6: what needs a confirmation has the actor's own, by
// a TOTP seed that was proved, and no step ever confirms two requests.
func checkConfirmation(s *State, e Event, who Who) error {
	if e.Confirm == nil {
		if who.Confirmed && e.Actor != System {
			return e.violates("I6", "not confirmed")
		}
		return nil
	}
	p, known := s.Person(e.Confirm.Person)
	if e.correctsClock() && p.stepsAhead(s.Policy().Values, e.Time) { // see CorrectClock
		p.LastStep = 0
	}
	proving := e.Fact.Type() == PersonEnrolled{}.Type() || e.Fact.Type() == Joined{}.Type()
	again := e.Confirm.Step == p.LastStep && e.Request == p.LastRequest && e.Request != ""
	switch {
	case !known || e.Confirm.Person != e.Actor:
		return e.violates("I6", "confirmed by somebody else than the actor")
	case !p.Enrolled && !proving:
		return e.violates("I6", "confirmed with a seed that was not proved")
	case e.Confirm.Step <= p.LastStep && !again:
		return e.violates("I6", "confirmed by a step that had confirmed something before")
	}
	return nil
}
