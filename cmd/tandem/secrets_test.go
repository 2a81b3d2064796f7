package main

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

const networkHCL = `length = 16
rule "charset" {
  charset   = "abcdefghijkmnopqrstuvwxyz"
  min-chars = 1
}
rule "charset" {
  charset   = "23456789"
  min-chars = 1
}
rule "charset" {
  charset   = "-._"
  min-chars = 1
}
`

// shop is a folder with a configuration and the files that it names.
type shop struct {
	t      *testing.T
	folder string
}

func (s shop) write(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.folder, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// configure writes tandem.yaml: where the secrets are, and password policies,
// each in a file NAME.hcl.
func (s shop) configure(secrets string, policies ...string) string {
	s.t.Helper()
	text := secrets + "\nledger: {origin: secrets.test/ledger}\npassword_policies:\n"
	for _, name := range policies {
		text += fmt.Sprintf("  - {name: %s, file: %s}\n", name, filepath.Join(s.folder, name+".hcl"))
	}
	return s.write("tandem.yaml", text)
}

// length is that of a password that the configured store makes.
func (s shop) length(file, policy string) (int, error) {
	s.t.Helper()
	cfg, err := config.Load(config.Sources{File: file})
	if err != nil {
		s.t.Fatal(err)
	}
	store, err := openSecrets(s.t.Context(), cfg, true, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	defer store.Close()
	made, err := store.Generate(s.t.Context(), policy)
	return len(made.Reveal()), err
}

// The same file says what passwords look like, whichever the store is.
func TestPasswordPolicies(t *testing.T) {
	s := shop{t, t.TempDir()}
	s.write("network.hcl", networkHCL)
	s.write("weak.hcl", strings.Replace(networkHCL, `"23456789"`, `"abc23456789"`, 1))
	want := func(file, policy string, length int) {
		t.Helper()
		if n, err := s.length(file, policy); n != length || err != nil {
			t.Errorf("policy %q: %d characters, %v; want %d", policy, n, err, length)
		}
	}
	embedded := fmt.Sprintf("secrets: embedded\nembedded: {path: %s/secrets, key_file: %s/key}", s.folder, s.folder)
	file := s.configure(embedded, "network")
	want(file, "network", 16)
	want(file, "", 24)
	_, err := s.length(s.configure(embedded, "network", "weak", "absent"), "")
	for _, part := range []string{
		"password_policies[1].file: " + s.folder + "/weak.hcl:1,1-1: a password could be without a digit",
		"password_policies[2].file: open " + s.folder + "/absent.hcl: no such file or directory",
	} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v, want %s in it", err, part)
		}
	}

	server := vaulttest.StartDev(t)
	tandem := func(code int, verb ...string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), "tandem", verb...)
		command.Env = append(os.Environ(), "VAULT_ADDR="+server.Address, "VAULT_CACERT="+server.CAFile, "VAULT_TOKEN="+server.RootToken)
		out, _ := command.CombinedOutput()
		if command.ProcessState.ExitCode() != code {
			t.Fatalf("tandem %s: %v, want %d\n%s", strings.Join(verb, " "), command.ProcessState, code, out)
		}
		return string(out)
	}
	roleID, secretID := filepath.Join(s.folder, "role-id"), filepath.Join(s.folder, "secret-id")
	inVault := fmt.Sprintf("secrets: vault\nvault: {address: %q, ca: %q, mount: custody, auth: {role_id_file: %s, secret_id_file: %s}}", server.Address, server.CAFile, roleID, secretID)
	file = s.configure(inVault, "network")
	tandem(0, "vault", "setup", "--config", file, "--role", "by-flag", "--role-id-file", roleID, "--secret-id-file", secretID)
	if out := tandem(0, "vault", "policy", "--config", file); !strings.Contains(out, `"sys/policies/password/tandem-network/generate"`) || !strings.Contains(out, `"custody/data/ready"`) {
		t.Errorf("the configuration is not in the policy:\n%s", out)
	}
	want(file, "network", 16)
	want(file, "", 24)

	// A flag is over the configuration, and a role of another name is looked at
	// by its rights only.
	if got, err := server.Client(t).Logical().ReadWithContext(t.Context(), "auth/approle/role/by-flag/role-id"); err != nil || got == nil {
		t.Errorf("the role: %v, %v", got, err)
	}
	tandem(0, "vault", "check", "--config", file)
	s.write("console.hcl", networkHCL)
	file = s.configure(inVault, "network", "console")
	if out := tandem(1, "vault", "check", "--config", file); !strings.Contains(out, "tandem-console") || strings.Contains(out, "tandem-network") {
		t.Errorf("of a policy that Vault does not have:\n%s", out)
	}
	tandem(0, "vault", "setup", "--config", file, "--role", "by-flag")
	tandem(0, "vault", "check", "--config", file)
	want(file, "console", 16)
}
