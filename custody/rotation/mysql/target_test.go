package mysql_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/mysql"
	"github.com/tandem-custody/tandem/custody/rotation/mysql/mysqltest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

// describe describes an account that the admin changes.
func describe(s *mysqltest.Server, account string, settings ...string) custody.Target {
	return alone(s, account, append([]string{"admin", mysqltest.Admin}, settings...)...)
}

// alone describes an account that changes its own password.
func alone(s *mysqltest.Server, account string, settings ...string) custody.Target {
	return targettest.Describe(mysql.Kind, s.Addr, account, append([]string{"ca", s.CA}, settings...)...)
}

func open(t *testing.T, s *mysqltest.Server, described custody.Target) rotation.Target {
	t.Helper()
	return targettest.Open(t, mysql.Open, described, s.AdminPassword)
}

// noTrace also looks into the statements that the server keeps in memory.
func noTrace(t testing.TB, s *mysqltest.Server, secrets ...custody.Secret) {
	t.Helper()
	servertest.NoTrace(t, s.Dir, s.Process, secrets...)
	history := s.SQL("SELECT * FROM performance_schema.events_statements_history_long; SELECT * FROM performance_schema.events_statements_history; SHOW FULL PROCESSLIST")
	for i, secret := range secrets {
		if form := servertest.Trace([]byte(history), secret); form != "" {
			t.Errorf("secret %d is in the server's memory of statements, %s", i, form)
		}
	}
}

// A change keeps the account's plug-in.
func TestThePlugInStays(t *testing.T) {
	server := mysqltest.Start(t)
	for _, way := range []targettest.Way{
		byAdmin(server, mysqltest.Ed25519), byItself(server, mysqltest.Ed25519), inClear(server, mysqltest.Ed25519),
	} {
		account := way.Add(t)
		described := account.Describe()
		want(t, way.Name, open(t, server, described).Change(t.Context(), account.Password, servertest.NewPassword()), nil)
		if !strings.Contains(server.SQL("SHOW CREATE USER '"+described.Account+"'@'%'"), mysqltest.Ed25519) {
			t.Errorf("%s: the plug-in is another", way.Name)
		}
	}
}

// Names that mean something else unless they are quoted.
func TestAwkwardNames(t *testing.T) {
	server := mysqltest.Start(t)
	for _, name := range []string{"Upper Case", "a; DROP USER tandem -- ", "current_user", "管理员", "a@b", "a%s", "/*M! x */", strings.Repeat("n", 80)} {
		server.AddAt(name, "%", servertest.NewPassword())
		target := open(t, server, describe(server, name))
		next := servertest.NewPassword()
		want(t, name, target.Change(t.Context(), custody.Secret{}, next), nil)
		want(t, name, target.Verify(t.Context(), next), nil)
	}
	want(t, "the admin's password", server.Login(mysqltest.Admin, server.AdminPassword), nil)
}

// 'app'@'%' and 'app'@'127.0.0.1' are two accounts: from here only the second
// can be logged in to, and only the one that is named may be changed.
func TestTheHostIsPartOfTheAccount(t *testing.T) {
	server := mysqltest.Start(t)
	account, _ := server.AddAccount(t, mysqltest.Native)
	near := servertest.NewPassword()
	server.AddAt(account, "127.0.0.1", near)
	for _, host := range []string{"%", "127.0.0.1"} {
		before := server.SQL("SELECT password FROM mysql.user WHERE user = '" + account + "' AND host <> '" + host + "'")
		next := servertest.NewPassword()
		target := open(t, server, describe(server, account, "host", host))
		want(t, host, target.Change(t.Context(), custody.Secret{}, next), nil)
		if host == "%" {
			want(t, host, target.Verify(t.Context(), next), rotation.ErrRefused)
			wantUnknown(t, "the password of the other account", target.Verify(t.Context(), near))
			targettest.WantWhy(t, "the password of the other account", target.Verify(t.Context(), near), rotation.OtherAccount)
			own := open(t, server, alone(server, account, "host", host))
			err := own.Change(t.Context(), near, next)
			want(t, "change by the other account", err, rotation.ErrUnreachable) // as of what was not asked
			targettest.WantWhy(t, "change by the other account", err, rotation.OtherAccount)
		} else {
			want(t, host, target.Verify(t.Context(), next), nil)
			want(t, "the old one", target.Verify(t.Context(), near), rotation.ErrRefused)
		}
		if after := server.SQL("SELECT password FROM mysql.user WHERE user = '" + account + "' AND host <> '" + host + "'"); after != before {
			t.Errorf("a change of the account with the host %s changed the other one", host)
		}
	}
}

