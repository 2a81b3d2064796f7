package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/totp"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// onHost runs a verb on the installation's machine, with codes of some people, newest
// first: they last a second, and it is given anew while they came too late.
func (in *installation) onHost(by []string, args ...string) (out, said string, code int) {
	in.t.Helper()
	for range 20 {
		var codes []string
		for _, name := range by {
			p := in.people[name]
			p.Last = totp.Step(p.TOTPPeriod, time.Now()) + 2
			fresh, err := p.CodeOf(p.Last)
			must(in.t, err)
			codes = append(codes, string(fresh))
		}
		command := exec.Command("tandem", append(args, "--config", in.file("tandem.yaml"), "-o", "json")...)
		command.Env = append(os.Environ(), codeVariable+"="+strings.Join(codes, ","))
		var stdout, stderr bytes.Buffer
		command.Stdout, command.Stderr = &stdout, &stderr
		_ = command.Run()
		out, said, code = stdout.String(), stderr.String(), command.ProcessState.ExitCode()
		if code != exitRefused || len(by) == 0 {
			return out, said, code
		}
	}
	return out, said, code
}

func (in *installation) rebinds(by []string, args ...string) (answer rebound) {
	in.t.Helper()
	out, said, code := in.onHost(by, append([]string{"rebind"}, args...)...)
	if code != 0 {
		in.t.Fatalf("rebind %v: exit %d\n%s", args, code, said)
	}
	must(in.t, json.Unmarshal([]byte(out), &answer))
	return answer
}

// TestAVaultThatWasPutBackFromBefore: a snapshot of Raft is restored that is older than the
// last change of a password. The server says that it is lost; two people confirm, and it is
// changed by the second account.
func TestAVaultThatWasPutBackFromBefore(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	vault := in.vault.Client(t)
	vault.SetToken(in.vault.RootToken)
	var snapshot bytes.Buffer
	must(t, vault.Sys().RaftSnapshot(&snapshot))
	was := in.credential().Version
	in.must("tech-a", func(who *client.Client, code api.Secret) error {
		_, err := who.Rotate(t.Context(), installed, api.ConfirmedReason{Reason: "worn", TOTP: code})
		return err
	})
	in.waitFor("another password", func() bool {
		c := in.credential()
		return c.Phase == custody.Held && c.Version > was
	})
	lost, err := in.checkOut("tech-a")
	must(t, err)
	in.serving.kill()
	must(t, vault.Sys().RaftSnapshotRestore(&snapshot, false))
	in.waitFor("Vault to serve", func() bool {
		h, err := vault.Sys().Health()
		return err == nil && !h.Sealed && !h.Standby
	})
	in.start()
	in.waitFor("the server to say what is lost", func() bool {
		_, body := in.operations("/readyz")
		return strings.Contains(body, "secrets_lost")
	})
	in.serving.kill()
	if plan := in.rebinds(nil); plan.Rebound || plan.NewStore || !slices.Equal(plan.Credentials, []string{installed}) || len(plan.People) != 0 {
		t.Errorf("%+v", plan)
	}
	if _, said, code := in.onHost(nil, "rebind", "--new-store", "--reason", "no"); code != exitUsage {
		t.Errorf("as a new store: exit %d, %s", code, said)
	}
	by := []string{"manager", "tech-a"}
	if done := in.rebinds(by, "--by", by[0], "--by", by[1], "--reason", "the disk of Vault was put back"); !done.Rebound {
		t.Errorf("%+v", done)
	}
	in.start()
	in.logIn()
	in.waitFor("the password to be changed once more", func() bool {
		c := in.credential()
		return c.Phase == custody.Held && c.Version > lost.Version
	})
	if in.opens(lost.Password) {
		t.Error("the server still takes the password that was lost")
	}
	now, err := in.checkOut("tech-a")
	if err != nil || !in.opens(now.Password) {
		t.Errorf("the new one opens nothing: %v", err)
	}
	in.waitFor("the server to be ready", func() bool {
		_, body := in.operations("/readyz")
		return !strings.Contains(body, "secrets_lost")
	})
	if _, err := verifyDatabase(t.Context(), in.file("tandem.db"), auditor.Request{Now: time.Now()}); err != nil {
		t.Errorf("the ledger: %v", err)
	}
}

