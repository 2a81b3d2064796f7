package custody

import (
	"slices"
	"time"
)

// A handover can be signed ahead of an absence that is planned: by the giver, and by the
// receiver, each with a code, for the list of credentials, the time and the plan's revision.
// It moves nothing then. When the absence begins, time carries it out on the word of those
// two entries.
//
//	planned --signed by the receiver--> signed --the absence begins--> accepted
//	   |                                   |
//	   +-----------------------------------+--> void

// Ahead is what a handover has that was signed before the absence that it is for.
type Ahead struct {
	Plan     string    `json:"plan,omitzero"` // "": it was not
	Revision int64     `json:"revision,omitzero"`
	Begins   time.Time `json:"begins,omitzero"`
	Giver    Signature `json:"giver,omitzero"`
	Receiver Signature `json:"receiver,omitzero"`
	Why      Broken    `json:"why,omitzero"` // it is void
}

// Signature is the entry in which somebody signed with a code.
type Signature struct {
	Entry     int64     `json:"entry,omitzero"` // its index; 0: they have not
	At        time.Time `json:"at,omitzero"`
	Enrolment int64     `json:"enrolment,omitzero"` // which of their authenticators it was
}

func (s *State) signature(person string, e Event) Signature {
	p, _ := s.Person(person)
	return Signature{Entry: s.Size - 1, At: e.Time, Enrolment: p.Number}
}

// HandoverPrepared and HandoverSignedAhead are those that time carries out.
const (
	HandoverPrepared    HandoverStatus = "planned" // by the giver, and waits for the receiver
	HandoverSignedAhead HandoverStatus = "signed"  // by both
)

// Waits says that a handover waits for the absence that it was signed for.
func (s HandoverStatus) Waits() bool { return s == HandoverPrepared || s == HandoverSignedAhead }

// maxSignature is the most that a policy lets a signature count: whoever signed still knows
// what for.
const maxSignature = 90 * 24 * time.Hour

// maxWait is the most that a policy has an absence wait for passwords that are being
// changed: its person is gone by then.
const maxWait = 24 * time.Hour

// Broken is why a handover that was signed ahead comes to nothing.
type Broken string

// The reasons.
const (
	BrokenPlan       Broken = "plan"       // the absence was moved, or called off
	BrokenEnrolment  Broken = "enrolment"  // one of the two has another authenticator than they signed with
	BrokenCustodians Broken = "custodians" // one of its credentials has others
	BrokenAge        Broken = "age"        // it was signed too long ago
	BrokenUnsigned   Broken = "unsigned"   // the absence began, and the receiver had not signed
	BrokenAway       Broken = "away"       // the absence began, and the receiver was away
	BrokenEmpty      Broken = "empty"      // the absence began, and the giver held none of it
	BrokenWithdrawn  Broken = "withdrawn"  // one of the two took their signature back
)

// broken says why a handover that was signed ahead counts no more; "": it does.
func (s *State) broken(h Handover, now time.Time) Broken {
	from, _ := s.Person(h.From)
	to, _ := s.Person(h.To)
	plan, there := from.Plan(h.Ahead.Plan)
	switch {
	case !there || plan.Revision != h.Ahead.Revision:
		return BrokenPlan
	case from.Number != h.Ahead.Giver.Enrolment, h.Ahead.Receiver.Entry > 0 && to.Number != h.Ahead.Receiver.Enrolment:
		return BrokenEnrolment
	case slices.ContainsFunc(h.Credentials, func(name string) bool {
		c, _ := s.Credential(name)
		return c.Active() && (!c.HasCustodian(h.From) || c.Other(h.From) != h.To)
	}):
		return BrokenCustodians
	case !now.Before(h.Expires):
		return BrokenAge
	case plan.Begun.IsZero():
		return ""
	case h.Status == HandoverPrepared:
		return BrokenUnsigned
	case s.waiting(h, plan, now):
		return ""
	case !to.Present(), len(s.passing(h)) == 0 && len(s.given(h)) > 0: // or they cannot be reached
		return BrokenAway
	case len(s.given(h)) == 0:
		return BrokenEmpty
	}
	return ""
}

// waiting says whether something of a handover is being changed for the giver, and is
// still waited for.
func (s *State) waiting(h Handover, plan Plan, now time.Time) bool {
	return now.Before(plan.Begun.Add(s.Policy().Values.AbsenceWait)) && slices.ContainsFunc(h.Credentials, func(name string) bool {
		c, _ := s.Credential(name)
		return c.Successor() == h.From
	})
}

