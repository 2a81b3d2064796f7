package vault_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/tandem-custody/tandem/custody/password"
	"github.com/tandem-custody/tandem/custody/vault"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

func TestSetupTwiceChangesNothing(t *testing.T) {
	server := vaulttest.StartDev(t)
	client := server.Client(t)
	first, err := vault.Setup(t.Context(), client, vault.DefaultNames())
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range first.Steps {
		if !step.Changed {
			t.Errorf("on a new Vault this was there: %s", step.What)
		}
	}
	audit := server.EnableFileAudit(t)
	second, err := vault.Setup(t.Context(), client, vault.DefaultNames())
	if err != nil {
		t.Fatal(err)
	}
	if second.Changed() || len(second.Steps) != len(first.Steps) || second.RoleID != first.RoleID || first.RoleID == "" {
		t.Errorf("the second run: %+v", second)
	}
	for _, operation := range []string{"create", "update", "delete", "patch"} {
		for _, entry := range auditEntries(t, audit, `"operation":"`+operation+`"`, `"type":"request"`) {
			if !strings.Contains(entry, `"path":"sys/audit/test"`) { // Vault's own, when the log was enabled
				t.Errorf("the second run asked for a change: %s", entry)
			}
		}
	}
}

func TestSetupPutsRightWhatSomebodyChanged(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	for path, body := range map[string]map[string]any{
		"tandem/config":                     {"cas_required": false},
		"transit/keys/tandem-ledger/config": {"deletion_allowed": true},
		"sys/policies/password/tandem":      {"policy": "length = 8\nrule \"charset\" {\n  charset = \"a\"\n}\n"},
		"sys/policies/acl/tandem":           {"policy": `path "*" { capabilities = ["read"] }`},
		"auth/approle/role/tandem":          {"token_policies": []string{"tandem", "admin"}, "token_max_ttl": "7h"},
	} {
		p.do(t, path, body)
	}
	report, err := vault.Setup(t.Context(), p.root, p.config.Names)
	if err != nil {
		t.Fatal(err)
	}
	var changed []string
	for _, step := range report.Steps {
		if step.Changed {
			changed = append(changed, step.What)
		}
	}
	if len(changed) != 5 {
		t.Errorf("put right: %q", changed)
	}
	if report, err := vault.Setup(t.Context(), p.root, p.config.Names); err != nil || report.Changed() {
		t.Errorf("once more: %+v, %v", report, err)
	}
	role, err := p.root.Logical().ReadWithContext(t.Context(), "auth/approle/role/tandem")
	if err != nil || role.Data["token_max_ttl"].(interface{ String() string }).String() != "25200" {
		t.Errorf("the operator's own TTL: %v, %v", role.Data["token_max_ttl"], err)
	}
	if findings := p.open(t).Check(t.Context()); len(findings) != 0 {
		t.Errorf("check: %v", findings)
	}
}

func TestSetupTouchesNothingThatIsNotItsOwn(t *testing.T) {
	client := vaulttest.StartDev(t).Client(t)
	mount := func(path, kind string, options map[string]string) {
		t.Helper()
		if err := client.Sys().MountWithContext(t.Context(), path, &api.MountInput{Type: kind, Options: options}); err != nil {
			t.Fatal(err)
		}
	}
	mount("kv1", "kv", map[string]string{"version": "1"})
	mount("t", "transit", nil)
	for name, body := range map[string]map[string]any{
		"rsa":        {"type": "rsa-2048"},
		"exportable": {"type": "ed25519", "exportable": true},
		"backup":     {"type": "ed25519", "allow_plaintext_backup": true},
		"derived":    {"type": "ed25519", "derived": true},
	} {
		if _, err := client.Logical().WriteWithContext(t.Context(), "t/keys/"+name, body); err != nil {
			t.Fatal(err)
		}
	}
	for why, change := range map[string]func(*vault.Names){
		"KV version 1":      func(n *vault.Names) { n.Mount = "kv1" },
		"no transit":        func(n *vault.Names) { n.Transit = "kv1" },
		"RSA key":           func(n *vault.Names) { n.Transit, n.TransitKey = "t", "rsa" },
		"exportable key":    func(n *vault.Names) { n.Transit, n.TransitKey = "t", "exportable" },
		"key with backup":   func(n *vault.Names) { n.Transit, n.TransitKey = "t", "backup" },
		"derived key":       func(n *vault.Names) { n.Transit, n.TransitKey = "t", "derived" },
		"no AppRole":        func(n *vault.Names) { n.AppRole = "token" },
		"name with a slash": func(n *vault.Names) { n.Role = "a/b" },
		"name for a glob":   func(n *vault.Names) { n.Mount = "*" },
		"policy for a glob": func(n *vault.Names) { n.Passwords = map[string]password.Policy{"*": password.Default()} },
		"weak passwords":    func(n *vault.Names) { n.Passwords = map[string]password.Policy{"weak": {Length: 8}} },
	} {
		names := vault.DefaultNames()
		change(&names)
		if _, err := vault.Setup(t.Context(), client, names); err == nil {
			t.Errorf("%s: set up", why)
		}
	}
	kv1, err := client.Logical().ReadWithContext(t.Context(), "sys/mounts/kv1")
	if err != nil || kv1.Data["options"].(map[string]any)["version"] != "1" {
		t.Errorf("the other engine: %v, %v", kv1, err)
	}
}

