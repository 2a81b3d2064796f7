package custody

import (
	"slices"
	"testing"
	"time"
)

// out is a command that needs a code, with a proof of choice.
func (o *office) out(proof Proof) error {
	c := o.with("ann", CheckOut{"db01", note("ticket 1")})
	c.Proof = proof
	_, err := o.run(c)
	return err
}

func TestCodeConfirmsOneRequestOnly(t *testing.T) {
	o := newOffice(t)
	if err := o.out(rightCode(o.person("ann"))); err != nil {
		t.Fatal(err)
	}
	used := o.person("ann").LastStep
	for _, proof := range []Proof{
		{Given: true, Steps: []int64{used}, Enrolment: 1},
		{Given: true, Steps: []int64{used - 1}, Enrolment: 1},
		{Given: true, Steps: []int64{used - 1, used, used - 2}, Enrolment: 1},
		{Given: true, Steps: []int64{-1}, Enrolment: 1},
	} {
		if err := o.out(proof); CodeOf(err) != TOTPReplayed {
			t.Errorf("%v after %d: %v", proof.Steps, used, err)
		}
	}
	if o.person("ann").WrongCodes != 0 {
		t.Error("a used code was counted as a wrong one")
	}
	// A code that belongs to several steps is good for the highest, and burns it.
	if err := o.out(Proof{Given: true, Steps: []int64{used + 2, used, used + 3, used + 1}, Enrolment: 1}); err != nil {
		t.Fatal(err)
	}
	if got := o.person("ann").LastStep; got != used+3 {
		t.Errorf("burned %d, want %d", got, used+3)
	}
}

// A refused command has not used its code up: the same one confirms the next try.
func TestRefusedCommandKeepsItsCode(t *testing.T) {
	o := newOffice(t)
	proof := rightCode(o.person("ann"))
	c := o.with("ann", GoAway{})
	c.Proof = proof
	if _, err := o.run(c); CodeOf(err) != HolderMustHandOver {
		t.Fatal(err)
	}
	if err := o.out(proof); err != nil {
		t.Error(err)
	}
}

// A command that a rule refuses tells nothing about its code.
func TestRulesComeBeforeTheCode(t *testing.T) {
	o := newOffice(t)
	for _, proof := range []Proof{noCode(), wrongCode(), usedCode(o.person("ben")), rightCode(o.person("ben"))} {
		c := o.with("ben", CheckOut{"db01", note("ticket 1")})
		c.Proof = proof
		if _, err := o.run(c); CodeOf(err) != NotHolder {
			t.Errorf("%+v: %v", proof, err)
		}
	}
	if o.person("ben").WrongCodes != 0 {
		t.Error("a code was judged that did not matter")
	}
}

// The refusal of a used code says when the next one comes: the first step that
// can still confirm begins then, or the clock shows a new code then.
func TestReplaySaysWhenTheNextCodeComes(t *testing.T) {
	const period = 30
	for _, c := range []struct {
		name   string
		last   int64 // step, relative to the clock's
		second int64 // of the clock's step
		want   time.Duration
	}{
		{"the present one was used", 0, 10, 20 * time.Second},
		{"at its first instant", 0, 0, 30 * time.Second},
		{"at its last second", 0, 29, time.Second},
		{"the next one was used, by a clock that is fast", 1, 10, 50 * time.Second},
		{"an old one was sent again", -3, 10, 20 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			step := o.now.Unix()/period + 100
			o.now = time.Unix(step*period+c.second, 0)
			o.state.editPerson("ann", func(p *Person) { p.LastStep = step + c.last })
			err := o.out(usedCode(o.person("ann")))
			refusal, ok := err.(*Refusal)
			if !ok || refusal.RetryAfter != c.want {
				t.Errorf("got %+v, want %v", err, c.want)
			}
		})
	}
}

