package postgrestest

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// Admin is the role that may change the passwords of others.
const Admin = "tandem"

// passwordsOnly is the pg_hba.conf of a server that is as it should be. Only the
// tests themselves come in by the socket.
const passwordsOnly = "host all all 127.0.0.1/32 scram-sha-256"

// Server is a PostgreSQL server that belongs to one test. Its methods fail that
// test if the server does not do what they say.
type Server struct {
	Addr          string // 127.0.0.1:PORT, the same over every restart
	CA            string // PEM of the certificate that it shows
	AdminPassword custody.Secret
	Dir           string // everything that it writes
	*servertest.Daemon

	t     testing.TB
	place servertest.Place
	port  int
	psql  string
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
		t: t, place: place, port: port, psql: programs[2],
	}
	s.Daemon = servertest.NewDaemon(t, servertest.Service{
		Name: "PostgreSQL", Log: place.Path("log"), End: syscall.SIGINT, // "fast shutdown"
		Command: func() *exec.Cmd { return place.Command(programs[1], "-D", place.Path("data")) },
		Answers: func() error { return s.run("SELECT 1") },
	})
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
	s.Start()
	s.quietly(fmt.Sprintf(`CREATE ROLE "%s" LOGIN CREATEROLE PASSWORD %s`, Admin, quoted(s.AdminPassword)))
	return s
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
	s.CA = string(s.place.WriteCertificate(s.t, "data/server.crt", "data/server.key", names...))
}

func (s *Server) writeAccess(lines ...string) {
	s.t.Helper()
	s.place.Write(s.t, "data/pg_hba.conf", []byte("local all postgres trust\n"+strings.Join(lines, "\n")+"\n"))
}

// AddAccount makes a role with a password.
func (s *Server) AddAccount(t testing.TB) (name string, password custody.Secret) {
	t.Helper()
	name, password = servertest.NewName(), servertest.NewPassword()
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
