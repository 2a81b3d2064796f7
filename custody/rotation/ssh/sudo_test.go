package ssh_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	gossh "golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

// logsInput has sudo keep what commands read, in files that a test can read.
var logsInput = []string{"log_input", "!compress_io"}

// sudo with log_input: no password stays on the host. It gets a hash where it may have
// one, and otherwise nothing unless the one rule is spared the log; then the account has
// the password that it had, and the change can be called off.
func TestNoPasswordStaysInTheLogOfSudo(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	for what, c := range map[string]struct {
		rule     string
		defaults []string
		hashed   bool
		why      rotation.Failure // "": it is changed
	}{
		"logs, any arguments":                {"NOPASSWD: CHPASSWD", logsInput, true, ""},
		"logs, a hash only":                  {"NOPASSWD: CHPASSWD -e", logsInput, true, ""},
		"logs by the rule, any arguments":    {"NOPASSWD: LOG_INPUT: CHPASSWD", logsInput[1:], true, ""},
		"logs, no arguments":                 {`NOPASSWD: CHPASSWD ""`, logsInput, false, rotation.InputKept},
		"logs by the rule, no arguments":     {`NOPASSWD: LOG_INPUT: CHPASSWD ""`, logsInput[1:], false, rotation.InputKept},
		"logs what no terminal gives":        {`NOPASSWD: CHPASSWD ""`, []string{"log_stdin", "!compress_io"}, false, rotation.InputKept},
		"logs, but not by the rule":          {`NOPASSWD: NOLOG_INPUT: CHPASSWD ""`, logsInput, false, ""},
		"logs, but not by one of two rules":  {`NOPASSWD: NOLOG_INPUT: CHPASSWD "", LOG_INPUT: CHPASSWD ""`, logsInput, false, rotation.InputKept},
		"does not log, no arguments":         {`NOPASSWD: CHPASSWD ""`, []string{"!log_input"}, false, ""},
		"asks for a password to list":        {`NOPASSWD: CHPASSWD ""`, []string{"listpw=always"}, false, rotation.Declined},
		"logs, and its rule is not chpasswd": {"NOPASSWD: /usr/bin/true", logsInput, false, rotation.InputKept},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			admin := server.AddSudoer(t, c.rule, c.defaults...)
			a := way(what, server, server.AdminKey, func(testing.TB) []string { return []string{"admin", admin, "sudo", "true"} }).Add(t)
			account := a.Describe().Account
			before := server.Shadow(t, account)
			taken := targettest.TakeOver(t, a)
			if c.why != "" {
				taken.Work("", targettest.Failed(c.why))
				if server.Shadow(t, account) != before {
					t.Error("the password was changed")
				}
				if credential, err := taken.Desk.Credential(t.Context(), "an-account"); err != nil || !credential.Cancellable() {
					t.Errorf("it cannot be called off: %v", err)
				}
			} else {
				taken.Work("", targettest.Held)
				taken.Settled(1)
			}
			logged := inputs(t, server, account)
			if c.hashed != strings.Contains(logged, account+":$6$") {
				t.Errorf("sudo logged %q", logged)
			}
			if !c.hashed && logged != "" {
				t.Errorf("sudo kept %q", logged)
			}
			kept := map[string][]byte{}
			collect(t, server.VarLog(), kept)
			for path, text := range kept {
				for _, secret := range append(taken.Secrets.Made(), a.Password) {
					if form := servertest.Trace(text, secret); form != "" {
						t.Errorf("a password is in %s %s", path, form)
					}
				}
			}
		})
	}
}

// inputs gives all that sudo kept of what chpasswd read for an account.
func inputs(t *testing.T, server *sshtest.Server, account string) (all string) {
	t.Helper()
	files := map[string][]byte{}
	collect(t, filepath.Join(server.VarLog(), "sudo-io"), files)
	for path, text := range files {
		if strings.Contains(string(text), account+":") && filepath.Base(path) == "stdin" {
			all += string(text)
		}
	}
	return all
}

// A forced command for the key of a sudoer cannot say what sudo keeps: nothing is sent to it.
func TestAForcedCommandCannotSayWhatSudoKeeps(t *testing.T) {
	t.Parallel()
	dir := keysFolder(t)
	server := sshtest.Start(t, "AuthorizedKeysFile "+dir+"/%u")
	for _, command := range []string{"sudo -n chpasswd", "sudo -n chpasswd -e", "true"} {
		admin := server.AddSudoAdmin(t)
		writeKey(t, server, dir, admin, `restrict,command="`+command+`" `)
		account, old := server.AddAccount(t)
		target := open(t, server, describe(server, account, "admin", admin, "sudo", "true"))
		err := target.Change(t.Context(), old, sshtest.NewPassword())
		targettest.WantWhy(t, command, err, rotation.InputKept)
		want(t, command, err, rotation.ErrUnreachable)
		wantOpens(t, server, account, old)
	}
}

// keysFolder makes a folder for the keys of each account. Not t.TempDir, which sudo's
// administrator may not enter.
func keysFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sshtest-keys-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// writeKey has the server's key open an account, with options in front.
func writeKey(t *testing.T, server *sshtest.Server, dir, account, options string) {
	t.Helper()
	key, err := gossh.ParsePrivateKey(server.AdminKey.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	line := append([]byte(options), gossh.MarshalAuthorizedKey(key.PublicKey())...)
	if err := os.WriteFile(dir+"/"+account, line, 0o644); err != nil {
		t.Fatal(err)
	}
}