// What is not a refusal of this password must never be taken for one.
func TestUnknownIsNotRefused(t *testing.T) {
	server := mysqltest.Start(t)
	account, password := server.AddAccount(t, mysqltest.Native)
	target := open(t, server, alone(server, account))
	quoted := "'" + account + "'@'%'"
	next := servertest.NewPassword()

	server.SQL("ALTER USER " + quoted + " ACCOUNT LOCK")
	wantUnknown(t, "locked", target.Verify(t.Context(), password))
	targettest.WantWhy(t, "locked", target.Verify(t.Context(), password), rotation.AccountClosed)
	want(t, "a wrong one, locked", target.Verify(t.Context(), next), rotation.ErrRefused)
	server.SQL("ALTER USER " + quoted + " ACCOUNT UNLOCK PASSWORD EXPIRE")
	wantUnknown(t, "expired", target.Verify(t.Context(), password))
	targettest.WantWhy(t, "expired", target.Verify(t.Context(), password), rotation.MustChange)
	want(t, "change of an expired one by itself", target.Change(t.Context(), password, next), nil)
	want(t, "not expired any more", target.Verify(t.Context(), next), nil)

	server.SQL("SET GLOBAL disconnect_on_expired_password = ON; ALTER USER " + quoted + " PASSWORD EXPIRE")
	wantUnknown(t, "expired, and out", target.Verify(t.Context(), next))
	targettest.WantWhy(t, "expired, and out", target.Verify(t.Context(), next), rotation.MustChange)
	wantUnknown(t, "change of it by itself", target.Change(t.Context(), next, password))
	want(t, "change of it by the admin", open(t, server, describe(server, account)).Change(t.Context(), next, password), nil)
	want(t, "not expired any more", target.Verify(t.Context(), password), nil)

	server.SQL("SET GLOBAL max_password_errors = 1; CREATE USER other@'%'")
	for range 2 {
		_ = target.Verify(t.Context(), next)
	}
	wantUnknown(t, "too many errors", target.Verify(t.Context(), password))
	targettest.WantWhy(t, "too many errors", target.Verify(t.Context(), password), rotation.AccountClosed)
	server.SQL("FLUSH PRIVILEGES; SET GLOBAL max_password_errors = 1000")
	want(t, "the password after all that", target.Verify(t.Context(), password), nil)

	none := open(t, server, alone(server, "other"))
	want(t, "an account without a password", none.Verify(t.Context(), password), rotation.ErrRefused)
	server.SQL("CREATE USER socket@'%' IDENTIFIED VIA unix_socket")
	err := open(t, server, alone(server, "socket")).Verify(t.Context(), password)
	wantUnknown(t, "an account of the socket's", err)
	targettest.WantWhy(t, "an account of the socket's", err, rotation.PasswordOff)
}

// general gives the general log: who connected, and every statement.
func general(s *mysqltest.Server) string {
	log, err := os.ReadFile(filepath.Join(s.Dir, "general.log"))
	if err != nil {
		return ""
	}
	return string(log)
}

func TestDeclined(t *testing.T) {
	server := mysqltest.Start(t)
	account, password := server.AddAccount(t, mysqltest.Native)
	next := servertest.NewPassword()
	change := func(described custody.Target) error {
		return open(t, server, described).Change(t.Context(), password, next)
	}
	server.SQL("CREATE USER socket@'%' IDENTIFIED VIA unix_socket")
	want(t, "no such user", change(describe(server, "nobody")), rotation.ErrDeclined)
	want(t, "no such host", change(describe(server, account, "host", "elsewhere")), rotation.ErrDeclined)
	want(t, "an account without a password", change(describe(server, "socket")), rotation.ErrDeclined)
	server.SQL("SET GLOBAL read_only = ON")
	want(t, "read-only", change(describe(server, account)), rotation.ErrDeclined)
	server.SQL("SET GLOBAL read_only = OFF; REVOKE ALL ON mysql.* FROM " + mysqltest.Admin)
	want(t, "no right to do it", change(describe(server, account)), rotation.ErrDeclined)
	server.SetPassword(mysqltest.Admin, servertest.NewPassword())
	want(t, "the admin's password is another", change(describe(server, account)), rotation.ErrRefused)
	server.SQL("INSTALL SONAME 'simple_password_check'")
	want(t, "a plug-in that wants to see passwords", change(alone(server, account)), rotation.ErrDeclined)
	want(t, "the account's password after all that", open(t, server, alone(server, account)).Verify(t.Context(), password), nil)
	server.SQL("SET GLOBAL strict_password_validation = OFF")
	want(t, "the plug-in, not strict", change(alone(server, account)), nil)
	noTrace(t, server, password, next, server.AdminPassword)
}

