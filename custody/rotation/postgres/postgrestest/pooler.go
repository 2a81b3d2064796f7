package postgrestest

import (
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// Pooler is a PgBouncer in front of a server. It keeps passwords of its own: those that the
// roles had when it was started.
type Pooler struct {
	Addr string // 127.0.0.1:PORT, in clear
	*servertest.Daemon

	server *Server
	port   int
}

// StartPooler starts one that knows these roles, and the one that may change others'.
func (s *Server) StartPooler(t testing.TB, passwords map[string]custody.Secret) *Pooler {
	t.Helper()
	program := servertest.Require(t, nil, "pgbouncer")[0]
	place := servertest.NewPlace(t, "postgres")
	p := &Pooler{server: s, port: servertest.ReservePort(t)}
	p.Addr = fmt.Sprintf("127.0.0.1:%d", p.port)
	var users strings.Builder
	for name, password := range passwords {
		fmt.Fprintf(&users, "\"%s\" \"%s\"\n", name, strings.ReplaceAll(password.Reveal(), `"`, `""`))
	}
	fmt.Fprintf(&users, "\"%s\" \"%s\"\n", Admin, strings.ReplaceAll(s.AdminPassword.Reveal(), `"`, `""`))
	place.Write(t, "users", []byte(users.String()))
	place.Write(t, "pgbouncer.ini", fmt.Appendf(nil, `[databases]
* = host=127.0.0.1 port=%d
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = %d
unix_socket_dir =
auth_type = scram-sha-256
auth_file = %s
pool_mode = transaction
server_login_retry = 1
`, s.port, p.port, place.Path("users")))
	p.Daemon = servertest.NewDaemon(t, servertest.Service{
		Name: "PgBouncer", Log: place.Path("log"), End: syscall.SIGTERM,
		Command: func() *exec.Cmd { return place.Command(program, place.Path("pgbouncer.ini")) },
		Answers: func() error { return p.Login(Admin, s.AdminPassword) },
	})
	p.Start()
	return p
}

// Login says whether a password opens a role by way of the pooler: nil if it does.
func (p *Pooler) Login(name string, password custody.Secret) error {
	return p.server.psqlAs(fmt.Sprintf("host=127.0.0.1 port=%d user='%s' dbname=postgres sslmode=disable", p.port, name), password, "SELECT 1")
}
