package custody

import (
	"slices"
	"testing"
	"time"
)

// What a rotation that does not get through looks like: db01 was asked for by ann.
func stagedAndUnreachable(o *office) {
	annWantsNewPassword(o)
	id := RotationID{Credential: "db01", Number: 2}
	o.does(System, ReportStaged{Rotation: id, Sending: true})
	o.does(System, ReportFailed{Rotation: id, Failure: "unreachable", NextTry: o.now.Add(time.Minute), Unsent: true})
}

func cutShort(o *office) {
	annWantsNewPassword(o)
	o.does(System, ReportStaged{Rotation: RotationID{Credential: "db01", Number: 2}, Sending: true})
}

func pausedByAnn(o *office) {
	stagedAndUnreachable(o)
	o.does("ann", PauseRotation{"db01", note("host gone")})
}

func shownToAnn(o *office) {
	pausedByAnn(o)
	o.does("ann", ShowNew{"db01"})
}

func db09ComesIn(o *office) { o.does(System, server("db09", "ann", "ben")) }

func TestARotationThatCannotProgressIsLeft(t *testing.T) {
	held := func(who string) func(*office) bool {
		return func(o *office) bool {
			c := o.credential("db01")
			return c.Phase == Held && c.Holder == who && c.Version == 1 && c.Rotation.Number == 2
		}
	}
	off := note("host gone")
	check(t, []clause{
		{"called off: what was asked for, by the holder", stagedAndUnreachable, "ann", CancelRotation{"db01", off}, "", held("ann")},
		{"called off: before anything was staged", annWantsNewPassword, "ann", CancelRotation{"db01", off}, "", held("ann")},
		{"called off: by a manager", stagedAndUnreachable, "max", CancelRotation{"db01", off}, "", held("ann")},
		{"called off: by the other custodian", stagedAndUnreachable, "ben", CancelRotation{"db01", off}, Forbidden, nil},
		{"called off: by a stranger", stagedAndUnreachable, "cay", CancelRotation{"db01", off}, NotCustodian, nil},
		{"called off: by an admin, when it is no first rotation", stagedAndUnreachable, "ada", CancelRotation{"db01", off}, NotCustodian, nil},
		{"called off: the first one, by an admin", db09ComesIn, "ada", CancelRotation{"db09", off}, "", func(o *office) bool {
			c := o.credential("db09")
			return c.Phase == Retired && !slices.Contains(o.state.Charges("ann"), "db09") && o.state.inCustodyAs(c.Target) == ""
		}},
		{"called off: while an attempt was cut short", cutShort, "ann", CancelRotation{"db01", off}, RotationPending, nil},
		{"called off: after an attempt whose end nobody knows", func(o *office) {
			cutShort(o)
			o.does(System, ReportFailed{Rotation: RotationID{Credential: "db01", Number: 2}, Failure: "target_error", NextTry: o.now})
		}, "ann", CancelRotation{"db01", off}, RotationPending, nil},
		{"called off: after a second attempt that surely sent nothing", func(o *office) {
			cutShort(o)
			id := RotationID{Credential: "db01", Number: 2}
			o.does(System, ReportSending{id})
			o.does(System, ReportFailed{Rotation: id, Failure: "unreachable", NextTry: o.now, Unsent: true})
		}, "ann", CancelRotation{"db01", off}, RotationPending, nil},
		{"called off: when it was applied", func(o *office) { cutShort(o); o.does(System, ReportApplied{RotationID{Credential: "db01", Number: 2}}) }, "ann", CancelRotation{"db01", off}, RotationPending, nil},
		{"called off: when it was shown", shownToAnn, "ann", CancelRotation{"db01", off}, RotationPending, nil},
		{"called off: what a return asks for", annTookBack, "ann", CancelRotation{"db01", off}, RotationPending, nil},
		{"called off: without a reason", stagedAndUnreachable, "ann", CancelRotation{"db01", note("")}, InvalidRequest, nil},
		{"called off: what nobody changes", nil, "ann", CancelRotation{"db01", off}, Conflict, nil},

		{"paused by who holds it then", stagedAndUnreachable, "ann", PauseRotation{"db01", off}, "", func(o *office) bool { return o.credential("db01").Halted() }},
		{"paused by the other custodian", stagedAndUnreachable, "ben", PauseRotation{"db01", off}, Forbidden, nil},
		{"paused twice", pausedByAnn, "ann", PauseRotation{"db01", off}, RotationPending, nil},
		{"paused without a reason", stagedAndUnreachable, "ann", PauseRotation{"db01", note("")}, InvalidRequest, nil},
		{"paused: the worker sends nothing", pausedByAnn, System, ReportSending{RotationID{Credential: "db01", Number: 2}}, RotationPending, nil},
		{"paused: the worker stages nothing", func(o *office) { annWantsNewPassword(o); o.does("ann", PauseRotation{"db01", off}) },
			System, ReportStaged{Rotation: RotationID{Credential: "db01", Number: 2}}, RotationPending, nil},
		{"paused: what an attempt did is entered all the same", func(o *office) { cutShort(o); o.does("ann", PauseRotation{"db01", off}) },
			System, ReportApplied{RotationID{Credential: "db01", Number: 2}}, "", nil},
		{"paused: by hand, it is not set", func(o *office) { switchShown(o); o.does("ann", PauseRotation{"sw01", off}) }, "ann", ConfirmSet{"sw01"}, RotationPending, nil},
		{"resumed, it is tried at once", pausedByAnn, "max", ResumeRotation{"db01"}, "", func(o *office) bool {
			c := o.credential("db01")
			return !c.Halted() && c.Rotation.NextTry.IsZero() && c.Rotation.Attempts == 1
		}},
		{"resumed without a pause", stagedAndUnreachable, "ann", ResumeRotation{"db01"}, Conflict, nil},

		{"shown, when it is paused, to who holds it then", pausedByAnn, "ann", ShowNew{"db01"}, "", func(o *office) bool {
			c := o.credential("db01")
			return slices.Equal(c.Exposure, []string{"ann"}) && slices.Equal(c.Rotation.ShownTo, []string{"ann"}) && c.Rotation.MayHaveReached()
		}},
		{"shown while Tandem goes on", stagedAndUnreachable, "ann", ShowNew{"db01"}, Conflict, nil},
		{"shown to a manager", pausedByAnn, "max", ShowNew{"db01"}, NotCustodian, nil},
		{"shown to the other custodian", pausedByAnn, "ben", ShowNew{"db01"}, RotationPending, nil},
	})
}

