package mysqltest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strings"
	"syscall"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// Admin is the user that may change the passwords of others.
const Admin = "tandem"

// The plug-ins that an account can be made with.
const (
	Native  = "mysql_native_password"
	Ed25519 = "ed25519"
)

// Server is a MariaDB server that belongs to one test. Its methods fail that
// test if the server does not do what they say.
type Server struct {
	Addr          string // 127.0.0.1:PORT, the same over every restart
	CA            string // PEM of the certificate that it shows
	AdminPassword custody.Secret
	// Dir is where everything is that it writes. Its error log is that of the daemon; the
	// others are general.log, slow.log, errors.log (failed statements) and
	// data/binlog.000001.
	Dir string
	*servertest.Daemon

	t      testing.TB
	place  servertest.Place
	port   int
	root   string // the user with all rights, who comes in by the socket
	client string
}

// Start starts a server. Options are lines of its configuration that go after
// the usual ones, so that they count (the last value of an option does).
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	programs := servertest.Require(t, nil, "mariadb-install-db", "mariadbd", "mariadb")
	place := servertest.NewPlace(t, "mysql")
	port := servertest.ReservePort(t)
	s := &Server{
		Addr: fmt.Sprintf("127.0.0.1:%d", port), Dir: place.Dir, AdminPassword: servertest.NewPassword(),
		t: t, place: place, port: port, client: programs[2],
	}
	s.Daemon = servertest.NewDaemon(t, servertest.Service{
		Name: "MariaDB", Log: place.Path("log"), LogsItself: true, End: syscall.SIGTERM,
		Command: func() *exec.Cmd { return place.Command(programs[1], "--defaults-file="+place.Path("my.cnf")) },
		Answers: func() error { _, err := s.run("SELECT 1"); return err },
	})
	s.root = "mysql" // MariaDB knows who it is by the account on this machine
	if os.Geteuid() != 0 {
		me, err := user.Current()
		if err != nil {
			t.Fatal(err)
		}
		s.root = me.Username
	}
	if out, err := place.Command(programs[0], "--no-defaults", "--datadir="+place.Path("data"), "--skip-test-db",
		"--innodb-log-file-size=4M", // nobody writes much, and NoTrace reads all of it
		"--auth-root-authentication-method=socket", "--auth-root-socket-user="+s.root).CombinedOutput(); err != nil {
		t.Fatalf("mariadb-install-db: %v\n%s", err, out)
	}
	s.Configure(options...)
	s.writeCertificate()
	s.Start()
	s.add(Admin, "%", Native, s.AdminPassword)
	s.SQL("GRANT UPDATE ON mysql.* TO " + Admin)
	return s
}

// Configure gives the server other options from its next start on.
func (s *Server) Configure(options ...string) {
	s.t.Helper()
	s.place.Write(s.t, "my.cnf", fmt.Appendf(nil, `[mariadbd]
datadir = %[1]s/data
socket = %[1]s/socket
pid-file = %[1]s/pid
bind-address = 127.0.0.1
port = %[2]d
skip-name-resolve
innodb-flush-log-at-trx-commit = 0
innodb-log-file-size = 4M
innodb-buffer-pool-size = 16M
ssl-cert = %[1]s/server.crt
ssl-key = %[1]s/server.key
ssl-ca = %[1]s/server.crt
log-error = %[1]s/log
log-warnings = 9
general-log
general-log-file = %[1]s/general.log
slow-query-log
slow-query-log-file = %[1]s/slow.log
long-query-time = 0
log-bin = %[1]s/data/binlog
server-id = 1
performance-schema = ON
plugin-load-add = auth_ed25519
plugin-load-add = sql_errlog
sql-error-log-filename = %[1]s/errors.log
max-connect-errors = 100000
%[3]s
`, s.Dir, s.port, strings.Join(options, "\n")))
}