// given gives what of a handover the giver holds now, and can pass on.
func (s *State) given(h Handover) (names []string) {
	for _, name := range h.Credentials {
		if c, _ := s.Credential(name); c.Holder == h.From && c.Handover == "" {
			names = append(names, name)
		}
	}
	return names
}

// passing gives what of that passes: a receiver who could not be reached in an emergency
// holds nothing of it before they say that they are back.
func (s *State) passing(h Handover) []string {
	return slices.DeleteFunc(s.given(h), func(name string) bool {
		c, _ := s.Credential(name)
		return slices.Contains(c.Unreachable, h.To)
	})
}

// waitingFor gives the handovers that wait for an absence, by id.
func (s *State) waitingFor(plan string) (all []Handover) {
	for h := range s.OpenHandovers() {
		if h.Status.Waits() && h.Ahead.Plan == plan {
			all = append(all, h)
		}
	}
	return all
}

// signAhead prepares a handover of everything that the actor holds, or will, to each of
// the other custodians, but for what already is in one.
func (d *decision) signAhead(plan Plan, already []Handover) (signed bool) {
	receivers := map[string][]string{}
	for _, name := range d.state.Charges(d.actor.Username) {
		c, _ := d.state.Credential(name)
		in := slices.ContainsFunc(already, func(h Handover) bool { return slices.Contains(h.Credentials, name) })
		if c.HeldFor() == d.actor.Username && !c.SeatVacant() && !in {
			to := c.Other(d.actor.Username)
			receivers[to] = append(receivers[to], name)
		}
	}
	next := d.state.Handovers
	for _, e := range d.events { // several absences are signed for by one code
		if _, signed := e.Fact.(HandoverPlanned); signed {
			next++
		}
	}
	for _, to := range keys(receivers) {
		for part := range slices.Chunk(receivers[to], maxHandover) {
			next++
			d.happen(HandoverPlanned{
				Handover: handoverID(next), From: d.actor.Username, To: to, Credentials: part,
				Plan: plan.ID, Revision: plan.Revision, Begins: plan.From, Until: plan.Until, Reason: plan.Reason,
				Expires: d.now.Add(d.policy.SignatureTTL),
			})
		}
	}
	return len(receivers) > 0
}

// HandOverAhead signs that everything the actor holds passes to the other custodians when
// an absence of theirs begins; what they have signed for already stays as it is.
type HandOverAhead struct {
	Plan string `json:"plan"`
}

var _ = action(HandOverAhead{})

func (HandOverAhead) Verb() string    { return "hand_over_ahead" }
func (HandOverAhead) Subject() string { return "" }
func (HandOverAhead) givers() givers  { return people }

func (a HandOverAhead) bare(*State) Action {
	if _, counted := plannedAt(a.Plan); !counted {
		a.Plan = absent
	}
	return a
}