func TestWhoLeavesPassesTheSuccessionOn(t *testing.T) {
	away := GoAway{Reason: note("dentist")}
	check(t, []clause{
		{"going away", func(o *office) { o.handsOver("ann", "ben", "db02"); stagedAndUnreachable(o) }, "ann", away, "", func(o *office) bool {
			return o.credential("db01").Successor() == "ben" && o.person("ann").Away
		}},
		{"offering all that one holds, to leave", stagedAndUnreachable, "ann", Offer{All: true, Leave: true, Reason: note("dentist")}, "", func(o *office) bool {
			return o.credential("db01").Successor() == "ben" && !o.person("ann").Away
		}},
		{"offering all that one holds, to stay", stagedAndUnreachable, "ann", Offer{All: true, Reason: note("busy")}, "", func(o *office) bool {
			return o.credential("db01").Successor() == "ann"
		}},
		{"what was taken back", func(o *office) { annTookBack(o); o.rotates("db02"); o.handsOver("ann", "ben", "db02") }, "ann", away, "", func(o *office) bool {
			return o.credential("db01").Successor() == "ben" && o.handover("handover-1").Status == Returned
		}},
		{"when the other is away", func(o *office) {
			o.handsOver("ben", "cay", "web01")
			o.does("ben", GoAway{})
			stagedAndUnreachable(o)
		}, "ann", away, BothAway, nil},
		{"what was handed over is given back first", func(o *office) {
			annHandedOver(o)
			o.does("ben", RequestRotation{Credential: "db01", Reason: note("worn")})
			o.does("ben", RequestRotation{Credential: "db02", Reason: note("worn")})
		}, "ben", away, HandoverOpen, nil},
		{"and can be, while it is changed", func(o *office) {
			annHandedOver(o)
			o.does("ben", RequestRotation{Credential: "db01", Reason: note("worn")})
		}, "ben", GiveBack{"handover-1"}, "", func(o *office) bool {
			c, other := o.credential("db01"), o.credential("db02")
			return c.Successor() == "ann" && c.Rotation.Reason == ForReturn && c.Rotation.Number == 2 && other.Successor() == "ann" && other.Rotation.Number == 2
		}},
		{"or taken back", func(o *office) {
			annHandedOver(o)
			o.does("ben", RequestRotation{Credential: "db01", Reason: note("worn")})
		}, "ann", ComeBack{TakeBack: true}, "", func(o *office) bool { return o.credential("db01").Successor() == "ann" }},
	})
}