// ReplaceCertificate gives the server another certificate, as if another host
// had taken its address; with names, one for those. CA then is the new one.
func (s *Server) ReplaceCertificate(names ...string) {
	s.t.Helper()
	s.Stop()
	s.writeCertificate(names...)
	s.Start()
}

func (s *Server) writeCertificate(names ...string) {
	s.t.Helper()
	s.CA = string(s.place.WriteCertificate(s.t, "server.crt", "server.key", names...))
}

// AddAccount makes a user from any host with a password, for one of the plug-ins.
func (s *Server) AddAccount(t testing.TB, plugin string) (name string, password custody.Secret) {
	t.Helper()
	name, password = servertest.NewName(), servertest.NewPassword()
	s.add(name, "%", plugin, password)
	return name, password
}

// AddAt makes a user from one host, as another account than from any other.
func (s *Server) AddAt(name, host string, password custody.Secret) {
	s.t.Helper()
	s.add(name, host, Native, password)
}

func (s *Server) add(name, host, plugin string, password custody.Secret) {
	s.t.Helper()
	s.quietly(fmt.Sprintf("CREATE USER '%s'@'%s' IDENTIFIED VIA %s USING PASSWORD(%s)", name, host, plugin, quoted(password)))
}

// AddMethod gives a user with a native password another one, by another plug-in.
func (s *Server) AddMethod(name string, second custody.Secret) {
	s.t.Helper()
	hash := strings.TrimSpace(s.SQL(fmt.Sprintf("SELECT authentication_string FROM mysql.user WHERE user = '%s'", name)))
	hash = hash[strings.LastIndexByte(hash, '\n')+1:] // below the name of the column
	s.quietly(fmt.Sprintf("ALTER USER '%s'@'%%' IDENTIFIED VIA %s USING '%s' OR %s USING PASSWORD(%s)", name, Native, hash, Ed25519, quoted(second)))
}

// SetPassword changes the password of a user from any host behind everybody's back.
func (s *Server) SetPassword(name string, password custody.Secret) {
	s.t.Helper()
	s.quietly(fmt.Sprintf("SET PASSWORD FOR '%s'@'%%' = PASSWORD(%s)", name, quoted(password)))
}

// SQL runs statements with all rights, and gives what they print.
func (s *Server) SQL(statements string) string {
	s.t.Helper()
	out, err := s.run(statements)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// Fails runs a statement with all rights that the server must refuse.
func (s *Server) Fails(statement string) {
	s.t.Helper()
	if _, err := s.run(statement); err == nil {
		s.t.Fatal("a statement that must fail did not")
	}
}

// Login says whether a password opens an account: nil if it does. It is
// MariaDB's own client that logs in, which shares no code with what it is there
// to check.
func (s *Server) Login(name string, password custody.Secret) error {
	_, err := s.clientAs(password, "SELECT 1", "--protocol=tcp", "--host=127.0.0.1", fmt.Sprintf("--port=%d", s.port), "--user="+name)
	return err
}

// quietly runs a statement that has a secret in it without having it logged.
func (s *Server) quietly(statement string) {
	s.t.Helper()
	s.SQL("SET sql_log_off = 1; SET sql_log_bin = 0; SET SESSION slow_query_log = 0;\n" + statement)
}

func (s *Server) run(statements string) (string, error) {
	return s.clientAs(custody.Secret{}, statements, "--socket="+s.place.Path("socket"), "--user="+s.root)
}

func (s *Server) clientAs(password custody.Secret, statements string, where ...string) (string, error) {
	cmd := s.place.Command(s.client, append([]string{"--no-defaults", "--batch", "--connect-timeout=20", "--default-character-set=utf8mb4"}, where...)...)
	if !password.IsZero() {
		cmd.Env = append(cmd.Env, "MYSQL_PWD="+password.Reveal())
	}
	cmd.Stdin = strings.NewReader(statements)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	return string(out), nil
}

// quoted quotes a password as a literal.
func quoted(password custody.Secret) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(password.Reveal()) + "'"
}
