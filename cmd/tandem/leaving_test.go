package main

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/certificate"
	rotationssh "github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
)

// leaves has the admin end somebody's access.
func (in *installation) leaves(username string) {
	in.t.Helper()
	in.must("admin", func(who *client.Client, code api.Secret) error {
		_, err := who.Disable(in.t.Context(), username, api.ConfirmedReason{Reason: "left the company", TOTP: code})
		return err
	})
}

func (in *installation) leaving(username string) api.Offboarding {
	in.t.Helper()
	o, err := in.people["auditor"].Server.Offboarding(in.t.Context(), username)
	if err != nil {
		in.t.Fatalf("%v\n%s", err, in.logEnd())
	}
	return o
}

// known counts the passwords of a leaving, and those that were changed.
func known(o api.Offboarding) (changed, all int) {
	for _, i := range o.Items {
		if !i.Done.IsZero() {
			changed++
		}
	}
	return changed, len(o.Items)
}

// settled has the manager say that all besides is done, and waits until the ledger says
// that the leaving is over.
func (in *installation) settled(username string) {
	in.t.Helper()
	for _, i := range in.leaving(username).Checklist {
		in.must("manager", func(who *client.Client, code api.Secret) error {
			_, err := who.SettleItem(in.t.Context(), username, i.Item, api.SettleItem{How: i.Ways[0], TOTP: code})
			return err
		})
	}
	in.waitFor("the leaving to end", func() bool { return !in.leaving(username).Ended.IsZero() })
}

// certified makes the certificate of a leaving and gives what it proves.
func (in *installation) certified(username string) certificate.Leaving {
	in.t.Helper()
	server, o := in.people["auditor"].Server, in.leaving(username)
	left := auditor.Left{Person: username, Ended: o.Ended}
	for _, i := range o.Items {
		left.Proofs = append(left.Proofs, i.Index)
	}
	bundle, err := auditor.CertifyLeaving(in.t.Context(), server, left)
	must(in.t, err)
	key, err := server.LedgerKey(in.t.Context())
	must(in.t, err)
	var page bytes.Buffer
	must(in.t, certificate.WriteHTML(&page, bundle, key))
	proved, err := certificate.CheckFile(page.Bytes(), key)
	must(in.t, err)
	return *proved.Leaving
}

