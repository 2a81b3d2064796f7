package custody

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// These tables are the commands of the policy, one for each: every reason to
// refuse is a case, and what a granted one leads to.

func TestCheckOut(t *testing.T) {
	out := CheckOut{"db01", note("ticket 1")}
	check(t, []clause{
		{"the holder may check out", nil, "ann", out, "", func(o *office) bool {
			c := o.credential("db01")
			return c.Lease.Person == "ann" && slices.Equal(c.Exposure, []string{"ann"}) && c.Lease.Until.Equal(o.now.Add(8*time.Hour))
		}},
		{"and again while it is checked out", annWorks, "ann", out, "", func(o *office) bool { return o.credential("db01").Lease.ID == "lease-2" }},
		{"the backup may not", nil, "ben", out, NotHolder, nil},
		{"the admin may not override the holder", nil, "ada", out, NotCustodian, nil},
		{"the manager may not", nil, "max", out, NotCustodian, nil},
		{"the director may not", nil, "dot", out, NotCustodian, nil},
		{"the auditor may not", nil, "eve", out, NotCustodian, nil},
		{"another technician may not", nil, "cay", out, NotCustodian, nil},
		{"a stranger may not", nil, "mallory", out, Unauthenticated, nil},
		{"the system itself may not", nil, System, out, Forbidden, nil},
		{"of nothing that exists", nil, "ann", CheckOut{"nothing", note("ticket 1")}, NotFound, nil},
		{"not without a purpose", nil, "ann", CheckOut{"db01", note(" ")}, InvalidRequest, nil},
		{"still while it is only offered", annOffered, "ann", out, "", nil},
		{"by the receiver not before accepting", annOffered, "ben", out, NotHolder, nil},
		{"by the receiver after accepting", annHandedOver, "ben", out, "", nil},
		{"by the giver no more after that", annHandedOver, "ann", out, NotHolder, nil},
		{"nobody while it rotates after the return: not the receiver", annTookBack, "ben", out, RotationPending, nil},
		{"nobody while it rotates after the return: not the giver", annTookBack, "ann", out, RotationPending, nil},
		{"by the holder not while it rotates", annWantsNewPassword, "ann", out, RotationPending, nil},
		{"by the giver once the new password is in force", func(o *office) { annTookBack(o); o.rotates("db01") }, "ann", out, "",
			func(o *office) bool { return slices.Equal(o.credential("db01").Exposure, []string{"ann"}) }},
		{"not of what is retired", db01IsRetired, "ann", out, Conflict, nil},
	})
}

func TestShowAgain(t *testing.T) {
	show := ShowAgain{"db01"}
	check(t, []clause{
		{"the holder, while it is checked out, and for no longer", both(annWorks, func(o *office) { o.passes(time.Hour) }), "ann", show, "", func(o *office) bool {
			c := o.credential("db01")
			return c.Lease.ID == "lease-1" && c.Lease.Until.Equal(o.now.Add(7*time.Hour)) && slices.Equal(c.Exposure, []string{"ann"})
		}},
		{"as often as it takes", both(annWorks, func(o *office) { o.does("ann", show) }), "ann", show, "", nil},
		{"not without a check-out", nil, "ann", show, Conflict, nil},
		{"not after the check-in", both(annWorks, func(o *office) { o.does("ann", CheckIn{"db01"}) }), "ann", show, Conflict, nil},
		{"not after it ran out", both(annWorks, func(o *office) { o.passes(8 * time.Hour) }), "ann", show, Conflict, nil},
		{"not the other custodian", annWorks, "ben", show, NotHolder, nil},
		{"nobody else", annWorks, "ada", show, NotCustodian, nil},
		{"not after it passed on: the giver", both(annWorks, annHandedOver), "ann", show, NotHolder, nil},
		{"not after it passed on: the receiver has not checked it out", both(annWorks, annHandedOver), "ben", show, Conflict, nil},
		{"not while it rotates", both(annWorks, annWantsNewPassword), "ann", show, RotationPending, nil},
		{"not by the system itself", annWorks, System, show, Forbidden, nil},
		{"of nothing that exists", nil, "ann", ShowAgain{"nothing"}, NotFound, nil},
	})
}

// A holder can be neither away nor disabled (I3); a check-out does not rely on it.
func TestCheckOutByHolderWhoIsGone(t *testing.T) {
	for want, gone := range map[Code]func(*Person){
		Conflict:        func(p *Person) { p.Away = true },
		Unauthenticated: func(p *Person) { p.Disabled = true },
	} {
		o := newOffice(t)
		annWorks(o)
		o.state.editPerson("ann", gone)
		for _, a := range []Action{CheckOut{"db01", note("ticket 1")}, ShowAgain{"db01"}} {
			if _, err := Decide(o.state, o.with("ann", a), o.now); CodeOf(err) != want {
				t.Errorf("%s: got %v, want %s", a.Verb(), err, want)
			}
		}
	}
}

