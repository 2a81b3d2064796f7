package postgrestest

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// Admin is the role that may change the passwords of others.
const Admin = "tandem"

const logShown = 8 << 10 // bytes of the log's end that a failed test shows

// passwordsOnly is the pg_hba.conf of a server that is as it should be. Only the
// tests themselves come in by the socket.
const passwordsOnly = "host all all 127.0.0.1/32 scram-sha-256"

// Server is a PostgreSQL server that belongs to one test. Its methods fail that
// test if the server does not do what they say.
type Server struct {
	Addr          string // 127.0.0.1:PORT, the same over every restart
	CA            string // PEM of the certificate that it shows
	AdminPassword custody.Secret
	Dir           string              // everything that it writes
	Process       *servertest.Process // nil while stopped

	t              testing.TB
	place          servertest.Place
	port           int
	postgres, psql string
}

// Start starts a server. Options are lines of postgresql.conf that go after the
// usual ones, so that they count (the last value of an option does).
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	programs := servertest.Require(t, []string{"/usr/lib/postgresql/*/bin"}, "initdb", "postgres", "psql")
	place := servertest.NewPlace(t, "postgres")
	port := servertest.ReservePort(t)
	s := &Server{
		Addr: fmt.Sprintf("127.0.0.1:%d", port), Dir: place.Dir, AdminPassword: servertest.NewPassword(),
		t: t, place: place, port: port, postgres: programs[1], psql: programs[2],
	}
	if out, err := place.Command(programs[0], "-D", place.Path("data"), "--username=postgres",
		"--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync",
		"--wal-segsize=1").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	place.Write(t, "data/postgresql.conf", fmt.Appendf(nil, `
listen_addresses = '127.0.0.1'
port = %d
unix_socket_directories = '%s'
ssl = on
fsync = off
min_wal_size = '2MB'
max_wal_size = '16MB'
log_statement = 'all'
log_min_duration_statement = 0
log_min_error_statement = 'debug5'
log_error_verbosity = 'verbose'
log_connections = on
%s
`, port, place.Dir, strings.Join(options, "\n")))
	s.writeCertificate()
	s.writeAccess(passwordsOnly)
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			log := s.Log()
			t.Logf("end of PostgreSQL's log:\n%s", log[max(0, len(log)-logShown):])
		}
	})
	s.Start()
	s.quietly(fmt.Sprintf(`CREATE ROLE "%s" LOGIN CREATEROLE PASSWORD %s`, Admin, quoted(s.AdminPassword)))
	return s
}

// Start starts a stopped server again, and returns when it answers.
func (s *Server) Start() {
	s.t.Helper()
	log, err := os.OpenFile(s.place.Path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close() // the child has its own copy
	cmd := s.place.Command(s.postgres, "-D", s.place.Path("data"))
	cmd.Stderr = log
	if s.Process, err = servertest.Start(cmd); err != nil {
		s.t.Fatalf("start postgres: %v", err)
	}
	if err := s.Process.Await(func() error { return s.run("SELECT 1") }); err != nil {
		s.t.Fatalf("wait for postgres: %v\n%s", err, s.Log())
	}
}

// Stop ends the server with all its sessions. It does nothing to a stopped one.
func (s *Server) Stop() {
	s.t.Helper()
	if s.Process != nil {
		s.Process.End(s.t, syscall.SIGINT) // "fast shutdown"
		s.Process = nil
	}
}

// ReplaceCertificate gives the server another certificate, as if another host
// had taken its address; with names, one for those. CA then is the new one.
func (s *Server) ReplaceCertificate(names ...string) {
	s.t.Helper()
	s.Stop()
	s.writeCertificate(names...)
	s.Start()
}

// SetAccess gives the server other lines of pg_hba.conf for TCP, none for the
// usual one.
func (s *Server) SetAccess(lines ...string) {
	s.t.Helper()
	if len(lines) == 0 {
		lines = []string{passwordsOnly}
	}
	s.writeAccess(lines...)
	s.Stop()
	s.Start()
}

func (s *Server) writeCertificate(names ...string) {
	s.t.Helper()
	certificate, key := servertest.NewCertificate(s.t, names...)
	s.place.Write(s.t, "data/server.crt", certificate)
	s.place.Write(s.t, "data/server.key", key)
	s.CA = string(certificate)
}

func (s *Server) writeAccess(lines ...string) {
	s.t.Helper()
	s.place.Write(s.t, "data/pg_hba.conf", []byte("local all postgres trust\n"+strings.Join(lines, "\n")+"\n"))
}

// Log gives all that the server has logged.
func (s *Server) Log() []byte {
	s.t.Helper()
	log, err := os.ReadFile(s.place.Path("log"))
	if err != nil {
		s.t.Fatal(err)
	}
	return log
}

// AddAccount makes a role with a password.
func (s *Server) AddAccount(t testing.TB) (name string, password custody.Secret) {
	t.Helper()
	name, password = "tandem-test-"+strings.ToLower(rand.Text()[:10]), servertest.NewPassword()
	s.quietly(fmt.Sprintf(`CREATE ROLE "%s" LOGIN PASSWORD %s`, name, quoted(password)))
	return name, password
}

// SetPassword changes a role's password behind everybody's back.
func (s *Server) SetPassword(name string, password custody.Secret) {
	s.t.Helper()
	s.quietly(fmt.Sprintf(`ALTER ROLE "%s" PASSWORD %s`, name, quoted(password)))
}

// SQL runs statements as the superuser.
func (s *Server) SQL(statements string) {
	s.t.Helper()
	if err := s.run(statements); err != nil {
		s.t.Fatal(err)
	}
}

// Login says whether a password opens a role: nil if it does. It is psql that
// logs in, which shares no code with what it is there to check.
func (s *Server) Login(name string, password custody.Secret) error {
	return s.psqlAs(fmt.Sprintf("host=127.0.0.1 port=%d user='%s' dbname=postgres sslmode=disable", s.port, name),
		password, "SELECT 1")
}

// quietly runs a statement that has a secret in it without having it logged.
func (s *Server) quietly(statement string) {
	s.t.Helper()
	s.SQL("SET log_statement = 'none'; SET log_min_duration_statement = -1; SET log_min_error_statement = 'panic';\n" + statement)
}

func (s *Server) run(statements string) error {
	return s.psqlAs(fmt.Sprintf("host=%s port=%d user=postgres dbname=postgres", s.Dir, s.port), custody.Secret{}, statements)
}

func (s *Server) psqlAs(where string, password custody.Secret, statements string) error {
	cmd := s.place.Command(s.psql, "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", where)
	cmd.Env = append(cmd.Env, "PGPASSWORD="+password.Reveal(), "PGPASSFILE=/dev/null", "PGCONNECT_TIMEOUT=20")
	cmd.Stdin = strings.NewReader(statements)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// quoted quotes a password as a literal, dollar-quoted.
func quoted(password custody.Secret) string {
	return "$password$" + password.Reveal() + "$password$"
}
