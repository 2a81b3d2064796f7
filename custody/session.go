package custody

import "time"

// SignIn opens a session, after the password was found right. A person whose
// seed is not proved yet proves it with this code.
type SignIn struct{}

var _ = action(SignIn{})

func (SignIn) Verb() string         { return "sign_in" }
func (SignIn) Subject() string      { return "" }
func (SignIn) givers() givers       { return people }
func (a SignIn) bare(*State) Action { return a }

func (SignIn) decide(d *decision) error {
	if err := d.confirm(); err != nil {
		return err
	}
	if !d.actor.Enrolled {
		d.happen(PersonEnrolled{Person: d.actor.Username})
	}
	d.happen(SessionOpened{Person: d.actor.Username})
	return nil
}

// SessionOpened: a log-in. Sessions are no custody state.
type SessionOpened struct {
	Person string `json:"person"`
}

var _ = fact(SessionOpened{})

func (SessionOpened) Type() string                { return "session.opened" }
func (f SessionOpened) Subject() string           { return f.Person }
func (f SessionOpened) concerns(*State) Concerns  { return Concerns{People: []string{f.Person}} }
func (SessionOpened) grade() Grade                { return Ordinary }
func (f SessionOpened) by(*State, Event) Who      { return byPerson(f.Person).confirmed() }
func (SessionOpened) allowed(*State, Event) error { return nil }
func (SessionOpened) apply(*State, Event)         {}

// SignOut ends a session.
type SignOut struct{}

var _ = action(SignOut{})

func (SignOut) Verb() string         { return "sign_out" }
func (SignOut) Subject() string      { return "" }
func (SignOut) givers() givers       { return people }
func (a SignOut) bare(*State) Action { return a }

func (SignOut) decide(d *decision) error {
	d.happen(SessionClosed{Person: d.actor.Username})
	return nil
}

// SessionClosed: a log-out.
type SessionClosed struct {
	Person string `json:"person"`
}

var _ = fact(SessionClosed{})

func (SessionClosed) Type() string                { return "session.closed" }
func (f SessionClosed) Subject() string           { return f.Person }
func (f SessionClosed) concerns(*State) Concerns  { return Concerns{People: []string{f.Person}} }
func (SessionClosed) grade() Grade                { return Ordinary }
func (f SessionClosed) by(*State, Event) Who      { return byPerson(f.Person) }
func (SessionClosed) allowed(*State, Event) error { return nil }
func (SessionClosed) apply(*State, Event)         {}

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