func TestCheckIn(t *testing.T) {
	in := CheckIn{"db01"}
	check(t, []clause{
		{"ends the lease", annWorks, "ann", in, "", func(o *office) bool { return o.credential("db01").Lease == Lease{} }},
		{"keeps the exposure: who saw it still knows it", annWorks, "ann", in, "", func(o *office) bool { return slices.Equal(o.credential("db01").Exposure, []string{"ann"}) }},
		{"not without a lease", nil, "ann", in, Conflict, nil},
		{"not by the other custodian", annWorks, "ben", in, Conflict, nil},
		{"not by the admin", annWorks, "ada", in, NotCustodian, nil},
		{"not twice", both(annWorks, func(o *office) { o.does("ann", in) }), "ann", in, Conflict, nil},
		{"not after it ran out", both(annWorks, func(o *office) { o.passes(8 * time.Hour) }), "ann", in, Conflict, nil},
		{"not after it passed on", both(annWorks, annHandedOver), "ann", in, Conflict, nil},
		{"of nothing that exists", nil, "ann", CheckIn{"nothing"}, NotFound, nil},
	})
}

func TestOffer(t *testing.T) {
	one := Offer{Credentials: []string{"db01"}, Reason: note("leave")}
	all := Offer{All: true, Reason: note("leave")}
	check(t, []clause{
		{"the holder still holds until it is accepted", nil, "ann", one, "", func(o *office) bool {
			h := o.handover("handover-1")
			return h.Status == Offered && h.To == "ben" && o.credential("db01").Holder == "ann" && h.Expires.Equal(o.now.Add(24*time.Hour))
		}},
		{"many at once make one handover", nil, "ann", Offer{Credentials: []string{"db02", "db01", "db02"}, Reason: note("leave")}, "",
			func(o *office) bool {
				return slices.Equal(o.handover("handover-1").Credentials, []string{"db01", "db02"}) && o.state.Handovers == 1
			}},
		{"all makes one handover for each receiver", func(o *office) { o.addServer(server("db03", "ann", "cay")) }, "ann", all, "",
			func(o *office) bool {
				return o.handover("handover-1").To == "ben" && o.handover("handover-2").To == "cay"
			}},
		{"not by the backup", nil, "ben", one, NotHolder, nil},
		{"not by the admin", nil, "ada", one, NotCustodian, nil},
		{"not if one of the items is held by another", nil, "ben", Offer{Credentials: []string{"web01", "db01"}, Reason: note("leave")}, NotHolder, nil},
		{"not to a receiver who is away", benIsAway, "ann", one, CounterpartAway, nil},
		{"not while a handover of it is offered", annOffered, "ann", one, HandoverOpen, nil},
		{"not all, while one of them is offered", annOffered, "ann", all, HandoverOpen, nil},
		{"not on by the receiver while it is accepted", annHandedOver, "ben", one, HandoverOpen, nil},
		{"not while it rotates", annWantsNewPassword, "ann", one, RotationPending, nil},
		{"all that is held, while one rotates for the giver", annWantsNewPassword, "ann", all, "", func(o *office) bool {
			return slices.Equal(o.handover("handover-1").Credentials, []string{"db02"})
		}},
		{"not of what is retired", db01IsRetired, "ann", one, Conflict, nil},
		{"not of nothing that exists", nil, "ann", Offer{Credentials: []string{"nothing"}, Reason: note("leave")}, NotFound, nil},
		{"not all by somebody who holds nothing", nil, "cay", all, Conflict, nil},
		{"not an empty one", nil, "ann", Offer{Reason: note("leave")}, InvalidRequest, nil},
		{"not all and some", nil, "ann", Offer{All: true, Credentials: []string{"db01"}, Reason: note("leave")}, InvalidRequest, nil},
		{"not without a reason", nil, "ann", Offer{Credentials: []string{"db01"}}, InvalidRequest, nil},
		{"not until yesterday", nil, "ann", Offer{Credentials: []string{"db01"}, Reason: note("leave"), ExpectedReturn: epoch}, InvalidRequest, nil},
		{"not away with only a part", nil, "ann", Offer{Credentials: []string{"db01"}, Leave: true, Reason: note("leave")}, InvalidRequest, nil},
	})
}

