package custody

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// What no other test missed when it was taken away, one check at a time.

// rogue is a command with a mistake in it: it is carried out whatever the rules say.
type rogue struct {
	SignOut
	leads Fact
	fails error
}

func (r rogue) decide(d *decision) error {
	if r.fails == nil {
		d.happen(r.leads)
	}
	return r.fails
}

// A mistake in Decide does not vouch for itself: what it leads to is held to the
// invariants also where it is carried out again.
func TestAMistakeInACommandDoesNotVouchForItself(t *testing.T) {
	o := newOffice(t)
	bad := rogue{leads: PersonAway{Person: "ann"}} // who holds db01
	e := Event{Time: o.now, Actor: "ann", Request: "r", Fact: bad.leads, Cause: &Cause{Action: bad}}
	r := Replayer{State: clone(o.state)}
	if err := r.Add(e); !violation(err, "I6", "not confirmed") {
		t.Errorf("got %v", err)
	}
	broken := errors.New("broken")
	e.Fact, e.Cause = PersonPresent{"ann"}, &Cause{Action: rogue{fails: broken}}
	r = Replayer{State: clone(o.state)}
	if err := r.Add(e); !errors.Is(err, broken) {
		t.Errorf("a command that fails: got %v", err)
	}
}

// An auditor reads what is wrong with an entry, not only that something is.
func TestAnAuditorIsToldWhatIsWrongWithAnEntry(t *testing.T) {
	at := func(o *office, e Event) error {
		r := Replayer{State: clone(o.state)}
		if err := r.Add(e); err != nil {
			return err
		}
		return r.End()
	}
	for _, c := range []struct {
		name      string
		alter     func(*Event)
		invariant string
		detail    string
	}{
		{"another fact", func(e *Event) { f := e.Fact.(CheckoutGranted); f.Purpose = note("x"); e.Fact = f }, "I7", `checkout.granted of "db01"`},
		{"another confirmation", func(e *Event) { e.Confirm.Step++ }, "I7", "another confirmation"},
		{"another command", func(e *Event) { e.Cause.Clock = e.Time }, "I7", "another command"},
		{"no command", func(e *Event) { e.Cause = nil }, "I7", "no command led to it"},
		{"a command that leads to nothing", func(e *Event) {
			e.Actor, e.Cause, e.Confirm, e.Fact = System, &Cause{Action: Tick{}}, nil, LedgerConflict{}
		}, "I7", "leads to nothing"},
		{"what is forbidden by itself, and no command", func(e *Event) { e.Cause, e.Confirm = nil, nil }, "I6", "not confirmed"},
		{"what is forbidden by itself, and another command", func(e *Event) { f := e.Fact.(CheckoutGranted); f.Version = 9; e.Fact = f }, "I5", "another version"},
	} {
		o := newOffice(t)
		command := o.with("ann", CheckOut{"db01", note("ticket 1")})
		events, err := Decide(o.state, command, o.now)
		if err != nil {
			t.Fatal(err)
		}
		e := events[0]
		if err := at(o, e); err != nil {
			t.Fatal(err)
		}
		c.alter(&e)
		if err := at(o, e); !violation(err, c.invariant, c.detail) {
			t.Errorf("%s: got %v, want %s: %s", c.name, err, c.invariant, c.detail)
		}
	}
	// Of a command with two entries the second is another's.
	for _, c := range []struct {
		alter  func(*Event)
		detail string
	}{
		{func(e *Event) { e.Actor = System }, "another actor or request"}, // time could have led to it as well
		{func(e *Event) { e.Request = "another" }, "another actor or request"},
		{func(e *Event) { e.Time = e.Time.Add(time.Millisecond) }, "another time"},
		{func(e *Event) { e.Stalled = true }, "another time"},
	} {
		o := newOffice(t)
		o.does("ada", ChangePolicy{"db01", CredentialPolicy{RotateOnCheckin: true}})
		annWorks(o)
		r := Replayer{State: clone(o.state)}
		events := o.does("ann", CheckIn{"db01"})
		if err := r.Add(events[0]); err != nil {
			t.Fatal(err)
		}
		if err := r.End(); !violation(err, "I7", "ends before rotation.started") {
			t.Errorf("cut off: %v", err)
		}
		e := events[1]
		c.alter(&e)
		if err := r.Add(e); err == nil || !strings.Contains(err.Error(), c.detail) {
			t.Errorf("got %v, want %s", err, c.detail)
		}
	}
}

