package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// TestItRefusesToStartWithWhatIsNotItsOwn: /readyz was green with another origin,
// another secret store, and all secrets lost.
func TestItRefusesToStartWithWhatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	h, other := newHouse(t), newHouse(t)
	h.initialise("ada")
	other.initialise("eve")
	right, origin := h.secrets, h.origin
	for _, wrong := range []struct {
		name string
		make func()
		says string
	}{
		{"another origin", func() { h.origin = "another.test/ledger" }, "ledger.origin is another one"},
		{"another secret store", func() { h.secrets = other.secrets }, "another installation's"},
		{"no secrets", func() { must(t, os.Rename(h.file("secrets"), h.file("away"))) }, "no such file"},
	} {
		wrong.make()
		h.configure()
		_, said, code := h.tandem("serve")
		if code != 1 || !strings.Contains(said, wrong.says) {
			t.Errorf("%s: exit %d\n%s", wrong.name, code, said)
		}
		if _, err := os.Stat(h.file("secrets")); wrong.name == "no secrets" && err == nil {
			t.Error("new secrets were made in the place of those that were lost")
		}
		_ = os.Rename(h.file("away"), h.file("secrets"))
		h.secrets, h.origin = right, origin
	}
	h.configure()
	h.start()
	h.mustServe()
	h.wantReady()
}

// TestANewDatabaseDoesNotTakeTheSecretsOfAnother: its ledger would be a second one
// under the same key.
func TestANewDatabaseDoesNotTakeTheSecretsOfAnother(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.initialise("ada")
	must(t, os.Rename(h.file("tandem.db"), h.file("away")))
	if _, said, code := h.tandem("serve"); code != 1 || !strings.Contains(said, "another installation's") {
		t.Errorf("exit %d\n%s", code, said)
	}
	if _, said, code := h.tandem("init", "--username", "eve", "--name", "Eve"); code != 1 || !strings.Contains(said, "another installation's") {
		t.Errorf("init: exit %d\n%s", code, said)
	}
}

// TestReadyzSeesLostSecrets: while it runs, on the embedded store. Nobody gets in
// any more, and what is there stays readable.
func TestReadyzSeesLostSecrets(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ada := h.initialise("ada")
	h.start()
	h.mustServe()
	must(t, h.signIn(ada))
	must(t, os.Rename(h.file("secrets"), h.file("away")))
	h.wantCause("secrets_lost")
	if err := h.signIn(ada); codeOf(err) != "ledger_suspect" {
		t.Errorf("log-in: %v", err)
	}
	if _, err := ada.Server.People(t.Context()); err != nil {
		t.Errorf("what is there cannot be read: %v", err)
	}
	must(t, os.Rename(h.file("away"), h.file("secrets")))
	h.wantReady()
}

// TestReadyzSeesADatabaseThatTakesNothing: unlinked, locked, on a full disk.
func TestReadyzSeesADatabaseThatTakesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.initialise("ada")
	h.start()
	h.mustServe()
	h.wantReady()
	db := openSQL(t, h.file("tandem.db"))
	tx, err := db.Begin()
	must(t, err)
	h.wantCause("store_unavailable")
	must(t, tx.Rollback())
	h.wantReady()
	must(t, os.Remove(h.file("tandem.db")))
	h.wantCause("store_replaced")
}

// TestReadyzSeesAFullDisk, and one without inodes. The server is in a mount
// namespace of its own, with a small disk that goes with it.
func TestReadyzSeesAFullDisk(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	disk := h.file("disk")
	must(t, os.Mkdir(disk, 0o700))
	h.initialise("ada")
	for _, name := range []string{"tandem.db", "secrets", "key"} {
		must(t, os.Rename(h.file(name), h.file("first-"+name)))
	}
	h.secrets = fmt.Sprintf("secrets: embedded\nembedded: {path: %s/secrets, key_file: %s/key}", disk, disk)
	h.configure()
	text, err := os.ReadFile(h.file("tandem.yaml"))
	must(t, err)
	h.write("tandem.yaml", strings.Replace(string(text), h.file("tandem.db"), disk+"/tandem.db", 1))
	h.startWrapped([]string{"unshare", "--mount", "--propagation", "private", "sh", "-c",
		`mount -t tmpfs -o size=64m,nr_inodes=200 tandem-test "$0" && cp -p "$1"/first-tandem.db "$0"/tandem.db &&
		cp -p "$1"/first-secrets "$0"/secrets && cp -p "$1"/first-key "$0"/key && shift && exec "$@"`, disk, h.folder})
	h.mustServe()
	h.wantReady()
	inside := filepath.Join("/proc", fmt.Sprint(h.serving.command.Process.Pid), "root", disk)

	filler := filepath.Join(inside, "filler")
	must(t, os.WriteFile(filler, make([]byte, 58<<20), 0o600))
	h.wantCause("disk_full")
	must(t, os.Remove(filler))
	h.wantReady()

	for i := 0; ; i++ {
		if err := os.WriteFile(filepath.Join(inside, fmt.Sprint("inode-", i)), nil, 0o600); err != nil {
			break
		}
	}
	h.wantCause("disk_full")
}

