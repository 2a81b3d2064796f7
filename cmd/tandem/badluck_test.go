package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/totp"
	vaultpkg "github.com/tandem-custody/tandem/custody/vault"
)

// TestVaultFailsBetweenEntryAndRead: the check-out is in the ledger, and then
// Vault is sealed, stopped or restarted before the password is read. Nothing is
// shown, custody stays as it is, and the same idempotency key gets the password
// when Vault is back, with a fresh code and an entry of its own.
func TestVaultFailsBetweenEntryAndRead(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	for _, trouble := range []struct {
		name         string
		break_, mend func()
	}{
		{"sealed", in.vault.Seal, in.vault.Unseal},
		{"stopped", in.vault.Stop, func() { in.vault.Start(); in.vault.Unseal() }},
		{"killed", in.vault.Kill, func() { in.vault.Start(); in.vault.Unseal() }},
		{"restarted and still sealed", func() { in.vault.Stop(); in.vault.Start() }, in.vault.Unseal},
	} {
		before := in.credential()
		ctx := client.WithIdempotencyKey(t.Context(), "key: "+trouble.name)
		request := api.CheckOut{Purpose: "bad luck"}
		in.gate.beforeNextRead(trouble.break_)
		err := in.as("tech-a", func(who *client.Client, code api.Secret) error {
			request.TOTP = code
			_, err := who.CheckOut(ctx, installed, request)
			return err
		})
		if codeOf(err) != "vault_unavailable" {
			t.Fatalf("%s: %v", trouble.name, err)
		}
		// The entry stands, and the code with it.
		in.people["tech-a"].Last = totp.Step(installationPeriod, time.Now())
		after := in.credential()
		if after.Holder != before.Holder || after.Phase != before.Phase || after.Version != before.Version || after.Lease == nil {
			t.Errorf("%s: custody changed: %+v", trouble.name, after)
		}
		in.waitFor("readyz to name the cause", func() bool {
			status, body := in.operations("/readyz")
			return status == http.StatusServiceUnavailable && strings.Contains(body, "secret store")
		})
		trouble.mend()
		in.waitFor("Tandem to be back by itself", func() bool { return in.status("/readyz") == http.StatusOK })
		if _, err := in.people["tech-a"].Server.CheckOut(ctx, installed, request); codeOf(err) != custody.TOTPReplayed && codeOf(err) != custody.TOTPInvalid { // it is old by now
			t.Fatalf("%s: the same key again, with the code that was used: %v", trouble.name, err)
		}
		in.must("tech-a", func(who *client.Client, code api.Secret) error {
			request.TOTP = code
			out, err := who.CheckOut(ctx, installed, request)
			if err == nil && (!in.opens(out.Password) || out.Lease.ID != after.Lease.ID) {
				err = errors.New("another check-out, or a password that opens nothing")
			}
			return err
		})
	}
	in.verify()
}

// TestTheHostKeyChanges: whoever answers there now is told nothing.
func TestTheHostKeyChanges(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	before, err := in.checkOut("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	in.sshd.ReplaceHostKey()
	in.must("tech-a", func(who *client.Client, code api.Secret) error {
		_, err := who.Rotate(t.Context(), installed, api.ConfirmedReason{Reason: "test", TOTP: code})
		return err
	})
	in.waitFor("the failure to be named", func() bool {
		r := in.credential().Rotation
		return r != nil && r.Failure == "host_key"
	})
	// Since then nobody has logged in: the password that Tandem knew still is
	// the account's, and was never offered to the stranger.
	if !in.opens(before.Password) {
		t.Error("the account's password was changed on a host that nobody pinned")
	}
	in.verify()
}

// hookSteps are the names that the worker's hook is called with, in order.
var hookSteps = []string{
	"staged-written", "staged-reported", "changed", "applied-reported", "new-proved",
	"old-refused", "verified-reported", "promoted-written", "promoted-reported", "cleared",
}

// TestKilledBetweenTheSteps kills the server with SIGKILL between each two steps
// of a rotation. Afterwards some value in Vault opens the account, always, and a
// start without any help brings the rotation to its end.
func TestKilledBetweenTheSteps(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	for _, step := range hookSteps {
		before := in.credential()
		in.serving.kill()
		in.start(dieAt + "=" + step)
		in.must("tech-a", func(who *client.Client, code api.Secret) error {
			_, err := who.Rotate(t.Context(), installed, api.ConfirmedReason{Reason: step, TOTP: code})
			return err
		})
		select {
		case <-in.serving.ended:
		case <-time.After(60 * time.Second):
			t.Fatalf("%s: the server was not killed there", step)
		}
		if !in.someSecretOpens() {
			t.Fatalf("killed at %s: no value in Vault opens the server", step)
		}
		in.start()
		in.waitHeld()
		after := in.credential()
		if after.Version != before.Version+1 {
			t.Errorf("killed at %s: version %d after %d; one rotation makes one version", step, after.Version, before.Version)
		}
		out, err := in.checkOut("tech-a")
		if err != nil || !in.opens(out.Password) {
			t.Fatalf("killed at %s: the password in custody does not open the server: %v", step, err)
		}
		in.waitFor("the staged value to be cleared", func() bool { return len(in.secretsAt("staged")) == 0 })
	}
	in.verify()
}

// someSecretOpens tries every value that Vault has for db01, staged or current.
func (in *installation) someSecretOpens() bool {
	for _, path := range []string{"credentials", "staged"} {
		for _, value := range in.secretsAt(path) {
			if in.opens(api.Secret(value)) {
				return true
			}
		}
	}
	return false
}

// secretsAt gives every version of every secret below a path in Vault.
func (in *installation) secretsAt(path string) []string {
	in.t.Helper()
	vault, ctx := in.vault.Client(in.t), in.t.Context()
	names := vaultpkg.DefaultNames()
	list, err := vault.Logical().ListWithContext(ctx, names.Mount+"/metadata/"+path)
	if err != nil {
		in.t.Fatal(err)
	}
	if list == nil {
		return nil
	}
	var values []string
	for _, key := range list.Data["keys"].([]any) {
		kv, at := vault.KVv2(names.Mount), path+"/"+key.(string)
		versions, err := kv.GetVersionsAsList(ctx, at)
		if err != nil {
			in.t.Fatal(err)
		}
		for _, v := range versions {
			if !v.DeletionTime.IsZero() || v.Destroyed {
				continue
			}
			secret, err := kv.GetVersion(ctx, at, v.Version)
			if err != nil {
				in.t.Fatal(err)
			}
			for _, value := range secret.Data { // one, by whatever name
				values = append(values, fmt.Sprint(value))
			}
		}
	}
	return values
}
