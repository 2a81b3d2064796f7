package ldap_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ldap"
	"github.com/tandem-custody/tandem/custody/rotation/ldap/ldaptest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

var (
	want    = targettest.Want
	unknown = targettest.WantUnknown
)

func system(s *ldaptest.Server, ways ...targettest.Way) targettest.System {
	return targettest.System{
		Ways: ways, Parallel: true, Stop: s.Stop, Start: s.Start, Replace: s.ReplaceCertificate,
		Tried:   func() int { return bytes.Count(s.Log(), []byte(" BIND dn=")) },
		Refused: func(dn string) int { return refused(s, dn) },
		NoTrace: func(t testing.TB, secrets ...custody.Secret) { noTrace(t, s, secrets...) },
		Says:    []string{"Password fails", "quality", "LDAP Result"},
		Takes: []string{
			"a", " leading and trailing ", "{SSHA}looks-like-a-hash", "{CRYPT}$6$x", "{CLEARTEXT}x", "$6$rounds=1$x", "dn:uid=x,dc=y", `\2c"+;<>#=`,
			"tab\tand\nline\r\n", "\x7f\x01", "密码密码密码", "\xff\xfe not UTF-8", strings.Repeat("x", 511), "%s%n%d", "'; -- ${HOME} `id`",
		},
		Refuses: map[string]string{"it ends early": "ends\x00early", "too long": strings.Repeat("x", 512)},
	}
}

// way is how an account at an address is changed, by the second account or alone.
func way(name string, s *ldaptest.Server, addr string, describe func(*ldaptest.Server, string, ...string) custody.Target, settings ...string) targettest.Way {
	administered := describe(s, "").Settings["admin"] != ""
	except := map[targettest.Exception]string{}
	if describe(s, "", settings...).Settings["tls"] == "off" {
		except[targettest.Pinned] = "nobody but root of this machine stands in between"
	}
	w := targettest.Way{
		Name: name, Does: rotation.Description{Reconciles: administered}, Alone: !administered, Except: except,
		Add: func(t *testing.T) *targettest.Account {
			account, password := s.AddAccount(t)
			a := &targettest.Account{
				Password: password, Open: ldap.Open,
				Describe: func() custody.Target {
					described := describe(s, account, settings...)
					described.Address = addr
					return described
				},
				Login: func(secret custody.Secret) error { return s.Login(t, account, secret) },
				Set:   func(secret custody.Secret) { s.SetPassword(t, account, secret) },
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

// refused counts the binds of a DN that were answered with 49, by slapd's own log: each
// has its connection and its operation on both lines.
func refused(s *ldaptest.Server, dn string) (n int) {
	log := string(s.Log())
	for _, bind := range regexp.MustCompile(`(conn=\d+ op=\d+) BIND dn="([^"]*)" method=`).FindAllStringSubmatch(log, -1) {
		if strings.EqualFold(bind[2], dn) && strings.Contains(log, bind[1]+" RESULT tag=97 err=49 ") {
			n++
		}
	}
	return n
}

// Somebody's wrong character, a killed worker, a password that was put back: each
// attempt costs an account one refused bind at most.
func TestLockout(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t, "pwdLockout: TRUE", "pwdMaxFailure: 3", "pwdFailureCountInterval: 900")
	targettest.Lockout(t, system(server, byAdmin(server), byItself(server)))
}

func byAdmin(s *ldaptest.Server) targettest.Way {
	return way("by the second account", s, s.Addr, describe)
}
func byItself(s *ldaptest.Server) targettest.Way {
	return way("by the account itself", s, s.Addr, alone)
}

func TestConform(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	var ways []targettest.Way
	for _, method := range []string{"exop", "userPassword"} {
		for how, addr := range map[string]string{"starttls": server.Addr, "ldaps": server.AddrTLS, "off": server.Addr} {
			for by, describe := range map[string]func(*ldaptest.Server, string, ...string) custody.Target{
				"the second account": describe, "the account itself": alone,
			} {
				ways = append(ways, way(method+" by "+by+" with tls "+how, server, addr, describe, "method", method, "tls", how))
			}
		}
	}
	cut := byAdmin(server)
	cut.Cut = 23 // the answer to a change has more bytes in TLS
	targettest.Conform(t, system(server, append(ways, cut)...))
}

func TestJournal(t *testing.T) {
	t.Parallel()
	// With a history, so that a value that was changed to once is refused the second time.
	server := ldaptest.Start(t, "pwdInHistory: 5", "pwdCheckQuality: 2")
	targettest.Journal(t, system(server, byAdmin(server), byItself(server)))
}

// A directory that refuses values gets others.
func TestWeakValuesAreReplaced(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t, "pwdCheckQuality: 2", "pwdMinLength: 20")
	for _, way := range []targettest.Way{byAdmin(server), byItself(server)} {
		c := targettest.TakeOver(t, way.Add(t))
		weak := []custody.Secret{custody.SecretString("abc"), custody.SecretString("12345")}
		c.Secrets.Repeat = weak
		c.Work("", targettest.Held)
		c.Settled(1)
		if refused := c.Failures(rotation.ValueRefused); refused != len(weak) {
			t.Errorf("refused %d values, not %d", refused, len(weak))
		}
	}
}
