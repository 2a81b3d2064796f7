package custody

import (
	"slices"
	"time"
)

// ApproveEmergency is a yes to an emergency, for all its credentials that wait. The last
// one that it needs grants it. What changed hands meanwhile is left out.
type ApproveEmergency struct {
	Emergency string `json:"emergency"`
}

var _ = action(ApproveEmergency{})

func (ApproveEmergency) Verb() string           { return "approve_emergency" }
func (a ApproveEmergency) Subject() string      { return a.Emergency }
func (ApproveEmergency) givers() givers         { return people }
func (a ApproveEmergency) bare(s *State) Action { return ApproveEmergency{s.nameOr(a.Emergency)} }

func (a ApproveEmergency) decide(d *decision) error {
	of, e, err := d.emergency(a.Emergency, EmergencyPending)
	if err != nil {
		return err
	}
	p := e.asProposal(of)
	if e.Requester == d.actor.Username {
		return refuseOwnEmergency(e)
	}
	if other := d.state.secondAccount(p, d.actor); other != "" {
		return d.refuseSecondAccountOf(e, other)
	}
	level, with, may := d.state.levelOf(p, d.actor)
	if !may {
		return d.refuseNotEligibleFor(p)
	}
	var refused *Refusal
	of = slices.DeleteFunc(of, func(c Credential) bool {
		at, _ := c.Emergency(e.ID)
		if r := d.state.grantable(c, at); r != nil {
			refused = r
			return true
		}
		return false
	})
	if len(of) == 0 {
		return refused
	}
	if err := d.confirm(); err != nil {
		return err
	}
	device := d.within()
	for _, c := range of {
		d.happen(EmergencyApproved{
			Emergency: e.ID, Credential: c.Name, Level: level, For: with.principal.Username, In: device, SameDevice: p.ActedIn(device),
		})
	}
	if len(d.state.missing(p.with(Approval{Level: level, Person: d.actor.Username, For: with.principal.Username}))) > 0 {
		return nil
	}
	for _, c := range of {
		at, _ := c.Emergency(e.ID)
		d.grant(c, at, false)
	}
	return nil
}

// EmergencyApproved: somebody said yes to it, at a level at which nobody had.
type EmergencyApproved struct {
	Emergency  string `json:"emergency"`
	Credential string `json:"credential"`
	Level      Role   `json:"level"`
	For        string `json:"for,omitzero"` // in whose place, while they are away; "": in a role of their own

	In         string   `json:"in,omitzero"`          // in which device, as in Session; "": not known
	SameDevice []string `json:"same_device,omitzero"` // who asked for it, or approved it before, in that device
}

var _ = fact(EmergencyApproved{})

func (EmergencyApproved) Type() string      { return "emergency.approved" }
func (f EmergencyApproved) Subject() string { return f.Credential }
func (f EmergencyApproved) grade() Grade    { return beside(f.SameDevice) }
func (f EmergencyApproved) concerns(s *State) Concerns {
	return s.aboutEmergency(f.Credential, f.Emergency).andPerson(f.For)
}

func (f EmergencyApproved) by(s *State, _ Event) Who {
	c, _ := s.Credential(f.Credential)
	e, _ := c.Emergency(f.Emergency)
	return s.decidesOf(s.askedAs(e), f.Level, f.For)
}

func (f EmergencyApproved) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	at, _ := c.Emergency(f.Emergency)
	if with := s.mandateOf(Approval{Person: e.Actor, For: f.For}); at.Status == EmergencyPending && !s.mayDecide(s.askedAs(at), f.Level, with) {
		return e.violates("I10", "approved at a level that had it, by who asked for it, whom it is about, or twice by one person")
	}
	if err := s.withinLaw(e, at.asProposal(nil), f.In, f.SameDevice); err != nil {
		return err
	}
	return s.emergencyIs(e, f.Credential, f.Emergency, EmergencyPending)
}

func (f EmergencyApproved) apply(s *State, e Event) {
	s.editEmergency(f.Credential, f.Emergency, func(_ *Credential, at *Emergency) {
		at.Approvals = Proposal{Approvals: at.Approvals}.with(Approval{Level: f.Level, Person: e.Actor, For: f.For, At: e.Time, In: f.In, SameDevice: f.SameDevice}).Approvals
	})
}

// grant gives somebody the password for a while, and the credential as it is then.
func (d *decision) grant(c Credential, e Emergency, silent bool) Credential {
	f := EmergencyGranted{Emergency: e.ID, Credential: c.Name, For: e.For, Silent: silent}
	if d.state.boundToAnother(c) {
		f.Handover = c.Handover
	}
	d.happen(f)
	f.begin(&c, &e, d.now, d.policy)
	return c
}

// EmergencyGranted: somebody has the password, or will when it was changed, instead of who
// cannot be reached. What the absent had checked out is over, and they count as away for
// this credential until they are back. A handover that is open goes on without it.
type EmergencyGranted struct {
	Emergency  string `json:"emergency"`
	Credential string `json:"credential"`
	For        string `json:"for"`
	Silent     bool   `json:"silent,omitzero"`   // nobody answered
	Handover   string `json:"handover,omitzero"` // that it is taken out of
}

