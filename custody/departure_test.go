package custody

import (
	"slices"
	"testing"
	"time"
)

// Somebody's access ends on a date that was agreed before. ann leaves in ten days.

const tenDays = 10 * 24 * time.Hour

func annLeaves(in time.Duration) PlanDeparture {
	return PlanDeparture{"ann", epoch.Add(in)}
}

func annIsToLeave(o *office) { o.agreed("ada", annLeaves(tenDays)) }

func TestALeavingIsPlanned(t *testing.T) {
	check(t, []clause{
		{"by nobody alone", nil, "ada", annLeaves(tenDays), ApprovalNeeded, nil},
		{"it is asked for", nil, "ben", needed(annLeaves(tenDays)), "", func(o *office) bool {
			return slices.Equal(o.needs("p-1"), []Role{Manager}) && !o.person("ann").Departure.Planned()
		}},
		{"also by whoever leaves", nil, "ann", needed(annLeaves(tenDays)), "", nil},
		{"of somebody", nil, "ada", needed(PlanDeparture{"mallory", epoch.Add(tenDays)}), NotFound, nil},
		{"who is there", annHasLeft, "ada", needed(annLeaves(tenDays)), Conflict, nil},
		{"on a day ahead", nil, "ada", needed(PlanDeparture{"ann", epoch}), InvalidRequest, nil},
		{"once", annIsToLeave, "ada", needed(annLeaves(tenDays)), Conflict, nil},
		{"it is moved", annIsToLeave, "ada", needed(annLeaves(2 * tenDays)), "", nil},
		{"it is called off", annIsToLeave, "ada", needed(PlanDeparture{Person: "ann"}), "", nil},
		{"if there is one", nil, "ada", needed(PlanDeparture{Person: "ann"}), Conflict, nil},
		{"sooner than that somebody takes it at once", annIsToLeave, "max", gone("ann"), "", func(o *office) bool {
			ann := o.person("ann")
			return ann.Disabled && !ann.Departure.Planned() && ann.Leaving.Planned == "" && ann.Leaving.By == "max"
		}},
		{"until then they are there", annIsToLeave, "ann", CheckOut{"db01", note("ticket")}, "", nil},
		{"and have a seat", annIsToLeave, "ada", needed(pairOf("web01", "ben", "ann")), "", nil},
	})
}

// A yes that comes after the date that was asked for plans nothing.
func TestADateThatPassesBeforeItIsApproved(t *testing.T) {
	o := newOffice(t)
	o.does("ada", needed(annLeaves(time.Hour)))
	o.now = epoch.Add(2 * time.Hour)
	o.does("max", o.approval("p-1"))
	if last := o.history[len(o.history)-1].Fact; last != (ProposalFailed{Proposal: "p-1", Code: InvalidRequest}) {
		t.Errorf("%+v", last)
	}
}

func TestTheDateOfALeavingComes(t *testing.T) {
	o := newOffice(t)
	annWorks(o)
	o.does("ann", needed(pairOf("web01", "ben", "ann")))
	o.does("ann", Offer{Credentials: []string{"db02"}, Reason: note("in time")})
	o.does("ada", needed(annLeaves(12*time.Hour)))
	o.does("max", o.approval("p-2"))
	from := len(o.history)
	o.now = epoch.Add(12*time.Hour - time.Millisecond)
	o.passes(0)
	for _, e := range o.history[from:] {
		if e.Fact.Type() != "departure.near" && e.Fact.Type() != "checkout.ended" {
			t.Fatalf("too early: %s", e.Fact.Type())
		}
	}
	if near := o.person("ann").Departure; !near.Near {
		t.Fatalf("a day before, and nobody is told: %+v", near)
	}
	from = len(o.history)
	o.passes(time.Millisecond)
	var types []string
	for _, e := range o.history[from:] {
		types = append(types, e.Fact.Type())
	}
	if !slices.Equal(types, []string{"proposal.withdrawn", "handover.voided", "credential.seat_vacated", "credential.seat_vacated", "person.disabled"}) {
		t.Fatal(types)
	}
	ann, db01 := o.person("ann"), o.credential("db01")
	if !ann.Disabled || ann.Departure.Planned() || ann.Leaving.Planned != "p-2" || ann.Leaving.By != "max" || !ann.Leaving.Due.Equal(o.now.Add(leavingTime)) {
		t.Errorf("%+v", ann)
	}
	if db01.Phase != Rotating || db01.Successor() != "ben" || db01.Rotation.Reason != ForLeaving {
		t.Errorf("%+v", db01)
	}
	if _, err := o.do("ann", SignIn{}); CodeOf(err) != Unauthenticated {
		t.Error(err)
	}
}

