package custody

import (
	"slices"
	"testing"
	"time"
)

// began gives what time did when an absence began, without the reminders before it.
func (o *office) began() []string {
	if early := monday.Add(-time.Hour); o.now.Before(early) {
		o.goesTo(early)
	}
	return typesOf(o.goesTo(monday))
}

func TestAnAbsenceBegins(t *testing.T) {
	away := func(o *office) bool {
		ann := o.person("ann")
		return ann.Away && ann.AwaySince.Equal(monday) && ann.AwayUntil.Equal(friday) && ann.AwayReason.Same(note("leave"))
	}
	holds := func(who string) func(*office) bool {
		return func(o *office) bool { return !o.person("ann").Away && o.credential("db01").HeldFor() == who }
	}
	heldUp := func(why Code, grade Grade) func(*office) bool {
		return func(o *office) bool {
			last := o.history[len(o.history)-1]
			f, is := last.Fact.(AbsenceHeldUp)
			return is && f.Why == why && last.Grade() == grade && !o.person("ann").Away
		}
	}
	for _, c := range []struct {
		name  string
		given func(*office)
		leads []string
		then  func(*office) bool
	}{
		{"what both signed passes, and the giver is away", bothSign, []string{"absence.begun", "handover.carried_out", "person.away"}, func(o *office) bool {
			h := o.handover("handover-1")
			return away(o) && o.credential("db01").Holder == "ben" && o.credential("db02").Holder == "ben" && h.Status == Accepted && h.ExpectedReturn.Equal(friday)
		}},
		{"also what somebody works with", both(bothSign, annWorks), []string{"absence.begun", "handover.carried_out", "person.away"}, func(o *office) bool {
			return o.credential("db01").Lease.ID == "" && slices.Equal(o.credential("db01").Exposure, []string{"ann"})
		}},
		{"and is changed where the policy says so", func(o *office) {
			o.does("ada", ChangePolicy{"db01", CredentialPolicy{RotateOnTransfer: true}})
			bothSign(o)
		}, []string{"absence.begun", "handover.carried_out", "rotation.started", "person.away"}, func(o *office) bool {
			return o.credential("db01").Successor() == "ben" && o.credential("db01").Rotation.Reason == ForTransfer
		}},
		{"who holds nothing is away", func(o *office) { annHandedOver(o); annPlans(o) }, []string{"absence.begun", "person.away"}, away},
		{"who is away stays so for longer", func(o *office) {
			annPlans(o)
			annHandedOver(o)
			o.does("ann", GoAway{Until: monday.Add(time.Hour)})
		}, []string{"absence.begun"}, func(o *office) bool { return o.person("ann").Away && o.person("ann").AwayUntil.Equal(friday) }},

		{"without a handover custody stays where it is", annPlans, []string{"absence.begun", "absence.held_up"}, func(o *office) bool {
			return holds("ann")(o) && heldUp(HolderMustHandOver, Serious)(o) && o.history[len(o.history)-1].Fact.(AbsenceHeldUp).Left == 2
		}},
		{"what the receiver did not sign is offered", annSigns, []string{"absence.begun", "handover.broken", "handover.offered", "absence.held_up"}, func(o *office) bool {
			return holds("ann")(o) && heldUp(HolderMustHandOver, Serious)(o) && o.handover("handover-2").Leave
		}},
		{"what came in since is offered apart, and nobody is alarmed", func(o *office) {
			bothSign(o)
			o.addServer(server("db03", "ann", "ben"))
		}, []string{"absence.begun", "handover.carried_out", "handover.offered", "absence.held_up"}, func(o *office) bool {
			return o.credential("db01").Holder == "ben" && o.credential("db03").Holder == "ann" && heldUp(HolderMustHandOver, Ordinary)(o)
		}},
		{"what was given to the other by hand is left out", func(o *office) {
			bothSign(o)
			o.handsOver("ann", "ben", "db01")
		}, []string{"absence.begun", "handover.carried_out", "person.away"}, func(o *office) bool {
			return o.credential("db01").Handover == "handover-2" && o.credential("db02").Handover == "handover-1" && slices.Equal(o.handover("handover-1").Credentials, []string{"db02"})
		}},
		{"all of it", func(o *office) {
			bothSign(o)
			o.handsOver("ann", "ben", "db01", "db02")
		}, []string{"absence.begun", "handover.broken", "person.away"}, away},
		{"what is on offer waits for its answer", func(o *office) {
			bothSign(o)
			o.goesTo(monday.Add(-time.Hour))
			o.offers("ann", "db01")
		}, []string{"absence.begun", "handover.carried_out", "absence.held_up"}, func(o *office) bool {
			f := o.history[len(o.history)-1].Fact.(AbsenceHeldUp)
			return f.Offered == 1 && f.Left == 0 && f.Signed
		}},
		{"while the receiver is away nothing passes", both(bothSign, benIsAway), []string{"absence.begun", "handover.broken", "absence.held_up"}, func(o *office) bool {
			return holds("ann")(o) && heldUp(HolderMustHandOver, Serious)(o)
		}},
		{"who holds nothing is not away beside a partner", func(o *office) {
			annPlans(o)
			benIsAway(o)
			o.agreed("ada", ResetEnrolment{"ann"}) // so that db01 and db02 are parked
			o.rotates("db01")
			o.rotates("db02")
		}, []string{"absence.begun", "absence.held_up"}, heldUp(BothAway, Serious)},
		{"nor leaves a seat that nobody else has", func(o *office) {
			annPlans(o)
			benIsAway(o)
			o.agreed("ada", ResetEnrolment{"ann"})
			o.rotates("db01")
			o.rotates("db02")
			benHasLeft(o)
		}, []string{"absence.begun", "absence.held_up"}, heldUp(SeatIsVacant, Serious)},
		{"what is being changed is waited for", both(bothSign, annWantsNewPassword), []string{"absence.begun"}, func(o *office) bool {
			o.goesTo(o.now)
			return o.handover("handover-1").Status == HandoverSignedAhead && o.state.Due().Equal(monday.Add(DefaultPolicy().AbsenceWait))
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			c.given(o)
			if got := o.began(); !slices.Equal(got, c.leads) {
				t.Errorf("led to %v, want %v", got, c.leads)
			}
			if !c.then(o) {
				t.Errorf("afterwards: %+v", o.history[len(o.history)-1])
			}
			if more := o.goesTo(o.now); len(more) > 0 {
				t.Errorf("and, at the same moment, to %v", typesOf(more))
			}
		})
	}
}

