package custody

import (
	"slices"
	"time"
)

// What people do about absences: plan, move, call off, and end another's that blocks a partner.

// PlanAbsence announces an absence of the actor's own. HandOver: and signs that
// everything they hold passes to the other custodians when it begins.
type PlanAbsence struct {
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	Meant    Meant     `json:"meant"`
	Reason   Note      `json:"reason,omitzero"`
	HandOver bool      `json:"hand_over,omitzero"`
}

var _ = action(PlanAbsence{})

func (PlanAbsence) Verb() string    { return "plan_absence" }
func (PlanAbsence) Subject() string { return "" }
func (PlanAbsence) givers() givers  { return people }

func (a PlanAbsence) bare(*State) Action {
	return PlanAbsence{a.From, a.Until, a.Meant.bare(), Note{}, a.HandOver}
}

// bare is empty where what was typed has not the form of a time.
func (m Meant) bare() Meant {
	if m.check() != nil {
		return Meant{}
	}
	return m
}

func (a PlanAbsence) decide(d *decision) error {
	a.From, a.Until = instantOrZero(a.From), instantOrZero(a.Until)
	d.named = a
	return d.planAbsences(a.Reason, a.HandOver, PlannedTime{a.From, a.Until, a.Meant})
}

// maxAtOnce is how many absences one command plans: as a calendar's file has them of a year.
const maxAtOnce = 20

// PlannedTime is when one of several absences is.
type PlannedTime struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	Meant Meant     `json:"meant"`
}

// PlanAbsences is PlanAbsence for several, with one code: all of them, or none.
type PlanAbsences struct {
	Absences []PlannedTime `json:"absences"`
	Reason   Note          `json:"reason,omitzero"` // of each
	HandOver bool          `json:"hand_over,omitzero"`
}

var _ = action(PlanAbsences{})

func (PlanAbsences) Verb() string    { return "plan_absences" }
func (PlanAbsences) Subject() string { return "" }
func (PlanAbsences) givers() givers  { return people }

// bare leaves out times of which there are more than can be planned.
func (a PlanAbsences) bare(*State) Action {
	b := PlanAbsences{HandOver: a.HandOver}
	if len(a.Absences) > maxAtOnce {
		return b
	}
	for _, one := range a.Absences {
		b.Absences = append(b.Absences, PlannedTime{one.From, one.Until, one.Meant.bare()})
	}
	return b
}

func (a PlanAbsences) decide(d *decision) error {
	switch {
	case len(a.Absences) == 0:
		return Invalid("absences", "none_named")
	case len(a.Absences) > maxAtOnce:
		return Invalid("absences", "absences_at_once", Args{"most": maxAtOnce})
	}
	a.Absences = slices.Clone(a.Absences)
	for i, one := range a.Absences {
		a.Absences[i].From, a.Absences[i].Until = instantOrZero(one.From), instantOrZero(one.Until)
	}
	d.named = a
	return d.planAbsences(a.Reason, a.HandOver, a.Absences...)
}

// planAbsences plans all of some times. One that cannot be keeps the others too: whoever
// gave one code meant them together.
func (d *decision) planAbsences(reason Note, handOver bool, all ...PlannedTime) error {
	for _, one := range all {
		if err := one.Meant.check(); err != nil {
			return err
		}
	}
	if err := checkOptionalNote("reason", reason); err != nil {
		return err
	}
	if len(d.actor.Plans)+len(all) > maxPlans {
		return refuseTooManyPlans()
	}
	for i, one := range all {
		if err := d.checkWindow(one.From, one.Until, ""); err != nil {
			return err
		}
		for _, other := range all[:i] {
			if (Absence{From: other.From, Until: other.Until}).meets(one.From, one.Until) {
				return refuseAbsencesMeet(other, one)
			}
		}
	}
	if err := d.confirm(); err != nil {
		return err
	}
	for _, one := range all {
		plan := Plan{ID: absenceID(d.state.Size + int64(len(d.events))), From: one.From, Until: one.Until, Reason: reason, Revision: 1}
		d.happen(AbsencePlanned{Person: d.actor.Username, Plan: plan.ID, From: one.From, Until: one.Until, Meant: one.Meant, Reason: reason, HandsOver: handOver})
		if handOver {
			d.signAhead(plan, nil)
		}
	}
	return nil
}

