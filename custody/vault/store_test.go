package vault_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/secretstest"
	"github.com/tandem-custody/tandem/custody/vault"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// The whole suite runs with the rights of PolicyHCL and no others.
func TestConformance(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	secretstest.Conform(t, func(t *testing.T) desk.Secrets { return p.open(t) })
}

func TestOpenRefusesAConfigurationThatCannotWork(t *testing.T) {
	role := &vault.AppRole{RoleID: "r", SecretIDFile: "f"}
	names := vault.DefaultNames()
	traversal := names
	traversal.Mount = "../sys"
	for name, c := range map[string]vault.Config{
		"no log-in":       {Address: "https://v:8200", Names: names},
		"two log-ins":     {Address: "https://v:8200", Names: names, AppRole: role, TokenFile: "t"},
		"no role_id":      {Address: "https://v:8200", Names: names, AppRole: &vault.AppRole{SecretIDFile: "f"}},
		"no address":      {Names: names, AppRole: role},
		"no scheme":       {Address: "v:8200", Names: names, AppRole: role},
		"user in address": {Address: "https://me:" + canary + "@v:8200", Names: names, AppRole: role},
		"no CA file":      {Address: "https://v:8200", CAFile: filepath.Join(t.TempDir(), "none"), Names: names, AppRole: role},
		"no names":        {Address: "https://v:8200", AppRole: role},
		"odd name":        {Address: "https://v:8200", Names: traversal, AppRole: role},
	} {
		s, err := vault.Open(t.Context(), c)
		if err == nil {
			s.Close()
			t.Errorf("%s: opened", name)
		} else if strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the address is in the error", name)
		}
	}
}

func TestEnvironmentIsIgnored(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	t.Setenv("VAULT_ADDR", "http://127.0.0.1:1")
	t.Setenv("VAULT_TOKEN", "somebody-else")
	t.Setenv("VAULT_NAMESPACE", "elsewhere")
	t.Setenv("VAULT_HEADERS", `{"X-From-Environment":"yes"}`)
	b := newBetween(t, p.Server)
	p.config.Address = b.URL
	if err := p.open(t).Ready(t.Context()); err != nil {
		t.Error(err)
	}
	for _, r := range b.requests() {
		if r.Header.Get("X-From-Environment") != "" || r.Header.Get("X-Vault-Namespace") != "" {
			t.Errorf("%s carries what the environment said", r.URL.Path)
		}
	}
}

// What an engine answers that is not there must never look like "no secret".
func TestUnmountedEngineIsUnavailable(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	s := p.open(t)
	put(t, s, "credentials/a", canary, 0)
	if err := p.root.Sys().UnmountWithContext(t.Context(), p.config.Names.Mount); err != nil {
		t.Fatal(err)
	}
	for _, op := range operations(s, "credentials/a") {
		if op.name == "Generate" || op.name == "Sign" {
			continue
		}
		if err := op.call(t.Context()); !errors.Is(err, desk.ErrSecretsUnavailable) {
			t.Errorf("%s: %v, want %v", op.name, err, desk.ErrSecretsUnavailable)
		}
	}
}

func TestDeniedIsUnavailableAndNoReasonToLogIn(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	s := p.open(t)
	put(t, s, "credentials/a", canary, 0)
	logins := strings.Count(p.log.String(), "logged in")
	if err := p.root.Sys().PutPolicyWithContext(t.Context(), p.config.Names.Policy,
		`path "auth/token/lookup-self" { capabilities = ["read"] }`); err != nil {
		t.Fatal(err)
	}
	wantUnavailable(t, s, "credentials/a", "permission denied")
	if n := strings.Count(p.log.String(), "logged in"); n != logins {
		t.Errorf("%d log-ins because of the policy", n-logins)
	}
	if err := p.root.Sys().PutPolicyWithContext(t.Context(), p.config.Names.Policy, vault.PolicyHCL(p.config.Names)); err != nil {
		t.Fatal(err)
	}
	wantValue(t, s, "credentials/a", canary, 1)
}

