package ssh_test

import (
	"errors"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

// A host that takes no passwords from the account: nothing is changed there, since it
// could not be proved. No log-in is tried for that.
func TestNothingIsChangedThatCouldNotBeProved(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t, "LogLevel VERBOSE", "PasswordAuthentication no\nKbdInteractiveAuthentication no")
	a := byRoot(server).Add(t)
	account := a.Describe().Account
	before := server.Shadow(t, account)
	c := targettest.TakeOver(t, a)
	c.Work("", targettest.Failed(rotation.PasswordOff))
	if server.Shadow(t, account) != before {
		t.Error("the password was changed all the same")
	}
	if n := system(server).Refused(account); n != 0 {
		t.Errorf("%d log-ins were refused", n)
	}
	credential, err := c.Desk.Credential(t.Context(), "an-account")
	if err != nil || !credential.Cancellable() {
		t.Errorf("it cannot be called off: %v", err)
	}

	open := sshtest.Start(t)
	name, _ := open.AddAccount(t)
	for what, described := range map[string]custody.Target{"takes passwords": describe(open, name), "nobody there": describe(open, "tandem-test-nobody")} {
		if err := openAt(t, open, described).Provable(t.Context()); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	open.Stop()
	if err := openAt(t, open, describe(open, name)).Provable(t.Context()); err != nil && !errors.Is(err, rotation.ErrUnreachable) {
		t.Errorf("down: %v", err)
	}
}

// A host that takes no password from root, as sshd does by itself, is asked before root's
// is changed; so it is whether the account can be logged in to at all. What a forced
// command does not tell is not taken for a yes.
func TestWhatTheSecondAccountSeesBefore(t *testing.T) {
	t.Parallel()
	const asks = "/usr/sbin/sshd -T -C user=root*"
	for what, c := range map[string]struct {
		option   string   // of sshd
		forced   string   // for root's key
		sudo     string   // what the administrator may run, beside chpasswd; "": root itself logs in
		account  []string // how an account of its own is changed; nil: root is taken
		settings []string
		why      rotation.Failure // "": it is changed
	}{
		"root, as sshd is by itself":        {option: "PermitRootLogin prohibit-password", why: rotation.PasswordOff},
		"root, with a password":             {option: "PermitRootLogin yes", why: ""},
		"root, not from here":               {option: "Match Address 127.0.0.1\nPermitRootLogin no\nMatch all\nPermitRootLogin yes", sudo: asks, why: rotation.PasswordOff},
		"root, from here only":              {option: "Match Address 127.0.0.1\nPermitRootLogin yes\nMatch all\nPermitRootLogin no", why: ""},
		"root, by sudo that may ask":        {option: "PermitRootLogin yes", sudo: asks, why: ""},
		"root, by sudo that may ask, not":   {option: "PermitRootLogin prohibit-password", sudo: asks, why: rotation.PasswordOff},
		"root, by sudo that may not ask":    {option: "PermitRootLogin yes", sudo: "/usr/bin/true", why: rotation.RootUnknown},
		"root, by a forced command":         {option: "PermitRootLogin yes", forced: "chpasswd", why: rotation.RootUnknown},
		"root, by one, and somebody looked": {option: "PermitRootLogin yes", forced: "chpasswd", settings: []string{"root_login", "true"}, why: ""},
		"an account that has expired":       {account: []string{"usermod", "--expiredate", "1"}, why: rotation.AccountClosed},
		"an account that expires later":     {account: []string{"usermod", "--expiredate", "2999-01-01"}, why: ""},
		"no shell":                          {account: []string{"usermod", "--shell", "/usr/sbin/nologin"}, why: rotation.MustChange},
		"no shell, and none is needed":      {account: []string{"usermod", "--shell", "/usr/sbin/nologin"}, settings: []string{"shell", "false"}, why: ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			dir := keysFolder(t)
			server := sshtest.Start(t, "AuthorizedKeysFile "+dir+"/%u", "LogLevel VERBOSE")
			server.Configure(c.option)
			settings, admin := c.settings, "root"
			if c.sudo != "" {
				admin = server.AddSudoer(t, "NOPASSWD: CHPASSWD -e, "+c.sudo)
				settings = append(settings, "admin", admin, "sudo", "true")
			}
			options := ""
			if c.forced != "" {
				options = `command="` + c.forced + `" `
			}
			writeKey(t, server, dir, admin, options)
			account := "root"
			if c.account != nil {
				account, _ = server.AddAccount(t)
				server.Administer(t, c.account[0], append(c.account[1:], account)...)
			}
			a := &targettest.Account{Open: ssh.Open, Key: server.AdminKey, Describe: func() custody.Target { return describe(server, account, settings...) }}
			before := server.Shadow(t, account)
			taken := targettest.TakeOver(t, a)
			if c.why == "" {
				taken.Work("", targettest.Held)
				return
			}
			taken.Work("", targettest.Failed(c.why))
			if server.Shadow(t, account) != before {
				t.Error("the password was changed")
			}
			if n := system(server).Refused(account); n != 0 {
				t.Errorf("%d log-ins were refused", n)
			}
			if credential, err := taken.Desk.Credential(t.Context(), "an-account"); err != nil || !credential.Cancellable() {
				t.Errorf("it cannot be called off: %v", err)
			}
		})
	}
}

func openAt(t *testing.T, s *sshtest.Server, described custody.Target) rotation.Prover {
	t.Helper()
	return open(t, s, described).(rotation.Prover)
}
