package custody

import "time"

// nextTTL is for how long somebody can prove an authenticator that they were shown in
// the place of theirs.
const nextTTL = 15 * time.Minute

// codesOf gives the number of the enrolment whose codes confirm a command: of the
// person's present one, unless it proves the next.
func (p Person) codesOf(a Action) int64 {
	if _, next := a.(ProveAuthenticator); next {
		return p.Number + 1
	}
	return p.Number
}

// CodesOf is that of a command, for whoever looks a code up for it.
func (c Command) CodesOf(p Person) int64 { return p.codesOf(c.Action) }

// ReplaceAuthenticator has the actor shown the seed of another authenticator. What they
// know their password from is looked at outside, like a log-in. The present one counts
// until the other is proved.
type ReplaceAuthenticator struct {
	Account int64 `json:"account"` // version of the account's secrets, with the seed
}

var _ = action(ReplaceAuthenticator{})

func (ReplaceAuthenticator) Verb() string         { return "replace_authenticator" }
func (ReplaceAuthenticator) Subject() string      { return "" }
func (ReplaceAuthenticator) givers() givers       { return people }
func (a ReplaceAuthenticator) bare(*State) Action { return a } // nothing in it was typed

func (a ReplaceAuthenticator) decide(d *decision) error {
	if a.Account <= d.actor.Account {
		return Invalid("account", "account")
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(AuthenticatorShown{Person: d.actor.Username, Account: a.Account, Until: d.now.Add(nextTTL)})
	return nil
}

// AuthenticatorShown: a person was shown the seed of another authenticator, which does
// not count yet.
type AuthenticatorShown struct {
	Person  string    `json:"person"`
	Account int64     `json:"account"`
	Until   time.Time `json:"until"` // it can be proved before this instant
}

var _ = fact(AuthenticatorShown{})

func (AuthenticatorShown) Type() string               { return "person.authenticator_shown" }
func (f AuthenticatorShown) Subject() string          { return f.Person }
func (f AuthenticatorShown) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (AuthenticatorShown) grade() Grade               { return Ordinary }
func (f AuthenticatorShown) by(*State, Event) Who     { return byPerson(f.Person).confirmed() }

func (f AuthenticatorShown) allowed(s *State, e Event) error {
	person, _ := s.Person(f.Person)
	if f.Account <= person.Account || !f.Until.Equal(e.Time.Add(nextTTL)) {
		return e.violates("I7", "a seed that was there before, or for longer")
	}
	return nil
}

func (f AuthenticatorShown) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) { p.Account, p.NextUntil = f.Account, f.Until })
}

// ProveAuthenticator has the actor's codes come from that one from now on: with the
// first of them. All their other sessions end: somebody else may have them.
type ProveAuthenticator struct {
	Session string `json:"session,omitzero"` // the one that stays open: hex of the SHA-256 of its token
	Account int64  `json:"account"`          // version of the account's secrets, with new recovery codes
}

var _ = action(ProveAuthenticator{})

func (ProveAuthenticator) Verb() string    { return "prove_authenticator" }
func (ProveAuthenticator) Subject() string { return "" }
func (ProveAuthenticator) givers() givers  { return people }
func (a ProveAuthenticator) bare(*State) Action {
	return ProveAuthenticator{hashOr(a.Session), a.Account}
}

func (a ProveAuthenticator) decide(d *decision) error {
	switch {
	case !d.now.Before(d.actor.NextUntil):
		return RefuseNothingToProve()
	case a.Account <= d.actor.Account:
		return Invalid("account", "account")
	case a.Session != "" && d.state.holderOf(a.Session) != d.actor.Username:
		return Invalid("session", "session_taken")
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(AuthenticatorReplaced{Person: d.actor.Username, Account: a.Account, Session: a.Session})
	return nil
}

// AuthenticatorReplaced: a person's codes come from another authenticator of their own,
// and those of the one before count no more.
type AuthenticatorReplaced struct {
	Person  string `json:"person"`
	Account int64  `json:"account"`
	Session string `json:"session,omitzero"` // that stays open
}

var _ = fact(AuthenticatorReplaced{})

func (AuthenticatorReplaced) Type() string               { return "person.authenticator_replaced" }
func (f AuthenticatorReplaced) Subject() string          { return f.Person }
func (f AuthenticatorReplaced) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (AuthenticatorReplaced) grade() Grade               { return Ordinary }
func (f AuthenticatorReplaced) by(*State, Event) Who     { return byPerson(f.Person).confirmed() }

func (f AuthenticatorReplaced) allowed(s *State, e Event) error {
	person, _ := s.Person(f.Person)
	switch {
	case !e.Time.Before(person.NextUntil):
		return e.violates("I6", "an authenticator that nobody was shown")
	case f.Account <= person.Account:
		return e.violates("I7", "recovery codes that were there before")
	case f.Session != "" && s.holderOf(f.Session) != f.Person:
		return e.violates("I6", "a session that was not open")
	}
	return nil
}

// apply keeps the step that proved it: it is one of the new seed.
func (f AuthenticatorReplaced) apply(s *State, _ Event) {
	s.endSessions(f.Person, f.Session, EndedByAuthenticator)
	s.editPerson(f.Person, func(p *Person) { p.Number, p.Account, p.NextUntil = p.Number+1, f.Account, time.Time{} })
}

// RefuseNothingToProve is for whoever was shown no other authenticator, or too long ago.
func RefuseNothingToProve() *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", Key: "nothing_to_prove"}
}
