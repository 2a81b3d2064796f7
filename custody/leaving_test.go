package custody

import (
	"slices"
	"testing"
	"time"
)

// Somebody leaves, or changes post (clause 4.3).

func cayHasLeft(o *office) { o.does("ada", gone("cay")) }
func annHasLeft(o *office) { o.does("max", gone("ann")) }
func benHasLeft(o *office) { o.does("dot", gone("ben")) }

func gone(person string) Disable { return Disable{person, note("has left the company")} }

func TestSomebodyLeaves(t *testing.T) {
	rotatesFor := func(name, successor string) func(*office) bool {
		return func(o *office) bool {
			c := o.credential(name)
			return c.Phase == Rotating && c.Rotation.Reason == ForLeaving && c.Successor() == successor
		}
	}
	check(t, []clause{
		{"an admin may take their access", nil, "ada", gone("ann"), "", func(o *office) bool {
			ann := o.person("ann")
			return ann.Disabled && !ann.Present() && !ann.Enrolled && ann.Account == 0 && ann.Leaving.Due.Equal(o.now.Add(24*time.Hour))
		}},
		{"so may a manager", nil, "max", gone("ann"), "", nil},
		{"and a director", nil, "dot", gone("ann"), "", nil},
		{"a technician may not", nil, "ben", gone("ann"), Forbidden, nil},
		{"nor anybody their own", nil, "ada", gone("ada"), Forbidden, nil},
		{"a reason is given", nil, "ada", Disable{Person: "ann"}, InvalidRequest, nil},
		{"nobody leaves twice", annHasLeft, "ada", gone("ann"), Conflict, nil},
		{"nobody is not there", nil, "ada", gone("mallory"), NotFound, nil},
		{"the last admin may be among them", nil, "max", gone("ada"), "", nil},
		{"and the only manager", nil, "ada", gone("max"), "", nil},

		{"what they hold passes to the other, with a new password", nil, "ada", gone("ann"), "", rotatesFor("db01", "ben")},
		{"also what they work with", annWorks, "ada", gone("ann"), "", rotatesFor("db01", "ben")},
		{"to nobody where the other is away", benIsAway, "ada", gone("ann"), "", rotatesFor("db01", "")},
		{"their seat is vacant", nil, "ada", gone("ann"), "", func(o *office) bool {
			db01 := o.credential("db01")
			return db01.Primary == "" && db01.Backup == "ben" && len(o.state.Charges("ann")) == 0
		}},
		{"what they never saw stays as it is", nil, "ada", gone("cay"), "", func(o *office) bool {
			web01 := o.credential("web01")
			return web01.Phase == Held && web01.Holder == "ben" && web01.SeatVacant()
		}},
		{"what they saw before they handed it over is changed", both(annWorks, annHandedOver), "ada", gone("ann"), "", rotatesFor("db01", "ben")},
		{"and what they hold for somebody who is away has nobody", annIsAway, "ada", gone("ben"), "", rotatesFor("db01", "")},
		{"a change that they asked for cannot be called off", both(annWorks, annWantsNewPassword), "ada", gone("ann"), "", func(o *office) bool {
			return !o.credential("db01").Cancellable() && rotatesFor("db01", "ben")(o)
		}},
		{"their offers are void", annOffered, "ada", gone("ann"), "", func(o *office) bool {
			return o.handover("handover-1").Status == "" && o.credential("db01").Handover == ""
		}},
		{"and those to them", annOffered, "ada", gone("ben"), "", func(o *office) bool {
			db01 := o.credential("db01")
			return db01.Handover == "" && db01.Holder == "ann"
		}},
		{"what was given back to them goes to the other", annTookBack, "ada", gone("ann"), "", func(o *office) bool {
			db01 := o.credential("db01")
			return db01.Phase == Rotating && db01.Successor() == "ben" && db01.Handover == ""
		}},
		{"what they gave back is the giver's still", annTookBack, "ada", gone("ben"), "", func(o *office) bool {
			db01 := o.credential("db01")
			return db01.Phase == Rotating && db01.Successor() == "ann" && db01.Handover == "handover-1"
		}},
		{"what they ask for is withdrawn", func(o *office) { o.does("ben", needed(cayForBen)) }, "ada", gone("ben"), "", func(o *office) bool {
			return len(slices.Collect(o.state.OpenProposals())) == 0
		}},
		{"they do nothing any more", annHasLeft, "ann", CheckOut{"db01", note("once more")}, Unauthenticated, nil},
		{"and set no log-in up", annHasLeft, System, ResetOnHost{Person: "ann"}, Conflict, nil},
	})
}

