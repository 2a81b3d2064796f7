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

// decide lets time act on everything that is due, and on what that leads to. Plans come
// last: they go by what became of everything else.
func (a Tick) decide(d *decision) error {
	base := d.state
	defer func() { d.state = base }() // whoever goes on has the events
	d.state = base.Fork()
	for {
		before := len(d.events)
		if err := a.acts(d); err != nil {
			return err
		}
		for _, e := range d.events[before:] {
			Apply(d.state, e)
		}
		d.plansAct()
		if len(d.events) == before {
			return nil
		}
	}
}

// acts lets time act on everything but plans, once.
func (Tick) acts(d *decision) error {
	for c := range d.state.Credentials() {
		c = d.tickEmergencies(c)
		switch {
		case c.Lease.ID != "" && !d.now.Before(c.Lease.Until):
			d.endLease(c, "expired")
		case c.Phase == Held && c.tooOld(d.now):
			d.startRotation(c, ForAge, c.Holder, Note{})
		}
		if sub := c.Substitute; sub.nears(d.now) {
			d.happen(SubstituteNear{Credential: c.Name, Person: sub.Person, Original: sub.Original, Until: sub.Until})
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
		d.tickProposal(p)
	}
	for _, p := range d.state.principals() {
		d.tickDeputy(p)
	}
	for i := range d.state.OpenIncidents() {
		if i.unanswered(d.now) {
			d.happen(IncidentUnanswered{Incident: i.ID})
		}
	}
	if p := d.state.Policy(); p.Unreviewed(d.now) && !p.Overdue {
		d.happen(PolicyOverdue{Version: p.Version})
	}
	d.tickKeyholders()
	for p := range d.state.People() {
		if p.Departure.nears(d.now) {
			d.happen(DepartureNear{Person: p.Username})
		}
	}
	for _, p := range d.state.leavings() {
		switch l := p.Leaving; {
		case l.Done():
			d.happen(OffboardingEnded{Person: p.Username})
		case !l.Overdue && !d.now.Before(l.Due):
			d.happen(OffboardingOverdue{Person: p.Username})
		}
	}
	for _, next := range []func() bool{d.letSeatsEnd, d.letDepart, d.letMature} { // each by itself: it looks at all the rest
		if len(d.events) > 0 || next() {
			break
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
		s.expectSubstitute(c)
	}
	for h := range s.OpenHandovers() {
		s.expectHandover(h)
	}
	for p := range s.OpenProposals() {
		s.expectProposal(p)
	}
	for i := range s.OpenIncidents() {
		s.expectIncident(i)
	}
	for _, p := range s.principals() {
		s.expectDeputy(p)
	}
	for p := range s.People() {
		s.expectLeaving(p)
		s.expectDeparture(p)
		s.expectPlans(p)
		s.expectDrill(p)
	}
	s.expectReview()
	s.countKeyholders()
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
	case HandoverPrepared, HandoverSignedAhead:
		s.expect(h.Expires)
		if plan, _ := s.PlanOf(h.From, h.Ahead.Plan); (plan.Begun.IsZero() || plan.Settled) && s.broken(h, s.Time) != "" { // of one that is being settled expectPlans says so
			s.expect(s.Time)
		}
	case Accepted:
		if !h.Overdue {
			s.expect(h.ExpectedReturn)
		}
	}
}

// LetTimeAct gives what time leads to at an instant, as a command's events; nil
// where there is nothing. It is asked before every command, so that nobody accepts
// an offer that has expired because a timer was late; and again, until there is
// nothing: who leaves by a date, or a proposal that had its notice, comes by itself.
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
