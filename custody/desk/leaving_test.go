package desk_test

import (
	"crypto/sha256"
	"slices"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestWhoeverLeftIsOut: neither their session, nor password and code, nor a recovery
// code, nor a link that waited for them lets them in; their device is a stranger's.
func TestWhoeverLeftIsOut(t *testing.T) {
	o, codes := recoverable(t)
	o.Approvers()
	home := desk.Place{Network: "192.0.2.1"}
	signed, err := o.Desk.SignIn(t.Context(), desk.SignInRequest{
		Username: "tech-b", Password: o.Passwords["tech-b"], Code: o.Code("tech-b"), Request: unique("in"), From: home, Remember: true,
	})
	if err != nil || signed.Device.IsZero() {
		t.Fatalf("a log-in that keeps its device: %v", err)
	}
	o.Must("admin", custody.Disable{Person: "tech-b", Reason: desk.NewNote("left the company")})

	_, err = o.Desk.Who(t.Context(), signed.Token)
	o.Refused(custody.Unauthenticated, err)
	_, err = o.SignIn("tech-b")
	o.Refused(custody.Unauthenticated, err)
	_, err = o.recover("tech-b", o.Passwords["tech-b"], codes[0])
	o.Refused(custody.Unauthenticated, err)
	_, err = o.Desk.IssueLink(t.Context(), desk.By{Actor: "admin", Request: unique("link"), Code: o.Code("admin")}, "tech-b")
	o.Refused(custody.Conflict, err)
	_, err = o.Desk.ResetOnHost(t.Context(), "tech-b", unique("reset"))
	o.Refused(custody.Conflict, err)
	if known, err := o.Store.Devices(t.Context(), sha256.Sum256(signed.Device.Bytes())); err != nil || len(known) > 0 {
		t.Errorf("their device is remembered: %v, %v", known, err)
	}
	if p := o.Person("tech-b"); p.Enrolled || p.Account != 0 {
		t.Errorf("their log-in has something left: %+v", p.Enrolment)
	}

	// What they had before is worth nothing after they are back, either.
	o.Agreed("admin", custody.Reinstate{Person: "tech-b"})
	_, err = o.SignIn("tech-b")
	o.Refused(custody.Unauthenticated, err)
	link, code := o.Link("admin", "manager", "tech-b")
	o.Joins("tech-b", link, code)
	_, err = o.recover("tech-b", custody.SecretString("kupfer-7-Laterne!"), codes[0])
	o.Refused(custody.Unauthenticated, err)
	if _, err := o.SignIn("tech-b"); err != nil {
		t.Errorf("the log-in that they set up: %v", err)
	}
}

// TestALinkThatWaitsIsVoidWhenItsPersonLeaves: who was approved and has not joined.
func TestALinkThatWaitsIsVoidWhenItsPersonLeaves(t *testing.T) {
	o := newOffice(t)
	o.Agreed("admin", custody.ResetEnrolment{Person: "tech-b"})
	link, code := o.Link("admin", "manager", "tech-b")
	o.Must("manager", custody.Disable{Person: "tech-b", Reason: desk.NewNote("left the company")})
	_, err := o.Desk.OpenLink(t.Context(), desk.SetUp{Token: link.Token, Code: code, Password: custody.SecretString("kupfer-7-Laterne!"), Request: unique("open")})
	o.Refused(custody.Unauthenticated, err)
	if _, reads, err := o.Desk.ReleaseCode(t.Context(), "manager", "tech-b"); reads || err != nil {
		t.Errorf("the release code is read still: %t, %v", reads, err)
	}
}

// TestADeviceIsForgottenAlsoWhereTheLastApprovalEndsTheAccess.
func TestADeviceIsForgottenAlsoWhereTheLastApprovalEndsTheAccess(t *testing.T) {
	o := newOffice(t)
	signed, err := o.Desk.SignIn(t.Context(), desk.SignInRequest{
		Username: "tech-b", Password: o.Passwords["tech-b"], Code: o.Code("tech-b"), Request: unique("in"), From: desk.Place{Network: "192.0.2.1"}, Remember: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	o.Agreed("tech-a", custody.Disable{Person: "tech-b", Reason: desk.NewNote("left the company")})
	if known, err := o.Store.Devices(t.Context(), sha256.Sum256(signed.Device.Bytes())); err != nil || len(known) > 0 {
		t.Errorf("their device is remembered: %v, %v", known, err)
	}
}

// TestWhatALeavingWouldDoIsSaidBefore, and is what happens then.
func TestWhatALeavingWouldDoIsSaidBefore(t *testing.T) {
	o := newOffice(t)
	offered := o.Must("tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("out")}).Events[0].Fact.Subject()
	said, err := o.Desk.Prospect(t.Context(), "tech-a")
	if err != nil {
		t.Fatal(err)
	}
	want := custody.Passing{Credential: "db01", Seat: true, To: "tech-b", Changes: true}
	if !slices.Contains(said.Credentials, want) || !slices.Equal(said.Handovers, []string{offered}) {
		t.Errorf("said before: %+v", said)
	}
	if _, err := o.Desk.Prospect(t.Context(), "nobody"); err == nil {
		t.Error("of nobody something is said")
	}
	o.Must("admin", custody.Disable{Person: "tech-a", Reason: desk.NewNote("left the company")})
	for _, p := range said.Credentials {
		if c := o.Credential(p.Credential); c.HeldFor() != p.To || (c.Phase == custody.Rotating) != p.Changes || c.HasCustodian("tech-a") {
			t.Errorf("%+v was said, and it is %+v", p, c)
		}
	}
	if h, err := o.Store.Handover(t.Context(), offered); err != nil || h.Status != custody.Voided {
		t.Errorf("the offer is %s, %v", h.Status, err)
	}
}
