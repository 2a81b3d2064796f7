package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/postgres/postgrestest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/totp"
)

// databaseServer is a PostgreSQL server that an administrator has made ready: with TLS,
// a role that owns its databases, and an auditor's that may read.
type databaseServer struct {
	*postgrestest.Server
	t        *testing.T
	folder   string
	auditor  string // role
	password string // file
	audits   string // file with the auditor's
}

func newDatabaseServer(t *testing.T) *databaseServer {
	t.Helper()
	s := &databaseServer{Server: postgrestest.Start(t, "fsync = on"), t: t, folder: t.TempDir()}
	s.password = s.write("password", s.AdminPassword.Reveal()+"\n")
	auditor, password := s.AddAccount(t)
	s.auditor, s.audits = auditor, s.write("auditors-password", password.Reveal()+"\n")
	s.SQL(fmt.Sprintf(`GRANT pg_read_all_data TO "%s"`, auditor))
	s.write("ca.pem", s.CA)
	return s
}

func (s *databaseServer) write(name, text string) (path string) {
	s.t.Helper()
	path = filepath.Join(s.folder, name)
	must(s.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func (s *databaseServer) address(user, name string) string {
	return fmt.Sprintf("postgres://%s@%s/%s?sslmode=verify-full&sslrootcert=%s", user, s.Addr, name, filepath.Join(s.folder, "ca.pem"))
}

// create makes an empty database, and gives the lines that say where it is.
func (s *databaseServer) create(name string) (lines string) {
	s.t.Helper()
	s.SQL("CREATE DATABASE " + name + " OWNER " + postgrestest.Admin + " ENCODING 'UTF8' TEMPLATE template0")
	return "database: " + s.address(postgrestest.Admin, name) + "\ndatabase_password_file: " + s.password
}

// copyTo makes another database of what pg_dump says of one.
func (s *databaseServer) copyTo(name, another string) {
	s.t.Helper()
	s.create(another)
	restore := s.program("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", another)
	restore.Stdin = bytes.NewReader(s.dump(name))
	if out, err := restore.CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
}

func (s *databaseServer) dump(name string) []byte {
	s.t.Helper()
	dump, err := s.program("pg_dump", name).Output()
	must(s.t, err)
	return dump
}

// program is one of PostgreSQL's own, as the superuser on the server's machine.
func (s *databaseServer) program(name string, args ...string) *exec.Cmd {
	s.t.Helper()
	_, port, _ := strings.Cut(s.Addr, ":")
	at := []string{"--host=" + s.Dir, "--port=" + port, "--username=postgres", "--no-password"}
	return exec.Command(servertest.Require(s.t, []string{"/usr/lib/postgresql/*/bin"}, name)[0], append(at, args...)...)
}

// code gives somebody's next code, as soon as it can be one step ahead.
func (in *installation) code(username string) string {
	in.t.Helper()
	who := in.people[username]
	next := func() int64 { return totp.Step(installationPeriod, time.Now()) + 1 }
	in.waitFor("another code of "+username, func() bool { return next() > who.Last })
	who.Last = next()
	code, err := totp.Code(custody.SecretString(who.TOTPSecret), who.Last)
	must(in.t, err)
	return code
}

// rootOf gives the root in the answer of a verification.
func rootOf(t *testing.T, answer string) string {
	t.Helper()
	var verified struct{ Root string }
	must(t, json.Unmarshal([]byte(answer), &verified))
	return verified.Root
}

// TestAnInstallationOnAServer: all that a company does with its database, with a role
// that is no superuser, over TLS.
func TestAnInstallationOnAServer(t *testing.T) {
	t.Parallel()
	server := newDatabaseServer(t)

	h := newHouse(t)
	h.database = server.create("house")
	h.configure()
	if out, said, code := h.tandem("config", "check"); code != 0 || strings.Contains(out+said, server.AdminPassword.Reveal()) {
		t.Errorf("config check: exit %d\n%s%s", code, out, said)
	}
	if _, said, code := h.tandem("maintenance", "end", "--reason", "x"); code != 1 || !strings.Contains(said, "no database of Tandem's yet") {
		t.Errorf("maintenance of nothing: exit %d, %s", code, said)
	}
	ada := h.initialise("ada")
	h.start()
	h.mustServe()
	must(t, h.signIn(ada))
	h.wantReady()
	if _, said, code := h.tandem("backup", h.file("backup")); code != 1 || !strings.Contains(said, "pg_dump") {
		t.Errorf("backup: exit %d, %s", code, said)
	}
	if _, err := os.Stat(h.file("backup")); !os.IsNotExist(err) {
		t.Errorf("it left %v", err)
	}
	if _, said, code := h.tandem("restore", h.file("backup")); code != 1 || !strings.Contains(said, "pg_dump") {
		t.Errorf("restore: exit %d, %s", code, said)
	}
	if _, said, code := h.tandem("maintenance", "show"); code != 0 {
		t.Errorf("maintenance: exit %d, %s", code, said)
	}
	if _, said, code := h.tandem("clock", "show"); code != 0 {
		t.Errorf("clock: exit %d, %s", code, said)
	}

	// Who is gone comes back, and what failed meanwhile is said.
	server.Stop()
	h.waitFor("the server to see that its database is away", func() bool { return h.status("/readyz") == http.StatusServiceUnavailable })
	server.Start()
	h.waitFor("the server to see that its database is there", func() bool { return h.status("/readyz") == http.StatusOK })
	h.stop()
	if strings.Contains(h.log(), server.AdminPassword.Reveal()) {
		t.Error("the password of the database is in the log")
	}
}

// TestAPasswordIsShownOnAServer, and an auditor who may only read verifies that it was.
func TestAPasswordIsShownOnAServer(t *testing.T) {
	t.Parallel()
	server := newDatabaseServer(t)
	in := newInstallationOn(t, server.create("office"))
	in.waitHeld()
	out, err := in.checkOut("tech-a")
	must(t, err)
	if !in.opens(out.Password) {
		t.Error("the password that was shown opens nothing")
	}
	verify := func(database string, file string) (said string, code int) {
		t.Helper()
		out, said, code := tandemTo(t, nil, []string{databasePasswordVariable + "=" + file}, []string{"ledger", "verify", "--database", database, "-o", "json"})
		return out + said, code
	}
	at := server.address(server.auditor, "office")
	good, code := verify(at, server.audits)
	if code != 0 || !strings.Contains(good, `"size"`) {
		t.Errorf("verify: exit %d, %s", code, good)
	}

	// What pg_dump copies while it runs is as whole, and a database to go on with.
	server.copyTo("office", "again")
	if said, code := verify(server.address(server.auditor, "again"), server.audits); code != 0 || rootOf(t, said) != rootOf(t, good) {
		t.Errorf("verify the copy: exit %d, %s", code, said)
	}
	in.serving.kill()
	in.database = strings.Replace(in.database, "/office?", "/again?", 1)
	in.configure()
	in.start()
	in.waitFor("it to be ready on the copy", func() bool { return in.status("/readyz") == http.StatusOK })
	said, code := verify(strings.Replace(at, "@", ":hunter2@", 1), "")
	if code == 0 || strings.Contains(said, "hunter2") || !strings.Contains(said, "password") {
		t.Errorf("with a password in the address: exit %d, %s", code, said)
	}
	if said, code := verify(at, server.password); code == 0 || strings.Contains(said, server.AdminPassword.Reveal()) {
		t.Errorf("with somebody else's: exit %d, %s", code, said)
	}
	// A row that no entry led to is found at the next start, and two people go on from
	// what is known as the ledger's own, with a dump of it as it was.
	in.serving.stop(t)
	dump := server.dump("again")
	server.SQL(`\connect again
UPDATE credentials SET doc = replace(doc::text, '"holder":"tech-a"', '"holder":"tech-b"')::json;`)
	in.start()
	in.waitFor("it to be ready to be read", func() bool {
		_, causes := in.operations("/readyz")
		return strings.Contains(causes, "ledger_suspect")
	})
	in.serving.stop(t)
	recover := func(args ...string) (said string, code int) {
		t.Helper()
		for range play.Tries { // a code lasts a second, and this machine may be busy
			codes := codeVariable + "=" + in.code("tech-a") + "," + in.code("manager")
			out, more, ended := tandemTo(t, nil, []string{codes}, append([]string{"ledger", "recover", "-o", "json", "--config", in.file("tandem.yaml")}, args...))
			if said, code = out+more, ended; !strings.Contains(said, string(custody.TOTPInvalid)) {
				break
			}
		}
		return said, code
	}
	both := []string{"--by=tech-a", "--by=manager", "--reason=drill"}
	if said, code := recover(both...); code != exitUsage || !strings.Contains(said, "pg_dump") {
		t.Errorf("without a dump: exit %d, %s", code, said)
	}
	if said, code := recover(append(both, "--dump="+server.write("empty", ""))...); code == 0 || !strings.Contains(said, "is no dump") {
		t.Errorf("with an empty one: exit %d, %s", code, said)
	}
	if said, code := recover(append(both, "--dump="+server.write("dump.sql", string(dump)))...); code != 0 || !strings.Contains(said, `"recovered": true`) {
		t.Fatalf("exit %d, %s", code, said)
	}
	if said, code := verify(server.address(server.auditor, "again"), server.audits); code != 0 {
		t.Errorf("verify what was recovered: exit %d, %s", code, said)
	}
	in.start()
	in.waitFor("it to be ready after the recovery", func() bool { return in.status("/readyz") == http.StatusOK })

	// Behind Tandem's back, by who owns the tables.
	server.SQL(`\connect office
ALTER TABLE ledger_entries DISABLE TRIGGER USER;
UPDATE ledger_entries SET record = convert_to(replace(convert_from(record, 'UTF8'), '"tech-a"', '"tech-b"'), 'UTF8') WHERE idx = (SELECT max(idx) FROM ledger_entries WHERE type = 'checkout.granted');`)
	if said, code := verify(at, server.audits); code != 4 || !strings.Contains(said, `"verified": false`) {
		t.Errorf("a changed entry: exit %d, %s", code, said)
	}
}