func TestWhatIsLeftBehind(t *testing.T) {
	parked := both(benIsAway, func(o *office) { annHasLeft(o); o.rotates("db01") })
	benIsBack := both(parked, func(o *office) { o.does("ben", ComeBack{}) })
	check(t, []clause{
		{"parked, nobody holds it", parked, "ben", CheckOut{"db01", note("ticket")}, IsParked, nil},
		{"coming back moves no custody", benIsBack, "ben", CheckOut{"db01", note("ticket")}, IsParked, nil},
		{"a custodian takes it", benIsBack, "ben", Take{"db01"}, "", func(o *office) bool { return o.credential("db01").Holder == "ben" }},
		{"who is there", parked, "ben", Take{"db01"}, Conflict, nil},
		{"nobody else does", benIsBack, "cay", Take{"db01"}, NotCustodian, nil},
		{"nor what somebody holds", nil, "ben", Take{"db01"}, Conflict, nil},
		{"nor what there is not", nil, "ben", Take{"db09"}, NotFound, nil},
		{"what is being changed for nobody can be taken as well", both(benIsAway, both(annHasLeft, func(o *office) { o.does("ben", ComeBack{}) })), "ben", Take{"db01"}, "", func(o *office) bool {
			return o.credential("db01").Successor() == "ben"
		}},

		{"who is left alone with it does not go away", benHasLeft, "ann", GoAway{}, SeatIsVacant, nil},
		{"nor by an offer", benHasLeft, "ann", Offer{All: true, Leave: true, Reason: note("leave")}, SeatIsVacant, nil},
		{"nor hands it to nobody", benHasLeft, "ann", Offer{Credentials: []string{"db01"}, Reason: note("leave")}, CounterpartAway, nil},
		{"somebody else can have the seat", benHasLeft, "ada", needed(pairOf("db01", "ann", "cay")), "", nil},
		{"also while it is being changed", annHasLeft, "ada", needed(pairOf("db01", "cay", "ben")), "", nil},
		{"and while it is parked", parked, "ada", needed(pairOf("db01", "cay", "ben")), "", nil},
		{"but nobody who has left", annHasLeft, "ada", needed(pairOf("db01", "ann", "ben")), InvalidRequest, nil},
		{"a parked one can be retired", parked, "ada", needed(Retire{"db01"}), "", nil},

		{"two may permit that nobody looks after it", benHasLeft, "ada", needed(Park{"db01"}), "", nil},
		{"while a seat is vacant", nil, "ada", needed(Park{"db01"}), Conflict, nil},
		{"nobody does it alone", benHasLeft, "ada", Park{"db01"}, ApprovalNeeded, nil},
		{"and once it is parked its custodian goes", both(benHasLeft, func(o *office) {
			for _, name := range []string{"db01", "db02"} {
				o.agreed("ada", Park{name})
				o.rotates(name)
			}
		}), "ann", GoAway{}, "", nil},
		{"not before", both(benHasLeft, func(o *office) { o.agreed("ada", Park{"db01"}); o.agreed("ada", Park{"db02"}) }), "ann", GoAway{}, SeatIsVacant, nil},
		{"a manager may not change what nobody holds", parked, "max", RequestRotation{Credential: "db01", Reason: note("worn")}, IsParked, nil},
		{"nor take part in it", parked, "max", CheckIn{"db01"}, NotCustodian, nil},
	})
}

// A stranger who has one session of an admin cannot empty the house.
func TestMoreThanFiveLeaveByAProposal(t *testing.T) {
	o := newOffice(t)
	for _, name := range []string{"one", "two", "three", "four", "five", "six"} {
		o.hires(name, Technician)
	}
	for _, name := range []string{"one", "two", "three", "four", "five"} {
		o.does("ada", gone(name))
	}
	if _, err := o.do("ada", gone("six")); CodeOf(err) != ApprovalNeeded {
		t.Errorf("the sixth: %v", err)
	}
	if _, err := o.do("max", gone("six")); CodeOf(err) != ApprovalNeeded {
		t.Errorf("the sixth, by somebody else: %v", err)
	}
	o.agreed("ada", Disable{Person: "six"})
	if !o.person("six").Disabled {
		t.Error("approved, and still there")
	}
	o.passes(time.Hour)
	o.does("ada", gone("cay"))
}

func TestWhoLeftComesBackByAProposal(t *testing.T) {
	check(t, []clause{
		{"nobody does it alone", cayHasLeft, "ada", Reinstate{"cay"}, ApprovalNeeded, nil},
		{"it is asked for", cayHasLeft, "ada", needed(Reinstate{"cay"}), "", nil},
		{"of whoever has left", nil, "ada", needed(Reinstate{"cay"}), Conflict, nil},
		{"and is somebody", nil, "ada", needed(Reinstate{"mallory"}), NotFound, nil},
	})
	o := newOffice(t)
	cayHasLeft(o)
	o.agreed("ada", Reinstate{"cay"})
	if cay := o.person("cay"); cay.Disabled || cay.Enrolled || !cay.Admission.Open || len(o.state.Charges("cay")) > 0 {
		t.Errorf("%+v", cay)
	}
}

func TestAChangeOfPostVacatesTheSeats(t *testing.T) {
	o := newOffice(t)
	annWorks(o)
	o.agreed("ada", SetRoles{"ann", []Role{Auditor}})
	ann, db01 := o.person("ann"), o.credential("db01")
	if ann.Disabled || !ann.Leaving.Open() || !db01.SeatVacant() || db01.Successor() != "ben" {
		t.Errorf("%+v, %+v", ann, db01)
	}
	if why := db01.Rotation.Reason; why != ForLeaving {
		t.Errorf("changed because of %s", why)
	}
}

