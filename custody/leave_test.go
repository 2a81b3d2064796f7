package custody

import (
	"slices"
	"testing"
	"time"
)

// Leaving is one intention and takes one code: offer all, and be away as soon
// as all is accepted. Coming back is another.
func TestLeaveAndComeBack(t *testing.T) {
	o := newOffice(t)
	o.addServer(server("db03", "ann", "cay"))
	back := o.now.Add(48 * time.Hour)
	first := o.person("ann").LastStep

	events := o.does("ann", Offer{All: true, Leave: true, Reason: note("leave"), ExpectedReturn: back})
	if len(events) != 2 || o.person("ann").LastStep != first+1 {
		t.Fatalf("two receivers, one code: %+v, %d codes", events, o.person("ann").LastStep-first)
	}
	o.does("ben", Accept{"handover-1"})
	if o.person("ann").Away {
		t.Fatal("away while holding db03")
	}
	events = o.does("cay", Accept{"handover-2"})
	ann := o.person("ann")
	if !ann.Away || !ann.AwayUntil.Equal(back) || !ann.AwayReason.Same(note("leave")) {
		t.Fatalf("all is accepted, and ann is %+v", ann)
	}
	for _, e := range events { // one transaction, confirmed by the receiver
		if e.Actor != "cay" || e.Confirm == nil || e.Confirm.Person != "cay" || !e.Time.Equal(o.now) {
			t.Errorf("got %+v", e)
		}
	}

	o.now = back
	o.does("ann", ComeBack{TakeBack: true})
	if o.person("ann").LastStep != first+2 || o.person("ann").Away {
		t.Errorf("coming back with all took %d codes", o.person("ann").LastStep-first-1)
	}
	for _, name := range []string{"db01", "db02", "db03"} {
		if c := o.credential(name); c.Successor() != "ann" || c.Rotation.Reason != ForReturn {
			t.Errorf("%s after coming back: %+v", name, c)
		}
		o.rotates(name)
		if c := o.credential(name); c.Holder != "ann" || c.Exposure != nil {
			t.Errorf("%s after its change: %+v", name, c)
		}
	}
	if open := slices.Collect(o.state.OpenHandovers()); len(open) > 0 {
		t.Errorf("still open: %+v", open)
	}
}

func TestLeave(t *testing.T) {
	leave := Offer{All: true, Leave: true, Reason: note("leave")}
	accept := Accept{"handover-1"}
	away := func(o *office) bool { return o.person("ann").Away }
	stays := func(o *office) bool { return !o.person("ann").Away }
	annLeaves := func(o *office) { o.does("ann", leave) }
	check(t, []clause{
		{"the giver is present until all is accepted", nil, "ann", leave, "", stays},
		{"the acceptance marks away", annLeaves, "ben", accept, "", away},
		{"whoever holds nothing leaves at once", annHandedOver, "ann", leave, "", away},
		{"both may never be away", both(benIsAway, nothing), "cay", leave, BothAway, nil},
		{"nor by leaving without anything", func(o *office) { annHandedOver(o); o.does("ann", GoAway{}) }, "ben", leave, BothAway, nil},
		{"not twice", annIsAway, "ann", leave, Conflict, nil},
		{"what is about to be one's own is then the other's", annTookBack, "ann", leave, "", func(o *office) bool {
			return o.person("ann").Away && o.credential("db01").Successor() == "ben" && o.credential("db02").Successor() == "ben"
		}},
		{"a declined offer leaves the giver present", annLeaves, "ben", Decline{"handover-1", note("")}, "", stays},
		{"not by the acceptance, if the giver took something else over meanwhile", func(o *office) {
			o.addServer(server("db03", "ben", "ann"))
			annLeaves(o)
			o.handsOver("ben", "ann", "db03")
		}, "ben", accept, "", stays},
		{"not by the acceptance, if somebody else they share with went away meanwhile", func(o *office) {
			o.addServer(server("db03", "cay", "ann"))
			annLeaves(o)
			o.handsOver("cay", "ann", "db03")
			o.does("cay", GoAway{})
		}, "ben", accept, "", stays},
		{"not by the acceptance, if something rotates for the giver meanwhile", func(o *office) {
			o.addServer(server("db03", "ann", "cay"))
			annLeaves(o) // handover-1 to ben, handover-2 to cay
			o.does("cay", Decline{"handover-2", note("")})
			o.does("ann", RequestRotation{Credential: "db03", Reason: note("worn")})
		}, "ben", accept, "", stays},
		{"the password is changed for the receiver where the policy says so", func(o *office) {
			o.addServer(rotating(server("db03", "ann", "ben"), CredentialPolicy{RotateOnTransfer: true}))
			annLeaves(o)
		}, "ben", accept, "", func(o *office) bool {
			c := o.credential("db03")
			return away(o) && c.Successor() == "ben" && c.Rotation.Reason == ForTransfer && c.Handover == "handover-1"
		}},
	})
}

