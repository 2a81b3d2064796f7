package custody

import (
	"slices"
	"testing"
	"time"
)

// TestWhatSomebodySeesOfACredential: all, the frame, or the frame and how it runs.
func TestWhatSomebodySeesOfACredential(t *testing.T) {
	o := newOffice(t)
	o.does("ann", CheckOut{"db01", note("ticket 4711")})
	c := o.credential("db01")
	frame := Credential{Name: "db01", Primary: "ann", Backup: "ben", Phase: Held, Holder: "ann"}
	for who, want := range map[string]Sight{"ann": SeesAll, "ben": SeesAll, "max": SeesAll, "dot": SeesAll, "eve": SeesAll, "cay": SeesFrame, "ada": SeesFrame, "nobody": SeesFrame} {
		viewer, _ := o.state.Person(who)
		if got := viewer.SightOfCredential(c); got != want {
			t.Errorf("%s sees %d, want %d", who, got, want)
		}
		known := c.KnownTo(viewer)
		told := known.Lease.ID != "" && !known.Target.Address.IsZero() && len(known.Exposure) == 1
		if told != (want == SeesAll) || want == SeesFrame && (known.Lease != Lease{} || !known.Target.Address.IsZero() || !known.Target.Account.IsZero() || known.Exposure != nil || known.Target.Settings != nil) {
			t.Errorf("%s is shown %+v", who, known)
		}
	}
	if known := c.KnownTo(o.person("cay")); known.Name != frame.Name || known.Holder != frame.Holder || known.Version != 0 || known.Handover != "" || known.Policy.LeaseSeconds != 0 || known.Reconciles {
		t.Errorf("another technician is shown %+v", known)
	}
	if known := c.KnownTo(o.person("ada")); known.Version != c.Version || known.RotatedAt.IsZero() {
		t.Errorf("who runs the system is shown %+v", known)
	}
	// What can still be called off does not depend on who looks, and who saw it is not said.
	o.does("ben", RequestRotation{Credential: "web01", Reason: note("worn")})
	o.state.editCredential("web01", func(c *Credential) { c.Rotation.ShownTo = []string{"ben"} })
	if known := o.credential("web01").KnownTo(o.person("ada")); known.Cancellable() || len(known.Rotation.ShownTo) > 0 {
		t.Errorf("who runs the system can call off what was shown: %+v", known.Rotation)
	}
}

// TestWhatSomebodySeesOfAHandoverAndOfAPerson: reasons and addresses are for the parties.
func TestWhatSomebodySeesOfAHandoverAndOfAPerson(t *testing.T) {
	o := newOffice(t)
	o.does("ann", Offer{Credentials: []string{"db01"}, Reason: note("surgery")})
	h := o.handover("handover-1")
	for who, want := range map[string]Sight{"ann": SeesAll, "ben": SeesAll, "max": SeesAll, "dot": SeesAll, "eve": SeesAll, "cay": SeesNothing, "ada": SeesFrame, "": SeesNothing} {
		viewer, _ := o.state.Person(who)
		known, sees := h.KnownTo(viewer)
		if sees != (want > SeesNothing) || known.Reason.IsZero() != (want < SeesAll) {
			t.Errorf("%q: %t, %+v", who, sees, known)
		}
	}
	o.does("ben", ChangeEmail{Person: "ben", Email: note("ben@example.org")})
	o.does("cay", GoAway{Until: o.now.Add(time.Hour), Reason: note("surgery")})
	ben, cay := o.person("ben"), o.person("cay")
	o.agreed("ada", PlanDeparture{"ben", o.now.Add(tenDays)})
	leaves := o.person("ben")
	for who, want := range map[string]bool{"ben": true, "max": true, "dot": true, "eve": true, "ada": true, "cay": false} {
		if known := leaves.KnownTo(o.person(who), nil); known.Departure.Planned() != want {
			t.Errorf("%s is shown when ben leaves: %+v", who, known.Departure)
		}
	}
	if known := leaves.KnownTo(o.person("cay"), []string{"ben"}); !known.Departure.Planned() {
		t.Error("who shares a credential is not shown when the other leaves")
	}
	for _, c := range []struct {
		who            string
		partners       []string
		email, whyAway bool
	}{
		{"ben", []string{"cay"}, true, true}, {"cay", nil, false, true}, {"max", nil, true, true}, {"dot", nil, true, true}, {"eve", nil, true, true},
		{"ann", []string{"ben"}, false, false}, {"ada", nil, false, false},
	} {
		viewer := o.person(c.who)
		if known := ben.KnownTo(viewer, c.partners); known.Email.IsZero() == c.email || known.Name != ben.Name {
			t.Errorf("%s is shown %+v", c.who, known)
		}
		if known := cay.KnownTo(viewer, c.partners); known.AwayReason.IsZero() == c.whyAway || !known.Away || known.AwayUntil.IsZero() {
			t.Errorf("%s is shown %+v", c.who, known)
		}
	}
}

