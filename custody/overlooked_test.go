package custody

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// due is when time should act next, worked out afresh.
func due(s *State) time.Time {
	again := clone(s)
	again.Reschedule()
	return again.Due()
}

// Whatever happens, what follows from time is waited for from that moment on, and
// not only from the next look at everything: a deadline that nobody waits for passes
// without a word.
func TestTimeIsNeverTooLate(t *testing.T) {
	aging := CredentialPolicy{MaxAgeSeconds: 3600}
	returning := func(o *office) {
		o.does("ann", Offer{Credentials: []string{"db01"}, Reason: note("leave"), ExpectedReturn: o.now.Add(time.Hour)})
	}
	for name, steps := range map[string][]func(*office){
		"added": {func(o *office) {
			o.does(System, AddCredential{Name: "db09", Target: server("db09", "ann", "ben").Target, Primary: "ann", Backup: "ben"})
		}},
		"added, aging":   {func(o *office) { add := server("db09", "ann", "ben"); add.Policy = aging; o.addServer(add) }},
		"policy changed": {func(o *office) { o.does("ada", ChangePolicy{"db01", aging}) }},
		"used":           {annWorks},
		"used, aging":    {func(o *office) { o.does("ada", ChangePolicy{"db01", aging}) }, annWorks, func(o *office) { o.does("ann", CheckIn{"db01"}) }},
		"changed":        {annWantsNewPassword},
		"changed, aging": {func(o *office) { o.does("ada", ChangePolicy{"db01", aging}) }, annWantsNewPassword, func(o *office) { o.rotates("db01") }},
		"offered":        {annOffered},
		"accepted":       {returning, func(o *office) { o.does("ben", Accept{"handover-1"}) }},
		"accepted, aging": {
			func(o *office) { o.does("ada", ChangePolicy{"db01", aging}) }, annWorks, annOffered,
			func(o *office) { o.does("ben", Accept{"handover-1"}) },
		},
		"returned": {annHandedOver, func(o *office) { o.does("ann", GiveBack{"handover-1"}) }},
		"an absence that is planned, moved and given another partner's time": {
			annPlans,
			func(o *office) {
				o.does("ann", MoveAbsence{Plan: o.plan("ann").ID, From: monday.Add(-48 * time.Hour), Until: friday, Meant: meantUTC(monday.Add(-48*time.Hour), friday)})
			},
			func(o *office) { o.plans("ben", between(friday.Add(time.Hour), quarter)) },
			func(o *office) { o.does("ben", SwapAbsences{o.plan("ben").ID, "ann", o.plan("ann").ID}) },
			func(o *office) { o.does("ann", SwapAbsences{o.plan("ann").ID, "ben", o.plan("ben").ID}) },
		},
		"an absence that is signed for": {annSigns, does("ben", SignHandover{"handover-1"}), func(o *office) { o.goesTo(monday) }},
		"an emergency":                  {benAsks, does("max", ApproveEmergency{"emergency-1"}), does("ben", CheckOut{"db01", note("disk full")}), does("ben", EndEmergency{"emergency-1"})},
		"an emergency for another":      {cayAsks, does("max", ApproveEmergency{"emergency-1"}), does("dot", ApproveEmergency{"emergency-1"})},
		"silence":                       {mayBeSilent, benAsks, bothPaged},
		"a substitute":                  {func(o *office) { o.agreed("ada", standIn("db01", "ann", "cay", o.now.Add(time.Hour))) }},
		"a deputy":                      {tiaIsThere, func(o *office) { o.does("max", needed(tiaForMax(o))) }, func(o *office) { o.does("dot", o.approval(o.waiting())) }},
		"a leaving":                     {func(o *office) { o.agreed("ada", PlanDeparture{"ben", o.now.Add(tenDays)}) }},
		"a proposal":                    {cayIsProposed, func(o *office) { o.does("max", o.approval("p-1")) }, func(o *office) { o.does("ada", Withdraw{"p-1"}) }},
		"an incident": {
			does("ann", ReportIncident{Credential: "db01", Text: note("open"), Grade: Special}),
			func(o *office) { o.does("max", AcknowledgeIncident{o.last().ID}) },
		},
		"keyholders":      {haveKeys("cay", "dot", "max"), func(o *office) { o.seals("db01") }, haveKeys("cay", "dot"), does("ada", gone("cay"))},
		"somebody leaves": {does("ada", gone("ann"))},
	} {
		o := newOffice(t)
		for i, step := range steps {
			o.state.Reschedule() // nothing older hides what this step forgets
			step(o)
			if got, want := o.state.Due(), due(o.state); !want.IsZero() && (got.IsZero() || got.After(want)) {
				t.Errorf("%s, step %d: waits until %v for what comes at %v", name, i+1, got, want)
			}
		}
	}
}

