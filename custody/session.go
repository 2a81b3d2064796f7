package custody

import (
	"regexp"
	"slices"
	"time"
)

// Session is a log-in that is open. Whoever has its token is its person: there is
// nothing else that makes a session real.
type Session struct {
	Token  string    `json:"token"` // hex of the SHA-256 of the token, which is 256 random bits
	Opened time.Time `json:"opened"`
	Until  time.Time `json:"until"` // it counts before this instant
}

// The bounds of what is open, so that the state does not grow with history.
const (
	MaxSessions   = 50                  // a person has open; with one more the oldest ends
	maxSessionFor = 30 * 24 * time.Hour // from the log-in on
)

// Session gives the person of an open session, by the hex of its token's SHA-256.
func (s *State) Session(token string, now time.Time) (Person, bool) {
	person := s.holderOf(token)
	open := slices.ContainsFunc(s.Sessions(person), func(o Session) bool {
		// One that was opened later than now was dated by a clock that was ahead.
		return o.Token == token && now.Before(o.Until) && !o.Opened.After(now.Add(ClockSlack))
	})
	if !open {
		return Person{}, false
	}
	return s.Person(person)
}

// Sessions gives a person's log-ins that nothing has ended, the oldest first. Some
// may be over by now: time ends them without an entry, and the next log-in of the
// person forgets them. The slice must not be changed.
func (s *State) Sessions(person string) []Session {
	for at := s; at != nil; at = at.base {
		if sessions, known := at.sessions[person]; known {
			return sessions
		}
	}
	return nil
}

// SessionsChanged gives those whose sessions a fork changed, with what is open now;
// of a root, everybody who has ever logged in. The map must not be changed.
func (s *State) SessionsChanged() map[string][]Session { return s.sessions }

// RestoreSessions is Restore for what SessionsChanged of a root gave.
func (s *State) RestoreSessions(person string, open []Session) {
	s.keepSessions(person, open)
}

func (s *State) holderOf(token string) string {
	for at := s; at != nil; at = at.base {
		if person, known := at.tokens[token]; known {
			return person
		}
	}
	return ""
}

// keepSessions lets a person have these open and no others.
func (s *State) keepSessions(person string, open []Session) {
	for _, was := range s.Sessions(person) {
		if s.base == nil {
			delete(s.tokens, was.Token)
		} else {
			s.tokens[was.Token] = ""
		}
	}
	for _, o := range open {
		s.tokens[o.Token] = person
	}
	if len(open) == 0 { // as a table gives it back
		open = nil
	}
	s.sessions[person] = open
}

// endSessions ends all that a person has open.
func (s *State) endSessions(person string) {
	if len(s.Sessions(person)) > 0 {
		s.keepSessions(person, nil)
	}
}

// checkSessions looks at all sessions: each is of somebody who can confirm, has a
// token of its own, and nobody has too many.
func (s *State) checkSessions() error {
	holders := map[string]string{}
	for person, open := range s.allSessions() {
		p, known := s.Person(person)
		if len(open) > 0 && (!known || !p.Enrolled) {
			return &Violation{Invariant: "I6", Subject: person, Detail: "signed in without an enrolment"}
		}
		if len(open) > MaxSessions {
			return &Violation{Invariant: "I6", Subject: person, Detail: "signed in too often at once"}
		}
		for _, o := range open {
			if _, twice := holders[o.Token]; twice || !tokenHash.MatchString(o.Token) || s.holderOf(o.Token) != person {
				return &Violation{Invariant: "I6", Subject: person, Detail: "a session without a token of its own"}
			}
			holders[o.Token] = person
		}
	}
	return nil
}

// allSessions gives what everybody has open, of a fork or a root.
func (s *State) allSessions() map[string][]Session {
	all := map[string][]Session{}
	for at := s; at != nil; at = at.base {
		for person, open := range at.sessions {
			if _, newer := all[person]; !newer {
				all[person] = open
			}
		}
	}
	return all
}

// tokenHash is what the hash of a session's token looks like.
var tokenHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// SignIn opens a session, after the password was found right. A person whose
// seed is not proved yet proves it with this code.
type SignIn struct {
	Session string    `json:"session"` // hex of the SHA-256 of its token
	Until   time.Time `json:"until"`
	Account int64     `json:"account,omitzero"` // version of the account's secrets with new recovery codes; 0: as before
}

var _ = action(SignIn{})

func (SignIn) Verb() string         { return "sign_in" }
func (SignIn) Subject() string      { return "" }
func (SignIn) givers() givers       { return people }
func (a SignIn) bare(*State) Action { return a } // nothing in it was typed

func (a SignIn) decide(d *decision) error {
	a.Until = instant(a.Until)
	d.named = a
	switch {
	case !tokenHash.MatchString(a.Session) || d.state.holderOf(a.Session) != "":
		return Invalid("session", "session_taken")
	case !d.clock.Before(a.Until) || d.clock.Add(maxSessionFor).Before(a.Until):
		return Invalid("until", "session_too_long")
	}
	if err := d.confirm(); err != nil {
		return err
	}
	if !d.actor.Enrolled {
		d.happen(PersonEnrolled{Person: d.actor.Username})
	}
	d.happen(SessionOpened{Person: d.actor.Username, Session: a.Session, Until: a.Until, Account: a.Account})
	return nil
}

