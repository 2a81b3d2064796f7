package adtest

import (
	"bytes"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// Where things are in the domain.
const (
	Suffix = "dc=corp,dc=test"
	People = "ou=people," + Suffix
	Admin  = "cn=" + second + ",cn=users," + Suffix // may reset the passwords of people, and nothing else
	Root   = "cn=administrator,cn=users," + Suffix  // may do everything
	second = "password-admin"                       // by the name that accounts are told apart by
	realm  = "CORP.TEST"
	domain = "CORP"
)

// python is the system's, which has Samba's modules; another one on PATH has not.
const python = "/usr/bin/python3"

// Server is a domain controller that belongs to one test. Its methods fail that test if it
// does not do what they say.
type Server struct {
	Addr               string // 127.0.0.1:PORT with StartTLS, the same over every restart
	AddrTLS            string // 127.0.0.1:PORT over TLS
	CA                 string // its certificate, in PEM on one line
	AdminPassword      custody.Secret
	RootPassword       custody.Secret
	*servertest.Daemon // which Stop kills, as a crash would

	t       testing.TB
	place   servertest.Place
	options []string
}

//go:embed provision.py
var provisioning string

// Start makes a domain and starts its controller. Its passwords may be anything and are never
// locked, but it remembers 24 of each account, as every domain does by default; an old one is
// refused at once.
func Start(t testing.TB) *Server {
	t.Helper()
	if os.Geteuid() != 0 {
		servertest.Lack(t, "root")
	}
	paths := servertest.Require(t, nil, "samba", "nsenter", python, "ldapmodify", "ldapsearch")
	network := newNetwork(t)
	s := &Server{
		Addr: network.carry(t, "127.0.0.1:389"), AddrTLS: network.carry(t, "127.0.0.1:636"),
		t: t, place: servertest.NewPlace(t, "root"),
		AdminPassword: NewPassword(), RootPassword: NewPassword(),
		options: []string{oldPasswordAllowed(0)},
	}
	provision := s.place.Command(paths[2], "-c", provisioning, s.place.Path("domain"), realm, domain, People, second)
	provision.Stdin = strings.NewReader(s.RootPassword.Reveal() + "\n" + s.AdminPassword.Reveal())
	if out, err := provision.CombinedOutput(); err != nil {
		t.Fatalf("provision a domain: %v: %s", err, out)
	}
	s.writeCertificate()
	s.Daemon = servertest.NewDaemon(t, servertest.Service{
		Name: "samba", Log: s.place.Path("log"), End: syscall.SIGKILL, Answers: s.listens,
		Command: func() *exec.Cmd {
			s.place.Write(t, "smb.conf", s.config())
			return s.place.Command(paths[1], "--net="+network.path, paths[0], "--interactive", "--model=single", "--configfile="+s.place.Path("smb.conf"))
		},
	})
	s.Start()
	s.Modify(t, "dn: "+Suffix+"\nchangetype: modify\nreplace: minPwdLength\nminPwdLength: 0\n-\n"+
		"replace: pwdProperties\npwdProperties: 0\n-\nreplace: minPwdAge\nminPwdAge: 0\n")
	return s
}

// oldPasswordAllowed says for how many minutes the password before is let in.
func oldPasswordAllowed(minutes int) string {
	return fmt.Sprintf("old password allowed period = %d", minutes)
}

// LetTheOldPasswordIn has the password before be let in for so many minutes, counted from
// each change, as a domain does for 60 by default. It starts the controller again.
func (s *Server) LetTheOldPasswordIn(minutes int) {
	s.t.Helper()
	s.Stop()
	s.options = []string{oldPasswordAllowed(minutes)}
	s.Start()
}

// config is in smb.conf(5).
func (s *Server) config() []byte {
	return fmt.Appendf(nil, `
[global]
server role = active directory domain controller
server services = ldap
realm = %[2]s
workgroup = %[3]s
netbios name = DC1
interfaces = lo
bind interfaces only = yes
private dir = %[1]s/domain/private
state directory = %[1]s/domain/state
lock directory = %[1]s/domain
cache directory = %[1]s/domain/cache
pid directory = %[1]s/domain
binddns dir = %[1]s/domain/bind-dns
ncalrpc dir = %[1]s/domain/ncalrpc
winbindd socket directory = %[1]s/domain/winbindd
ntp signd socket directory = %[1]s/domain/ntp
usershare path = %[1]s/domain/usershares
tls certfile = %[1]s/cert.pem
tls keyfile = %[1]s/key.pem
tls cafile =
log level = 1 auth_json_audit:3
%[4]s
`, s.place.Dir, realm, domain, strings.Join(s.options, "\n"))
}

// listens says whether both of its ports answer, whoever the certificate is for: that they
// take connections says only that something carries them there.
func (s *Server) listens() error {
	for _, url := range []string{"ldap://" + s.Addr, "ldaps://" + s.AddrTLS} {
		ask := s.client(url).Command(s.t, "ldapsearch", "-x", "-s", "base", "-b", "", "1.1")
		ask.Env = append(ask.Env, "LDAPTLS_REQCERT=never")
		out, err := ask.CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
		}
	}
	return nil
}

// ReplaceCertificate gives the server another certificate, for other names if any are given,
// as if another host had taken its address. CA then is the new one.
func (s *Server) ReplaceCertificate(names ...string) {
	s.t.Helper()
	s.Stop()
	s.writeCertificate(names...)
	s.Start()
}

func (s *Server) writeCertificate(names ...string) {
	s.t.Helper()
	certificate := s.place.WriteCertificate(s.t, "cert.pem", "key.pem", names...)
	s.CA = strings.ReplaceAll(string(certificate), "\n", " ") // as a setting has no line breaks
}
