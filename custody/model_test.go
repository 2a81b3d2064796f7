package custody

import (
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"testing"
	"time"
)

// TestModel visits every state that three technicians and two credentials can
// get into, until no new one appears, and tries in each one every command of
// everybody: with a right code, and, where that is taken, with none, a wrong
// one, a used one, locked out and not enrolled. Whether a command is granted is
// compared with the policy as policyAllows says it over again. Every code that
// a refusal can have in the source must come up.
//
// States are compared by what is left of them when everything is taken off that
// grows for ever and that no rule looks at (see normal). The rules use numbers
// (versions, ids, TOTP steps, rotation numbers) only to tell whether two are the
// same or which is greater, and every normal state keeps those relations. They
// use instants only to ask whether a deadline has passed; a normal state has all
// its deadlines before it, and each may pass next, alone or with all others. So
// whatever the real machine does from a state, the model does from its normal
// form; it may do more: it passes deadlines in an order that needs other
// settings. That the forms are rightly chosen is tried out as well: a long
// random walk with the real numbers and a real clock finds no state that the
// model does not know.
func TestModel(t *testing.T) {
	t.Parallel()
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a third faster, for a few hundred megabytes
	both := CredentialPolicy{RotateOnTransfer: true, RotateOnCheckin: true}
	strict := CredentialPolicy{
		MaxAgeSeconds: int64(3 * far / 2 / time.Second), MaxExposed: 1, AutoReconcile: true, Dependents: []string{"app"},
	}
	models := []*model{
		{name: "a and b share x, b and c share y", servers: []AddCredential{server("x", "a", "b"), server("y", "b", "c")}},
		{name: "a and b share x and y", servers: []AddCredential{server("x", "a", "b"), server("y", "a", "b")}},
		{name: "a and b share x, b and c share y, both changed at each transfer and check-in",
			servers: []AddCredential{rotating(server("x", "a", "b"), both), rotating(server("y", "b", "c"), both)}},
		{name: "a and b share x, which came with its password, with all that a policy can ask for",
			servers: []AddCredential{bringing(reconciling(rotating(server("x", "a", "b"), strict)))}},
		{name: "a and b share x, set by hand, with all that a policy can ask for",
			servers: []AddCredential{byHand(reconciling(rotating(server("x", "a", "b"), strict)))}},
		{name: "a and b share x, which gets stuck", stuck: true, servers: []AddCredential{reconciling(rotating(server("x", "a", "b"), getsStuck))}},
		{name: "a and b share x, which gets stuck set by hand", stuck: true, servers: []AddCredential{byHand(rotating(server("x", "a", "b"), getsStuck))}},
		// A limit that nobody comes to, so that it is told apart who knows the password.
		{name: "two of a, b and c run x, and others say which", proposes: true,
			servers: []AddCredential{rotating(server("x", "a", "b"), CredentialPolicy{MaxExposed: 2})}},
		{name: "a and b run x, and who holds it cannot be reached", urgent: true,
			servers: []AddCredential{rotating(server("x", "a", "b"), CredentialPolicy{Silence: true})}},
		{name: "two of a, b and c run x, and one of them leaves", leaves: true,
			servers: []AddCredential{rotating(server("x", "a", "b"), CredentialPolicy{MaxExposed: 2})}},
	}
	reached := make(chan map[Code]bool, len(models))
	t.Run("explore", func(t *testing.T) {
		for _, m := range models {
			t.Run(m.name, func(t *testing.T) {
				t.Parallel()
				m.explore(t)
				reached <- m.codes
				m.everybodyCanGetHome(t)
				m.wander(t)
				t.Logf("%d states, %d transitions, %d refused tries", len(m.states), m.transitions, m.refused)
			})
		}
	})
	close(reached)
	codes := map[Code]bool{}
	for c := range reached {
		maps.Copy(codes, c)
	}
	for _, code := range codesGiven(t) {
		if !codes[code] && code != AbsenceOverlap { // see TestModelOfAbsences
			t.Errorf("no state refuses with %s", code)
		}
	}
}

// getsStuck is the policy of what gets stuck, by which a state is known as one where
// it matters whether a change can be called off.
var getsStuck = CredentialPolicy{LeaseSeconds: 3600}

func rotating(a AddCredential, p CredentialPolicy) AddCredential {
	a.Policy = p
	return a
}

func byHand(a AddCredential) AddCredential {
	a.Target.Kind = Manual
	return a
}

func reconciling(a AddCredential) AddCredential {
	a.Reconciles = true
	return a
}

