package custody

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// letter is what one can tell of the envelopes of a credential who never looks at the
// machine: what was written down when something was granted.
type letter struct {
	holders  []string // by the policy
	gone     bool     // cay has left
	changing bool     // the password is being changed
	cayKnows bool     // it, from an envelope

	intended string   // for whom the last one is being made, of the password that counts; "": none is
	sealed   string   // for whom the last file was written; "": there is none
	old      bool     // that has a password of before
	lost     bool     // something is wrong with that file
	readers  []string // of all that were begun with the password that counts
	drill    [2]string
}

func (l letter) able() (names []string) {
	for _, name := range l.holders {
		if name != "cay" || !l.gone {
			names = append(names, name)
		}
	}
	return names
}

// set is whom an envelope that is made now is for; "": none can be made.
func (l letter) set() string {
	if len(l.able()) < 2 {
		return ""
	}
	return strings.Join(l.able(), " ")
}

func (l letter) inForce() bool { return l.sealed != "" && l.sealed == l.set() && !l.old && !l.lost }

func (l letter) key() string { return fmt.Sprintf("%+v", l) }

// try is a command with what it leads to as one tells it; nil: it must be refused.
type try struct {
	actor  string
	action Action
	leads  func(l *letter)
}

// tries gives every command about the envelopes of db01, by everybody.
func (l letter) tries(s *State) (all []try) {
	c, _ := s.Credential("db01")
	add := func(actor string, a Action, allowed bool, leads func(*letter)) {
		if !allowed {
			leads = nil
		}
		all = append(all, try{actor, a, leads})
	}
	nothing := func(*letter) {}
	rotates := func(l *letter) { l.changing, l.drill = true, [2]string{} }
	e := c.Envelope
	add(System, IntendEnvelope{"db01", c.Version}, !l.changing && l.set() != "" && !l.inForce(), func(l *letter) {
		l.intended = l.set()
		for _, name := range l.able() {
			l.readers = with(l.readers, name)
		}
	})
	add(System, IntendEnvelope{"db01", c.Version + 1}, false, nil)
	add(System, SealEnvelope{"db01", e.Number, aDigest, tokenDigest("token")}, !l.changing && l.intended != "" && l.intended == l.set(), func(l *letter) {
		l.sealed, l.old, l.lost, l.intended = l.intended, false, false, ""
	})
	add(System, SealEnvelope{"db01", e.Number - 1, aDigest, tokenDigest("token")}, false, nil)
	if l.sealed != "" {
		add(System, FailEnvelope{Credential: "db01", Envelope: e.Sealed.Number, Why: WhyFileMissing}, true, func(l *letter) { l.lost = true })
	}
	add(System, FailEnvelope{Credential: "db01", Envelope: e.Number + 1, Why: WhyFileMissing}, true, nothing) // no such file: nothing is entered
	for _, result := range []VerificationResult{VerificationAccepted, VerificationRefused, VerificationUnknown} {
		if l.drill != [2]string{} {
			add(System, EndVerification{Credential: "db01", Version: c.Version, Result: result}, true, rotates)
		}
	}
	add("ann", RequestRotation{Credential: "db01", Reason: note("worn")}, !l.changing, rotates)
	all = append(all, try{System, nil, func(l *letter) { // the worker carries the change through
		l.changing, l.cayKnows, l.intended, l.readers = false, false, "", nil
		l.old = l.sealed != ""
	}})
	for _, by := range [][2]string{{"cay", "dot"}, {"cay", "max"}, {"dot", "max"}, {"ann", "max"}} {
		of := func(names []string) bool { return slices.Contains(names, by[0]) && slices.Contains(names, by[1]) }
		for _, actor := range []string{"ada", "ann", "cay", "dot", "eve", "max"} {
			there := actor != "cay" || !l.gone
			one := actor == by[0] || actor == by[1]
			drills := there && one && !l.changing && !l.old && of(l.able()) && of(strings.Fields(l.sealed)) && l.drill == [2]string{}
			add(actor, DrillEnvelope{"db01", by, "token"}, drills, func(l *letter) { l.drill, l.cayKnows = by, l.cayKnows || by[0] == "cay" })
			add(actor, DrillEnvelope{"db01", by, "guessed"}, false, nil)
			opens := there && (one || actor == "dot" || actor == "max") && of(l.readers)
			add(actor, ReportOpened{"db01", by, note("Tandem was down")}, opens, func(l *letter) {
				l.cayKnows = l.cayKnows || by[0] == "cay"
				rotates(l)
			})
		}
	}
	add("cay", IntendEnvelope{"db01", c.Version}, false, nil)
	add("cay", SealEnvelope{"db01", e.Number, aDigest, tokenDigest("token")}, false, nil)
	add("ada", Disable{"cay", note("left")}, !l.gone, func(l *letter) {
		if l.gone = true; l.cayKnows { // what who leaves knows is changed
			rotates(l)
		}
	})
	return all
}

