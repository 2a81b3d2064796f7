package mysql_test

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/mysql"
	"github.com/tandem-custody/tandem/custody/rotation/mysql/mysqltest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

var (
	want        = targettest.Want
	wantUnknown = targettest.WantUnknown
)

func system(s *mysqltest.Server, ways ...targettest.Way) targettest.System {
	return targettest.System{
		Ways: ways, Stop: s.Stop, Start: s.Start, Replace: s.ReplaceCertificate,
		Tried: func() (n int) {
			for line := range strings.Lines(general(s)) {
				if strings.Contains(line, "Connect") && strings.Contains(line, "127.0.0.1") {
					n++
				}
			}
			return n
		},
		Refused: func(user string) int { return strings.Count(general(s), "Access denied for user '"+user+"'@") },
		NoTrace: func(t testing.TB, secrets ...custody.Secret) { noTrace(t, s, secrets...) },
		Says:    []string{"Access denied", "matching row", "this account", "28000"},
		Takes: []string{
			` leading and trailing `, `'; DROP USER tandem; -- `, `"$$`, `\'\\`, `%s%n%00?`, `密码-пароль-é-ﬁ`, `*/ 1 /*!`,
			`*6EAB9E45F1C214ADCA7FA261A6E603CA5A519EF6`, strings.Repeat("x", 256),
		},
		Refuses: map[string]string{
			"too long": strings.Repeat("x", 257), "a NUL": "a\x00b", "a newline": "a\nb", "not UTF-8": "a\xffb",
		},
	}
}

// byAdmin and byItself are the ways over TLS.
func byAdmin(s *mysqltest.Server, plugin string) targettest.Way {
	return way("by the admin "+plugin, s, plugin, describe)
}

func byItself(s *mysqltest.Server, plugin string) targettest.Way {
	return way("by itself "+plugin, s, plugin, alone)
}

func inClear(s *mysqltest.Server, plugin string) targettest.Way {
	w := way("in clear on loopback "+plugin, s, plugin, func(s *mysqltest.Server, account string, _ ...string) custody.Target {
		d := describe(s, account, "tls", "off")
		delete(d.Settings, "ca")
		return d
	})
	w.Except = map[targettest.Exception]string{targettest.Pinned: "nobody but root of this machine stands in between"}
	return w
}

func way(name string, s *mysqltest.Server, plugin string, describe func(*mysqltest.Server, string, ...string) custody.Target) targettest.Way {
	administered := describe(s, "").Settings["admin"] != ""
	w := targettest.Way{
		Name: name, Does: rotation.Description{Reconciles: administered}, Alone: !administered,
		Add: func(t *testing.T) *targettest.Account {
			account, password := s.AddAccount(t, plugin)
			a := &targettest.Account{
				Password: password, Open: mysql.Open,
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
	server := mysqltest.Start(t, "performance-schema-consumer-events-statements-history-long = ON")
	cut := byAdmin(server, mysqltest.Native)
	cut.Cut = 7
	targettest.Conform(t, system(server,
		cut, byAdmin(server, mysqltest.Ed25519), byItself(server, mysqltest.Native), byItself(server, mysqltest.Ed25519),
		inClear(server, mysqltest.Native), inClear(server, mysqltest.Ed25519)))
}

func TestLockout(t *testing.T) {
	server := mysqltest.Start(t)
	targettest.Lockout(t, system(server, byAdmin(server, mysqltest.Native), byItself(server, mysqltest.Native), byItself(server, mysqltest.Ed25519)))
}

func TestJournal(t *testing.T) {
	server := mysqltest.Start(t)
	targettest.Journal(t, system(server, byAdmin(server, mysqltest.Native), byAdmin(server, mysqltest.Ed25519),
		byItself(server, mysqltest.Native), byItself(server, mysqltest.Ed25519)))
}

// Who lets in everybody proves nothing, so nothing is promoted.
func TestJournalAtAServerThatLetsInEverybody(t *testing.T) {
	server := mysqltest.Start(t)
	c := targettest.TakeOver(t, byAdmin(server, mysqltest.Native).Add(t))
	restart := func(options ...string) {
		server.Stop()
		server.Configure(options...)
		server.Start()
	}
	restart("skip-grant-tables")
	c.Work("", targettest.Failed(rotation.Declined))
	restart()
	c.Work("", targettest.Held)
	c.Settled(1)
	servertest.NoTrace(t, server.Dir, server.Process, c.Used()...)
}