var _ = fact(EmergencyGranted{})

func (EmergencyGranted) Type() string      { return "emergency.granted" }
func (f EmergencyGranted) Subject() string { return f.Credential }
func (EmergencyGranted) grade() Grade      { return Serious }

func (f EmergencyGranted) concerns(s *State) Concerns {
	about := s.aboutEmergency(f.Credential, f.Emergency)
	if f.Handover != "" {
		about.Handovers = []string{f.Handover}
	}
	return about
}

// by: whoever approved last; where nobody had to, who asked.
func (f EmergencyGranted) by(s *State, _ Event) Who {
	c, _ := s.Credential(f.Credential)
	e, _ := c.Emergency(f.Emergency)
	switch last := len(e.Approvals) - 1; {
	case f.Silent:
		return bySystem()
	case last >= 0:
		return byPerson(e.Approvals[last].Person).confirmed()
	}
	return byPerson(e.Requester).confirmed()
}

func (f EmergencyGranted) allowed(s *State, e Event) error {
	if err := s.emergencyIs(e, f.Credential, f.Emergency, EmergencyPending); err != nil {
		return err
	}
	c, _ := s.Credential(f.Credential)
	at, _ := c.Emergency(f.Emergency)
	switch {
	case f.For != at.For || s.grantable(c, at) != nil:
		return e.violates("I3", "granted to somebody else, to who is away, or of what is not as it was")
	case f.Silent && !at.silent(e.Time):
		return e.violates("I10", "granted by a silence that did not last, or that nobody could have broken")
	case !f.Silent && (len(s.missing(s.askedAs(at))) > 0 || !e.Time.Before(at.Expires)):
		return e.violates("I10", "granted without the approvals that it needs, or too late")
	case s.boundToAnother(c) != (f.Handover != "") || f.Handover != "" && f.Handover != c.Handover:
		return e.violates("I1", "granted out of an open handover that it does not name")
	}
	return nil
}

func (f EmergencyGranted) apply(s *State, e Event) {
	s.editEmergency(f.Credential, f.Emergency, func(c *Credential, at *Emergency) {
		f.begin(c, at, e.Time, s.Policy().Values)
		s.charge(f.For, c.Name)
		s.expectEmergency(*c)
		s.expectAge(*c)
	})
	if f.Handover != "" {
		s.editHandover(f.Handover, func(h *Handover) { h.without(f.Credential, e.Time) })
	}
}

// begin moves a credential and its emergency to where somebody has it.
func (f EmergencyGranted) begin(c *Credential, e *Emergency, now time.Time, p Policy) {
	e.Status, e.GrantedAt, e.Silent = EmergencyOn, now, f.Silent
	e.UseBy, e.Until = now.Add(p.UseWithin), now.Add(p.HoldFor)
	for _, person := range e.Absent {
		c.Unreachable = with(c.Unreachable, person)
	}
	if f.Handover != "" {
		c.Handover = ""
	}
	c.Lease = Lease{}
	switch c.Phase {
	case Rotating:
		c.Rotation.Successor = f.For
	default:
		c.Phase, c.Holder = Held, f.For
	}
}

// without takes a credential out of a handover, which comes to nothing with the last.
func (h *Handover) without(credential string, now time.Time) {
	h.Credentials = slices.DeleteFunc(slices.Clone(h.Credentials), func(name string) bool { return name == credential })
	if len(h.Credentials) == 0 {
		h.Status, h.EndedAt = Voided, now
	}
}

// used notes that somebody was shown the password that they have in an emergency.
func (s *State) used(credential, person string, now time.Time) {
	c, _ := s.Credential(credential)
	if e, on := c.InEmergency(); on && e.For == person && e.UsedAt.IsZero() {
		s.editEmergency(credential, e.ID, func(_ *Credential, e *Emergency) { e.UsedAt = now })
	}
}

// answered notes that who holds a credential is there: silence is not theirs.
func (s *State) answered(credential, person string) {
	c, _ := s.Credential(credential)
	if e, open := c.OpenEmergency(); open && e.Status == EmergencyPending && e.Holder == person {
		s.editEmergency(credential, e.ID, func(_ *Credential, e *Emergency) { e.Answered, e.Silence = true, time.Time{} })
	}
}

// RejectEmergency is a veto, until it is granted: by a custodian of any of its credentials,
// or by whoever could approve it, also after they did. The first one is final.
type RejectEmergency struct {
	Emergency string `json:"emergency"`
	Reason    Note   `json:"reason,omitzero"`
}

var _ = action(RejectEmergency{})

func (RejectEmergency) Verb() string      { return "reject_emergency" }
func (a RejectEmergency) Subject() string { return a.Emergency }
func (RejectEmergency) givers() givers    { return people }
func (a RejectEmergency) bare(s *State) Action {
	return RejectEmergency{s.nameOr(a.Emergency), absentNote}
}

