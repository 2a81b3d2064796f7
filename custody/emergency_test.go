package custody

import (
	"slices"
	"testing"
	"time"
)

// What the office does when a holder cannot be reached. ann holds db01 and db02, ben is
// their other custodian; max is the manager, dot the director, eve the auditor, ada the
// admin, and cay a technician who has nothing to do with them.

func benAsks(o *office)   { o.does("ben", urgent("db01")) } // emergency-1
func maxYields(o *office) { benAsks(o); o.does("max", ApproveEmergency{"emergency-1"}) }
func benUses(o *office)   { maxYields(o); o.does("ben", CheckOut{"db01", note("disk full")}) }
func benEnds(o *office)   { benUses(o); o.does("ben", EndEmergency{"emergency-1"}) }
func cayAsks(o *office)   { o.does("cay", urgent("db01")) }
func cayHas(o *office) {
	cayAsks(o)
	o.does("max", ApproveEmergency{"emergency-1"})
	o.does("dot", ApproveEmergency{"emergency-1"})
}
func cayUses(o *office) { cayHas(o); o.does("cay", CheckOut{"db01", note("disk full")}) }
func mayBeSilent(o *office) {
	c := o.credential("db01").Policy
	c.Silence = true
	o.does("ada", ChangePolicy{"db01", c})
}
func bothPaged(o *office) {
	for _, channel := range []string{"email", "wecom"} {
		o.does(System, ReportPaged{"emergency-1", "ann", channel})
		o.does(System, ReportPaged{"emergency-1", "dot", channel})
	}
}
func silenceRuns(o *office) { mayBeSilent(o); benAsks(o); bothPaged(o) }
func afterwards(d time.Duration) func(*office) {
	return func(o *office) { o.passes(d) }
}
func does(who string, a Action) func(*office) { return func(o *office) { o.does(who, a) } }

func urgent(names ...string) RequestEmergency {
	return RequestEmergency{Credentials: names, Reason: note("disk full, ann does not answer")}
}

func (o *office) emergency(credential string) Emergency {
	if all := o.credential(credential).Emergencies; len(all) > 0 {
		return all[len(all)-1]
	}
	return Emergency{}
}

func (o *office) stands(credential string, status EmergencyStatus) bool {
	return o.emergency(credential).Status == status
}