func TestAccept(t *testing.T) {
	accept := Accept{"handover-1"}
	check(t, []clause{
		{"makes the receiver the holder of all items at once", func(o *office) { o.offers("ann", "db01", "db02") }, "ben", accept, "",
			func(o *office) bool {
				return o.credential("db01").Holder == "ben" && o.credential("db02").Holder == "ben" && o.handover("handover-1").Status == Accepted
			}},
		{"ends the giver's leases", both(annWorks, annOffered), "ben", accept, "", func(o *office) bool { return o.credential("db01").Lease == Lease{} }},
		{"leaves on record that the giver knows the password", both(annWorks, annOffered), "ben", accept, "",
			func(o *office) bool { return slices.Equal(o.credential("db01").Exposure, []string{"ann"}) }},
		{"does not mark a giver away who did not ask for it", annOffered, "ben", accept, "", func(o *office) bool { return !o.person("ann").Away }},
		{"not by the giver", annOffered, "ann", accept, Forbidden, nil},
		{"not by another technician", annOffered, "cay", accept, Forbidden, nil},
		{"not by the admin", annOffered, "ada", accept, Forbidden, nil},
		{"not twice", annHandedOver, "ben", accept, HandoverNotOpen, nil},
		{"not what was cancelled", func(o *office) { annOffered(o); o.does("ann", Cancel{"handover-1", note("")}) }, "ben", accept, HandoverNotOpen, nil},
		{"not what was declined", func(o *office) { annOffered(o); o.does("ben", Decline{"handover-1", note("")}) }, "ben", accept, HandoverNotOpen, nil},
		{"not what has expired", func(o *office) { annOffered(o); o.passes(24 * time.Hour) }, "ben", accept, HandoverNotOpen, nil},
		{"not at the instant of its expiry, were the timer late", func(o *office) { annOffered(o); o.now = o.now.Add(24 * time.Hour) }, "ben", accept, HandoverNotOpen, nil},
		{"still a millisecond before", func(o *office) { annOffered(o); o.now = o.now.Add(24*time.Hour - time.Millisecond) }, "ben", accept, "", nil},
		{"not by a receiver who is away", both(annOffered, benIsAway), "ben", accept, Conflict, nil},
		{"not while an item rotates: all or none", func(o *office) { o.offers("ann", "db01", "db02"); annWantsNewPassword(o) }, "ben", accept, RotationPending,
			func(o *office) bool { return o.credential("db02").Holder == "ann" }},
		{"of nothing that was ever offered", nil, "ben", Accept{"handover-7"}, NotFound, nil},
		{"not by the system itself", annOffered, System, accept, Forbidden, nil},
	})
}

func TestDeclineAndCancel(t *testing.T) {
	ended := func(o *office) bool {
		_, open := o.state.Handover("handover-1")
		c := o.credential("db01")
		return !open && c.Holder == "ann" && c.Handover == ""
	}
	check(t, []clause{
		{"the receiver may decline", annOffered, "ben", Decline{"handover-1", note("ill")}, "", ended},
		{"the giver may cancel", annOffered, "ann", Cancel{"handover-1", note("")}, "", ended},
		{"the giver may not decline", annOffered, "ann", Decline{"handover-1", note("")}, Forbidden, nil},
		{"the receiver may not cancel", annOffered, "ben", Cancel{"handover-1", note("")}, Forbidden, nil},
		{"the admin may do neither", annOffered, "ada", Cancel{"handover-1", note("")}, Forbidden, nil},
		{"not decline what is accepted", annHandedOver, "ben", Decline{"handover-1", note("")}, HandoverNotOpen, nil},
		{"not cancel what is accepted", annHandedOver, "ann", Cancel{"handover-1", note("")}, HandoverNotOpen, nil},
		{"not cancel what is returned", annTookBack, "ann", Cancel{"handover-1", note("")}, HandoverNotOpen, nil},
		{"with a reason in one line", annOffered, "ben", Decline{"handover-1", note("a\x1bb")}, InvalidRequest, nil},
	})
}

