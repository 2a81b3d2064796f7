package ldaptest

import (
	"crypto/rand"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// Where things are in the tree.
const (
	Suffix = "dc=tandem,dc=test"
	People = "ou=people," + Suffix
	Admin  = "cn=password-admin," + Suffix // may write the passwords of people, and nothing else
	Policy = "cn=policy," + Suffix         // the password policy, where there is one
	Root   = "cn=root," + Suffix           // may do everything; no access rule and no policy applies to it
)

// Server is a slapd that belongs to one test. Its methods fail that test if
// slapd does not do what they say.
type Server struct {
	Addr               string // 127.0.0.1:PORT in clear and with StartTLS, the same over every restart
	AddrTLS            string // 127.0.0.1:PORT over TLS
	CA                 string // its certificate, in PEM on one line
	AdminPassword      custody.Secret
	RootPassword       custody.Secret
	*servertest.Daemon // which Stop kills, as a crash would

	t     testing.TB
	place servertest.Place
}

// Start starts a server. With a policy, lines of LDIF such as "pwdInHistory: 3",
// that is the password policy of all accounts (slapo-ppolicy(5)).
func Start(t testing.TB, policy ...string) *Server {
	t.Helper()
	return start(t, "stats,args,trace", policy)
}

// StartQuiet starts one that logs nothing, to be measured.
func StartQuiet(t testing.TB) *Server {
	t.Helper()
	return start(t, "none", nil)
}

// StartAsActiveDirectory starts one that says of itself what a domain controller says,
// and does nothing else as one.
func StartAsActiveDirectory(t testing.TB) *Server {
	t.Helper()
	return start(t, "stats", nil, func(s *Server) string {
		file := s.place.Write(t, "root.ldif", []byte("dn:\nsupportedCapabilities: 1.2.840.113556.1.4.800\n"))
		return "attributetype ( 1.3.6.1.4.1.32473.1 NAME 'supportedCapabilities' SYNTAX 1.3.6.1.4.1.1466.115.121.1.38 )\n" +
			"rootDSE " + file + "\n"
	})
}

// StartWithoutPasswordModify starts one that does not say that it has that operation.
func StartWithoutPasswordModify(t testing.TB) *Server {
	t.Helper()
	return start(t, "stats", nil, func(*Server) string {
		return "access to dn.base=\"\" attrs=supportedExtension val/objectIdentifierMatch=\"1.3.6.1.4.1.4203.1.11.1\" by * none\naccess to * by * read\n"
	})
}

func start(t testing.TB, logLevel string, policy []string, says ...func(*Server) string) *Server {
	t.Helper()
	paths := servertest.Require(t, nil, "slapd", "slapadd", "ldapmodify")
	s := &Server{
		Addr: loopback(servertest.ReservePort(t)), AddrTLS: loopback(servertest.ReservePort(t)),
		t: t, place: servertest.NewPlace(t, "openldap"),
		AdminPassword: servertest.NewPassword(), RootPassword: custody.SecretString(rand.Text()),
	}
	s.writeCertificate()
	config := s.config(len(policy) > 0)
	for _, say := range says {
		config = append([]byte(say(s)), config...)
	}
	s.place.Write(t, "slapd.conf", config)
	s.place.Write(t, "tree.ldif", s.tree(policy))
	load := s.place.Command(paths[1], "-f", s.place.Path("slapd.conf"), "-l", s.place.Path("tree.ldif"))
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("slapadd: %v: %s", err, out)
	}
	s.Daemon = servertest.NewDaemon(t, servertest.Service{
		Name: "slapd", Log: s.place.Path("log"), End: syscall.SIGKILL, Answers: s.listens,
		Command: func() *exec.Cmd {
			return s.place.Command(paths[0], "-f", s.place.Path("slapd.conf"), "-d", logLevel, "-h", "ldap://"+s.Addr+"/ ldaps://"+s.AddrTLS+"/")
		},
	})
	s.Start()
	s.SetPassword(t, Admin, s.AdminPassword)
	return s
}

// config is in slapd.conf(5).
func (s *Server) config(policy bool) []byte {
	overlay := ""
	if policy {
		overlay = "overlay ppolicy\nppolicy_default \"" + Policy + "\"\nppolicy_use_lockout\n"
	}
	return fmt.Appendf(nil, `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
TLSCertificateFile %[1]s/cert.pem
TLSCertificateKeyFile %[1]s/key.pem

database mdb
suffix "%[2]s"
rootdn "%[3]s"
rootpw %[4]s
directory %[1]s
dbnosync
access to attrs=userPassword by dn.exact="%[5]s" write by self write by anonymous auth by * none
access to * by self read by dn.exact="%[5]s" read by * none
%[6]s`, s.place.Dir, Suffix, Root, s.RootPassword.Reveal(), Admin, overlay)
}

// tree is in ldif(5).
func (s *Server) tree(policy []string) []byte {
	tree := fmt.Sprintf(`dn: %s
objectClass: dcObject
objectClass: organization
dc: tandem
o: Tandem

dn: %s
objectClass: organizationalUnit
ou: people

dn: %s
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: password-admin
userPassword: {SSHA}set-later
`, Suffix, People, Admin)
	if len(policy) > 0 {
		tree += fmt.Sprintf("\ndn: %s\nobjectClass: organizationalRole\nobjectClass: pwdPolicy\ncn: policy\n"+
			"pwdAttribute: userPassword\n%s\n", Policy, strings.Join(policy, "\n"))
	}
	return []byte(tree)
}

// listens says whether both of its ports take connections.
func (s *Server) listens() error {
	for _, addr := range []string{s.Addr, s.AddrTLS} {
		conn, err := net.DialTimeout("tcp", addr, servertest.Patience)
		if err != nil {
			return err
		}
		conn.Close()
	}
	return nil
}

// ReplaceCertificate gives the server another certificate, for other names if
// any are given, as if another host had taken its address. CA then is the new one.
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

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