// MayPlan says what would keep somebody from planning to be away then, beside all that they
// have planned; nil: nothing now.
func (s *State) MayPlan(person string, from, until, now time.Time) *Refusal {
	d := begin(s, Command{Actor: person}, now)
	d.actor, _ = s.Person(person)
	return d.checkWindow(instantOrZero(from), instantOrZero(until), "")
}

// AbsencePlanned: somebody will be away.
type AbsencePlanned struct {
	Person    string    `json:"person"`
	Plan      string    `json:"plan"`
	From      time.Time `json:"from"`
	Until     time.Time `json:"until"`
	Meant     Meant     `json:"meant"`
	Reason    Note      `json:"reason,omitzero"`
	HandsOver bool      `json:"hands_over,omitzero"`
}

var _ = fact(AbsencePlanned{})

func (AbsencePlanned) Type() string               { return "absence.planned" }
func (f AbsencePlanned) Subject() string          { return f.Person }
func (f AbsencePlanned) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (AbsencePlanned) grade() Grade               { return Ordinary }
func (f AbsencePlanned) by(*State, Event) Who     { return byPerson(f.Person).confirmed() }
func (f AbsencePlanned) allowed(s *State, e Event) error {
	if f.Plan != absenceID(s.Size) {
		return e.violates("I7", "under the name of another entry")
	}
	if !f.From.After(e.Time) {
		return e.violates("I7", "planned for a time that had begun")
	}
	return s.mayBeAway(e, f.Person, "", f.From, f.Until)
}

func (f AbsencePlanned) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) {
		p.Plans = append(slices.Clone(p.Plans), Plan{
			ID: f.Plan, From: f.From, Until: f.Until, Meant: f.Meant, Reason: f.Reason.bare(), HandsOver: f.HandsOver, Revision: 1,
		})
	})
	s.editPlan(f.Person, f.Plan, func(*Plan) {})
}

// ownPlan finds a plan of the actor's.
func (d *decision) ownPlan(id string) (Plan, error) {
	plan, there := d.actor.Plan(id)
	if !there {
		return Plan{}, refuseNotFound(aPlan)
	}
	return plan, nil
}

// MoveAbsence gives a plan of the actor's own another time. What was signed for it counts
// no more; HandOver: and is signed anew. Of one that has begun, and made them away, only
// the end moves.
type MoveAbsence struct {
	Plan     string    `json:"plan"`
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	Meant    Meant     `json:"meant"`
	HandOver bool      `json:"hand_over,omitzero"`
}

var _ = action(MoveAbsence{})

func (MoveAbsence) Verb() string    { return "move_absence" }
func (MoveAbsence) Subject() string { return "" }
func (MoveAbsence) givers() givers  { return people }

func (a MoveAbsence) bare(s *State) Action {
	a.Meant = a.Meant.bare()
	if _, counted := plannedAt(a.Plan); !counted {
		a.Plan = absent
	}
	return a
}

func (a MoveAbsence) decide(d *decision) error {
	plan, err := d.ownPlan(a.Plan)
	if err != nil {
		return err
	}
	a.From, a.Until = instantOrZero(a.From), instantOrZero(a.Until)
	d.named = a
	if err := a.Meant.check(); err != nil {
		return err
	}
	if plan.inForce(d.actor) {
		if !a.From.Equal(plan.From) {
			return Invalid("from", "has_begun")
		}
		a.HandOver = false
		d.named = a
		if err := d.checkEnd(a.From, a.Until, plan.ID); err != nil {
			return err
		}
	} else if err := d.checkWindow(a.From, a.Until, plan.ID); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(AbsenceMoved{Person: d.actor.Username, Plan: plan.ID, Revision: plan.Revision + 1, From: a.From, Until: a.Until, Meant: a.Meant})
	d.breaks(plan.ID)
	if a.HandOver {
		plan.From, plan.Until, plan.Revision = a.From, a.Until, plan.Revision+1
		d.signAhead(plan, nil)
	}
	return nil
}

// inForce says that the plan has made its person away.
func (plan Plan) inForce(p Person) bool { return !plan.Begun.IsZero() && p.Away }

