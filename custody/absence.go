package custody

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Plan is an absence that somebody has announced for later. What of it is over, or was
// called off, is in the ledger and not here.
type Plan struct {
	ID     string    `json:"id"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"` // the first instant at which they are back
	Meant  Meant     `json:"meant"`
	Reason Note      `json:"reason,omitzero"`

	// HandsOver: they have said that everything they hold is to pass to the other
	// custodians when it begins.
	HandsOver bool  `json:"hands_over,omitzero"`
	Revision  int64 `json:"revision"` // raised by each move: what was signed was signed of one

	Reminded Lead      `json:"reminded,omitzero"` // the last reminder that was due
	Begun    time.Time `json:"begun,omitzero"`    // when it was found to have begun; zero: not yet
	Settled  bool      `json:"settled,omitzero"`  // what was to pass on has, or it is on record that it has not
	Swap     Swap      `json:"swap,omitzero"`     // they asked somebody to swap
}

// Meant is how somebody put an absence: on which clock, in which zone. The instants are
// what counts; this is what they are shown, and what is moved along when it is moved.
type Meant struct {
	From   string `json:"from"`  // 2026-03-29T09:00, or 2026-03-29 for a whole day
	Until  string `json:"until"` // the same; of whole days the last one
	Zone   string `json:"zone"`  // of the IANA: Europe/Berlin
	AllDay bool   `json:"all_day,omitzero"`
}

var (
	wallTime = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$`)
	wallDay  = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
	zoneName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`)
)

// check looks at the form only: which instant a wall clock means is for whoever has the
// tables of the zones.
func (m Meant) check() *Refusal {
	form := wallTime
	if m.AllDay {
		form = wallDay
	}
	switch {
	case !form.MatchString(m.From):
		return Invalid("from", "wall")
	case !form.MatchString(m.Until):
		return Invalid("until", "wall")
	case len(m.Zone) > 64 || !zoneName.MatchString(m.Zone):
		return Invalid("zone", "zone")
	}
	return nil
}

const (
	maxPlans  = 50                   // that somebody has at once
	maxAbsent = 400 * 24 * time.Hour // the longest absence: a year, and the holidays at its end
	maxAhead  = 2 * maxAbsent        // how far ahead one can begin
)

// absenceID names a plan after the entry of the ledger that planned it.
func absenceID(entry int64) string { return fmt.Sprintf("absence-%d", entry) }

// plannedAt gives the index of the entry that planned an absence.
func plannedAt(id string) (entry int64, ok bool) {
	n, err := strconv.ParseInt(strings.TrimPrefix(id, "absence-"), 10, 64)
	return n, err == nil && id == absenceID(n)
}

// Plan finds one of the person's.
func (p Person) Plan(id string) (Plan, bool) {
	for _, plan := range p.Plans {
		if plan.ID == id {
			return plan, true
		}
	}
	return Plan{}, false
}

// begun gives the plan whose time has come and is not over, if there is one.
func (p Person) begun() (Plan, bool) {
	for _, plan := range p.Plans {
		if !plan.Begun.IsZero() {
			return plan, true
		}
	}
	return Plan{}, false
}

// PlanOf finds a plan of somebody's.
func (s *State) PlanOf(person, id string) (Plan, bool) {
	p, _ := s.Person(person)
	return p.Plan(id)
}

func (s *State) editPlan(person, id string, edit func(*Plan)) {
	s.editPerson(person, func(p *Person) {
		at := slices.IndexFunc(p.Plans, func(plan Plan) bool { return plan.ID == id })
		if at < 0 {
			return
		}
		p.Plans = slices.Clone(p.Plans)
		edit(&p.Plans[at])
		slices.SortFunc(p.Plans, func(a, b Plan) int { return a.From.Compare(b.From) })
	})
	s.touched.people = append(s.touched.people, person)
	p, _ := s.Person(person)
	s.expectPlans(p)
}

// planOr gives a submitted id if it is that of a plan of somebody's.
func (s *State) planOr(person, id string) string {
	if _, there := s.PlanOf(person, id); there {
		return id
	}
	return absent
}

