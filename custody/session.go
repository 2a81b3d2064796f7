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

	Device  Note `json:"device,omitzero"`  // what it was opened in, as that says of itself
	Address Note `json:"address,omitzero"` // of the network that it was opened from

	// In is which device that is: hex of a code of the token that the device keeps, under a
	// key of the secret store. "": it has none.
	In string `json:"in,omitzero"`

	Ended time.Time `json:"ended,omitzero"` // zero: nothing has ended it
	Why   Ending    `json:"why,omitzero"`
}

// Ending is why a session counts no more.
type Ending string

// The endings that there are.
const (
	EndedByTime          Ending = "time"          // it had lasted as long as one can
	EndedIdle            Ending = "idle"          // nobody used it for long
	EndedByPerson        Ending = "left"          // its person logged out, there or from elsewhere
	EndedByPassword      Ending = "password"      // its person changed their password
	EndedByAuthenticator Ending = "authenticator" // its person took another authenticator
	EndedByReset         Ending = "reset"         // the log-in is set up anew
	EndedTooMany         Ending = "surplus"       // its person has newer ones, and too many
	EndedByLeaving       Ending = "leaving"       // its person has no access any more
	EndedByHost          Ending = "host"          // whoever operates the machine put the ledger, or its time, right
)

// The bounds of what is open, so that the state does not grow with history.
const (
	MaxSessions   = 50                  // a person has open; with one more the oldest ends
	maxEnded      = 5                   // of a person are remembered, so that they can be told why
	MaxSessionFor = 30 * 24 * time.Hour // from the log-in on
)

// Session gives the person of an open session, by the hex of its token's SHA-256.
func (s *State) Session(token string, now time.Time) (Person, bool) {
	person, _, open := s.OpenSession(token, now)
	return person, open
}

// OpenSession gives that person, and the session.
func (s *State) OpenSession(token string, now time.Time) (Person, Session, bool) {
	holder := s.holderOf(token)
	open := s.Sessions(holder)
	at := slices.IndexFunc(open, func(o Session) bool {
		// One that was opened later than now was dated by a clock that was ahead.
		return o.Token == token && now.Before(o.Until) && !o.Opened.After(now.Add(ClockSlack))
	})
	if at < 0 {
		return Person{}, Session{}, false
	}
	person, known := s.Person(holder)
	return person, open[at], known
}

// EndedSession says of a session that counts no more whose it was, when it ended and why,
// for as long as that is remembered.
func (s *State) EndedSession(token string, now time.Time) (person string, o Session, was bool) {
	holder := s.lastHolderOf(token)
	all := s.sessionsOf(holder) // not everybody's: whoever asks need not be anybody
	at := slices.IndexFunc(all, func(o Session) bool { return o.Token == token })
	if at < 0 {
		return "", Session{}, false
	}
	o = all[at]
	if o.Ended.IsZero() && !now.Before(o.Until) {
		o.Ended, o.Why = o.Until, EndedByTime
	}
	return holder, o, !o.Ended.IsZero()
}

// Sessions gives a person's log-ins that nothing has ended, the oldest first. Some
// may be over by now: time ends them without an entry, and the next log-in of the
// person forgets them. The slice must not be changed.
func (s *State) Sessions(person string) []Session {
	all := s.sessionsOf(person)
	return all[ended(all):]
}

// sessionsOf gives them behind those of the person that ended last.
func (s *State) sessionsOf(person string) []Session {
	for at := s; at != nil; at = at.base {
		if sessions, known := at.sessions[person]; known {
			return sessions
		}
	}
	return nil
}

// ended is how many of a person's sessions, which come first, have ended.
func ended(all []Session) int {
	if open := slices.IndexFunc(all, func(o Session) bool { return o.Ended.IsZero() }); open >= 0 {
		return open
	}
	return len(all)
}

// SessionsChanged gives those whose sessions a fork changed, with what is open now
// behind what ended last; of a root, everybody who has ever logged in. The map must not
// be changed.
func (s *State) SessionsChanged() map[string][]Session { return s.sessions }

