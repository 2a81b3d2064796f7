package custody

import (
	"slices"
	"time"
)

// Decide says what a command leads to: the events in order, or a Refusal. It
// changes nothing and asks nobody; now is the one instant of the transaction.
// No events and no error means that everything already is as wanted.
//
// The rules are looked at before the code is. A command that a rule refuses
// therefore says nothing about its code, and the code is not used up: after
// putting right what stood in the way the person sends it again.
func Decide(s *State, c Command, now time.Time) ([]Event, error) {
	d := begin(s, c, now)
	if c.Actor != System {
		actor, ok := s.Person(c.Actor)
		if !ok || actor.Disabled {
			return nil, refuseUnauthenticated()
		}
		d.actor = actor
	}
	if err := c.Action.givers().include(c.Actor); err != nil {
		return nil, err
	}
	if _, adopts := c.Action.(AdoptPolicy); s.Policy().Version == 0 && !adopts {
		return nil, refuseNoPolicy()
	}
	if err := c.Action.decide(&d); err != nil {
		if r, refused := err.(*Refusal); refused {
			r.looked = d.looked
		}
		return nil, err
	}
	d.lapses()
	if len(d.events) > 0 {
		d.events[0].Cause = d.cause(d.named, d.looked)
	}
	return d.events, nil
}

// decision is one run of Decide.
type decision struct {
	state   *State
	policy  Policy
	command Command
	actor   Person // zero for System
	now     time.Time
	stalled bool
	clock   time.Time // as it is, also when now is stalled: a lock-out must end while time stands still

	named     Action // the command, with everything by its name
	looked    Proof  // what of the proof was looked at
	session   string // log-in by which it came, where that was looked at
	confirmed *Confirmation
	events    []Event
}

func begin(s *State, c Command, now time.Time) decision {
	d := decision{state: s, policy: s.Policy().Values, command: c, named: c.Action, now: instant(now), clock: instant(now)}
	if d.now.Before(s.Time) {
		d.now, d.stalled = s.Time, true
	}
	return d
}

func (d *decision) cause(a Action, p Proof) *Cause {
	c := &Cause{Action: a, Proof: p, Session: d.session}
	if d.stalled {
		c.Clock = d.clock
	}
	return c
}

// happen adds an event.
func (d *decision) happen(f Fact) {
	d.events = append(d.events, Event{
		Time: d.now, Stalled: d.stalled, Actor: d.command.Actor, Request: d.command.Request,
		Confirm: d.confirmed, Fact: f,
	})
}

// confirm demands the actor's TOTP code. It is the last thing a command asks
// for before its events, which then carry the confirmation (I6).
func (d *decision) confirm() error {
	proving := proves(d.command.Action)
	switch {
	case d.policy.Locked(d.actor.LockedUntil, d.clock):
		return refuseLocked(d.actor, d.clock)
	case !d.actor.Enrolled && !proving:
		return refuseNotEnrolled()
	case !d.command.Proof.Given:
		return Invalid("totp", "code_needed")
	}
	d.looked = Proof{Given: true, Enrolment: d.command.Proof.Enrolment}
	if d.looked.Enrolment != d.actor.codesOf(d.command.Action) { // the seed was replaced while the code was on its way
		return refuseNotEnrolled()
	}
	timely := slices.DeleteFunc(slices.Clone(d.command.Proof.Steps), func(step int64) bool { return !d.timely(step) })
	if len(timely) == 0 {
		if left := d.policy.LockAfter - d.actor.WrongCodes - 1; left > 0 {
			return refuseWrongCode(left)
		}
		return refuseLastWrongCode(d.clock, d.policy.Lockout(d.actor.Lockouts)) // see Refused
	}
	best := slices.Max(timely)
	d.looked.Steps = []int64{best}
	if best <= d.actor.LastStep {
		return refuseReplayed(d.actor, d.clock)
	}
	d.confirmed = &Confirmation{Person: d.actor.Username, Step: best}
	return nil
}

// proves says whether a command is one that a seed can confirm which is not proved yet:
// its code proves it.
func proves(a Action) bool {
	switch a.(type) {
	case SignIn, Join:
		return true
	}
	return false
}

// timely says whether a step lies within the skew of this instant: a code is not
// kept for later, and nobody is locked for ever by one from the far future.
func (d *decision) timely(step int64) bool {
	now := d.clock.Unix() / int64(d.actor.TOTPPeriod)
	skew := d.policy.TOTPSkew
	return now-skew-aged <= step && step <= now+skew
}

// aged is how many steps a code may age on its way from where it was looked at.
const aged = 1

// onlyAdmin refuses everybody but an admin, and the system where it can give the
// command at all: whoever set the installation up.
func (d *decision) onlyAdmin() error {
	if d.command.Actor != System && !d.actor.Is(Admin) {
		return refuseForbidden(onlyAdmin)
	}
	return nil
}

func (d *decision) credential(name string) (Credential, error) {
	c, ok := d.state.Credential(name)
	if !ok {
		return Credential{}, refuseNotFound(aCredential)
	}
	return c, nil
}

func (d *decision) handover(id string) (Handover, error) {
	h, ok := d.state.Handover(id)
	switch {
	case ok && h.Status.Open():
		return h, nil
	case d.state.offeredBefore(id): // a fork may still have it; a root has not, and both answer alike
		return Handover{}, refuseHandoverOver()
	}
	return Handover{}, refuseNotFound(aHandover)
}

// heldByActor refuses unless the actor is the holder of the credential.
func (d *decision) heldByActor(c Credential) error { return d.held(c, false) }

// held refuses unless the credential is held, by the actor where nobody else may do what
// is asked.
func (d *decision) held(c Credential, anybody bool) error {
	switch {
	case !c.MayHold(d.actor.Username) && !anybody:
		return refuseNotCustodian(c)
	case c.Phase == Rotating:
		return refuseRotating(c)
	case c.Phase == Parked:
		return refuseParked(c)
	case c.Phase != Held:
		return refuseInactive(c)
	case c.Holder != d.actor.Username && !anybody:
		return refuseNotHolder(c)
	}
	return nil
}

func (d *decision) deadline() time.Time { return d.now.Add(d.policy.RotationDeadline) }

// instant is how the domain counts time: UTC, whole milliseconds, as the ledger
// writes it.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// Instant gives what somebody typed as the domain counts time; zero stays zero.
func Instant(t time.Time) time.Time { return instantOrZero(t) }

func instantOrZero(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return instant(t)
}
