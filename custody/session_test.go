package custody

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func openedBy(person string) SessionOpened {
	return SessionOpened{Person: person, Session: sessionNumber(99), Until: epoch.Add(time.Hour)}
}

// signedIn says whose session a token opens now.
func (o *office) signedIn(session string) string {
	p, open := o.state.Session(session, o.now)
	if open != (p.Username != "") {
		o.t.Errorf("%+v, %t", p, open)
	}
	return p.Username
}

// logsIn gives the session that a log-in opened.
func (o *office) logsIn(who string) string {
	o.t.Helper()
	o.does(who, SignIn{})
	open := o.state.Sessions(who)
	return open[len(open)-1].Token
}

// A session is its person's from the log-in on, until they log out or time ends it,
// and nobody else's.
func TestASessionIsOpenUntilItEnds(t *testing.T) {
	o := newOffice(t)
	first, second, other := o.logsIn("ann"), o.logsIn("ann"), o.logsIn("ben")
	if o.signedIn(first) != "ann" || o.signedIn(second) != "ann" || o.signedIn(other) != "ben" {
		t.Fatal("a log-in opened no session")
	}
	for _, none := range []string{"", "x", sessionNumber(999)} {
		if who := o.signedIn(none); who != "" {
			t.Errorf("%q opens a session of %s", none, who)
		}
	}
	if events := o.does("ben", SignOut{first}); len(events) != 0 || o.signedIn(first) != "ann" {
		t.Errorf("ended by somebody else: %+v", events)
	}
	if events := o.does("ann", SignOut{first}); len(events) != 1 || events[0].Fact != (SessionClosed{"ann", first}) {
		t.Errorf("%+v", events)
	}
	if events := o.does("ann", SignOut{first}); len(events) != 0 {
		t.Errorf("ended twice: %+v", events)
	}
	if o.signedIn(first) != "" || o.signedIn(second) != "ann" || o.signedIn(other) != "ben" {
		t.Error("a log-out ended too little, or too much")
	}
	o.now = o.now.Add(12*time.Hour - time.Millisecond)
	if o.signedIn(second) != "ann" {
		t.Error("ended before its time")
	}
	o.now = o.now.Add(time.Millisecond)
	if o.signedIn(second) != "" {
		t.Error("open past its time")
	}
}

// Every kind of reset ends every session, and of that person alone.
func TestAResetEndsAllSessions(t *testing.T) {
	for name, reset := range map[string]func(*office){
		"by an admin":        func(o *office) { o.does(System, ResetOnHost{Person: "ann"}) },
		"by a recovery code": func(o *office) { o.does(System, RecoverEnrolment{Person: "ann", Enrolment: 1}) },
		"on the host":        func(o *office) { o.does(System, ResetOnHost{Person: "ann"}) },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			first, second, other := o.logsIn("ann"), o.logsIn("ann"), o.logsIn("ben")
			reset(o)
			if o.signedIn(first) != "" || o.signedIn(second) != "" || o.signedIn(other) != "ben" {
				t.Error("a session stayed open, or somebody else's ended")
			}
			o.does("ann", SignIn{})
			if o.signedIn(first) != "" {
				t.Error("the new log-in opened the old session again")
			}
		})
	}
}

// The state keeps what is open and no history: what time ended goes with the next
// log-in, and of too many the oldest does.
func TestSessionsDoNotPileUp(t *testing.T) {
	o := newOffice(t)
	old := o.logsIn("ann")
	o.now = o.now.Add(13 * time.Hour)
	o.does("ann", SignIn{})
	if open := o.state.Sessions("ann"); len(open) != 1 || open[0].Token == old {
		t.Errorf("after one ran out: %+v", open)
	}
	var tokens []string
	for range MaxSessions + 3 {
		tokens = append(tokens, o.logsIn("ann"))
	}
	var open []string
	for _, s := range o.state.Sessions("ann") {
		open = append(open, s.Token)
	}
	if !slices.Equal(open, tokens[3:]) || o.signedIn(tokens[2]) != "" || o.signedIn(tokens[3]) != "ann" {
		t.Errorf("%d are open", len(open))
	}
	if len(o.state.tokens) != MaxSessions+maxEnded+6 { // and one of each of the others
		t.Errorf("%d tokens are remembered", len(o.state.tokens))
	}
}

