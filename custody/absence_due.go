package custody

import (
	"slices"
	"time"
)

// What time does about absences that are planned. It reminds before; it carries out what
// was signed when one begins, and marks its person away once they hold nothing; it lets one
// end. After the server was off, what is over ends first, then what has begun begins, the
// earliest first, each as if it began now.

// Lead is how long before an absence somebody is reminded of it.
type Lead string

// The reminders.
const (
	LeadFirst Lead = "first"
	LeadLast  Lead = "last"
)

// maxLead is the longest time before an absence at which a policy has somebody reminded.
const maxLead = 30 * 24 * time.Hour

type lead struct {
	lead   Lead
	before time.Duration
}

func (p Policy) leads() [2]lead { return [2]lead{{LeadFirst, p.RemindFirst}, {LeadLast, p.RemindLast}} }

// reminder gives the last reminder that is due, if it was not given: those that were
// missed before it are not made up for.
func (plan Plan) reminder(now time.Time, p Policy) (due Lead) {
	for _, l := range p.leads() {
		if !now.Before(plan.From.Add(-l.before)) {
			due = l.lead
		}
	}
	if due == plan.Reminded || plan.Reminded == LeadLast {
		return ""
	}
	return due
}

// nextLead is when the next reminder is due; zero: there is none.
func (plan Plan) nextLead(now time.Time, p Policy) time.Time {
	if plan.reminder(now, p) != "" {
		return now
	}
	for _, l := range p.leads() {
		if at := plan.From.Add(-l.before); now.Before(at) {
			return at
		}
	}
	return time.Time{}
}

// expectPlans notes when time will act on somebody's plans.
func (s *State) expectPlans(p Person) {
	for _, plan := range p.Plans {
		s.expect(plan.Until)
		switch {
		case plan.Begun.IsZero():
			s.expect(plan.From)
			s.expect(plan.nextLead(s.Time, s.Policy().Values))
		case plan.Settled && !p.Away:
			if s.staysFor(p.Username, s.Time) == "" {
				s.expect(s.Time)
			}
		case !plan.Settled && s.onlyWaits(plan):
			s.expect(plan.Begun.Add(s.Policy().Values.AbsenceWait))
		case !plan.Settled:
			s.expect(s.Time)
		}
	}
}

// onlyWaits says whether nothing can be done for a plan that has begun but wait for
// passwords that are being changed.
func (s *State) onlyWaits(plan Plan) bool {
	ahead := s.waitingFor(plan.ID)
	return len(ahead) > 0 && !slices.ContainsFunc(ahead, func(h Handover) bool {
		return s.broken(h, s.Time) != "" || !s.waiting(h, plan, s.Time)
	})
}

// expectLeft notes that something changed which somebody may be waiting for whose absence
// has begun.
func (s *State) expectLeft(people ...string) {
	for _, name := range people {
		p, _ := s.Person(name)
		if _, begun := p.begun(); begun && !p.Away {
			s.expect(s.Time)
		}
	}
}

// expectWaiting notes that something changed by which what some people have signed ahead
// may count no more.
func (s *State) expectWaiting(people ...string) {
	for h := range s.OpenHandovers() {
		if h.Status.Waits() && (slices.Contains(people, h.From) || slices.Contains(people, h.To)) {
			s.expect(s.Time)
		}
	}
}

// passesOn gives somebody's absence that has begun, if it is still being settled and they
// said that they hand over: time then does for them what they would do with a code.
func (s *State) passesOn(person string) (Plan, bool) {
	p, _ := s.Person(person)
	plan, begun := p.begun()
	return plan, begun && plan.HandsOver && !plan.Settled
}

// leavesBy says whether the giver is away once a handover leaves them holding nothing:
// they wanted to, and where that was by a plan, it has begun and still counts.
func (s *State) leavesBy(h Handover) bool {
	plan, _ := s.PlanOf(h.From, h.Ahead.Plan)
	return h.Leave && (h.Ahead.Plan == "" || !plan.Begun.IsZero())
}