// TestModelOfEnvelopes visits every state that the envelopes of one password can get into,
// among three keyholders of whom one leaves and a policy that names two of them instead, and
// tries in each everything of everybody. What is granted, what is in force and who can open
// what is said over again by letter, which sees no number, no digest and no version.
func TestModelOfEnvelopes(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	haveKeys("cay", "dot", "max")(o)
	type place struct {
		state *State
		told  letter
	}
	first := place{o.state, letter{holders: []string{"cay", "dot", "max"}}}
	seen := map[string]bool{first.told.key(): true}
	queue := []place{first}
	transitions, refused, few := 0, 0, 0
	visit := func(p place, from *State, events []Event) {
		t.Helper()
		transitions++
		for {
			more := p.state.LetTimeAct(p.state.Time)
			if len(more) == 0 {
				break
			}
			for _, e := range more {
				if _, is := e.Fact.(KeyholdersFew); is {
					few++
				}
				if err := Replay(p.state, e); err != nil {
					t.Fatal(err)
				}
			}
		}
		if complaint := p.told.against(p.state); complaint != "" {
			t.Fatalf("%s: %s", p.told.key(), complaint)
		}
		if k := p.told.key(); !seen[k] {
			seen[k] = true
			queue = append(queue, p)
			if from != nil {
				after := clone(from)
				for _, e := range events {
					if err := Replay(after, e); err != nil {
						t.Fatal(err)
					}
				}
				if err := followInFork(from, events, after); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, names := range [][]string{{"cay", "dot"}, {"dot", "max"}} { // approved by whoever has to: who that is has a model of its own
			if at.told.gone && names[0] == "cay" {
				continue
			}
			s, told := clone(at.state), at.told
			was, is := s.Policy(), s.Policy()
			is.Values.Keyholders = keyholders(names...)
			s.RestorePolicy(is)
			s.rekeyed(was.Values.Keyholders, is.Values.Keyholders, s.Time)
			s.touched = touched{}
			told.holders = names
			visit(place{s, told}, nil, nil)
		}
		for _, try := range at.told.tries(at.state) {
			if try.action == nil {
				if c, _ := at.state.Credential("db01"); c.Phase == Rotating {
					w := &world{state: clone(at.state), now: at.state.Time}
					if err := w.change("db01"); err != nil {
						t.Fatal(err)
					}
					told := at.told
					try.leads(&told)
					visit(place{w.state, told}, nil, nil)
				}
				continue
			}
			c := Command{Actor: try.actor, Request: "request", Action: try.action}
			if p, is := at.state.Person(try.actor); is {
				c.Proof = rightCode(p)
			}
			events, err := Decide(at.state, c, at.state.Time)
			if (err == nil) != (try.leads != nil) {
				t.Fatalf("%s %+v in %s: one would say %t, the machine %v", try.actor, try.action, at.told.key(), try.leads != nil, err)
			}
			if err != nil {
				refused++
				if complaint := unreadable(err.(*Refusal)); complaint != "" {
					t.Fatal(complaint)
				}
				continue
			}
			after, told := clone(at.state), at.told
			told.readers = slices.Clone(told.readers)
			for _, e := range events {
				if err := Replay(after, e); err != nil {
					t.Fatalf("%s %+v in %s: %v", try.actor, try.action, at.told.key(), err)
				}
			}
			try.leads(&told)
			if by, opened := whoOpened(try.action); opened {
				if is, _ := after.Credential("db01"); !slices.Contains(is.Exposure, by[0]) || !slices.Contains(is.Exposure, by[1]) {
					t.Fatalf("%v have opened it, and it is known to %v", by, is.Exposure)
				}
			}
			visit(place{after, told}, at.state, events)
		}
	}
	if few == 0 || len(seen) < 200 {
		t.Errorf("%d states; too few keyholders in %d", len(seen), few)
	}
	t.Logf("%d states, %d transitions, %d refused tries", len(seen), transitions, refused)
}

func whoOpened(a Action) (by [2]string, opened bool) {
	switch a := a.(type) {
	case DrillEnvelope:
		return a.By, true
	case ReportOpened:
		return a.By, true
	}
	return by, false
}

// against compares what one tells with the machine.
func (l letter) against(s *State) string {
	c, _ := s.Credential("db01")
	switch {
	case s.InForce(c) != l.inForce():
		return fmt.Sprintf("in force: %t, %+v", s.InForce(c), c.Envelope)
	case (c.Phase == Rotating) != l.changing:
		return fmt.Sprintf("being changed: %s", c.Phase)
	case c.Envelope.Drill.By != l.drill:
		return fmt.Sprintf("the drill is %+v", c.Envelope.Drill)
	case slices.ContainsFunc(s.LackEnvelopes(), func(c Credential) bool { return c.Name == "db01" }) != (!l.changing && l.set() != "" && !l.inForce()):
		return fmt.Sprintf("lacking: %+v", c.Envelope)
	case s.Envelopes().Few != (l.set() == ""):
		return fmt.Sprintf("too few: %+v", s.Envelopes())
	}
	for _, person := range []string{"cay", "dot", "max"} {
		if named := l.sealed != "" && !l.old && slices.Contains(strings.Fields(l.sealed), person); named != s.namedInEnvelopes(person) {
			return fmt.Sprintf("%s is named: %t, %+v", person, !named, c.Envelope)
		}
	}
	if err := Check(s); err != nil {
		return err.Error()
	}
	return ""
}
