package custody

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// absenceModel visits every state that two technicians with one credential get into who
// plan, move and call off absences, sign ahead, hand over, go and come back, while the clock
// passes each instant at which time acts. In each it tries every command of everybody, and
// looks at what follows in the policy's words and without the machine's help.
type absenceModel struct {
	t       *testing.T
	seen    map[string]bool
	queue   []modelled
	refused map[Code]bool
	steps   int
	moved   int // times at which custody passed by itself
}

// modelled is a state at one of the clock's positions.
type modelled struct {
	s  *State
	at int
}

// The two times that are planned for, and every instant that the clock stops at.
var (
	firstTime  = Absence{From: monday, Until: friday}
	secondTime = Absence{From: friday.Add(24 * time.Hour), Until: friday.Add(48 * time.Hour)}
	clockStops = []time.Time{
		epoch.Add(time.Hour), firstTime.From, firstTime.From.Add(DefaultPolicy().AbsenceWait), firstTime.Until,
		secondTime.From, secondTime.From.Add(DefaultPolicy().AbsenceWait), secondTime.Until,
	}
)

func TestModelOfAbsences(t *testing.T) {
	t.Parallel()
	w := newWorld()
	if err := w.hire(AddPerson{Username: "a", Roles: []Role{Technician}}, AddPerson{Username: "b", Roles: []Role{Technician}}, AddPerson{Username: "boss", Roles: []Role{Manager}}); err != nil {
		t.Fatal(err)
	}
	for _, add := range []AddCredential{server("x", "a", "b")} {
		if _, err := w.do(System, add); err != nil {
			t.Fatal(err)
		}
		if err := w.change(add.Name); err != nil {
			t.Fatal(err)
		}
	}
	m := &absenceModel{t: t, seen: map[string]bool{}, refused: map[Code]bool{}}
	m.visit(modelled{w.state, 0})
	for len(m.queue) > 0 && !t.Failed() {
		at := m.queue[len(m.queue)-1]
		m.queue = m.queue[:len(m.queue)-1]
		m.explore(at)
	}
	for _, code := range []Code{AbsenceOverlap, Conflict, Forbidden, HandoverNotOpen, HolderMustHandOver, InvalidRequest, BothAway} {
		if !m.refused[code] {
			t.Errorf("nothing was refused with %s", code)
		}
	}
	if len(m.seen) < 1000 || m.moved == 0 {
		t.Errorf("%d states, and custody passed by itself %d times", len(m.seen), m.moved)
	}
	t.Logf("%d states, %d steps, custody passed by itself in %d", len(m.seen), m.steps, m.moved)
}

func (m *absenceModel) visit(at modelled) {
	if k := absenceKey(at); !m.seen[k] {
		m.seen[k] = true
		m.queue = append(m.queue, at)
	}
}

// absenceKey tells states apart by what the rules of absences look at.
func absenceKey(at modelled) string {
	var b strings.Builder
	fmt.Fprint(&b, at.at)
	for p := range at.s.People() {
		fmt.Fprint(&b, p.Username, p.Away, p.AwayUntil.After(firstTime.From), p.AwayUntil.After(secondTime.From))
		for _, plan := range p.Plans {
			fmt.Fprint(&b, " plan", plan.From.Unix(), !plan.Begun.IsZero(), plan.Settled, plan.HandsOver)
		}
	}
	for c := range at.s.Credentials() {
		h, _ := at.s.Handover(c.Handover)
		fmt.Fprint(&b, c.Name, c.Phase, c.Holder, c.Successor(), h.Status, h.From, h.Leave, h.Ahead.Plan != "")
	}
	var open []string
	for h := range at.s.OpenHandovers() {
		open = append(open, fmt.Sprint(h.From, h.Status, h.Credentials, h.Leave, h.Expires.Before(clockStops[min(at.at+1, len(clockStops)-1)])))
	}
	slices.Sort(open)
	return b.String() + fmt.Sprint(open)
}

