package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
)

// TestAnInstallationWithAWrapKey goes through a cycle on a real Vault whose root token
// reads everything: it finds no password and no seed. With another key, or none, the
// server does not start, and says what opens it; the key that two shares make starts it
// again.
func TestAnInstallationWithAWrapKey(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	key := folder + "/wrap-key"
	out, _, code := tandemTo(t, nil, nil, []string{"vault", "wrap-key", "new", "--file", key, "-o", "json"})
	var made struct {
		ID     string
		Shares []string
	}
	if err := json.Unmarshal([]byte(out), &made); err != nil || code != 0 || len(made.Shares) != 2 {
		t.Fatalf("%d, %v: %s", code, err, out)
	}
	if info, err := os.Stat(key); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v", info.Mode(), err)
	}
	if _, said, code := tandemTo(t, nil, nil, []string{"vault", "wrap-key", "new", "--file", key}); code != exitUsage || !strings.Contains(said, "there already") {
		t.Errorf("over one that is there: %d %s", code, said)
	}

	in := newInstallationWith(t, "", "  wrap_key_file: "+key)
	ctx := t.Context()
	shown, err := in.checkOut("tech-a")
	must(t, err)
	if !in.opens(shown.Password) {
		t.Error("the password does not open the account")
	}
	_, err = in.people["tech-a"].Server.CheckIn(ctx, installed)
	must(t, err)
	wrapped := in.secretsAt("credentials")
	all := ""
	for _, path := range []string{"credentials", "staged", "history", "seeds", "accounts", "keys", "internal"} {
		all += strings.Join(in.secretsAt(path), "\n") + "\n"
	}
	for _, secret := range []string{string(shown.Password), in.first.Reveal(), in.people["tech-a"].TOTPSecret, "argon2"} {
		if len(wrapped) == 0 || strings.Contains(all, secret) {
			t.Error("the root token reads a password, a seed or a hash")
		}
	}

	refused := func(line, want string) {
		t.Helper()
		in.serving.kill()
		in.inVault = line
		in.configure()
		command := exec.CommandContext(ctx, "tandem", "serve", "--config", in.file("tandem.yaml"))
		out, err := command.CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) || !strings.Contains(string(out), "tandem vault wrap-key restore") {
			t.Errorf("%q: %v\n%s", line, err, out)
		}
	}
	refused("", "vault.wrap_key_file is not set")
	other := folder + "/other"
	if _, _, code := tandemTo(t, nil, nil, []string{"vault", "wrap-key", "new", "--file", other}); code != 0 {
		t.Fatal(code)
	}
	refused("  wrap_key_file: "+other, "wrapped with the key \""+made.ID+"\"")

	again := folder + "/again"
	for i, share := range made.Shares {
		must(t, os.WriteFile(folder+"/share-"+string(rune('1'+i)), []byte(share+"\n"), 0o600))
	}
	if _, said, code := tandemTo(t, nil, nil, []string{"vault", "wrap-key", "restore", "--file", again, "--share-1-file", folder + "/share-1", "--share-2-file", folder + "/share-2"}); code != 0 {
		t.Fatalf("restore: %d %s", code, said)
	}
	in.inVault = "  wrap_key_file: " + again
	in.configure()
	in.start()
	in.waitFor("it to be ready", func() bool { return in.status("/readyz") == 200 })
	in.must("tech-a", func(who *client.Client, code api.Secret) error {
		got, err := who.CheckOut(ctx, installed, api.CheckOut{Purpose: "ticket 2", TOTP: code})
		if err == nil && got.Password != shown.Password {
			t.Error("another password than before")
		}
		return err
	})

	// With Tandem down, whoever has the key and may read Vault reads one value.
	in.serving.kill()
	command := exec.CommandContext(ctx, "tandem", "vault", "wrap-key", "unwrap", "--key-file", again, "--path", "credentials/"+installed, "--version", strconv.Itoa(len(wrapped)))
	command.Stdin = strings.NewReader(wrapped[len(wrapped)-1])
	got, err := command.Output()
	if err != nil || !in.opens(api.Secret(strings.TrimSuffix(string(got), "\n"))) {
		t.Errorf("unwrap: %v", err)
	}
}