// What was given back while it was being changed is changed for good: nobody calls
// off what a return asks for.
func TestWhatIsGivenBackWhileItIsChangedCannotBeCalledOff(t *testing.T) {
	o := newOffice(t)
	annHandedOver(o)
	o.does("ben", RequestRotation{Credential: "db01", Reason: note("worn")})
	o.does("ben", GiveBack{"handover-1"})
	if _, err := o.do("ann", CancelRotation{"db01", note("worn")}); CodeOf(err) != RotationPending {
		t.Errorf("called off: %v", err)
	}
	for _, name := range []string{"db01", "db02"} {
		o.rotates(name)
		if c := o.credential(name); c.Holder != "ann" || c.Handover != "" {
			t.Errorf("%+v", c)
		}
	}
	if h := o.handover("handover-1"); h.Status.Open() {
		t.Errorf("%+v", h)
	}
}

// Somebody who was shown the password in the making and then left it to the other
// custodian knows what that one holds: it is changed again.
func TestAPasswordThatWasPassedOnIsNotKnownToWhoLeft(t *testing.T) {
	o := newOffice(t)
	shownToAnn(o)
	o.handsOver("ann", "ben", "db02")
	o.does("ann", GoAway{Reason: note("dentist")})
	o.does("ben", ResumeRotation{"db01"})
	id := RotationID{Credential: "db01", Number: 2}
	o.does(System, ReportApplied{id})
	o.does(System, ReportVerified{Rotation: id, OldRefused: true})
	o.does(System, ReportPromoted{id, 2})
	c := o.credential("db01")
	if c.Phase != Rotating || c.Successor() != "ben" || c.Rotation.Reason != ForExposure || c.Version != 2 || !slices.Equal(c.Exposure, []string{"ann"}) {
		t.Fatalf("%+v", c)
	}
	o.rotates("db01")
	if c = o.credential("db01"); c.Holder != "ben" || len(c.Exposure) > 0 {
		t.Errorf("%+v", c)
	}
}

