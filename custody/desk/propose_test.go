package desk_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestWhatCameWithAProposalWaitsForItsApproval: the password and the key stay under the
// request's own path while others decide, longer than any request is on its way; with the
// approval they come into their place, and with a no they are removed.
func TestWhatCameWithAProposalWaitsForItsApproval(t *testing.T) {
	for _, approved := range []bool{true, false} {
		o := newOffice(t)
		o.Approvers()
		by := desk.By{Actor: "admin", Request: "new server", Code: o.Code("admin")}
		outcome, err := o.Desk.ProposeCredential(t.Context(), by, onboarding("db02"), desk.NewNote("new server"), custody.SecretString("before"), custody.SecretString("key"))
		if err != nil {
			t.Fatal(err)
		}
		id := outcome.Events[0].Fact.Subject()
		if c, err := o.Store.Credential(t.Context(), "db02"); !errors.Is(err, desk.ErrNotFound) {
			t.Fatalf("in custody, and nobody approved it: %+v, %v", c, err)
		}
		o.Clock.Add(48 * time.Hour)
		o.Enters()
		if err := o.Desk.ClearArrivals(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left := o.under("new server"); len(left) != 2 {
			t.Fatalf("%d secrets wait for the approval", len(left))
		}
		p, err := o.Store.Proposal(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if !approved {
			o.Must("manager", custody.Reject{Proposal: id, Digest: p.Digest(), Reason: desk.NewNote("not ours")})
			if err := o.Desk.ClearArrivals(t.Context()); err != nil {
				t.Fatal(err)
			}
			if left := o.under("new server"); len(left) != 0 {
				t.Errorf("rejected, and %d secrets are left", len(left))
			}
			continue
		}
		for _, who := range []string{"manager", "director"} {
			o.Must(who, custody.Approve{Proposal: id, Digest: p.Digest()})
		}
		if c := o.Credential("db02"); c.Arriving != "new server" || c.Phase != custody.Rotating {
			t.Fatalf("approved: %+v", c)
		}
		if err := o.Desk.Settle(t.Context(), "db02"); err != nil { // as the rotation worker does
			t.Fatal(err)
		}
		if password, key := o.kept("db02"); password.Reveal() != "before" || key.Reveal() != "key" {
			t.Error("what came is not in its place")
		}
		if c := o.Credential("db02"); c.Arriving != "" {
			t.Errorf("%+v", c)
		}
	}
}
