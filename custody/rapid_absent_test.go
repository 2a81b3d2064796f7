package custody

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestSequencesOfAbsentPeople goes long random ways with people who are not there: absences
// are planned, moved, swapped and signed for, holders cannot be reached, messages arrive or
// not, and the clock jumps over what should have happened, or back behind it. After each
// event all that must be true is checked (see follow), what changed is compared with the
// policy (againstPolicy), and after each step what time may not have left undone.
func TestSequencesOfAbsentPeople(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		s := &absences{&sequence{world: threeWhoShare(t), confirmed: map[Confirmation]string{}}}
		for range rapid.IntRange(40, 150).Draw(t, "length") {
			switch rapid.SampledFrom([]string{"people", "urgent", "goes", "people", "urgent", "swap", "clock", "worker", "urgent", "people", "tick", "restart"}).Draw(t, "step") {
			case "people":
				s.people(t)
			case "urgent":
				s.urgent(t)
			case "goes":
				s.goes(t)
			case "swap":
				s.swap(t)
			case "worker":
				s.worker(t)
			case "clock":
				s.jumps(t)
			case "tick":
				s.tick(t)
				s.nothingIsLate(t)
			case "restart":
				s.restart(t)
			}
			s.nothingIsForgotten(t)
		}
		s.signedByBoth(t)
		s.replay(t)
		for _, e := range s.history {
			seen[e.Fact.Type()]++
		}
	})
	for _, what := range []string{ // in all sequences together
		"absence.planned", "absence.begun", "absence.held_up", "absence.ended", "handover.signed", "handover.carried_out", "handover.broken",
		"emergency.requested", "emergency.granted", "emergency.rejected", "emergency.lapsed", "emergency.ended",
	} {
		if seen[what] == 0 {
			t.Errorf("no sequence ever came to %s: %v", what, seen)
		}
	}
}

// absences are a sequence in which people are not there.
type absences struct{ *sequence }

// threeWhoShare are a, b and c, of whom each two share an account; of one of these silence
// may count, another is changed whenever it passes.
func threeWhoShare(t *rapid.T) *world {
	policy := testPolicy()
	policy.Exclusive = ExclusiveAuditor // boss is one person
	policy.SignatureTTL = 10 * 24 * time.Hour
	w := newWorldUnder(policy)
	hire := []AddPerson{{Username: boss, Roles: []Role{Admin, Manager}}, {Username: chief, Roles: []Role{Director}}}
	for _, name := range technicians {
		hire = append(hire, AddPerson{Username: name, Roles: []Role{Technician}})
	}
	if err := w.hire(hire...); err != nil {
		t.Fatal(err)
	}
	for _, add := range []AddCredential{
		rotating(server("x", "a", "b"), CredentialPolicy{Silence: true}),
		rotating(server("y", "b", "c"), CredentialPolicy{RotateOnTransfer: true}),
		server("z", "c", "a"),
	} {
		if _, err := w.do(System, add); err != nil {
			t.Fatal(err)
		}
		if err := w.change(add.Name); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// times are when an absence could be: soon, so that it comes to begin.
func (s *absences) time(t *rapid.T) PlanAbsence {
	from := s.now.Add(time.Duration(rapid.IntRange(-2, 96).Draw(t, "in hours")) * time.Hour)
	return between(from, from.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "hours"))*time.Hour))
}

// people do something about an absence, or what one is about.
func (s *absences) people(t *rapid.T) {
	who := rapid.SampledFrom(technicians).Draw(t, "who")
	other := rapid.SampledFrom(technicians).Draw(t, "another")
	name := rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "what")
	window := s.time(t)
	window.HandOver = rapid.Bool().Draw(t, "sign")
	plan := func(who string) string {
		var ids []string
		p, _ := s.state.Person(who)
		for _, plan := range p.Plans {
			ids = append(ids, plan.ID)
		}
		return rapid.SampledFrom(append(ids, "absence-1")).Draw(t, "plan")
	}
	var handovers []string
	for h := range s.state.OpenHandovers() {
		handovers = append(handovers, h.ID)
	}
	handover := rapid.SampledFrom(append(handovers, "handover-1")).Draw(t, "handover")
	signs := func() {
		if h, there := s.state.Handover(handover); there && h.Status == HandoverPrepared {
			who = h.To
		}
	}
	approver := rapid.SampledFrom([]string{boss, chief}).Draw(t, "approver")
	acts := []func() (string, Action){
		func() (string, Action) { return who, window },
		func() (string, Action) { return who, window },
		func() (string, Action) {
			second := s.time(t)
			return who, PlanAbsences{[]PlannedTime{{window.From, window.Until, window.Meant}, {second.From, second.Until, second.Meant}}, note("leave"), window.HandOver}
		},
		func() (string, Action) {
			return who, MoveAbsence{Plan: plan(who), From: window.From, Until: window.Until, Meant: window.Meant, HandOver: window.HandOver}
		},
		func() (string, Action) { return who, CancelAbsence{plan(who)} },
		func() (string, Action) { return approver, EndAbsence{who, plan(who), note("it blocks")} },
		func() (string, Action) { return who, SwapAbsences{plan(who), other, plan(other)} },
		func() (string, Action) { return who, HandOverAhead{plan(who)} },
		func() (string, Action) { signs(); return who, SignHandover{handover} },
		func() (string, Action) { signs(); return who, SignHandover{handover} },
		func() (string, Action) { return who, Cancel{handover, note("")} },
		func() (string, Action) { return who, Accept{handover} },
		func() (string, Action) { return who, Offer{All: true, Leave: window.HandOver, Reason: note("leave")} },
		func() (string, Action) { return who, GoAway{} },
		func() (string, Action) { return who, ComeBack{TakeBack: window.HandOver} },
		func() (string, Action) { return who, Take{name} },
		func() (string, Action) { return who, CheckOut{name, note("ticket 1")} },
		func() (string, Action) { return who, CheckIn{name} },
	}
	actor, action := rapid.SampledFrom(acts).Draw(t, "act")()
	s.try(t, s.with(actor, action))
}