func TestGoAway(t *testing.T) {
	check(t, []clause{
		{"whoever holds nothing may go", nil, "cay", GoAway{Until: epoch.Add(time.Hour), Reason: note("course")}, "", func(o *office) bool {
			p := o.person("cay")
			return p.Away && p.AwayUntil.Equal(epoch.Add(time.Hour)) && p.AwayReason.Same(note("course")) && p.AwaySince.Equal(o.now)
		}},
		{"a holder may not", nil, "ann", GoAway{}, HolderMustHandOver, nil},
		{"nor while the offer is not accepted", annOffered, "ann", GoAway{}, HolderMustHandOver, nil},
		{"after the handover the giver may", annHandedOver, "ann", GoAway{}, "", nil},
		{"both may never be away", both(annIsAway, nothing), "ben", GoAway{}, BothAway, nil},
		{"nor the other way round", benIsAway, "cay", GoAway{}, BothAway, nil},
		{"what is about to be one's own is then the other's", annTookBack, "ann", GoAway{}, "", func(o *office) bool { return o.credential("db01").Successor() == "ben" }},
		{"also a password that is only being changed", both(annWantsNewPassword, func(o *office) { o.handsOver("ann", "ben", "db02") }), "ann", GoAway{}, "",
			func(o *office) bool { return o.credential("db01").Successor() == "ben" }},
		{"not twice", annIsAway, "ann", GoAway{}, Conflict, nil},
		{"not until yesterday", nil, "cay", GoAway{Until: epoch}, InvalidRequest, nil},
		{"with a reason in one line", nil, "cay", GoAway{Reason: note("a\x00b")}, InvalidRequest, nil},
		{"with a reason of 500 characters at most", nil, "cay", GoAway{Reason: note(strings.Repeat("长", 501))}, InvalidRequest, nil},
		{"what is retired keeps nobody at work", func(o *office) { db01IsRetired(o); o.does("ada", Retire{"db02"}) }, "ann", GoAway{}, "", nil},
		{"not the system", nil, System, GoAway{}, Forbidden, nil},
	})
}

func nothing(*office) {}

func TestComeBack(t *testing.T) {
	check(t, []clause{
		{"marks present", annIsAway, "ann", ComeBack{}, "", func(o *office) bool {
			p := o.person("ann")
			return !p.Away && p.AwaySince.IsZero() && o.credential("db01").Holder == "ben"
		}},
		{"of somebody who is present changes nothing", nil, "ann", ComeBack{}, "", nil},
		{"taking back returns all that was given", annIsAway, "ann", ComeBack{TakeBack: true}, "", func(o *office) bool {
			return !o.person("ann").Away && o.credential("db01").Rotation.Reason == ForReturn && o.credential("db02").Successor() == "ann"
		}},
		{"taking back leaves alone what is only offered", annOffered, "ann", ComeBack{TakeBack: true}, "", func(o *office) bool { return o.handover("handover-1").Status == Offered }},
		{"taking back while one of them rotates", both(annIsAway, func(o *office) { o.does("ben", RequestRotation{Credential: "db01", Reason: note("worn")}) }),
			"ann", ComeBack{TakeBack: true}, "", func(o *office) bool { return o.credential("db01").Successor() == "ann" && !o.person("ann").Away }},
	})
}

func TestReturn(t *testing.T) {
	back := GiveBack{"handover-1"}
	rotatingForAnn := func(o *office) bool {
		c := o.credential("db01")
		return c.Phase == Rotating && c.Holder == "" && c.Successor() == "ann" && c.Rotation.Deadline.Equal(o.now.Add(time.Hour))
	}
	check(t, []clause{
		{"the giver may take back", annHandedOver, "ann", back, "", rotatingForAnn},
		{"the receiver may give back", annHandedOver, "ben", back, "", rotatingForAnn},
		{"ends the receiver's lease", both(annHandedOver, func(o *office) { o.does("ben", CheckOut{"db01", note("ticket 1")}) }), "ann", back, "",
			func(o *office) bool { return o.credential("db01").Lease == Lease{} }},
		{"not by anybody else", annHandedOver, "ada", back, Forbidden, nil},
		{"not before it is accepted", annOffered, "ann", back, HandoverNotOpen, nil},
		{"not twice", annTookBack, "ben", back, HandoverNotOpen, nil},
		{"not to a giver who is away", annIsAway, "ben", back, CounterpartAway, nil},
		{"not by a giver who is away", annIsAway, "ann", back, Conflict, nil},
		{"while the password is being changed", both(annHandedOver, func(o *office) { o.does("ben", RequestRotation{Credential: "db02", Reason: note("worn")}) }), "ben", back, "",
			func(o *office) bool { return o.credential("db02").Successor() == "ann" }},
	})
}

