package main

import (
	"os"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/reconcile"
	"github.com/tandem-custody/tandem/custody/vault"
)

// reconcile lays Vault's audit log beside the ledger in the database file.
func (in *installation) reconcile() reconcile.Report {
	in.t.Helper()
	log := vault.AuditLog{Names: vault.DefaultNames()}
	if err := readAuditLog(&log, in.vaultAudit); err != nil {
		in.t.Fatal(err)
	}
	report, err := (&cli{}).reconcile(in.t.Context(), log.Accesses(), in.file("tandem.db"))
	if err != nil {
		in.t.Fatal(err)
	}
	return report
}

// TestWhatIsReadPastTandemIsFound: after a whole cycle on a real Vault every
// access is accounted for; then somebody reads with the root token, and somebody
// with Tandem's own log-in under ids of their choice.
func TestWhatIsReadPastTandemIsFound(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	ctx := t.Context()
	if _, err := in.checkOut("tech-a"); err != nil {
		t.Fatal(err)
	}
	_, err := in.checkOut("tech-b") // refused, and it reads a seed
	wantCode(t, err, custody.NotHolder)
	var offered []api.Handover
	in.must("tech-a", func(who *client.Client, code api.Secret) (err error) {
		offered, err = who.OfferHandover(ctx, api.OfferHandover{All: true, Reason: "training", TOTP: code})
		return err
	})
	in.must("tech-b", func(who *client.Client, code api.Secret) error {
		_, err := who.AcceptHandover(ctx, offered[0].ID, code)
		return err
	})
	in.must("tech-b", func(who *client.Client, code api.Secret) error {
		_, err := who.ReturnHandover(ctx, offered[0].ID, code)
		return err
	})
	in.waitHeld()
	stranger, err := client.New(client.Config{Server: "http://" + in.address})
	if err != nil {
		t.Fatal(err)
	}
	_, err = stranger.SignIn(ctx, api.SignIn{Username: "nobody", Password: "guess", TOTP: "000000"})
	wantCode(t, err, custody.Unauthenticated)

	clean := in.reconcile()
	if clean.Special() != 0 || clean.Matched == 0 || clean.NotEntered == 0 {
		t.Fatalf("a clean cycle: %+v", clean)
	}

	root := in.vault.Client(t)
	if _, err := root.Logical().ReadWithContext(ctx, "tandem/data/credentials/"+installed); err != nil {
		t.Fatal(err)
	}
	entries, err := in.people["auditor"].Server.Entries(ctx, desk.EntryQuery{Type: "checkout.granted"})
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d check-outs, %v", len(entries), err)
	}
	for path, request := range map[string]string{
		"credentials/" + installed: "made-up",
		"keys/" + installed:        entries[0].Request,
		"seeds/tech-b":             entries[0].Request,
	} {
		in.readAsTandem(path, request)
	}
	found := map[string]bool{}
	for _, f := range in.reconcile().Findings {
		if f.Grade == custody.Special {
			found[f.Path+" "+f.Request] = true
		}
	}
	for _, want := range []string{
		"credentials/" + installed + " ", "credentials/" + installed + " made-up",
		"keys/" + installed + " " + entries[0].Request, "seeds/tech-b " + entries[0].Request,
	} {
		if !found[want] {
			t.Errorf("not found: %s", want)
		}
	}
	if len(found) != 4 {
		t.Errorf("found %v", found)
	}

	var out, complaints strings.Builder
	code := run(ctx, console{out: &out, err: &complaints}, []string{
		"ledger", "reconcile", "--vault-audit", in.vaultAudit, "--database", in.file("tandem.db")})
	if code != exitVerification || !strings.Contains(out.String(), "went past Tandem") {
		t.Errorf("exit %d\n%s%s", code, out.String(), complaints.String())
	}
}

// readAsTandem reads a secret with Tandem's own log-in, past Tandem.
func (in *installation) readAsTandem(path, request string) {
	in.t.Helper()
	read := func(file string) string {
		text, err := os.ReadFile(in.file(file))
		if err != nil {
			in.t.Fatal(err)
		}
		return strings.TrimSpace(string(text))
	}
	server := in.vault.Client(in.t)
	server.ClearToken()
	login, err := server.Logical().WriteWithContext(in.t.Context(), "auth/approle/login",
		map[string]any{"role_id": read("role-id"), "secret_id": read("secret-id")})
	if err != nil {
		in.t.Fatal(err)
	}
	server.SetToken(login.Auth.ClientToken)
	server.AddHeader(vault.RequestHeader, request)
	if _, err := server.Logical().ReadWithContext(in.t.Context(), "tandem/data/"+path); err != nil {
		in.t.Fatal(err)
	}
}
