package mysql_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/mysql"
	"github.com/tandem-custody/tandem/custody/rotation/mysql/mysqltest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// describe describes an account that the admin changes.
func describe(s *mysqltest.Server, account string, settings ...string) custody.Target {
	t := alone(s, account, settings...)
	t.Settings["admin"] = mysqltest.Admin
	return t
}

// alone describes an account that changes its own password.
func alone(s *mysqltest.Server, account string, settings ...string) custody.Target {
	t := custody.Target{
		Kind: mysql.Kind, Address: s.Addr, Account: account,
		Settings: map[string]string{"ca": s.CA},
	}
	for i := 0; i < len(settings); i += 2 {
		t.Settings[settings[i]] = settings[i+1]
	}
	return t
}

func open(t *testing.T, s *mysqltest.Server, described custody.Target) rotation.Target {
	t.Helper()
	var key custody.Secret
	if described.Settings["admin"] != "" {
		key = s.AdminPassword
	}
	target, err := mysql.Open(described, key)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func want(t *testing.T, what string, got, wanted error) {
	t.Helper()
	if !errors.Is(got, wanted) {
		t.Errorf("%s: %v, not %v", what, got, wanted)
	}
}

// wantUnknown wants an error that says nothing for certain.
func wantUnknown(t *testing.T, what string, got error) {
	t.Helper()
	if got == nil {
		t.Errorf("%s: no error", what)
	}
	for _, known := range []error{rotation.ErrRefused, rotation.ErrValue, rotation.ErrDeclined, rotation.ErrHostKey, rotation.ErrUnreachable} {
		if errors.Is(got, known) {
			t.Errorf("%s: %v", what, got)
		}
	}
}

// noTrace also looks into the statements that the server keeps in memory.
func noTrace(t *testing.T, s *mysqltest.Server, secrets ...custody.Secret) {
	t.Helper()
	servertest.NoTrace(t, s.Dir, s.Process, secrets...)
	history := s.SQL("SELECT * FROM performance_schema.events_statements_history_long; SELECT * FROM performance_schema.events_statements_history; SHOW FULL PROCESSLIST")
	for i, secret := range secrets {
		if form := servertest.Trace([]byte(history), secret); form != "" {
			t.Errorf("secret %d is in the server's memory of statements, %s", i, form)
		}
	}
}

func TestChangeAndVerify(t *testing.T) {
	server := mysqltest.Start(t, "performance-schema-consumer-events-statements-history-long = ON")
	for name, describe := range map[string]func(*mysqltest.Server, string, ...string) custody.Target{
		"by the admin": describe, "by itself": alone,
		"in clear on loopback": func(s *mysqltest.Server, account string, _ ...string) custody.Target {
			d := describe(s, account, "tls", "off")
			delete(d.Settings, "ca")
			return d
		},
	} {
		for _, plugin := range []string{mysqltest.Native, mysqltest.Ed25519} {
			t.Run(name+" "+plugin, func(t *testing.T) {
				account, old := server.AddAccount(t, plugin)
				target := open(t, server, describe(server, account))
				ctx := t.Context()
				want(t, "the old password before", target.Verify(ctx, old), nil)

				next := servertest.NewPassword()
				want(t, "change", target.Change(ctx, old, next), nil)
				want(t, "the new password", target.Verify(ctx, next), nil)
				want(t, "the old password after", target.Verify(ctx, old), rotation.ErrRefused)
				want(t, "the new password, seen from outside", server.Login(account, next), nil)
				if server.Login(account, old) == nil {
					t.Error("the old password still opens it, seen from outside")
				}
				want(t, "the same change again", target.Change(ctx, old, next), nil)
				want(t, "the new password then", target.Verify(ctx, next), nil)
				if !strings.Contains(server.SQL("SHOW CREATE USER '"+account+"'@'%'"), plugin) && plugin != mysqltest.Native {
					t.Error("the plug-in is another")
				}
				noTrace(t, server, old, next, server.AdminPassword)
			})
		}
	}
}

func TestReconcile(t *testing.T) {
	server := mysqltest.Start(t)
	account, _ := server.AddAccount(t, mysqltest.Native)
	lost, next := servertest.NewPassword(), servertest.NewPassword()
	server.SetPassword(account, lost)

	own := open(t, server, alone(server, account))
	if own.Describe().Reconciles {
		t.Error("it says that it reconciles, without an admin")
	}
	want(t, "reconcile without an admin", own.Reconcile(t.Context(), next), rotation.ErrDeclined)
	want(t, "change with a wrong password", own.Change(t.Context(), servertest.NewPassword(), next), rotation.ErrRefused)
	want(t, "change without a password", own.Change(t.Context(), custody.Secret{}, next), rotation.ErrRefused)
	want(t, "the lost password", own.Verify(t.Context(), lost), nil)

	target := open(t, server, describe(server, account))
	if !target.Describe().Reconciles {
		t.Error("it does not say that it reconciles")
	}
	want(t, "reconcile", target.Reconcile(t.Context(), next), nil)
	want(t, "the new password", target.Verify(t.Context(), next), nil)
	want(t, "the lost password after", target.Verify(t.Context(), lost), rotation.ErrRefused)
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
			own := open(t, server, alone(server, account, "host", host))
			want(t, "change of the other account", own.Change(t.Context(), near, next), rotation.ErrDeclined)
		} else {
			want(t, host, target.Verify(t.Context(), next), nil)
			want(t, "the old one", target.Verify(t.Context(), near), rotation.ErrRefused)
		}
		if after := server.SQL("SELECT password FROM mysql.user WHERE user = '" + account + "' AND host <> '" + host + "'"); after != before {
			t.Errorf("a change of the account with the host %s changed the other one", host)
		}
	}
}