func (m *absenceModel) explore(at modelled) {
	if at.at+1 < len(clockStops) {
		m.time(at)
	}
	for _, c := range m.tries(at) {
		events, err := Decide(at.s, c, clockStops[at.at])
		if may, known := m.may(at, c); known && may != (err == nil) {
			m.t.Errorf("%s %T %+v: %v, in\n%s", c.Actor, c.Action, c.Action, err, absenceKey(at))
		}
		if err != nil {
			m.refused[CodeOf(err)] = true
			continue
		}
		after := m.follow(at, events)
		m.looks(at, after, events, false)
		m.visit(modelled{m.settle(after, at.at), at.at})
	}
	if done := m.changed(at); done != nil {
		m.visit(modelled{m.settle(done, at.at), at.at})
	}
}

// follow applies events as a verifier does.
func (m *absenceModel) follow(at modelled, events []Event) *State {
	after := clone(at.s)
	for _, e := range events {
		if err := Replay(after, e); err != nil {
			m.t.Fatalf("%v, in\n%s", err, absenceKey(at))
		}
	}
	m.steps++
	return after
}

// settle lets time act until it has nothing left to do, which it says in one go.
func (m *absenceModel) settle(s *State, stop int) *State {
	at := modelled{s, stop}
	events := s.LetTimeAct(clockStops[stop])
	if len(events) == 0 {
		return s
	}
	after := m.follow(at, events)
	m.looks(at, after, events, true)
	after.Reschedule()
	if more := after.LetTimeAct(clockStops[stop]); len(more) > 0 {
		m.t.Errorf("time acts twice at one moment: %v, then %v, in\n%s", typesOf(events), typesOf(more), absenceKey(at))
	}
	return after
}

// time passes to the next stop.
func (m *absenceModel) time(at modelled) {
	after := clone(at.s)
	m.visit(modelled{m.settle(after, at.at+1), at.at + 1})
}

// changed carries through what is being changed.
func (m *absenceModel) changed(at modelled) *State {
	s, any := at.s, false
	for c := range at.s.Credentials() {
		if c.Phase != Rotating {
			continue
		}
		any = true
		id := RotationID{Credential: c.Name, Number: c.Rotation.Number}
		for _, report := range []Action{ReportStaged{Rotation: id}, ReportApplied{id}, ReportVerified{Rotation: id, OldRefused: true}, ReportPromoted{id, c.Version + 1}} {
			events, err := Decide(s, Command{Actor: System, Action: report}, clockStops[at.at])
			if err != nil {
				m.t.Fatal(err)
			}
			s = m.follow(modelled{s, at.at}, events)
		}
	}
	if !any {
		return nil
	}
	return s
}

func (m *absenceModel) tries(at modelled) (all []Command) {
	add := func(who string, actions ...Action) {
		p, _ := at.s.Person(who)
		for _, a := range actions {
			all = append(all, Command{Actor: who, Request: fmt.Sprint(at.s.Size), Action: a, Proof: rightCode(p)})
		}
	}
	for _, who := range []string{"a", "b"} {
		p, _ := at.s.Person(who)
		if len(p.Plans) == 0 { // more of one's own are tried one by one
			add(who, handingOver(between(firstTime.From, firstTime.Until)), between(secondTime.From, secondTime.Until))
		}
		add(who, GoAway{Until: firstTime.From.Add(time.Hour)}, ComeBack{}, ComeBack{TakeBack: true}, Offer{All: true, Reason: note("leave")}, RequestRotation{All: true, Reason: note("worn")})
		for _, plan := range p.Plans {
			move := MoveAbsence{Plan: plan.ID, From: secondTime.From, Until: secondTime.Until, Meant: week.Meant, HandOver: true}
			add(who, move, CancelAbsence{plan.ID}, HandOverAhead{plan.ID})
			add("boss", EndAbsence{who, plan.ID, note("no")})
			add(map[string]string{"a": "b", "b": "a"}[who], EndAbsence{who, plan.ID, note("no")})
		}
		for h := range at.s.OpenHandovers() {
			add(who, Accept{h.ID}, SignHandover{h.ID}, Decline{h.ID, note("")})
		}
	}
	return all
}

