package custody

import (
	"testing"
	"time"
)

// What the tests have in common in which somebody forges: whoever wrote the ledger themselves
// has the right code of everybody, and any time that they like.

// stateAfter gives the state that the office of these tests is in after what is given.
func stateAfter(t *testing.T) func(given ...func(*office)) *State {
	return func(given ...func(*office)) *State {
		t.Helper()
		o := newOffice(t)
		for _, g := range given {
			g(o)
		}
		return o.state
	}
}

// forgedBy is an event that nobody decided, by somebody with the right code, or the system.
func forgedBy(s *State, actor string, f Fact) Event {
	p, _ := s.Person(actor)
	e := Event{Time: s.Time, Actor: actor, Request: "forged", Fact: f}
	if actor != System {
		e.Confirm = &Confirmation{Person: actor, Step: p.LastStep + 1}
	}
	return e
}

// sixHired is an empty office under the policy that installations begin with, in which an
// admin, three technicians, a director and a manager are logged in.
func sixHired(t *testing.T) *office {
	t.Helper()
	o := &office{newWorldUnder(DefaultPolicy()), t}
	for _, p := range []struct {
		name string
		role Role
	}{{"ada", Admin}, {"ann", Technician}, {"ben", Technician}, {"cay", Technician}, {"dot", Director}, {"max", Manager}} {
		o.acts(System, AddPerson{Username: p.name, Name: p.name, Roles: []Role{p.role}, TOTPPeriod: 30})
		o.acts(p.name, SignIn{})
	}
	return o
}

func laterBy(e Event, d time.Duration) Event { e.Time = e.Time.Add(d); return e }
func withoutCode(e Event) Event              { e.Confirm = nil; return e }