// goes lets the next absence begin, once who is to sign for it has signed, or not.
func (s *absences) goes(t *rapid.T) {
	var next Plan
	for p := range s.state.People() {
		for _, plan := range p.Plans {
			if plan.Begun.IsZero() && (next.ID == "" || plan.From.Before(next.From)) {
				next = plan
			}
		}
	}
	if next.ID == "" {
		return
	}
	if rapid.IntRange(0, 3).Draw(t, "unsigned") < 3 {
		for _, h := range s.state.waitingFor(next.ID) {
			s.try(t, s.with(h.To, SignHandover{h.ID}))
		}
	}
	if s.now.Before(next.From) {
		s.now = next.From
	}
	s.tick(t)
	s.nothingIsLate(t)
}

// swap asks for a swap, or agrees to the one that somebody asked for.
func (s *absences) swap(t *rapid.T) {
	var mine, theirs []SwapAbsences
	for p := range s.state.People() {
		for _, plan := range p.Plans {
			if plan.Swap.Person != "" {
				theirs = append(theirs, SwapAbsences{plan.Swap.Plan, p.Username, plan.ID})
			}
			for other := range s.state.People() {
				for _, another := range other.Plans {
					if other.Username != p.Username {
						mine = append(mine, SwapAbsences{plan.ID, other.Username, another.ID})
					}
				}
			}
		}
	}
	if all := append(theirs, mine...); len(all) > 0 {
		a := rapid.SampledFrom(all).Draw(t, "swap")
		for p := range s.state.People() {
			if _, has := p.Plan(a.Plan); has {
				s.try(t, s.with(p.Username, a))
				return
			}
		}
	}
}

// urgent is what somebody does about an emergency: about the one that there is, where there
// is one.
func (s *absences) urgent(t *rapid.T) {
	name := rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "what")
	c, _ := s.state.Credential(name)
	asks := c.Other(c.HeldFor())
	if asks == "" || rapid.IntRange(0, 4).Draw(t, "a stranger") == 0 {
		asks = rapid.SampledFrom(technicians).Draw(t, "who")
	}
	approver := rapid.SampledFrom([]string{boss, chief}).Draw(t, "approver")
	type act struct {
		actor  string
		action Action
	}
	acts := []act{{asks, urgent(name)}, {approver, RequestEmergency{Credentials: []string{name}, For: asks, Reason: note("x")}}}
	for _, e := range c.Emergencies {
		switch e.Status {
		case EmergencyPending:
			acts = []act{{approver, ApproveEmergency{e.ID}}, {approver, ApproveEmergency{e.ID}}, {approver, RejectEmergency{Emergency: e.ID}}, {asks, WithdrawEmergency{e.ID}}, {e.For, ApproveEmergency{e.ID}}}
			for _, who := range []string{e.Holder, approver, e.Holder, approver} {
				acts = append(acts, act{System, ReportPaged{e.ID, who, rapid.SampledFrom([]string{"email", "wecom"}).Draw(t, "channel")}})
			}
		case EmergencyOn:
			acts = []act{{e.For, CheckOut{name, note("disk full")}}, {e.For, EndEmergency{e.ID}}, {asks, CheckOut{name, note("disk full")}}, {asks, ComeBack{}}, {e.For, CheckIn{name}}}
		case EmergencyOver:
			acts = append(acts, act{approver, ReviewEmergency{e.ID, Justified, note("x")}}, act{approver, ReviewEmergency{e.ID, Unjustified, note("x")}})
		}
	}
	chosen := rapid.SampledFrom(acts).Draw(t, "act")
	s.try(t, s.with(chosen.actor, chosen.action))
}

