package main

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// stranger is a client that nobody has logged in with.
func (in *installation) stranger() *client.Client {
	in.t.Helper()
	c, err := client.New(client.Config{Server: "http://" + in.address})
	if err != nil {
		in.t.Fatal(err)
	}
	return c
}

// noSpecial checks that Vault's log has nothing that the ledger does not allow.
func (in *installation) noSpecial(after string) {
	in.t.Helper()
	for _, f := range in.reconcile().Findings {
		if f.Grade == custody.Special {
			in.t.Errorf("after %s: %s of %s is special: %s", after, f.Kind, f.Path, f.Why)
		}
	}
}

// TestALostPhoneAndWrongLogInsAreNoSpecialEvents: whoever used a recovery code,
// or guessed at names until they were locked, had "tandem ledger reconcile" say
// that somebody had gone past Tandem.
func TestALostPhoneAndWrongLogInsAreNoSpecialEvents(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	ctx := t.Context()
	who, recovery := in.setUpAnew("tech-b")
	if len(recovery) == 0 {
		t.Fatal("no recovery codes")
	}
	if err := who.Confirm(ctx, func(code api.Secret) error {
		_, err := who.Server.SignIn(ctx, api.SignIn{Username: who.Username, Password: api.Secret(who.Password), TOTP: code})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	// The key under which failed log-ins are counted is read again after a restart.
	in.serving.kill()
	in.start()
	if _, err := in.stranger().Recover(ctx, api.Recover{
		Username: "tech-b", Password: api.Secret(who.Password), RecoveryCode: recovery[0],
	}); err != nil {
		t.Fatal(err)
	}
	in.noSpecial("a used recovery code")

	for i := range 2 * custody.DefaultPolicy().LockAfter {
		_, err := in.stranger().SignIn(ctx, api.SignIn{Username: fmt.Sprint("nobody-", i), Password: "guess", TOTP: "000000"})
		wantCode(t, err, custody.Unauthenticated)
	}
	in.serving.kill()
	in.start()
	for range custody.DefaultPolicy().LockAfter {
		_, err := in.stranger().SignIn(ctx, api.SignIn{Username: "tech-a", Password: "guess", TOTP: "000000"})
		wantCode(t, err, custody.Unauthenticated)
	}
	entries, err := in.people["auditor"].Server.Entries(ctx, desk.EntryQuery{Type: "session.locked"})
	if err != nil || len(entries) < 2 {
		t.Fatalf("%d lock-outs on record, %v", len(entries), err)
	}
	in.noSpecial("wrong log-ins")
}

// TestACheckOutWhileVaultIsSealed: there was a lease of eight hours and a person
// who was said to know a password that nobody had been shown.
func TestACheckOutWhileVaultIsSealed(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	for name, trouble := range map[string]struct{ break_, mend func() }{
		"sealed":  {in.vault.Seal, in.vault.Unseal},
		"stopped": {in.vault.Stop, func() { in.vault.Start(); in.vault.Unseal() }},
	} {
		trouble.break_()
		_, err := in.checkOut("tech-a")
		wantCode(t, err, "vault_unavailable")
		if c := in.credential(); c.Lease != nil || len(c.Exposure) != 0 {
			t.Errorf("%s: lease %+v, known to %v", name, c.Lease, c.Exposure)
		}
		trouble.mend()
		in.waitFor("Tandem to be back by itself", func() bool { return in.status("/readyz") == http.StatusOK })
	}
	entries, err := in.people["auditor"].Server.Entries(t.Context(), desk.EntryQuery{Type: "checkout.granted"})
	if err != nil || len(entries) != 0 {
		t.Errorf("%d check-outs on record, %v", len(entries), err)
	}
	out, err := in.checkOut("tech-a")
	if err != nil || !in.opens(out.Password) {
		t.Errorf("afterwards: %v", err)
	}
	in.noSpecial("a sealed Vault")
	in.verify()
}