func TestWhoAsksForAnEmergency(t *testing.T) {
	waits := func(o *office) bool {
		return o.stands("db01", EmergencyPending) && o.credential("db01").Holder == "ann"
	}
	forAda := RequestEmergency{Credentials: []string{"db01"}, For: "ada", Reason: note("both ill")}
	cayAway := does("cay", GoAway{})
	bothOffer := func(o *office) { annOffered(o) }
	check(t, []clause{
		{"the other custodian", nil, "ben", urgent("db01"), "", waits},
		{"for two at once, as one emergency", nil, "ben", urgent("db01", "db02"), "", func(o *office) bool {
			return o.emergency("db02").ID == "emergency-1" && o.emergency("db01").ID == "emergency-1" && o.credential("db02").LastEmergency == 1
		}},
		{"for all that the holder has", nil, "ben", RequestEmergency{Person: "ann", Reason: note("ann is ill")}, "", func(o *office) bool { return o.stands("db02", EmergencyPending) && o.stands("db01", EmergencyPending) }},
		{"another technician, where neither can be reached", nil, "cay", urgent("db01"), "", func(o *office) bool {
			return waits(o) && slices.Equal(o.emergency("db01").Absent, []string{"ann", "ben"}) && len(o.emergency("db01").Needs) == 2
		}},
		{"all that somebody holds, for who is custodian of none of it", nil, "cay", RequestEmergency{Person: "ann", Reason: note("both ill")}, "", func(o *office) bool { return o.stands("db02", EmergencyPending) }},
		{"the manager for somebody named, when no technician is there", cayAway, "max", forAda, "", func(o *office) bool {
			return waits(o) && slices.Equal(o.emergency("db01").Needs, []Role{Director})
		}},
		{"or the director", cayAway, "dot", forAda, "", func(o *office) bool { return slices.Equal(o.emergency("db01").Needs, []Role{Manager}) }},
		{"not while a technician could ask", nil, "max", forAda, Conflict, nil},
		{"not for a technician who is there", nil, "max", RequestEmergency{Credentials: []string{"db01"}, For: "ben", Reason: note("x")}, Conflict, nil},
		{"not for an approver", cayAway, "max", RequestEmergency{Credentials: []string{"db01"}, For: "dot", Reason: note("x")}, InvalidRequest, nil},
		{"nor for the auditor", cayAway, "max", RequestEmergency{Credentials: []string{"db01"}, For: "eve", Reason: note("x")}, InvalidRequest, nil},
		{"nor for nobody", cayAway, "max", RequestEmergency{Credentials: []string{"db01"}, For: "zoe", Reason: note("x")}, InvalidRequest, nil},
		{"nor for who is away", both(cayAway, does("ada", GoAway{})), "max", forAda, InvalidRequest, nil},
		{"the manager not for themselves", nil, "max", urgent("db01"), Forbidden, nil},
		{"the admin not for themselves", nil, "ada", urgent("db01"), Forbidden, nil},
		{"a technician not for another", nil, "ben", RequestEmergency{Credentials: []string{"db01"}, For: "cay", Reason: note("x")}, Forbidden, nil},
		{"nobody who is away", cayAway, "cay", urgent("db01"), Conflict, nil},
		{"not who holds it", nil, "ann", urgent("db01"), Conflict, nil},
		{"not while another is open", cayAsks, "ben", urgent("db01"), EmergencyOpen, nil},
		{"nor while another has it", maxYields, "cay", urgent("db01"), EmergencyOpen, nil},
		{"not who is offered it", bothOffer, "ben", urgent("db01"), HandoverOpen, nil},
		{"another is, though it is offered", bothOffer, "cay", urgent("db01"), "", waits},
		{"not one that is not in custody", db01IsRetired, "ben", urgent("db01"), Conflict, nil},
		{"nor one that comes in", func(o *office) { o.does(System, server("db09", "ann", "ben")) }, "ben", urgent("db09"), RotationPending, nil},
		{"nor what there is not", nil, "ben", urgent("db77"), NotFound, nil},
		{"nor nothing", nil, "ben", urgent(), InvalidRequest, nil},
		{"nor both by name and by holder", nil, "ben", RequestEmergency{Credentials: []string{"db01"}, Person: "ann", Reason: note("x")}, InvalidRequest, nil},
		{"nor without a reason", nil, "ben", RequestEmergency{Credentials: []string{"db01"}}, InvalidRequest, nil},
		{"of two holders there are two", func(o *office) { o.handsOver("ben", "cay", "web01") }, "ben", urgent("db01", "web01"), HandoverOpen, nil},
		{"what is one's own and what is not are two", nil, "cay", urgent("db01", "web01"), InvalidRequest, nil},
		{"while its password is being changed", annWantsNewPassword, "ben", urgent("db01"), "", func(o *office) bool { return o.emergency("db01").Holder == "ann" }},
		{"not for whom it is being changed", annWantsNewPassword, "ann", urgent("db01"), Conflict, nil},
		{"a custodian takes what is parked", func(o *office) {
			o.state.editCredential("db01", func(c *Credential) { c.Phase, c.Holder = Parked, "" })
		}, "ben", urgent("db01"), Conflict, nil},
		{"an account that nobody can approve has none", does("max", GoAway{}), "ben", urgent("db01"), "", waits},
	})
}