// worker takes the change of a password one step further, or all the way.
func (s *absences) worker(t *rapid.T) {
	name := rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "of")
	for range rapid.SampledFrom([]int{1, 4, 4}).Draw(t, "steps") {
		c, _ := s.state.Credential(name)
		id := RotationID{Credential: name, Number: c.Rotation.Number}
		report := map[RotationStep]Action{
			StepPending: ReportStaged{Rotation: id}, StepStaged: ReportApplied{id}, StepApplied: ReportVerified{Rotation: id, OldRefused: c.Version > 0},
			StepVerified: ReportPromoted{id, c.Version + 1},
		}[c.Rotation.Step]
		if c.Phase != Rotating || report == nil {
			return
		}
		s.try(t, s.with(System, report))
	}
}

// jumps moves the clock: a little, over a night, over a week-end in which the server was
// off, or back.
func (s *absences) jumps(t *rapid.T) {
	by := time.Duration(rapid.OneOf(rapid.Int64Range(1, 1200), rapid.Int64Range(1200, 5*3600), rapid.Int64Range(5*3600, 24*3600), rapid.Int64Range(24*3600, 6*24*3600)).Draw(t, "seconds")) * time.Second
	if rapid.IntRange(0, 6).Draw(t, "back") == 0 {
		by = -by / 24
	}
	s.now = s.now.Add(by)
}

// nothingIsLate says what a tick may not leave undone of what had come to its time.
func (s *absences) nothingIsLate(t *rapid.T) {
	now := s.state.Time
	if now.Before(instant(s.now)) {
		now = instant(s.now)
	}
	for p := range s.state.People() {
		for _, plan := range p.Plans {
			switch {
			case plan.Begun.IsZero() && !now.Before(plan.From):
				t.Fatalf("%s of %s was to begin at %s, and it is %s", plan.ID, p.Username, plan.From, now)
			case !p.Away && !now.Before(plan.Until):
				t.Fatalf("%s of %s, who is here, was over at %s, and it is %s", plan.ID, p.Username, plan.Until, now)
			}
		}
	}
	for c := range s.state.Credentials() {
		for _, e := range c.Emergencies {
			switch {
			case e.Status == EmergencyPending && !now.Before(e.Expires),
				e.Status == EmergencyOn && (!now.Before(e.Until) || e.UsedAt.IsZero() && !now.Before(e.UseBy)),
				e.Status == EmergencyOver && !e.Overdue && !now.Before(e.ReviewBy):
				t.Fatalf("%s of %s at %s: %+v", e.ID, c.Name, now, e)
			}
		}
	}
}

// nothingIsForgotten works out afresh when time acts next on absences and emergencies.
func (s *absences) nothingIsForgotten(t *rapid.T) {
	var next []time.Time
	for p := range s.state.People() {
		for _, plan := range p.Plans {
			if plan.Begun.IsZero() {
				next = append(next, plan.From)
			}
		}
	}
	for c := range s.state.Credentials() {
		for _, e := range c.Emergencies {
			switch e.Status {
			case EmergencyPending:
				next = append(next, e.Expires)
				if !e.Silence.IsZero() && c.MayBeSilent(e) {
					next = append(next, e.Silence)
				}
			case EmergencyOn:
				next = append(next, e.Until)
				if e.UsedAt.IsZero() {
					next = append(next, e.UseBy)
				}
			case EmergencyOver:
				if !e.Overdue {
					next = append(next, e.ReviewBy)
				}
			}
		}
	}
	if len(next) == 0 {
		return
	}
	first := slices.MinFunc(next, time.Time.Compare)
	if due := s.state.Due(); due.IsZero() || due.After(first) {
		t.Fatalf("due at %v, but time acts at %v", due, first)
	}
}

// signedByBoth looks at each handover that time carried out: the entries that stand in the
// place of codes are those in which both signed, with a code, for the same time.
func (s *absences) signedByBoth(t *rapid.T) {
	for _, e := range s.history {
		f, is := e.Fact.(HandoverCarriedOut)
		if !is {
			continue
		}
		giver, receiver := s.history[f.Giver], s.history[f.Receiver]
		planned, gave := giver.Fact.(HandoverPlanned)
		signed, took := receiver.Fact.(HandoverSigned)
		if !gave || !took || giver.Actor != f.From || receiver.Actor != f.To || giver.Confirm == nil || receiver.Confirm == nil ||
			planned.Handover != f.Handover || signed.Handover != f.Handover || planned.Revision != signed.Revision || !planned.Begins.Equal(signed.Begins) || e.Time.Before(signed.Begins) {
			t.Fatalf("%+v\nafter %+v\nand %+v", e, giver, receiver)
		}
		for _, name := range f.Credentials {
			if !slices.Contains(planned.Credentials, name) || !slices.Contains(signed.Credentials, name) {
				t.Fatalf("%s passed, and nobody signed for it", name)
			}
		}
	}
}
