package custody

// ChangePassword has the actor log in with another password from now on. What they
// know the old one from is looked at outside, like a log-in. All their other sessions
// end: somebody else may have them.
type ChangePassword struct {
	Session string `json:"session,omitzero"` // the one that stays open: hex of the SHA-256 of its token
	Account int64  `json:"account"`          // version of the account's secrets with the new password
}

var _ = action(ChangePassword{})

func (ChangePassword) Verb() string         { return "change_password" }
func (ChangePassword) Subject() string      { return "" }
func (ChangePassword) givers() givers       { return people }
func (a ChangePassword) bare(*State) Action { return ChangePassword{hashOr(a.Session), a.Account} }
func (a ChangePassword) decide(d *decision) error {
	if a.Account <= d.actor.Account {
		return Invalid("account", "account")
	}
	if a.Session != "" && d.state.holderOf(a.Session) != d.actor.Username {
		return Invalid("session", "session_taken")
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(PasswordChanged{Person: d.actor.Username, Account: a.Account, Session: a.Session})
	return nil
}

// PasswordChanged: a person logs in with another password from now on, and is logged in
// in no other place.
type PasswordChanged struct {
	Person  string `json:"person"`
	Account int64  `json:"account"`
	Session string `json:"session,omitzero"` // that stays open
}

var _ = fact(PasswordChanged{})

func (PasswordChanged) Type() string               { return "person.password_changed" }
func (f PasswordChanged) Subject() string          { return f.Person }
func (f PasswordChanged) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (PasswordChanged) grade() Grade               { return Ordinary }
func (f PasswordChanged) by(*State, Event) Who     { return byPerson(f.Person).confirmed() }

func (f PasswordChanged) allowed(s *State, e Event) error {
	person, _ := s.Person(f.Person)
	switch {
	case f.Account <= person.Account:
		return e.violates("I7", "a password that was there before")
	case f.Session != "" && s.holderOf(f.Session) != f.Person:
		return e.violates("I6", "a session that was not open")
	}
	return nil
}

func (f PasswordChanged) apply(s *State, _ Event) {
	s.endSessions(f.Person, f.Session, EndedByPassword)
	s.editPerson(f.Person, func(p *Person) { p.Account = f.Account })
}
