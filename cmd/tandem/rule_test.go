package main

import (
	"errors"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
)

// TestTheRuleOnRealParts: clause 4.4 on a real Vault and a real OpenSSH server,
// over HTTP, with the server in a process of its own.
func TestTheRuleOnRealParts(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	ctx := t.Context()

	first, err := in.checkOut("tech-a")
	if err != nil || !in.opens(first.Password) {
		t.Fatalf("the holder's password opens the server; %v", err)
	}
	if in.opens(api.Secret(in.first.Reveal())) {
		t.Fatal("the password from before custody still opens the server")
	}
	_, err = in.checkOut("tech-b")
	wantCode(t, err, custody.NotHolder)

	var offered []api.Handover
	in.must("tech-a", func(who *client.Client, code api.Secret) (err error) {
		offered, err = who.OfferHandover(ctx, api.OfferHandover{All: true, AwayWhenAccepted: true, Reason: "training", TOTP: code})
		return err
	})
	in.must("tech-b", func(who *client.Client, code api.Secret) error {
		_, err := who.AcceptHandover(ctx, offered[0].ID, code)
		return err
	})
	_, err = in.checkOut("tech-a")
	wantCode(t, err, custody.NotHolder)
	wantCode(t, in.as("tech-b", func(who *client.Client, code api.Secret) error {
		_, err := who.SetPresence(ctx, api.SetPresence{State: api.Away, TOTP: code})
		return err
	}), custody.BothAway)
	lent, err := in.checkOut("tech-b")
	if err != nil || lent.Password != first.Password {
		t.Fatalf("the backup sees the same password until the return: %v", err)
	}

	// While sshd is down nobody gets anything, however often they ask.
	in.sshd.Stop()
	in.must("tech-a", func(who *client.Client, code api.Secret) error {
		_, err := who.SetPresence(ctx, api.SetPresence{State: api.Present, TakeBack: true, TOTP: code})
		return err
	})
	in.waitFor("a failed attempt", func() bool { r := in.credential().Rotation; return r != nil && r.Attempts > 0 })
	for _, username := range []string{"tech-a", "tech-b"} {
		_, err := in.checkOut(username)
		wantCode(t, err, custody.RotationPending)
	}
	in.sshd.Start()
	in.waitHeld()

	if in.opens(first.Password) {
		t.Error("the old password still opens the server")
	}
	second, err := in.checkOut("tech-a")
	if err != nil || !in.opens(second.Password) || second.Version != first.Version+1 {
		t.Errorf("the new password: version %d after %d; %v", second.Version, first.Version, err)
	}
	if h, err := in.people["auditor"].Server.Handover(ctx, offered[0].ID); err != nil || h.Status != custody.Closed {
		t.Errorf("the handover is %s, %v", h.Status, err)
	}
	in.verify()
}

func wantCode(t *testing.T, err error, want custody.Code) {
	t.Helper()
	if got := codeOf(err); got != want {
		t.Fatalf("got %v, want %s", err, want)
	}
}

// codeOf gives the contract's code of an error, "" when it is none of the API's.
func codeOf(err error) custody.Code {
	if problem, ok := errors.AsType[*edge.Problem](err); ok {
		return custody.Code(problem.Code)
	}
	return ""
}