// SessionOpened: a log-in.
type SessionOpened struct {
	Person  string    `json:"person"`
	Session string    `json:"session"` // hex of the SHA-256 of its token
	Until   time.Time `json:"until"`
	Account int64     `json:"account,omitzero"` // version of the account's secrets from now on, with new recovery codes; 0: as before
}

var _ = fact(SessionOpened{})

func (SessionOpened) Type() string               { return "session.opened" }
func (f SessionOpened) Subject() string          { return f.Person }
func (f SessionOpened) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (SessionOpened) grade() Grade               { return Ordinary }
func (f SessionOpened) by(*State, Event) Who     { return byPerson(f.Person).confirmed() }

func (f SessionOpened) allowed(s *State, e Event) error {
	switch {
	case !tokenHash.MatchString(f.Session) || s.holderOf(f.Session) != "":
		return e.violates("I6", "a token that somebody has, or none")
	case e.Time.Add(maxSessionFor).Before(f.Until):
		return e.violates("I6", "a session without an end")
	}
	return nil
}

// apply forgets what time has ended, and ends the oldest where there are too many.
func (f SessionOpened) apply(s *State, e Event) {
	open := slices.DeleteFunc(slices.Clone(s.Sessions(f.Person)), func(o Session) bool { return !e.Time.Before(o.Until) })
	open = append(open, Session{Token: f.Session, Opened: e.Time, Until: f.Until})
	s.keepSessions(f.Person, open[max(0, len(open)-MaxSessions):])
	if f.Account != 0 {
		s.editPerson(f.Person, func(p *Person) { p.Account = f.Account })
	}
}

// SignOut ends a session of the person's own.
type SignOut struct {
	Session string `json:"session"` // hex of the SHA-256 of its token
}

var _ = action(SignOut{})

func (SignOut) Verb() string         { return "sign_out" }
func (SignOut) Subject() string      { return "" }
func (SignOut) givers() givers       { return people }
func (a SignOut) bare(*State) Action { return a }

func (a SignOut) decide(d *decision) error {
	if a.Session == "" || d.state.holderOf(a.Session) != d.actor.Username { // over already
		return nil
	}
	d.happen(SessionClosed{Person: d.actor.Username, Session: a.Session})
	return nil
}

// SessionClosed: a log-out.
type SessionClosed struct {
	Person  string `json:"person"`
	Session string `json:"session"` // hex of the SHA-256 of its token
}

var _ = fact(SessionClosed{})

func (SessionClosed) Type() string               { return "session.closed" }
func (f SessionClosed) Subject() string          { return f.Person }
func (f SessionClosed) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (SessionClosed) grade() Grade               { return Ordinary }
func (f SessionClosed) by(*State, Event) Who     { return byPerson(f.Person) }

func (f SessionClosed) allowed(s *State, e Event) error {
	if f.Session == "" || s.holderOf(f.Session) != f.Person {
		return e.violates("I6", "a session that was not open")
	}
	return nil
}

func (f SessionClosed) apply(s *State, _ Event) {
	s.keepSessions(f.Person, slices.DeleteFunc(slices.Clone(s.Sessions(f.Person)), func(o Session) bool { return o.Token == f.Session }))
}

// LockSignIn enters that an account's log-in was locked after too many failures
// from outside. It locks nothing else: a stranger must not be able to keep a
// technician from handing over.
type LockSignIn struct {
	Person   string    `json:"person"`
	Failures int       `json:"failures"`
	Until    time.Time `json:"until"`
}

var _ = action(LockSignIn{})

func (LockSignIn) Verb() string         { return "lock_sign_in" }
func (a LockSignIn) Subject() string    { return a.Person }
func (LockSignIn) givers() givers       { return theSystem }
func (a LockSignIn) bare(*State) Action { return a }

func (a LockSignIn) decide(d *decision) error {
	d.happen(SignInLocked{Person: a.Person, Failures: a.Failures, Until: instant(a.Until)})
	return nil
}

// SignInLocked: too many failed log-ins, by whoever it was.
type SignInLocked struct {
	Person   string    `json:"person"`
	Failures int       `json:"failures"`
	Until    time.Time `json:"until"`
}

var _ = fact(SignInLocked{})

func (SignInLocked) Type() string                { return "session.locked" }
func (f SignInLocked) Subject() string           { return f.Person }
func (f SignInLocked) concerns(*State) Concerns  { return Concerns{People: []string{f.Person}} }
func (SignInLocked) grade() Grade                { return Serious }
func (SignInLocked) by(*State, Event) Who        { return bySystem() }
func (SignInLocked) allowed(*State, Event) error { return nil }
func (SignInLocked) apply(*State, Event)         {}