// plansAct is what time does about plans. It goes by what everything before it in the Tick
// has led to, and by what each of its own steps leads to.
func (d *decision) plansAct() {
	type due struct {
		person string
		plan   Plan
	}
	var over, begins []due
	for p := range d.state.People() {
		for _, plan := range p.Plans {
			switch {
			case !d.now.Before(plan.Until):
				over = append(over, due{p.Username, plan})
			case !d.now.Before(plan.From):
				begins = append(begins, due{p.Username, plan})
			default:
				if lead := plan.reminder(d.now, d.policy); lead != "" {
					d.unfolds(AbsenceReminded{Person: p.Username, Plan: plan.ID, Lead: lead, Unsigned: d.state.unsigned(p.Username, plan)})
				}
			}
		}
	}
	for _, x := range over {
		f := AbsenceEnded{Person: x.person, Plan: x.plan.ID, How: Over, Away: d.state.away(x.person)}
		if x.plan.Begun.IsZero() {
			f.How = Missed
		}
		d.unfolds(f)
	}
	d.dropBroken()
	slices.SortStableFunc(begins, func(a, b due) int { return a.plan.From.Compare(b.plan.From) })
	for _, x := range begins {
		d.begins(x.person, x.plan.ID)
	}
}

// unfolds is happen for what the rest of a Tick goes by.
func (d *decision) unfolds(f Fact) {
	d.happen(f)
	Apply(d.state, d.events[len(d.events)-1])
}

// dropBroken ends what was signed ahead and counts no more.
func (d *decision) dropBroken() {
	for h := range d.state.OpenHandovers() {
		if !h.Status.Waits() {
			continue
		}
		if why := d.state.broken(h, d.now); why != "" {
			d.unfolds(HandoverBroken{Handover: h.ID, Why: why})
		}
	}
}

// begins takes an absence whose time has come as far as it goes.
func (d *decision) begins(person, id string) {
	if plan, _ := d.state.PlanOf(person, id); plan.Begun.IsZero() {
		d.unfolds(AbsenceBegun{Person: person, Plan: id})
	}
	plan, _ := d.state.PlanOf(person, id)
	switch {
	case plan.Settled && !d.state.away(person) && d.state.staysFor(person, d.now) == "":
		d.unfolds(PersonAway{Person: person, Until: plan.Until, Reason: plan.Reason, Plan: id})
	case plan.Settled:
		return
	}
	waits := false
	for _, h := range d.state.waitingFor(id) {
		switch why := d.state.broken(h, d.now); {
		case why != "":
			d.unfolds(HandoverBroken{Handover: h.ID, Why: why})
		case d.state.waiting(h, plan, d.now):
			waits = true
		default:
			d.carriesOut(h)
		}
	}
	if !waits && !plan.Settled {
		d.settles(person, plan)
	}
}

// carriesOut is what accept is of an offer.
func (d *decision) carriesOut(h Handover) {
	names := d.state.passing(h)
	d.unfolds(HandoverCarriedOut{
		Handover: h.ID, From: h.From, To: h.To, Credentials: names, Giver: h.Ahead.Giver.Entry, Receiver: h.Ahead.Receiver.Entry,
	})
	for _, name := range names {
		c, _ := d.state.Credential(name)
		if because := c.changesWhenPassed(); because != "" {
			d.unfolds(RotationStarted{Credential: c.Name, Rotation: c.Rotation.Number + 1, Reason: because, Successor: h.To, Deadline: d.deadline()})
		}
	}
}

// settles offers what was not signed for, leaves to the others what is still being
// changed, where the person said that they hand over; and marks them away, or enters why
// they are not.
func (d *decision) settles(person string, plan Plan) {
	if plan.HandsOver {
		d.offersApart(person, plan)
		for _, name := range d.state.Charges(person) {
			c, _ := d.state.Credential(name)
			other := c.Other(person)
			if c.Successor() == person && !d.state.boundToAnother(c) && d.state.there(c, other) {
				d.unfolds(RotationPassed{Credential: name, Rotation: c.Rotation.Number, From: person, To: other})
			}
		}
	}
	why := d.state.staysFor(person, d.now)
	if why == "" {
		d.unfolds(PersonAway{Person: person, Until: plan.Until, Reason: plan.Reason, Plan: plan.ID})
		return
	}
	f := AbsenceHeldUp{Person: person, Plan: plan.ID, Why: why, Signed: d.state.carriedOut(person, plan.ID)}
	f.Left, f.Offered = d.state.leftWithPlan(person)
	d.unfolds(f)
}