// What was lent acts never on the next holder: Vault's own library check-in
// rotates the password under whoever holds it by then.
func TestLeaseEndsWithCustody(t *testing.T) {
	o := newOffice(t)
	o.addServer(rotating(server("db03", "ann", "ben"), CredentialPolicy{RotateOnCheckin: true}))
	o.does("ann", CheckOut{"db03", note("ticket 1")})
	o.handsOver("ann", "ben", "db03")
	o.does("ben", CheckOut{"db03", note("ticket 2")})
	o.passes(7 * time.Hour)
	o.does("ben", CheckIn{"db03"})
	o.rotates("db03")
	o.does("ben", CheckOut{"db03", note("ticket 3")})
	o.passes(time.Hour) // the leases of tickets 1 and 2 would end now
	if c := o.credential("db03"); c.Phase != Held || !c.Lease.Purpose.Same(note("ticket 3")) {
		t.Errorf("an older lease acted: %+v", c)
	}
	o.passes(7 * time.Hour)
	if c := o.credential("db03"); c.Phase != Rotating || c.Rotation.Reason != ForCheckin || c.Successor() != "ben" {
		t.Errorf("ticket 3 ran out: %+v", c)
	}
}

func TestCheckInRotatesWhereThePolicySaysSo(t *testing.T) {
	for _, c := range []struct {
		name string
		ends func(*office)
	}{
		{"by check-in", func(o *office) { o.does("ann", CheckIn{"db03"}) }},
		{"by time", func(o *office) { o.passes(10 * time.Minute) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			o.addServer(rotating(server("db03", "ann", "ben"), CredentialPolicy{RotateOnCheckin: true, LeaseSeconds: 600}))
			o.does("ann", CheckOut{"db03", note("ticket 1")})
			c.ends(o)
			if c := o.credential("db03"); c.Rotation.Reason != ForCheckin || c.Successor() != "ann" || c.Lease != (Lease{}) {
				t.Errorf("got %+v", c)
			}
		})
	}
}

// Time ends leases and offers and says what is overdue, once, at the first
// instant and not before.
func TestTime(t *testing.T) {
	for _, c := range []struct {
		name  string
		given func(*office)
		after time.Duration
		want  Fact
		grade Grade
	}{
		{"a lease ends", annWorks, 8 * time.Hour, CheckoutEnded{"db01", "lease-1", "expired"}, Ordinary},
		{"an offer expires", annOffered, 24 * time.Hour, HandoverEnded{Handover: "handover-1", How: Expired}, Ordinary},
		{"a rotation is overdue", annWantsNewPassword, time.Hour, RotationOverdue{"db01", 2}, Serious},
		{"a return is overdue", func(o *office) {
			o.does("ann", Offer{Credentials: []string{"db01"}, Reason: note("leave"), ExpectedReturn: o.now.Add(90 * time.Minute)})
			o.does("ben", Accept{"handover-1"})
		}, 90 * time.Minute, HandoverOverdue{"handover-1"}, Ordinary},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOffice(t)
			c.given(o)
			o.state.Reschedule()
			if want := o.now.Add(c.after); !o.state.Due().Equal(want) {
				t.Errorf("due at %v, want %v", o.state.Due(), want)
			}
			o.now = o.now.Add(c.after - time.Millisecond)
			if events := o.does(System, Tick{}); len(events) > 0 {
				t.Errorf("too early: %+v", events)
			}
			o.now = o.now.Add(time.Millisecond)
			events := o.does(System, Tick{})
			if len(events) != 1 || events[0].Fact != c.want || events[0].Grade() != c.grade {
				t.Errorf("got %+v, want %+v", events, c.want)
			}
			o.now = o.now.Add(1000 * time.Hour)
			if events := o.does(System, Tick{}); len(events) > 0 {
				t.Errorf("again: %+v", events)
			}
		})
	}
}

func TestClockThatGoesBack(t *testing.T) {
	o := newOffice(t)
	o.now = o.now.Add(time.Hour)
	annWorks(o)
	last := o.state.Time
	o.now = o.now.Add(-3 * time.Hour)
	for _, e := range o.does("ann", CheckIn{"db01"}) {
		if !e.Stalled || !e.Time.Equal(last) {
			t.Errorf("got %v, stalled %v, after %v", e.Time, e.Stalled, last)
		}
	}
	if _, err := o.do("ben", CheckOut{"db01", note("ticket 1")}); CodeOf(err) != NotHolder || !o.history[len(o.history)-1].Stalled {
		t.Errorf("a refusal is stalled as well: %v", err)
	}
	o.now = last.Add(time.Millisecond)
	for _, e := range o.does("ann", CheckOut{"db01", note("ticket 1")}) {
		if e.Stalled || !e.Time.Equal(o.now) {
			t.Errorf("got %v, stalled %v, at %v", e.Time, e.Stalled, o.now)
		}
	}
}

// While only a part of what was returned is changed, that part may already go
// on, and the handover closes with the last one.
func TestReturnOfManyClosesWithTheLast(t *testing.T) {
	o := newOffice(t)
	annTookBack(o)
	o.rotates("db02")
	o.does("ann", CheckOut{"db02", note("ticket 1")})
	next := o.offers("ann", "db02")
	o.does("ben", Accept{next})
	if _, err := o.do("ben", CheckOut{"db01", note("ticket 1")}); CodeOf(err) != RotationPending {
		t.Error(err)
	}
	if o.handover("handover-1").Status != Returned {
		t.Errorf("got %+v", o.handover("handover-1"))
	}
	o.rotates("db01")
	last := o.history[len(o.history)-1].Fact
	if last != (HandoverClosed{Handover: "handover-1"}) {
		t.Errorf("got %+v", last)
	}
	if o.handover(next).Status != Accepted || o.credential("db02").Holder != "ben" {
		t.Error("closing the first handover touched the second")
	}
}