// TestTheClockOfALeaver: it stops when everything is done, and not before.
func TestTheClockOfALeaver(t *testing.T) {
	o := newOffice(t)
	annWorks(o)
	annHasLeft(o)
	if items := o.person("ann").Leaving.Items; len(items) != 6 || items[0].Credential != "db01" || items[1].Credential != "db02" {
		t.Fatalf("to do: %+v", items)
	}
	o.rotates("db01")
	if first := o.person("ann").Leaving.Items[0]; first.How != HowRotated || o.history[first.Entry].Fact.Type() != "rotation.verified" || o.history[first.Entry].Fact.Subject() != "db01" {
		t.Errorf("done: %+v", first)
	}
	o.passes(24*time.Hour - time.Millisecond)
	if o.person("ann").Leaving.Overdue {
		t.Error("overdue before its time")
	}
	o.passes(time.Millisecond)
	if !o.person("ann").Leaving.Overdue {
		t.Error("a day has passed, and it is not overdue")
	}
	// What nobody can change any more is done when two have approved its end.
	o.does("ada", Abandon{"db02"})
	if second := o.person("ann").Leaving.Items[1]; second.How != HowRetired {
		t.Errorf("retired: %+v", second)
	}
	for n, how := range map[int]How{2: HowNone, 3: HowChanged, 4: HowNone} {
		o.does("ada", SettleItem{Person: "ann", Item: n, How: how})
	}
	if !o.person("ann").Leaving.Open() {
		t.Error("over before they were told")
	}
	o.does("max", SettleItem{Person: "ann", Item: 5, How: HowTelephone, At: o.now.Add(-time.Hour)})
	o.passes(0)
	if leaving := o.person("ann").Leaving; leaving.Open() || leaving.Ended.IsZero() {
		t.Errorf("everything is done: %+v", leaving)
	}
}

func TestWhoSettlesWhat(t *testing.T) {
	told := SettleItem{Person: "ann", Item: 5, How: HowEmail}
	with := func(edit func(*SettleItem)) SettleItem {
		a := told
		edit(&a)
		return a
	}
	check(t, []clause{
		{"an admin", annHasLeft, "ada", told, "", func(o *office) bool { return o.person("ann").Leaving.Items[5].By == "ada" }},
		{"no technician", annHasLeft, "ben", told, Forbidden, nil},
		{"nobody for themselves", annHasLeft, "ada", with(func(a *SettleItem) { a.Person = "ada" }), Forbidden, nil},
		{"nothing for who is there", nil, "ada", told, Conflict, nil},
		{"nothing twice", both(annHasLeft, func(o *office) { o.does("ada", told) }), "max", told, Conflict, nil},
		{"no password by somebody's word", annHasLeft, "ada", with(func(a *SettleItem) { a.Item = 0 }), Conflict, nil},
		{"nothing that is not to be done", annHasLeft, "ada", with(func(a *SettleItem) { a.Item = 6 }), NotFound, nil},
		{"nor before the first", annHasLeft, "ada", with(func(a *SettleItem) { a.Item = -1 }), NotFound, nil},
		{"in one of the ways that there are", annHasLeft, "ada", with(func(a *SettleItem) { a.How = HowNone }), InvalidRequest, nil},
		{"each in its own", annHasLeft, "ada", with(func(a *SettleItem) { a.Item = 2 }), InvalidRequest, nil},
		{"not tomorrow", annHasLeft, "ada", with(func(a *SettleItem) { a.At = epoch.Add(24 * time.Hour) }), InvalidRequest, nil},
		{"of nobody", annHasLeft, "ada", with(func(a *SettleItem) { a.Person = "mallory" }), NotFound, nil},
	})
}

// A password that a leaver was shown before it counted is changed once more, also for
// nobody.
func TestWhatALeaverWasShownBeforeItCountedIsChangedAgain(t *testing.T) {
	o := newOffice(t)
	benIsAway(o)
	annWantsNewPassword(o)
	id := RotationID{Credential: "db01", Number: o.credential("db01").Rotation.Number}
	o.does(System, ReportStaged{Rotation: id})
	o.does("ann", PauseRotation{"db01", note("by hand")})
	o.does("ann", ShowNew{"db01"})
	annHasLeft(o)
	o.does("max", ResumeRotation{"db01"})
	o.does(System, ReportApplied{id})
	o.does(System, ReportVerified{Rotation: id, OldRefused: true})
	o.does(System, ReportPromoted{id, 2})
	if db01 := o.credential("db01"); db01.Phase != Rotating || db01.Rotation.Reason != ForExposure || !slices.Contains(db01.Leavers, "ann") {
		t.Fatalf("%+v", db01)
	}
	if o.person("ann").Leaving.Items[0].How != "" {
		t.Error("said to be done, and ann knows the password")
	}
	o.rotates("db01")
	if db01 := o.credential("db01"); db01.Phase != Parked || len(db01.Leavers) > 0 {
		t.Errorf("%+v", db01)
	}
	if o.person("ann").Leaving.Items[0].How != HowRotated {
		t.Error("not said to be done")
	}
}
