package main

import (
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
)

// diesAndStarts ends the server with SIGKILL and starts it again.
func (in *installation) diesAndStarts() {
	in.t.Helper()
	in.serving.kill()
	in.start()
}

// TestKilledBetweenTheEntriesOfAPlannedLeaving kills the server with SIGKILL after each
// entry that a leaving takes: the date that was asked for and approved, which comes while
// nothing runs; the change of what they know; what is done by somebody's word; its end.
// Nothing is lost, whoever leaves is out before anything else happens, and it comes to an
// end that is certified.
func TestKilledBetweenTheEntriesOfAPlannedLeaving(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	out, err := in.checkOut("tech-a")
	must(t, err)
	at := time.Now().Add(15 * time.Second)
	var asked api.Proposal
	in.must("admin", func(who *client.Client, code api.Secret) (err error) {
		asked, err = who.PlanDeparture(t.Context(), "tech-a", api.PlanDeparture{At: at, Reason: "end of contract", TOTP: code})
		return err
	})
	in.diesAndStarts()
	in.must("manager", func(who *client.Client, code api.Secret) error {
		_, err := who.Approve(t.Context(), asked.ID, api.ApproveProposal{Digest: asked.Digest, TOTP: code})
		return err
	})
	in.diesAndStarts()
	if p, err := in.people["admin"].Server.Person(t.Context(), "tech-a"); err != nil || p.Disabled || !p.AccessEnds.Equal(at.Truncate(time.Millisecond)) {
		t.Fatalf("the date is lost: %+v, %v", p, err)
	}
	in.serving.kill()
	in.waitFor("the date to come", func() bool { return time.Now().After(at) })
	in.start()
	in.waitFor("tech-a to be out", func() bool {
		_, err := in.people["tech-a"].Server.Me(t.Context())
		return codeOf(err) == custody.Unauthenticated
	})
	if o := in.leaving("tech-a"); o.By != "manager" || !o.Disabled || o.Since.Before(at.Truncate(time.Millisecond)) {
		t.Errorf("left: %+v", o)
	}
	in.diesAndStarts()
	in.waitHeld()
	in.diesAndStarts()
	if c := in.credential(); c.Holder != "tech-b" || c.Primary != "" || in.opens(out.Password) {
		t.Errorf("what tech-a held: %+v, and what they knew opens it: %v", c, in.opens(out.Password))
	}
	for _, i := range in.leaving("tech-a").Checklist {
		in.must("manager", func(who *client.Client, code api.Secret) error {
			_, err := who.SettleItem(t.Context(), "tech-a", i.Item, api.SettleItem{How: i.Ways[0], TOTP: code})
			return err
		})
		in.diesAndStarts()
	}
	in.waitFor("the leaving to end", func() bool { return !in.leaving("tech-a").Ended.IsZero() })
	if l := in.certified("tech-a"); len(l.Items) != 5 || l.Items[0].Credential != installed || l.Items[0].Index == 0 {
		t.Errorf("certified: %+v", l.Items)
	}
	in.verify()
}