// Time is not let act for ever on what it has acted on: a verifier that carries
// a tick out again waits for what the desk waits for.
func TestAVerifierWaitsForWhatTheDeskWaitsFor(t *testing.T) {
	o := newOffice(t)
	annWorks(o)
	r := Replayer{State: clone(o.state)}
	o.now = o.now.Add(8 * time.Hour)
	for _, e := range o.does(System, Tick{}) {
		if err := r.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	if !r.State.Due().Equal(o.state.Policy().ReviewBy) {
		t.Errorf("nothing but the review of the policy is waited for, and due at %v", r.State.Due())
	}
	// Due too early is put right by asking.
	o = newOffice(t)
	annWorks(o)
	o.does("ann", CheckIn{"db01"})
	o.now = o.now.Add(9 * time.Hour)
	if events := o.state.LetTimeAct(o.now); events != nil || !o.state.Due().Equal(o.state.Policy().ReviewBy) {
		t.Errorf("%v, due at %v", events, o.state.Due())
	}
}

// The command of an entry is read in one form only.
func TestACommandThatIsWrittenOtherwiseIsNotRead(t *testing.T) {
	const good = `{"args":{"credential":"db01","purpose":"absent"},"enrolment":1,"proof":"totp","step":7,"verb":"checkout"}`
	if c, err := causeFromRecord([]byte(good)); err != nil || !c.Proof.Given || c.Proof.Enrolment != 1 || !slices.Equal(c.Proof.Steps, []int64{7}) {
		t.Fatalf("%+v, %v", c, err)
	}
	for name, text := range map[string]string{
		"no command":              `[]`,
		"a field more":            strings.Replace(good, `{"args"`, `{"also":1,"args"`, 1),
		"an argument more":        strings.Replace(good, `"purpose"`, `"note":"","purpose"`, 1),
		"an argument less":        strings.Replace(good, `,"purpose":"absent"`, ``, 1),
		"a verb that is none":     strings.Replace(good, `checkout`, `seize`, 1),
		"a proof that is none":    strings.Replace(good, `totp`, `sms`, 1),
		"a wrong code and a step": strings.Replace(good, `totp`, `wrong`, 1),
		"a step and no proof":     strings.Replace(good, `"proof":"totp",`, ``, 1),
		"an enrolment, no proof":  `{"args":{"credential":"db01","purpose":"absent"},"enrolment":1,"verb":"checkout"}`,
		"an empty proof":          `{"args":{"credential":"db01","purpose":"absent"},"proof":"","verb":"checkout"}`,
		"another order":           `{"verb":"checkout","args":{"credential":"db01","purpose":"absent"}}`,
		"spaces":                  `{"args":{"credential":"db01","purpose":"absent"}, "verb":"checkout"}`,
	} {
		if c, err := causeFromRecord([]byte(text)); err == nil {
			t.Errorf("%s was read: %+v", name, c)
		}
	}
	e := Event{Time: epoch, Actor: "ann", Fact: SessionClosed{Person: "ann"}, Cause: &Cause{Action: SignOut{}}}
	entry, err := e.Record()
	if err != nil {
		t.Fatal(err)
	}
	entry.Command = []byte(`{"args":{},"verb":"seize"}`)
	if e, err := FromRecord(entry); err == nil {
		t.Errorf("an entry of no command was read: %+v", e)
	}
	e.Cause.Action = CheckOut{"\xff", note("x")}
	if entry, err := e.Record(); err == nil {
		t.Errorf("a command that cannot be written was: %s", entry.Command)
	}
}

// The data of an entry is read in one form only.
func TestAFactThatIsWrittenOtherwiseIsNotRead(t *testing.T) {
	if _, err := decodeFact("person.disabled", []byte(`{"person":"ann","reason":"absent"}`)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		`{"reason":"absent","person":"ann"}`, `{"person":"ann","reason":""}`, `{"person":"ann", "reason":"absent"}`,
		`{"person":"ann","reason":"\u0061bsent"}`, `{"person":"ann","reason":"absent","note":""}`,
	} {
		if f, err := decodeFact("person.disabled", []byte(text)); err == nil {
			t.Errorf("%s was read as %+v", text, f)
		}
	}
}

// No refusal leaves what was typed in the ledger, not in the command that stands
// there to be carried out again either; and carried out again it is refused alike.
func TestARefusedCommandLeavesNothingThatWasTyped(t *testing.T) {
	o := newOffice(t)
	o.offers("ann", "db01")
	entered := 0
	for _, a := range actions {
		if a.givers() == theSystem { // nobody types these
			continue
		}
		if _, names := a.(ComeBack); names { // its names are set when it is carried out
			a = ComeBack{TakeBack: true}
		}
		for _, who := range []string{"ann", "ben", "cay", "ada", "max", "eve"} {
			for field := range 9 {
				action := fill(a, field)
				if b, back := action.(ComeBack); back {
					b.Handovers = nil
					action = b
				}
				for _, proof := range []Proof{wrongCode(), usedCode(o.person(who))} {
					c := Command{Actor: who, Request: "r", Proof: proof, Action: action}
					_, err := Decide(o.state, c, o.now)
					var refusal *Refusal
					if !errors.As(err, &refusal) {
						continue
					}
					for i, e := range Refused(o.state, c, refusal, o.now) {
						entered++
						text, err := e.Encode()
						if err != nil {
							t.Fatal(err)
						}
						if strings.Contains(string(text), typed) {
							t.Errorf("%s %+v: left %s", who, action, text)
						}
						if i > 0 {
							continue
						}
						again := Command{Actor: who, Request: "r", Proof: e.Cause.Proof, Action: e.Cause.Action}
						if _, err := Decide(o.state, again, o.now); CodeOf(err) != refusal.Code {
							t.Errorf("%s %+v: refused as %s, and carried out again as %v", who, action, refusal.Code, err)
						}
					}
				}
			}
		}
	}
	if entered < 200 {
		t.Errorf("only %d were entered", entered)
	}
}

// A name that stands for what was typed is nobody's, also where somebody is called so.
func TestAbsentIsNobody(t *testing.T) {
	o := newOffice(t)
	if got := o.state.nameOr("hunter2"); got != "absent" {
		t.Error(got)
	}
	if got := o.state.nameOr("ann"); got != "ann" {
		t.Error(got)
	}
	if err := o.hire(AddPerson{Username: "absent", Roles: []Role{Manager}}, AddPerson{Username: "absent-1", Roles: []Role{Manager}}); err != nil {
		t.Fatal(err)
	}
	if got := o.state.nameOr("hunter2"); got != "absent-2" {
		t.Error(got)
	}
}

// Refusals are entered for those who exist, and lock out at the last wrong code.
func TestWhatIsEnteredOfARefusal(t *testing.T) {
	o := newOffice(t)
	wrong := refuseWrongCode(1)
	c := o.with("ann", CheckOut{"db01", note("ticket 1")})
	after := o.state.Policy().Values.LockAfter
	for wrongs, want := range map[int]int{0: 1, after - 2: 1, after - 1: 2, after: 2} {
		o.state.editPerson("ann", func(p *Person) { p.WrongCodes = wrongs })
		if got := Refused(o.state, c, wrong, o.now); len(got) != want {
			t.Errorf("after %d wrong codes: %+v", wrongs, got)
		}
		if got := Refused(o.state, c, refuseNotEnrolled(), o.now); len(got) != 1 {
			t.Errorf("locked by another refusal: %+v", got)
		}
	}
	if got := Refused(o.state, c, refuseNotFound(aPerson), o.now); got != nil {
		t.Errorf("a name that does not exist was entered: %+v", got)
	}
	for _, nobody := range []string{System, "mallory", ""} {
		if got := Refused(o.state, Command{Actor: nobody, Action: c.Action}, wrong, o.now); got != nil {
			t.Errorf("a refusal of %q was entered: %+v", nobody, got)
		}
	}
}

// A refusal is found by the name that it was aimed at, and one of no name by none.
func TestARefusalIsFoundByWhatItWasAimedAt(t *testing.T) {
	for _, on := range []string{"db01", "handover-1", "ann"} {
		if got := (Event{Fact: CommandRefused{On: on}}).Concerns(NewState()); !slices.Equal(got.Credentials, []string{on}) {
			t.Errorf("%q: %+v", on, got)
		}
	}
	if got := (Event{Fact: CommandRefused{}}).Concerns(NewState()); len(got.People)+len(got.Credentials)+len(got.Handovers) > 0 {
		t.Errorf("of no name: %+v", got)
	}
}

// Whose something is: nobody's where nothing is said, and never that of somebody
// who is disabled, unknown or without a name.
func TestWhoseItIs(t *testing.T) {
	o := newOffice(t)
	o.state.editPerson("cay", func(p *Person) { p.Disabled = true })
	for _, c := range []struct {
		who  Who
		mine []string
	}{
		{Who{}, nil},
		{Who{Confirmed: true}, nil},
		{Who{EvenDisabled: true}, nil},
		{Who{Anybody: true}, []string{"ann", "max"}},
		{Who{Anybody: true, EvenDisabled: true}, []string{"ann", "max", "cay"}},
		{bySystem(), []string{System}},
		{byPerson("ann"), []string{"ann"}},
		{byPerson("", "mallory", "cay"), nil},
		{byPerson(System), nil},
		{byPerson("").orPerson("max"), []string{"max"}},
		{byRole(Manager), []string{"max"}},
		{byRole(Manager).orSystem(), []string{"max", System}},
	} {
		for _, actor := range []string{"", "mallory", "ann", "cay", "max", System} {
			if got := c.who.includes(o.state, actor); got != slices.Contains(c.mine, actor) {
				t.Errorf("%+v of %q: %v", c.who, actor, got)
			}
		}
	}
	if !byPerson("ann").confirmed().Confirmed || !bySystem().confirmed().System {
		t.Error("what must be confirmed lost whose it is")
	}
}

// Who can give a command at all.
func TestWhoGivesACommand(t *testing.T) {
	for _, c := range []struct {
		givers         givers
		person, system bool
	}{
		{0, false, false}, {people, true, false}, {theSystem, false, true}, {peopleAndSystem, true, true}, {theClock, false, true}, {theClock + 1, false, false},
	} {
		if got := c.givers.include("ann"); (got == nil) != c.person {
			t.Errorf("%d, a person: %v", c.givers, got)
		}
		if got := c.givers.include(System); (got == nil) != c.system {
			t.Errorf("%d, the system: %v", c.givers, got)
		}
	}
	if r := people.include(System); !strings.Contains(r.Error(), "only=person") {
		t.Error(r)
	}
	if r := theSystem.include("ann"); !strings.Contains(r.Error(), "only=system") {
		t.Error(r)
	}
}

// A code is good for its own time, one step around it, and one more on its way.
func TestACodeOfAnotherTimeIsWrong(t *testing.T) {
	o := newOffice(t)
	inForce := o.state.Policy()
	inForce.Values.TOTPSkew = 1
	o.state.RestorePolicy(inForce)
	now := o.now.Unix() / 30
	for ahead, want := range map[int64]Code{-4: TOTPInvalid, -3: TOTPInvalid, -2: "", -1: "", 0: "", 1: "", 2: TOTPInvalid, 1 << 40: TOTPInvalid} {
		c := o.with("ann", CheckOut{"db01", note("ticket 1")})
		c.Proof = Proof{Given: true, Steps: []int64{now + ahead}, Enrolment: 1}
		if _, err := Decide(o.state, c, o.now); CodeOf(err) != want {
			t.Errorf("a code of %d steps from now: %v, want %q", ahead, err, want)
		}
	}
	// Of several steps the highest that is timely counts.
	c := o.with("ann", CheckOut{"db01", note("ticket 1")})
	c.Proof = Proof{Given: true, Steps: []int64{now + 9, now, now - 1}, Enrolment: 1}
	events, err := Decide(o.state, c, o.now)
	if err != nil || events[0].Confirm.Step != now || !slices.Equal(events[0].Cause.Proof.Steps, []int64{now}) {
		t.Errorf("%+v, %v", events, err)
	}
}

// A code of a seed that was replaced while it was on its way counts for nothing:
// neither as right nor as wrong.
func TestACodeOfTheSeedBeforeCountsForNothing(t *testing.T) {
	o := newOffice(t)
	o.does(System, ResetOnHost{Person: "ann"})
	if p := o.person("ann"); p.Number != 2 || p.Enrolled || p.LastStep != 0 || p.LastRequest != "" {
		t.Fatalf("%+v", p)
	}
	for _, enrolment := range []int64{0, 1, 3} {
		for _, steps := range [][]int64{{100}, nil} {
			c := o.with("ann", SignIn{})
			c.Proof = Proof{Given: true, Steps: steps, Enrolment: enrolment}
			_, err := o.run(c)
			if CodeOf(err) == "" || CodeOf(err) == TOTPInvalid || o.person("ann").WrongCodes != 0 || o.person("ann").Enrolled {
				t.Errorf("enrolment %d, %v: %v, %+v", enrolment, steps, err, o.person("ann"))
			}
		}
	}
	o.does("ann", SignIn{})
	if !o.person("ann").Enrolled {
		t.Error("the code of the new seed did not prove it")
	}
}

// A seed that is not proved confirms nothing but the log-in that proves it.
func TestAnUnprovedSeedConfirmsNothingElse(t *testing.T) {
	o := newOffice(t)
	o.does(System, ResetOnHost{Person: "ann"})
	before := len(o.history)
	if err := o.out(Proof{Given: true, Steps: []int64{100}, Enrolment: 2}); CodeOf(err) != CodeOf(refuseNotEnrolled()) {
		t.Errorf("got %v", err)
	}
	if looked := o.history[before].Cause.Proof; looked.Given {
		t.Errorf("a code was looked at that did not matter: %+v", looked)
	}
}

// A policy under which the rules would mean nothing is not adopted, by nobody.
func TestAPolicyWithoutMeaningIsNotAdopted(t *testing.T) {
	for name, spoil := range map[string]func(*Policy){
		"a lease of no time":                   func(p *Policy) { p.Lease = 0 },
		"a lease that ended before":            func(p *Policy) { p.Lease = -time.Hour },
		"offers that are over at once":         func(p *Policy) { p.OfferTTL = 0 },
		"no time for a rotation":               func(p *Policy) { p.RotationDeadline = 0 },
		"a lock-out of no time":                func(p *Policy) { p.LockBase = 0 },
		"a longest shorter than a first":       func(p *Policy) { p.LockMax = p.LockBase - time.Millisecond },
		"locked before any wrong code":         func(p *Policy) { p.LockAfter = 0 },
		"codes of less than this step":         func(p *Policy) { p.TOTPSkew = -1 },
		"a log-in that lies no time":           func(p *Policy) { p.SessionIdle = 0 },
		"one that ended before":                func(p *Policy) { p.SessionIdle = -time.Minute },
		"a part of one that lies":              func(p *Policy) { p.SessionIdle += time.Nanosecond },
		"an emergency that lapses at once":     func(p *Policy) { p.ApproveWithin = 0 },
		"a silence that is none":               func(p *Policy) { p.SilenceAfter = 0 },
		"one that comes too late":              func(p *Policy) { p.SilenceAfter = p.ApproveWithin + time.Millisecond },
		"an emergency that nobody can use":     func(p *Policy) { p.UseWithin = 0 },
		"one that lasts no time":               func(p *Policy) { p.HoldFor = 0 },
		"one that lasts longer than a day":     func(p *Policy) { p.HoldFor = 24*time.Hour + time.Millisecond },
		"a drill that is due from the first":   func(p *Policy) { p.DrillEvery = 0 },
		"a review that is late from the first": func(p *Policy) { p.ReviewWithin = 0 },
		"a signature that counts no time":      func(p *Policy) { p.SignatureTTL = 0 },
		"one that counts longer than known":    func(p *Policy) { p.SignatureTTL = 90*24*time.Hour + time.Millisecond },
		"an absence that waits for nothing":    func(p *Policy) { p.AbsenceWait = 0 },
		"one that waits longer than a day":     func(p *Policy) { p.AbsenceWait = 24*time.Hour + time.Millisecond },
		"a reminder when it has begun":         func(p *Policy) { p.RemindLast = 0 },
		"a first one when it has begun":        func(p *Policy) { p.RemindFirst, p.RemindLast = 0, -time.Hour },
		"a first one long before":              func(p *Policy) { p.RemindFirst = 30*24*time.Hour + time.Millisecond },
		"a last one before the first":          func(p *Policy) { p.RemindLast = p.RemindFirst },
		"a part of a time of a signature":      func(p *Policy) { p.SignatureTTL += time.Nanosecond },
		"a part of a time to approve":          func(p *Policy) { p.ApproveWithin += time.Nanosecond },
		"nobody said who approves":             func(p *Policy) { p.Approvals = "" },
		"a group out of order":                 func(p *Policy) { p.Assessors = []string{"max", "dot"} },
		"a group with somebody twice":          func(p *Policy) { p.Assessors = []string{"dot", "dot"} },
		"nobody said which roles":              func(p *Policy) { p.Exclusive = "" },
		"roles that exclude at random":         func(p *Policy) { p.Exclusive = "random" },
		"approved by three":                    func(p *Policy) { p.Approvals = "three" },
		"a part of a millisecond":              func(p *Policy) { p.Lease += time.Microsecond },
		"a part of one, in another":            func(p *Policy) { p.LockMax += time.Nanosecond },
	} {
		p := DefaultPolicy()
		spoil(&p)
		if _, err := Decide(NewState(), Command{Actor: System, Action: AdoptPolicy{Values: p}}, epoch); CodeOf(err) != InvalidRequest {
			t.Errorf("%s: %v", name, err)
		}
		e := Event{Time: epoch, Actor: System, Fact: PolicyAdopted{Version: 1, Rules: RulesVersion, Values: p}}
		if err := CheckEvent(NewState(), e); !violation(err, "I7", "without meaning") {
			t.Errorf("%s, as an entry: %v", name, err)
		}
	}
	least := Policy{Lease: time.Millisecond, OfferTTL: time.Millisecond, RotationDeadline: time.Millisecond, LockAfter: 1, LockBase: time.Millisecond, LockMax: time.Millisecond, SessionIdle: time.Millisecond,
		ApproveWithin: time.Millisecond, SilenceAfter: time.Millisecond, UseWithin: time.Millisecond, HoldFor: time.Millisecond, ReviewWithin: time.Millisecond,
		SignatureTTL: time.Millisecond, AbsenceWait: time.Millisecond, RemindFirst: 2 * time.Millisecond, RemindLast: time.Millisecond, DrillEvery: time.Millisecond, Approvals: ApprovedByNone, Exclusive: ExclusiveAuditor}
	if err := least.check(); err != nil {
		t.Errorf("the least that means something: %v", err)
	}
}

// A policy is adopted once, under the rules of this program, as the first entry.
func TestAPolicyIsAdoptedOnceAndFirst(t *testing.T) {
	o := newOffice(t)
	if _, err := Decide(o.state, Command{Actor: System, Action: AdoptPolicy{Values: DefaultPolicy()}}, o.now); CodeOf(err) != Conflict {
		t.Errorf("a second one: %v", err)
	}
	if _, err := Decide(NewState(), Command{Actor: System, Action: Tick{}}, epoch); CodeOf(err) != Conflict {
		t.Errorf("time before any policy: %v", err)
	}
	first := PolicyAdopted{Version: 1, Rules: RulesVersion, Values: DefaultPolicy(), ReviewBy: epoch.AddDate(1, 0, 0)}
	at := func(s *State, actor string, f Fact) error {
		return CheckEvent(s, Event{Time: epoch, Actor: actor, Fact: f})
	}
	if err := at(NewState(), System, first); err != nil {
		t.Fatal(err)
	}
	later, of := first, first
	later.Version, of.Rules = 2, RulesVersion+1
	behind := NewState()
	behind.Size = 1
	for name, err := range map[string]error{
		"another version":      at(NewState(), System, later),
		"other rules":          at(NewState(), System, of),
		"behind another entry": at(behind, System, first),
		"anything before it":   at(NewState(), System, LedgerConflict{}),
	} {
		if !violation(err, "I7", "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := at(NewState(), "ann", first); !violation(err, "I6", "") {
		t.Errorf("by a person: %v", err)
	}
	var p Policy
	if err := p.UnmarshalJSON([]byte(`{"lease_ms":1,"tomorrow":1}`)); err == nil {
		t.Error("an unknown value was read over")
	}
}

// A lock-out is doubled up to its longest; one that could not be that long began
// by a clock that was ahead, and holds nobody.
func TestHowLongALockOutHolds(t *testing.T) {
	p := Policy{LockBase: 30 * time.Second, LockMax: 100 * time.Second}
	for n, want := range []time.Duration{30 * time.Second, 60 * time.Second, 100 * time.Second, 100 * time.Second} {
		if got := p.Lockout(n); got != want {
			t.Errorf("the %dth: %v, want %v", n, got, want)
		}
	}
	if got := p.Lockout(1000); got != p.LockMax {
		t.Errorf("after a thousand: %v", got)
	}
	for left, want := range map[time.Duration]bool{-time.Second: false, 0: false, time.Millisecond: true, p.LockMax: true, p.LockMax + time.Millisecond: false} {
		if got := p.Locked(epoch.Add(left), epoch); got != want {
			t.Errorf("with %v left: %v", left, got)
		}
	}
}

// What is changed by an event is looked at after it, whatever kind of thing it is.
func TestWhatAnEventTouchesIsLookedAt(t *testing.T) {
	o := newOffice(t)
	o.state.touched = touched{}
	o.state.editPerson("ann", func(p *Person) { p.Name = "Anna" })
	if len(o.state.touched.people) != 0 {
		t.Errorf("a name is no presence: %+v", o.state.touched)
	}
	o.state.editPerson("ann", func(p *Person) { p.Away = true })
	if !slices.Equal(o.state.touched.people, []string{"ann"}) || !violation(o.state.checkTouched(o.state.touched), "I3", "held by ann") {
		t.Errorf("%+v", o.state.touched)
	}
	o = newOffice(t)
	o.state.touched = touched{}
	o.state.editCredential("db02", func(c *Credential) { c.Holder = "cay" })
	if !slices.Equal(o.state.touched.credentials, []string{"db02"}) || !violation(o.state.checkTouched(o.state.touched), "I3", "no custodian") {
		t.Errorf("%+v", o.state.touched)
	}
	o = newOffice(t)
	annOffered(o)
	o.state.touched = touched{}
	o.state.editHandover("handover-1", func(h *Handover) { h.Status = Returned })
	if !slices.Equal(o.state.touched.handovers, []string{"handover-1"}) {
		t.Errorf("%+v", o.state.touched)
	}
	// And by one event only once.
	Apply(o.state, Event{Time: o.now, Actor: System, Fact: LedgerConflict{}})
	if o.state.touched.handovers != nil {
		t.Errorf("still noted: %+v", o.state.touched)
	}
}

// What time should have done before a command is missed where the command is
// carried out again: nobody checks in what had expired.
func TestTimeThatDidNotActIsMissed(t *testing.T) {
	o := newOffice(t)
	annWorks(o)
	o.now = o.now.Add(9 * time.Hour)
	events, err := Decide(o.state, o.with("ann", CheckIn{"db01"}), o.now)
	if err != nil {
		t.Fatal(err)
	}
	r := Replayer{State: clone(o.state)}
	if err := r.Add(events[0]); !violation(err, "I7", "time should have led to checkout.ended of db01") {
		t.Errorf("got %v", err)
	}
}

// Every event is found by what it is about, and graded as the policy has it.
func TestEveryEventIsFoundByWhatItIsAbout(t *testing.T) {
	s := NewState()
	for _, e := range slices.Concat(forgedStory(t), forgedProposals(t)) {
		if e.Fact.Type() == (PolicyAdopted{}).Type() { // the next story
			s = NewState()
		}
		of := e.Concerns(s)
		subject := e.Fact.Subject()
		named := slices.Concat(of.People, of.Credentials, of.Handovers, of.Proposals, of.Incidents)
		if subject != "" && !slices.Contains(named, subject) || subject == "" && len(named) > 0 {
			t.Errorf("%s of %q is found by %+v", e.Fact.Type(), subject, of)
		}
		switch f := e.Fact.(type) {
		case HandoverOffered, HandoverAccepted, HandoverReturned:
			if len(of.People) != 2 || len(of.Credentials) != 1 {
				t.Errorf("%s is found by %+v", f.Type(), of)
			}
		case HandoverEnded, HandoverClosed, HandoverOverdue:
			if len(of.Credentials) != 1 {
				t.Errorf("%s is found by %+v", f.Type(), of)
			}
		case CredentialAdded:
			if len(of.People) != 2 {
				t.Errorf("%s is found by %+v", f.Type(), of)
			}
		}
		Apply(s, e)
	}
	grades := map[string]Grade{"ledger.conflict": Special, "ledger.recovered": Special, "secrets.rebound": Special, "clock.corrected": Special, "person.same_seed": Special, "person.locked": Serious, "session.locked": Serious, "text.redacted": Serious, "seal.key_changed": Serious, "rotation.overdue": Serious, "credential.abandoned": Serious,
		"policy.overdue": Serious, "incident.unanswered": Serious, "person.disabled": Serious, "credential.seat_vacated": Serious, "offboarding.overdue": Serious, "absence.held_up": Serious,
		"proposal.announced": Special, "proposal.near": Special, "refounding.effected": Special, "recovery.sought": Special, "recovery.stopped": Serious,
		"credential.substitute_stays": Serious, "emergency.requested": Serious, "emergency.granted": Serious, "emergency.rejected": Serious, "emergency.unreviewed": Serious, "envelope.opened": Serious, "envelope.keyholders_few": Serious, "envelope.drill_overdue": Serious}
	for _, kind := range EntryTypes() {
		want := Ordinary
		if g, graded := grades[kind]; graded {
			want = g
		}
		if got := (Event{Fact: FactOf(kind)}).Grade(); got != want {
			t.Errorf("%s is %s, want %s", kind, got, want)
		}
	}
	for _, c := range []struct {
		fact Fact
		want Grade
	}{
		{ProposalMade{Change: Change{Refound{}}}, Special}, {ProposalRejected{Veto: true}, Serious},
		{EnrolmentReset{OnHost: true}, Special}, {EnrolmentReset{Recovery: true}, Ordinary},
		{VerificationEnded{Result: VerificationRefused}, Serious}, {VerificationEnded{Result: VerificationAccepted}, Ordinary},
	} {
		if got := c.fact.grade(); got != c.want {
			t.Errorf("%+v is %s, want %s", c.fact, got, c.want)
		}
	}
}

// What the clock said is on record where it had gone back behind the ledger, and
// only there: a code and a lock-out are judged by it.
func TestWhatTheClockSaidIsOnRecordWhereItHadGoneBack(t *testing.T) {
	o := newOffice(t)
	o.now = o.now.Add(time.Hour)
	if events := o.does("ben", SignIn{}); events[0].Stalled || !events[0].Cause.Clock.IsZero() {
		t.Errorf("the clock is right: %+v, %+v", events[0], events[0].Cause)
	}
	o.now = o.now.Add(-time.Minute)
	if events := o.does("ann", SignIn{}); !events[0].Stalled || !events[0].Cause.Clock.Equal(o.now) {
		t.Errorf("the clock had gone back to %v: %+v, %+v", o.now, events[0], events[0].Cause)
	}
	before := len(o.history)
	_ = o.out(wrongCode())
	if refused := o.history[before]; !refused.Stalled || !refused.Cause.Clock.Equal(o.now) {
		t.Errorf("a refusal: %+v, %+v", refused, refused.Cause)
	}
}

// A wrong code is refused with how many are left, and the last with how long to wait.
func TestAWrongCodeSaysHowManyAreLeft(t *testing.T) {
	o := newOffice(t)
	inForce := o.state.Policy().Values
	for n := range inForce.LockAfter {
		var refusal *Refusal
		if err := o.out(wrongCode()); !errors.As(err, &refusal) || refusal.Code != TOTPInvalid {
			t.Fatalf("the %dth: %v", n+1, err)
		}
		wait := time.Duration(0)
		if n == inForce.LockAfter-1 {
			wait = inForce.LockBase
		}
		if refusal.RetryAfter != wait {
			t.Errorf("the %dth: wait %v, want %v", n+1, refusal.RetryAfter, wait)
		}
	}
}

// Who gives a command is the policy's, and stands in one line of each: the system
// what nobody commands, both what sets an installation up, people the rest.
func TestWhoGivesEachCommand(t *testing.T) {
	bySystem := []string{
		"end_idle", "end_verification", "lock_sign_in", "open_link", "rebind_secrets", "recover_enrolment", "recover_ledger", "refuse_link", "report_applied", "report_arrived", "report_conflict", "report_failed",
		"report_configuration", "report_not_updated", "report_promoted", "report_sending", "report_staged", "report_updated", "report_verified", "reset_on_host", "seek_recovery",
		"start_verification", "report_paged", "report_same_seed", "intend_envelope", "seal_envelope", "fail_envelope",
	}
	byBoth := []string{"reconcile"}
	proposed := []string{"abandon", "custodians", "deputy", "enrolment", "park", "plan_departure", "refound", "reinstate", "retarget", "retire", "review_policy", "roles"}
	for _, a := range actions {
		want := people
		switch {
		case slices.Contains(bySystem, a.Verb()):
			want = theSystem
		case slices.Contains(byBoth, a.Verb()):
			want = peopleAndSystem
		case a.Verb() == "tick": // which no verifier has to believe
			want = theClock
		case slices.Contains(proposed, a.Verb()):
			want = byProposal
		case a.Verb() == "person" || a.Verb() == "credential" || a.Verb() == "adopt_policy":
			want = byProposalOrSystem
		}
		if got := a.givers(); got != want {
			t.Errorf("%s: %d, want %d", a.Verb(), got, want)
		}
	}
}

// One step confirms the several entries of one request, and nothing older does.
func TestAnOlderStepConfirmsNothingOfTheSameRequest(t *testing.T) {
	o := newOffice(t)
	o.does("ann", SignIn{})
	p := o.person("ann")
	for _, c := range []struct {
		step    int64
		request string
		want    bool
	}{
		{p.LastStep, p.LastRequest, true},
		{p.LastStep - 1, p.LastRequest, false},
		{p.LastStep, "another", false},
		{p.LastStep, "", false},
		{p.LastStep + 1, "another", true},
	} {
		e := Event{Time: o.state.Time, Actor: "ann", Request: c.request, Confirm: &Confirmation{"ann", c.step}, Fact: openedBy("ann")}
		if err := CheckEvent(o.state, e); (err == nil) != c.want {
			t.Errorf("step %d of %q after %d of %q: %v", c.step, c.request, p.LastStep, p.LastRequest, err)
		}
	}
	o.state.editPerson("ann", func(p *Person) { p.LastRequest = "" })
	e := Event{Time: o.state.Time, Actor: "ann", Confirm: &Confirmation{"ann", p.LastStep}, Fact: openedBy("ann")}
	if err := CheckEvent(o.state, e); !violation(err, "I6", "had confirmed something before") {
		t.Errorf("a step of no request, again: %v", err)
	}
}

// What is retired binds nobody: both of its custodians may be away.
func TestBothCustodiansOfWhatIsRetiredMayBeAway(t *testing.T) {
	o := newOffice(t)
	o.does("ada", Retire{"db01"})
	o.does("ada", Retire{"db02"})
	o.handsOver("ben", "cay", "web01")
	o.does("ann", GoAway{})
	o.does("ben", GoAway{})
	if err := Check(o.state); err != nil || o.person("ann").Present() || o.person("ben").Present() {
		t.Errorf("%v, %+v, %+v", err, o.person("ann"), o.person("ben"))
	}
}

// Only what was taken over and not returned is overdue.
func TestOnlyWhatIsOutIsOverdue(t *testing.T) {
	for name, given := range map[string]func(*office){
		"offered":  func(*office) {},
		"returned": func(o *office) { o.does("ben", Accept{"handover-1"}); o.does("ann", GiveBack{"handover-1"}) },
	} {
		o := newOffice(t)
		o.does("ann", Offer{Credentials: []string{"db01"}, Reason: note("leave"), ExpectedReturn: o.now.Add(2 * time.Hour)})
		given(o)
		o.now = o.now.Add(3 * time.Hour)
		for _, e := range o.does(System, Tick{}) {
			if _, overdue := e.Fact.(HandoverOverdue); overdue {
				t.Errorf("%s, and overdue: %+v", name, e)
			}
		}
		if o.handover("handover-1").Overdue {
			t.Errorf("%s, and overdue", name)
		}
	}
}

// After a tick what is waited for is worked out afresh: the earliest of it, an age
// included, and nothing that is over. What is not waited for never happens.
func TestWhatIsWaitedForAfterATick(t *testing.T) {
	aging := func(o *office) {
		o.does("ada", ChangePolicy{"db01", CredentialPolicy{MaxAgeSeconds: 3600}})
	}
	reviewed := func(o *office) time.Time { return o.state.Policy().ReviewBy }
	for _, c := range []struct {
		name  string
		given func(*office)
		want  func(*office) time.Time
	}{
		{"the age of a password", aging, func(o *office) time.Time { return o.credential("db01").ages() }},
		{"the age of one that is in use", both(aging, annWorks), func(o *office) time.Time { return o.credential("db01").expires() }},
		{"no age of one that is being changed", func(o *office) {
			aging(o)
			o.now = o.now.Add(30 * time.Minute)
			annWantsNewPassword(o)
		}, func(o *office) time.Time { return o.now.Add(time.Hour) }},
		{"the earlier end of two", func(o *office) {
			o.does("ada", ChangePolicy{"db01", CredentialPolicy{LeaseSeconds: 3600}})
			annWorks(o)
			o.does("ann", CheckOut{"db02", note("ticket 2")})
		}, func(o *office) time.Time { return o.now.Add(time.Hour) }},
		{"no deadline that has passed", func(o *office) { annWantsNewPassword(o); o.passes(2 * time.Hour) }, reviewed},
		{"no return that is overdue", func(o *office) {
			o.does("ann", Offer{Credentials: []string{"db01"}, Reason: note("leave"), ExpectedReturn: o.now.Add(time.Hour)})
			o.does("ben", Accept{"handover-1"})
			o.passes(2 * time.Hour)
		}, reviewed},
	} {
		o := newOffice(t)
		c.given(o)
		o.state.Reschedule()
		if got, want := o.state.Due(), c.want(o); !got.Equal(want) {
			t.Errorf("%s: due at %v, want %v", c.name, got, want)
		}
	}
}

// These need a code as well (see TestWhatNeedsACode): without one they are refused,
// and not only found out.
func TestWhatElseNeedsACode(t *testing.T) {
	for name, c := range map[string]struct {
		who  string
		does Action
	}{
		"unlock":        {"max", Unlock{"ann"}},
		"change email":  {"ann", ChangeEmail{Person: "ann", Email: note("new@example.org")}},
		"test a target": {"ada", TestTarget{server("x", "ann", "ben").Target}},
		"change policy": {"ada", ChangePolicy{"db01", CredentialPolicy{}}},
	} {
		o := newOffice(t)
		for want, proof := range map[Code]Proof{
			InvalidRequest: noCode(), TOTPInvalid: wrongCode(), TOTPReplayed: usedCode(o.person(c.who)), "": rightCode(o.person(c.who)),
		} {
			if _, err := Decide(o.state, Command{Actor: c.who, Request: "r", Proof: proof, Action: c.does}, o.now); CodeOf(err) != want {
				t.Errorf("%s: %+v: got %v, want %q", name, proof, err, want)
			}
		}
	}
	for _, f := range []Fact{PersonUnlocked{"ann"}, EmailChanged{Person: "ann"}, SignInLocked{Person: "ann"}, PersonLocked{Person: "ann"}} {
		if got := f.concerns(NewState()); !slices.Equal(got.People, []string{"ann"}) {
			t.Errorf("%s is found by %+v", f.Type(), got)
		}
	}
}

// An instant that was announced in another zone, and finer than the ledger writes
// it, is entered in UTC and whole milliseconds, in the command as well.
func TestAnAnnouncedInstantIsEnteredAsTheLedgerWritesIt(t *testing.T) {
	o := newOffice(t)
	at := o.now.Add(time.Hour + 1234*time.Nanosecond).In(time.FixedZone("", 8*3600))
	want := o.now.Add(time.Hour)
	if e := o.does("cay", GoAway{Until: at})[0]; e.Fact != (PersonAway{Person: "cay", Until: want}) || e.Cause.Action != (GoAway{Until: want}) {
		t.Errorf("%+v, %+v", e, e.Cause)
	}
	e := o.does("ann", Offer{Credentials: []string{"db01"}, Reason: note("leave"), ExpectedReturn: at})[0]
	if e.Fact.(HandoverOffered).ExpectedReturn != want || e.Cause.Action.(Offer).ExpectedReturn != want {
		t.Errorf("%+v, %+v", e, e.Cause)
	}
}

// Only who accepted what somebody leaves with sends them away, at that instant.
func TestOnlyWhoAcceptedSendsSomebodyAway(t *testing.T) {
	o := newOffice(t)
	o.does("ann", Offer{All: true, Leave: true, Reason: note("leave")})
	o.does("ben", Accept{"handover-1"})
	if err := CheckEvent(o.state, o.forge("max", PersonAway{Person: "ann"})); !violation(err, "I6", "whose it was not") {
		t.Errorf("by a manager: %v", err)
	}
	o.does("ann", ComeBack{TakeBack: true}) // while the clock stands still
	if err := CheckEvent(o.state, o.forge("ben", PersonAway{Person: "ann"})); !violation(err, "I6", "whose it was not") {
		t.Errorf("after it was returned: %v", err)
	}
}

// Who takes back takes back what they gave, by name on record, and not what they
// were given.
func TestTakingBackIsOfWhatOneGave(t *testing.T) {
	o := newOffice(t)
	annHandedOver(o)
	if events := o.does("ben", ComeBack{TakeBack: true}); len(events) > 0 || o.handover("handover-1").Status != Accepted {
		t.Errorf("the receiver took it back: %+v", events)
	}
	back, named := o.does("ann", ComeBack{TakeBack: true})[0].Cause.Action.(ComeBack)
	if !named || !slices.Equal(back.Handovers, []string{"handover-1"}) {
		t.Errorf("on record as %+v", back)
	}
}

// A start that loads the tables waits for the same, and knows the same, as the
// state that wrote them.
func TestWhatIsLoadedIsWhatWasWritten(t *testing.T) {
	for name, given := range map[string]func(*office){
		"in use":        annWorks,
		"being changed": annWantsNewPassword,
		"aging":         func(o *office) { o.does("ada", ChangePolicy{"db01", CredentialPolicy{MaxAgeSeconds: 3600}}) },
		"offered":       annOffered,
		"retired":       db01IsRetired,
	} {
		o := newOffice(t)
		given(o)
		want := clone(o.state)
		want.Reschedule()
		got := NewState()
		got.Restore(o.state.Changes())
		for person, open := range o.state.SessionsChanged() {
			got.RestoreSessions(person, open)
		}
		got.RestorePolicy(o.state.Policy())
		got.Size, got.Time, got.Handovers, got.Leases, got.Proposals, got.Incidents = want.Size, want.Time, want.Handovers, want.Leases, want.Proposals, want.Incidents
		for person := range want.charges { // nobody's is as good as none
			if len(want.charges[person]) == 0 {
				delete(want.charges, person)
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%+v\nwas loaded as\n%+v", name, want, got)
		}
	}
}

// To look through a fork changes nothing in it.
func TestLookingThroughAForkChangesNothing(t *testing.T) {
	fork := newOffice(t).state.Fork()
	for range fork.People() {
	}
	for range fork.Credentials() {
	}
	if people, credentials, handovers := fork.Changes(); len(people)+len(credentials)+len(handovers) > 0 {
		t.Errorf("changed: %+v, %+v, %+v", people, credentials, handovers)
	}
}

// A handover has one spelling: a name that only looks like one is what a stranger
// typed, and stays out of the ledger.
func TestAHandoverHasOneSpelling(t *testing.T) {
	o := newOffice(t)
	annOffered(o)
	for _, name := range []string{"handover-007", "handover-01", "handover--1", "handover-0", "handover-2", "handover-1 ", "1", "handover-", "lease-1"} {
		if got := o.state.known(name); got != "" {
			t.Errorf("%q is known as %q", name, got)
		}
	}
	if o.state.known("handover-1") != "handover-1" {
		t.Error("the one that was offered is not known")
	}
}

// An offer of one credential is about that credential.
func TestARefusedOfferOfOneCredentialStandsInItsHistory(t *testing.T) {
	o := newOffice(t)
	if _, err := o.do("ben", Offer{Credentials: []string{"db01"}, Reason: note("x")}); CodeOf(err) != NotHolder {
		t.Fatal(err)
	}
	last := o.history[len(o.history)-1]
	if refused := last.Fact.(CommandRefused); refused.On != "db01" || len(last.Concerns(o.state).Credentials) != 1 {
		t.Errorf("%+v", refused)
	}
}