func (a HandOverAhead) decide(d *decision) error {
	plan, err := d.ownPlan(a.Plan)
	switch {
	case err != nil:
		return err
	case !plan.Begun.IsZero():
		return refuseAbsenceBegun(plan)
	}
	already := d.state.waitingFor(plan.ID)
	trial := *d
	if trial.events = nil; !trial.signAhead(plan, already) {
		return refuseNothingHeld()
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.signAhead(plan, already)
	return nil
}

// HandoverPlanned: the giver has signed. They still hold everything.
type HandoverPlanned struct {
	Handover    string    `json:"handover"`
	From        string    `json:"from"`
	To          string    `json:"to"`
	Credentials []string  `json:"credentials"`
	Plan        string    `json:"plan"`
	Revision    int64     `json:"revision"`
	Begins      time.Time `json:"begins"`
	Until       time.Time `json:"until"`
	Reason      Note      `json:"reason,omitzero"`
	Expires     time.Time `json:"expires"`
}

var _ = fact(HandoverPlanned{})

func (HandoverPlanned) Type() string           { return "handover.planned" }
func (f HandoverPlanned) Subject() string      { return f.Handover }
func (HandoverPlanned) grade() Grade           { return Ordinary }
func (f HandoverPlanned) by(*State, Event) Who { return byPerson(f.From).confirmed() }

func (f HandoverPlanned) concerns(*State) Concerns {
	return Concerns{Handovers: []string{f.Handover}, Credentials: f.Credentials, People: []string{f.From, f.To}}
}

func (f HandoverPlanned) allowed(s *State, e Event) error {
	plan, there := s.PlanOf(f.From, f.Plan)
	switch {
	case len(f.Credentials) == 0 || !sortedOnce(f.Credentials) || f.Handover != handoverID(s.Handovers+1):
		return e.violates("I1", "plans nothing, or under the name of another handover")
	case !there || plan.Revision != f.Revision || !plan.From.Equal(f.Begins) || !plan.Until.Equal(f.Until) || !plan.Begun.IsZero():
		return e.violates("I6", "signed for an absence that there is not")
	case !f.Expires.Equal(e.Time.Add(s.Policy().Values.SignatureTTL)):
		return e.violates("I6", "signed without an end")
	}
	for _, name := range f.Credentials {
		in := func(h Handover) bool { return h.Ahead.Revision == f.Revision && slices.Contains(h.Credentials, name) }
		if c, _ := s.Credential(name); c.HeldFor() != f.From || c.Other(f.From) != f.To || slices.ContainsFunc(s.waitingFor(f.Plan), in) {
			return e.violates("I1", "signed by somebody who does not hold "+name+", not to its other custodian, or twice")
		}
	}
	return nil
}

func (f HandoverPlanned) apply(s *State, e Event) {
	s.Handovers++
	s.editHandover(f.Handover, func(h *Handover) {
		*h = Handover{
			ID: f.Handover, From: f.From, To: f.To, Credentials: f.Credentials, Reason: f.Reason.bare(),
			Status: HandoverPrepared, ExpectedReturn: f.Until, OfferedAt: e.Time, Expires: f.Expires,
			Ahead: Ahead{Plan: f.Plan, Revision: f.Revision, Begins: f.Begins, Giver: s.signature(f.From, e)},
		}
		s.expectHandover(*h)
	})
	s.editPlan(f.From, f.Plan, func(plan *Plan) { plan.HandsOver = true })
}

// SignHandover is the receiver's signature on a handover that is planned.
type SignHandover struct {
	Handover string `json:"handover"`
}

var _ = action(SignHandover{})

func (SignHandover) Verb() string           { return "sign" }
func (a SignHandover) Subject() string      { return a.Handover }
func (SignHandover) givers() givers         { return people }
func (a SignHandover) bare(s *State) Action { return SignHandover{s.nameOr(a.Handover)} }

func (a SignHandover) decide(d *decision) error {
	h, err := d.handover(a.Handover)
	if err != nil {
		return err
	}
	switch me := d.actor.Username; {
	case me != h.From && me != h.To:
		return refuseNotParty(h)
	case !h.Status.Waits(), d.state.broken(h, d.now) != "":
		return refuseHandoverNotOpen(h)
	case me == h.From, h.Status == HandoverSignedAhead:
		return refuseSigned(h)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(HandoverSigned{
		Handover: h.ID, From: h.From, To: h.To, Credentials: h.Credentials,
		Plan: h.Ahead.Plan, Revision: h.Ahead.Revision, Begins: h.Ahead.Begins, Until: h.ExpectedReturn,
	})
	return nil
}

// HandoverSigned: the receiver has signed as well. It is carried out when the absence
// begins.
type HandoverSigned struct {
	Handover    string    `json:"handover"`
	From        string    `json:"from"`
	To          string    `json:"to"`
	Credentials []string  `json:"credentials"`
	Plan        string    `json:"plan"`
	Revision    int64     `json:"revision"`
	Begins      time.Time `json:"begins"`
	Until       time.Time `json:"until"`
}

var _ = fact(HandoverSigned{})

func (HandoverSigned) Type() string           { return "handover.signed" }
func (f HandoverSigned) Subject() string      { return f.Handover }
func (HandoverSigned) grade() Grade           { return Ordinary }
func (f HandoverSigned) by(*State, Event) Who { return byPerson(f.To).confirmed() }

func (f HandoverSigned) concerns(*State) Concerns {
	return Concerns{Handovers: []string{f.Handover}, Credentials: f.Credentials, People: []string{f.From, f.To}}
}

func (f HandoverSigned) allowed(s *State, e Event) error {
	h, _ := s.Handover(f.Handover)
	if err := e.follows(h, HandoverPrepared, f.From, f.To, f.Credentials); err != nil {
		return err
	}
	same := h.Ahead.Plan == f.Plan && h.Ahead.Revision == f.Revision && h.Ahead.Begins.Equal(f.Begins) && h.ExpectedReturn.Equal(f.Until)
	if !same || s.broken(h, e.Time) != "" {
		return e.violates("I6", "signed for another absence than the giver signed for, or one that was moved")
	}
	return nil
}

func (f HandoverSigned) apply(s *State, e Event) {
	s.editHandover(f.Handover, func(h *Handover) {
		h.Status, h.Ahead.Receiver = HandoverSignedAhead, s.signature(f.To, e)
	})
}

// breaks ends what was signed for a plan that the command moves or ends.
func (d *decision) breaks(plan string) {
	for _, h := range d.state.waitingFor(plan) {
		d.happen(HandoverBroken{Handover: h.ID, Why: BrokenPlan})
	}
}

// HandoverBroken: a handover that was signed ahead comes to nothing. It moves nothing.
type HandoverBroken struct {
	Handover string `json:"handover"`
	Why      Broken `json:"why"`
}

var _ = fact(HandoverBroken{})

func (HandoverBroken) Type() string                 { return "handover.broken" }
func (f HandoverBroken) Subject() string            { return f.Handover }
func (f HandoverBroken) concerns(s *State) Concerns { return s.aboutHandover(f.Handover) }
func (HandoverBroken) grade() Grade                 { return Ordinary }

// by: time, or whoever moved or ended the plan. Whether it is broken is nobody's to say.
func (HandoverBroken) by(*State, Event) Who { return Who{Anybody: true}.orSystem() }

func (f HandoverBroken) allowed(s *State, e Event) error {
	if h, _ := s.Handover(f.Handover); !h.Status.Waits() || f.Why == "" || f.Why != s.broken(h, e.Time) {
		return e.violates("I6", "broken though both signatures count, or for another reason")
	}
	return nil
}

func (f HandoverBroken) apply(s *State, e Event) {
	s.editHandover(f.Handover, func(h *Handover) { h.Status, h.EndedAt, h.Ahead.Why = Voided, e.Time, f.Why })
}

// HandoverCarriedOut: the absence has begun, and the receiver holds what the giver held
// of what both had signed. In the place of their codes stand the entries in which they
// signed (I6).
type HandoverCarriedOut struct {
	Handover    string   `json:"handover"`
	From        string   `json:"from"`
	To          string   `json:"to"`
	Credentials []string `json:"credentials"`
	Giver       int64    `json:"giver"`    // index of the entry in which they signed
	Receiver    int64    `json:"receiver"` // the same
}

var _ = fact(HandoverCarriedOut{})

func (HandoverCarriedOut) Type() string         { return "handover.carried_out" }
func (f HandoverCarriedOut) Subject() string    { return f.Handover }
func (HandoverCarriedOut) grade() Grade         { return Ordinary }
func (HandoverCarriedOut) by(*State, Event) Who { return bySystem() }

func (f HandoverCarriedOut) concerns(*State) Concerns {
	return Concerns{Handovers: []string{f.Handover}, Credentials: f.Credentials, People: []string{f.From, f.To}}
}

func (f HandoverCarriedOut) allowed(s *State, e Event) error {
	h, _ := s.Handover(f.Handover)
	plan, _ := s.PlanOf(h.From, h.Ahead.Plan)
	switch {
	case h.Status != HandoverSignedAhead || h.From != f.From || h.To != f.To:
		return e.violates("I6", "carried out though it was not signed by both")
	case f.Giver != h.Ahead.Giver.Entry || f.Receiver != h.Ahead.Receiver.Entry:
		return e.violates("I6", "on the word of other entries than those in which both signed")
	case plan.Begun.IsZero() || plan.Settled || s.broken(h, e.Time) != "" || s.waiting(h, plan, e.Time):
		return e.violates("I6", "carried out before the absence began, or after it counted")
	case !slices.Equal(f.Credentials, s.passing(h)):
		return e.violates("I1", "with something else than the giver held of what was signed")
	}
	return nil
}

func (f HandoverCarriedOut) apply(s *State, e Event) {
	s.editHandover(f.Handover, func(h *Handover) {
		h.Status, h.AcceptedAt, h.Credentials = Accepted, e.Time, f.Credentials
		s.expectHandover(*h)
	})
	s.editAll(f.Credentials, func(c *Credential) {
		c.Holder, c.Lease, c.Handover = f.To, Lease{}, f.Handover
		s.expectAge(*c)
	})
}

func refuseSigned(h Handover) *Refusal {
	return &Refusal{Code: Conflict, Rule: ruleHandover, Key: "signed_already", Args: Args{"handover": h.ID, "to": h.To}}
}