func TestWhoLetsAnEmergencyHappen(t *testing.T) {
	granted := func(o *office) bool {
		c := o.credential("db01")
		return o.stands("db01", EmergencyOn) && c.Holder == "ben" && c.Lease.ID == "" && slices.Equal(c.Unreachable, []string{"ann"})
	}
	approve, reject := ApproveEmergency{"emergency-1"}, RejectEmergency{"emergency-1", note("I am here")}
	vetoed := func(o *office) bool { return o.stands("db01", EmergencyVetoed) && o.credential("db01").Holder == "ann" }
	half := both(cayAsks, does("max", approve))
	forAda := both(does("cay", GoAway{}), does("max", RequestEmergency{Credentials: []string{"db01"}, For: "ada", Reason: note("both ill")}))
	check(t, []clause{
		{"the manager, for a custodian", benAsks, "max", approve, "", granted},
		{"or the director, whether or not the manager is there", benAsks, "dot", approve, "", granted},
		{"it ends what the absent had checked out", both(annWorks, benAsks), "max", approve, "", granted},
		{"not who asks", benAsks, "ben", approve, OwnRequest, nil},
		{"nor the holder", benAsks, "ann", approve, NotEligible, nil},
		{"nor another technician", benAsks, "cay", approve, NotEligible, nil},
		{"nor the admin", benAsks, "ada", approve, NotEligible, nil},
		{"nor the auditor", benAsks, "eve", approve, NotEligible, nil},
		{"one is not enough for anybody else", cayAsks, "max", approve, "", func(o *office) bool {
			return o.stands("db01", EmergencyPending) && o.credential("db01").Holder == "ann"
		}},
		{"both are", half, "dot", approve, "", func(o *office) bool {
			return o.stands("db01", EmergencyOn) && o.credential("db01").Holder == "cay" && slices.Equal(o.credential("db01").Unreachable, []string{"ann", "ben"})
		}},
		{"nobody is both", half, "max", approve, NotEligible, nil},
		{"the director, where the manager asked", forAda, "dot", approve, "", func(o *office) bool { return o.credential("db01").Holder == "ada" }},
		{"not the manager who asked", forAda, "max", approve, OwnRequest, nil},
		{"nor whom it is for", forAda, "ada", approve, NotEligible, nil},
		{"not twice", maxYields, "dot", approve, AlreadyDecided, nil},
		{"nor one that there never was", benAsks, "max", ApproveEmergency{"emergency-2"}, NotFound, nil},
		{"not what the holder has handed over meanwhile", both(cayAsks, func(o *office) { o.handsOver("ann", "ben", "db01") }), "max", approve, Conflict, nil},
		{"not for who has gone meanwhile", both(cayAsks, does("cay", GoAway{})), "max", approve, CounterpartAway, nil},
		{"one that is offered is taken out of the offer", both(func(o *office) { o.offers("ann", "db01", "db02") }, half), "dot", approve, "", func(o *office) bool {
			h := o.handover("handover-1")
			return o.credential("db01").Handover == "" && slices.Equal(h.Credentials, []string{"db02"}) && h.Status == Offered
		}},
		{"the last takes the offer with it", both(annOffered, half), "dot", approve, "", func(o *office) bool {
			_, open := o.state.Handover("handover-1")
			return o.credential("db01").Handover == "" && !open
		}},
		{"what was handed over is taken from who has it", both(annHandedOver, half), "dot", approve, "", func(o *office) bool {
			h := o.handover("handover-1")
			return o.credential("db01").Holder == "cay" && o.credential("db02").Holder == "ben" && slices.Equal(h.Credentials, []string{"db02"}) && h.Status == Accepted
		}},
		{"while it is being changed: the succession", both(annWantsNewPassword, benAsks), "max", approve, "", func(o *office) bool { return o.credential("db01").Successor() == "ben" }},
		{"given back, and not changed yet: the handover closes all the same", both(annTookBack, benAsks), "max", approve, "", func(o *office) bool {
			o.rotates("db01")
			o.rotates("db02")
			_, open := o.state.Handover("handover-1")
			return o.credential("db01").Holder == "ben" && !open
		}},
		{"the holder says no", benAsks, "ann", reject, "", vetoed},
		{"an approver says no", benAsks, "dot", reject, "", vetoed},
		{"also who had said yes", half, "max", reject, "", vetoed},
		{"either custodian, where both are said to be gone", cayAsks, "ben", reject, "", vetoed},
		{"not who asks: they withdraw", benAsks, "ben", reject, OwnRequest, nil},
		{"nor another technician", benAsks, "cay", reject, NotEligible, nil},
		{"nor the auditor", benAsks, "eve", reject, NotEligible, nil},
		{"nor once it is granted", maxYields, "ann", reject, AlreadyDecided, nil},
		{"who asks withdraws", benAsks, "ben", WithdrawEmergency{"emergency-1"}, "", func(o *office) bool { return o.stands("db01", EmergencyTaken) }},
		{"nobody else does", benAsks, "ann", WithdrawEmergency{"emergency-1"}, Forbidden, nil},
		{"nor later", maxYields, "ben", WithdrawEmergency{"emergency-1"}, AlreadyDecided, nil},
		{"after a veto, another can be asked for", both(benAsks, does("ann", reject)), "ben", urgent("db01"), "", func(o *office) bool {
			return o.emergency("db01").ID == "emergency-2" && len(o.credential("db01").Emergencies) == 1
		}},
		{"nobody approves it in time", both(benAsks, afterwards(30*time.Minute)), "max", approve, AlreadyDecided, func(o *office) bool { return o.stands("db01", EmergencyUnused) }},
		{"just in time", both(benAsks, afterwards(30*time.Minute-time.Millisecond)), "max", approve, "", granted},
	})
}

