package ssh_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

// Most of the time these tests wait for PAM, which answers a wrong password
// after two seconds, so more of them run at once than there are processors.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func describe(s *sshtest.Server, account string, settings ...string) custody.Target {
	return targettest.Describe(ssh.Kind, s.Addr, account, append([]string{"host_key", s.HostKey}, settings...)...)
}

func open(t *testing.T, s *sshtest.Server, described custody.Target) rotation.Target {
	t.Helper()
	target, err := ssh.Open(described, s.AdminKey)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// root's key need not open more than chpasswd.
func TestForcedCommand(t *testing.T) {
	t.Parallel()
	dir := keysFolder(t)
	server := sshtest.Start(t, "AuthorizedKeysFile "+dir+"/%u")
	writeKey(t, server, dir, "root", `restrict,from="127.0.0.1",command="chpasswd" `)
	account, old := server.AddAccount(t)
	target, next := open(t, server, describe(server, account)), sshtest.NewPassword()
	want(t, "change", target.Change(t.Context(), old, next), nil)
	want(t, "the new password", target.Verify(t.Context(), next), nil)
}

// A log-in must cost one try, whichever way the host offers it, or hosts lock
// the account twice as fast.
func TestOneTryForEachVerify(t *testing.T) {
	for name, options := range map[string][]string{
		"both":                 {"LogLevel VERBOSE", "KbdInteractiveAuthentication yes"},
		"password":             {"LogLevel VERBOSE", "KbdInteractiveAuthentication no"},
		"keyboard-interactive": {"LogLevel VERBOSE", "KbdInteractiveAuthentication yes", "PasswordAuthentication no"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := sshtest.Start(t, options...)
			account, password := server.AddAccount(t)
			target := open(t, server, describe(server, account))
			want(t, "the right password", target.Verify(t.Context(), password), nil)
			want(t, "a wrong one", target.Verify(t.Context(), sshtest.NewPassword()), rotation.ErrRefused)
			server.Stop() // the log is complete
			log := string(server.Log())
			failed := regexp.MustCompile(`(?m)^Failed (password|keyboard-interactive/pam) for `+account).FindAllString(log, -1)
			if len(failed) != 1 {
				t.Errorf("wrong passwords sent: %q", failed)
			}
		})
	}
}

// What is not a refusal of this password must never be taken for one.
func TestUnknownIsNotRefused(t *testing.T) {
	t.Parallel()
	t.Run("too many failures", func(t *testing.T) {
		server := sshtest.Start(t, "MaxAuthTries 1")
		account, _ := server.AddAccount(t)
		err := open(t, server, describe(server, account)).Verify(t.Context(), sshtest.NewPassword())
		want(t, "verify", err, rotation.ErrUnreachable)

		for name, options := range map[string][]string{
			"password":             {"MaxAuthTries 2", "KbdInteractiveAuthentication no"},
			"keyboard-interactive": {"MaxAuthTries 2", "KbdInteractiveAuthentication yes", "PasswordAuthentication no"},
		} {
			server := sshtest.Start(t, options...)
			account, _ := server.AddAccount(t)
			err := open(t, server, describe(server, account)).Verify(t.Context(), sshtest.NewPassword())
			want(t, name+", one more try allowed", err, rotation.ErrRefused)
		}
	})
	t.Run("no password log-in", func(t *testing.T) {
		server := sshtest.Start(t, "PasswordAuthentication no", "KbdInteractiveAuthentication no")
		account, password := server.AddAccount(t)
		if err := open(t, server, describe(server, account)).Verify(t.Context(), password); err == nil ||
			errors.Is(err, rotation.ErrRefused) || errors.Is(err, rotation.ErrUnreachable) {
			t.Errorf("verify: %v", err)
		}
	})
	t.Run("a second factor", func(t *testing.T) {
		server := sshtest.Start(t, "AuthenticationMethods password,publickey")
		account, password := server.AddAccount(t)
		if err := open(t, server, describe(server, account)).Verify(t.Context(), password); err == nil ||
			errors.Is(err, rotation.ErrRefused) {
			t.Errorf("verify: %v", err)
		}
	})
	t.Run("a host that hangs up", func(t *testing.T) {
		server := sshtest.Start(t)
		account, password := server.AddAccount(t)
		cut := 0
		for bytes := int64(0); ; bytes += 53 { // of what the host says, the answer to the right password last
			described := describe(server, account)
			described.Address = targettest.Relay(t, server.Addr, bytes)
			err := open(t, server, described).Verify(t.Context(), password)
			if err == nil {
				break
			}
			want(t, fmt.Sprintf("verify, cut after %d bytes", bytes), err, rotation.ErrUnreachable)
			cut++
		}
		if cut < 20 {
			t.Errorf("only %d log-ins were cut", cut)
		}
	})
}