func TestSetupWithoutRights(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	client, err := vault.NewClient(p.config)
	if err != nil {
		t.Fatal(err)
	}
	client.SetToken("hvs.no-such-token")
	if _, err := vault.Setup(t.Context(), client, p.config.Names); err == nil || strings.Contains(err.Error(), "hvs.") {
		t.Errorf("set up with a wrong token: %v", err)
	}
	if _, err := vault.NewSecretID(t.Context(), client, p.config.Names, time.Minute); err == nil || strings.Contains(err.Error(), "hvs.") {
		t.Errorf("new secret_id with a wrong token: %v", err)
	}
}

// tandemClient is a client with a token of the role, as Tandem has it.
func tandemClient(t *testing.T, p prepared) *api.Client {
	t.Helper()
	in := p.do(t, "auth/approle/login", map[string]any{
		"role_id": p.config.AppRole.RoleID, "secret_id": strings.TrimSpace(readFile(t, p.config.AppRole.SecretIDFile)),
	})
	if !slices.Equal(in.Auth.Policies, []string{p.config.Names.Policy}) {
		t.Errorf("policies of the token: %v", in.Auth.Policies)
	}
	client := p.Client(t)
	client.SetToken(in.Auth.ClientToken)
	return client
}

// That the policy is enough, TestConformance shows. This is that it is no more.
func TestPolicyAllowsNothingElse(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	put(t, p.open(t), "credentials/a", canary, 0)
	p.do(t, "secret/data/of-others", map[string]any{"data": map[string]any{"v": "x"}})
	client := tandemClient(t, p)
	for _, refused := range []struct{ method, path string }{
		{"LIST", "sys/mounts"}, {"GET", "sys/mounts"}, {"GET", "sys/auth"}, {"GET", "sys/policies/acl/tandem"},
		{"PUT", "sys/policies/acl/tandem"}, {"PUT", "sys/policies/password/tandem"}, {"PUT", "sys/policies/password/tandem-network"}, {"DELETE", "sys/policies/password/tandem-network"},
		{"GET", "sys/policies/password/tandem-other"}, {"GET", "sys/policies/password/tandem-other/generate"}, {"LIST", "sys/policies/password"},
		{"GET", "secret/data/of-others"}, {"LIST", "secret/metadata"},
		{"LIST", "tandem/metadata"}, {"LIST", "tandem/metadata/credentials"}, {"LIST", "tandem/metadata/seeds"},
		{"GET", "tandem/config"}, {"PUT", "tandem/config"},
		{"PUT", "tandem/data/ready"}, {"GET", "tandem/data/elsewhere/a"}, {"GET", "tandem/data/credentials/a/below"},
		{"DELETE", "tandem/data/credentials/a"}, {"PUT", "tandem/destroy/credentials/a"}, {"PUT", "tandem/undelete/credentials/a"},
		{"DELETE", "transit/keys/tandem-ledger"}, {"PUT", "transit/keys/tandem-ledger"}, {"PUT", "transit/keys/tandem-ledger/config"},
		{"PUT", "transit/keys/tandem-ledger/rotate"}, {"GET", "transit/export/signing-key/tandem-ledger"}, {"GET", "transit/backup/tandem-ledger"},
		{"PUT", "transit/sign/another"}, {"LIST", "transit/keys"}, {"PUT", "transit/keys/another"},
		{"GET", "auth/approle/role/tandem"}, {"PUT", "auth/approle/role/tandem/secret-id"}, {"GET", "auth/approle/role/tandem/role-id"},
		{"PUT", "auth/token/create"}, {"GET", "cubbyhole/a"}, {"PUT", "sys/seal"},
	} {
		var err error
		switch refused.method {
		case "GET":
			_, err = client.Logical().ReadWithContext(t.Context(), refused.path)
		case "LIST":
			_, err = client.Logical().ListWithContext(t.Context(), refused.path)
		case "PUT":
			_, err = client.Logical().WriteWithContext(t.Context(), refused.path, map[string]any{"a": "b"})
		case "DELETE":
			_, err = client.Logical().DeleteWithContext(t.Context(), refused.path)
		}
		if answer, ok := errors.AsType[*api.ResponseError](err); !ok || answer.StatusCode != http.StatusForbidden {
			t.Errorf("%s %s: %v, want 403", refused.method, refused.path, err)
		}
	}
	// Not even root can delete the ledger's key, or take it out.
	if _, err := p.root.Logical().DeleteWithContext(t.Context(), "transit/keys/tandem-ledger"); err == nil {
		t.Error("root deleted the ledger's key")
	}
	if key, err := p.root.Logical().ReadWithContext(t.Context(), "transit/export/signing-key/tandem-ledger"); err == nil && key != nil {
		t.Error("root exported the ledger's key")
	}
}