func TestWhatAnEmergencyIs(t *testing.T) {
	check(t, []clause{
		{"who has it checks it out", maxYields, "ben", CheckOut{"db01", note("disk full")}, "", func(o *office) bool { return !o.emergency("db01").UsedAt.IsZero() }},
		{"also who is no custodian", cayHas, "cay", CheckOut{"db01", note("disk full")}, "", func(o *office) bool { return slices.Contains(o.credential("db01").Exposure, "cay") }},
		{"sees it again", cayUses, "cay", ShowAgain{"db01"}, "", nil},
		{"checks it in", cayUses, "cay", CheckIn{"db01"}, "", nil},
		{"has it changed", cayHas, "cay", RequestRotation{Credential: "db01", Reason: note("worn")}, "", func(o *office) bool { return o.credential("db01").Successor() == "cay" }},
		{"pauses what is stuck", both(annWantsNewPassword, cayHas), "cay", PauseRotation{"db01", note("stuck")}, "", nil},
		{"the absent does not", maxYields, "ann", CheckOut{"db01", note("x")}, NotHolder, nil},
		{"nor who asked, before it is granted", benAsks, "ben", CheckOut{"db01", note("x")}, NotHolder, nil},
		{"nor anybody else", cayHas, "ben", CheckOut{"db01", note("x")}, NotHolder, nil},
		{"it is not handed on", maxYields, "ben", Offer{Credentials: []string{"db01"}, Reason: note("x")}, EmergencyOpen, nil},
		{"nobody goes away with it", cayHas, "cay", GoAway{}, EmergencyOpen, nil},
		{"nor leaves with it", maxYields, "ben", Offer{All: true, Leave: true, Reason: note("x")}, EmergencyOpen, nil},
		{"an admin with it neither", both(does("cay", GoAway{}), both(does("max", RequestEmergency{Credentials: []string{"db01"}, For: "ada", Reason: note("x")}), does("dot", ApproveEmergency{"emergency-1"}))), "ada", GoAway{}, EmergencyOpen, nil},
		{"its custodians stay meanwhile", maxYields, "max", pairOf("db01", "ann", "cay"), ApprovalNeeded, nil},
		{"nobody asks for others", maxYields, "max", needed(pairOf("db01", "ann", "cay")), EmergencyOpen, nil},
		{"nor retires it", maxYields, "max", needed(Retire{"db01"}), EmergencyOpen, nil},
		{"nor gives it up", both(annWantsNewPassword, maxYields), "max", needed(Abandon{"db01"}), EmergencyOpen, nil},
		{"nothing is parked", both(maxYields, does("max", Disable{"ann", note("left")})), "max", needed(Park{"db01"}), EmergencyOpen, nil},
		{"while it waits its custody can end", benAsks, "ada", Retire{"db01"}, ApprovalNeeded, nil},
	})
}

