package custody

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestModel visits every state that three technicians and two credentials can
// get into, until no new one appears, and tries in each one every command of
// everybody: with a right code, and, where that is taken, with none, a wrong
// one and a used one.
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
	models := []*model{
		{name: "a and b share x, b and c share y", servers: []AddCredential{server("x", "a", "b"), server("y", "b", "c")}},
		{name: "a and b share x and y", servers: []AddCredential{server("x", "a", "b"), server("y", "a", "b")}},
		{name: "a and b share x, b and c share y, both changed at each transfer and check-in",
			servers: []AddCredential{rotating(server("x", "a", "b"), both), rotating(server("y", "b", "c"), both)}},
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
		if !codes[code] {
			t.Errorf("no state refuses with %s", code)
		}
	}
}

func rotating(a AddCredential, p CredentialPolicy) AddCredential {
	a.Policy = p
	return a
}

// model is one arrangement of credentials and what was found of it.
type model struct {
	name    string
	servers []AddCredential

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

func (m *model) start(t *testing.T) *world {
	w := newWorld()
	err := w.hire(
		AddPerson{Username: "a", Roles: []Role{Technician}},
		AddPerson{Username: "b", Roles: []Role{Technician}},
		AddPerson{Username: "c", Roles: []Role{Technician}},
		AddPerson{Username: boss, Roles: []Role{Admin, Manager}},
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
				t.Fatalf("in the state\n%s", key(state))
			}
		}
		m.letTimePass(t, state)
		m.queue[at] = nil
	}
}

// visit gives the number of a state, a new one when it was not seen before.
func (m *model) visit(s *State) int {
	n := normal(s)
	k := key(n)
	at, seen := m.states[k]
	if !seen {
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
	}
	return to
}