// AbsenceMoved: the plan has another time.
type AbsenceMoved struct {
	Person   string    `json:"person"`
	Plan     string    `json:"plan"`
	Revision int64     `json:"revision"`
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	Meant    Meant     `json:"meant"`
}

var _ = fact(AbsenceMoved{})

func (AbsenceMoved) Type() string               { return "absence.moved" }
func (f AbsenceMoved) Subject() string          { return f.Person }
func (f AbsenceMoved) concerns(*State) Concerns { return Concerns{People: []string{f.Person}} }
func (AbsenceMoved) grade() Grade               { return Ordinary }
func (f AbsenceMoved) by(*State, Event) Who     { return byPerson(f.Person).confirmed() }

func (f AbsenceMoved) allowed(s *State, e Event) error {
	p, _ := s.Person(f.Person)
	plan, there := p.Plan(f.Plan)
	switch {
	case !there || f.Revision != plan.Revision+1:
		return e.violates("I7", "a plan that there is not, or out of turn")
	case plan.inForce(p) && !f.From.Equal(plan.From), !plan.inForce(p) && !f.From.After(e.Time), !f.Until.After(e.Time):
		return e.violates("I7", "moved to a time that had begun, or away from it")
	}
	return s.mayBeAway(e, f.Person, f.Plan, f.From, f.Until)
}

func (f AbsenceMoved) apply(s *State, _ Event) {
	p, _ := s.Person(f.Person)
	s.rearrange(f.Person, f.Plan, f.Revision, f.From, f.Until, f.Meant)
	if plan, _ := p.Plan(f.Plan); !plan.inForce(p) {
		return
	}
	s.editPerson(f.Person, func(p *Person) { p.AwayUntil = f.Until })
	for h := range s.OpenHandovers() {
		if h.Ahead.Plan == f.Plan && h.From == f.Person {
			s.editHandover(h.ID, func(h *Handover) { h.ExpectedReturn, h.Overdue = f.Until, false; s.expectHandover(*h) })
		}
	}
}

// rearrange gives a plan another time. One that has made its person away stays begun.
func (s *State) rearrange(person, id string, revision int64, from, until time.Time, meant Meant) {
	away := s.away(person)
	s.editPlan(person, id, func(plan *Plan) {
		plan.Revision, plan.From, plan.Until, plan.Meant, plan.Swap = revision, from, until, meant, Swap{}
		if !away {
			plan.Reminded, plan.Begun, plan.Settled = "", time.Time{}, false
		}
	})
	s.expect(s.Time) // what was signed for it counts no more
}

func (s *State) away(person string) bool {
	p, _ := s.Person(person)
	return p.Away
}

// CancelAbsence calls a plan of the actor's own off. Whoever is away by it says that they
// are back instead.
type CancelAbsence struct {
	Plan string `json:"plan"`
}

var _ = action(CancelAbsence{})

func (CancelAbsence) Verb() string    { return "cancel_absence" }
func (CancelAbsence) Subject() string { return "" }
func (CancelAbsence) givers() givers  { return people }

func (a CancelAbsence) bare(*State) Action {
	if _, counted := plannedAt(a.Plan); !counted {
		a.Plan = absent
	}
	return a
}

