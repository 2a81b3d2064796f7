package postgres_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/postgres"
	"github.com/tandem-custody/tandem/custody/rotation/postgres/postgrestest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

var (
	want        = targettest.Want
	wantUnknown = targettest.WantUnknown
)

func system(s *postgrestest.Server, ways ...targettest.Way) targettest.System {
	return targettest.System{
		Ways: ways, Stop: s.Stop, Start: s.Start, Replace: s.ReplaceCertificate,
		Tried: func() int {
			log := s.Log() // only the tests themselves are postgres
			return bytes.Count(log, []byte("connection authorized: user=")) - bytes.Count(log, []byte("connection authorized: user=postgres ")) +
				bytes.Count(log, []byte("password authentication failed for user"))
		},
		Refused: func(role string) int {
			return bytes.Count(s.Log(), fmt.Appendf(nil, "password authentication failed for user \"%s\"", role))
		},
		NoTrace: func(t testing.TB, secrets ...custody.Secret) { servertest.NoTrace(t, s.Dir, s.Process, secrets...) },
		Says:    []string{"must be", "permission", "does not exist", "pg_hba", "authentication", "SCRAM"},
		Takes: []string{
			` leading and trailing `, `'; DROP ROLE tandem; --`, `"$$"`, `\'\\`, `%s%n%00`, `=,`, `密码-пароль-é`,
			`SCRAM-SHA-256$4096:AAAA$AAAA:AAAA`, `md5` + strings.Repeat("a", 32), strings.Repeat("x", 512),
		},
		Refuses: map[string]string{
			"too long": strings.Repeat("x", 513), "a NUL": "a\x00b", "a newline": "a\nb",
			"not UTF-8": "a\xffb", "a ligature, which SASLprep takes apart": "ﬁ-1234567", "a soft hyphen, which it drops": "a\u00adb",
			"not composed": "e\u0301-12345",
		},
	}
}

func byAdmin(s *postgrestest.Server) targettest.Way  { return way("by the admin", s, describe) }
func byItself(s *postgrestest.Server) targettest.Way { return way("by itself", s, alone) }

func inClear(s *postgrestest.Server) targettest.Way {
	w := way("in clear on loopback", s, func(s *postgrestest.Server, account string, _ ...string) custody.Target {
		d := describe(s, account, "tls", "off")
		delete(d.Settings, "ca")
		return d
	})
	w.Except = map[targettest.Exception]string{targettest.Pinned: "nobody but root of this machine stands in between"}
	return w
}

func way(name string, s *postgrestest.Server, describe func(*postgrestest.Server, string, ...string) custody.Target) targettest.Way {
	administered := describe(s, "").Settings["admin"] != ""
	w := targettest.Way{
		Name: name, Does: rotation.Description{Reconciles: administered}, Alone: !administered,
		Add: func(t *testing.T) *targettest.Account {
			account, password := s.AddAccount(t)
			a := &targettest.Account{
				Password: password, Open: postgres.Open,
				Describe: func() custody.Target { return describe(s, account) },
				Login:    func(secret custody.Secret) error { return s.Login(account, secret) },
				Set:      func(secret custody.Secret) { s.SetPassword(account, secret) },
			}
			if administered {
				a.Key = s.AdminPassword
			}
			return a
		},
	}
	if administered {
		w.Admin = func(t custody.Target) string { return t.Settings["admin"] }
	}
	return w
}

func TestConform(t *testing.T) {
	server := postgrestest.Start(t)
	cut := byAdmin(server)
	cut.Cut = 97
	targettest.Conform(t, system(server, cut, byItself(server), inClear(server)))
}

func TestLockout(t *testing.T) {
	server := postgrestest.Start(t)
	targettest.Lockout(t, system(server, byAdmin(server), byItself(server)))
}

func TestJournal(t *testing.T) {
	server := postgrestest.Start(t)
	targettest.Journal(t, system(server, byAdmin(server), byItself(server)))
}

// Who lets in without a password proves nothing, so nothing is promoted.
func TestJournalAtAServerThatTrusts(t *testing.T) {
	server := postgrestest.Start(t)
	c := targettest.TakeOver(t, byAdmin(server).Add(t))
	server.SetAccess("host all tandem 127.0.0.1/32 scram-sha-256", "host all all 127.0.0.1/32 trust")
	c.Work("", targettest.Failed(rotation.PasswordOff))
	server.SetAccess()
	c.Work("", targettest.Held)
	c.Settled(1)
	servertest.NoTrace(t, server.Dir, server.Process, c.Used()...)
}
