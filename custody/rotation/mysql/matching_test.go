package mysql_test

import (
	"fmt"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/mysql/mysqltest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

// An admin that may look sees, before anything is changed, that a log-in from here would be
// another account's, or no account's: then the password stays as it was. What it says is
// compared with what MariaDB does at a log-in.
func TestTheAccountThatMatchesIsKnownBefore(t *testing.T) {
	server := mysqltest.Start(t)
	server.SQL("GRANT SELECT ON mysql.* TO " + mysqltest.Admin)
	for what, c := range map[string]struct {
		host   string
		others []string         // hosts of the other accounts of the name
		why    rotation.Failure // "": it is changed
	}{
		"alone":                                   {"%", nil, ""},
		"the nearer one":                          {"127.0.0.1", []string{"%", "127.%"}, ""},
		"the farther one":                         {"%", []string{"127.0.0.1"}, rotation.OtherAccount},
		"of two patterns the longer":              {"127.0.0.%", []string{"127.%"}, ""},
		"of two patterns the shorter":             {"127.%", []string{"127.0.0.%"}, rotation.OtherAccount},
		"a pattern of one sign":                   {"%", []string{"127.0.0._"}, rotation.OtherAccount},
		"others are of elsewhere":                 {"%", []string{"10.0.0.1", "10.%", "db.example"}, ""},
		"itself of elsewhere":                     {"10.0.0.1", nil, rotation.NotAllowed},
		"itself of elsewhere, another of here":    {"10.%", []string{"%"}, rotation.NotAllowed},
		"a network, of which nothing is foretold": {"127.0.0.0/255.255.255.0", nil, ""},
	} {
		t.Run(what, func(t *testing.T) {
			name, password := servertest.NewName(), servertest.NewPassword()
			server.AddAt(name, c.host, password)
			for _, host := range c.others {
				server.AddAt(name, host, servertest.NewPassword())
			}
			hashes := func() string {
				return server.SQL(fmt.Sprintf("SELECT host, password FROM mysql.user WHERE user = '%s' ORDER BY host", name))
			}
			before := hashes()
			target, next := open(t, server, describe(server, name, "host", c.host)), servertest.NewPassword()
			err := target.Change(t.Context(), custody.Secret{}, next)
			if c.why == "" {
				want(t, "change", err, nil)
				want(t, "the new password", target.Verify(t.Context(), next), nil)
				return
			}
			targettest.WantWhy(t, "change", err, c.why)
			want(t, "change", err, rotation.ErrUnreachable) // as of what was not asked
			if hashes() != before {
				t.Error("a password was changed")
			}
			if server.Login(name, password) == nil {
				t.Error("MariaDB lets the account in: it would have been proved")
			}
		})
	}

	t.Run("anybody from here", func(t *testing.T) {
		server.AddAt(mysqltest.Admin, "127.0.0.1", server.AdminPassword) // or it is nobody, too
		server.SQL("GRANT SELECT, UPDATE ON mysql.* TO " + mysqltest.Admin + "@127.0.0.1; CREATE USER ''@'127.0.0.1'")
		defer server.SQL("DROP USER ''@'127.0.0.1'")
		name, password := server.AddAccount(t, mysqltest.Native)
		err := open(t, server, describe(server, name)).Change(t.Context(), custody.Secret{}, servertest.NewPassword())
		targettest.WantWhy(t, "change", err, rotation.OtherAccount)
		if server.Login(name, password) == nil {
			t.Error("MariaDB lets the account in: it would have been proved")
		}
	})
	t.Run("several methods, or locked", func(t *testing.T) {
		several, password := server.AddAccount(t, mysqltest.Native)
		server.AddMethod(several, servertest.NewPassword())
		targettest.WantWhy(t, "several", open(t, server, describe(server, several)).Change(t.Context(), custody.Secret{}, servertest.NewPassword()), rotation.OldStillAccepted)
		want(t, "its password", server.Login(several, password), nil)
		locked, password := server.AddAccount(t, mysqltest.Native)
		server.SQL("ALTER USER " + "'" + locked + "' ACCOUNT LOCK")
		targettest.WantWhy(t, "locked", open(t, server, describe(server, locked)).Change(t.Context(), custody.Secret{}, servertest.NewPassword()), rotation.AccountClosed)
		server.SQL("ALTER USER " + "'" + locked + "' ACCOUNT UNLOCK")
		want(t, "its password", server.Login(locked, password), nil)
	})
}
