package custody

import "time"

// GiveBack ends an accepted handover ("return" in the policy), by either side.
// The password is changed before anybody holds it again. One that is being changed
// already, and perhaps cannot be, keeps nobody: it is the giver's when it is done.
type GiveBack struct {
	Handover string `json:"handover"`
}

var _ = action(GiveBack{})

func (GiveBack) Verb() string      { return "return" }
func (a GiveBack) Subject() string { return a.Handover }
func (GiveBack) givers() givers    { return people }

func (a GiveBack) bare(s *State) Action { return GiveBack{s.nameOr(a.Handover)} }

func (a GiveBack) decide(d *decision) error {
	h, err := d.handover(a.Handover)
	if err != nil {
		return err
	}
	if d.actor.Username != h.From && d.actor.Username != h.To {
		return refuseNotParty(h)
	}
	if h.Status != Accepted {
		return refuseHandoverNotOpen(h)
	}
	if giver, _ := d.state.Person(h.From); giver.Away {
		if giver.Username == d.actor.Username {
			return refuseSelfAway()
		}
		return refuseGiverAway(giver, h)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.returned(h)
	return nil
}

func (d *decision) returned(h Handover) {
	d.happen(HandoverReturned{
		Handover: h.ID, From: h.From, To: h.To, Credentials: h.Credentials, Deadline: d.deadline(),
	})
}

// HandoverReturned: nobody holds the credentials until their passwords are
// changed; then the giver does.
type HandoverReturned struct {
	Handover    string    `json:"handover"`
	From        string    `json:"from"`
	To          string    `json:"to"`
	Credentials []string  `json:"credentials"`
	Deadline    time.Time `json:"deadline"` // for the rotations
}

var _ = fact(HandoverReturned{})

func (HandoverReturned) Type() string           { return "handover.returned" }
func (f HandoverReturned) Subject() string      { return f.Handover }
func (HandoverReturned) grade() Grade           { return Ordinary }
func (f HandoverReturned) by(*State, Event) Who { return byPerson(f.From, f.To).confirmed() }

func (f HandoverReturned) concerns(*State) Concerns {
	return Concerns{Handovers: []string{f.Handover}, Credentials: f.Credentials, People: []string{f.From, f.To}}
}

func (f HandoverReturned) allowed(s *State, e Event) error {
	h, _ := s.Handover(f.Handover)
	return e.follows(h, Accepted, f.From, f.To, f.Credentials)
}

func (f HandoverReturned) apply(s *State, e Event) {
	s.editHandover(f.Handover, func(h *Handover) { h.Status, h.ReturnedAt = Returned, e.Time })
	s.editAll(f.Credentials, func(c *Credential) {
		if c.Phase == Rotating {
			c.Rotation.Reason, c.Rotation.Successor = ForReturn, f.From
			return
		}
		c.startRotation(ForReturn, f.From, e.Time, f.Deadline)
		s.expectRotation(*c)
	})
}

// HandoverClosed: all passwords of a returned handover are changed.
type HandoverClosed struct {
	Handover string `json:"handover"`
	Proposal string `json:"proposal,omitzero"` // with which the last was given up; "": it was changed
}

var _ = fact(HandoverClosed{})

func (HandoverClosed) Type() string                 { return "handover.closed" }
func (f HandoverClosed) Subject() string            { return f.Handover }
func (f HandoverClosed) concerns(s *State) Concerns { return s.aboutHandover(f.Handover) }
func (HandoverClosed) grade() Grade                 { return Ordinary }

// by: the worker that changed the last of them, or whoever approved that the last that
// could not be changed is given up.
func (f HandoverClosed) by(s *State, _ Event) Who {
	return s.lastApproverOr(f.Proposal, bySystem())
}

func (f HandoverClosed) allowed(s *State, e Event) error {
	if h, _ := s.Handover(f.Handover); h.Status != Returned || s.returning(h, "") {
		return e.violates("I4", "closed before every password was changed")
	}
	if p, _ := s.Proposal(f.Proposal); f.Proposal != "" && p.Status != Approved {
		return e.violates("I10", "closed by what was not approved")
	}
	return nil
}

func (f HandoverClosed) apply(s *State, e Event) {
	s.editHandover(f.Handover, func(h *Handover) { h.Status, h.EndedAt = Closed, e.Time })
}

// HandoverOverdue: the expected return has passed.
type HandoverOverdue struct {
	Handover string `json:"handover"`
}

var _ = fact(HandoverOverdue{})

func (HandoverOverdue) Type() string                 { return "handover.overdue" }
func (f HandoverOverdue) Subject() string            { return f.Handover }
func (f HandoverOverdue) concerns(s *State) Concerns { return s.aboutHandover(f.Handover) }
func (HandoverOverdue) grade() Grade                 { return Ordinary }
func (HandoverOverdue) by(*State, Event) Who         { return bySystem() }

func (f HandoverOverdue) allowed(s *State, e Event) error {
	h, _ := s.Handover(f.Handover)
	if h.Status != Accepted || h.Overdue || h.ExpectedReturn.IsZero() || e.Time.Before(h.ExpectedReturn) {
		return e.violates("I1", "overdue before its time, or twice")
	}
	return nil
}

func (f HandoverOverdue) apply(s *State, _ Event) {
	s.editHandover(f.Handover, func(h *Handover) { h.Overdue = true })
}
