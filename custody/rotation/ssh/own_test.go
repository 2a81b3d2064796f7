package ssh_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
)

// openOwn opens an account that changes its own password; nobody else may.
func openOwn(t *testing.T, s *sshtest.Server, account string) rotation.Target {
	t.Helper()
	target, err := ssh.Open(describe(s, account, "own", "true"), custody.Secret{})
	if err != nil {
		t.Fatal(err)
	}
	return target
}

// passwd has a policy for its user.
func TestPasswdDeclines(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	account, password := server.AddAccount(t)
	ctx := t.Context()
	target := openOwn(t, server, account)
	for by, target := range map[string]rotation.Target{
		"by itself":             target,
		"with an administrator": open(t, server, describe(server, account, "own", "true", "admin", server.AddSudoAdmin(t), "sudo", "true")),
	} {
		for name, value := range map[string]string{
			"short":    "abc",
			"the same": password.Reveal(),
		} {
			want(t, by+", "+name, target.Change(ctx, password, custody.SecretString(value)), rotation.ErrDeclined)
		}
		want(t, by+", two lines", target.Change(ctx, password, custody.SecretString("a\nb")), rotation.ErrValue)
	}
	want(t, "the password after all that", target.Verify(ctx, password), nil)

	server.Administer(t, "chage", "--mindays", "7", account)
	want(t, "change on the same day", target.Change(ctx, password, sshtest.NewPassword()), rotation.ErrDeclined)
}

// An account that is let in but may do nothing must not look well.
func TestLetInToNothing(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	for name, change := range map[string][]string{
		"expired password": {"chage", "--lastday", "0"},
		"no shell":         {"usermod", "--shell", "/usr/sbin/nologin"},
	} {
		account, password := server.AddAccount(t)
		server.Administer(t, change[0], append(change[1:], account)...)
		err := openOwn(t, server, account).Verify(t.Context(), password)
		if err == nil || errors.Is(err, rotation.ErrRefused) || errors.Is(err, rotation.ErrDeclined) || errors.Is(err, rotation.ErrUnreachable) {
			t.Errorf("%s: verify: %v", name, err)
		}
		loginOnly := open(t, server, describe(server, account, "shell", "false"))
		want(t, name+", only the log-in", loginOnly.Verify(t.Context(), password), nil)
		want(t, name+", change", openOwn(t, server, account).Change(t.Context(), password, sshtest.NewPassword()), rotation.ErrDeclined)
	}
}

func TestClosedAccounts(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	locked, password := server.AddAccount(t)
	server.Administer(t, "usermod", "--lock", locked)
	want(t, "a locked password", openOwn(t, server, locked).Verify(t.Context(), password), rotation.ErrRefused)

	// sshd ends the connection when PAM's account check fails, but only for the
	// right password. That is no refusal of it.
	expired, password := server.AddAccount(t)
	server.Administer(t, "usermod", "--expiredate", "1", expired)
	want(t, "an expired account", openOwn(t, server, expired).Verify(t.Context(), password), rotation.ErrUnreachable)
	want(t, "its wrong password", openOwn(t, server, expired).Verify(t.Context(), sshtest.NewPassword()), rotation.ErrRefused)
}

// A probe logs in and touches nothing.
func TestProbe(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t, "LogLevel VERBOSE")
	account, password := server.AddAccount(t)
	probe, err := ssh.OpenProbe(describe(server, account), custody.Secret{})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "verify", probe.Verify(t.Context(), password), nil)
	want(t, "a wrong one", probe.Verify(t.Context(), sshtest.NewPassword()), rotation.ErrRefused)
	if err := probe.Change(t.Context(), password, sshtest.NewPassword()); err == nil {
		t.Error("a probe changed a password")
	}
	if !probe.Describe().ByHand {
		t.Errorf("describe: %+v", probe.Describe())
	}
	server.Stop()
	if strings.Contains(string(server.Log()), "Starting session") {
		t.Error("a probe opened a session")
	}
}

// root is not asked for its old password by passwd, so it uses chpasswd.
func TestOwnChangeOfRoot(t *testing.T) {
	t.Parallel()
	server, old := sshtest.StartForRoot(t)
	target := openOwn(t, server, "root")
	next := sshtest.NewPassword()
	want(t, "change", target.Change(t.Context(), old, next), nil)
	want(t, "the new password", target.Verify(t.Context(), next), nil)
	want(t, "the old password after", target.Verify(t.Context(), old), rotation.ErrRefused)
	want(t, "the same change again", target.Change(t.Context(), old, next), rotation.ErrRefused)
	another := sshtest.Start(t, "PermitRootLogin yes")
	want(t, "root of another server", openOwn(t, another, "root").Verify(t.Context(), next), rotation.ErrRefused)
}