// What both signed for is waited for half an hour, while its password is being changed.
func TestWhatIsBeingChangedIsWaitedFor(t *testing.T) {
	waits := func(t *testing.T) *office {
		o := newOffice(t)
		bothSign(o)
		annWantsNewPassword(o) // of db01
		if got := o.began(); !slices.Equal(got, []string{"absence.begun"}) {
			t.Fatalf("led to %v", got)
		}
		return o
	}
	t.Run("and passes as soon as it is changed", func(t *testing.T) {
		o := waits(t)
		o.now = monday.Add(DefaultPolicy().AbsenceWait - time.Millisecond)
		o.rotates("db01")
		if got := typesOf(o.goesTo(o.now)); !slices.Equal(got, []string{"handover.carried_out", "person.away"}) {
			t.Errorf("led to %v", got)
		}
		if !o.person("ann").Away || o.credential("db01").Handover != "handover-1" {
			t.Error("ann is not away, or db01 not part of it")
		}
	})
	t.Run("and is left to the other after that", func(t *testing.T) {
		o := waits(t)
		if got := typesOf(o.goesTo(monday.Add(DefaultPolicy().AbsenceWait - time.Millisecond))); len(got) > 0 {
			t.Errorf("before it was over time led to %v", got)
		}
		if got := typesOf(o.goesTo(monday.Add(DefaultPolicy().AbsenceWait))); !slices.Equal(got, []string{"handover.carried_out", "rotation.passed", "person.away"}) {
			t.Errorf("led to %v", got)
		}
		if db01 := o.credential("db01"); db01.Successor() != "ben" || db01.Handover != "" || o.credential("db02").Handover != "handover-1" {
			t.Errorf("db01 is %s's in the end, as part of %q", db01.Successor(), db01.Handover)
		}
	})
	t.Run("not where nobody said that they hand over", func(t *testing.T) {
		o := newOffice(t)
		annPlans(o)
		annWantsNewPassword(o)
		if got := o.began(); !slices.Equal(got, []string{"absence.begun", "absence.held_up"}) {
			t.Errorf("led to %v", got)
		}
	})
	t.Run("other handovers of it pass meanwhile", func(t *testing.T) {
		o := newOffice(t)
		o.addServer(server("web02", "ann", "cay"))
		bothSign(o)
		o.does("cay", SignHandover{"handover-2"})
		annWantsNewPassword(o)
		if got := o.began(); !slices.Equal(got, []string{"absence.begun", "handover.carried_out"}) || o.credential("web02").Holder != "cay" {
			t.Errorf("led to %v, and web02 is %s's", got, o.credential("web02").Holder)
		}
		o.rotates("db01")
		if got := typesOf(o.goesTo(o.now)); !slices.Equal(got, []string{"handover.carried_out", "person.away"}) {
			t.Errorf("then to %v", got)
		}
	})
}