// may says, in the policy's words, whether a command is to be granted.
func (m *absenceModel) may(at modelled, c Command) (may, known bool) {
	me, _ := at.s.Person(c.Actor)
	now := clockStops[at.at]
	partner, _ := at.s.Person(map[string]string{"a": "b", "b": "a"}[c.Actor])
	free := func(from, until time.Time, but string) bool {
		for _, plan := range slices.Concat(me.Plans, partner.Plans) {
			if plan.ID != but && plan.From.Before(until) && from.Before(plan.Until) {
				return false
			}
		}
		for h := range at.s.OpenHandovers() { // the partner goes when I have accepted
			if begun := slices.ContainsFunc(partner.Plans, func(p Plan) bool { return p.ID == h.Ahead.Plan && !p.Begun.IsZero() }); h.From == partner.Username && h.Status == Offered && h.Leave && begun && from.Before(h.ExpectedReturn) {
				return false
			}
		}
		away := partner.Away && from.Before(partner.AwayUntil)
		return from.After(now) && !away
	}
	switch a := c.Action.(type) {
	case PlanAbsence:
		return free(a.From, a.Until, ""), true
	case MoveAbsence:
		plan, _ := me.Plan(a.Plan)
		if me.Away && !plan.Begun.IsZero() {
			return a.From.Equal(plan.From), true
		}
		return free(a.From, a.Until, a.Plan), true
	case CancelAbsence:
		plan, _ := me.Plan(a.Plan)
		return plan.Begun.IsZero() || !me.Away, true
	case EndAbsence:
		whose, _ := at.s.Person(a.Person)
		plan, _ := whose.Plan(a.Plan)
		return me.Is(Manager) && (plan.Begun.IsZero() || !whose.Away), true
	case SignHandover:
		h, _ := at.s.Handover(a.Handover)
		return h.Status == HandoverPrepared && h.To == me.Username, true
	case ComeBack:
		return true, true
	}
	return false, false
}

// looks at one step of the machine.
func (m *absenceModel) looks(at modelled, after *State, events []Event, byTime bool) {
	complain := func(format string, args ...any) {
		m.t.Errorf("%s: %v, in\n%s\nthen\n%s", fmt.Sprintf(format, args...), typesOf(events), absenceKey(at), absenceKey(modelled{after, at.at}))
	}
	a, _ := after.Person("a")
	b, _ := after.Person("b")
	if a.Away && b.Away {
		complain("both are away")
	}
	for _, p := range []Person{a, b} {
		was, _ := at.s.Person(p.Username)
		for _, plan := range p.Plans {
			if !clockStops[at.at].Before(plan.Until) && byTime {
				complain("%s has a plan that is over", p.Username)
			}
		}
		if by := slices.ContainsFunc(p.Plans, func(plan Plan) bool { return !clockStops[at.at].Before(plan.From) }); byTime && p.Away && !was.Away && !by {
			complain("%s is away, and had not planned it", p.Username)
		}
		if byTime && !p.Away && was.Away {
			complain("%s came back by themselves", p.Username)
		}
	}
	for c := range after.Credentials() {
		was, _ := at.s.Credential(c.Name)
		for _, p := range []Person{a, b} {
			if p.Away && c.HeldFor() == p.Username {
				complain("%s is away and has %s", p.Username, c.Name)
			}
		}
		if !byTime || was.Holder == "" || c.Holder == was.Holder || c.Phase != Held {
			continue
		}
		m.moved++
		signed := slices.ContainsFunc(handoversOf(at.s), func(h Handover) bool {
			giver, _ := at.s.Person(h.From)
			plan, there := giver.Plan(h.Ahead.Plan)
			return there && h.Status == HandoverSignedAhead && h.From == was.Holder && h.To == c.Holder && slices.Contains(h.Credentials, c.Name) &&
				plan.Revision == h.Ahead.Revision && !clockStops[at.at].Before(plan.From) && h.Ahead.Giver.Entry > 0 && h.Ahead.Receiver.Entry > h.Ahead.Giver.Entry
		})
		if !signed {
			complain("%s passed to %s, and both had not signed for it", c.Name, c.Holder)
		}
	}
}

func handoversOf(s *State) []Handover { return slices.Collect(s.OpenHandovers()) }