// TestAVaultThatIsLostIsFoundedAnew: its data is gone, another one is set up, and the server
// does not start on it. An administrator, a manager and a director get a log-in at the
// machine and confirm the founding; the account's second account is brought once more, and
// changes the password.
func TestAVaultThatIsLostIsFoundedAnew(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	was := in.credential()
	lost, err := in.checkOut("tech-a")
	must(t, err)
	in.serving.kill()
	in.vault.Kill()
	in.vault = vaulttest.StartPersistent(t)
	in.gate = newVaultGate(t, in.vault)
	must(t, errors.Join(os.Remove(in.file("role-id")), os.Remove(in.file("secret-id"))))
	in.run(exec.Command("tandem", "vault", "setup", "--role-id-file", in.file("role-id"), "--secret-id-file", in.file("secret-id")))
	in.configure()
	in.start()
	if !in.ended() {
		t.Fatal("it starts on a Vault that has nothing")
	}
	if plan := in.rebinds(nil); plan.Rebound || !plan.NewStore || plan.OldKey == "" {
		t.Errorf("%+v", plan)
	}
	by := []string{"manager", "tech-a"}
	if _, said, code := in.onHost(by, "rebind", "--by", by[0], "--by", by[1], "--reason", "lost"); code != exitUsage {
		t.Errorf("by two people, of whom it knows nothing: exit %d, %s", code, said)
	}
	if done := in.rebinds(nil, "--new-store", "--reason", "the disk of Vault burnt"); !done.Rebound {
		t.Errorf("%+v", done)
	}
	founders := []string{"admin", "manager", "director"}
	for _, name := range founders {
		out, said, code := in.onHost(nil, "recover", name)
		if code != 0 {
			t.Fatalf("recover %s: exit %d\n%s", name, code, said)
		}
		var login api.Login
		must(t, json.Unmarshal([]byte(out), &login))
		who := in.people[name]
		_, seed, _ := strings.Cut(string(login.OTPAuth), "secret=")
		seed, _, _ = strings.Cut(seed, "&")
		who.Password, who.TOTPSecret = string(login.Password), seed
	}
	in.start()
	for _, name := range founders {
		who := in.people[name]
		if who.Server, err = client.New(client.Config{Server: "http://" + in.address}); err != nil {
			t.Fatal(err)
		}
		if err := who.LogIn(t.Context()); err != nil {
			t.Fatalf("log-in of %s: %v\n%s", name, err, in.logEnd())
		}
	}
	for _, name := range founders[1:] {
		in.must(name, func(who *client.Client, code api.Secret) error {
			f, err := who.Founding(t.Context())
			if err == nil {
				_, err = who.ConfirmFounding(t.Context(), api.ConfirmFounding{Digest: f.Digest, TOTP: code})
			}
			return err
		})
	}
	agreed(t, in.people, func(admin *client.Client, code api.Secret) (api.Proposal, error) {
		return admin.Retarget(t.Context(), installed, api.Retarget{
			Address: in.sshd.Addr, Settings: map[string]string{"host_key": in.sshd.HostKey}, AdminKey: api.Secret(in.sshd.AdminKey.Reveal()), Reason: "its key was lost", TOTP: code,
		})
	})
	looks := in.people["manager"].Server
	in.waitFor("the password to be changed by the second account", func() bool {
		c, err := looks.Credential(t.Context(), installed)
		must(t, err)
		return c.Phase == custody.Held && c.Version > was.Version
	})
	if in.opens(lost.Password) {
		t.Error("the server still takes the password of before")
	}
	if _, err := verifyDatabase(t.Context(), in.file("tandem.db"), auditor.Request{Now: time.Now()}); err != nil {
		t.Errorf("the ledger: %v", err)
	}
	if _, said, code := in.onHost(nil, "recover", "tech-a"); code != exitRefused {
		t.Errorf("on the host, once it was founded: exit %d, %s", code, said)
	}
}