// RestoreSessions is Restore for what SessionsChanged of a root gave.
func (s *State) RestoreSessions(person string, all []Session) {
	if len(all) == 0 { // as a table gives it back
		all = nil
	}
	s.sessions[person] = all
	for _, o := range all {
		s.tokens[o.Token] = person
	}
}

// holderOf gives the person of a session that nothing has ended.
func (s *State) holderOf(token string) string {
	person := s.lastHolderOf(token)
	if slices.ContainsFunc(s.Sessions(person), func(o Session) bool { return o.Token == token }) {
		return person
	}
	return ""
}

// lastHolderOf is holderOf also of one that ended, while that is remembered.
func (s *State) lastHolderOf(token string) string {
	for at := s; at != nil; at = at.base {
		if person, known := at.tokens[token]; known {
			return person
		}
	}
	return ""
}

// keepSessions lets a person have these open and no others, which end.
func (s *State) keepSessions(person string, open []Session, why Ending) {
	all := s.sessionsOf(person)
	over := slices.Clone(all[:ended(all)])
	for _, was := range all[len(over):] {
		if slices.ContainsFunc(open, func(o Session) bool { return o.Token == was.Token }) {
			continue
		}
		was.Ended, was.Why = s.Time, why
		if !was.Ended.Before(was.Until) {
			was.Ended, was.Why = was.Until, EndedByTime
		}
		over = append(over, was)
	}
	forgotten := max(0, len(over)-maxEnded)
	for _, was := range over[:forgotten] {
		if s.base == nil {
			delete(s.tokens, was.Token)
		} else {
			s.tokens[was.Token] = ""
		}
	}
	s.RestoreSessions(person, append(over[forgotten:], open...))
}

// endSession ends one.
func (s *State) endSession(person, token string, why Ending) {
	s.keepSessions(person, slices.DeleteFunc(slices.Clone(s.Sessions(person)), func(o Session) bool { return o.Token == token }), why)
}

// endSessions ends all that a person has open, but for one.
func (s *State) endSessions(person, but string, why Ending) {
	if len(s.Sessions(person)) > 0 {
		s.keepSessions(person, slices.DeleteFunc(slices.Clone(s.Sessions(person)), func(o Session) bool { return o.Token != but }), why)
	}
}

