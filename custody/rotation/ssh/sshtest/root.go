package sshtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cenkalti/backoff/v5"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// inRoot runs a program that sees the folders below $0 instead of the machine's,
// and nobody else does (mount_namespaces(7)): the accounts with their rules, what
// runs, and what a log-in writes down.
const inRoot = `for dir in etc run var/log; do mount --bind "$0/$dir" "/$dir" || exit; done; exec "$@"`

// root is a copy of the machine's accounts for one server.
type root struct {
	dir      string
	enter    []string // the command that runs what follows it in this root
	alone    []string // the same, without sight of other processes
	accounts []string // that were made in it
	machines []byte   // the line of root in the machine's own shadow
}

// newRoot makes one, which goes with the test. It looks at the end whether the
// machine's own accounts are what they were.
func newRoot(t testing.TB, dir string) *root {
	t.Helper()
	programs := require(t, "unshare", "sh", "mount", "cp")
	inside := []string{programs[1], "-c", inRoot, dir}
	r := &root{
		dir:   dir,
		enter: append([]string{programs[0], "--mount"}, inside...),
		// Accounts of two roots have the same numbers, and usermod refuses to change
		// one of whose number a process runs anywhere.
		alone:    append([]string{programs[0], "--mount", "--pid", "--fork", "--mount-proc"}, inside...),
		machines: lineOf(t, "root"),
	}
	for _, folder := range []string{"run/sshd", "var/log"} { // sshd wants the first
		if err := os.MkdirAll(r.path(folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := exec.Command(programs[0], "--mount", "--pid", "--fork", "--mount-proc", "true").Run(); err != nil {
		servertest.Lack(t, "CAP_SYS_ADMIN: unshare --mount is not allowed here")
	}
	// Somebody may be installing a package: what was there when cp began is gone.
	err := retry(func(ctx context.Context) error {
		if err := os.RemoveAll(r.path("etc")); err != nil {
			return err
		}
		out, err := exec.CommandContext(ctx, programs[3], "--archive", "/etc", r.path("etc")).CombinedOutput()
		return said(err, out)
	})
	if err != nil {
		t.Fatalf("copy /etc: %v", err)
	}
	r.answerAtOnce(t)
	for _, log := range []string{"btmp", "lastlog", "wtmp"} { // they are written to only where they exist
		if err := os.WriteFile(r.path("var/log/"+log), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { r.checkMachine(t) })
	return r
}

// unixPassword is a rule by which PAM looks at a password.
var unixPassword = regexp.MustCompile(`(?m)^((?:auth|password)\b.*\bpam_unix\.so)\b`)

// answerAtOnce has nobody wait for the two seconds that PAM takes to say that a
// password is wrong: tests give many.
func (r *root) answerAtOnce(t testing.TB) {
	t.Helper()
	rules, err := filepath.Glob(r.path("etc/pam.d/*"))
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, file := range rules {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !unixPassword.Match(content) {
			continue
		}
		found = true
		if err := os.WriteFile(file, unixPassword.ReplaceAll(content, []byte("$1 nodelay")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !found {
		t.Fatal("PAM has no rule by which it looks at passwords")
	}
}

// path gives where a file of the root is on the machine.
func (r *root) path(name string) string { return filepath.Join(r.dir, name) }

// run runs a program that changes the root's accounts. There is one lock for
// all of them, and they give up at once when another has it: a log-in's passwd
// or another test on the same server.
func (r *root) run(t testing.TB, stdin, program string, args ...string) {
	t.Helper()
	err := retry(func(ctx context.Context) error {
		cmd := exec.CommandContext(ctx, r.alone[0], slices.Concat(r.alone[1:], []string{program}, args)...)
		cmd.Stdin = strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		err = said(err, out)
		if err != nil && !bytes.Contains(out, []byte("lock")) {
			return backoff.Permanent(err)
		}
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", program, err)
	}
}

// checkMachine fails the test if it changed an account of the machine itself.
func (r *root) checkMachine(t testing.TB) {
	t.Helper()
	if !bytes.Equal(lineOf(t, "root"), r.machines) {
		t.Error("the password of this machine's root is not what it was before the test")
	}
	for _, file := range []string{"/etc/passwd", "/etc/shadow", "/etc/group"} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
		}
		for _, name := range r.accounts {
			if bytes.Contains(content, []byte(name)) {
				t.Errorf("the test's account %s is in %s of this machine", name, file)
			}
		}
	}
}

// lineOf gives an account's line in the machine's shadow.
func lineOf(t testing.TB, name string) []byte {
	t.Helper()
	content, err := os.ReadFile("/etc/shadow")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(content) {
		if bytes.HasPrefix(line, []byte(name+":")) {
			return line
		}
	}
	return nil
}

// StartForRoot starts a server that lets its root in with a password.
func StartForRoot(t testing.TB, options ...string) (s *Server, password custody.Secret) {
	t.Helper()
	s, password = Start(t, append(options, "PermitRootLogin yes")...), NewPassword()
	s.SetPassword(t, "root", password)
	return s, password
}

// require gives the absolute paths of programs, or ends the test.
func require(t testing.TB, programs ...string) []string {
	t.Helper()
	if os.Geteuid() != 0 {
		servertest.Lack(t, "root")
	}
	return servertest.Require(t, nil, programs...)
}

// retry does something until it succeeds, fails for good, or has had its time.
func retry(do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), servertest.Patience)
	defer cancel()
	var last error
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		last = do(ctx)
		return struct{}{}, last
	}, backoff.WithBackOff(backoff.NewConstantBackOff(interval)))
	if err != nil {
		return errors.Join(err, last)
	}
	return nil
}

// said adds to a program's failure what it said.
func said(err error, out []byte) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
}