func TestALogInThatIsNone(t *testing.T) {
	o := newOffice(t)
	taken := o.logsIn("ben")
	good := sessionNumber(99)
	check(t, []clause{
		{"for a month", nil, "ann", SignIn{Session: good, Until: epoch.AddDate(0, 0, 30)}, "", nil},
		{"for longer", nil, "ann", SignIn{Session: good, Until: epoch.AddDate(0, 0, 30).Add(time.Millisecond)}, InvalidRequest, nil},
		{"that is over already", nil, "ann", SignIn{Session: good, Until: epoch}, InvalidRequest, nil},
		{"of no token", nil, "ann", SignIn{Session: "", Until: epoch.Add(time.Hour)}, InvalidRequest, nil},
		{"of a token in capitals", nil, "ann", SignIn{Session: "AB" + good[2:], Until: epoch.Add(time.Hour)}, InvalidRequest, nil},
		{"of a token and more", nil, "ann", SignIn{Session: good + "0", Until: epoch.Add(time.Hour)}, InvalidRequest, nil},
		{"of somebody's token", func(o *office) { o.does("ben", SignIn{Session: taken, Until: o.now.Add(time.Hour)}) }, "ann", SignIn{Session: taken, Until: epoch.Add(time.Hour)}, InvalidRequest, nil},
	})
}

// What is restored is what was kept, and rows that nobody's log-in made are found
// when the whole state is looked at.
func TestRestoredSessions(t *testing.T) {
	o := newOffice(t)
	o.logsIn("ann")
	restored := func(edit func(map[string][]Session)) *State {
		s := NewState()
		s.RestorePolicy(o.state.Policy())
		people, credentials, handovers := o.state.Changes()
		s.Restore(people, credentials, handovers)
		rows := map[string][]Session{}
		for person, open := range o.state.SessionsChanged() {
			rows[person] = slices.Clone(open)
		}
		edit(rows)
		for _, person := range keys(rows) {
			s.RestoreSessions(person, rows[person])
		}
		return s
	}
	right := restored(func(map[string][]Session) {})
	if err := Check(right); err != nil {
		t.Fatal(err)
	}
	for _, open := range o.state.Sessions("ann") {
		if who, is := right.Session(open.Token, o.now); !is || who.Username != "ann" {
			t.Errorf("%+v is %+v's", open, who)
		}
	}
	made := Session{Token: sessionNumber(99), Opened: epoch, Until: epoch.Add(time.Hour)}
	for name, edit := range map[string]func(map[string][]Session){
		"of nobody":             func(rows map[string][]Session) { rows["zoe"] = []Session{made} },
		"of somebody's token":   func(rows map[string][]Session) { rows["ben"] = append(rows["ben"], rows["ann"][0]) },
		"of one token twice":    func(rows map[string][]Session) { rows["ben"] = []Session{made, made} },
		"of what is no token":   func(rows map[string][]Session) { rows["ben"] = []Session{{Token: "x"}} },
		"of far too many":       func(rows map[string][]Session) { rows["ben"] = make([]Session, MaxSessions+1) },
		"of somebody not there": func(rows map[string][]Session) { rows[""] = []Session{made} },
		"that ended, among open ones": func(rows map[string][]Session) {
			over := made
			over.Ended = epoch
			rows["ben"] = append(rows["ben"], over)
		},
		"of too many that ended": func(rows map[string][]Session) {
			for range maxEnded + 1 {
				over := made
				over.Ended = epoch
				rows["ben"] = append([]Session{over}, rows["ben"]...)
			}
		},
	} {
		var broken *Violation
		if err := Check(restored(edit)); !errors.As(err, &broken) || broken.Invariant != "I6" {
			t.Errorf("a session %s: %v", name, err)
		}
	}
	o.does(System, ResetOnHost{Person: "ann"})
	var broken *Violation
	err := Check(restored(func(rows map[string][]Session) { rows["ann"] = []Session{made} }))
	if !errors.As(err, &broken) || broken.Detail != "signed in without an enrolment" {
		t.Errorf("a session of a seed that nobody proved: %v", err)
	}
}

