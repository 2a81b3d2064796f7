package sshtest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

const interval = 10 * time.Millisecond // between two looks at it

// Server is an sshd that belongs to one test. Its methods fail that test if
// sshd does not do what they say.
type Server struct {
	Addr               string         // 127.0.0.1:PORT, the same over every restart
	HostKey            string         // its public key, a line of authorized_keys
	AdminKey           custody.Secret // private key in PEM, which opens every account
	*servertest.Daemon                // a session that is open when it is stopped goes on until its client ends it

	t    testing.TB
	dir  string
	root *root
}

// Start starts a server. Options are lines of sshd_config that go before the
// usual ones, so that they count (the first value of an option does).
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	sshd := require(t, "sshd")[0]
	// Not t.TempDir, which lies in a folder that only root may enter: sshd
	// reads the authorized keys as the user who logs in.
	dir, err := os.MkdirTemp("", "sshtest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	port := servertest.ReservePort(t)
	s := &Server{Addr: fmt.Sprintf("127.0.0.1:%d", port), t: t, dir: dir, root: newRoot(t, filepath.Join(dir, "root"))}

	private, public := newKey(t)
	s.AdminKey = custody.NewSecret(private)
	s.write("authorized_keys", 0o644, public)
	s.writeHostKey()
	s.write("root/etc/ssh/sshd_config", 0o600, fmt.Appendf(nil, `%s
Port %d
ListenAddress 127.0.0.1
HostKey %s
PidFile none
UsePAM yes
PasswordAuthentication yes
PermitRootLogin prohibit-password
AuthorizedKeysFile %s
StrictModes no
UseDNS no
MaxStartups 200:30:400
MaxSessions 64
SetEnv SHLVL=2
`, strings.Join(options, "\n"), port, s.path("host_key"), s.path("authorized_keys")))
	s.Daemon = servertest.NewDaemon(t, servertest.Service{
		Name: "sshd", Log: s.path("log"), End: syscall.SIGKILL, Answers: func() error { return greets(s.Addr) },
		Command: func() *exec.Cmd {
			command := exec.Command(s.root.enter[0], slices.Concat(s.root.enter[1:], []string{sshd, "-D", "-e", "-f", "/etc/ssh/sshd_config"})...)
			command.Env = []string{"PATH=" + os.Getenv("PATH")}
			return command
		},
	})
	s.Start()
	return s
}

// Configure starts the server again with lines in front of its settings, which so count;
// Match blocks among them end with "Match all".
func (s *Server) Configure(lines string) {
	s.t.Helper()
	s.Stop()
	usual, err := os.ReadFile(s.path("root/etc/ssh/sshd_config"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.write("root/etc/ssh/sshd_config", 0o600, append([]byte(lines+"\n"), usual...))
	s.Start()
}

// ReplaceHostKey gives the server another host key, as if another host had
// taken its address. HostKey then is the new one.
func (s *Server) ReplaceHostKey() {
	s.t.Helper()
	s.Stop()
	s.writeHostKey()
	s.Start()
}

// Move has the server listen on another port, as if its host had moved. Addr then is the
// new one.
func (s *Server) Move() {
	s.t.Helper()
	s.Stop()
	before := s.Addr
	s.Addr = fmt.Sprintf("127.0.0.1:%d", servertest.ReservePort(s.t))
	usual, err := os.ReadFile(s.path("root/etc/ssh/sshd_config"))
	if err != nil {
		s.t.Fatal(err)
	}
	port := func(addr string) []byte { return []byte("\nPort " + addr[len("127.0.0.1:"):] + "\n") }
	s.write("root/etc/ssh/sshd_config", 0o600, bytes.Replace(usual, port(before), port(s.Addr), 1))
	s.Start()
}

func (s *Server) writeHostKey() {
	s.t.Helper()
	private, public := newKey(s.t)
	s.write("host_key", 0o600, private)
	s.HostKey = strings.TrimSpace(string(public))
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, name) }

func (s *Server) write(name string, mode os.FileMode, content []byte) {
	s.t.Helper()
	if err := os.WriteFile(s.path(name), content, mode); err != nil {
		s.t.Fatal(err)
	}
}

// VarLog gives the folder that the server sees as /var/log.
func (s *Server) VarLog() string { return s.root.path("var/log") }

// newKey makes an Ed25519 key: private in PEM, public as in authorized_keys.
func newKey(t testing.TB) (private, public []byte) {
	t.Helper()
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(priv, "")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(pub)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block), ssh.MarshalAuthorizedKey(key)
}

// NewKey gives a private key in PEM that opens nothing.
func NewKey(t testing.TB) custody.Secret {
	t.Helper()
	private, _ := newKey(t)
	return custody.NewSecret(private)
}

// NewRSAHostKey makes an RSA host key: the file with the private one, and the public one as
// in authorized_keys.
func NewRSAHostKey(t testing.TB) (file, public string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "rsa")
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, "")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

// greets says whether an SSH server answers at the address.
func greets(addr string) error {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	greeting := make([]byte, 4)
	if _, err := conn.Read(greeting); err != nil {
		return err
	}
	if !bytes.Equal(greeting, []byte("SSH-")) {
		return errors.New("something else than SSH answers")
	}
	return nil
}
