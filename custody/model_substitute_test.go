package custody

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestModelOfSubstitutes visits every state that a credential of three technicians gets into
// whose custodians change, for good or until a date, at any moment: held, handed over,
// parked, being changed, with any of them away or gone, and with an absence that one plans
// across the date. The clock stops before the date, a day before it, at it and after it. In
// each state everybody tries all that this can stand in the way of; what is granted, and what
// time does, is compared with the rule as it is said over again here.
func TestModelOfSubstitutes(t *testing.T) {
	t.Parallel()
	policy := testPolicy()
	policy.Approvals = ApprovedByNone // what needs approval happens as soon as somebody asks for it
	w := newWorldUnder(policy)
	var people []AddPerson
	for _, name := range technicians {
		people = append(people, AddPerson{Username: name, Roles: []Role{Technician}})
	}
	if err := w.hire(append(people, AddPerson{Username: boss, Roles: []Role{Manager}}, AddPerson{Username: chief, Roles: []Role{Director}})...); err != nil {
		t.Fatal(err)
	}
	if _, err := w.do(System, server("x", "a", "b")); err != nil {
		t.Fatal(err)
	}
	if err := w.change("x"); err != nil {
		t.Fatal(err)
	}
	m := &substitutes{t: t, seen: map[string]bool{}, whys: map[Code]int{}}
	m.visit(seated{w.state, 0})
	for len(m.queue) > 0 && !t.Failed() {
		at := m.queue[len(m.queue)-1]
		m.queue = m.queue[:len(m.queue)-1]
		m.explore(at)
	}
	t.Logf("%d states, %d steps, %d refused tries; given back %d times, stayed %v", len(m.seen), m.steps, m.refused, m.given, m.whys)
	if len(m.seen) < 1000 || m.given == 0 || m.whys[NotEligible] == 0 || m.whys[CounterpartAway] == 0 || m.whys[AbsenceOverlap] == 0 {
		t.Errorf("%d states; given back %d times, stayed %v", len(m.seen), m.given, m.whys)
	}
}

type substitutes struct {
	t                     *testing.T
	seen                  map[string]bool
	queue                 []seated
	whys                  map[Code]int
	steps, refused, given int
}

// seated is a state at one of the clock's positions.
type seated struct {
	s  *State
	at int
}

var (
	seatDate  = epoch.Add(72 * time.Hour)
	seatStops = []time.Time{epoch.Add(time.Hour), seatDate.Add(-substituteNear), seatDate}
	// The absences that are planned: across the date, and after it.
	acrossDate = between(seatDate.Add(-time.Hour), seatDate.Add(time.Hour))
	afterDate  = between(seatDate.Add(time.Hour), seatDate.Add(2*time.Hour))
)

func (m *substitutes) visit(at seated) {
	if k := m.key(at); !m.seen[k] {
		m.seen[k] = true
		m.queue = append(m.queue, at)
	}
}

func (m *substitutes) key(at seated) string {
	var b strings.Builder
	fmt.Fprint(&b, at.at)
	for p := range at.s.People() {
		fmt.Fprint(&b, " ", p.Username, p.Away, p.Disabled)
		for _, plan := range p.Plans {
			fmt.Fprint(&b, plan.From.Equal(acrossDate.From), !plan.Begun.IsZero(), plan.Settled)
		}
	}
	c, _ := at.s.Credential("x")
	h, _ := at.s.Handover(c.Handover)
	sub := c.Substitute
	fmt.Fprint(&b, c.Primary, c.Backup, c.Phase, c.Holder, c.Successor(), c.Exposure, c.Unattended, h.From, h.Status, h.Leave, sub.Person, sub.Original, sub.Near, sub.Stays)
	return b.String()
}

