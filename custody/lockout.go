package custody

// Unlock lifts the lock of a person's confirmations, and with it that of their
// log-in, which the desk keeps. By an admin or a manager, with a code.
type Unlock struct {
	Person string `json:"person"`
}

var _ = action(Unlock{})

func (Unlock) Verb() string      { return "unlock" }
func (a Unlock) Subject() string { return a.Person }
func (Unlock) givers() givers    { return people }

func (a Unlock) bare(s *State) Action { return Unlock{s.nameOr(a.Person)} }

func (a Unlock) decide(d *decision) error {
	if !d.actor.Is(Admin) && !d.actor.Is(Manager) {
		return refuseForbidden(onlyAdminOrManager)
	}
	if _, ok := d.state.Person(a.Person); !ok {
		return refuseNotFound(aPerson)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(PersonUnlocked(a))
	return nil
}

// PersonUnlocked: whatever had locked the person out counts no more.
type PersonUnlocked struct {
	Person string `json:"person"`
}

var _ = fact(PersonUnlocked{})

func (PersonUnlocked) Type() string               { return "person.unlocked" }
func (f PersonUnlocked) Subject() string          { return f.Person }
func (f PersonUnlocked) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (PersonUnlocked) grade() Grade               { return Ordinary }
func (PersonUnlocked) by(*State, Event) Who       { return byRole(Admin, Manager).confirmed() }

func (f PersonUnlocked) allowed(s *State, e Event) error { return e.aboutSomebody(s) }

func (f PersonUnlocked) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.unlock() })
}

func (e Event) aboutSomebody(s *State) error {
	if _, exists := s.Person(e.Fact.Subject()); !exists {
		return e.violates("I7", "about nobody")
	}
	return nil
}
