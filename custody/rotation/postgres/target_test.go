package postgres_test

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/postgres"
	"github.com/tandem-custody/tandem/custody/rotation/postgres/postgrestest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

// describe describes a role that the admin changes.
func describe(s *postgrestest.Server, account string, settings ...string) custody.Target {
	return alone(s, account, append([]string{"admin", postgrestest.Admin}, settings...)...)
}

// alone describes a role that changes its own password.
func alone(s *postgrestest.Server, account string, settings ...string) custody.Target {
	return targettest.Describe(postgres.Kind, s.Addr, account, append([]string{"ca", s.CA}, settings...)...)
}

func open(t *testing.T, s *postgrestest.Server, described custody.Target) rotation.Target {
	t.Helper()
	return targettest.Open(t, postgres.Open, described, s.AdminPassword)
}

// A log-in must cost one try.
func TestOneTryForEachVerify(t *testing.T) {
	server := postgrestest.Start(t)
	account, _ := server.AddAccount(t)
	target := open(t, server, describe(server, account))
	want(t, "a wrong password", target.Verify(t.Context(), servertest.NewPassword()), rotation.ErrRefused)
	server.Stop() // the log is complete
	if tries := strings.Count(string(server.Log()), `password authentication failed for user "`+account); tries != 1 {
		t.Errorf("it was tried %d times", tries)
	}
}

// Names that mean something else unless they are quoted. A change must reach
// the role of that name and no other.
func TestAwkwardNames(t *testing.T) {
	server := postgrestest.Start(t)
	for _, name := range []string{`Upper Case`, `a"b`, `a'b; DROP ROLE tandem; --`, `a\b`, `current_user`, `管理员`, `$1`, strings.Repeat("n", 63)} {
		server.SQL(`CREATE ROLE "` + strings.ReplaceAll(name, `"`, `""`) + `" LOGIN`)
		target := open(t, server, describe(server, name))
		next := servertest.NewPassword()
		want(t, name, target.Change(t.Context(), custody.Secret{}, next), nil)
		want(t, name, target.Verify(t.Context(), next), nil)
	}
	want(t, "the admin's password", server.Login(postgrestest.Admin, server.AdminPassword), nil)
}

// What is not a refusal of this password must never be taken for one, and what
// does not demand it must not be taken for a log-in.
func TestUnknownIsNotRefused(t *testing.T) {
	server := postgrestest.Start(t)
	account, password := server.AddAccount(t)
	target := open(t, server, describe(server, account))
	verify := func() error { return target.Verify(t.Context(), password) }

	for access, why := range map[string]rotation.Failure{
		"host all all 127.0.0.1/32 trust":       rotation.PasswordOff,
		"host all all 127.0.0.1/32 reject":      rotation.NotAllowed,
		"hostnossl all all 127.0.0.1/32 trust":  rotation.NotAllowed,
		"hostssl all all 127.0.0.1/32 cert":     rotation.TargetError,
		"host template1 all 127.0.0.1/32 trust": rotation.NotAllowed,
	} {
		server.SetAccess(access)
		wantUnknown(t, access, verify())
		targettest.WantWhy(t, access, verify(), why)
	}
	for method := range strings.FieldsSeq("password md5") { // over verified TLS
		server.SetAccess("host all all 127.0.0.1/32 " + method)
		want(t, method, verify(), nil)
	}
	server.SetAccess("host all all 127.0.0.1/32 password")
	open := open(t, server, describe(server, account, "tls", "off"))
	wantUnknown(t, "asked for the password in clear, without TLS", open.Verify(t.Context(), password))
	server.SetAccess()

	quoted := `"` + account + `"`
	server.SQL("ALTER ROLE " + quoted + " NOLOGIN")
	wantUnknown(t, "it may not log in", verify())
	targettest.WantWhy(t, "it may not log in", verify(), rotation.NotAllowed)
	server.SQL("ALTER ROLE " + quoted + " LOGIN VALID UNTIL '2020-01-01'")
	want(t, "an expired password", verify(), rotation.ErrRefused) // PostgreSQL does not tell which
	server.SQL("ALTER ROLE " + quoted + " VALID UNTIL 'infinity' CONNECTION LIMIT 0")
	want(t, "no connection left", verify(), rotation.ErrUnreachable)
	server.SQL("ALTER ROLE " + quoted + " CONNECTION LIMIT -1; REVOKE CONNECT ON DATABASE template1 FROM PUBLIC")
	want(t, "the password after all that", verify(), nil)

	for _, database := range []string{"template1", "nowhere"} {
		target, err := postgres.Open(describe(server, account, "database", database), server.AdminPassword)
		want(t, "open", err, nil)
		wantUnknown(t, database, target.Verify(t.Context(), password))
	}
}

func TestDeclined(t *testing.T) {
	server := postgrestest.Start(t)
	account, password := server.AddAccount(t)
	next := servertest.NewPassword()
	change := func(described custody.Target) error {
		return open(t, server, described).Change(t.Context(), password, next)
	}
	want(t, "no such role", change(describe(server, "nobody")), rotation.ErrDeclined)
	want(t, "a superuser", change(describe(server, "postgres")), rotation.ErrDeclined)
	server.SQL(`ALTER ROLE "` + postgrestest.Admin + `" NOCREATEROLE`)
	want(t, "no right to do it", change(describe(server, account)), rotation.ErrDeclined)
	server.SQL(`ALTER ROLE "` + postgrestest.Admin + `" SET default_transaction_read_only = on`)
	want(t, "read-only", change(describe(server, account)), rotation.ErrDeclined)
	server.SetPassword(postgrestest.Admin, servertest.NewPassword())
	want(t, "the admin's password is another", change(describe(server, account)), rotation.ErrRefused)
	want(t, "the account's password after all that", open(t, server, alone(server, account)).Verify(t.Context(), password), nil)
	servertest.NoTrace(t, server.Dir, server.Process, password, next, server.AdminPassword)
}

