package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/demo"
	"github.com/tandem-custody/tandem/custody/totp"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// TestPlay: the whole policy holds on what the demo brings itself, and nothing
// of it stays behind.
func TestPlay(t *testing.T) {
	t.Parallel()
	left := t.TempDir()
	runPlay(t, "TMPDIR="+left)
	if entries, err := os.ReadDir(left); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// TestPlayOnVault: and on a real Vault.
func TestPlayOnVault(t *testing.T) {
	t.Parallel()
	server := vaulttest.StartDev(t)
	runPlay(t, "VAULT_TOKEN="+server.RootToken, "--vault-addr="+server.Address, "--vault-ca="+server.CAFile)
}

// TestAPlayedDemoIsPlayedAgain: the first play moved its clock, the second goes by the
// machine's, which is not behind what the first has written.
func TestAPlayedDemoIsPlayedAgain(t *testing.T) {
	t.Parallel()
	folder := "--data=" + t.TempDir() + "/data"
	runPlay(t, "TZ=UTC", folder)
	runPlay(t, "TZ=UTC", folder)
}

func runPlay(t *testing.T, environ string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "tandem",
		append([]string{"demo", "--play", "--listen=:0", "--ssh-listen=:0", "--totp-period=1"}, args...)...)
	command.Env = append(os.Environ(), environ)
	out, err := command.CombinedOutput()
	if err != nil || strings.Contains(string(out), "✗") || !strings.Contains(string(out), " steps held.") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestDemoGoesOnAfterKill kills the demo while it changes a password. Whatever
// it was doing, at the next start custody and the SSH server agree.
func TestDemoGoesOnAfterKill(t *testing.T) {
	t.Parallel()
	folder := t.TempDir() + "/data"
	d := startDemoFor(t, folder)
	first := d.announcement
	a := newPlayerOf(t, d)
	for _, delay := range []time.Duration{0, 20 * time.Millisecond, 60 * time.Millisecond, 120 * time.Millisecond} {
		old := a.checkOut(t)
		a.rotate(t)
		time.Sleep(delay) // for whatever it is doing then
		d.kill()

		d = startDemoFor(t, folder)
		if d.LedgerKey != first.LedgerKey || d.SSH != first.SSH || d.HostKey != first.HostKey || len(d.People) != len(first.People) {
			t.Fatalf("another demo than before:\n%+v\n%+v", d.announcement, first)
		}
		a = newPlayerOf(t, d)
		a.waitHeld(t) // the demo says where it is before a slow machine is that far
		now := a.checkOut(t)
		if seen, err := demo.LogIn(d.HostKey, d.SSH, play.Account, string(now)); seen != demo.LoggedIn(play.Account) {
			t.Errorf("killed after %s: the password in custody: %s, %v", delay, seen, err)
		}
		if seen, err := demo.LogIn(d.HostKey, d.SSH, play.Account, string(old)); seen != demo.Refused {
			t.Errorf("killed after %s: the old password: %s, %v", delay, seen, err)
		}
	}
	if _, err := (auditor.Request{Now: time.Now()}).Server(t.Context(), newAuditorOf(t, d).Server); err != nil {
		t.Errorf("ledger: %v", err)
	}
	if _, err := verifyDatabase(t.Context(), folder+"/tandem.db", auditor.Request{Now: time.Now()}); err != nil {
		t.Errorf("database: %v", err)
	}
}

func startDemoFor(t *testing.T, folder string) *runningDemo {
	t.Helper()
	d, err := startDemo(t.TempDir(), "--totp-period=1", "--data="+folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.kill)
	return d
}

// testPlayer is tech-a, logged in, in a test.
type testPlayer struct{ *play.Player }

func newPlayerOf(t *testing.T, d *runningDemo) testPlayer {
	t.Helper()
	return playerOf(t, d, d.People[0])
}

// newAuditorOf logs in whoever may read the whole ledger.
func newAuditorOf(t *testing.T, d *runningDemo) testPlayer {
	t.Helper()
	for _, p := range d.People {
		if p.Username == "auditor" {
			return playerOf(t, d, p)
		}
	}
	t.Fatal("the demo has no auditor")
	return testPlayer{}
}

func playerOf(t *testing.T, d *runningDemo, person demo.Person) testPlayer {
	t.Helper()
	server, err := client.New(client.Config{Server: d.URL})
	if err != nil {
		t.Fatal(err)
	}
	who := testPlayer{&play.Player{Person: person, Server: server, Last: totp.Step(person.TOTPPeriod, time.Now())}}
	if err := who.LogIn(t.Context()); err != nil {
		t.Fatal(err)
	}
	return who
}

func (p testPlayer) waitHeld(t *testing.T) {
	t.Helper()
	for until := time.Now().Add(heldWithin); ; time.Sleep(pollEvery) {
		c, err := p.Server.Credential(t.Context(), play.Credential)
		if err != nil {
			t.Fatal(err)
		}
		if c.Phase == custody.Held {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%s is still not held: %+v", play.Credential, c.Rotation)
		}
	}
}

func (p testPlayer) checkOut(t *testing.T) (password api.Secret) {
	t.Helper()
	err := p.Confirm(t.Context(), func(code api.Secret) error {
		out, err := p.Server.CheckOut(t.Context(), play.Credential, api.CheckOut{Purpose: "test", TOTP: code})
		password = out.Password
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return password
}

func (p testPlayer) rotate(t *testing.T) {
	t.Helper()
	err := p.Confirm(t.Context(), func(code api.Secret) error {
		_, err := p.Server.Rotate(t.Context(), play.Credential, api.ConfirmedReason{Reason: "test", TOTP: code})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
