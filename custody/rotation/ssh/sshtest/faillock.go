package sshtest

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// CountFailures has pam_faillock(8) count wrong passwords at log-ins, and lock an account
// at so many.
func (s *Server) CountFailures(t testing.TB, deny int) {
	t.Helper()
	require(t, "faillock")
	file := s.root.path("etc/pam.d/sshd")
	rules, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	counted := fmt.Sprintf(`auth required pam_faillock.so preauth deny=%[1]d unlock_time=600 fail_interval=900
auth [success=1 default=ignore] pam_unix.so nodelay
auth [default=die] pam_faillock.so authfail deny=%[1]d unlock_time=600 fail_interval=900
auth required pam_faillock.so authsucc deny=%[1]d
`, deny)
	// In the place of what it says of log-ins itself.
	if err := os.WriteFile(file, []byte(counted+strings.ReplaceAll(string(rules), "@include common-auth", "")), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Failures gives how many wrong passwords pam_faillock counts for an account.
func (s *Server) Failures(t testing.TB, name string) (n int) {
	t.Helper()
	program := require(t, "faillock")[0]
	out, err := exec.Command(s.root.enter[0], slices.Concat(s.root.enter[1:], []string{program, "--user", name})...).CombinedOutput()
	if err != nil {
		t.Fatalf("faillock: %v: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasSuffix(strings.TrimSpace(line), " V") { // a valid entry
			n++
		}
	}
	return n
}