// A policy of the server's sees a verifier only, and yet can refuse.
func TestServerPolicy(t *testing.T) {
	server := postgrestest.Start(t, "shared_preload_libraries = 'passwordcheck'")
	account, _ := server.AddAccount(t)
	target := open(t, server, describe(server, account))
	want(t, "the role's name", target.Change(t.Context(), custody.Secret{}, custody.SecretString(account)), rotation.ErrValue)
	want(t, "another value", target.Change(t.Context(), custody.Secret{}, servertest.NewPassword()), nil)
}

func TestNoTLSThere(t *testing.T) {
	server := postgrestest.Start(t, "ssl = off")
	account, password := server.AddAccount(t)
	err := open(t, server, describe(server, account)).Verify(t.Context(), password)
	want(t, "verify", err, rotation.ErrHostKey)
	targettest.WantWhy(t, "verify", err, rotation.TLSRequired)
	if strings.Contains(string(server.Log()), "connection authorized: user="+account) {
		t.Error("it logged in without TLS")
	}
}

// Settings of the environment, and what a password file has, are another
// program's.
func TestEnvironmentDoesNotCount(t *testing.T) {
	server := postgrestest.Start(t)
	account, password := server.AddAccount(t)
	for name, value := range map[string]string{
		"PGPASSWORD": password.Reveal(), "PGUSER": "postgres", "PGHOST": server.Dir, "PGSSLMODE": "disable",
		"PGREQUIREAUTH": "none", "PGTARGETSESSIONATTRS": "standby", "PGOPTIONS": "-c role=nobody", "PGDATABASE": "nowhere",
	} {
		t.Setenv(name, value)
	}
	target := open(t, server, describe(server, account))
	want(t, "the right password", target.Verify(t.Context(), password), nil)
	want(t, "a wrong one", target.Verify(t.Context(), servertest.NewPassword()), rotation.ErrRefused)
	want(t, "none", target.Verify(t.Context(), custody.Secret{}), rotation.ErrRefused)
}

// Nothing of what a server says, and no secret, is in an error.
func TestErrorsAreClean(t *testing.T) {
	server := postgrestest.Start(t)
	account, password := server.AddAccount(t)
	next := servertest.NewPassword()
	server.SQL(`ALTER ROLE "` + postgrestest.Admin + `" NOCREATEROLE`)
	errs := map[string]error{
		"change": open(t, server, describe(server, account)).Change(t.Context(), password, next),
		"nobody": open(t, server, describe(server, "nobody")).Change(t.Context(), password, next),
		"verify": open(t, server, describe(server, account)).Verify(t.Context(), next),
	}
	server.SetAccess("host all all 127.0.0.1/32 reject")
	errs["rejected"] = open(t, server, describe(server, account)).Verify(t.Context(), password)
	for what, err := range errs {
		if err == nil {
			t.Fatalf("%s succeeded", what)
		}
		targettest.WantClean(t, what, err, []string{"must be", "permission", "does not exist", "pg_hba", "authentication", account, "SCRAM"},
			password, next, server.AdminPassword)
	}
}

// The canary itself must sing: a password that is sent in clear is found.
func TestCanary(t *testing.T) {
	server := postgrestest.Start(t)
	account, _ := server.AddAccount(t)
	secret := servertest.NewPassword()
	server.SQL(`ALTER ROLE "` + account + `" PASSWORD '` + strings.ReplaceAll(secret.Reveal(), "'", "''") + `'`)
	if servertest.Trace(server.Log(), secret) == "" {
		t.Error("a password that the log shows in clear was not found there")
	}
}

func BenchmarkChangeAndVerify(b *testing.B) {
	server := postgrestest.Start(b)
	account, _ := server.AddAccount(b)
	target, err := postgres.Open(describe(server, account), server.AdminPassword)
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

// A role that could not log in with any password keeps the one that it has.
func TestNothingIsChangedThatCouldNotBeProved(t *testing.T) {
	server := postgrestest.Start(t)
	account, password := server.AddAccount(t)
	target := open(t, server, describe(server, account))
	quoted := `"` + account + `"`
	for change, why := range map[string]rotation.Failure{
		"NOLOGIN": rotation.NotAllowed, "CONNECTION LIMIT 0": rotation.NotAllowed, "VALID UNTIL '2020-01-01'": rotation.AccountClosed,
	} {
		server.SQL("ALTER ROLE " + quoted + " " + change)
		err := target.Change(t.Context(), custody.Secret{}, servertest.NewPassword())
		want(t, change, err, rotation.ErrUnreachable) // as of what was not asked
		targettest.WantWhy(t, change, err, why)
		server.SQL("ALTER ROLE " + quoted + " LOGIN CONNECTION LIMIT -1 VALID UNTIL 'infinity'")
		want(t, "the password after "+change, target.Verify(t.Context(), password), nil)
	}
	want(t, "a change then", target.Change(t.Context(), custody.Secret{}, servertest.NewPassword()), nil)
}