func TestHowAnEmergencyEnds(t *testing.T) {
	ended := func(how EmergencyEnd, successor string) func(*office) bool {
		return func(o *office) bool {
			c, e := o.credential("db01"), o.emergency("db01")
			return e.How == how && c.Phase == Rotating && c.Rotation.Reason == ForEmergency && c.Rotation.Successor == successor && c.Lease.ID == ""
		}
	}
	end, annIsBack := EndEmergency{"emergency-1"}, does("ann", ComeBack{})
	check(t, []clause{
		{"who has it gives it back; nobody else is there", benUses, "ben", end, "", ended(EndGivenBack, "ben")},
		{"to who held it, when they are", both(benUses, annIsBack), "ben", end, "", ended(EndGivenBack, "ann")},
		{"where nobody is, it is parked", cayUses, "cay", end, "", func(o *office) bool {
			o.rotates("db01")
			return o.credential("db01").Phase == Parked && len(o.credential("db01").Exposure) == 0 && !slices.Contains(o.state.Charges("cay"), "db01")
		}},
		{"or to the other custodian, who is", both(cayUses, does("ben", ComeBack{})), "cay", end, "", ended(EndGivenBack, "ben")},
		{"nobody else ends it", benUses, "max", end, Forbidden, nil},
		{"nor who was absent", benUses, "ann", end, Forbidden, nil},
		{"nor twice", benEnds, "ben", end, AlreadyDecided, nil},
		{"nor one that waits", benAsks, "ben", end, AlreadyDecided, nil},
		{"after four hours by itself", benUses, System, Tick{}, "", func(o *office) bool {
			o.passes(4*time.Hour - time.Millisecond)
			before := o.stands("db01", EmergencyOn)
			o.passes(time.Millisecond)
			return before && ended(EndTime, "ben")(o) && o.stands("db01", EmergencyOver)
		}},
		{"after an hour, if nobody used it", maxYields, System, Tick{}, "", func(o *office) bool {
			o.passes(time.Hour - time.Millisecond)
			before := o.stands("db01", EmergencyOn)
			o.passes(time.Millisecond)
			return before && ended(EndUnused, "ben")(o) && o.stands("db01", EmergencyUnused)
		}},
		{"a quarter of an hour after the absent one is back", both(benUses, annIsBack), System, Tick{}, "", func(o *office) bool {
			o.passes(15*time.Minute - time.Millisecond)
			before := o.stands("db01", EmergencyOn)
			o.passes(time.Millisecond)
			return before && ended(EndBack, "ann")(o)
		}},
		{"not when they went again", both(benUses, both(annIsBack, func(o *office) {
			o.handsOver("ann", "ben", "db02")
			o.does("ann", GoAway{})
		})), System, Tick{}, "", func(o *office) bool { o.passes(15 * time.Minute); return o.stands("db01", EmergencyOn) }},
		{"with who leaves", both(benUses, does("max", Disable{"ben", note("left")})), System, Tick{}, "", func(o *office) bool {
			c := o.credential("db01")
			return o.emergency("db01").How == EndLostAccess && c.Phase == Rotating && c.Rotation.Successor == "" && slices.Equal(c.Leavers, []string{"ben"}) && c.Backup == ""
		}},
		{"with who leaves, and is no custodian", both(cayUses, does("max", Disable{"cay", note("left")})), System, Tick{}, "", func(o *office) bool {
			return o.emergency("db01").How == EndLostAccess && slices.Equal(o.credential("db01").Leavers, []string{"cay"})
		}},
		{"with who sets up their log-in anew", cayUses, "ada", ResetEnrolment{"cay"}, ApprovalNeeded, nil},
		{"while it waits, with who asked", both(benAsks, does("max", Disable{"ben", note("left")})), System, Tick{}, "", func(o *office) bool { return o.stands("db01", EmergencyTaken) }},
		{"not with who is absent", both(benUses, does("max", Disable{"ann", note("left")})), System, Tick{}, "", func(o *office) bool {
			return o.stands("db01", EmergencyOn) && o.credential("db01").HeldFor() == "ben" && len(o.credential("db01").Unreachable) == 0
		}},
		{"while it is being changed, who it is for is another", both(annWantsNewPassword, both(cayHas, func(o *office) {
			c := o.credential("db01")
			o.does(System, ReportStaged{Rotation: RotationID{Credential: "db01", Number: c.Rotation.Number}})
			o.does("cay", PauseRotation{"db01", note("stuck")})
			o.does("cay", ShowNew{"db01"})
		})), "cay", end, "", func(o *office) bool {
			c := o.credential("db01")
			used := !o.emergency("db01").UsedAt.IsZero()
			return used && c.Rotation.Successor == "" && slices.Equal(c.Rotation.ShownTo, []string{"cay"})
		}},
		{"the absent one is back, and takes it", both(cayUses, both(does("cay", end), annIsBack)), "ann", Take{"db01"}, "", func(o *office) bool { return o.credential("db01").Successor() == "ann" }},
		{"not without saying that they are", both(cayUses, does("cay", end)), "ann", Take{"db01"}, Conflict, nil},
		{"who cannot be reached is offered nothing", both(benUses, both(does("ben", end), func(o *office) { o.rotates("db01") })), "ben", Offer{Credentials: []string{"db01"}, Reason: note("x")}, CounterpartAway, nil},
		{"and leaves the other here", both(benUses, both(does("ben", end), func(o *office) {
			o.rotates("db01")
			o.handsOver("ben", "cay", "web01")
		})), "ben", GoAway{}, BothAway, nil},
		{"until they are back", both(benUses, both(does("ben", end), both(func(o *office) { o.rotates("db01") }, annIsBack))), "ben", Offer{Credentials: []string{"db01"}, Reason: note("x")}, "", nil},
	})
}