func TestValues(t *testing.T) {
	server := mysqltest.Start(t)
	for _, plugin := range []string{mysqltest.Native, mysqltest.Ed25519} {
		account, _ := server.AddAccount(t, plugin)
		target := open(t, server, describe(server, account))
		values := []string{
			` leading and trailing `, `'; DROP USER tandem; -- `, `"$$`, `\'\\`, `%s%n%00?`, `密码-пароль-é-ﬁ`, `*/ 1 /*!`,
			`*6EAB9E45F1C214ADCA7FA261A6E603CA5A519EF6`, strings.Repeat("x", 256),
		}
		for _, value := range values {
			next := custody.SecretString(value)
			want(t, value, target.Change(t.Context(), custody.Secret{}, next), nil)
			want(t, value, target.Verify(t.Context(), next), nil)
			want(t, value+", seen from outside", server.Login(account, next), nil)
		}
		for name, value := range map[string]string{
			"nothing": "", "too long": strings.Repeat("x", 257), "a NUL": "a\x00b", "a newline": "a\nb", "not UTF-8": "a\xffb",
		} {
			want(t, name, target.Change(t.Context(), custody.Secret{}, custody.SecretString(value)), rotation.ErrValue)
		}
		want(t, "the password after all those", target.Verify(t.Context(), custody.SecretString(values[len(values)-1])), nil)
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
	want(t, "a wrong one, locked", target.Verify(t.Context(), next), rotation.ErrRefused)
	server.SQL("ALTER USER " + quoted + " ACCOUNT UNLOCK PASSWORD EXPIRE")
	wantUnknown(t, "expired", target.Verify(t.Context(), password))
	want(t, "change of an expired one by itself", target.Change(t.Context(), password, next), nil)
	want(t, "not expired any more", target.Verify(t.Context(), next), nil)

	server.SQL("SET GLOBAL disconnect_on_expired_password = ON; ALTER USER " + quoted + " PASSWORD EXPIRE")
	wantUnknown(t, "expired, and out", target.Verify(t.Context(), next))
	wantUnknown(t, "change of it by itself", target.Change(t.Context(), next, password))
	want(t, "change of it by the admin", open(t, server, describe(server, account)).Change(t.Context(), next, password), nil)
	want(t, "not expired any more", target.Verify(t.Context(), password), nil)

	server.SQL("SET GLOBAL max_password_errors = 1; CREATE USER other@'%'")
	for range 2 {
		_ = target.Verify(t.Context(), next)
	}
	wantUnknown(t, "too many errors", target.Verify(t.Context(), password))
	server.SQL("FLUSH PRIVILEGES; SET GLOBAL max_password_errors = 1000")
	want(t, "the password after all that", target.Verify(t.Context(), password), nil)

	none := open(t, server, alone(server, "other"))
	want(t, "an account without a password", none.Verify(t.Context(), password), rotation.ErrRefused)
	server.SQL("CREATE USER socket@'%' IDENTIFIED VIA unix_socket")
	wantUnknown(t, "an account of the socket's", open(t, server, alone(server, "socket")).Verify(t.Context(), password))
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

func TestHostIsPinned(t *testing.T) {
	server := mysqltest.Start(t)
	account, password := server.AddAccount(t, mysqltest.Native)
	pinned := describe(server, account)
	target := open(t, server, pinned)
	want(t, "pinned", target.Verify(t.Context(), password), nil)

	delete(pinned.Settings, "ca")
	want(t, "by the system's authorities", open(t, server, pinned).Verify(t.Context(), password), rotation.ErrHostKey)

	server.ReplaceCertificate()
	want(t, "verify at another host", target.Verify(t.Context(), password), rotation.ErrHostKey)
	want(t, "change at another host", target.Change(t.Context(), password, servertest.NewPassword()), rotation.ErrHostKey)

	server.ReplaceCertificate("db02.example")
	want(t, "a certificate for another name", open(t, server, describe(server, account)).Verify(t.Context(), password), rotation.ErrHostKey)

	server.Stop()
	server.Configure("skip-ssl")
	server.Start()
	want(t, "no TLS there", open(t, server, describe(server, account)).Verify(t.Context(), password), rotation.ErrHostKey)
}

func TestServerGone(t *testing.T) {
	server := mysqltest.Start(t)
	account, password := server.AddAccount(t, mysqltest.Native)
	described := describe(server, account)
	target := open(t, server, described)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	want(t, "verify, cancelled", target.Verify(cancelled, password), context.Canceled)
	want(t, "change, cancelled", target.Change(cancelled, password, servertest.NewPassword()), context.Canceled)

	// Somewhere the bytes run out: before the log-in, in it, or in the change,
	// which may have happened then or not, and must not be called either.
	next, cut, changed := servertest.NewPassword(), 0, false
	for limit := int64(0); limit < 8000 && !changed; limit += 7 {
		broken := described
		broken.Address = relay(t, server.Addr, limit)
		err := open(t, server, broken).Change(t.Context(), password, next)
		switch {
		case err == nil:
			changed = true
		case errors.Is(err, rotation.ErrUnreachable):
		default:
			wantUnknown(t, fmt.Sprintf("the connection ends after %d bytes", limit), err)
			cut++
		}
	}
	if !changed || cut == 0 {
		t.Errorf("changed: %v; cut in the change: %d times", changed, cut)
	}
	want(t, "the new password", target.Verify(t.Context(), next), nil)

	server.Stop()
	want(t, "verify, stopped", target.Verify(t.Context(), next), rotation.ErrUnreachable)
	want(t, "change, stopped", target.Change(t.Context(), next, password), rotation.ErrUnreachable)
	server.Start()
	want(t, "verify, started again", target.Verify(t.Context(), next), nil)
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
		for _, text := range []string{"Access denied", "matching row", "this account", "28000", account, "*"} {
			if strings.Contains(err.Error(), text) {
				t.Errorf("%s: the error holds %q: %v", what, text, err)
			}
		}
		for _, secret := range []custody.Secret{password, next, server.AdminPassword} {
			if form := servertest.Trace([]byte(err.Error()), secret); form != "" {
				t.Errorf("%s: the error holds a secret %s", what, form)
			}
		}
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

// relay passes connections on and hangs up after so many bytes from the server.
func relay(t *testing.T, addr string, limit int64) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				server, err := net.Dial("tcp", addr)
				if err != nil {
					return
				}
				defer server.Close()
				go io.Copy(server, client)
				io.CopyN(client, server, limit)
			}()
		}
	}()
	return l.Addr().String()
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