func bringing(a AddCredential) AddCredential {
	a.Brings = true
	return a
}

// model is one arrangement of credentials and what was found of it.
type model struct {
	name    string
	servers []AddCredential

	// stuck: changes are called off, paused and passed round, and it matters what was
	// sent. Elsewhere that would multiply the states by what it has nothing to do with.
	stuck bool

	proposes bool // custodians change here, and nothing else that would multiply the states
	leaves   bool // one person leaves here
	urgent   bool // emergencies happen here

	// Where nobody proposes for its own sake, what needs approval happens as soon as
	// somebody asks for it: who approves what does not depend on what is approved.

	states      map[string]int // key of a state -> its number
	keys        []string       // state number -> key
	queue       []*State       // nil where all was tried
	back        [][]int32      // state -> the states that somebody can lead to it by doing their work
	home        []bool         // everybody present, everything held
	codes       map[Code]bool
	entered     map[string]bool // refusals that were entered and checked already
	recorded    map[string]bool // events that went through the ledger's encoding already
	transitions int
	refused     int
}

// technicians are the three; boss is manager and admin and no custodian, so
// that whether boss is present matters to no rule and is left out.
var technicians = []string{"a", "b", "c"}

const boss = "boss"

// chief is the director, whom only proposals need.
const chief = "chief"