// A client that forgets check-and-set is refused by the engine itself.
func TestEngineInsistsOnCheckAndSet(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	if _, err := p.root.KVv2("tandem").Put(t.Context(), "credentials/a", map[string]any{"value": "x"}); err == nil {
		t.Error("written without check-and-set")
	}
}

func TestCheck(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	client := tandemClient(t, p)
	names := p.config.Names
	want := func(words ...string) {
		t.Helper()
		findings := vault.Check(t.Context(), client, names)
		if len(findings) != len(words) {
			t.Errorf("findings %v, want %d", findings, len(words))
			return
		}
		for i, word := range words {
			if !strings.Contains(findings[i].String(), word) {
				t.Errorf("finding %q, want %q in it", findings[i], word)
			}
		}
	}
	want()

	p.do(t, "sys/policies/acl/tandem", map[string]any{"policy": strings.Replace(vault.PolicyHCL(names),
		`"tandem/metadata/seeds/+"`, `"tandem/metadata/other/+"`, 1)})
	want("tandem/metadata/seeds/tandem-check: the policy does not allow read, update, delete")

	p.do(t, "sys/policies/acl/tandem", map[string]any{"policy": vault.PolicyHCL(names) + `
path "auth/approle/role/tandem" { capabilities = ["update"] }`})
	want("auth/approle/role/tandem: the policy allows too much: update")

	p.do(t, "sys/policies/acl/tandem", map[string]any{"policy": vault.PolicyHCL(names)})
	p.do(t, "transit/keys/tandem-ledger/config", map[string]any{"deletion_allowed": true})
	want("the key can be deleted")
	p.do(t, "transit/keys/tandem-ledger/config", map[string]any{"deletion_allowed": false})

	if _, err := p.root.Logical().DeleteWithContext(t.Context(), "sys/policies/password/tandem"); err != nil {
		t.Fatal(err)
	}
	if err := p.root.Sys().UnmountWithContext(t.Context(), "tandem"); err != nil {
		t.Fatal(err)
	}
	want("the KV v2 engine does not answer", "sys/policies/password/tandem: Vault answered 404: 1 error occurred: * policy does not exist")

	client.SetToken(p.RootToken)
	if findings := vault.Check(t.Context(), client, names); len(findings) == 0 || !strings.Contains(findings[0].String(), "root token") {
		t.Errorf("with a root token: %v", findings)
	}
	client.SetToken("hvs.no-such-token")
	if findings := vault.Check(t.Context(), client, names); len(findings) != 1 || !strings.Contains(findings[0].String(), "permission denied") {
		t.Errorf("with a wrong token: %v", findings)
	}

	s := p.open(t)
	p.Stop()
	if findings := s.Check(t.Context()); len(findings) != 1 || !strings.Contains(findings[0].String(), "cannot reach Vault") {
		t.Errorf("with a stopped Vault: %v", findings)
	}
}
