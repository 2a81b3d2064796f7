package sshtest_test

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
)

// TestEveryServerHasItsOwnAccounts: whatever a test does with accounts, neither
// the machine nor another server sees it, so none can break what another reads.
func TestEveryServerHasItsOwnAccounts(t *testing.T) {
	files := []string{"/etc/passwd", "/etc/shadow", "/etc/group"}
	s, rootPassword := sshtest.StartForRoot(t)
	other := sshtest.Start(t, "PermitRootLogin yes")
	name, password := s.AddAccount(t)
	sudoer := s.AddSudoAdmin(t)
	defer busy(t, other)() // a process whose account there has the number of one here
	s.GiveHome(t, name)
	s.Administer(t, "chage", "--maxdays", "90", name)

	for account, secret := range map[string]custody.Secret{"root": rootPassword, name: password} {
		if err := sshtest.Login(s.Addr, s.HostKey, account, secret); err != nil {
			t.Errorf("%s on its own server: %v", account, err)
		}
		if sshtest.Login(other.Addr, other.HostKey, account, secret) == nil {
			t.Errorf("the password of %s opens another server, too", account)
		}
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, account := range []string{name, sudoer} {
			if strings.Contains(string(content), account) {
				t.Errorf("%s is in %s of this machine", account, file)
			}
		}
	}
	if _, err := os.Stat("/etc/sudoers.d/" + sudoer); !os.IsNotExist(err) {
		t.Errorf("the rule of %s is in this machine's sudoers: %v", sudoer, err)
	}
}

// busy has an account on the server run something until the function that it gives
// is called.
func busy(t *testing.T, s *sshtest.Server) (end func()) {
	t.Helper()
	name, password := s.AddAccount(t)
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(s.HostKey))
	if err != nil {
		t.Fatal(err)
	}
	client, err := ssh.Dial("tcp", s.Addr, &ssh.ClientConfig{
		User: name, Auth: []ssh.AuthMethod{ssh.Password(password.Reveal())}, HostKeyCallback: ssh.FixedHostKey(key),
	})
	if err != nil {
		t.Fatal(err)
	}
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	input, err := session.StdinPipe()
	if err == nil {
		err = session.Start("cat") // ends with its input
	}
	if err != nil {
		t.Fatal(err)
	}
	return func() { _, _ = input.Close(), client.Close() }
}