// A re-enrolled person comes out of it with nothing in their hands: the emergency ends.
func TestWhoIsReEnrolledHasNoEmergency(t *testing.T) {
	o := newOffice(t)
	cayUses(o)
	o.does("ada", ResetEnrolment{"cay"})
	if c := o.credential("db01"); o.emergency("db01").How != EndLostAccess || c.HeldFor() != "" || slices.Contains(o.state.Charges("cay"), "db01") {
		t.Errorf("%+v", c)
	}
}

func TestWhoReviewsAnEmergency(t *testing.T) {
	review := ReviewEmergency{"emergency-1", Justified, note("the disk was full, nobody answered")}
	reviewed := func(o *office) bool {
		return o.stands("db01", EmergencyClosed) && o.emergency("db01").Verdict == Justified
	}
	alone := both(benEnds, func(o *office) { // nobody else is left who looks
		o.does("max", Disable{"dot", note("left")})
		o.does("ada", Disable{"eve", note("left")})
	})
	check(t, []clause{
		{"the auditor", benEnds, "eve", review, "", reviewed},
		{"an approver who had no part in it", benEnds, "dot", review, "", reviewed},
		{"not who approved it", benEnds, "max", review, NotEligible, nil},
		{"unless there is nobody else", alone, "max", review, "", reviewed},
		{"never who asked", benEnds, "ben", review, NotEligible, nil},
		{"nor who was absent", benEnds, "ann", review, NotEligible, nil},
		{"not while it lasts", benUses, "eve", review, AlreadyDecided, nil},
		{"nor twice", both(benEnds, does("dot", review)), "eve", review, AlreadyDecided, nil},
		{"it says what it was", benEnds, "eve", ReviewEmergency{Emergency: "emergency-1", Text: note("x")}, InvalidRequest, nil},
		{"and why", benEnds, "eve", ReviewEmergency{Emergency: "emergency-1", Verdict: Justified}, InvalidRequest, nil},
		{"a missing one keeps nobody from the next", both(benEnds, both(afterwards(80*time.Hour), func(o *office) { o.rotates("db01") })), "cay", urgent("db01"), "", func(o *office) bool {
			all := o.credential("db01").Emergencies
			return len(all) == 2 && all[0].Overdue && all[1].ID == "emergency-2"
		}},
	})
	o := newOffice(t)
	benEnds(o)
	o.does("eve", ReviewEmergency{"emergency-1", Unjustified, note("ann was at her desk")})
	if last := o.history[len(o.history)-1]; last.Grade() != Serious {
		t.Errorf("that it was not justified is %s", last.Grade())
	}
}

// Nobody has looked at it for three days: serious, once.
func TestAnEmergencyThatNobodyReviewed(t *testing.T) {
	o := newOffice(t)
	benEnds(o)
	o.passes(72*time.Hour - time.Millisecond)
	if o.emergency("db01").Overdue {
		t.Fatal("overdue too early")
	}
	o.passes(time.Millisecond)
	n := len(o.history)
	o.passes(time.Hour)
	overdue := slices.ContainsFunc(o.history, func(e Event) bool {
		f, is := e.Fact.(EmergencyUnreviewed)
		return is && f.Emergency == "emergency-1" && e.Grade() == Serious
	})
	again := slices.ContainsFunc(o.history[n:], func(e Event) bool { _, is := e.Fact.(EmergencyUnreviewed); return is })
	if !overdue || again {
		t.Errorf("said: %t, again: %t", overdue, again)
	}
}

