package sshtest_test

import (
	"os"
	"strings"
	"testing"

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
