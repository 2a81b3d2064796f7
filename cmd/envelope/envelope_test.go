package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/tandem-custody/tandem/cmd/opening"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/envelope"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// built builds the program as make build does.
func built(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "envelope")
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

// closed writes an envelope, and the keys of its keyholders, to a folder.
func closed(t *testing.T, folder string, names ...string) (path string) {
	t.Helper()
	var of []envelope.Keyholder
	for _, name := range names {
		key, err := age.GenerateX25519Identity()
		must(t, err)
		of = append(of, envelope.Keyholder{Name: name, Recipient: key.Recipient().String()})
		must(t, os.WriteFile(filepath.Join(folder, name), []byte(key.String()+"\n"), 0o600))
	}
	content, err := envelope.Seal(
		envelope.Label{Origin: "tandem.example.com/ledger", Credential: "db01-root", Version: 7, Number: 9, Made: time.Now()},
		envelope.Letter{Kind: "ssh", Address: "db01.example.com:22", Account: "root", Password: custody.SecretString("correct horse"), Proof: custody.SecretString("t")}, of)
	must(t, err)
	path = filepath.Join(folder, "db01-root.9.envelope")
	must(t, os.WriteFile(path, content, 0o600))
	return path
}

func TestAnEnvelopeOpensOnALaptopWithoutAnyRoute(t *testing.T) {
	if exec.CommandContext(t.Context(), "unshare", "--map-root-user", "--net", "true").Run() != nil {
		if os.Getenv("TANDEM_TEST_ALL") != "" {
			t.Fatal("unshare --net is not allowed here")
		}
		t.Skip("unshare --net is not allowed here")
	}
	program, folder := built(t), t.TempDir()
	path := closed(t, folder, "ann", "bob", "cyd")
	// Not even the loopback interface is up there, and there is no home and no configuration.
	run := func(args ...string) (out, said bytes.Buffer, err error) {
		cmd := exec.CommandContext(t.Context(), "unshare", append([]string{"--map-root-user", "--net", "sh", "-c",
			`test "$(cat /proc/net/route | wc -l)" -le 1 || exit 99; exec "$@"`, "sh", program}, args...)...)
		cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = []string{"PATH=/usr/bin:/bin"}, folder, &out, &said
		err = cmd.Run()
		return out, said, err
	}

	out, said, err := run("open", path, "-i", "bob", "-i", "cyd", "--reveal")
	if err != nil || out.String() != "correct horse\n" || !strings.Contains(said.String(), "opened with the keys of bob and cyd") {
		t.Errorf("%v: %q, %s", err, out.String(), said.String())
	}
	out, _, err = run("open", path, "-i", "bob", "-i", "cyd", "--reveal", "-o", "json")
	var got opening.Opened
	must(t, err)
	must(t, json.Unmarshal(out.Bytes(), &got))
	if got.Credential != "db01-root" || got.Version != 7 || got.Password != "correct horse" || got.Account != "root" || got.By != [2]string{"bob", "cyd"} {
		t.Errorf("%+v", got)
	}
	for _, c := range []struct {
		what, said string
		code       int
		args       []string
	}{
		{"one alone", "takes another one's, of: bob, cyd", 1, []string{"open", path, "-i", "ann", "--reveal"}},
		{"one twice", "takes another one's, of: bob, cyd", 1, []string{"open", path, "-i", "ann", "-i", "ann", "--reveal"}},
		{"no terminal", "add --reveal", 2, []string{"open", path, "-i", "ann", "-i", "bob"}},
		{"no envelope", "no envelope", 1, []string{"open", "ann", "-i", "ann", "-i", "bob", "--reveal"}},
		{"no keys", "no file of private keys", 1, []string{"open", path, "-i", path, "-i", "bob", "--reveal"}},
		{"an unknown flag", "unknown flag", 2, []string{"open", path, "--all"}},
	} {
		out, said, err := run(c.args...)
		code, is := err.(*exec.ExitError)
		if !is || code.ExitCode() != c.code || !strings.Contains(said.String(), c.said) || out.Len() > 0 {
			t.Errorf("%s: %v, %q, %s", c.what, err, out.String(), said.String())
		}
	}
}

// TestTheProgramIsStaticAndSmall: what a keyholder takes along has no database, server or
// secret store in it, and needs nothing of the machine.
func TestTheProgramIsStaticAndSmall(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	must(t, err)
	all := strings.Fields(string(out))
	for _, not := range []string{"github.com/mattn/go-sqlite3", "gorm.io/gorm", "github.com/hashicorp/vault", "github.com/gin-gonic", "net/http",
		"github.com/tandem-custody/tandem/custody/desk", "github.com/tandem-custody/tandem/config"} {
		if i := slices.IndexFunc(all, func(p string) bool { return strings.HasPrefix(p, not) }); i >= 0 {
			t.Errorf("%s is built in", all[i])
		}
	}
	text, err := exec.CommandContext(t.Context(), "ldd", built(t)).CombinedOutput()
	if !strings.Contains(string(text), "not a dynamic executable") {
		t.Errorf("ldd says %q, %v", text, err)
	}
}