func (a CancelAbsence) decide(d *decision) error {
	plan, err := d.ownPlan(a.Plan)
	if err != nil {
		return err
	}
	if plan.inForce(d.actor) {
		return refuseAbsenceBegun(plan)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(AbsenceEnded{Person: d.actor.Username, Plan: plan.ID, How: CalledOff})
	d.breaks(plan.ID)
	return nil
}

// EndAbsence ends a plan of somebody else's, who blocks their partners by it. Both are
// told. It is a manager's.
type EndAbsence struct {
	Person string `json:"person"`
	Plan   string `json:"plan"`
	Reason Note   `json:"reason"`
}

var _ = action(EndAbsence{})

func (EndAbsence) Verb() string      { return "end_absence" }
func (a EndAbsence) Subject() string { return a.Person }
func (EndAbsence) givers() givers    { return people }

func (a EndAbsence) bare(s *State) Action {
	return EndAbsence{s.nameOr(a.Person), s.planOr(a.Person, a.Plan), absentNote}
}

func (a EndAbsence) decide(d *decision) error {
	switch {
	case !d.actor.Is(Manager):
		return refuseForbidden(onlyManager)
	case a.Person == d.actor.Username:
		return refuseForbidden(onlyAnother)
	}
	p, _ := d.state.Person(a.Person)
	plan, there := p.Plan(a.Plan)
	switch {
	case !there:
		return refuseNotFound(aPlan)
	case plan.inForce(p):
		return refuseAbsenceBegun(plan)
	}
	partners := d.state.Partners(a.Person)
	if len(partners) == 0 {
		return refuseBlocksNobody(plan, p)
	}
	if err := checkNote("reason", a.Reason); err != nil {
		return err
	}
	if err := d.confirm(); err != nil {
		return err
	}
	d.happen(AbsenceEnded{Person: a.Person, Plan: plan.ID, How: EndedByManager, Reason: a.Reason, Partners: partners})
	d.breaks(plan.ID)
	return nil
}

// PlanEnding is how a plan came to its end.
type PlanEnding string

// The endings.
const (
	CalledOff      PlanEnding = "called_off" // by the person
	EndedByManager PlanEnding = "by_manager" // by a manager, because it blocked a partner
	Over           PlanEnding = "over"       // its time has passed
	Missed         PlanEnding = "missed"     // its time has passed, and nothing ran while it had
	CutShort       PlanEnding = "cut_short"  // they are back before its end
	LeftWith       PlanEnding = "left"       // the person left
)

// AbsenceEnded: the plan counts no more. It moves nothing: whoever is away stays so until
// they say that they are back.
type AbsenceEnded struct {
	Person   string     `json:"person"`
	Plan     string     `json:"plan"`
	How      PlanEnding `json:"how"`
	Away     bool       `json:"away,omitzero"` // its time has passed, and they have not said that they are back
	Reason   Note       `json:"reason,omitzero"`
	Partners []string   `json:"partners,omitzero"` // whom it blocked, where a manager ended it
	Proposal string     `json:"proposal,omitzero"` // with which it was approved that they leave
}

var _ = fact(AbsenceEnded{})

func (AbsenceEnded) Type() string      { return "absence.ended" }
func (f AbsenceEnded) Subject() string { return f.Person }

func (f AbsenceEnded) concerns(*State) Concerns {
	return Concerns{People: append([]string{f.Person}, f.Partners...)}
}

func (f AbsenceEnded) grade() Grade {
	if f.How == Missed {
		return Serious
	}
	return Ordinary
}

func (f AbsenceEnded) by(s *State, e Event) Who {
	switch f.How {
	case CalledOff:
		return byPerson(f.Person).confirmed()
	case CutShort:
		return byPerson(f.Person)
	case EndedByManager:
		return byRole(Manager).confirmed()
	case Over, Missed:
		return bySystem()
	case LeftWith:
		return s.endsAccess(f.Proposal, e, f.Person)
	}
	return Who{}
}

func (f AbsenceEnded) allowed(s *State, e Event) error {
	p, _ := s.Person(f.Person)
	plan, there := p.Plan(f.Plan)
	if !there {
		return e.violates("I7", "of a plan that there is not")
	}
	begun := !plan.Begun.IsZero()
	wrong := true
	switch f.How {
	case LeftWith:
		wrong = false
	case CalledOff:
		wrong = plan.inForce(p)
	case EndedByManager:
		wrong = plan.inForce(p) || e.Actor == f.Person || len(f.Partners) == 0 || !slices.Equal(f.Partners, s.Partners(f.Person))
	case CutShort:
		wrong = !begun
	case Over:
		wrong = !begun || e.Time.Before(plan.Until) || f.Away != p.Away
	case Missed:
		wrong = begun || e.Time.Before(plan.Until) || f.Away != p.Away
	}
	if wrong {
		return e.violates("I7", "ended before its time, or by somebody who could not")
	}
	return nil
}

func (f AbsenceEnded) apply(s *State, _ Event) {
	s.editPerson(f.Person, func(p *Person) {
		p.Plans = slices.DeleteFunc(slices.Clone(p.Plans), func(plan Plan) bool { return plan.ID == f.Plan })
		if len(p.Plans) == 0 {
			p.Plans = nil
		}
	})
	s.expect(s.Time) // what was signed for it counts no more
}

var aPlan = Term{"thing", "absence"}