// checkSessions looks at all sessions: each is of somebody who can confirm, has a
// token of its own, and nobody has too many.
func (s *State) checkSessions() error {
	holders := map[string]string{}
	for person, all := range s.allSessions() {
		p, known := s.Person(person)
		open := all[ended(all):]
		if len(open) > 0 && (!known || !p.Enrolled) {
			return &Violation{Invariant: "I6", Subject: person, Detail: "signed in without an enrolment"}
		}
		if len(open) > MaxSessions {
			return &Violation{Invariant: "I6", Subject: person, Detail: "signed in too often at once"}
		}
		if len(all)-len(open) > maxEnded || slices.ContainsFunc(open, func(o Session) bool { return !o.Ended.IsZero() }) {
			return &Violation{Invariant: "I6", Subject: person, Detail: "sessions that ended, among those that are open or too many"}
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

// allSessions gives what everybody has open, behind what ended, of a fork or a root.
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
	Device  Note      `json:"device,omitzero"`
	Address Note      `json:"address,omitzero"`
	Unseen  bool      `json:"unseen,omitzero"` // the person has not logged in in this device before
	In      string    `json:"in,omitzero"`     // which device it is, as in Session
}

var _ = action(SignIn{})

func (SignIn) Verb() string    { return "sign_in" }
func (SignIn) Subject() string { return "" }
func (SignIn) givers() givers  { return people }

// bare leaves out what the device says of itself: nothing else in it was typed.
func (a SignIn) bare(*State) Action {
	a.Device, a.Address = Note{}, Note{}
	return a
}

func (a SignIn) decide(d *decision) error {
	a.Until = instant(a.Until)
	d.named = a
	switch {
	case !tokenHash.MatchString(a.Session) || d.state.holderOf(a.Session) != "":
		return Invalid("session", "session_taken")
	case a.In != "" && !tokenHash.MatchString(a.In):
		return Invalid("device", "session_taken")
	case !d.clock.Before(a.Until) || d.clock.Add(MaxSessionFor).Before(a.Until):
		return Invalid("until", "session_too_long")
	}
	if err := checkOptionalNote("device", a.Device); err != nil {
		return err
	}
	if err := checkOptionalNote("address", a.Address); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	if !d.actor.Enrolled {
		d.happen(PersonEnrolled{Person: d.actor.Username})
	}
	d.happen(SessionOpened{
		Person: d.actor.Username, Session: a.Session, Until: a.Until, Account: a.Account, Device: a.Device, Address: a.Address, Unseen: a.Unseen, In: a.In,
	})
	return nil
}

// SessionOpened: a log-in.
type SessionOpened struct {
	Person  string    `json:"person"`
	Session string    `json:"session"` // hex of the SHA-256 of its token
	Until   time.Time `json:"until"`
	Account int64     `json:"account,omitzero"` // version of the account's secrets from now on, with new recovery codes; 0: as before
	Device  Note      `json:"device,omitzero"`  // what it says of itself
	Address Note      `json:"address,omitzero"` // of the network that it came from
	Unseen  bool      `json:"unseen,omitzero"`  // the person had not logged in in this device before
	In      string    `json:"in,omitzero"`      // which device it is, as in Session
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
	case f.In != "" && !tokenHash.MatchString(f.In):
		return e.violates("I6", "in what is no device")
	case e.Time.Add(MaxSessionFor).Before(f.Until):
		return e.violates("I6", "a session without an end")
	}
	return nil
}

// apply notes what time has ended, and ends the oldest where there are too many.
func (f SessionOpened) apply(s *State, e Event) {
	open := slices.DeleteFunc(slices.Clone(s.Sessions(f.Person)), func(o Session) bool { return !e.Time.Before(o.Until) })
	open = append(open, Session{Token: f.Session, Opened: e.Time, Until: f.Until, Device: f.Device.bare(), Address: f.Address.bare(), In: f.In})
	s.keepSessions(f.Person, open[max(0, len(open)-MaxSessions):], EndedTooMany)
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

func (f SessionClosed) apply(s *State, _ Event) { s.endSession(f.Person, f.Session, EndedByPerson) }

// EndIdle ends a session that nobody has used for as long as the policy lets one lie.
// When it was last used is no part of the ledger, as every request would be an entry:
// it is what the server saw.
type EndIdle struct {
	Person   string    `json:"person"`
	Session  string    `json:"session"` // hex of the SHA-256 of its token
	LastUsed time.Time `json:"last_used"`
}

var _ = action(EndIdle{})

func (EndIdle) Verb() string         { return "end_idle" }
func (a EndIdle) Subject() string    { return a.Person }
func (EndIdle) givers() givers       { return theSystem }
func (a EndIdle) bare(*State) Action { return a }

func (a EndIdle) decide(d *decision) error {
	a.LastUsed = instant(a.LastUsed)
	d.named = a
	f := SessionIdled(a)
	if !f.idle(d.state, d.now) { // over already, or used meanwhile
		return nil
	}
	d.happen(f)
	return nil
}

// SessionIdled: nobody had used a log-in for long.
type SessionIdled struct {
	Person   string    `json:"person"`
	Session  string    `json:"session"` // hex of the SHA-256 of its token
	LastUsed time.Time `json:"last_used"`
}

var _ = fact(SessionIdled{})

func (SessionIdled) Type() string               { return "session.idled" }
func (f SessionIdled) Subject() string          { return f.Person }
func (f SessionIdled) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (SessionIdled) grade() Grade               { return Ordinary }
func (SessionIdled) by(*State, Event) Who       { return bySystem() }

func (f SessionIdled) allowed(s *State, e Event) error {
	if !f.idle(s, e.Time) {
		return e.violates("I6", "a session that was not open, or was used")
	}
	return nil
}

func (f SessionIdled) apply(s *State, _ Event) { s.endSession(f.Person, f.Session, EndedIdle) }

// idle says whether it is a session of the person's that has lain too long by now.
func (f SessionIdled) idle(s *State, now time.Time) bool {
	return slices.ContainsFunc(s.Sessions(f.Person), func(o Session) bool {
		return f.Session != "" && o.Token == f.Session && !f.LastUsed.Before(o.Opened) && s.Policy().Values.Idle(f.LastUsed, now)
	})
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
