package web_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestWhoRevisesAPolicyLosesNothingOfWhatTheyAskedFor: the form has every value of the
// proposal, also what it takes away, and none of the policy in force.
func TestWhoRevisesAPolicyLosesNothingOfWhatTheyAskedFor(t *testing.T) {
	o := newOffice(t)
	o.HireAs("director", "Dora D", custody.Director)
	first := o.Desk.PolicyInForce().Values
	first.Approvals = custody.ApprovedByTwo // of which one less asks for a name
	other := custody.Policy{
		Lease: 2 * time.Hour, OfferTTL: 25 * time.Hour, RotationDeadline: 2 * time.Hour, LockAfter: 7, LockBase: 31 * time.Second, LockMax: 2 * time.Hour,
		TOTPSkew: 2, SessionIdle: 16 * time.Minute, ApproveWithin: 31 * time.Minute, SilenceAfter: 16 * time.Minute, UseWithin: 2 * time.Hour, HoldFor: 3 * time.Hour,
		ReviewWithin: 71 * time.Hour, SignatureTTL: 719 * time.Hour, AbsenceWait: 29 * time.Minute, RemindFirst: 23 * time.Hour, RemindLast: time.Hour,
		DrillEvery: 8759 * time.Hour, Approvals: custody.ApprovedByOne, Exclusive: custody.ExclusiveAuditor, Assessors: []string{"director", "manager"},
	}
	other.Keyholders, _ = custody.KeyholdersOf([]custody.Keyholder{{Person: "director", Recipient: "age1director"}, {Person: "tech-b", Recipient: "age1technicianb"}})
	until := o.Clock.Now().AddDate(0, 6, 0)
	admin := o.as("admin", "en")
	for _, c := range []struct {
		name     string
		now, ask custody.Policy
	}{{"one that is another in everything", first, other}, {"one that has nobody in its groups", other, first}} {
		if !reflect.DeepEqual(o.Desk.PolicyInForce().Values, c.now) {
			o.Agreed("admin", custody.AdoptPolicy{Values: c.now, ReviewBy: until})
		}
		now, ask := reflect.ValueOf(o.Desk.PolicyInForce().Values), reflect.ValueOf(c.ask)
		for i := range ask.NumField() {
			if reflect.DeepEqual(now.Field(i).Interface(), ask.Field(i).Interface()) {
				t.Errorf("%s: %s is what it is already, so that nothing shows whether the form has it", c.name, ask.Type().Field(i).Name)
			}
		}
		asked := o.Must("admin", custody.Propose{Change: custody.Change{Proposable: custody.AdoptPolicy{Values: c.ask, ReviewBy: until}}, Reason: desk.NewNote("first thought")}).Events[0].Fact.Subject()
		page := admin.get(admin.get("/proposals/" + asked + "/revise").header.Get("Location"))
		var sent []string
		for name, all := range filledIn(t, page, "/policy") {
			if name != "key" && name != "totp" && name != "reason" {
				sent = append(sent, name, strings.Join(all, ""))
			}
		}
		admin.done(admin.fill("/policy", append(sent, "reason", "second thought")...)).shows(t, 200, "revision 2", "second thought")
		revised, err := o.Store.Proposal(t.Context(), asked)
		if err != nil {
			t.Fatal(err)
		}
		if got := revised.Change.Proposable.(custody.AdoptPolicy).Values; !reflect.DeepEqual(got, c.ask) {
			t.Errorf("%s: revised, and nothing else typed, it asks for\n%+v, not\n%+v", c.name, got, c.ask)
		}
		o.Must("admin", custody.Withdraw{Proposal: asked})
	}
}

// TestAPolicyThatIsRefusedShowsAtWhichValue.
func TestAPolicyThatIsRefusedShowsAtWhichValue(t *testing.T) {
	o := newOffice(t)
	o.Approvers()
	b := o.as("manager", "en")
	for field, typed := range map[string]string{"remind_last": "48h", "hold_for": "9999h", "assessors": "nobody-here", "lock_after": "five", "keyholders": "director age1director", "lease": "long"} {
		p := b.fill("/policy", policyFields(field, typed, "review_by", o.Clock.Now().AddDate(0, 6, 0).Format("2006-01-02"), "reason", "x")...)
		marked := ""
		for _, n := range p.nodes(t) {
			if attr(n, "aria-invalid") == "true" {
				marked += attr(n, "name")
			}
		}
		if p.status != 422 || marked != field {
			t.Errorf("%s %q: %d, and the page shows it at %q", field, typed, p.status, marked)
		}
	}
}
