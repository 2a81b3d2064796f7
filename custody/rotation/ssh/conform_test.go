package ssh_test

import (
	"bytes"
	"cmp"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

var want = targettest.Want

func system(s *sshtest.Server, ways ...targettest.Way) targettest.System {
	return targettest.System{
		Ways: ways, Parallel: true, Stop: s.Stop, Start: s.Start,
		Replace: func(...string) { s.ReplaceHostKey() }, // a host key is for no name
		Tried: func() int {
			log := s.Log()
			return bytes.Count(log, []byte("Accepted ")) + bytes.Count(log, []byte("Failed "))
		},
		Refused: func(user string) int {
			return bytes.Count(s.Log(), []byte("Failed password for "+user+" ")) + bytes.Count(s.Log(), []byte("Failed publickey for "+user+" "))
		},
		NoTrace: func(t testing.TB, secrets ...custody.Secret) {
			for _, secret := range secrets {
				if form := servertest.Trace(s.Log(), secret); form != "" {
					t.Errorf("a secret is in sshd's log %s", form)
				}
			}
		},
		Says: []string{"Permission denied", "Too many", "passwd:", "BAD PASSWORD"},
		Takes: []string{
			"a:b::c:", "`id`; $(id) 'x' \"y\" \\ | & < > # !", " leading and trailing ", "пароль密码", strings.Repeat("x", 511),
		},
		Refuses: map[string]string{
			"a second line": "abc\nroot:abc", "carriage return": "abc\r", "NUL": "abc\x00def", "too long": strings.Repeat("x", 512),
		},
	}
}

// byRoot has root's key change the account's password, bySudo a user's by sudo.
func byRoot(s *sshtest.Server) targettest.Way {
	return way("root", s, s.AdminKey, func(testing.TB) []string { return nil })
}

func bySudo(s *sshtest.Server) targettest.Way {
	return way("sudo", s, s.AdminKey, func(t testing.TB) []string { return []string{"admin", s.AddSudoAdmin(t), "sudo", "true"} })
}

// byItself has the account change its own password, rescued with somebody who
// may repair it.
func byItself(s *sshtest.Server) targettest.Way {
	w := way("its own passwd", s, custody.Secret{}, func(testing.TB) []string { return []string{"own", "true"} })
	w.Alone, w.Does.Own = true, true
	w.Except = map[targettest.Exception]string{targettest.DeclinesReconcile: "nobody is known who could: the error says that"}
	return w
}

func rescued(s *sshtest.Server) targettest.Way {
	w := way("its own passwd, with an administrator", s, s.AdminKey, func(t testing.TB) []string {
		return []string{"own", "true", "admin", s.AddSudoAdmin(t), "sudo", "true"}
	})
	w.Alone, w.Does.Own = true, true
	return w
}

func way(name string, s *sshtest.Server, key custody.Secret, settings func(testing.TB) []string) targettest.Way {
	w := targettest.Way{
		Name: name, Does: rotation.Description{Reconciles: !key.IsZero()},
		Add: func(t *testing.T) *targettest.Account {
			account, password := s.AddAccount(t)
			as := settings(t)
			return &targettest.Account{
				Password: password, Open: ssh.Open, Key: key,
				Describe: func() custody.Target { return describe(s, account, as...) },
				Login: func(secret custody.Secret) error {
					return sshtest.Login(s.Addr, s.HostKey, account, secret)
				},
				Set: func(secret custody.Secret) { s.SetPassword(t, account, secret) },
			}
		},
	}
	if !key.IsZero() {
		w.Admin = func(t custody.Target) string { return cmp.Or(t.Settings["admin"], "root") }
		w.Wrong = sshtest.NewKey
	}
	return w
}

func TestConform(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	cut := byRoot(server)
	cut.Cut = 53
	targettest.Conform(t, system(server, cut, bySudo(server), byItself(server), rescued(server)))
}

// With the counter of pam_faillock, which locks at the fifth wrong password: what failed
// attempts cost stands in it, too, and the account is never locked.
func TestLockout(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t, "LogLevel VERBOSE", "KbdInteractiveAuthentication no")
	server.CountFailures(t, 5)
	targettest.Lockout(t, system(server, byRoot(server), bySudo(server), byItself(server)))

	account, right := server.AddAccount(t)
	wrong := targettest.Account{
		Password: sshtest.NewPassword(), Open: ssh.Open,
		Describe: func() custody.Target { return describe(server, account, "own", "true") },
		Login:    func(secret custody.Secret) error { return sshtest.Login(server.Addr, server.HostKey, account, secret) },
	}
	c := targettest.TakeOver(t, &wrong)
	c.Work("", targettest.Failed(rotation.CurrentRefused))
	c.Idle(24 * time.Hour)
	if n := server.Failures(t, account); n != 1 {
		t.Errorf("pam_faillock counts %d failures", n)
	}
	want(t, "the right password after all that", wrong.Login(right), nil)
	for range 5 {
		if wrong.Login(sshtest.NewPassword()) == nil {
			t.Fatal("any password opens it")
		}
	}
	if wrong.Login(right) == nil {
		t.Error("five wrong passwords do not lock it: this test shows nothing")
	}
}

func TestJournal(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t)
	targettest.Journal(t, system(server, byRoot(server), byItself(server)))
}

// passwd refuses to its user what chpasswd lets root do. Another value follows.
func TestWeakValuesAreReplaced(t *testing.T) {
	t.Parallel()
	c := targettest.TakeOver(t, byItself(sshtest.Start(t)).Add(t))
	weak := []custody.Secret{custody.SecretString("abc"), custody.SecretString("12345")}
	c.Secrets.Repeat = weak
	c.Work("", targettest.Held)
	c.Settled(1)
	if declined := c.Failures(rotation.ValueRefused); declined != len(weak) {
		t.Errorf("declined %d values, not %d", declined, len(weak))
	}
}