// tries are what changes who has a seat, and what it goes by.
func (m *substitutes) tries(at seated) (all []Command) {
	add := func(who string, actions ...Action) {
		w := world{state: at.s, now: seatStops[at.at]}
		for _, a := range actions {
			all = append(all, w.with(who, a))
		}
	}
	for _, who := range []string{"a", "b"} {
		add(who, GoAway{}, ComeBack{})
	}
	add("c", CheckOut{"x", note("ticket")})
	for _, who := range technicians {
		add(who, Offer{Credentials: []string{"x"}, Reason: note("lunch")})
		for h := range at.s.OpenHandovers() {
			add(who, Accept{h.ID})
		}
	}
	// One absence is planned across the date, or two that meet after it.
	if a, _ := at.s.Person("a"); at.at == 0 && len(a.Plans) == 0 {
		add("a", acrossDate, afterDate)
	}
	if b, _ := at.s.Person("b"); at.at == 0 && len(b.Plans) == 0 {
		add("b", afterDate)
	}
	for _, primary := range technicians {
		for _, backup := range technicians {
			add(boss, needed(pairOf("x", primary, backup)), needed(standIn("x", primary, backup, seatDate)))
		}
	}
	add(boss, gone("a"))
	return all
}

func (m *substitutes) explore(at seated) {
	if at.at+1 < len(seatStops) {
		m.visit(m.settle(seated{at.s, at.at + 1}))
	}
	for _, c := range m.tries(at) {
		events, err := Decide(at.s, c, seatStops[at.at])
		if may, known := m.may(at, c); known && may != (err == nil) {
			m.t.Errorf("%s %+v: %v, in\n%s", c.Actor, c.Action, err, m.key(at))
		}
		if err != nil {
			m.refused++
			continue
		}
		after := m.follow(at, events)
		m.looks(at.s, after, c.Action)
		m.visit(m.settle(seated{after, at.at}))
	}
	if c, _ := at.s.Credential("x"); c.Phase == Rotating {
		w := world{state: clone(at.s), now: seatStops[at.at]}
		if err := w.change("x"); err != nil {
			m.t.Errorf("%v, in\n%s", err, m.key(at))
			return
		}
		m.looks(at.s, w.state, nil)
		m.visit(m.settle(seated{w.state, at.at}))
	}
}

func (m *substitutes) follow(at seated, events []Event) *State {
	after := clone(at.s)
	for _, e := range events {
		if err := Replay(after, e); err != nil {
			m.t.Fatalf("%v, in\n%s", err, m.key(at))
		}
	}
	m.steps++
	return after
}

// settle lets time act until there is nothing.
func (m *substitutes) settle(at seated) seated {
	for {
		events := at.s.LetTimeAct(seatStops[at.at])
		if len(events) == 0 {
			c, _ := at.s.Credential("x")
			if c.Active() && c.Substitute.In() && c.Substitute.Stays == "" && !seatStops[at.at].Before(seatDate) {
				m.t.Errorf("the date has come, and nothing was done: %s", m.key(at))
			}
			return at
		}
		after := m.follow(at, events)
		m.time(at, after, events)
		at = seated{after, at.at}
	}
}

// time looks at what time did to the seats.
func (m *substitutes) time(at seated, after *State, events []Event) {
	before := at.s
	was, _ := before.Credential("x")
	is, _ := after.Credential("x")
	sub, now := was.Substitute, seatStops[at.at]
	original, _ := before.Person(sub.Original)
	other, _ := before.Person(was.Other(sub.Person))
	plans := func(p Person, plan PlanAbsence) bool {
		return slices.ContainsFunc(p.Plans, func(q Plan) bool { return q.From.Equal(plan.From) })
	}
	for _, e := range events {
		switch f := e.Fact.(type) {
		case SeatGivenBack:
			m.given++
			if now.Before(seatDate) || original.Away || original.Disabled || f.Person != original.Username || !is.HasCustodian(f.Person) || is.HasCustodian(f.From) || is.Substitute.In() {
				m.t.Errorf("given back as it must not be: %+v, in\n%s", f, m.key(at))
			}
			if knew := was.HeldFor() == f.From || slices.Contains(was.Exposure, f.From); knew && is.Phase != Rotating && was.Phase != Parked {
				m.t.Errorf("%s knows it, and it is not changed: %s", f.From, m.key(at))
			}
		case SubstituteStays:
			m.whys[f.Why]++
			both := plans(original, acrossDate) && plans(other, acrossDate) || plans(original, afterDate) && plans(other, afterDate)
			there := !original.Away && !original.Disabled && !plans(original, acrossDate) && !both
			if now.Before(seatDate) || there || custodians(is) != custodians(was) || e.Grade() != Serious {
				m.t.Errorf("the seat stays as it must not: %+v, in\n%s", f, m.key(at))
			}
		case SubstituteNear:
			if now.Before(seatDate.Add(-substituteNear)) || !now.Before(seatDate) {
				m.t.Errorf("near at %s", now)
			}
		}
	}
	if changed := custodians(is) != custodians(was); changed && !slices.ContainsFunc(events, func(e Event) bool { return e.Fact.Type() == "credential.seat_given_back" }) {
		m.t.Errorf("other custodians by time, from\n%s", m.key(at))
	}
	m.sound(after)
}