// A session that nobody uses ends, once for all; one that was used goes on.
func TestASessionThatNobodyUsesEnds(t *testing.T) {
	o := newOffice(t)
	mine, other := o.logsIn("ann"), o.logsIn("ben")
	used := o.now
	o.now = o.now.Add(15*time.Minute - time.Millisecond)
	if events := o.does(System, EndIdle{"ann", mine, used}); len(events) != 0 {
		t.Errorf("ended a moment before its time: %+v", events)
	}
	if events := o.does(System, EndIdle{"ben", mine, used}); len(events) != 0 {
		t.Errorf("ended as another's: %+v", events)
	}
	o.now = o.now.Add(time.Millisecond)
	if events := o.does(System, EndIdle{"ann", mine, used.Add(-time.Hour)}); len(events) != 0 {
		t.Errorf("last used before it was opened, and ended: %+v", events)
	}
	if _, err := o.do("ann", EndIdle{"ann", mine, used}); CodeOf(err) != Forbidden {
		t.Errorf("by a person: %v", err)
	}
	if events := o.does(System, EndIdle{"ann", mine, used}); len(events) != 1 || events[0].Fact != (SessionIdled{"ann", mine, used}) {
		t.Errorf("%+v", events)
	}
	if events := o.does(System, EndIdle{"ann", mine, used}); len(events) != 0 {
		t.Errorf("ended twice: %+v", events)
	}
	if o.signedIn(mine) != "" || o.signedIn(other) != "ben" {
		t.Error("ended too little, or too much")
	}
}

// Whoever came with a made-up token, without being anybody, had all log-ins of everybody
// looked through.
func TestATokenOfNobodysIsNotLookedForAmongEverybodys(t *testing.T) {
	o := newOffice(t)
	made := sessionNumber(999)
	for _, s := range []*State{o.state, o.state.Fork()} {
		if took := testing.AllocsPerRun(10, func() { s.EndedSession(made, o.now) }); took > 0 {
			t.Errorf("%v pieces of memory for it", took)
		}
	}
}

// Whoever comes with a session that counts no more can be told when and why, of the
// last five; and nobody is told anything of one that there never was.
func TestWhySessionsEnded(t *testing.T) {
	o := newOffice(t)
	ended := func(token string, why Ending, at time.Time) {
		t.Helper()
		if _, s, was := o.state.EndedSession(token, o.now); !was || s.Why != why || !s.Ended.Equal(at) {
			t.Errorf("%+v, %t; want %s at %v", s, was, why, at)
		}
	}
	if _, s, was := o.state.EndedSession(sessionNumber(999), o.now); was || s != (Session{}) {
		t.Errorf("of none: %+v", s)
	}
	left := o.logsIn("ann")
	if _, s, was := o.state.EndedSession(left, o.now); was {
		t.Errorf("open, and ended: %+v", s)
	}
	o.does("ann", SignOut{left})
	ended(left, EndedByPerson, o.now)
	changed, here := o.logsIn("ann"), o.logsIn("ann")
	o.does("ann", ChangePassword{here, o.person("ann").Account + 1})
	ended(changed, EndedByPassword, o.now)
	used := o.now
	o.now = o.now.Add(time.Hour)
	o.does(System, EndIdle{"ann", here, used})
	ended(here, EndedIdle, o.now)
	long := o.logsIn("ann")
	until := o.now.Add(12 * time.Hour)
	o.now = o.now.Add(13 * time.Hour)
	ended(long, EndedByTime, until)
	reset := o.logsIn("ann")
	ended(long, EndedByTime, until)
	o.does(System, ResetOnHost{Person: "ann"})
	ended(reset, EndedByReset, o.now)
	if _, _, was := o.state.EndedSession(left, o.now); was {
		t.Error("remembered for ever")
	}
	if all := o.state.SessionsChanged()["ann"]; len(all) != maxEnded {
		t.Errorf("%d are remembered", len(all))
	}
	o.does("ann", SignIn{})
	first := o.logsIn("ann")
	for range MaxSessions {
		o.logsIn("ann")
	}
	ended(first, EndedTooMany, o.now)
	if err := Check(o.state); err != nil {
		t.Error(err)
	}
}