// What somebody deletes or writes by hand in Vault must not be mistaken.
func TestChangesByHand(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	s := p.open(t)
	kv := p.root.KVv2(p.config.Names.Mount)

	put(t, s, "credentials/deleted", "one", 0)
	put(t, s, "credentials/deleted", "two", 1)
	if err := kv.Delete(t.Context(), "credentials/deleted"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Read(t.Context(), "credentials/deleted"); !errors.Is(err, desk.ErrNoSecret) {
		t.Errorf("deleted: %v", err)
	}
	if old, err := s.ReadVersion(t.Context(), "credentials/deleted", 1); err != nil || old.Reveal() != "one" {
		t.Errorf("the version before: %v", err)
	}
	if _, err := s.Write(t.Context(), "credentials/deleted", custody.SecretString("x"), 0, nil); !errors.Is(err, desk.ErrVersion) {
		t.Errorf("write over what can be undeleted: %v", err)
	}
	if err := kv.Undelete(t.Context(), "credentials/deleted", []int{2}); err != nil {
		t.Fatal(err)
	}
	wantValue(t, s, "credentials/deleted", "two", 2)
	if err := kv.Destroy(t.Context(), "credentials/deleted", []int{1}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.ReadVersion(t.Context(), "credentials/deleted", 1); !errors.Is(err, desk.ErrNoSecret) {
		t.Errorf("destroyed: %v", err)
	}

	p.do(t, p.config.Names.Mount+"/data/credentials/foreign", map[string]any{
		"data": map[string]any{"password": canary}, "options": map[string]any{"cas": 0},
	})
	if _, err := s.Read(t.Context(), "credentials/foreign"); !errors.Is(err, desk.ErrSecretsUnavailable) || strings.Contains(err.Error(), canary) {
		t.Errorf("written by hand: %v", err)
	}
}

func TestWritesAreNeverRetriedAndReadsAre(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	b := newBetween(t, p.Server)
	p.config.Address = b.URL
	s := p.open(t)
	put(t, s, "credentials/a", canary, 0)

	for name, spoil := range map[string]func(http.ResponseWriter, *http.Request, http.Handler){
		"500": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) { http.Error(w, canary, 500) },
		"502": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			http.Error(w, canary, http.StatusBadGateway)
		},
		"503": func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(503)
			fmt.Fprint(w, `{"errors":["Vault is sealed"]}`)
		},
		"307": func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		},
		"hang up": hangUp,
	} {
		b.from(spoil)
		_, err := s.Write(t.Context(), "credentials/a", custody.SecretString(canary), 1, nil)
		if err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: write: %v", name, err)
		}
		if n := b.count("/credentials/a"); n != 1 {
			t.Errorf("%s: %d requests for one write", name, n)
		}
		if sealed := name == "503"; errors.Is(err, desk.ErrSecretsUnavailable) != sealed {
			t.Errorf("%s: write: %v", name, err)
		}
		b.from(spoil)
		if err := s.Delete(t.Context(), "credentials/a"); !errors.Is(err, desk.ErrSecretsUnavailable) {
			t.Errorf("%s: delete: %v", name, err)
		}
		if n := b.count("/credentials/a"); n != 1 {
			t.Errorf("%s: %d requests for one deletion", name, n)
		}
		b.from(spoil)
		if _, err := s.Read(t.Context(), "credentials/a"); !errors.Is(err, desk.ErrSecretsUnavailable) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: read: %v", name, err)
		}
		if n := b.count("/credentials/a"); n < 2 {
			t.Errorf("%s: %d requests for one read", name, n)
		}
	}

	// A stumble that passes is not seen by whoever reads.
	stumbled := false
	b.from(func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if !stumbled {
			stumbled = true
			hangUp(w, r, nil)
			return
		}
		pass.ServeHTTP(w, r)
	})
	wantValue(t, s, "credentials/a", canary, 1)
}

