package custody

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/tandem-custody/tandem/audit"
)

// epoch is when the tests begin.
var epoch = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// world is a state with a clock and everybody's authenticator: what the desk is
// in the real program.
type world struct {
	state   *State
	now     time.Time
	request int
	history []Event
}

func newWorld() *world {
	return newWorldUnder(testPolicy())
}

// testPolicy takes any step, so that one code can follow on another without
// waiting; that a step must be timely has a test of its own.
func testPolicy() Policy {
	p := DefaultPolicy()
	p.TOTPSkew = 1 << 40
	return p
}

func newWorldUnder(p Policy) *world {
	w := &world{state: NewState(), now: epoch}
	if _, err := w.do(System, AdoptPolicy{Values: p}); err != nil {
		panic(err)
	}
	return w
}

// with gives the command of a person who types the right code, or of the system.
func (w *world) with(actor string, a Action) Command {
	w.request++
	c := Command{Actor: actor, Request: fmt.Sprintf("request-%d", w.request), Action: a}
	switch a {
	case SignIn{}:
		c.Action = w.logIn()
	case SignOut{}:
		if open := w.state.Sessions(actor); len(open) > 0 {
			c.Action = SignOut{open[len(open)-1].Token}
		}
	}
	if p, ok := w.state.Person(actor); ok {
		c.Proof = rightCode(p)
		c.Proof.Enrolment = c.CodesOf(p)
	}
	return c
}

// logIn opens a session that nobody has, for twelve hours.
func (w *world) logIn() SignIn {
	return SignIn{Session: sessionNumber(w.request), Until: w.now.Add(12 * time.Hour)}
}

func sessionNumber(n int) string { return fmt.Sprintf("%064x", n) }

func rightCode(p Person) Proof {
	return Proof{Given: true, Steps: []int64{p.LastStep + 1}, Enrolment: p.Number}
}
func usedCode(p Person) Proof {
	return Proof{Given: true, Steps: []int64{p.LastStep}, Enrolment: p.Number}
}
func wrongCode() Proof { return Proof{Given: true, Enrolment: 1} }
func noCode() Proof    { return Proof{} }

// do carries a command out with the right code.
func (w *world) do(actor string, a Action) ([]Event, error) { return w.run(w.with(actor, a)) }

// run carries a command out as the desk does, and enters a refusal.
func (w *world) run(c Command) ([]Event, error) {
	if _, ticks := c.Action.(Tick); !ticks {
		if err := w.letTimeAct(); err != nil {
			return nil, err
		}
	}
	events, err := Decide(w.state, c, w.now)
	if refusal, ok := err.(*Refusal); ok {
		if broken := w.commit(Refused(w.state, c, refusal, w.now)); broken != nil {
			return nil, broken
		}
	}
	if err != nil {
		return nil, err
	}
	return events, w.commit(events)
}

// letTimeAct carries out what time leads to, until there is nothing.
func (w *world) letTimeAct() error {
	for {
		events := w.state.LetTimeAct(w.now)
		if err := w.commit(events); err != nil || len(events) == 0 {
			return err
		}
	}
}

func (w *world) commit(events []Event) error {
	next, err := follow(w.state, events, roundTrip)
	if err != nil {
		return err
	}
	if err := followInFork(w.state, events, next); err != nil {
		return err
	}
	if err := reexecuted(w.state, events, next); err != nil {
		return err
	}
	w.state = next
	w.history = append(w.history, events...)
	return nil
}

// follow gives the state after the events, and checks on the way all that must
// be true of an event anywhere: it may happen, what it leads to is allowed, the
// quick check agrees with the whole one, and it survives the ledger.
func follow(s *State, events []Event, survives func(Event) error) (*State, error) {
	next := clone(s)
	for _, e := range events {
		if err := Replay(next, e); err != nil {
			return nil, err
		}
		if err := Check(next); err != nil {
			return nil, fmt.Errorf("CheckAfter missed it: %w", err)
		}
		if err := survives(e); err != nil {
			return nil, err
		}
	}
	return next, nil
}

// followInFork goes the same way in a fork, and in a fork of that one, and
// checks that nothing tells the merged state from want.
func followInFork(s *State, events []Event, want *State) error {
	merged := clone(s)
	draft := merged.Fork()
	for _, e := range events {
		fork := draft.Fork()
		if err := Replay(fork, e); err != nil {
			return fmt.Errorf("in a fork: %w", err)
		}
		if err := Check(fork); err != nil {
			return fmt.Errorf("in a fork: %w", err)
		}
		draft.Merge(fork)
	}
	merged.Merge(draft)
	if !reflect.DeepEqual(merged, want) {
		return fmt.Errorf("a merged fork differs:\n%+v\n%+v", merged, want)
	}
	return nil
}

