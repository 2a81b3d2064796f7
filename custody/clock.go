package custody

import (
	"regexp"
	"slices"
	"time"
)

// ClockSlack is how far the clock may be behind the ledger, or may have moved
// against the time that passed, before it counts as wrong: within it time stands
// still, and beyond it the desk decides nothing.
const ClockSlack = time.Minute

// ClockBehind says whether a clock is so far behind the last entry that one of
// the two is wrong.
func (s *State) ClockBehind(clock time.Time) bool {
	return instant(clock).Before(s.Time.Add(-ClockSlack))
}

// CorrectClock says that the clock is right and the ledger ahead of it: entries
// were written while a clock was far ahead. Without it nothing could be decided
// until that day. By a manager or a director with a code, on the server's machine.
type CorrectClock struct {
	// Operator is whom the machine knows the person at its terminal as: believed, as
	// everything that it says of itself. Empty: it does not.
	Operator string `json:"operator,omitzero"`
}

// operatorName is what an account of an operating system looks like, with its domain.
var operatorName = regexp.MustCompile(`^[!-~]{0,64}$`)

var _ = action(CorrectClock{})

func (CorrectClock) Verb() string       { return "correct_clock" }
func (CorrectClock) Subject() string    { return "" }
func (CorrectClock) givers() givers     { return people }
func (CorrectClock) bare(*State) Action { return CorrectClock{} } // which is not to be believed of a refused one

func (a CorrectClock) decide(d *decision) error {
	if !operatorName.MatchString(a.Operator) {
		return Invalid("operator", "no_account_name")
	}
	if !d.actor.Is(Manager) && !d.actor.Is(Director) {
		return refuseForbidden(onlyManagerOrDirector)
	}
	if !d.state.ClockBehind(d.clock) {
		return refuseClockNotBehind()
	}
	// Their own code may have been one of the wrong clock's. It is judged by the
	// clock that is right, as all that follows is dated by it.
	if d.actor.stepsAhead(d.policy, d.clock) {
		d.actor.LastStep = 0
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.now, d.stalled = d.clock, false
	d.happen(ClockCorrected{From: d.state.Time, To: d.clock, Operator: a.Operator})
	return nil
}

// ClockCorrected moved the ledger's time back: no other fact does. What the wrong
// clock had dated holds nobody longer than the policy would from now on.
type ClockCorrected struct {
	From time.Time `json:"from"` // of the entry before
	To   time.Time `json:"to"`   // of this one

	Operator string `json:"operator,omitzero"` // as the machine has it
}

var _ = fact(ClockCorrected{})

func (ClockCorrected) Type() string             { return "clock.corrected" }
func (ClockCorrected) Subject() string          { return "" }
func (ClockCorrected) concerns(*State) Concerns { return Concerns{} }
func (ClockCorrected) grade() Grade             { return Special }
func (ClockCorrected) by(*State, Event) Who     { return byRole(Manager, Director).confirmed() }

func (f ClockCorrected) allowed(s *State, e Event) error {
	switch {
	case !f.From.Equal(s.Time) || !f.To.Equal(e.Time):
		return e.violates("I7", "from or to another time than its own and that of the entry before")
	case !operatorName.MatchString(f.Operator):
		return e.violates("I7", "an operator that no machine knows so")
	case !s.ClockBehind(f.To):
		return e.violates("I7", "the clock was not behind")
	}
	return nil
}

func (f ClockCorrected) apply(s *State, e Event) {
	policy := s.Policy().Values
	for p := range s.People() {
		if now := p.dated(policy, f.To); now.Enrolment != p.Enrolment {
			s.editPerson(p.Username, func(p *Person) { *p = now })
		}
	}
	for p := range s.People() {
		for _, plan := range p.Plans {
			if plan.Begun.After(f.To) {
				s.editPlan(p.Username, plan.ID, func(plan *Plan) { plan.Begun = f.To })
			}
		}
	}
	for person := range s.allSessions() {
		open := s.Sessions(person)
		dated := slices.DeleteFunc(slices.Clone(open), func(o Session) bool { return o.Opened.After(f.To) })
		if len(dated) < len(open) {
			s.keepSessions(person, dated, EndedByHost)
		}
	}
	for c := range s.Credentials() {
		if c.datedAfter(f.To) {
			s.editCredential(c.Name, func(c *Credential) { c.dateFrom(policy, f.To) })
		}
	}
	for h := range s.OpenHandovers() {
		if latest := f.To.Add(policy.OfferTTL); h.Status == Offered && h.Expires.After(latest) {
			s.editHandover(h.ID, func(h *Handover) { h.Expires = latest })
		}
		if latest := f.To.Add(s.Policy().Values.SignatureTTL); h.Status.Waits() && h.Expires.After(latest) {
			s.editHandover(h.ID, func(h *Handover) { h.Expires = latest })
		}
	}
	s.Reschedule()
}

// correctsClock says that the event may be earlier than the one before.
func (e Event) correctsClock() bool {
	_, is := e.Fact.(ClockCorrected)
	return is
}

// stepsAhead says whether the last step that confirmed something is one of a
// clock that was ahead: no code of now could ever be later.
func (n Enrolment) stepsAhead(policy Policy, now time.Time) bool {
	return n.LastStep > n.lastStepAt(policy, now)
}

// lastStepAt is the latest step whose code is taken at an instant.
func (n Enrolment) lastStepAt(policy Policy, now time.Time) int64 {
	return now.Unix()/int64(max(n.TOTPPeriod, 1)) + policy.TOTPSkew
}

// dated gives the person without what only a clock that was ahead can have led to.
// The codes that are taken now stay used up: which of them were is not known.
func (p Person) dated(policy Policy, now time.Time) Person {
	if p.stepsAhead(policy, now) {
		p.LastStep, p.LastRequest = p.lastStepAt(policy, now), ""
	}
	if now.Before(p.LockedUntil) && !policy.Locked(p.LockedUntil, now) {
		p.LockedUntil = time.Time{}
	}
	if p.NextUntil.After(now.Add(nextTTL)) {
		p.NextUntil = time.Time{}
	}
	return p
}

// datedAfter says whether anything of a credential is dated after an instant.
func (c Credential) datedAfter(now time.Time) bool {
	for _, t := range []time.Time{c.Lease.Start, c.Lease.Until, c.RotatedAt, c.Drifted, c.Rotation.Since, c.Rotation.Deadline, c.Rotation.NextTry} {
		if t.After(now) {
			return true
		}
	}
	for _, u := range c.Updates {
		if u.NextTry.After(now) {
			return true
		}
	}
	return false
}

// dateFrom brings back to an instant what was dated after it, and deadlines to
// what the policy would give from then.
func (c *Credential) dateFrom(policy Policy, now time.Time) {
	for _, past := range []*time.Time{&c.Lease.Start, &c.RotatedAt, &c.Drifted, &c.Rotation.Since, &c.Rotation.NextTry} {
		bringBack(past, now)
	}
	bringBack(&c.Lease.Until, now.Add(c.leaseLength(policy)))
	bringBack(&c.Rotation.Deadline, now.Add(policy.RotationDeadline))
	updates := make([]Update, len(c.Updates))
	for i, u := range c.Updates {
		bringBack(&u.NextTry, now)
		updates[i] = u
	}
	if len(updates) > 0 {
		c.Updates = updates
	}
}

func bringBack(t *time.Time, latest time.Time) {
	if t.After(latest) {
		*t = latest
	}
}