func TestSeveralHostKeys(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	account, password := server.AddAccount(t)
	before := server.HostKey
	server.ReplaceHostKey()
	both := describe(server, account, "host_key", before+"\n"+server.HostKey)
	want(t, "verify with both keys pinned", open(t, server, both).Verify(t.Context(), password), nil)

	// A host with no key of the pinned type is another host, too.
	other := describe(server, account, "host_key", rsaHostKey)
	want(t, "verify with a key of another type", open(t, server, other).Verify(t.Context(), password), rotation.ErrHostKey)
}

func TestAdminRefused(t *testing.T) {
	t.Parallel()
	server, another := sshtest.Start(t), sshtest.Start(t)
	account, password := server.AddAccount(t)
	target, err := ssh.Open(describe(server, account), another.AdminKey)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "change", target.Change(t.Context(), password, sshtest.NewPassword()), rotation.ErrRefused)
}

func TestChangeDeclined(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	account, password := server.AddAccount(t)
	for name, described := range map[string]custody.Target{
		"no such account":    describe(server, "tandem-test-nobody"),
		"not allowed":        describe(server, account, "admin", account),
		"sudo not allowed":   describe(server, account, "admin", account, "sudo", "true"),
		"account of another": describe(server, "root", "admin", account),
	} {
		err := open(t, server, described).Change(t.Context(), password, sshtest.NewPassword())
		want(t, name, err, rotation.ErrDeclined)
	}
	want(t, "the password after all that", open(t, server, describe(server, account)).Verify(t.Context(), password), nil)
	missing := open(t, server, describe(server, "tandem-test-nobody"))
	want(t, "verify of no such account", missing.Verify(t.Context(), password), rotation.ErrRefused)
}

func TestCancelledInTheSession(t *testing.T) {
	t.Parallel()
	asleep := sshtest.Start(t, "ForceCommand sleep 10")
	account, password := asleep.AddAccount(t)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	err := open(t, asleep, describe(asleep, account)).Change(ctx, password, sshtest.NewPassword())
	want(t, "change", err, context.DeadlineExceeded)
	loginOnly := open(t, asleep, describe(asleep, account, "shell", "false"))
	want(t, "the password after that", loginOnly.Verify(t.Context(), password), nil)
}

// Nothing of what a host says, and no secret, is in an error.
func TestErrorsAreClean(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t, "MaxAuthTries 1", "Banner /etc/passwd", "ForceCommand echo from-the-host; echo from-the-host >&2; exit 3")
	account, password := server.AddAccount(t)
	target := open(t, server, describe(server, account))
	next := sshtest.NewPassword()
	for what, err := range map[string]error{
		"change": target.Change(t.Context(), password, next),
		"verify": target.Verify(t.Context(), next),
	} {
		if err == nil {
			t.Fatalf("%s succeeded", what)
		}
		targettest.WantClean(t, what, err, []string{"from-the-host", "root:", "Too many"}, password, next)
	}
}