func TestForgedExits(t *testing.T) {
	reason := note("x").bare()
	const somebodyElse = "done by somebody whose it was not"
	handedOverAndChanging := func(o *office) {
		annHandedOver(o)
		o.does("ben", RequestRotation{Credential: "db01", Reason: note("worn")})
	}
	caught(t, []forgery{
		{"paused by the worker", stagedAndUnreachable, System, RotationPaused{"db01", 2, reason}, "I6", somebodyElse},
		{"paused by the other custodian", stagedAndUnreachable, "ben", RotationPaused{"db01", 2, reason}, "I6", somebodyElse},
		{"paused twice", pausedByAnn, "ann", RotationPaused{"db01", 2, reason}, "I4", "paused twice"},
		{"paused, of another rotation", stagedAndUnreachable, "ann", RotationPaused{"db01", 1, reason}, "I4", "the rotation was not at"},
		{"resumed by the worker", pausedByAnn, System, RotationResumed{"db01", 2}, "I6", somebodyElse},
		{"resumed without a pause", stagedAndUnreachable, "ann", RotationResumed{"db01", 2}, "I4", "without a pause"},
		{"resumed, of another rotation", pausedByAnn, "ann", RotationResumed{"db01", 1}, "I4", "the rotation was not at"},
		{"called off by the worker", stagedAndUnreachable, System, RotationCancelled{"db01", 2, reason}, "I6", somebodyElse},
		{"called off by an admin, when it is no first rotation", stagedAndUnreachable, "ada", RotationCancelled{"db01", 2, reason}, "I6", somebodyElse},
		{"called off when it may have reached the target", cutShort, "ann", RotationCancelled{"db01", 2, reason}, "I4", "may have reached"},
		{"called off though a return asks for it", annTookBack, "ann", RotationCancelled{"db01", 2, reason}, "I4", "the policy asks for it"},
		{"called off, of another rotation", stagedAndUnreachable, "ann", RotationCancelled{"db01", 1, reason}, "I4", "the rotation was not at"},
		{"passed on by the other custodian", stagedAndUnreachable, "ben", RotationPassed{"db01", 2, "ann", "ben"}, "I6", somebodyElse},
		{"passed on by somebody whose it was not", stagedAndUnreachable, "ben", RotationPassed{"db01", 2, "ben", "ann"}, "I3", "whose it was not"},
		{"passed on to a stranger", stagedAndUnreachable, "ann", RotationPassed{"db01", 2, "ann", "cay"}, "I3", "than the other custodian"},
		{"passed on out of a handover", handedOverAndChanging, "ben", RotationPassed{"db01", 2, "ben", "ann"}, "I3", "out of an open handover"},
		{"passed on, of another rotation", stagedAndUnreachable, "ann", RotationPassed{"db01", 1, "ann", "ben"}, "I4", "the rotation was not at"},
		{"sent while it is paused", pausedByAnn, System, RotationSending{"db01", 2}, "I4", "while it was paused"},
		{"sent by a person", stagedAndUnreachable, "ann", RotationSending{"db01", 2}, "I6", somebodyElse},
		{"sent, of another rotation", stagedAndUnreachable, System, RotationSending{"db01", 1}, "I4", "the rotation was not at"},
		{"sent by the worker what a person sets", switchAdded, System, RotationSending{"sw01", 1}, "I4", "what a person sets"},
		{"staged to be sent by the worker what a person sets", func(o *office) {
			switchAdded(o)
			o.state.editCredential("sw01", func(c *Credential) { c.Rotation.Step = StepPending })
		}, System, RotationStaged{"sw01", 1, true}, "I4", "what a person sets"},
		{"staged while it is paused", func(o *office) { annWantsNewPassword(o); o.does("ann", PauseRotation{"db01", note("x")}) }, System, RotationStaged{Credential: "db01", Rotation: 2}, "I4", "while it was paused"},
		{"set by hand while it is paused", func(o *office) { switchShown(o); o.does("ann", PauseRotation{"sw01", note("x")}) }, "ann", RotationApplied{"sw01", 1}, "I4", "while it was paused"},
		{"shown while Tandem goes on", stagedAndUnreachable, "ann", RotationShown{"db01", 2, 1}, "I5", "went on setting it"},
		{"changed again for somebody who did not see it", func(o *office) { o.does("ann", CheckOut{"db01", note("x")}) }, System,
			RotationStarted{Credential: "db01", Rotation: 2, Reason: ForExposure, Successor: "ann"}, "I4", "the policy allows"},
	})
}

// Who pauses, resumes, calls off and leaves gives a code.
func TestExitsAreConfirmed(t *testing.T) {
	for _, c := range []struct {
		given func(*office)
		fact  Fact
	}{
		{stagedAndUnreachable, RotationPaused{"db01", 2, note("x")}},
		{pausedByAnn, RotationResumed{"db01", 2}},
		{stagedAndUnreachable, RotationCancelled{"db01", 2, note("x")}},
		{stagedAndUnreachable, RotationPassed{"db01", 2, "ann", "ben"}},
		{pausedByAnn, RotationShown{"db01", 2, 1}},
	} {
		o := newOffice(t)
		c.given(o)
		e := o.forge("ann", c.fact)
		if err := CheckEvent(o.state, e); err != nil {
			t.Errorf("%T, with a code: %v", c.fact, err)
		}
		e.Confirm = nil
		if err := CheckEvent(o.state, e); !violation(err, "I6", "not confirmed") {
			t.Errorf("%T, without one: %v", c.fact, err)
		}
	}
}
