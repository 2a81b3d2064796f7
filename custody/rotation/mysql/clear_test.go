package mysql

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/mysql/mysqltest"
)

// What MySQL would be told is valid in MariaDB too, so it is tried there: the
// password arrives as it is, whichever way the server reads a backslash.
func TestPasswordIsQuoted(t *testing.T) {
	server := mysqltest.Start(t)
	account, _ := server.AddAccount(t, mysqltest.Native)
	described := custody.Target{
		Kind: Kind, Address: server.Addr, Account: account,
		Settings: map[string]string{"ca": server.CA, "admin": mysqltest.Admin},
	}
	opened, err := Open(described, server.AdminPassword)
	if err != nil {
		t.Fatal(err)
	}
	for _, mode := range []string{"", "NO_BACKSLASH_ESCAPES,ANSI_QUOTES"} {
		server.SQL("SET GLOBAL sql_mode = '" + mode + "'")
		for _, value := range []string{`'; DROP USER tandem; -- `, `"\'\\`, `?%s*/`, `\`, `密码-é`, strings.Repeat("'", 256)} {
			target, next := opened.(*target), custody.SecretString(value)
			s, err := connect(t.Context(), target.endpoint, target.admin, target.password)
			if err != nil {
				t.Fatal(err)
			}
			if mysql, err := isMySQL(t.Context(), s); err != nil || mysql {
				t.Errorf("MariaDB is taken for MySQL: %v, %v", mysql, err)
			}
			if err := target.setPassword(t.Context(), s, next); err != nil {
				t.Errorf("%q in mode %q: %v", value, mode, err)
			}
			s.close()
			if err := server.Login(account, next); err != nil {
				t.Errorf("%q in mode %q, seen from outside: %v", value, mode, err)
			}
		}
	}
}