// Whoever is held up is away once nothing is left, without another word.
func TestWhoIsHeldUpIsAwayOnceNothingIsLeft(t *testing.T) {
	o := newOffice(t)
	annSigns(o)
	o.began()
	o.does("ben", Accept{"handover-2"}) // offered when it began: nobody had signed
	if o.goesTo(o.now); !o.person("ann").Away || !o.person("ann").AwayUntil.Equal(friday) {
		t.Errorf("accepted by the last receiver, ann is %+v", o.person("ann").Presence)
	}
	o = newOffice(t)
	annPlans(o)
	o.began()
	id := o.offers("ann", "db01", "db02")
	o.does("ben", Accept{id})
	if o.goesTo(o.now); !o.person("ann").Away {
		t.Error("ann handed everything over by hand, and is not away")
	}
	// Not whoever called it off meanwhile, whatever was offered for it.
	for name, a := range map[string]Action{
		"called off": CancelAbsence{}, "moved": MoveAbsence{From: quarter, Until: quarter.Add(time.Hour), Meant: week.Meant}, "back": ComeBack{},
	} {
		o = newOffice(t)
		annSigns(o)
		o.began()
		switch a := a.(type) {
		case CancelAbsence:
			o.does("ann", CancelAbsence{o.plan("ann").ID})
		case MoveAbsence:
			a.Plan = o.plan("ann").ID
			o.does("ann", a)
		default:
			o.does("ann", a)
		}
		o.does("ben", Accept{"handover-2"})
		if o.goesTo(o.now); o.person("ann").Away || o.credential("db01").Holder != "ben" {
			t.Errorf("%s: ann is away %t", name, o.person("ann").Away)
		}
	}
}

// What a person who is away by a plan gave comes back as today, and nothing comes back by
// itself.
func TestAnAbsenceEnds(t *testing.T) {
	o := newOffice(t)
	bothSign(o)
	o.began()
	if got := typesOf(o.goesTo(friday.Add(-time.Millisecond))); len(got) > 0 {
		t.Errorf("before its end time led to %v", got)
	}
	events := o.goesTo(friday)
	if got := typesOf(events); !slices.Equal(got, []string{"handover.overdue", "absence.ended"}) {
		t.Fatalf("its end led to %v", got)
	}
	if f := events[1].Fact.(AbsenceEnded); f.How != Over || !f.Away || !o.person("ann").Away || o.credential("db01").Holder != "ben" || o.person("ann").Plans != nil {
		t.Errorf("it ended as %+v, ann is %+v", f, o.person("ann").Presence)
	}
	o.does("ann", ComeBack{TakeBack: true})
	o.rotates("db01")
	o.rotates("db02")
	if o.credential("db01").Holder != "ann" || o.credential("db01").Handover != "" || o.handover("handover-1").Status != "" {
		t.Errorf("back: %+v", o.credential("db01"))
	}
	// Moved while they are away, what they gave is expected then.
	o = newOffice(t)
	bothSign(o)
	o.began()
	later := friday.Add(24 * time.Hour)
	o.does("ann", MoveAbsence{Plan: o.plan("ann").ID, From: monday, Until: later, Meant: week.Meant})
	if got := typesOf(o.goesTo(friday)); len(got) > 0 || !o.handover("handover-1").ExpectedReturn.Equal(later) {
		t.Errorf("at the end that it had led to %v", got)
	}
}

