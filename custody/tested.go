package custody

import (
	"slices"
	"time"
)

// A test of a target opens it and tries a password there: whoever may do it without limit
// can guess passwords through the server. So it is confirmed, entered before anything is
// connected to, and bounded.
const (
	maxTests   = 5 // by a person within testWindow
	testWindow = 10 * time.Minute
)

// TestTarget is to try a target as described, once.
type TestTarget struct {
	Target TargetNotes `json:"target"`
}

var _ = action(TestTarget{})

func (TestTarget) Verb() string    { return "test_target" }
func (TestTarget) Subject() string { return "" }
func (TestTarget) givers() givers  { return people }

func (TestTarget) bare(*State) Action {
	return TestTarget{TargetNotes{Kind: absent, Address: absentNote, Account: absentNote}}
}

func (a TestTarget) decide(d *decision) error {
	if err := d.onlyAdmin(); err != nil {
		return err
	}
	if err := checkTarget(a.Target); err != nil {
		return err
	}
	if len(a.Target.Identities) > 0 { // of a refused one nothing is on record
		if err := checkIdentities(a.Target.Identities); err != nil {
			return err
		}
	}
	if wait := d.actor.mayTestIn(d.now); wait > 0 {
		return refuseTooManyTests(wait)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(TargetTested(a))
	return nil
}

// mayTestIn says in how long the person may test a target again; zero: now.
func (p Person) mayTestIn(now time.Time) time.Duration {
	recent := p.testsSince(now.Add(-testWindow))
	if len(recent) < maxTests {
		return 0
	}
	return recent[0].Add(testWindow).Sub(now)
}

func (p Person) testsSince(then time.Time) []time.Time {
	return slices.DeleteFunc(slices.Clone(p.Tests), func(at time.Time) bool { return !at.After(then) })
}

// TargetTested was committed before the target was connected to.
type TargetTested struct {
	Target TargetNotes `json:"target"`
}

var _ = fact(TargetTested{})

func (TargetTested) Type() string             { return "target.tested" }
func (TargetTested) Subject() string          { return "" }
func (TargetTested) concerns(*State) Concerns { return Concerns{} }
func (TargetTested) grade() Grade             { return Ordinary }
func (TargetTested) by(*State, Event) Who     { return byRole(Admin).confirmed() }

func (f TargetTested) allowed(s *State, e Event) error {
	if actor, _ := s.Person(e.Actor); actor.mayTestIn(e.Time) > 0 {
		return e.violates("I7", "more tests than anybody may make")
	}
	return nil
}

func (f TargetTested) apply(s *State, e Event) {
	s.editPerson(e.Actor, func(p *Person) { p.Tests = append(p.testsSince(e.Time.Add(-testWindow)), e.Time) })
}

func refuseTooManyTests(wait time.Duration) *Refusal {
	return &Refusal{Code: Conflict, Rule: "3.1", RetryAfter: wait, Key: "too_many_tests", Args: Args{"most": maxTests, "minutes": int(testWindow.Minutes())}}
}