// TestReadyzSeesWhatVaultLacks: the right to read passwords, the secrets, the
// ledger's key; and a Vault that hangs is no database that does.
func TestReadyzSeesWhatVaultLacks(t *testing.T) {
	t.Parallel()
	h, server := newVaultHouse(t)
	ada := h.initialise("ada")
	gate := newHangingGate(t, server)
	h.secrets = strings.Replace(h.secrets, server.Address, gate.URL, 1)
	h.configure()
	h.start()
	h.mustServe()
	must(t, h.signIn(ada))
	h.wantReady()
	vault := server.Client(t)

	policy, err := vault.Sys().GetPolicyWithContext(t.Context(), "tandem")
	must(t, err)
	for _, path := range []string{"tandem/data/credentials/+", "tandem/data/seeds/+", "transit/sign/tandem-ledger", "sys/policies/password/tandem/generate"} {
		if !strings.Contains(policy, path) {
			t.Fatalf("no %s in the policy", path)
		}
		must(t, vault.Sys().PutPolicyWithContext(t.Context(), "tandem", strings.Replace(policy, path, "elsewhere/x", 1)))
		h.wantCause("rights_missing")
	}
	must(t, vault.Sys().PutPolicyWithContext(t.Context(), "tandem", policy))
	h.waitFor("Vault to give the rights again", func() bool { return len(h.causes()) == 0 })

	gate.hang.Store(true)
	if causes := h.causes(); len(causes) != 1 || causes[0] != "vault_unavailable" {
		t.Errorf("Vault hangs: %v", causes)
	}
	gate.hang.Store(false)
	h.wantReady()

	server.Seal()
	h.wantCause("vault_unavailable")
	server.Unseal()
	h.waitFor("Tandem to be back by itself", func() bool { return len(h.causes()) == 0 })

	// One person's seed alone, then everything.
	_, err = vault.Logical().DeleteWithContext(t.Context(), "tandem/metadata/seeds/ada")
	must(t, err)
	h.wantCause("secrets_lost")

	_, err = vault.Logical().WriteWithContext(t.Context(), "transit/keys/tandem-ledger/config", map[string]any{"deletion_allowed": true})
	must(t, err)
	_, err = vault.Logical().DeleteWithContext(t.Context(), "transit/keys/tandem-ledger")
	must(t, err)
	_, err = vault.Logical().WriteWithContext(t.Context(), "transit/keys/tandem-ledger", map[string]any{"type": "ed25519"})
	must(t, err)
	h.wantCause("other_ledger_key")
	if err := h.signIn(ada); codeOf(err) != "ledger_suspect" {
		t.Errorf("log-in under another ledger key: %v", err)
	}

	must(t, vault.Sys().UnmountWithContext(t.Context(), "tandem"))
	h.setUpVault(server)
	h.waitFor("the lost secrets to be named", func() bool { return strings.Contains(strings.Join(h.causes(), " "), "secrets_lost") })
	h.stop()
	if _, said, code := h.tandem("serve"); code != 1 || !strings.Contains(said, "the secrets are lost") {
		t.Errorf("a start without the secrets: exit %d\n%s", code, said)
	}
}

// hangingGate stands between Tandem and Vault and can keep every request.
type hangingGate struct {
	*httptest.Server
	hang atomic.Bool
}

func newHangingGate(t *testing.T, server *vaulttest.Server) *hangingGate {
	t.Helper()
	to, err := url.Parse(server.Address)
	must(t, err)
	g, proxy := &hangingGate{}, httputil.NewSingleHostReverseProxy(to)
	proxy.Transport = &http.Transport{TLSClientConfig: server.TrustTLS(), ForceAttemptHTTP2: true}
	ended := make(chan struct{})
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if g.hang.Load() {
			select {
			case <-r.Context().Done():
			case <-ended:
			}
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(func() { close(ended); g.Close() })
	return g
}
