package ssh_test

import (
	"bytes"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

// elsewhere is an account on the server under custody that is reached as described: at
// another address than the server's, if that is given, and with its key as it is now.
func elsewhere(t *testing.T, s *sshtest.Server, addr *string) *targettest.Custody {
	t.Helper()
	account, password := s.AddAccount(t)
	return targettest.TakeOver(t, &targettest.Account{
		Password: password, Open: ssh.Open, Key: s.AdminKey,
		Describe: func() custody.Target {
			described := describe(s, account)
			if *addr != "" {
				described.Address = *addr
			}
			return described
		},
		Login: func(secret custody.Secret) error { return sshtest.Login(s.Addr, s.HostKey, account, secret) },
	})
}

// tried counts the log-ins that a server has answered.
func tried(s *sshtest.Server) int {
	return bytes.Count(s.Log(), []byte("Accepted ")) + bytes.Count(s.Log(), []byte("Failed "))
}

// confirmed lets a worker run, to which nothing of a new way is to be tried, and then has
// its holder confirm it.
func confirmed(t *testing.T, s *sshtest.Server, c *targettest.Custody) {
	t.Helper()
	before := tried(s)
	c.Idle(time.Hour)
	if n := tried(s) - before; n != 0 {
		t.Errorf("%d log-ins where nobody had looked", n)
	}
	c.Confirm()
}

// TestTheHostHasMovedToAnotherPort, between two changes of its password.
func TestTheHostHasMovedToAnotherPort(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	here := ""
	c := elsewhere(t, server, &here)
	c.Work("", targettest.Held)
	server.Move()
	c.Desk.Rotate(targettest.Credential)
	c.Work("", targettest.Failed(rotation.Unreachable))
	c.Retarget()
	confirmed(t, server, c)
	c.Work("", targettest.Held)
	c.Settled(2)
}

// TestTheHostHasAnotherKey, after the change of its password had begun: what it may know is
// tried, and what was staged counts.
func TestTheHostHasAnotherKey(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	here := ""
	c := elsewhere(t, server, &here)
	c.Work("changed", nil)
	server.ReplaceHostKey()
	c.Work("", targettest.Failed(rotation.WrongHost))
	c.Retarget()
	confirmed(t, server, c)
	c.Work("", targettest.Held)
	c.Settled(1)
}

// TestAnAddressWasTypedWrongWhenItCameIn: whoever listens there is told nothing, and neither
// is who listens where nobody has looked.
func TestAnAddressWasTypedWrongWhenItCameIn(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	var taken atomic.Int64
	wrong := "127.0.0.1:1"
	c := elsewhere(t, server, &wrong)
	c.Work("", targettest.Failed(rotation.Unreachable))
	wrong = targettest.Silent(t, func() { taken.Add(1) })
	c.Retarget()
	c.Idle(time.Hour)
	if n := taken.Load(); n != 0 {
		t.Errorf("%d connections to where nobody had looked", n)
	}
	wrong = ""
	c.Retarget()
	confirmed(t, server, c)
	c.Work("", targettest.Held)
	c.Settled(1)
}

// TestTheCurrentPasswordWasWrong, of an account that changes its own: it has stopped, and
// goes on by itself with the right one.
func TestTheCurrentPasswordWasWrong(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	account, right := server.AddAccount(t)
	c := targettest.TakeOver(t, &targettest.Account{
		Password: sshtest.NewPassword(), Open: ssh.Open,
		Describe: func() custody.Target { return describe(server, account, "own", "true") },
		Login:    func(secret custody.Secret) error { return sshtest.Login(server.Addr, server.HostKey, account, secret) },
	})
	c.Work("", targettest.Failed(rotation.CurrentRefused))
	c.PutPassword(right)
	c.Retarget(func(r *custody.Retarget) { r.Password = true })
	c.Work("", targettest.Held)
	if c.Login(right) == nil {
		t.Error("the one that was right opens it still")
	}
	if c.Failures(rotation.CurrentRefused) != 1 {
		t.Errorf("%d refused", c.Failures(rotation.CurrentRefused))
	}
}

// TestTheSecondAccountHasAnotherKey: the change has stopped, and goes on by itself with that.
func TestTheSecondAccountHasAnotherKey(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	account, password := server.AddAccount(t)
	c := targettest.TakeOver(t, &targettest.Account{
		Password: password, Open: ssh.Open, Key: sshtest.NewKey(t),
		Describe: func() custody.Target { return describe(server, account) },
		Login:    func(secret custody.Secret) error { return sshtest.Login(server.Addr, server.HostKey, account, secret) },
	})
	c.Work("", targettest.Failed(rotation.AdminRefused))
	c.PutKey(server.AdminKey)
	c.Retarget(func(r *custody.Retarget) { r.Key = true })
	c.Work("", targettest.Held)
	c.Settled(1)
}

// TestWhatPeopleCompare is the fingerprint as ssh-keygen -l prints it, and needs no key.
func TestWhatPeopleCompare(t *testing.T) {
	described := custody.Target{Kind: ssh.Kind, Address: "db01:22", Account: "root", Settings: map[string]string{
		"host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl", "admin": "ops", "sudo": "true"}}
	got := ssh.Connector.Fingerprints(described)
	if len(got) != 1 || got[0] != "ssh-ed25519 SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU" {
		t.Errorf("%q", got)
	}
	if _, err := ssh.Open(described, ssh.Connector.StandIn()); err != nil {
		t.Errorf("what stands in is no key: %v", err)
	}
}