func (a RejectEmergency) decide(d *decision) error {
	of, e, err := d.emergency(a.Emergency, EmergencyPending)
	if err != nil {
		return err
	}
	p := e.asProposal(of)
	switch {
	case e.Requester == d.actor.Username:
		return refuseOwnEmergency(e)
	case !d.state.vetoes(p, of, e, d.actor):
		return d.refuseNotEligibleFor(p)
	}
	if err := checkOptionalNote("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	for _, c := range of {
		d.happen(EmergencyRejected{Emergency: e.ID, Credential: c.Name, Reason: a.Reason})
	}
	return nil
}

// vetoes says whether somebody can stop an emergency that waits.
func (s *State) vetoes(p Proposal, of []Credential, e Emergency, person Person) bool {
	if person.Username == e.Requester || person.Username == e.For {
		return false
	}
	if slices.ContainsFunc(of, func(c Credential) bool { return c.HasCustodian(person.Username) }) {
		return true
	}
	return slices.ContainsFunc(e.Needs, func(level Role) bool { return s.holdsAt(p, level, person) })
}

// Vetoes says whether somebody can stop an emergency that waits.
func (s *State) Vetoes(e Emergency, person Person) bool {
	return e.Status == EmergencyPending && s.vetoes(s.askedAs(e), s.ofEmergency(e.ID), e, person)
}

// EmergencyRejected: somebody said no, and it does not happen.
type EmergencyRejected struct {
	Emergency  string `json:"emergency"`
	Credential string `json:"credential"`
	Reason     Note   `json:"reason,omitzero"`
}

var _ = fact(EmergencyRejected{})

func (EmergencyRejected) Type() string         { return "emergency.rejected" }
func (f EmergencyRejected) Subject() string    { return f.Credential }
func (EmergencyRejected) grade() Grade         { return Serious }
func (EmergencyRejected) by(*State, Event) Who { return Who{Anybody: true}.confirmed() } // who it is, allowed says
func (f EmergencyRejected) concerns(s *State) Concerns {
	return s.aboutEmergency(f.Credential, f.Emergency)
}

func (f EmergencyRejected) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	at, _ := c.Emergency(f.Emergency)
	if actor, _ := s.Person(e.Actor); at.Status == EmergencyPending && !s.Vetoes(at, actor) {
		return e.violates("I10", "stopped by somebody whom it does not concern, or who asked for it")
	}
	return s.emergencyIs(e, f.Credential, f.Emergency, EmergencyPending)
}

func (f EmergencyRejected) apply(s *State, e Event) {
	s.editEmergency(f.Credential, f.Emergency, func(_ *Credential, at *Emergency) { at.close(EmergencyVetoed, e) })
}

// EmergencyLapsed: nobody approved it in time, or it could not be granted when it was to be.
type EmergencyLapsed struct {
	Emergency  string `json:"emergency"`
	Credential string `json:"credential"`
}

var _ = fact(EmergencyLapsed{})

func (EmergencyLapsed) Type() string         { return "emergency.lapsed" }
func (f EmergencyLapsed) Subject() string    { return f.Credential }
func (EmergencyLapsed) grade() Grade         { return Ordinary }
func (EmergencyLapsed) by(*State, Event) Who { return bySystem() }
func (f EmergencyLapsed) concerns(s *State) Concerns {
	return s.aboutEmergency(f.Credential, f.Emergency)
}

func (f EmergencyLapsed) allowed(s *State, e Event) error {
	c, _ := s.Credential(f.Credential)
	at, _ := c.Emergency(f.Emergency)
	if overtaken := at.silent(e.Time) && s.grantable(c, at) != nil; e.Time.Before(at.Expires) && !overtaken {
		return e.violates("I10", "lapsed before its time")
	}
	return s.emergencyIs(e, f.Credential, f.Emergency, EmergencyPending)
}

func (f EmergencyLapsed) apply(s *State, e Event) {
	s.editEmergency(f.Credential, f.Emergency, func(_ *Credential, at *Emergency) { at.close(EmergencyUnused, e) })
}

func refuseOwnEmergency(e Emergency) *Refusal {
	return &Refusal{Code: OwnRequest, Rule: ruleHandover, Key: "own_emergency", Args: Args{"emergency": e.ID}}
}

func (d *decision) refuseSecondAccountOf(e Emergency, other string) *Refusal {
	if d.sharesSeed(other) {
		return &Refusal{Code: NotEligible, Rule: ruleHandover, Key: "same_authenticator_of_emergency", Args: Args{"emergency": e.ID, "person": other}}
	}
	return &Refusal{Code: NotEligible, Rule: ruleHandover, Key: "second_account_of_emergency", Args: Args{"emergency": e.ID, "person": other}}
}

func (d *decision) refuseNotEligibleFor(p Proposal) *Refusal {
	return &Refusal{Code: NotEligible, Rule: ruleHandover, Key: "not_eligible_for_emergency", Args: Args{"emergency": p.ID, "people": d.state.everyApprover(p)}}
}
