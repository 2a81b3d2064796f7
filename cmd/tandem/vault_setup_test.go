package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody/vault"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// TestVaultSetupNoticesAStaleSecretID: setup ended with 0 beside the secret_id of
// a Vault that was made anew, and serve could not log in.
func TestVaultSetupNoticesAStaleSecretID(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	roleID, secretID := filepath.Join(folder, "role-id"), filepath.Join(folder, "secret-id")
	server := vaulttest.StartDev(t)
	root := server.Client(t)
	setup := func(at *vaulttest.Server, code int) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), "tandem", "vault", "setup", "--role-id-file", roleID, "--secret-id-file", secretID)
		command.Env = append(os.Environ(), "VAULT_ADDR="+at.Address, "VAULT_CACERT="+at.CAFile, "VAULT_TOKEN="+at.RootToken)
		out, _ := command.CombinedOutput()
		if command.ProcessState.ExitCode() != code {
			t.Fatalf("exit %d, want %d\n%s", command.ProcessState.ExitCode(), code, out)
		}
		return string(out)
	}
	read := func(path string) string {
		t.Helper()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	setup(server, 0)
	role, secret := read(roleID), read(secretID)
	setup(server, 0)
	if read(roleID) != role || read(secretID) != secret {
		t.Error("the second setup changed the files")
	}

	unchanged := func(out, why string) {
		t.Helper()
		if !strings.Contains(out, "remove the file and run this again") || strings.Contains(out, strings.TrimSpace(secret)) {
			t.Errorf("%s: %s", why, out)
		}
		if read(roleID) != role || read(secretID) != secret {
			t.Errorf("%s: the files of the other Vault were changed", why)
		}
	}
	unchanged(setup(vaulttest.StartDev(t), 1), "another Vault")
	if _, err := root.Logical().WriteWithContext(t.Context(), "auth/approle/role/tandem/secret-id/destroy",
		map[string]any{"secret_id": strings.TrimSpace(secret)}); err != nil {
		t.Fatal(err)
	}
	unchanged(setup(server, 1), "withdrawn")
	secret = "\n"
	if err := os.WriteFile(secretID, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := setup(server, 1); !strings.Contains(out, "remove the file") {
		t.Errorf("an empty file: %s", out)
	}

	if err := os.Remove(secretID); err != nil {
		t.Fatal(err)
	}
	setup(server, 0)
	setup(server, 0) // with the new one

	// A wrapping token that nobody has used stands for one.
	wrapped, err := vault.NewSecretID(t.Context(), root, vault.DefaultNames(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(secretID, wrapped.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	setup(server, 0)
	if _, err := root.Logical().UnwrapWithContext(t.Context(), wrapped.Reveal()); err != nil {
		t.Errorf("the wrapping token was used up: %v", err)
	}
	setup(server, 1)
}
