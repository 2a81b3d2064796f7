package main

import (
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/custody"
)

// agreed has the admin ask for something, and the manager and the director approve it; it
// is in effect then.
func agreed(t *testing.T, people map[string]*play.Player, ask func(admin *client.Client, code api.Secret) (api.Proposal, error)) {
	t.Helper()
	var p api.Proposal
	err := people["admin"].Confirm(t.Context(), func(code api.Secret) (err error) {
		p, err = ask(people["admin"].Server, code)
		return err
	})
	if err != nil {
		t.Fatalf("the admin asks: %v", err)
	}
	for _, username := range []string{"manager", "director"} {
		if p.Status != custody.Open {
			t.Fatalf("%s is %s before the %s has approved it", p.ID, p.Status, username)
		}
		who := people[username]
		err := who.Confirm(t.Context(), func(code api.Secret) (err error) {
			p, err = who.Server.Approve(t.Context(), p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: code})
			return err
		})
		if err != nil {
			t.Fatalf("the %s approves: %v", username, err)
		}
	}
	if p.Status != custody.Effected {
		t.Fatalf("%s is %s (%s), and both have approved it", p.ID, p.Status, p.Failure)
	}
}
