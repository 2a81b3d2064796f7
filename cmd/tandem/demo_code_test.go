package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/custody"
)

// TestADemoNeedsNoAuthenticator: its people's codes are printed beside it, found by
// its folder or by itself, and log in.
func TestADemoNeedsNoAuthenticator(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	d, err := startDemo(folder, "--totp-period=1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.kill)
	code := func(args ...string) (code, complaints string, failed bool) {
		t.Helper()
		command := exec.CommandContext(t.Context(), "tandem", append([]string{"demo", "code"}, args...)...)
		command.Env = append(os.Environ(), "TMPDIR="+folder)
		var said strings.Builder
		command.Stderr = &said
		out, err := command.Output()
		return string(out), said.String(), err != nil
	}
	server, err := client.New(client.Config{Server: d.URL})
	if err != nil {
		t.Fatal(err)
	}
	for i, args := range [][]string{{"tech-a", "--next"}, {"tech-b", "--next", "--data", d.Data}} {
		// A code lives for seconds here, and the machine may be busy.
		for try := 1; ; try++ {
			shown, said, failed := code(args...)
			if failed || len(shown) != 7 || !strings.Contains(said, "each code works once") {
				t.Fatalf("%v: %q, %q", args, shown, said)
			}
			_, err := server.SignIn(t.Context(), api.SignIn{
				Username: args[0], Password: api.Secret(d.People[i].Password), TOTP: api.Secret(strings.TrimSpace(shown)),
			})
			if err == nil {
				break
			}
			if try == 4 {
				t.Fatalf("%v: %v", args, err)
			}
		}
	}
	for wants, args := range map[string][]string{
		"name one of tech-a, tech-b": {"nobody"}, "no demo is set up in": {"tech-a", "--data", t.TempDir()},
	} {
		if shown, said, failed := code(args...); !failed || shown != "" || !strings.Contains(said, wants) {
			t.Errorf("%v: %q, %q, want %q", args, shown, said, wants)
		}
	}
	d.kill() // its folder stays, and nobody holds it
	if shown, said, failed := code("tech-a"); !failed || shown != "" || !strings.Contains(said, "no demo runs here") {
		t.Errorf("after the end: %q, %q", shown, said)
	}
	if shown, said, failed := code("tech-a", "--data", d.Data); failed {
		t.Errorf("a folder whose demo has ended: %q, %q", shown, said)
	}
	text := d.announcement.String()
	if !strings.Contains(text, "demo code NAME --data "+d.Data) || !strings.Contains(text, "demo code tech-a --data "+d.Data) {
		t.Errorf("the table does not say how to get a code:\n%s", text)
	}
}

// TestADemoWithAStuckRotationSaysWhereItIs: its server does not take the new
// password, and may never; the pages and the ledger are there all the same.
func TestADemoWithAStuckRotationSaysWhereItIs(t *testing.T) {
	t.Parallel()
	folder := t.TempDir() + "/data"
	startDemoFor(t, folder).kill()
	if err := os.Remove(folder + "/ssh_host_key"); err != nil { // another host answers from now on
		t.Fatal(err)
	}
	d := startDemoFor(t, folder)
	newPlayerOf(t, d).rotate(t)
	d.kill()
	d = startDemoFor(t, folder)
	stuck, err := newPlayerOf(t, d).Server.Credential(t.Context(), play.Credential)
	if err != nil || stuck.Phase != custody.Rotating {
		t.Errorf("%+v, %v", stuck, err)
	}
}

func TestShellWord(t *testing.T) {
	for text, want := range map[string]string{"/tmp/tandem-demo-1": "/tmp/tandem-demo-1", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "$x": "'$x'", "托管": "'托管'"} {
		if got := shellWord(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