// A handover that is over, or never was, is not closed, and one that nobody has
// accepted is not overdue.
func TestWhatIsOverIsNotEndedAgain(t *testing.T) {
	o := newOffice(t)
	o.does("ann", Offer{Credentials: []string{"db01"}, Reason: note("leave"), ExpectedReturn: o.now.Add(time.Hour)})
	late := o.forge(System, HandoverOverdue{"handover-1"})
	late.Time = o.now.Add(2 * time.Hour)
	if err := CheckEvent(o.state, late); !violation(err, "I1", "overdue") {
		t.Errorf("only offered, and overdue: %v", err)
	}
	o.does("ben", Decline{Handover: "handover-1"})
	annOffered(o) // handover-2
	fork := o.state.Fork()
	ended := o.forge("ann", HandoverEnded{Handover: "handover-2", How: Cancelled})
	ended.Confirm = nil
	if err := Replay(fork, ended); err != nil {
		t.Fatal(err)
	}
	for _, s := range []*State{o.state, fork} {
		for _, id := range []string{"handover-1", "handover-2", "handover-9"} {
			if err := CheckEvent(s, o.forge(System, HandoverClosed{Handover: id})); !violation(err, "I4", "closed") {
				t.Errorf("%s was closed: %v", id, err)
			}
		}
	}
}

// What is retired has nothing left that anybody would see to: no rotation, no drift,
// nobody to tell.
func TestWhatIsRetiredWaitsForNothing(t *testing.T) {
	o := newOffice(t)
	add := server("db09", "ann", "ben")
	add.Policy = CredentialPolicy{Dependents: []string{"app"}}
	o.addServer(add)
	o.does(System, StartVerification{Credential: "db09", Version: 1})
	o.does(System, EndVerification{Credential: "db09", Version: 1, Result: VerificationRefused})
	if c := o.credential("db09"); c.Drifted.IsZero() || len(c.Updates) != 1 {
		t.Fatalf("%+v", c)
	}
	o.does("ada", Retire{Credential: "db09"})
	if c := o.credential("db09"); !c.Drifted.IsZero() || len(c.Updates) > 0 || !reflect.DeepEqual(c.Rotation, Rotation{Number: 1}) || c.Lease != (Lease{}) || c.Holder != "" {
		t.Errorf("%+v", c)
	}
}

// Nobody is a custodian of nothing.
func TestNobodyIsNoCustodian(t *testing.T) {
	if (Credential{}).HasCustodian("") || (Credential{Primary: "ann"}).HasCustodian("") {
		t.Error("nobody is a custodian")
	}
}

// A refused command is found by what it was aimed at, whichever it was.
func TestARefusedCommandIsFoundByWhatItWasAimedAt(t *testing.T) {
	for want, aimed := range map[string][]Action{
		"db01": {
			AddCredential{Name: "db01"}, ChangePolicy{Credential: "db01"}, Retire{Credential: "db01"}, CheckOut{Credential: "db01"},
			CheckIn{Credential: "db01"}, RequestRotation{Credential: "db01"}, Reconcile{Credential: "db01"},
			ShowAgain{Credential: "db01"}, ShowNew{Credential: "db01"}, ConfirmSet{Credential: "db01"},
		},
		"handover-1": {
			Accept{Handover: "handover-1"}, Decline{Handover: "handover-1"}, Cancel{Handover: "handover-1"}, GiveBack{Handover: "handover-1"},
		},
	} {
		for _, a := range aimed {
			if got := a.Subject(); got != want {
				t.Errorf("%s is about %q, want %q", a.Verb(), got, want)
			}
		}
	}
}

// Of an offer of several, what was typed and names nothing stays out of the ledger.
func TestARefusedOfferLeavesNoNameThatWasTyped(t *testing.T) {
	o := newOffice(t)
	if _, err := o.do("ben", Offer{Credentials: []string{"db01", "zz-hunter2"}, Reason: note("x")}); CodeOf(err) != NotHolder {
		t.Fatal(err)
	}
	last := o.history[len(o.history)-1]
	text, err := last.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if refused, is := last.Cause.Action.(Offer); !is || !slices.Equal(refused.Credentials, []string{"db01"}) || strings.Contains(string(text), "hunter2") {
		t.Errorf("left %s", text)
	}
}

// The system repairs by itself only what drifted, is held, may be repaired so, and
// can be: where one of the four is missing it does nothing, and an entry that says
// otherwise is found out.
func TestTheSystemRepairsOnlyWhatItMay(t *testing.T) {
	for missing, leads := range map[string]bool{"nothing": true, "drift": false, "the policy": false, "a second account": false, "a holder": false} {
		o := newOffice(t)
		add := server("db09", "ann", "ben")
		add.Reconciles, add.Policy.AutoReconcile = missing != "a second account", missing != "the policy"
		o.addServer(add)
		if missing != "drift" {
			o.does(System, StartVerification{Credential: "db09", Version: 1})
			o.does(System, EndVerification{Credential: "db09", Version: 1, Result: VerificationRefused})
		}
		if missing == "a holder" {
			o.does("ann", RequestRotation{Credential: "db09", Reason: note("worn")})
		}
		c := o.credential("db09")
		forged := o.forge(System, RotationStarted{
			Credential: "db09", Rotation: c.Rotation.Number + 1, Reason: ForDrift, Successor: c.Holder, Deadline: o.now.Add(time.Hour),
		})
		if err := CheckEvent(o.state, forged); (err == nil) != leads {
			t.Errorf("without %s, as an entry: %v", missing, err)
		}
		if events := o.does(System, Reconcile{Credential: "db09"}); (len(events) > 0) != leads {
			t.Errorf("without %s: %+v", missing, events)
		}
	}
}