func TestADateIsMovedAndCalledOff(t *testing.T) {
	o := newOffice(t)
	annIsToLeave(o)
	o.agreed("ada", annLeaves(2*tenDays))
	o.passes(2*tenDays - departureNear - time.Millisecond)
	if ann := o.person("ann"); ann.Disabled || ann.Departure.Near {
		t.Fatalf("on the date that was moved: %+v", ann.Departure)
	}
	o.passes(time.Millisecond)
	if !o.person("ann").Departure.Near {
		t.Fatal("a day before, and nobody is told")
	}
	o.agreed("ada", annLeaves(3*tenDays))
	if o.person("ann").Departure.Near {
		t.Fatal("told of the date before")
	}
	o.agreed("ada", PlanDeparture{Person: "ann"})
	o.passes(4 * tenDays)
	if o.person("ann").Disabled {
		t.Error("called off, and yet")
	}
}

// Both custodians of a credential leave on the same date: nobody is left to hold it, and
// what both knew is changed.
func TestBothCustodiansLeaveOnOneDate(t *testing.T) {
	o := newOffice(t)
	annWorks(o)
	for _, name := range []string{"ann", "ben"} {
		o.agreed("ada", PlanDeparture{name, epoch.Add(tenDays)})
	}
	o.passes(tenDays)
	db01 := o.credential("db01")
	if !o.person("ann").Disabled || !o.person("ben").Disabled || db01.Phase != Rotating || db01.Successor() != "" || len(db01.Leavers) == 0 {
		t.Errorf("%+v", db01)
	}
}

// More than five leave on one day as planned, and somebody's access can still be taken.
func TestALeavingThatWasPlannedCountsForNobody(t *testing.T) {
	o := newOffice(t)
	for _, name := range []string{"one", "two", "three", "four", "five", "six"} {
		o.hires(name, Technician)
		o.agreed("ada", PlanDeparture{name, epoch.Add(tenDays)})
	}
	o.passes(tenDays)
	if six := o.person("six"); !six.Disabled {
		t.Fatal("the sixth is there")
	}
	o.does("ada", gone("ann"))
}

// Whoever comes back has no date.
func TestWhoComesBackHasNoDate(t *testing.T) {
	o := newOffice(t)
	annIsToLeave(o)
	annHasLeft(o)
	o.agreed("ada", Reinstate{"ann"})
	o.passes(2 * tenDays)
	if o.person("ann").Disabled {
		t.Error("gone again, by the date of before")
	}
}

// What would be missing without somebody.
func TestWhatNobodyCouldDoWithoutSomebody(t *testing.T) {
	o := newOffice(t)
	for who, want := range map[string][]Role{"ada": {Admin}, "max": {Manager}, "dot": {Director}, "ann": nil, "eve": nil} {
		if got := o.state.Prospect(who).Sole; !slices.Equal(got, want) {
			t.Errorf("%s: %v", who, got)
		}
	}
	miaIsBoth(o)
	for who, want := range map[string][]Role{"max": nil, "dot": nil, "mia": nil} {
		if got := o.state.Prospect(who).Sole; !slices.Equal(got, want) {
			t.Errorf("with another who is both, %s: %v", who, got)
		}
	}
	dotHasLeft(o)
	if got := o.state.Prospect("max").Sole; !slices.Equal(got, []Role{Manager}) {
		t.Errorf("who stays would be alone with both: %v", got)
	}
	if got := (Change{pairOf("db01", "ann", "")}).Seats(); !slices.Equal(got, []string{"ann"}) {
		t.Error(got)
	}
	if got := (Change{server("db09", "ann", "ben")}).Seats(); !slices.Equal(got, []string{"ann", "ben"}) {
		t.Error(got)
	}
	if got := (Change{Park{"db01"}}).Seats(); got != nil {
		t.Error(got)
	}
}

