package sshtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/tandem-custody/tandem/custody"
)

// inCopy runs a program that sees the folder $0 as /etc, and nobody else does
// (mount_namespaces(7)).
const inCopy = `mount --bind "$0" /etc && exec "$@"`

// StartForRoot starts a server that lets root in with a password, in a copy of
// the machine's accounts: whatever becomes of that password, the machine's root
// keeps its own. Accounts that are added later are not in the copy.
func StartForRoot(t testing.TB, options ...string) (s *Server, password custody.Secret) {
	t.Helper()
	programs := require(t, "unshare", "cp", "chpasswd", "sshd")
	unshare, cp, chpasswd := programs[0], programs[1], programs[2]
	if err := exec.Command(unshare, "--mount", "true").Run(); err != nil {
		lack(t, "CAP_SYS_ADMIN")
	}
	dir, err := os.MkdirTemp("", "sshtest-root-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	etc := filepath.Join(dir, "etc")
	run(t, "", cp, "--archive", "/etc", etc)
	apart := []string{unshare, "--mount", "sh", "-c", inCopy, etc}

	password = NewPassword()
	run(t, "root:"+password.Reveal()+"\n", unshare, append(apart[1:], chpasswd)...)
	s = Start(t, append(options, "PermitRootLogin yes")...)
	s.Stop()
	s.command = append(apart, s.command...)
	s.Start()
	return s, password
}