// Partners gives those with whom somebody shares a credential, by name.
func (s *State) Partners(person string) (names []string) {
	seen := map[string]bool{"": true}
	for _, name := range s.Charges(person) {
		c, _ := s.Credential(name)
		if other := c.Other(person); !seen[other] {
			seen[other] = true
			names = append(names, other)
		}
	}
	slices.Sort(names)
	return names
}

// Absence is a time for which it is known that somebody is not there: half-open.
type Absence struct {
	From  time.Time
	Until time.Time
	Plan  string // "": they are away now, or leave when an offer is accepted, and have said until when
}

func (a Absence) meets(from, until time.Time) bool {
	return a.From.Before(until) && from.Before(a.Until)
}

// Absences gives when somebody is known not to be there. An absence that is without an
// end stands in nobody's way later on: what it leads to is seen when it is later.
func (s *State) Absences(person string) (all []Absence) {
	p, _ := s.Person(person)
	for _, plan := range p.Plans {
		all = append(all, Absence{plan.From, plan.Until, plan.ID})
	}
	if p.Away && !p.AwayUntil.IsZero() {
		all = append(all, Absence{From: p.AwaySince, Until: p.AwayUntil})
	}
	return append(all, s.leaveOffered(person)...)
}

// leaveOffered gives when somebody wants to be away once others have accepted.
func (s *State) leaveOffered(person string) (all []Absence) {
	for h := range s.OpenHandovers() {
		if h.From == person && h.Status == Offered && s.leavesBy(h) && !h.ExpectedReturn.IsZero() {
			all = append(all, Absence{From: h.OfferedAt, Until: h.ExpectedReturn})
		}
	}
	return all
}

// clashesNow refuses to be away from now on for longer than until another custodian plans
// to be. Whether one of them is away already is mayLeave's.
func (d *decision) clashesNow(until time.Time) *Refusal {
	return d.clashesWith(d.actor.Username, d.now, until, func(other string) []Absence {
		return slices.DeleteFunc(d.state.Absences(other), func(a Absence) bool { return a.Plan == "" })
	})
}

// clashes refuses an absence of somebody while another custodian of what they look after
// is known to be away.
func (d *decision) clashes(person string, from, until time.Time) *Refusal {
	return d.clashesWith(person, from, until, d.state.Absences)
}

func (d *decision) clashesWith(person string, from, until time.Time, absences func(string) []Absence) *Refusal {
	if until.IsZero() {
		return nil
	}
	seen := map[string]bool{"": true}
	for _, name := range d.state.Charges(person) {
		c, _ := d.state.Credential(name)
		other := c.Other(person)
		if seen[other] {
			continue
		}
		seen[other] = true
		for _, a := range absences(other) {
			if a.meets(from, until) {
				return refuseAbsenceOverlap(other, c, a)
			}
		}
	}
	return nil
}

// pairClashes refuses two people as the custodians of a credential who are known to be
// away at one time, as one of them plans it. A date by which one of them is to have it no
// more makes no difference: the seat may stay with them.
func (d *decision) pairClashes(credential, a, b string) *Refusal {
	if clash, clashes := d.state.bothAway(a, b); clashes {
		return refuseAbsenceOverlap(b, Credential{Name: credential}, clash)
	}
	return nil
}

// bothAway finds when two people are known to be away at one time, as one of them plans
// it: the absence of the other.
func (s *State) bothAway(one, other string) (Absence, bool) {
	theirs := s.Absences(other)
	for _, a := range s.Absences(one) {
		for _, b := range theirs {
			if planned := a.Plan != "" || b.Plan != ""; planned && b.meets(a.From, a.Until) {
				return b, true
			}
		}
	}
	return Absence{}, false
}

// checkWindow refuses a time that cannot be that of an absence; except is the plan that
// is moved to it.
func (d *decision) checkWindow(from, until time.Time, except string) *Refusal {
	if err := d.checkFuture("from", from); err != nil {
		return err
	}
	return d.checkEnd(from, until, except)
}