func TestWhatNobodyForgesOfAPlannedLeaving(t *testing.T) {
	at := stateAfter(t)
	next := func(s *State, actor string, after time.Duration, f Fact) Event {
		return laterBy(forgedBy(s, actor, f), after)
	}
	eveLeaves := PlanDeparture{"eve", epoch.Add(tenDays)}
	plain, agreed := at(), at(approvedNow(eveLeaves))
	planned := at(func(o *office) { o.agreed("ada", eveLeaves) })
	annToo := at(annIsToLeave)
	annOffers := at(func(o *office) { annIsToLeave(o); annOffered(o) })
	asks := at(func(o *office) { annIsToLeave(o); o.does("ann", needed(Retire{"db01"})) })
	told := at(func(o *office) { o.agreed("ada", eveLeaves); o.passes(tenDays - time.Hour) })
	left := clone(agreed)
	left.editPerson("eve", func(p *Person) { p.Disabled = true })
	plan := DeparturePlanned{Person: "eve", At: epoch.Add(tenDays), Proposal: "p-1"}
	with := func(edit func(*DeparturePlanned)) DeparturePlanned { f := plan; edit(&f); return f }
	ended := PersonDisabled{Person: "eve", Planned: "p-1"}
	vacated := SeatVacated{Credential: "db01", Person: "ann", Successor: "ben", Changes: true, Deadline: epoch.Add(2 * tenDays)}
	for name, e := range map[string]struct {
		state     *State
		event     Event
		invariant string
	}{
		"planned without a proposal":            {plain, next(plain, "max", 0, plan), "I6"},
		"planned by the system":                 {agreed, next(agreed, System, 0, plan), "I6"},
		"planned for another":                   {agreed, next(agreed, "max", 0, with(func(f *DeparturePlanned) { f.Person = "cay" })), "I10"},
		"planned for another date":              {agreed, next(agreed, "max", 0, with(func(f *DeparturePlanned) { f.At = f.At.Add(time.Hour) })), "I10"},
		"planned for none":                      {agreed, next(agreed, "max", 0, with(func(f *DeparturePlanned) { f.At = time.Time{} })), "I10"},
		"planned in the place of another":       {agreed, next(agreed, "max", 0, with(func(f *DeparturePlanned) { f.Before = epoch })), "I10"},
		"planned twice":                         {planned, next(planned, "max", 0, plan), "I6"},
		"planned for who has left":              {left, next(left, "max", 0, plan), "I10"},
		"planned when it has passed":            {agreed, next(agreed, "max", tenDays, plan), "I10"},
		"near too early":                        {planned, next(planned, System, tenDays-departureNear-time.Millisecond, DepartureNear{"eve"}), "I10"},
		"near when it has come":                 {planned, next(planned, System, tenDays, DepartureNear{"eve"}), "I10"},
		"near twice":                            {told, next(told, System, time.Minute, DepartureNear{"eve"}), "I10"},
		"near for who does not leave":           {plain, next(plain, System, 0, DepartureNear{"eve"}), "I10"},
		"near by somebody's word":               {planned, next(planned, "max", tenDays-1, DepartureNear{"eve"}), "I6"},
		"ended by time too early":               {planned, next(planned, System, tenDays-time.Millisecond, ended), "I6"},
		"ended by time though there is no date": {plain, next(plain, System, tenDays, ended), "I6"},
		"ended by time, said to be at once":     {planned, next(planned, System, tenDays, PersonDisabled{Person: "eve"}), "I10"},
		"ended by time, by another plan":        {planned, next(planned, System, tenDays, PersonDisabled{Person: "eve", Planned: "p-2"}), "I10"},
		"ended by time, for a reason":           {planned, next(planned, System, tenDays, PersonDisabled{Person: "eve", Planned: "p-1", Reason: note("x")}), "I10"},
		"ended by somebody, said to be planned": {planned, next(planned, "ada", tenDays, ended), "I10"},
		"ended by time, with a proposal":        {planned, next(planned, System, tenDays, PersonDisabled{Person: "eve", Planned: "p-1", Proposal: "p-1"}), "I6"},
		"ended by time with their seats":        {annToo, next(annToo, System, tenDays, PersonDisabled{Person: "ann", Planned: "p-1"}), "I11"},
		"a seat vacated by time too early":      {annToo, next(annToo, System, tenDays-time.Millisecond, vacated), "I6"},
		"a seat vacated by time of who stays":   {annToo, next(annToo, System, tenDays, SeatVacated{Credential: "web01", Person: "cay", Successor: "ben"}), "I6"},
		"a handover voided by time too early":   {annOffers, next(annOffers, System, tenDays-time.Millisecond, HandoverVoided{Handover: "handover-1", Person: "ann"}), "I6"},
		"a handover voided by time for another": {annOffers, next(annOffers, System, tenDays, HandoverVoided{Handover: "handover-1", Person: "ben"}), "I6"},
		"a proposal withdrawn by time too soon": {asks, next(asks, System, tenDays-time.Millisecond, ProposalWithdrawn{Proposal: "p-2", Left: true}), "I6"},
	} {
		if err := CheckEvent(e.state, e.event); !violation(err, e.invariant, "") {
			t.Errorf("%s: got %v, want %s", name, err, e.invariant)
		}
	}
	for name, e := range map[string]struct {
		state *State
		event Event
	}{
		"planned":   {agreed, next(agreed, "max", 0, plan)},
		"near":      {planned, next(planned, System, tenDays-departureNear, DepartureNear{"eve"})},
		"ended":     {planned, next(planned, System, tenDays, ended)},
		"vacated":   {annToo, next(annToo, System, tenDays, vacated)},
		"voided":    {annOffers, next(annOffers, System, tenDays, HandoverVoided{Handover: "handover-1", Person: "ann"})},
		"withdrawn": {asks, next(asks, System, tenDays, ProposalWithdrawn{Proposal: "p-2", Left: true})},
	} {
		if err := CheckEvent(e.state, e.event); err != nil {
			t.Errorf("%s, as it should be: %v", name, err)
		}
	}
}