// leaveWithMany has tech-a leave, who holds so many accounts of a real server: nothing of
// what they knew opens anything a little later, and the certificate names each.
func leaveWithMany(t *testing.T, many int) {
	in := newInstallation(t)
	names, accounts := []string{installed}, map[string]string{installed: in.account}
	for n := 1; n < many; n++ {
		name := fmt.Sprintf("host%03d", n)
		account, first := in.sshd.AddAccount(t)
		accounts[name], names = account, append(names, name)
		in.add(api.AddCredential{
			Name: name, Primary: "tech-a", Backup: "tech-b",
			Target: api.Target{Kind: rotationssh.Kind, Address: in.sshd.Addr, Account: account, Settings: map[string]string{"host_key": in.sshd.HostKey}},
			Secret: api.Secret(first.Reveal()), AdminKey: api.Secret(in.sshd.AdminKey.Reveal()),
		})
	}
	for _, name := range names {
		in.waitHeldOf(name)
	}
	seen := map[string]api.Secret{}
	for _, name := range names[:min(many, 5)] {
		out, err := in.checkOutOf("tech-a", name)
		must(t, err)
		seen[name] = out.Password
	}

	begun := time.Now()
	in.leaves("tech-a")
	ended := time.Since(begun)
	deadline := time.Now().Add(time.Duration(30+4*many) * time.Second)
	for {
		changed, all := known(in.leaving("tech-a"))
		if all != many {
			t.Fatalf("%d passwords of %d are on the list", all, many)
		}
		if changed == all {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d passwords are changed\n%s", changed, all, in.logEnd())
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("%d credentials: the access ended in %v, all passwords were changed and proved %v after", many, ended.Round(time.Millisecond), time.Since(begun).Round(time.Millisecond))
	for name, password := range seen {
		if sshtest.Login(in.sshd.Addr, in.sshd.HostKey, accounts[name], custody.SecretString(string(password))) == nil {
			t.Errorf("what tech-a knew of %s still opens the server", name)
		}
	}
	if err := in.people["tech-a"].LogIn(t.Context()); err == nil {
		t.Error("tech-a logged in")
	}
	in.settled("tech-a")
	if l := in.certified("tech-a"); len(l.Items) != many+4 || l.Person.Username != "tech-a" {
		t.Errorf("the certificate has %d items of %d", len(l.Items), many+4)
	}
	for _, name := range names {
		if c := in.credentialOf(name); c.Holder != "tech-b" || c.Primary != "" {
			t.Errorf("%s: %+v", name, c)
		}
	}
	in.verify()
}

func TestALeaverWithManyCredentials(t *testing.T) {
	t.Parallel()
	leaveWithMany(t, 12)
}

// TestKilledBetweenTheStepsOfALeaving kills the server with SIGKILL between each two steps
// of what one leaver has set going: nothing of it is lost, and nothing done twice.
func TestKilledBetweenTheStepsOfALeaving(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	out, err := in.checkOut("tech-a")
	must(t, err)
	before, killed := in.credential(), 0
	for n, step := range hookSteps {
		in.serving.kill()
		in.start(dieAt + "=" + step)
		if n == 0 {
			in.leaves("tech-a")
		}
		in.waitFor("the server to be killed at "+step+", or to be past it", func() bool {
			if in.ended() {
				return true
			}
			o, err := in.people["auditor"].Server.Offboarding(t.Context(), "tech-a")
			if err != nil { // it is being killed
				return false
			}
			changed, all := known(o)
			return changed == all
		})
		if in.ended() {
			killed++
		}
		if !in.someSecretOpens() {
			t.Fatalf("killed at %s: no value in Vault opens the server", step)
		}
	}
	if killed < len(hookSteps)-2 {
		t.Errorf("the server was killed %d times at %d steps", killed, len(hookSteps))
	}
	in.serving.kill()
	in.start()
	in.waitHeld()
	if c := in.credential(); c.Holder != "tech-b" || c.Version != before.Version+1 || in.opens(out.Password) {
		t.Errorf("after all that: %+v, and what tech-a knew opens it: %v", c, in.opens(out.Password))
	}
	in.settled("tech-a")
	if l := in.certified("tech-a"); l.Items[0].Credential != installed || l.Items[0].Index == 0 {
		t.Errorf("certified: %+v", l.Items)
	}
	in.verify()
}

// TestVaultIsAwayWhileSomebodyLeaves: their access ends all the same; what they know is
// changed when Vault is back, and the list says until then that it is not.
func TestVaultIsAwayWhileSomebodyLeaves(t *testing.T) {
	t.Parallel()
	in := newInstallation(t)
	out, err := in.checkOut("tech-a")
	must(t, err)
	in.leaves("tech-a")
	in.vault.Seal()
	if _, err := in.people["tech-a"].Server.Me(t.Context()); codeOf(err) != custody.Unauthenticated {
		t.Errorf("the session of tech-a: %v", err)
	}
	in.waitFor("the server to say that Vault is away", func() bool { return in.status("/readyz") == 503 })
	changed, all := known(in.leaving("tech-a"))
	if all != 1 {
		t.Errorf("%d passwords are on the list", all)
	}
	in.vault.Unseal()
	in.waitFor("the password to be changed", func() bool { changed, all := known(in.leaving("tech-a")); return changed == all })
	in.waitHeld()
	if in.opens(out.Password) {
		t.Errorf("what tech-a knew still opens the server (%d was changed before Vault went)", changed)
	}
	in.settled("tech-a")
	in.verify()
}