// Silence: what it takes, and what breaks it.
func TestSilence(t *testing.T) {
	granted := func(o *office) bool {
		e := o.emergency("db01")
		return e.Status == EmergencyOn && e.Silent && o.credential("db01").Holder == "ben"
	}
	for _, c := range []struct {
		name  string
		given func(*office)
		after time.Duration
		want  bool
	}{
		{"nobody answers", silenceRuns, 15 * time.Minute, true},
		{"not long enough", silenceRuns, 15*time.Minute - time.Millisecond, false},
		{"where the policy does not allow it", both(benAsks, bothPaged), 20 * time.Minute, false},
		{"nobody was told", both(mayBeSilent, benAsks), 20 * time.Minute, false},
		{"who asks is no custodian", both(mayBeSilent, both(cayAsks, bothPaged)), 20 * time.Minute, false},
		{"only by one channel", both(mayBeSilent, both(benAsks, func(o *office) {
			for _, who := range []string{"ann", "dot", "max"} {
				o.does(System, ReportPaged{"emergency-1", who, "email"})
				o.does(System, ReportPaged{"emergency-1", who, "email"})
			}
		})), 20 * time.Minute, false},
		{"the holder only by one", both(mayBeSilent, both(benAsks, func(o *office) {
			o.does(System, ReportPaged{"emergency-1", "ann", "email"})
			o.does(System, ReportPaged{"emergency-1", "dot", "email"})
			o.does(System, ReportPaged{"emergency-1", "dot", "wecom"})
		})), 20 * time.Minute, false},
		{"no approver by two", both(mayBeSilent, both(benAsks, func(o *office) {
			o.does(System, ReportPaged{"emergency-1", "ann", "email"})
			o.does(System, ReportPaged{"emergency-1", "ann", "wecom"})
			o.does(System, ReportPaged{"emergency-1", "dot", "email"})
			o.does(System, ReportPaged{"emergency-1", "max", "wecom"})
		})), 20 * time.Minute, false},
		{"the other custodian and the auditor are no approvers", both(mayBeSilent, both(benAsks, func(o *office) {
			for _, who := range []string{"ann", "eve", "ada", "cay"} {
				o.does(System, ReportPaged{"emergency-1", who, "email"})
				o.does(System, ReportPaged{"emergency-1", who, "wecom"})
			}
		})), 20 * time.Minute, false},
		{"told so late that it lapses first", both(mayBeSilent, both(benAsks, both(afterwards(16*time.Minute), bothPaged))), 20 * time.Minute, false},
		{"the holder checks it out meanwhile", both(silenceRuns, annWorks), 20 * time.Minute, false},
		{"or did before they were told", both(mayBeSilent, both(benAsks, both(annWorks, bothPaged))), 20 * time.Minute, false},
		{"the holder says no", both(silenceRuns, does("ann", RejectEmergency{Emergency: "emergency-1"})), 20 * time.Minute, false},
		{"an approver says no", both(silenceRuns, does("dot", RejectEmergency{Emergency: "emergency-1"})), 20 * time.Minute, false},
		{"the policy does not allow it any more", both(silenceRuns, does("ada", ChangePolicy{"db01", CredentialPolicy{}})), 20 * time.Minute, false},
		{"who asks has gone", both(silenceRuns, func(o *office) {
			o.handsOver("ben", "cay", "web01")
			o.does("ben", GoAway{})
		}), 20 * time.Minute, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			c.given(o)
			o.passes(c.after)
			if granted(o) != c.want {
				t.Errorf("%+v", o.emergency("db01"))
			}
			last := o.history[len(o.history)-1]
			if _, silent := last.Fact.(EmergencyGranted); c.want && (!silent || last.Grade() != Serious || last.Actor != System) {
				t.Errorf("entered as %+v", last)
			}
		})
	}
}

// Whoever reads why somebody asked changes nothing for those who decide: a State keeps the
// commitment, and its lists are not the reader's.
func TestReadingAnEmergencyLeavesTheStateAlone(t *testing.T) {
	o := newOffice(t)
	benAsks(o)
	read := []Credential{o.credential("db01")}
	why := o.emergency("db01").Reason
	written, _ := urgent().Reason.Words()
	Fill(&read, map[string]Words{why.Commitment(): written})
	if said := read[0].Emergencies[0].Reason.String(); said != written.Text {
		t.Errorf("read as %q", said)
	}
	if _, known := o.emergency("db01").Reason.Words(); known {
		t.Error("the state has the text now")
	}
}