func TestNoTLSThere(t *testing.T) {
	server := mysqltest.Start(t, "skip-ssl")
	account, password := server.AddAccount(t, mysqltest.Native)
	err := open(t, server, describe(server, account)).Verify(t.Context(), password)
	want(t, "verify", err, rotation.ErrHostKey)
	targettest.WantWhy(t, "verify", err, rotation.TLSRequired)
}

// Nothing of what a server says, and no secret, is in an error.
func TestErrorsAreClean(t *testing.T) {
	server := mysqltest.Start(t)
	account, password := server.AddAccount(t, mysqltest.Native)
	next := servertest.NewPassword()
	errs := map[string]error{
		"nobody": open(t, server, describe(server, "nobody")).Change(t.Context(), password, next),
		"verify": open(t, server, describe(server, account)).Verify(t.Context(), next),
	}
	server.SQL("REVOKE ALL ON mysql.* FROM " + mysqltest.Admin)
	errs["change"] = open(t, server, describe(server, account)).Change(t.Context(), password, next)
	server.SQL("ALTER USER '" + account + "'@'%' ACCOUNT LOCK")
	errs["locked"] = open(t, server, describe(server, account)).Verify(t.Context(), password)
	for what, err := range errs {
		if err == nil {
			t.Fatalf("%s succeeded", what)
		}
		targettest.WantClean(t, what, err, []string{"Access denied", "matching row", "this account", "28000", account, "*"},
			password, next, server.AdminPassword)
	}
}

// The canary itself must sing: a password that is sent in clear is in every log.
func TestCanary(t *testing.T) {
	server := mysqltest.Start(t)
	account, _ := server.AddAccount(t, mysqltest.Native)
	secret := servertest.NewPassword()
	inClear := "' IDENTIFIED BY '" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(secret.Reveal()) + "'"
	server.SQL("ALTER USER '" + account + inClear)
	server.SQL("INSTALL SONAME 'simple_password_check'; SET GLOBAL simple_password_check_minimal_length = 1000")
	server.Fails("ALTER USER '" + account + inClear)
	for _, log := range []string{"general.log", "slow.log", "errors.log", "data/binlog.000001"} {
		content, err := os.ReadFile(filepath.Join(server.Dir, log))
		if err != nil || servertest.Trace(content, secret) == "" {
			t.Errorf("a password that %s shows in clear was not found there (%v)", log, err)
		}
	}
}

// One in 256 challenges of ed25519 is one that the driver misreads.
func TestManyLogIns(t *testing.T) {
	server := mysqltest.Start(t)
	account, password := server.AddAccount(t, mysqltest.Ed25519)
	target := open(t, server, describe(server, account))
	for range 600 {
		if err := target.Verify(t.Context(), password); err != nil {
			t.Fatal(err)
		}
	}
	want(t, "a wrong one", target.Verify(t.Context(), servertest.NewPassword()), rotation.ErrRefused)
	if tries := strings.Fields(server.SQL("SHOW GLOBAL STATUS LIKE 'Access_denied_errors'")); tries[len(tries)-1] != "1" {
		t.Errorf("a wrong password was tried %s times", tries[len(tries)-1])
	}
}

func BenchmarkChangeAndVerify(b *testing.B) {
	server := mysqltest.Start(b)
	account, _ := server.AddAccount(b, mysqltest.Native)
	target, err := mysql.Open(describe(server, account), server.AdminPassword)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		next := servertest.NewPassword()
		if err := target.Change(b.Context(), custody.Secret{}, next); err != nil {
			b.Fatal(err)
		}
		if err := target.Verify(b.Context(), next); err != nil {
			b.Fatal(err)
		}
	}
}

// A second method is a second password: where there is one, a change of the first proves
// nothing, and the account itself changes nothing.
func TestSeveralMethodsAreNotVerified(t *testing.T) {
	server := mysqltest.Start(t)
	account, password := server.AddAccount(t, mysqltest.Native)
	second := servertest.NewPassword()
	server.AddMethod(account, second)
	target, own := open(t, server, describe(server, account)), open(t, server, alone(server, account))
	next := servertest.NewPassword()
	targettest.WantWhy(t, "verify", target.Verify(t.Context(), password), rotation.OldStillAccepted)
	err := own.Change(t.Context(), password, next)
	want(t, "change by itself", err, rotation.ErrUnreachable) // as of what was not asked
	targettest.WantWhy(t, "change by itself", err, rotation.OldStillAccepted)
	want(t, "the first one", server.Login(account, password), nil)
	want(t, "the second one", server.Login(account, second), nil)
	one, alone := server.AddAccount(t, mysqltest.Ed25519)
	want(t, "an account with one", open(t, server, describe(server, one)).Verify(t.Context(), alone), nil)
}
