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

func TestOwnChange(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	account, old := server.AddAccount(t)
	target := openOwn(t, server, account)
	ctx := t.Context()
	if target.Describe() != (rotation.Description{}) {
		t.Errorf("describe: %+v", target.Describe())
	}

	next := sshtest.NewPassword()
	want(t, "change", target.Change(ctx, old, next), nil)
	want(t, "the new password", target.Verify(ctx, next), nil)
	want(t, "the old password after", target.Verify(ctx, old), rotation.ErrRefused)
	want(t, "the same change again", target.Change(ctx, old, next), nil)
	want(t, "the new password, seen from outside", sshtest.Login(server.Addr, server.HostKey, account, next), nil)

	another := sshtest.NewPassword()
	want(t, "change, the password not known", target.Change(ctx, custody.Secret{}, another), rotation.ErrRefused)
	want(t, "change, another password known", target.Change(ctx, sshtest.NewPassword(), another), rotation.ErrRefused)
	for name, value := range map[string]string{
		"short":    "abc",
		"the same": next.Reveal(),
	} {
		want(t, name, target.Change(ctx, next, custody.SecretString(value)), rotation.ErrDeclined)
	}
	want(t, "two lines", target.Change(ctx, next, custody.SecretString("a\nb")), rotation.ErrValue)
	if err := target.Reconcile(ctx, another); err == nil {
		t.Error("somebody reconciled without a second account")
	}
	want(t, "the password after all that", target.Verify(ctx, next), nil)

	sshtest.Administer(t, "chage", "--mindays", "7", account)
	want(t, "change on the same day", target.Change(ctx, next, another), rotation.ErrDeclined)
}

// With a key as well, the account changes its password and the administrator
// repairs it.
func TestOwnChangeWithAnAdministrator(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	account, old := server.AddAccount(t)
	target := open(t, server, describe(server, account, "own", "true", "admin", server.AddSudoAdmin(t), "sudo", "true"))
	ctx := t.Context()
	if !target.Describe().Reconciles {
		t.Errorf("describe: %+v", target.Describe())
	}
	want(t, "a weak value by its own passwd", target.Change(ctx, old, custody.SecretString("abc")), rotation.ErrDeclined)
	sshtest.SetPassword(t, account, sshtest.NewPassword()) // drift
	next := sshtest.NewPassword()
	want(t, "change", target.Change(ctx, old, next), rotation.ErrRefused)
	want(t, "reconcile", target.Reconcile(ctx, next), nil)
	want(t, "the new password", target.Verify(ctx, next), nil)
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
		sshtest.Administer(t, change[0], append(change[1:], account)...)
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
	sshtest.Administer(t, "usermod", "--lock", locked)
	want(t, "a locked password", openOwn(t, server, locked).Verify(t.Context(), password), rotation.ErrRefused)

	// sshd ends the connection when PAM's account check fails, but only for the
	// right password. That is no refusal of it.
	expired, password := server.AddAccount(t)
	sshtest.Administer(t, "usermod", "--expiredate", "1", expired)
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
	want(t, "the same change again", target.Change(t.Context(), old, next), nil)
	machine := sshtest.Start(t, "PermitRootLogin yes")
	want(t, "the machine's own root", openOwn(t, machine, "root").Verify(t.Context(), next), rotation.ErrRefused)
}