// Wrong codes in a row lock out: each time for twice as long, up to a limit,
// until a right code.
func TestLockOut(t *testing.T) {
	o := newOffice(t)
	policy := o.state.Policy()
	policy.Values.LockAfter, policy.Values.LockBase, policy.Values.LockMax = 3, 30*time.Second, 100*time.Second
	o.state.RestorePolicy(policy)
	wrong := func(want Code) {
		t.Helper()
		if err := o.out(wrongCode()); CodeOf(err) != want {
			t.Fatalf("got %v, want %s", err, want)
		}
	}
	for _, length := range []time.Duration{30 * time.Second, 60 * time.Second, 100 * time.Second, 100 * time.Second} {
		for n := range 3 {
			if o.person("ann").WrongCodes != n {
				t.Fatalf("%d wrong codes were counted as %d", n, o.person("ann").WrongCodes)
			}
			wrong(TOTPInvalid)
		}
		if got := o.person("ann").LockedUntil.Sub(o.now); got != length {
			t.Fatalf("locked for %v, want %v", got, length)
		}
		wrong(LockedOut) // not even looked at, so it counts for nothing
		if err := o.out(rightCode(o.person("ann"))); CodeOf(err) != LockedOut {
			t.Fatalf("a right code while locked out: %v", err)
		}
		if _, err := o.do("ann", ComeBack{}); err != nil {
			t.Fatalf("what needs no code is locked: %v", err)
		}
		o.now = o.now.Add(length - time.Millisecond)
		wrong(LockedOut)
		o.now = o.now.Add(time.Millisecond)
	}
	if err := o.out(rightCode(o.person("ann"))); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		wrong(TOTPInvalid)
	}
	if got := o.person("ann").LockedUntil.Sub(o.now); got != 30*time.Second {
		t.Errorf("the first lock-out after a right code lasts %v", got)
	}
	if got := o.person("ben"); got.WrongCodes != 0 || !got.LockedUntil.IsZero() {
		t.Error("ben was locked out for ann")
	}
}

func TestLockOutIsASeriousEntry(t *testing.T) {
	o := newOffice(t)
	for range o.state.Policy().Values.LockAfter {
		_ = o.out(wrongCode())
	}
	last := o.history[len(o.history)-1]
	if locked, ok := last.Fact.(PersonLocked); !ok || last.Grade() != Serious || locked.Person != "ann" || last.Actor != "ann" {
		t.Errorf("got %+v", last)
	}
	if grade := o.history[len(o.history)-2].Grade(); grade != Ordinary {
		t.Errorf("a wrong code is %s", grade)
	}
}

// A stranger who types wrong passwords must not keep a technician from handing over.
func TestLockedLogInLocksNothingElse(t *testing.T) {
	o := newOffice(t)
	events := o.does(System, LockSignIn{Person: "ann", Failures: 5, Until: o.now.Add(time.Hour)})
	if events[0].Grade() != Serious {
		t.Error("a locked log-in is a serious event")
	}
	annOffered(o)
}

// That the ledger was rolled back is a special event, and stops nobody.
func TestLedgerConflict(t *testing.T) {
	o := newOffice(t)
	events := o.does(System, ReportConflict{"w1", 5, 10})
	if len(events) != 1 || events[0].Fact != (LedgerConflict{"w1", 5, 10}) || events[0].Grade() != Special {
		t.Errorf("%+v", events)
	}
	annOffered(o)
}

// What is entered of a refusal: nothing of what was typed, and nothing at all
// of what touched no rule.
func TestRefusalsThatAreEntered(t *testing.T) {
	o := newOffice(t)
	for _, c := range []struct {
		who  string
		does Action
		on   string
		code Code
	}{
		{"ben", CheckOut{"db01", note("ticket 1")}, "db01", NotHolder},
		{"cay", Accept{o.offers("ann", "db01")}, "handover-1", Forbidden},
		{"max", ResetEnrolment{Person: "ann"}, "ann", ApprovalNeeded},
		{"max", AddPerson{Username: "hunter2"}, "", ApprovalNeeded},
		{"ann", CheckOut{"hunter2", note("ticket 1")}, "", ""},
		{"ann", CheckOut{"db01", note("")}, "", ""},
		{"mallory", CheckOut{"db01", note("ticket 1")}, "", ""},
	} {
		before := len(o.history)
		if _, err := o.do(c.who, c.does); CodeOf(err) == "" {
			t.Fatalf("%s %+v: %v", c.who, c.does, err)
		}
		entered := o.history[before:]
		if c.code == "" {
			if len(entered) > 0 {
				t.Errorf("%s %+v was entered: %+v", c.who, c.does, entered)
			}
			continue
		}
		want := CommandRefused{Command: c.does.Verb(), On: c.on, Code: c.code}
		got, _ := entered[0].Fact.(CommandRefused)
		want.Rule = got.Rule
		if len(entered) != 1 || got != want || entered[0].Actor != c.who || got.Rule == "" {
			t.Errorf("%s %+v: entered %+v", c.who, c.does, entered)
		}
	}
}

