package custody

import (
	"errors"
	"fmt"
	"reflect"
)

// Replayer carries a ledger out again, entry by entry: it gives each command that
// is on record to Decide, with the arguments, the proof and the time that are on
// record with it, and demands exactly the entries that follow. So whatever no
// command could have led to is refused, whoever signed it; and what time should
// have done before a command, and did not, is found.
//
// It takes events as they are read from the ledger, without the texts of their notes:
// what a State has of them has none either.
//
// The invariants are looked at beside that (Replay), as they are stated apart: a
// mistake in Decide does not vouch for itself.
type Replayer struct {
	State  *State // at the last entry; its user may put a fork of it in its place
	Tally  Tally
	expect []Event // what must follow of the command that is being carried out again
}

// Tally counts what the commands of a ledger rest on beside the rules.
type Tally struct {
	Observations int64 // what the system said that it saw: believed
	TOTP         int64 // confirmed by a person's code
}

func (t *Tally) count(e Event) {
	switch {
	case e.Cause == nil:
	case e.Cause.observed(e.Actor):
		t.Observations++
	case e.Confirm != nil:
		t.TOTP++
	}
}

// Add takes the next entry's event. The error is a *Violation, or says what
// should have stood there; after one, the Replayer is of no more use.
func (r *Replayer) Add(e Event) error {
	if len(r.expect) == 0 {
		if err := r.again(e); err != nil {
			return r.sooner(e, err)
		}
	}
	want := r.expect[0]
	if !reflect.DeepEqual(e, want) {
		return r.sooner(e, e.violates("I7", "its command leads to "+want.difference(e)))
	}
	if r.expect = r.expect[1:]; len(r.expect) == 0 {
		r.expect = nil
	}
	if err := Replay(r.State, e); err != nil {
		return err
	}
	r.Tally.count(e)
	if _, ticked := want.cause().(Tick); ticked && len(r.expect) == 0 {
		r.State.Reschedule()
	}
	return nil
}

// sooner names the invariant that an entry breaks by itself, if it does: that says
// more than that no command led to it.
func (r *Replayer) sooner(e Event, err error) error {
	if broken := Replay(r.State.Fork(), e); broken != nil {
		return broken
	}
	return err
}

// End says whether the ledger ends where a command does.
func (r *Replayer) End() error {
	if len(r.expect) > 0 {
		return &Violation{Invariant: "I7", Subject: r.expect[0].Fact.Subject(), Detail: "the ledger ends before " + r.expect[0].Fact.Type() + ", which belongs to its last command"}
	}
	return nil
}

// again carries out the command that an entry begins.
func (r *Replayer) again(e Event) error {
	if e.Cause == nil {
		return e.violates("I7", "no command led to it")
	}
	now := e.Time
	if e.Stalled {
		now = e.Cause.Clock
	}
	if _, ticks := e.Cause.Action.(Tick); !ticks {
		if overlooked := r.State.LetTimeAct(now); len(overlooked) > 0 {
			o := overlooked[0].Fact
			return e.violates("I7", fmt.Sprintf("before it, time should have led to %s of %s", o.Type(), o.Subject()))
		}
	}
	c := Command{Actor: e.Actor, Request: e.Request, Session: e.Cause.Session, Proof: e.Cause.Proof, Action: e.Cause.Action}
	events, err := Decide(r.State, c, now)
	var refusal *Refusal
	if errors.As(err, &refusal) {
		events = Refused(r.State, c, refusal, now)
	} else if err != nil {
		return err
	}
	if len(events) == 0 {
		return e.violates("I7", "its command leads to nothing")
	}
	r.expect = events
	return nil
}

func (e Event) cause() Action {
	if e.Cause == nil {
		return nil
	}
	return e.Cause.Action
}

// difference names the first part in which another event is not this one.
func (e Event) difference(other Event) string {
	switch {
	case !reflect.DeepEqual(e.Fact, other.Fact):
		return fmt.Sprintf("%s of %q, as its own data has it", e.Fact.Type(), e.Fact.Subject())
	case !e.Time.Equal(other.Time) || e.Stalled != other.Stalled:
		return "another time"
	case e.Actor != other.Actor || e.Request != other.Request:
		return "another actor or request"
	case !reflect.DeepEqual(e.Confirm, other.Confirm):
		return "another confirmation"
	}
	return "an entry with another command"
}
