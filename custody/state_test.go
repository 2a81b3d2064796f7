package custody

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestDroppedForkLeavesNoTrace(t *testing.T) {
	o := newOffice(t)
	annOffered(o)
	want := clone(o.state)
	fork := o.state.Fork()
	deeper := fork.Fork()
	for _, who := range []string{"ben", "ann"} { // accepted, and returned
		var a Action = Accept{"handover-1"}
		if who == "ann" {
			a = GiveBack{"handover-1"}
		}
		events, err := Decide(deeper, Command{Actor: who, Request: who, Proof: rightCode(o.person(who)), Action: a}, o.now)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			Apply(deeper, e)
		}
	}
	events, err := Decide(deeper, Command{Actor: "ada", Request: "r", Proof: rightCode(o.person("ada")), Action: gone("cay")}, o.now)
	if err != nil {
		t.Fatal(err)
	}
	Apply(deeper, events[0])
	if len(deeper.Charges("cay")) != 0 {
		t.Error("the fork does not see its own change")
	}
	fork.Merge(deeper)
	if !reflect.DeepEqual(o.state, want) {
		t.Errorf("dropped, and yet\n%+v\nis not\n%+v", o.state, want)
	}
}

// Changes of a fork are the rows to write: what changed, ended handovers included.
func TestChangesOfAFork(t *testing.T) {
	o := newOffice(t)
	annOffered(o)
	fork := o.state.Fork()
	events, err := Decide(fork, o.with("ann", Cancel{"handover-1", note("")}), o.now)
	if err != nil {
		t.Fatal(err)
	}
	Apply(fork, events[0])
	people, credentials, handovers := fork.Changes()
	if len(people) != 0 || len(credentials) != 1 || credentials[0].Name != "db01" || len(handovers) != 1 || handovers[0].Status != Cancelled {
		t.Errorf("%+v\n%+v\n%+v", people, credentials, handovers)
	}
	if open := slices.Collect(fork.OpenHandovers()); len(open) != 0 {
		t.Errorf("still open: %+v", open)
	}
	if _, err := Decide(fork, o.with("ben", Accept{"handover-1"}), o.now); CodeOf(err) != HandoverNotOpen {
		t.Errorf("accepted in the batch that cancelled it: %v", err)
	}
	o.state.Merge(fork)
	if _, known := o.state.Handover("handover-1"); known {
		t.Error("a root remembers what is over")
	}
}

func TestRestoreForgetsWhatIsOver(t *testing.T) {
	s := NewState()
	s.Restore(nil, []Credential{{Name: "old", Phase: Retired, Primary: "ann", Backup: "ben"}}, []Handover{{ID: "handover-1", Status: Closed}, {ID: "handover-2", Status: Offered, Expires: epoch}})
	if _, known := s.Handover("handover-1"); known {
		t.Error("a closed handover was loaded")
	}
	if _, known := s.Handover("handover-2"); !known || !s.Due().Equal(epoch) {
		t.Error("an offer was not loaded, or not its end")
	}
	if len(s.Charges("ann")) != 0 {
		t.Error("somebody is custodian of what is retired")
	}
}

func TestDue(t *testing.T) {
	o := newOffice(t)
	o.state.Reschedule()
	if !o.state.Due().Equal(o.state.Policy().ReviewBy) {
		t.Errorf("nothing but the review of the policy is waited for, and due at %v", o.state.Due())
	}
	at := func(want time.Duration) {
		t.Helper()
		if got := o.state.Due().Sub(o.now); got != want {
			t.Errorf("due in %v, want %v", got, want)
		}
	}
	o.does("ann", Offer{Credentials: []string{"db01"}, Reason: note("leave"), ExpectedReturn: o.now.Add(2 * time.Hour)})
	at(24 * time.Hour)
	o.does("ben", Accept{"handover-1"})
	at(2 * time.Hour)
	o.does("max", RequestRotation{Credential: "web01", Reason: note("worn")})
	at(time.Hour)
	o.rotates("web01")
	at(time.Hour) // too early is allowed,
	o.state.Reschedule()
	at(2 * time.Hour) // until the next tick
}

func TestIterationStops(t *testing.T) {
	o := newOffice(t)
	o.offers("ann", "db01")
	o.offers("ann", "db02")
	for name, count := range map[string]func() int{
		"people": func() (n int) {
			for range o.state.People() {
				n++
				break
			}
			return
		},
		"credentials": func() (n int) {
			for range o.state.Fork().Credentials() {
				n++
				break
			}
			return
		},
		"handovers": func() (n int) {
			for range o.state.OpenHandovers() {
				n++
				break
			}
			return
		},
	} {
		if n := count(); n != 1 {
			t.Errorf("%s: %d after the first", name, n)
		}
	}
}

// unregistered is a fact whose line in the registry was forgotten, and a command
// of which was forgotten who gives it.
type unregistered struct{ SignOut }

func (unregistered) Type() string                { return "un.registered" }
func (unregistered) concerns(*State) Concerns    { return Concerns{} }
func (unregistered) grade() Grade                { return Ordinary }
func (unregistered) by(*State, Event) Who        { return Who{} }
func (unregistered) allowed(*State, Event) error { return nil }
func (unregistered) apply(*State, Event)         {}
func (unregistered) givers() givers              { return 0 }

// What was forgotten refuses: nobody gives such a command, nobody may bring such
// a fact about, and it gets into no ledger.
func TestForgottenPartsRefuse(t *testing.T) {
	o := newOffice(t)
	for _, who := range []string{"ann", "ada", System} {
		if _, err := Decide(o.state, o.with(who, unregistered{}), o.now); CodeOf(err) != Forbidden {
			t.Errorf("%s: %v", who, err)
		}
		if err := CheckEvent(o.state, Event{Time: o.now, Actor: who, Fact: unregistered{}}); !violation(err, "I6", "whose it was not") {
			t.Errorf("%s: %v", who, err)
		}
	}
	if _, err := (Event{Fact: unregistered{}}).Record(); err == nil {
		t.Error("recorded what could never be read again")
	}
}

// A mistake in the program must not pass for an answer.
func TestMistakesPanic(t *testing.T) {
	o := newOffice(t)
	for name, mistake := range map[string]func(){
		"two facts of one type":     func() { fact(CommandRefused{}) },
		"two commands of one verb":  func() { action(Tick{}) },
		"merging what is no fork":   func() { o.state.Merge(NewState()) },
		"merging into another root": func() { NewState().Merge(o.state.Fork()) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s passed", name)
				}
			}()
			mistake()
		}()
	}
}

func TestRefusalError(t *testing.T) {
	r := &Refusal{Code: Conflict}
	if got := r.Error(); got != "conflict" {
		t.Error(got)
	}
	r.Key, r.Args = "both_away", Args{"person": "ann\n", "until": time.Date(2026, 3, 2, 9, 0, 0, 0, time.FixedZone("", 3600)), "phase": Term{"phase", "held"}, "names": []string{"a b"}}
	if got := r.Error(); got != `conflict: both_away names=["a b"] person="ann\n" phase=held until=2026-03-02T08:00:00Z` {
		t.Error(got)
	}
	if got := Invalid("purpose", "too_long", Args{"most": 500}).Error(); got != `invalid_request: too_long field="purpose" most=500` {
		t.Error(got)
	}
	if CodeOf(nil) != "" || CodeOf(&Violation{}) != "" {
		t.Error("a code from nowhere")
	}
}