func (d *decision) offersApart(person string, plan Plan) {
	receivers := map[string][]string{}
	for _, name := range d.state.Charges(person) {
		c, _ := d.state.Credential(name)
		if to := c.Other(person); c.Holder == person && c.Handover == "" && d.state.there(c, to) {
			receivers[to] = append(receivers[to], name)
		}
	}
	for _, to := range keys(receivers) {
		for part := range slices.Chunk(receivers[to], maxHandover) {
			d.unfolds(HandoverOffered{
				Handover: handoverID(d.state.Handovers + 1), From: person, To: to, Credentials: part, Reason: plan.Reason,
				Leave: true, ExpectedReturn: plan.Until, Expires: d.now.Add(d.policy.OfferTTL), Plan: plan.ID,
			})
		}
	}
}

// staysFor says what keeps somebody from being away: they hold something, or will; a
// partner is away; nobody else looks after something.
func (s *State) staysFor(person string, now time.Time) Code {
	why := Code("")
	for _, name := range s.Charges(person) {
		c, _ := s.Credential(name)
		switch {
		case c.HeldFor() == person:
			return HolderMustHandOver
		case c.Other(person) == "" && s.refuseLeaving(c, now) != nil:
			why = SeatIsVacant
		case c.Other(person) != "" && !s.there(c, c.Other(person)):
			why = BothAway
		}
	}
	return why
}

// leftWithPlan counts what somebody holds, or will: what nobody was offered, and what is
// on offer.
func (s *State) leftWithPlan(person string) (left, offered int64) {
	for _, name := range s.Charges(person) {
		c, _ := s.Credential(name)
		h, _ := s.Handover(c.Handover)
		switch {
		case c.HeldFor() != person:
		case h.Status == Offered:
			offered++
		default:
			left++
		}
	}
	return left, offered
}

// carriedOut says whether something that was signed for a plan was carried out.
func (s *State) carriedOut(person, plan string) bool {
	for h := range s.OpenHandovers() {
		if h.From == person && h.Ahead.Plan == plan && h.Ahead.Receiver.Entry > 0 && h.Status == Accepted {
			return true
		}
	}
	return false
}

// unsigned counts what somebody holds, or will, that no handover both signed passes on
// when a plan begins.
func (s *State) unsigned(person string, plan Plan) (n int64) {
	waiting := s.waitingFor(plan.ID)
	for _, name := range s.Charges(person) {
		c, _ := s.Credential(name)
		in := func(h Handover) bool {
			return h.Status == HandoverSignedAhead && slices.Contains(h.Credentials, name)
		}
		if c.HeldFor() == person && !slices.ContainsFunc(waiting, in) {
			n++
		}
	}
	return n
}

// Unsigned is that, for whoever shows a plan.
func (s *State) Unsigned(person string, plan Plan) int64 { return s.unsigned(person, plan) }

// changesWhenPassed says why a password is changed when its credential passes to the
// other custodian; "": it is not.
func (c Credential) changesWhenPassed() RotationReason {
	switch {
	case c.Policy.RotateOnTransfer:
		return ForTransfer
	case c.tooKnown():
		return ForExposure
	}
	return ""
}

// AbsenceReminded: an absence begins soon.
type AbsenceReminded struct {
	Person   string `json:"person"`
	Plan     string `json:"plan"`
	Lead     Lead   `json:"lead"`
	Unsigned int64  `json:"unsigned,omitzero"` // how many credentials they hold that no signed handover passes on
}

var _ = fact(AbsenceReminded{})

func (AbsenceReminded) Type() string               { return "absence.reminded" }
func (f AbsenceReminded) Subject() string          { return f.Person }
func (f AbsenceReminded) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (AbsenceReminded) grade() Grade               { return Ordinary }
func (AbsenceReminded) by(*State, Event) Who       { return bySystem() }