// TestWhatSomebodySeesOfAProposal: all of what they ask for, approve, or are concerned by.
func TestWhatSomebodySeesOfAProposal(t *testing.T) {
	o := newOffice(t)
	about := Proposal{ID: "p-1", Requester: "cay", Change: Change{pairOf("db01", "ann", "cay")}, Reason: note("change of post"), Approvals: []Approval{{Level: Manager, Person: "tom"}}}
	hired := Proposal{ID: "p-2", Requester: "dot", Change: Change{AddPerson{Username: "zoe", Name: "Zoe", Email: note("zoe@example.org"), Roles: []Role{Technician}, TOTPPeriod: 30}}, Reason: note("new")}
	for _, c := range []struct {
		who     string
		charges []string
		of      Proposal
		want    Sight
	}{
		{"cay", nil, about, SeesAll}, {"ben", []string{"db01", "web01"}, about, SeesAll}, {"ben", []string{"web01"}, about, SeesNothing}, {"ada", nil, about, SeesFrame},
		{"max", nil, about, SeesAll}, {"eve", nil, about, SeesAll}, {"tom", nil, about, SeesAll},
		{"uma", nil, Proposal{ID: "p-3", Requester: "cay", EndedBy: "uma", Change: about.Change}, SeesAll}, // who rejected it for somebody
		{"ada", nil, hired, SeesFrame}, {"ann", []string{"zoe"}, hired, SeesNothing}, {"zoe", nil, hired, SeesAll}, {"dot", nil, hired, SeesAll},
		{"", []string{""}, Proposal{}, SeesNothing},
	} {
		viewer, there := o.state.Person(c.who)
		if !there && c.who != "" {
			viewer = Person{Username: c.who, Roles: []Role{Technician}}
		}
		if got := viewer.SightOfProposal(c.of, c.charges, false); got != c.want && c.who != "" {
			t.Errorf("%s sees %d of %s, want %d", c.who, got, c.of.ID, c.want)
		}
		if got := viewer.SightOfProposal(c.of, c.charges, true); got != SeesAll {
			t.Errorf("%s decides about %s, and sees %d of it", c.who, c.of.ID, got)
		}
		known, sees := c.of.KnownTo(viewer, c.charges, false)
		if sees != (c.want > SeesNothing) && c.who != "" || !c.of.Reason.IsZero() && known.Reason.IsZero() != (c.want < SeesAll) {
			t.Errorf("%s: %t, %+v", c.who, sees, known)
		}
		written := slices.ContainsFunc(known.Change.differencesOf(), func(d Difference) bool { return slices.Contains(d.After, "zoe@example.org") })
		if c.of.ID == "p-2" && written != (c.want == SeesAll) {
			t.Errorf("%s is shown the address: %t", c.who, written)
		}
		if known.ID != "" && known.Digest() != c.of.Digest() {
			t.Errorf("%s is shown another digest", c.who)
		}
	}
}

func (c Change) differencesOf() []Difference {
	if c.Proposable == nil {
		return nil
	}
	return c.differences(Now{})
}