// reexecuted carries the command of these events out again, from what is on
// record of it.
func reexecuted(s *State, events []Event, want *State) error {
	r := Replayer{State: clone(s)}
	for _, e := range events {
		if err := r.Add(e); err != nil {
			return fmt.Errorf("carried out again: %w", err)
		}
	}
	if err := r.End(); err != nil {
		return err
	}
	r.State.due, want = want.due, clone(want)
	want.due = r.State.due // after a tick it is worked out afresh
	if !reflect.DeepEqual(r.State, want) {
		return fmt.Errorf("carried out again, it leads to another state:\n%+v\n%+v", r.State, want)
	}
	return nil
}

func roundTrip(e Event) error {
	encoded, err := e.Encode()
	if err != nil {
		return err
	}
	decoded, err := audit.DecodeEntry(encoded)
	if err != nil {
		return err
	}
	again, err := FromRecord(decoded)
	if err != nil {
		return err
	}
	if e = withoutTexts(e); !reflect.DeepEqual(e, again) {
		return fmt.Errorf("the ledger gives back another event:\n%+v\n%+v", again, e)
	}
	return nil
}

// withoutTexts gives an event as the ledger has it.
func withoutTexts(e Event) Event {
	strip := func(value any) any {
		copied := reflect.New(reflect.TypeOf(value)).Elem()
		copied.Set(reflect.ValueOf(value))
		eachNote(copied, func(at reflect.Value) { at.Set(reflect.ValueOf(at.Interface().(Note).bare())) })
		return copied.Interface()
	}
	e.Fact = strip(e.Fact).(Fact)
	if e.Cause != nil {
		cause := *e.Cause
		cause.Action = strip(cause.Action).(Action)
		e.Cause = &cause
	}
	return e
}

// clone copies a root. What the maps hold is never changed in place.
func clone(s *State) *State {
	c := *s
	c.touched = touched{} // what a test changed by hand
	c.people, c.credentials = maps.Clone(s.people), maps.Clone(s.credentials)
	c.handovers, c.charges, c.accounts = maps.Clone(s.handovers), maps.Clone(s.charges), maps.Clone(s.accounts)
	c.sessions, c.tokens = maps.Clone(s.sessions), maps.Clone(s.tokens)
	c.proposals = maps.Clone(s.proposals)
	c.incidents, c.latest = maps.Clone(s.incidents), maps.Clone(s.latest)
	return &c
}

// hire opens accounts and enrols them.
func (w *world) hire(people ...AddPerson) error {
	for _, p := range people {
		p.Name, p.Email, p.TOTPPeriod = p.Username, note(p.Username+"@example.org"), 30
		if _, err := w.do(System, p); err != nil {
			return err
		}
		if _, err := w.do(p.Username, SignIn{}); err != nil {
			return err
		}
	}
	return nil
}

// change carries the rotation in progress of a credential through.
func (w *world) change(credential string) error {
	c, _ := w.state.Credential(credential)
	id := RotationID{Credential: credential, Number: c.Rotation.Number, Target: c.Retargeted}
	for _, report := range []Action{
		ReportStaged{Rotation: id}, ReportApplied{id}, ReportVerified{Rotation: id, OldRefused: c.Version > 0}, ReportPromoted{id, c.Version + 1},
	} {
		if _, err := w.do(System, report); err != nil {
			return err
		}
	}
	return nil
}

// target commits to what somebody described; the account is called by its address as
// it stands.
func target(t Target) TargetNotes {
	n := TargetNotes{Kind: t.Kind, Address: exact(t.Address), Account: exact(t.Account), Identities: called(t.Account + "@" + t.Address)}
	for name, value := range t.Settings {
		if n.Settings == nil {
			n.Settings = map[string]Note{}
		}
		n.Settings[name] = exact(value)
	}
	return n
}

func exact(text string) Note { return ExactNoteOf(Salt{4, 5, 6}, text) }

// called gives digests of what an account is called.
func called(names ...string) (identities []string) {
	for _, name := range names {
		identities = append(identities, note(name).Commitment())
	}
	slices.Sort(identities)
	return identities
}

func server(name, primary, backup string) AddCredential {
	return AddCredential{
		Name: name, Primary: primary, Backup: backup,
		Target: target(Target{Kind: "ssh", Address: name + ".example.org:22", Account: "root"}),
	}
}