func (m *model) start(t *testing.T) *world {
	policy := testPolicy()
	if !m.proposes && !m.urgent {
		policy.Approvals = ApprovedByNone
	}
	policy.Exclusive = ExclusiveAuditor // boss is one person, which keeps the states few
	w := newWorldUnder(policy)
	err := w.hire(
		AddPerson{Username: "a", Roles: []Role{Technician}},
		AddPerson{Username: "b", Roles: []Role{Technician}},
		AddPerson{Username: "c", Roles: []Role{Technician}},
		AddPerson{Username: boss, Roles: []Role{Admin, Manager}},
		AddPerson{Username: chief, Roles: []Role{Director}},
	)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (m *model) explore(t *testing.T) {
	m.states, m.codes = map[string]int{}, map[Code]bool{}
	m.entered, m.recorded = map[string]bool{}, map[string]bool{}
	m.visit(m.start(t).state)
	for at := 0; at < len(m.queue); at++ {
		state := m.queue[at]
		for _, try := range m.tries(state) {
			m.try(t, at, state, try)
			if t.Failed() {
				t.Fatalf("in the state\n%s", m.keys[at])
			}
		}
		m.letTimePass(t, state)
		m.queue[at] = nil
	}
}

// visit gives the number of a state, a new one when it was not seen before.
func (m *model) visit(s *State) int {
	f := normal(s)
	k := f.key()
	at, seen := m.states[k]
	if !seen {
		n := f.state()
		at = len(m.queue)
		m.states[k] = at
		m.keys = append(m.keys, k)
		m.queue = append(m.queue, n)
		m.back = append(m.back, nil)
		m.home = append(m.home, atHome(n))
	}
	return at
}

// move is a transition. Every state is found by a fork as well.
func (m *model) move(t *testing.T, s *State, events []Event, next *State) int {
	m.transitions++
	known := len(m.queue)
	to := m.visit(next)
	if to == known {
		if err := followInFork(s, events, next); err != nil {
			t.Error(err)
		}
		if err := reexecuted(s, events, next); err != nil {
			t.Error(err)
		}
	}
	return to
}

// try gives a command to the machine and compares the answer with the policy.
func (m *model) try(t *testing.T, at int, s *State, c Command) {
	now := s.Time
	events, err := Decide(s, c, now)
	if allowed, known := policyAllows(s, c); known && allowed != (err == nil) {
		t.Errorf("%s %+v: the policy says %v, the machine says %v", c.Actor, c.Action, allowed, err)
		return
	}
	if err != nil {
		m.refuse(t, s, c, err)
		return
	}
	if c.Actor != System {
		m.tryCodes(t, s, c, events)
	}
	next, err := follow(s, events, m.survives)
	if err != nil {
		t.Errorf("%s %+v: %v", c.Actor, c.Action, err)
		return
	}
	for _, complaint := range againstPolicy(s, next) {
		t.Errorf("%s %+v: %s", c.Actor, c.Action, complaint)
	}
	to := m.move(t, s, events, next)
	if !endsCustody(c.Action) {
		m.back[to] = append(m.back[to], int32(at))
	}
}

// asking asks for what others have to approve.
func asking(a Proposable) Propose { return Propose{Change{a}, note("why")} }

// endsCustody says whether a command is no way home: two end custody, and a change is not
// always there to be called off.
func endsCustody(a Action) bool {
	if p, proposes := a.(Propose); proposes {
		a = p.Change.Proposable
	}
	switch a.(type) {
	case Retire, Abandon, CancelRotation, Disable:
		return true
	}
	return false
}

// tryCodes tries an accepted command again in ways that must not be accepted.
func (m *model) tryCodes(t *testing.T, s *State, c Command, events []Event) {
	p, _ := s.Person(c.Actor)
	again := func(s *State, proof Proof) Code {
		c := c
		c.Proof = proof
		_, err := Decide(s, c, s.Time)
		if err != nil {
			m.refuse(t, s, c, err)
		}
		return CodeOf(err)
	}
	altered := func(edit func(*Person)) *State {
		f := s.Fork()
		f.editPerson(c.Actor, edit)
		return f
	}
	confirmed := len(events) > 0 && events[0].Confirm != nil
	if back, ok := c.Action.(ComeBack); ok {
		confirmed = back.TakeBack
	}
	if !confirmed {
		if code := again(s, noCode()); code != "" {
			t.Errorf("%s %+v: needs no code and is refused without one: %s", c.Actor, c.Action, code)
		}
		return
	}
	_, signsIn := c.Action.(SignIn)
	for _, x := range []struct {
		state *State
		proof Proof
		want  Code
	}{
		{s, noCode(), InvalidRequest},
		{s, wrongCode(), TOTPInvalid},
		{s, usedCode(p), TOTPReplayed},
		{altered(func(p *Person) { p.LockedUntil = s.Time.Add(time.Second) }), c.Proof, LockedOut},
		{altered(func(p *Person) { p.Enrolled = signsIn }), c.Proof, map[bool]Code{false: Unauthenticated}[signsIn]},
		{altered(func(p *Person) { p.Disabled = true }), c.Proof, Unauthenticated},
	} {
		if got := again(x.state, x.proof); got != x.want {
			t.Errorf("%s %+v with %+v: refused with %q, want %q", c.Actor, c.Action, x.proof, got, x.want)
		}
	}
}

// survives is roundTrip, once for each event there is: the numbers of normal
// states are few, so the same ones come again and again.
func (m *model) survives(e Event) error {
	entry, err := e.Record()
	if err != nil {
		return err
	}
	what := entry.Type + entry.Actor + string(entry.Data)
	if m.recorded[what] {
		return nil
	}
	m.recorded[what] = true
	return roundTrip(e)
}

// refuse enters a refusal, once for each kind of command and code, and sees
// that it changes nothing that the rules go by.
func (m *model) refuse(t *testing.T, s *State, c Command, err error) {
	m.refused++
	refusal, ok := err.(*Refusal)
	if !ok {
		t.Errorf("%s %+v: %v", c.Actor, c.Action, err)
		return
	}
	m.codes[refusal.Code] = true
	kind := c.Action.Verb() + string(refusal.Code)
	if m.entered[kind] {
		return
	}
	m.entered[kind] = true
	if complaint := unreadable(refusal); complaint != "" {
		t.Errorf("%s %+v: %s", c.Actor, c.Action, complaint)
	}
	// Whether a code came makes no difference to what a rule refuses.
	if c.Proof.Steps != nil && refusal.Code != TOTPReplayed && refusal.Code != LockedOut {
		bare := c
		bare.Proof = noCode()
		if _, again := Decide(s, bare, s.Time); CodeOf(again) != refusal.Code {
			t.Errorf("%s %+v: refused with %v, and without a code with %v", c.Actor, c.Action, err, again)
		}
	}
	events := Refused(s, c, refusal, s.Time)
	next, err := follow(s, events, m.survives)
	if err != nil {
		t.Errorf("%s %+v, entering the refusal: %v", c.Actor, c.Action, err)
		return
	}
	if normal(next).key() != normal(s).key() {
		t.Errorf("%s %+v: refused, but something changed", c.Actor, c.Action)
	}
}

// letTimePass passes each deadline alone, and then all of them.
func (m *model) letTimePass(t *testing.T, s *State) {
	tick := Command{Actor: System, Action: Tick{}}
	for _, due := range deadlines(s) {
		early := clone(s)
		due(early)
		m.tick(t, early, tick, early.Time)
	}
	m.tick(t, s, tick, s.Time.Add(2*far))
}

func (m *model) tick(t *testing.T, s *State, tick Command, now time.Time) {
	events, err := Decide(s, tick, now)
	if err != nil {
		t.Fatal(err)
	}
	next, err := follow(s, events, m.survives)
	if err != nil {
		t.Fatalf("time passed: %v\n%s", err, normal(s).key())
	}
	for _, complaint := range againstPolicy(s, next) {
		t.Errorf("time passed: %s", complaint)
	}
	// What time has done it does not do again.
	if events, err := Decide(next, tick, now); err != nil || len(events) > 0 {
		t.Errorf("a second tick gives %v, %v", events, err)
	}
	m.move(t, s, events, next) // waiting is no work, so it is no way home
}

// everybodyCanGetHome finds that no state is a trap: from each of them, people
// and the rotation worker can get to where everybody is present and everything
// held, without waiting for anything to expire and without retiring anything.
func (m *model) everybodyCanGetHome(t *testing.T) {
	can := slices.Clone(m.home)
	var queue []int
	for at, home := range can {
		if home {
			queue = append(queue, at)
		}
	}
	for len(queue) > 0 {
		at := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, from := range m.back[at] {
			if !can[from] {
				can[from] = true
				queue = append(queue, int(from))
			}
		}
	}
	if at := slices.Index(can, false); at >= 0 {
		t.Errorf("no way home from\n%s", m.keys[at])
	}
}

// wander walks at random with the real numbers and a real clock.
func (m *model) wander(t *testing.T) {
	random := rand.New(rand.NewPCG(1, uint64(len(m.states))))
	for range 20 {
		w := m.start(t)
		for range 400 {
			tries := m.tries(w.state)
			c := tries[random.IntN(len(tries))]
			if _, reset := c.Action.(ResetOnHost); (reset || endsCustody(c.Action)) && random.IntN(50) > 0 {
				continue // seldom: there is no way back in a walk
			}
			if due := w.state.Due(); random.IntN(12) == 0 && due.After(w.now) {
				w.now, c = due, Command{Actor: System, Action: Tick{}}
			}
			if _, err := w.run(c); err != nil && CodeOf(err) == "" {
				t.Fatal(err)
			}
			w.now = w.now.Add(time.Duration(random.IntN(60)) * time.Second)
			if _, err := w.do(System, Tick{}); err != nil { // as the desk does before each batch
				t.Fatal(err)
			}
			w.state.Reschedule()
			if _, known := m.states[normal(w.state).key()]; !known {
				t.Fatalf("the model does not know\n%s", normal(w.state).key())
			}
		}
	}
}

// adding adds commands of somebody in a state, with right codes.
func adding(s *State, commands *[]Command) func(actor string, actions ...Action) {
	return func(actor string, actions ...Action) {
		p, _ := s.Person(actor)
		for _, a := range actions {
			c := Command{Actor: actor, Request: "request", Action: a}
			if actor != System {
				c.Proof = rightCode(p)
			}
			*commands = append(*commands, c)
		}
	}
}

// tries lists every command of everybody in a state, with right codes.
func (m *model) tries(s *State) []Command {
	switch {
	case m.proposes:
		return m.triesOfProposals(s)
	case m.urgent:
		return m.triesOfEmergencies(s)
	case m.leaves:
		return m.triesOfLeaving(s)
	}
	later, soon := s.Time.Add(far), s.Time.Add(time.Hour)
	var commands []Command
	add := adding(s, &commands)
	for _, who := range append([]string{boss}, technicians...) {
		for _, name := range []string{"x", "y"} {
			add(who,
				CheckOut{name, note("ticket 1")}, ShowAgain{name}, CheckIn{name}, RequestRotation{Credential: name, Reason: note("worn")},
				Reconcile{name, note("lost")}, ShowNew{name}, ConfirmSet{name},
				Offer{Credentials: []string{name}, Reason: note("leave"), ExpectedReturn: later},
			)
			if m.stuck {
				add(who, PauseRotation{name, note("host gone")}, ResumeRotation{name}, CancelRotation{name, note("wrong host")})
			}
		}
		add(who,
			Offer{Credentials: []string{"x", "y"}, Reason: note("leave"), ExpectedReturn: later},
			Offer{All: true, Reason: note("leave"), ExpectedReturn: later},
			Offer{All: true, Leave: true, Reason: note("leave"), ExpectedReturn: later},
			ComeBack{}, ComeBack{TakeBack: true},
		)
		for h := range s.OpenHandovers() {
			add(who, Accept{h.ID}, Decline{h.ID, note("")}, Cancel{h.ID, note("")}, GiveBack{h.ID})
		}
	}
	if x, _ := s.Credential("x"); x.Active() { // its account is taken
		again := m.servers[0]
		again.Name = "again"
		add(boss, asking(again))
	}
	for _, who := range technicians {
		add(who, GoAway{Until: later, Reason: note("leave")})
	}
	// What is refused, or changes nothing here, whoever asks: one asks.
	add("b",
		CheckOut{"z", note("ticket 1")}, Offer{Credentials: []string{"z"}, Reason: note("leave")}, m.servers[0], asking(pairOf("x", "z", "c")),
		Accept{handoverID(1)}, Accept{"handover-999"}, GiveBack{""}, // one that is over, two that never were
		SignIn{Session: sessionNumber(1), Until: soon}, SignOut{sessionNumber(9)}, Tick{}, ReportStaged{Rotation: RotationID{Credential: "x", Number: 1}}, ResetEnrolment{Person: "c"},
	)
	add(boss, RequestRotation{All: true, Reason: note("worn")}, Retire{"x"}, Abandon{"x"}, m.servers[0])
	for _, name := range []string{"x", "y"} {
		add(boss, asking(Retire{name}))
		if m.stuck {
			add("b", asking(Abandon{name}))
		}
	}
	add(System, ResetOnHost{Person: "c"})
	add(boss, AddPerson{Username: "a", Name: "a", Roles: []Role{Technician}, TOTPPeriod: 30})
	for _, a := range m.servers {
		add(boss, ChangePolicy{a.Name, a.Policy})
		if c, _ := s.Credential(a.Name); c.Phase != Retired || m.stuck { // what comes again would multiply the states
			add(boss, asking(a))
		}
		if len(m.servers) == 1 && !m.stuck { // with more, the states would multiply
			add(boss, ChangePolicy{a.Name, CredentialPolicy{}}, asking(ChangePolicy{a.Name, CredentialPolicy{}}))
		}
	}
	add("stranger", CheckOut{"x", note("ticket 1")}, SignIn{Session: sessionNumber(1), Until: soon})
	add(System, GoAway{}, Offer{All: true, Leave: true, Reason: note("leave")}, SignOut{}, LockSignIn{Person: "a", Failures: 5, Until: later},
		ReportConflict{"w1", 5, 10}, RecoverEnrolment{Person: "c", Enrolment: 1})
	for _, name := range []string{"x", "y"} {
		c, _ := s.Credential(name)
		id := RotationID{Credential: name, Number: c.Rotation.Number}
		add(System,
			ReportArrived{name}, ReportStaged{Rotation: id}, ReportApplied{id}, ReportVerified{Rotation: id, OldRefused: c.Version > 0},
			ReportPromoted{id, c.Version}, ReportPromoted{id, c.Version + 1},
			ReportFailed{Rotation: id, Failure: "unreachable", NextTry: s.Time.Add(time.Minute)},
			ReportStaged{Rotation: RotationID{Credential: name, Number: c.Rotation.Number - 1}}, ReportPromoted{RotationID{Credential: name, Number: c.Rotation.Number + 1}, c.Version + 1},
		)
		if m.stuck {
			add(System,
				ReportStaged{Rotation: id, Sending: true}, ReportSending{id},
				ReportFailed{Rotation: id, Failure: "unreachable", NextTry: s.Time.Add(time.Minute), Unsent: true},
				ReportFailed{Rotation: id, Failure: string(CurrentRefused), NextTry: s.Time.Add(time.Minute), Unsent: true},
			)
		}
		if len(m.servers) > 1 || m.stuck {
			continue // whether each has drifted would multiply the states
		}
		add(System,
			Reconcile{Credential: name}, StartVerification{Credential: name, Version: c.Version},
			EndVerification{Credential: name, Version: c.Version, Result: VerificationAccepted}, EndVerification{Credential: name, Version: c.Version, Result: VerificationRefused},
			EndVerification{Credential: name, Version: c.Version, Result: VerificationUnknown}, EndVerification{Credential: name, Version: c.Version + 1, Result: VerificationRefused},
			ReportUpdated{name, "app", c.Version}, ReportUpdated{name, "web", c.Version}, ReportUpdated{name, "app", c.Version + 1},
			ReportNotUpdated{name, "app", c.Version, "unreachable", s.Time.Add(time.Minute)},
		)
	}
	return commands
}

func atHome(s *State) bool {
	for p := range s.People() {
		if p.Away {
			return false
		}
	}
	for c := range s.Credentials() {
		if c.Phase == Rotating || c.Phase == Parked || c.Phase != Retired && c.SeatVacant() || c.Handover != "" {
			return false
		}
	}
	return true
}