// The first code proves the seed; whoever logs in is entered once for each log-in.
func TestSignIn(t *testing.T) {
	o := newOffice(t)
	o.does(System, AddPerson{Username: "zoe", Name: "Zoe", Roles: []Role{Manager}, TOTPPeriod: 30})
	for _, c := range []struct {
		proof Proof
		want  Code
		facts []Fact
	}{
		{noCode(), InvalidRequest, nil},
		{wrongCode(), TOTPInvalid, nil},
		{Proof{Given: true, Steps: []int64{70}, Enrolment: 1}, "", []Fact{PersonEnrolled{"zoe"}, SessionOpened{Person: "zoe"}}},
		{Proof{Given: true, Steps: []int64{70}, Enrolment: 1}, TOTPReplayed, nil},
		{Proof{Given: true, Steps: []int64{71}, Enrolment: 1}, "", []Fact{SessionOpened{Person: "zoe"}}},
	} {
		command := o.with("zoe", SignIn{})
		command.Proof = c.proof
		events, err := o.run(command)
		var got []Fact
		for _, e := range events {
			if opened, is := e.Fact.(SessionOpened); is {
				if in := command.Action.(SignIn); opened.Session != in.Session || !opened.Until.Equal(in.Until) {
					t.Errorf("%+v opened %+v", in, opened)
				}
				e.Fact = SessionOpened{Person: opened.Person}
			}
			got = append(got, e.Fact)
		}
		if CodeOf(err) != c.want || !slices.Equal(got, c.facts) {
			t.Errorf("%+v: %v, %v", c.proof, got, err)
		}
	}
}

// Every command that needs a code is refused without one, and with a wrong one.
func TestWhatNeedsACode(t *testing.T) {
	for name, c := range map[string]struct {
		given func(*office)
		who   string
		does  Action
	}{
		"check out": {nil, "ann", CheckOut{"db01", note("ticket 1")}},
		"show":      {annWorks, "ann", ShowAgain{"db01"}},
		"offer":     {nil, "ann", Offer{Credentials: []string{"db01"}, Reason: note("leave")}},
		"leave":     {nil, "ann", Offer{All: true, Leave: true, Reason: note("leave")}},
		"accept":    {annOffered, "ben", Accept{"handover-1"}},
		"return":    {annHandedOver, "ann", GiveBack{"handover-1"}},
		"take back": {annIsAway, "ann", ComeBack{TakeBack: true}},
		"go away":   {nil, "cay", GoAway{}},
		"rotate":    {nil, "ann", RequestRotation{Credential: "db01", Reason: note("worn")}},
		"retire":    {nil, "ada", needed(Retire{"db01"})},
		"log in":    {nil, "ann", SignIn{Session: sessionNumber(99), Until: epoch.Add(time.Hour)}},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			if c.given != nil {
				c.given(o)
			}
			for want, proof := range map[Code]Proof{
				InvalidRequest: noCode(), TOTPInvalid: wrongCode(), TOTPReplayed: usedCode(o.person(c.who)), "": rightCode(o.person(c.who)),
			} {
				if _, err := Decide(o.state, Command{Actor: c.who, Request: "r", Proof: proof, Action: c.does}, o.now); CodeOf(err) != want {
					t.Errorf("%+v: got %v, want %q", proof, err, want)
				}
			}
		})
	}
}