// looks at one command: only a change of custodians, or an end of access, moves a seat.
func (m *substitutes) looks(before, after *State, a Action) {
	was, _ := before.Credential("x")
	is, _ := after.Credential("x")
	p, asked := a.(Propose)
	_, ended := a.(Disable)
	if !asked && !ended && (custodians(is) != custodians(was) || is.Substitute != was.Substitute) {
		m.t.Errorf("%+v changes who has a seat: %+v to %+v", a, was, is)
	}
	if asked {
		to := p.Change.Proposable.(SetCustodians)
		sub := is.Substitute
		if custodians(is) != [2]string{to.Primary, to.Backup} || !to.Until.IsZero() && (!sub.Until.Equal(to.Until) || sub.Stays != "" || was.HasCustodian(sub.Person) && sub.Person != was.Substitute.Person) {
			m.t.Errorf("not what was asked for: %+v, %+v", to, is)
		}
	}
	m.sound(after)
}

func (m *substitutes) sound(s *State) {
	if err := Check(s); err != nil {
		m.t.Error(err)
	}
}

// may says over again who may change custodians, and that whose seat it is not holds nothing.
func (m *substitutes) may(at seated, c Command) (may, known bool) {
	x, _ := at.s.Credential("x")
	switch a := c.Action.(type) {
	case CheckOut:
		return x.Phase == Held && x.Holder == c.Actor, true
	case Propose:
		to := a.Change.Proposable.(SetCustodians)
		person := func(name string) Person { p, _ := at.s.Person(name); return p }
		one, two := person(to.Primary), person(to.Backup)
		plans := func(p Person, plan PlanAbsence) bool {
			return slices.ContainsFunc(p.Plans, func(q Plan) bool { return q.From.Equal(plan.From) })
		}
		clash := plans(one, acrossDate) && plans(two, acrossDate) || plans(one, afterDate) && plans(two, afterDate)
		able := to.Primary != to.Backup && !one.Disabled && !two.Disabled && !(one.Away && two.Away) && !clash
		sub, changed := x.Substitute, custodians(x) != [2]string{to.Primary, to.Backup}
		if to.Until.IsZero() {
			return able && (changed || sub.In()), true
		}
		if !seatStops[at.at].Before(seatDate) {
			return false, true
		}
		var in, out []string
		for _, name := range technicians {
			switch {
			case to.names(name) && !x.HasCustodian(name):
				in = append(in, name)
			case !to.names(name) && x.HasCustodian(name):
				out = append(out, name)
			}
		}
		whose := sub.Original
		switch {
		case len(in) > 1 || len(in) == 0 && (!sub.In() || !changed): // the same date, or nobody comes in
			return false, true
		case len(in) == 1 && !sub.In():
			if len(out) == 0 { // a vacant seat is nobody's again
				return false, true
			}
			whose = out[0]
		case len(in) == 1 && !slices.Equal(out, []string{sub.Person}):
			return false, true
		}
		p := person(whose)
		return able && whose != "" && !to.names(whose) && !p.Disabled && !plans(p, acrossDate), true
	}
	return false, false
}