// Reminders come a day and two hours before, once each, and say how much nobody has signed
// for.
func TestReminders(t *testing.T) {
	o := newOffice(t)
	annSigns(o)
	remind := func(at time.Time, want ...AbsenceReminded) {
		t.Helper()
		var got []AbsenceReminded
		for _, e := range o.goesTo(at) {
			if f, is := e.Fact.(AbsenceReminded); is {
				got = append(got, f)
			}
		}
		for i := range want {
			want[i].Person, want[i].Plan = "ann", o.plan("ann").ID
		}
		if !slices.Equal(got, want) {
			t.Errorf("at %s: %+v, want %+v", at, got, want)
		}
	}
	remind(monday.Add(-24*time.Hour - time.Millisecond))
	remind(monday.Add(-24*time.Hour), AbsenceReminded{Lead: LeadFirst, Unsigned: 2})
	o.does("ben", SignHandover{"handover-1"})
	remind(monday.Add(-2*time.Hour - time.Millisecond))
	remind(monday.Add(-2*time.Hour), AbsenceReminded{Lead: LeadLast})
	remind(monday.Add(-time.Millisecond))
	remind(monday)

	o = newOffice(t) // the server was off on Sunday
	annPlans(o)
	remind(monday.Add(-90*time.Minute), AbsenceReminded{Lead: LeadLast, Unsigned: 2})
	remind(monday.Add(-time.Minute))

	o = newOffice(t) // planned for in three hours
	o.now = monday.Add(-3 * time.Hour)
	annPlans(o)
	remind(o.now, AbsenceReminded{Lead: LeadFirst, Unsigned: 2})
	remind(monday.Add(-2*time.Hour), AbsenceReminded{Lead: LeadLast, Unsigned: 2})

	o = newOffice(t) // moved, it reminds again
	annPlans(o)
	remind(monday.Add(-time.Hour), AbsenceReminded{Lead: LeadLast, Unsigned: 2})
	o.does("ann", MoveAbsence{Plan: o.plan("ann").ID, From: quarter, Until: quarter.Add(time.Hour), Meant: week.Meant})
	remind(quarter.Add(-24*time.Hour), AbsenceReminded{Lead: LeadFirst, Unsigned: 2})
}

// The server was off from Friday to Monday morning.
func TestTheServerWasOffOverAWeekend(t *testing.T) {
	o := newOffice(t)
	off := monday.Add(-60 * time.Hour)                                   // Friday, 21:00
	back := monday.Add(-time.Hour)                                       // Monday, 8:00
	o.plans("ann", handingOver(between(off.Add(time.Hour), friday)))     // begins while it is off
	o.plans("cay", between(off.Add(2*time.Hour), back.Add(-time.Hour)))  // begins and ends while it is off
	o.plans("max", between(off.Add(-time.Hour), back.Add(-2*time.Hour))) // ends while it is off
	o.plans("dot", between(back.Add(time.Hour), back.Add(2*time.Hour)))  // was to be reminded of on Sunday
	o.does("ben", SignHandover{"handover-1"})
	o.goesTo(off)
	var got []string
	for _, e := range o.goesTo(back) {
		got = append(got, e.Fact.Type()+" "+e.Fact.Subject())
	}
	want := []string{
		"absence.reminded dot",                                                    // once, and not for each that was missed
		"absence.ended cay",                                                       // missed
		"absence.ended max",                                                       // over
		"absence.begun ann", "handover.carried_out handover-1", "person.away ann", // as if it began now
	}
	if !slices.Equal(got, want) {
		t.Errorf("on Monday: %q, want %q", got, want)
	}
	if cay := o.person("cay"); cay.Away || cay.Plans != nil {
		t.Errorf("cay is %+v", cay.Presence)
	}
	if ann := o.person("ann"); !ann.AwaySince.Equal(back) || !ann.AwayUntil.Equal(friday) {
		t.Errorf("ann is %+v", ann.Presence)
	}
}

// What is missed altogether is serious: nobody was marked away, and nothing passed.
func TestAMissedAbsenceIsSerious(t *testing.T) {
	o := newOffice(t)
	bothSign(o)
	o.goesTo(monday.Add(-3 * time.Hour))
	events := o.goesTo(friday)
	if got := typesOf(events); !slices.Equal(got, []string{"absence.ended", "handover.broken"}) || events[0].Grade() != Serious || events[0].Fact.(AbsenceEnded).How != Missed {
		t.Errorf("led to %v", got)
	}
}

// After an emergency the holder of before counts as away for that credential until they say
// that they are back. Whoever had it and goes by a plan passed it to them all the same, which
// no rule allows: time could not act any more, and with it nobody.
func TestAnAbsenceThatBeginsAfterAnEmergencyPassesNothingToWhoCannotBeReached(t *testing.T) {
	for name, held := range map[string]bool{"while it is changed": false, "once it is changed": true} {
		o := newOffice(t)
		o.plans("ben", handingOver(week))
		o.does("cay", SignHandover{"handover-1"})
		o.does("ben", urgent("db01"))
		o.does("max", ApproveEmergency{"emergency-1"})
		o.does("ben", EndEmergency{"emergency-1"})
		if held {
			o.rotates("db01")
		}
		o.goesTo(monday)
		o.goesTo(monday.Add(time.Hour)) // what is changed is not waited for any longer
		if c := o.credential("db01"); c.HeldFor() != "ben" || o.person("ben").Away {
			t.Errorf("%s: held for %q; ben is away: %t", name, c.HeldFor(), o.person("ben").Away)
		}
		o.does("ann", ComeBack{})
		o.does("max", SignOut{}) // time acts, and the desk goes on
	}
}
