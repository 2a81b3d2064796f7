package custody

// Swap is what somebody asked for: that a plan of theirs and one of somebody else's change
// places, as both are now.
type Swap struct {
	Person   string `json:"person,omitzero"` // "": nobody was asked
	Plan     string `json:"plan,omitzero"`
	Revision int64  `json:"revision,omitzero"` // of that plan
	Own      int64  `json:"own,omitzero"`      // revision of one's own
}

// SwapAbsences gives two plans each the time of the other. The first of the two people who
// gives it asks; when the other gives it as well, of the same plans as they are, it
// happens.
type SwapAbsences struct {
	Plan   string `json:"plan"`   // the actor's own
	Person string `json:"person"` // whose the other is
	With   string `json:"with"`   // that one
}

var _ = action(SwapAbsences{})

func (SwapAbsences) Verb() string      { return "swap_absences" }
func (a SwapAbsences) Subject() string { return a.Person }
func (SwapAbsences) givers() givers    { return people }

func (a SwapAbsences) bare(s *State) Action {
	if _, counted := plannedAt(a.Plan); !counted {
		a.Plan = absent
	}
	return SwapAbsences{a.Plan, s.nameOr(a.Person), s.planOr(a.Person, a.With)}
}

func (a SwapAbsences) decide(d *decision) error {
	mine, err := d.ownPlan(a.Plan)
	if err != nil {
		return err
	}
	theirs, there := d.state.PlanOf(a.Person, a.With)
	switch {
	case !there:
		return refuseNotFound(aPlan)
	case a.Person == d.actor.Username:
		return refuseForbidden(onlyAnother)
	case !mine.Begun.IsZero():
		return refuseAbsenceBegun(mine)
	case !theirs.Begun.IsZero():
		return refuseAbsenceBegun(theirs)
	}
	if err := d.state.swapClashes(d.actor.Username, mine, a.Person, theirs); err != nil {
		return err
	}
	asked := theirs.Swap == Swap{d.actor.Username, mine.ID, mine.Revision, theirs.Revision}
	if !asked && mine.Swap == (Swap{a.Person, theirs.ID, theirs.Revision, mine.Revision}) {
		return refuseSwapAsked(mine, a.Person)
	}
	if err := d.confirm(); err != nil {
		return err
	}
	f := SwapAsked{Person: d.actor.Username, Plan: mine.ID, Other: a.Person, With: theirs.ID, Revision: mine.Revision, WithRevision: theirs.Revision}
	if asked {
		d.happen(AbsencesSwapped(f))
		d.breaks(mine.ID)
		d.breaks(theirs.ID)
		return nil
	}
	d.happen(f)
	return nil
}

// swapClashes refuses a swap after which somebody would be away twice at one time, or
// beside a partner.
func (s *State) swapClashes(a string, one Plan, b string, other Plan) *Refusal {
	after := s.Fork()
	after.exchange(a, one.ID, b, other.ID)
	d := decision{state: after}
	for _, swapped := range []struct {
		person string
		plan   string
	}{{a, one.ID}, {b, other.ID}} {
		p, _ := after.Person(swapped.person)
		plan, _ := p.Plan(swapped.plan)
		for _, its := range p.Plans {
			if its.ID != plan.ID && (Absence{From: its.From, Until: its.Until}).meets(plan.From, plan.Until) {
				return refuseOwnAbsence(its)
			}
		}
		if err := d.clashes(swapped.person, plan.From, plan.Until); err != nil {
			return err
		}
	}
	return nil
}

// exchange gives two plans each the time of the other.
func (s *State) exchange(a, one, b, other string) {
	mine, _ := s.PlanOf(a, one)
	theirs, _ := s.PlanOf(b, other)
	s.rearrange(a, one, mine.Revision+1, theirs.From, theirs.Until, theirs.Meant)
	s.rearrange(b, other, theirs.Revision+1, mine.From, mine.Until, mine.Meant)
}

// SwapAsked: somebody would like to swap, and has confirmed it.
type SwapAsked struct {
	Person       string `json:"person"`
	Plan         string `json:"plan"`
	Other        string `json:"other"`
	With         string `json:"with"`
	Revision     int64  `json:"revision"`
	WithRevision int64  `json:"with_revision"`
}

var _ = fact(SwapAsked{})

func (SwapAsked) Type() string      { return "absence.swap_asked" }
func (f SwapAsked) Subject() string { return f.Person }
func (f SwapAsked) concerns(*State) Concerns {
	return Concerns{People: []string{f.Person, f.Other}}
}
func (SwapAsked) grade() Grade           { return Ordinary }
func (f SwapAsked) by(*State, Event) Who { return byPerson(f.Person).confirmed() }

func (f SwapAsked) allowed(s *State, e Event) error {
	if _, _, err := f.swappable(s, e); err != nil {
		return err
	}
	return nil
}

// swappable gives the two plans, if both are as it says and have not begun.
func (f SwapAsked) swappable(s *State, e Event) (mine, theirs Plan, err error) {
	mine, a := s.PlanOf(f.Person, f.Plan)
	theirs, b := s.PlanOf(f.Other, f.With)
	if !a || !b || f.Person == f.Other || !mine.Begun.IsZero() || !theirs.Begun.IsZero() || mine.Revision != f.Revision || theirs.Revision != f.WithRevision {
		return mine, theirs, e.violates("I7", "of plans that there are not, that were moved, or have begun")
	}
	return mine, theirs, nil
}

func (f SwapAsked) apply(s *State, _ Event) {
	s.editPlan(f.Person, f.Plan, func(plan *Plan) { plan.Swap = Swap{f.Other, f.With, f.WithRevision, f.Revision} })
}

// AbsencesSwapped: both have confirmed it, and each plan has the time of the other. Person
// is the second of the two; the first had asked.
type AbsencesSwapped SwapAsked

var _ = fact(AbsencesSwapped{})

func (AbsencesSwapped) Type() string                 { return "absence.swapped" }
func (f AbsencesSwapped) Subject() string            { return f.Person }
func (f AbsencesSwapped) concerns(s *State) Concerns { return SwapAsked(f).concerns(s) }
func (AbsencesSwapped) grade() Grade                 { return Ordinary }
func (f AbsencesSwapped) by(*State, Event) Who       { return byPerson(f.Person).confirmed() }

func (f AbsencesSwapped) allowed(s *State, e Event) error {
	mine, theirs, err := SwapAsked(f).swappable(s, e)
	switch {
	case err != nil:
		return err
	case theirs.Swap != Swap{f.Person, f.Plan, f.Revision, f.WithRevision}:
		return e.violates("I6", "swapped though the other had not asked for just this")
	case s.swapClashes(f.Person, mine, f.Other, theirs) != nil:
		return e.violates("I2", "swapped into a time at which a partner is away")
	}
	return nil
}

func (f AbsencesSwapped) apply(s *State, _ Event) { s.exchange(f.Person, f.Plan, f.Other, f.With) }

func refuseSwapAsked(plan Plan, other string) *Refusal {
	return &Refusal{Code: Conflict, Key: "swap_asked", Args: Args{"absence": plan.ID, "person": other}}
}