func (d *decision) checkEnd(from, until time.Time, except string) *Refusal {
	if err := d.checkFuture("until", until); err != nil {
		return err
	}
	switch {
	case from.IsZero():
		return Invalid("from", "wall")
	case !from.Before(until):
		return Invalid("until", "before_it_begins")
	case until.Sub(from) > maxAbsent:
		return Invalid("until", "too_long_away")
	case from.Sub(d.now) > maxAhead:
		return Invalid("from", "too_far_ahead")
	}
	for _, plan := range d.actor.Plans {
		if plan.ID != except && (Absence{From: plan.From, Until: plan.Until}).meets(from, until) {
			return refuseOwnAbsence(plan)
		}
	}
	return d.clashes(d.actor.Username, from, until)
}

// mayBeAway is I2 of what is planned: nobody has two absences at one time, and no two who
// look after one credential have.
func (s *State) mayBeAway(e Event, person, except string, from, until time.Time) error {
	if !from.Before(until) {
		return e.violates("I7", "over before it begins")
	}
	p, _ := s.Person(person)
	for _, plan := range p.Plans {
		if plan.ID != except && (Absence{From: plan.From, Until: plan.Until}).meets(from, until) {
			return e.violates("I2", "two absences of one person at one time")
		}
	}
	for _, other := range s.Partners(person) {
		for _, a := range s.Absences(other) {
			if a.meets(from, until) {
				return e.violates("I2", person+" and "+other+" would both be away")
			}
		}
	}
	return nil
}

// checkPlans holds I2 and I11 of somebody's plans.
func (s *State) checkPlans(p Person) error {
	broken := func(invariant, detail string) error {
		return &Violation{Invariant: invariant, Subject: p.Username, Detail: detail}
	}
	if p.Disabled && len(p.Plans) > 0 {
		return broken("I11", "has left, and has a plan")
	}
	for i, plan := range p.Plans {
		if i > 0 && plan.From.Before(p.Plans[i-1].Until) {
			return broken("I2", "two absences at one time")
		}
	}
	return nil
}

// checkPairPlans holds I2 of what the custodians of a credential plan.
func checkPairPlans(c Credential, primary, backup Person) error {
	for _, one := range primary.Plans {
		for _, other := range backup.Plans {
			if (Absence{From: one.From, Until: one.Until}).meets(other.From, other.Until) {
				return &Violation{Invariant: "I2", Subject: c.Name, Detail: fmt.Sprintf("%s and %s plan to be away at one time", primary.Username, backup.Username)}
			}
		}
	}
	return nil
}

func refuseAbsenceOverlap(other string, c Credential, a Absence) *Refusal {
	return &Refusal{Code: AbsenceOverlap, Rule: ruleHandover, Key: "absence_overlap",
		Args: Args{"credential": c.Name, "person": other, "from": Planned{a.From}, "until": Planned{a.Until}}}
}

func refuseOwnAbsence(plan Plan) *Refusal {
	return &Refusal{Code: AbsenceOverlap, Key: "own_absence",
		Args: Args{"absence": plan.ID, "from": Planned{plan.From}, "until": Planned{plan.Until}}}
}

func refuseAbsencesMeet(one, other PlannedTime) *Refusal {
	return &Refusal{Code: AbsenceOverlap, Field: "absences", Key: "absences_meet", Args: Args{
		"from": Planned{one.From}, "until": Planned{one.Until}, "other_from": Planned{other.From}, "other_until": Planned{other.Until},
	}}
}

func refuseTooManyPlans() *Refusal {
	return &Refusal{Code: Conflict, Key: "too_many_plans", Args: Args{"most": maxPlans}}
}

func refuseAbsenceBegun(plan Plan) *Refusal {
	return &Refusal{Code: Conflict, Key: "absence_begun", Args: Args{"absence": plan.ID}}
}

func refuseBlocksNobody(plan Plan, p Person) *Refusal {
	return &Refusal{Code: Conflict, Key: "blocks_nobody", Args: Args{"absence": plan.ID, "person": p.Username}}
}