// To have a password repaired needs a code: without one it is refused, and not only
// found out.
func TestARepairNeedsACode(t *testing.T) {
	o := newOffice(t)
	add := server("db09", "ann", "ben")
	add.Reconciles = true
	o.addServer(add)
	for want, proof := range map[Code]Proof{
		InvalidRequest: noCode(), TOTPInvalid: wrongCode(), TOTPReplayed: usedCode(o.person("ann")), "": rightCode(o.person("ann")),
	} {
		c := Command{Actor: "ann", Request: "r", Proof: proof, Action: Reconcile{Credential: "db09", Reason: note("drifted")}}
		if _, err := Decide(o.state, c, o.now); CodeOf(err) != want {
			t.Errorf("%+v: got %v, want %q", proof, err, want)
		}
	}
}

// What is being changed is not changed again for nobody, and only time says that a
// deadline has passed.
func TestNobodyIsNoSuccessorAndNoClock(t *testing.T) {
	o := newOffice(t)
	annWantsNewPassword(o)
	c := o.credential("db01")
	for _, reason := range []RotationReason{ForCheckin, ForTransfer, ForRequested} {
		again := RotationStarted{Credential: "db01", Rotation: c.Rotation.Number + 1, Reason: reason, Deadline: o.now.Add(time.Hour)}
		for _, actor := range []string{System, "ann", "max"} {
			if err := CheckEvent(o.state, o.forge(actor, again)); err == nil {
				t.Errorf("%s, by %s: begun again", reason, actor)
			}
		}
	}
	overdue := RotationOverdue{Credential: "db01", Rotation: c.Rotation.Number}
	for actor, want := range map[string]bool{System: true, "ann": false, "ada": false, "max": false, "": false, "mallory": false} {
		e := o.forge(actor, overdue)
		e.Time = c.Rotation.Deadline
		if actor == System {
			e.Confirm = nil
		}
		if err := CheckEvent(o.state, e); (err == nil) != want {
			t.Errorf("by %q: %v", actor, err)
		}
	}
}

// An offer ends at its instant, for who accepts it as well, also where time has not
// acted yet.
func TestNobodyAcceptsAtTheInstantAnOfferEnds(t *testing.T) {
	o := newOffice(t)
	annOffered(o)
	ends := o.handover("handover-1").Expires
	for at, want := range map[time.Time]Code{ends.Add(-time.Millisecond): "", ends: HandoverNotOpen, ends.Add(time.Hour): HandoverNotOpen} {
		c := o.with("ben", Accept{"handover-1"})
		if p := o.person("ben"); at.After(o.now) {
			c.Proof = rightCode(p)
		}
		if _, err := Decide(o.state, c, at); CodeOf(err) != want {
			t.Errorf("%v before its end: %v, want %q", ends.Sub(at), err, want)
		}
	}
}

// A refusal leaves nothing of what was written to go with the command.
func TestARefusedCommandLeavesNoReason(t *testing.T) {
	for _, a := range []Action{
		RequestRotation{Credential: "web01", Reason: note(typed)}, Reconcile{Credential: "web01", Reason: note(typed)},
		CheckOut{Credential: "web01", Purpose: note(typed)}, Offer{Credentials: []string{"web01"}, Reason: note(typed)},
		Retire{Credential: "web01"},
	} {
		o := newOffice(t)
		before := len(o.history)
		if _, err := o.do("ann", a); CodeOf(err) == "" || len(o.history) == before {
			t.Fatalf("%s: %v", a.Verb(), err)
		}
		for _, e := range o.history[before:] {
			entry, err := e.Record()
			if err != nil {
				t.Fatal(err)
			}
			if text, err := entry.Encode(); err != nil || strings.Contains(string(text), typed) {
				t.Errorf("%s: left %s, %v", a.Verb(), text, err)
			}
		}
	}
}

// Who knows a password is named once, in order, however often they looked; and
// nobody's address is changed who is not there.
func TestWhoKnowsIsNamedOnceAndInOrder(t *testing.T) {
	o := newOffice(t)
	o.does("ann", CheckOut{Credential: "db01", Purpose: note("ticket 1")})
	o.does("ann", CheckOut{Credential: "db01", Purpose: note("ticket 2")})
	if got := o.credential("db01").Exposure; !slices.Equal(got, []string{"ann"}) {
		t.Errorf("after two looks: %v", got)
	}
	known := Credential{Exposure: []string{"ben"}}
	if got := with(known.Exposure, "ann"); !slices.Equal(got, []string{"ann", "ben"}) || !slices.Equal(known.Exposure, []string{"ben"}) {
		t.Errorf("ann after ben: %v, of %v", got, known.Exposure)
	}
	if err := CheckEvent(o.state, o.forge("mallory", EmailChanged{Person: "mallory"})); err == nil {
		t.Error("the address of nobody was changed")
	}
}