func TestRotationReports(t *testing.T) {
	id := RotationID{Credential: "db01", Number: 2} // 1 was the onboarding
	to := func(step RotationStep) func(*office) {
		return func(o *office) {
			annTookBack(o)
			for _, r := range []struct {
				step   RotationStep
				report Action
			}{{StepStaged, ReportStaged{Rotation: id}}, {StepApplied, ReportApplied{id}}, {StepVerified, ReportVerified{Rotation: id, OldRefused: true}}} {
				if o.credential("db01").Rotation.Step != step {
					o.does(System, r.report)
				}
			}
		}
	}
	check(t, []clause{
		{"staged after pending", annTookBack, System, ReportStaged{Rotation: id}, "", nil},
		{"applied after staged", to(StepStaged), System, ReportApplied{id}, "", nil},
		{"verified after applied", to(StepApplied), System, ReportVerified{Rotation: id, OldRefused: true}, "", nil},
		{"promoted after verified", to(StepVerified), System, ReportPromoted{id, 2}, "", func(o *office) bool {
			c := o.credential("db01")
			return c.Phase == Held && c.Holder == "ann" && c.Version == 2 && c.Exposure == nil && c.Handover == ""
		}},
		{"not applied before staged", annTookBack, System, ReportApplied{id}, Conflict, nil},
		{"not verified before applied", to(StepStaged), System, ReportVerified{Rotation: id, OldRefused: true}, Conflict, nil},
		{"not promoted before verified", to(StepApplied), System, ReportPromoted{id, 2}, Conflict, nil},
		{"not staged twice", to(StepStaged), System, ReportStaged{Rotation: id}, Conflict, nil},
		{"not promoted with the old version", to(StepVerified), System, ReportPromoted{id, 1}, Conflict, nil},
		{"not by a worker that was overtaken", annTookBack, System, ReportStaged{Rotation: RotationID{Credential: "db01", Number: 1}}, Conflict, nil},
		{"not when nothing rotates", nil, System, ReportStaged{Rotation: RotationID{Credential: "db01", Number: 1}}, Conflict, nil},
		{"not of nothing that exists", nil, System, ReportFailed{Rotation: RotationID{Credential: "nothing", Number: 1}, Failure: "unreachable", NextTry: epoch}, NotFound, nil},
		{"a failure keeps the step and counts", to(StepApplied), System, ReportFailed{Rotation: id, Failure: "unreachable", NextTry: epoch.Add(time.Minute)}, "", func(o *office) bool {
			r := o.credential("db01").Rotation
			return r.Step == StepApplied && r.Attempts == 1 && r.Failure == "unreachable" && r.NextTry.Equal(epoch.Add(time.Minute))
		}},
		{"not by the holder", annTookBack, "ann", ReportVerified{Rotation: id, OldRefused: true}, Forbidden, nil},
		{"not by the admin", annTookBack, "ada", ReportPromoted{id, 2}, Forbidden, nil},
		{"time is not a person's to pass", nil, "ada", Tick{}, Forbidden, nil},
		{"nor is locking a log-in", nil, "ada", LockSignIn{Person: "ann"}, Forbidden, nil},
		{"nor is a witness's conflict", nil, "ada", ReportConflict{"w1", 5, 10}, Forbidden, nil},
	})
}

func TestRequestRotation(t *testing.T) {
	ask := RequestRotation{Credential: "db01", Reason: note("worn")}
	check(t, []clause{
		{"the holder may", nil, "ann", ask, "", func(o *office) bool {
			c := o.credential("db01")
			return c.Successor() == "ann" && c.Rotation.Reason == ForRequested
		}},
		{"the manager may, and the holder stays the holder", nil, "max", ask, "", func(o *office) bool { return o.credential("db01").Successor() == "ann" }},
		{"the backup may not", nil, "ben", ask, NotHolder, nil},
		{"the admin may not", nil, "ada", ask, NotCustodian, nil},
		{"not while it rotates", annWantsNewPassword, "max", ask, RotationPending, nil},
		{"not of what is retired", db01IsRetired, "max", ask, Conflict, nil},
		{"all that I hold", nil, "ann", RequestRotation{All: true, Reason: note("leaked")}, "", func(o *office) bool {
			return o.credential("db01").Phase == Rotating && o.credential("db02").Phase == Rotating && o.credential("web01").Phase == Held
		}},
		{"all that is held, by the manager", annWantsNewPassword, "max", RequestRotation{All: true, Reason: note("leaked")}, "", func(o *office) bool {
			return o.credential("db01").Rotation.Number == 2 && o.credential("web01").Successor() == "ben"
		}},
		{"all, and one by name", nil, "max", RequestRotation{Credential: "db01", All: true, Reason: note("leaked")}, InvalidRequest, nil},
		{"all of nothing", nil, "cay", RequestRotation{All: true, Reason: note("leaked")}, Conflict, nil},
		{"not without a reason", nil, "ann", RequestRotation{Credential: "db01", Reason: note("")}, InvalidRequest, nil},
		{"not of nothing that exists", nil, "max", RequestRotation{Credential: "nothing", Reason: note("worn")}, NotFound, nil},
	})
}