// Nothing that is not Vault's answer may pass for one.
func TestAnswersThatAreNotVaults(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	b := newBetween(t, p.Server)
	p.config.Address = b.URL
	s := p.open(t)
	put(t, s, "credentials/a", canary, 0)
	for _, body := range []string{"", "{}", `{"data":null}`, `{"data":{}}`, `{"data":[]}`, "<html>" + canary, `{"data":{"data":{"value":7},"keys":{"1":7}}}`} {
		b.from(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			if body == "" {
				w.WriteHeader(http.StatusNoContent)
			}
			fmt.Fprint(w, body)
		})
		for _, op := range operations(s, "credentials/a") {
			if op.name == "Labels" || op.name == "Delete" {
				continue // an answer without labels, or without anything, is as it should be
			}
			if err := op.call(t.Context()); err == nil || strings.Contains(err.Error(), canary) || errors.Is(err, desk.ErrNoSecret) {
				t.Errorf("%s, answered %q: %v", op.name, body, err)
			}
		}
	}
}

// Vault wrote, and its answer was lost: neither "done" nor "not done" may be said.
func TestLostAnswerOfAWrite(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	b := newBetween(t, p.Server)
	p.config.Address = b.URL
	s := p.open(t)
	b.from(loseAnswer)
	_, err := s.Write(t.Context(), "credentials/a", custody.SecretString(canary), 0, nil)
	if err == nil || errors.Is(err, desk.ErrSecretsUnavailable) || errors.Is(err, desk.ErrVersion) || strings.Contains(err.Error(), canary) {
		t.Errorf("write: %v", err)
	}
	b.from(nil)
	wantValue(t, s, "credentials/a", canary, 1)
}

func TestRequestIDReachesVaultsAuditLog(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	audit := p.EnableFileAudit(t)
	type key struct{}
	p.config.RequestID = func(ctx context.Context) string {
		id, _ := ctx.Value(key{}).(string)
		return id
	}
	s := p.open(t)
	put(t, s, "credentials/a", canary, 0)
	for _, id := range []string{"req-4711", "", "bad\r\nid", strings.Repeat("x", 1000)} {
		if _, err := s.Read(context.WithValue(t.Context(), key{}, id), "credentials/a"); err != nil {
			t.Errorf("read with the id %.10q: %v", id, err)
		}
	}
	if n := len(auditEntries(t, audit, "req-4711", `"path":"tandem/data/credentials/a"`, `"type":"request"`)); n != 1 {
		t.Errorf("%d requests with the id in the audit log, want 1", n)
	}
	if n := len(auditEntries(t, audit, canary)); n != 0 {
		t.Error("a value is in the audit log")
	}
}

func TestTLSAndNamespace(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	b := newBetween(t, p.Server)
	p.config.Address = b.URL

	p.config.CAFile = "" // the system's authorities do not know the test's own
	s := p.open(t)
	wantUnavailable(t, s, "credentials/a", "certificate")

	p.config.CAFile = p.CAFile
	s = p.open(t)
	put(t, s, "credentials/a", canary, 0)
	wantValue(t, s, "credentials/a", canary, 1)

	// A community Vault has no namespaces: the header must be there, that is all.
	p.config.Namespace = "team"
	open(t, p.config)
	seen := b.requests()
	if got := seen[len(seen)-1].Header.Get("X-Vault-Namespace"); strings.Trim(got, "/") != "team" {
		t.Errorf("namespace %q", got)
	}

	p.config.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	writeFile(t, p.config.CAFile, "no certificate")
	if _, err := vault.Open(t.Context(), p.config); err == nil {
		t.Error("a CA file without a certificate was taken")
	}
}

// A key that was rotated in Vault must not change the ledger's identity.
func TestLedgerKeyStaysWhenTransitRotatesIt(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	before, err := p.open(t).PublicKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.do(t, "transit/keys/tandem-ledger/rotate", nil)
	secretstest.Conform(t, func(t *testing.T) desk.Secrets {
		s := p.open(t)
		if after, err := s.PublicKey(t.Context()); err != nil || !after.Equal(before) {
			t.Fatalf("another public key, or %v", err)
		}
		return s
	})
}