// try gives a command to the machine and compares the answer with the policy.
func (m *model) try(t *testing.T, at int, s *State, c Command) {
	now := s.Time
	events, err := Decide(s, DefaultPolicy(), c, now)
	if allowed, known := policyAllows(s, c); known && allowed != (err == nil) {
		t.Errorf("%s %+v: the policy says %v, the machine says %v", c.Actor, c.Action, allowed, err)
		return
	}
	if err != nil {
		m.refuse(t, s, c, err)
		// Whether a code came makes no difference to what a rule refuses.
		if CodeOf(err) != TOTPInvalid {
			bare := c
			bare.Proof = noCode()
			if _, again := Decide(s, DefaultPolicy(), bare, now); CodeOf(again) != CodeOf(err) {
				t.Errorf("%s %+v: refused with %v, and without a code with %v", c.Actor, c.Action, err, again)
			}
		}
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
	if _, retires := c.Action.(Retire); !retires { // it ends custody, so it is no way home
		m.back[to] = append(m.back[to], int32(at))
	}
}

// tryCodes tries an accepted command again in ways that must not be accepted.
func (m *model) tryCodes(t *testing.T, s *State, c Command, events []Event) {
	p, _ := s.Person(c.Actor)
	again := func(s *State, proof Proof) Code {
		c := c
		c.Proof = proof
		_, err := Decide(s, DefaultPolicy(), c, s.Time)
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
	if kind := c.Action.Verb() + string(refusal.Code); m.entered[kind] {
		return
	} else {
		m.entered[kind] = true
	}
	if complaint := unreadable(refusal); complaint != "" {
		t.Errorf("%s %+v: %s", c.Actor, c.Action, complaint)
	}
	events := Refused(s, DefaultPolicy(), c, refusal, s.Time)
	next, err := follow(s, events, m.survives)
	if err != nil {
		t.Errorf("%s %+v, entering the refusal: %v", c.Actor, c.Action, err)
		return
	}
	if key(normal(next)) != key(normal(s)) {
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
	events, err := Decide(s, DefaultPolicy(), tick, now)
	if err != nil {
		t.Fatal(err)
	}
	next, err := follow(s, events, m.survives)
	if err != nil {
		t.Fatalf("time passed: %v\n%s", err, key(s))
	}
	for _, complaint := range againstPolicy(s, next) {
		t.Errorf("time passed: %s", complaint)
	}
	// What time has done it does not do again.
	if events, err := Decide(next, DefaultPolicy(), tick, now); err != nil || len(events) > 0 {
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
			if _, retires := c.Action.(Retire); retires && random.IntN(50) > 0 {
				continue
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
			if _, known := m.states[key(normal(w.state))]; !known {
				t.Fatalf("the model does not know\n%s", key(normal(w.state)))
			}
		}
	}
}

// tries lists every command of everybody in a state, with right codes.
func (m *model) tries(s *State) []Command {
	later := s.Time.Add(far)
	var commands []Command
	add := func(actor string, actions ...Action) {
		p, _ := s.Person(actor)
		for _, a := range actions {
			c := Command{Actor: actor, Request: "request", Action: a}
			if actor != System {
				c.Proof = rightCode(p)
			}
			commands = append(commands, c)
		}
	}
	for _, who := range append([]string{boss}, technicians...) {
		for _, name := range []string{"x", "y"} {
			add(who,
				CheckOut{name, "ticket 1"}, CheckIn{name}, RequestRotation{name, "worn"}, Retire{name, "scrapped"},
				Offer{Credentials: []string{name}, Reason: "leave", ExpectedReturn: later},
			)
		}
		add(who,
			Offer{Credentials: []string{"x", "y"}, Reason: "leave", ExpectedReturn: later},
			Offer{All: true, Reason: "leave", ExpectedReturn: later},
			Offer{All: true, Leave: true, Reason: "leave", ExpectedReturn: later},
			ComeBack{}, ComeBack{TakeBack: true},
		)
		for h := range s.OpenHandovers() {
			add(who, Accept{h.ID}, Decline{h.ID, ""}, Cancel{h.ID, ""}, GiveBack{h.ID})
		}
	}
	for _, who := range technicians {
		add(who, GoAway{Until: later, Reason: "leave"})
	}
	// What is refused, or changes nothing here, whoever asks: one asks.
	add("b",
		CheckOut{"z", "ticket 1"}, Offer{Credentials: []string{"z"}, Reason: "leave"}, m.servers[0],
		Accept{handoverID(1)}, Accept{"handover-999"}, GiveBack{""}, // one that is over, two that never were
		SignIn{}, SignOut{}, Tick{}, ReportStaged{RotationID{"x", 1}}, ResetEnrolment{"c"},
	)
	add(boss, ResetEnrolment{"c"}, AddPerson{Username: "a", Name: "a", Roles: []Role{Technician}, TOTPPeriod: 30})
	for _, a := range m.servers {
		add(boss, a)
	}
	add("stranger", CheckOut{"x", "ticket 1"}, SignIn{})
	add(System, GoAway{}, Offer{All: true, Leave: true, Reason: "leave"}, SignOut{}, LockSignIn{Person: "a", Failures: 5, Until: later})
	for _, name := range []string{"x", "y"} {
		c, _ := s.Credential(name)
		id := RotationID{name, c.Rotation.Number}
		add(System,
			ReportStaged{id}, ReportApplied{id}, ReportVerified{id, c.Version > 0},
			ReportPromoted{id, c.Version}, ReportPromoted{id, c.Version + 1},
			ReportFailed{id, "unreachable", s.Time.Add(time.Minute)},
			ReportStaged{RotationID{name, c.Rotation.Number - 1}}, ReportPromoted{RotationID{name, c.Rotation.Number + 1}, c.Version + 1},
		)
	}
	return commands
}

// policyAllows says, in the policy's words and without the machine's help,
// whether a command with a right code is to be granted. known is false for
// those whose rule is not about custody.
func policyAllows(s *State, c Command) (allowed, known bool) {
	me, _ := s.Person(c.Actor)
	if c.Actor == System || me.Username == "" {
		return false, false
	}
	cred := func(name string) Credential { c, _ := s.Credential(name); return c }
	present := func(who string) bool { p, ok := s.Person(who); return ok && !p.Away && !p.Disabled }
	other := func(c Credential) string {
		if me.Username == c.Primary {
			return c.Backup
		}
		return c.Primary
	}
	mine := func(c Credential) bool {
		return c.Phase == Held && c.Holder == me.Username
	}
	var holdings, shared []Credential
	waiting := false // a password is being changed for me
	for c := range s.Credentials() {
		if (c.Primary == me.Username || c.Backup == me.Username) && c.Phase != Retired {
			shared = append(shared, c)
		}
		if mine(c) {
			holdings = append(holdings, c)
		}
		waiting = waiting || c.Phase == Rotating && c.Rotation.Successor == me.Username
	}
	noneElseAway := !slices.ContainsFunc(shared, func(c Credential) bool { return !present(other(c)) })
	free := func(c Credential) bool { return mine(c) && c.Handover == "" && present(other(c)) }
	allHeld := func(h Handover) bool {
		return !slices.ContainsFunc(h.Credentials, func(name string) bool { return cred(name).Phase != Held })
	}
	switch a := c.Action.(type) {
	case CheckOut:
		return mine(cred(a.Credential)), true
	case CheckIn:
		return cred(a.Credential).Lease.Person == me.Username, true
	case Offer:
		offered := holdings
		if !a.All {
			offered = nil
			for _, name := range a.Credentials {
				offered = append(offered, cred(name))
			}
		}
		if a.All && waiting || a.All && !a.Leave && len(offered) == 0 || a.Leave && (me.Away || !noneElseAway) {
			return false, true
		}
		return !slices.ContainsFunc(offered, func(c Credential) bool { return !free(c) }), true
	case Accept:
		h, ok := s.Handover(a.Handover)
		return ok && h.Status == Offered && h.To == me.Username && !me.Away && allHeld(h), true
	case Decline:
		h, ok := s.Handover(a.Handover)
		return ok && h.Status == Offered && h.To == me.Username, true
	case Cancel:
		h, ok := s.Handover(a.Handover)
		return ok && h.Status == Offered && h.From == me.Username, true
	case GiveBack:
		h, ok := s.Handover(a.Handover)
		return ok && h.Status == Accepted && (h.To == me.Username || h.From == me.Username) && present(h.From) && allHeld(h), true
	case GoAway:
		return !me.Away && len(holdings) == 0 && !waiting && noneElseAway, true
	case ComeBack:
		for h := range s.OpenHandovers() {
			if a.TakeBack && h.From == me.Username && h.Status == Accepted && !allHeld(h) {
				return false, true
			}
		}
		return true, true
	case RequestRotation:
		c := cred(a.Credential)
		return c.Phase == Held && (mine(c) || me.Is(Manager)), true
	case Retire:
		c := cred(a.Credential)
		return me.Is(Admin) && c.Phase == Held && c.Handover == "", true
	case AddCredential:
		c := cred(a.Name)
		return me.Is(Admin) && c.Name == "" && (present(a.Primary) || present(a.Backup)), true
	}
	return false, false
}

// againstPolicy looks at one step of the machine without asking invariant.go.
func againstPolicy(before, after *State) (complaints []string) {
	complain := func(format string, args ...any) { complaints = append(complaints, fmt.Sprintf(format, args...)) }
	away := func(who string) bool { p, _ := after.Person(who); return p.Away }
	for c := range after.Credentials() {
		was, _ := before.Credential(c.Name)
		if c.Phase != Retired && away(c.Primary) && away(c.Backup) {
			complain("both custodians of %s are away", c.Name)
		}
		if c.Holder != "" && away(c.Holder) {
			complain("%s is away and holds %s", c.Holder, c.Name)
		}
		if c.Holder != "" && c.Holder != c.Primary && c.Holder != c.Backup {
			complain("%s holds %s and is no custodian", c.Holder, c.Name)
		}
		if c.Lease.ID != "" && (c.Phase != Held || c.Lease.Person != c.Holder) {
			complain("%s has %s out and does not hold it", c.Lease.Person, c.Name)
		}
		if was.Phase == Rotating && c.Phase == Held && (was.Rotation.Step != StepVerified || c.Version <= was.Version || c.Exposure != nil) {
			complain("%s is held again without a verified new version that nobody knows", c.Name)
		}
		if was.Version != c.Version && (was.Rotation.Step != StepVerified || c.Phase != Held) {
			complain("%s has a new version without a verified rotation", c.Name)
		}
		if was.Phase == Held && c.Phase == Held && was.Holder != c.Holder && c.Handover == "" {
			complain("%s passed to %s without a handover", c.Name, c.Holder)
		}
		if h, ok := before.Handover(was.Handover); ok && h.Status == Accepted && c.Handover == "" && c.Phase != Retired {
			complain("the handover of %s was forgotten", c.Name)
		}
		if h, ok := after.Handover(c.Handover); c.Handover != "" && (!ok || !slices.Contains(h.Credentials, c.Name)) {
			complain("%s is bound to a handover that is not there", c.Name)
		}
		if c.Phase == Held && was.Phase == Held && !slices.Equal(c.Exposure, union(was.Exposure, c.Lease.Person)) && c.Lease != was.Lease && c.Lease.ID != "" {
			complain("the exposure of %s is %v after it was checked out by %s", c.Name, c.Exposure, c.Lease.Person)
		}
		if was.Policy.RotateOnTransfer && was.Phase == Held && c.Phase == Held && c.Holder != was.Holder {
			complain("%s passed to %s and was not changed", c.Name, c.Holder)
		}
		if was.Policy.RotateOnCheckin && was.Lease.ID != "" && c.Lease.ID == "" && c.Phase == Held && c.Holder == was.Holder {
			complain("%s was checked in and was not changed", c.Name)
		}
		if c.Version == was.Version && c.Lease == was.Lease && !slices.Equal(c.Exposure, was.Exposure) {
			complain("the exposure of %s changed from %v to %v", c.Name, was.Exposure, c.Exposure)
		}
	}
	for h := range after.OpenHandovers() {
		bound := slices.ContainsFunc(h.Credentials, func(name string) bool {
			c, _ := after.Credential(name)
			return c.Handover == h.ID
		})
		if !bound {
			complain("%s (%s) binds nothing and stays open", h.ID, h.Status)
		}
	}
	return complaints
}

func union(names []string, name string) []string {
	all := append(slices.Clone(names), name)
	slices.Sort(all)
	return slices.Compact(all)
}

func atHome(s *State) bool {
	for p := range s.People() {
		if p.Away {
			return false
		}
	}
	for c := range s.Credentials() {
		if c.Phase == Rotating || c.Handover != "" {
			return false
		}
	}
	return true
}

// far is longer than any deadline.
const far = 1000 * time.Hour

// normal takes off a state what grows without bound: it keeps who is present,
// and of each credential its phase, holder, rotation and lease, and the open
// handovers under new ids. Taken off as well: exposure and the attempts of a
// rotation, which Decide never reads; wrong codes, which only lock out, as
// tryCodes tries in every state; and that something is overdue, which only keeps
// Tick from saying so twice, as tick tries every time.
func normal(s *State) *State {
	people, credentials, handovers := s.Changes()
	n := NewState()
	n.Time = epoch
	for i := range people {
		p := &people[i]
		p.LastStep, p.LastRequest, p.WrongCodes, p.Lockouts, p.LockedUntil = 100, "", 0, 0, time.Time{}
		p.AwaySince, p.AwayUntil, p.AwayReason = time.Time{}, time.Time{}, ""
		p.Enrolled = true
	}
	// A handover is told by what it is about: two open ones never bind the same.
	slices.SortFunc(handovers, func(a, b Handover) int { return strings.Compare(outline(a), outline(b)) })
	names := map[string]string{}
	for i := range handovers {
		h := &handovers[i]
		id := handoverID(int64(i) + 2) // the first is over
		names[h.ID], h.ID = id, id
		h.OfferedAt, h.AcceptedAt, h.ReturnedAt = time.Time{}, time.Time{}, time.Time{}
		h.Expires, h.ExpectedReturn, h.Overdue = epoch.Add(far), epoch.Add(far), false
		h.Leave = h.Leave && h.Status == Offered
	}
	n.Handovers = int64(len(handovers)) + 1
	for i := range credentials {
		c := &credentials[i]
		c.Handover = names[c.Handover]
		c.Version, c.RotatedAt, c.Exposure = min(c.Version, 1), time.Time{}, nil
		if c.Version > 0 {
			c.Exposure = []string{"a"} // a mark, to see what changes it
		}
		if c.Lease.ID != "" {
			c.Lease = Lease{ID: "lease-" + c.Name, Person: c.Lease.Person, Until: epoch.Add(far)}
		}
		r := &c.Rotation
		r.Number, r.Since, r.Attempts, r.NextTry, r.Failure = 1, time.Time{}, 0, time.Time{}, ""
		if c.Phase == Rotating {
			r.Deadline, r.Overdue = epoch.Add(far), false
		}
	}
	n.Restore(people, credentials, handovers)
	return n
}

func outline(h Handover) string {
	return fmt.Sprint(h.Credentials, h.From, h.To, h.Status, h.Leave)
}

// key writes down all of a normal state.
func key(n *State) string {
	var b strings.Builder
	for p := range n.People() {
		if p.Away {
			b.WriteString(p.Username + " is away; ")
		}
	}
	for c := range n.Credentials() {
		b.WriteString(c.Name + " " + string(c.Phase) + " " + c.Holder)
		if r := c.Rotation; c.Phase == Rotating {
			b.WriteString(strings.Join([]string{string(r.Step), "for", r.Successor, "after a return:", strconv.FormatBool(r.Reason == ForReturn)}, " "))
		}
		b.WriteString(" out to " + c.Lease.Person + " in " + c.Handover + "; ")
	}
	for h := range n.OpenHandovers() {
		b.WriteString(h.ID + " " + outline(h) + "; ")
	}
	return b.String()
}

// deadlines gives, for each deadline of a normal state, what makes it pass.
func deadlines(n *State) (all []func(*State)) {
	for c := range n.Credentials() {
		if c.Lease.ID != "" {
			all = append(all, func(s *State) { s.editCredential(c.Name, func(c *Credential) { c.Lease.Until = s.Time }) })
		}
		if c.Phase == Rotating {
			all = append(all, func(s *State) { s.editCredential(c.Name, func(c *Credential) { c.Rotation.Deadline = s.Time }) })
		}
	}
	for h := range n.OpenHandovers() {
		switch {
		case h.Status == Offered:
			all = append(all, func(s *State) { s.editHandover(h.ID, func(h *Handover) { h.Expires = s.Time }) })
		case h.Status == Accepted:
			all = append(all, func(s *State) { s.editHandover(h.ID, func(h *Handover) { h.ExpectedReturn = s.Time }) })
		}
	}
	return all
}

// unreadable says what a refusal leaves unsaid.
func unreadable(r *Refusal) string {
	for what, text := range map[string]string{
		"code": string(r.Code), "English": r.What.En, "Chinese": r.What.Zh,
		"next step in English": r.Next.En, "next step in Chinese": r.Next.Zh,
	} {
		if text == "" {
			return "refused without " + what
		}
	}
	if !strings.ContainsFunc(r.What.Zh+r.Next.Zh, func(r rune) bool { return r >= 0x4e00 }) {
		return "the Chinese is none"
	}
	return ""
}

// codesGiven reads in this package's source which codes its refusals can have.
func codesGiven(t *testing.T) []Code {
	t.Helper()
	values, used := map[string]string{}, map[string]bool{}
	for _, file := range source(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if kind, ok := n.Type.(*ast.Ident); ok && kind.Name == "Code" {
					values[n.Names[0].Name], _ = strconv.Unquote(n.Values[0].(*ast.BasicLit).Value)
				}
			case *ast.CompositeLit:
				if kind, ok := n.Type.(*ast.Ident); ok && kind.Name == "Refusal" {
					for _, element := range n.Elts {
						if kv := element.(*ast.KeyValueExpr); kv.Key.(*ast.Ident).Name == "Code" {
							used[kv.Value.(*ast.Ident).Name] = true
						}
					}
				}
			}
			return true
		})
	}
	var codes []Code
	for name := range used {
		codes = append(codes, Code(values[name]))
	}
	if len(codes) < 10 || slices.Contains(codes, "") {
		t.Fatalf("the codes were not read rightly: %v", codes)
	}
	return codes
}

// source parses the files of this package that are no tests.
func source(t *testing.T) (files []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}