func (f AbsenceReminded) allowed(s *State, e Event) error {
	plan, there := s.PlanOf(f.Person, f.Plan)
	if !there || !plan.Begun.IsZero() || f.Lead == "" || f.Lead != plan.reminder(e.Time, s.Policy().Values) || f.Unsigned != s.unsigned(f.Person, plan) {
		return e.violates("I7", "reminded before its time, twice, or of something else")
	}
	return nil
}

func (f AbsenceReminded) apply(s *State, _ Event) {
	s.editPlan(f.Person, f.Plan, func(plan *Plan) { plan.Reminded = f.Lead })
}

// AbsenceBegun: its time has come. Nothing has passed yet.
type AbsenceBegun struct {
	Person string `json:"person"`
	Plan   string `json:"plan"`
}

var _ = fact(AbsenceBegun{})

func (AbsenceBegun) Type() string               { return "absence.begun" }
func (f AbsenceBegun) Subject() string          { return f.Person }
func (f AbsenceBegun) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (AbsenceBegun) grade() Grade               { return Ordinary }
func (AbsenceBegun) by(*State, Event) Who       { return bySystem() }

func (f AbsenceBegun) allowed(s *State, e Event) error {
	plan, there := s.PlanOf(f.Person, f.Plan)
	if !there || !plan.Begun.IsZero() || e.Time.Before(plan.From) || !e.Time.Before(plan.Until) {
		return e.violates("I7", "begun before its time, after it, or twice")
	}
	return nil
}

// apply: who is away already is, and is until the later of the two ends.
func (f AbsenceBegun) apply(s *State, e Event) {
	away := s.away(f.Person)
	s.editPlan(f.Person, f.Plan, func(plan *Plan) {
		plan.Begun, plan.Swap, plan.Settled = e.Time, Swap{}, away
	})
	s.editPerson(f.Person, func(p *Person) {
		if plan, _ := p.Plan(f.Plan); away && p.AwayUntil.Before(plan.Until) {
			p.AwayUntil = plan.Until
		}
	})
}

// AbsenceHeldUp: an absence has begun, and its person is not away. Custody stays where it
// is.
type AbsenceHeldUp struct {
	Person  string `json:"person"`
	Plan    string `json:"plan"`
	Why     Code   `json:"why"`              // holder_must_hand_over, both_away or seat_vacant
	Left    int64  `json:"left,omitzero"`    // what they hold, or will, that nobody was offered
	Offered int64  `json:"offered,omitzero"` // and what waits for a yes
	Signed  bool   `json:"signed,omitzero"`  // something passed on that both had signed for
}

var _ = fact(AbsenceHeldUp{})

func (AbsenceHeldUp) Type() string               { return "absence.held_up" }
func (f AbsenceHeldUp) Subject() string          { return f.Person }
func (f AbsenceHeldUp) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (AbsenceHeldUp) by(*State, Event) Who       { return bySystem() }

// grade: only what came in after both had signed, and is on offer, is no failure.
func (f AbsenceHeldUp) grade() Grade {
	if f.Why == HolderMustHandOver && f.Left == 0 && f.Signed {
		return Ordinary
	}
	return Serious
}

func (f AbsenceHeldUp) allowed(s *State, e Event) error {
	plan, there := s.PlanOf(f.Person, f.Plan)
	left, offered := s.leftWithPlan(f.Person)
	switch {
	case !there || plan.Begun.IsZero() || plan.Settled || len(s.waitingFor(f.Plan)) > 0:
		return e.violates("I7", "held up before it began, twice, or while something waits")
	case f.Why == "" || f.Why != s.staysFor(f.Person, e.Time) || f.Left != left || f.Offered != offered || f.Signed != s.carriedOut(f.Person, f.Plan):
		return e.violates("I7", "held up by something else than what is in its way")
	}
	return nil
}

func (f AbsenceHeldUp) apply(s *State, _ Event) {
	s.editPlan(f.Person, f.Plan, func(plan *Plan) { plan.Settled = true })
}
