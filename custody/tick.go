package custody

import (
	"fmt"
	"time"
)

// Tick lets time act: leases that ran out, offers that expired, deadlines that
// passed.
type Tick struct{}

var _ = action(Tick{})

func (Tick) Verb() string         { return "tick" }
func (Tick) Subject() string      { return "" }
func (Tick) givers() givers       { return theClock }
func (a Tick) bare(*State) Action { return a }

// decide lets time act on everything that is due.
func (Tick) decide(d *decision) error {
	for c := range d.state.Credentials() {
		c = d.tickEmergencies(c)
		switch {
		case c.Lease.ID != "" && !d.now.Before(c.Lease.Until):
			d.endLease(c, "expired")
		case c.Phase == Held && c.tooOld(d.now):
			d.startRotation(c, ForAge, c.Holder, Note{})
		}
		if c.Phase == Rotating && !c.Rotation.Overdue && !d.now.Before(c.Rotation.Deadline) {
			d.happen(RotationOverdue{Credential: c.Name, Rotation: c.Rotation.Number})
		}
	}
	for h := range d.state.OpenHandovers() {
		switch {
		case h.Status == Offered && !d.now.Before(h.Expires):
			d.happen(HandoverEnded{Handover: h.ID, How: Expired})
		case h.Status == Accepted && !h.Overdue && !h.ExpectedReturn.IsZero() && !d.now.Before(h.ExpectedReturn):
			d.happen(HandoverOverdue{Handover: h.ID})
		}
	}
	for p := range d.state.OpenProposals() {
		if !d.now.Before(p.Expires) {
			d.happen(ProposalExpired{Proposal: p.ID})
		}
	}
	if p := d.state.Policy(); p.Unreviewed(d.now) && !p.Overdue {
		d.happen(PolicyOverdue{Version: p.Version})
	}
	for _, p := range d.state.leavings() {
		switch l := p.Leaving; {
		case l.Done():
			d.happen(OffboardingEnded{Person: p.Username})
		case !l.Overdue && !d.now.Before(l.Due):
			d.happen(OffboardingOverdue{Person: p.Username})
		}
	}
	return nil
}

// Due says when Tick may have something to do; zero: nothing is waited for. It
// is never too late; it can be too early, until Reschedule.
func (s *State) Due() time.Time { return s.due }

// Reschedule works Due out afresh, after a Tick. It looks at everything.
func (s *State) Reschedule() {
	s.due = time.Time{}
	for c := range s.Credentials() {
		s.expect(c.Lease.Until)
		s.expectRotation(c)
		s.expectAge(c)
		s.expectEmergency(c)
	}
	for h := range s.OpenHandovers() {
		s.expectHandover(h)
	}
	for p := range s.OpenProposals() {
		s.expect(p.Expires)
	}
	for _, p := range s.leavings() {
		s.expectLeaving(p)
	}
	s.expectReview()
}

// expect notes that time will act at t.
func (s *State) expect(t time.Time) {
	if !t.IsZero() && (s.due.IsZero() || t.Before(s.due)) {
		s.due = t
	}
}

func (s *State) expectRotation(c Credential) {
	if c.Phase == Rotating && !c.Rotation.Overdue {
		s.expect(c.Rotation.Deadline)
	}
}

func (s *State) expectAge(c Credential) {
	switch {
	case c.Phase != Held:
	case c.Lease.ID != "": // its end is expected as well, and looks again
		s.expect(c.expires())
	default:
		s.expect(c.ages())
	}
}

func (s *State) expectHandover(h Handover) {
	switch h.Status {
	case Offered:
		s.expect(h.Expires)
	case Accepted:
		if !h.Overdue {
			s.expect(h.ExpectedReturn)
		}
	}
}

// LetTimeAct gives what time leads to at an instant, as a command's events; nil
// where there is nothing. It is asked before every command, so that nobody accepts
// an offer that has expired because a timer was late.
func (s *State) LetTimeAct(now time.Time) []Event {
	if s.due.IsZero() || now.Before(s.due) {
		return nil
	}
	events, err := Decide(s, Command{Actor: System, Action: Tick{}}, now)
	if err != nil { // only a ledger without a policy refuses, and there nothing is due
		panic(fmt.Sprintf("custody: time was refused: %v", err))
	}
	if len(events) == 0 {
		s.Reschedule()
	}
	return events
}
