package ldaptest

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// AddAccount makes an entry with a password below People. It goes with the server.
func (s *Server) AddAccount(t testing.TB) (dn string, password custody.Secret) {
	t.Helper()
	name := servertest.NewName()
	dn, password = "uid="+name+","+People, servertest.NewPassword()
	s.Modify(t, fmt.Sprintf(`dn: %s
changetype: add
objectClass: inetOrgPerson
uid: %s
cn: Test Account
sn: Account
`, dn, name))
	s.SetPassword(t, dn, password)
	return dn, password
}

// SetPassword changes an account's password behind everybody's back, as the
// root of the tree, to which no password policy applies.
func (s *Server) SetPassword(t testing.TB, dn string, password custody.Secret) {
	t.Helper()
	s.client().Run(t, "ldappasswd", "", "-x", "-D", Root, "-y", servertest.SecretFile(t, s.RootPassword), "-T", servertest.SecretFile(t, password), dn)
}

// Modify applies changes in LDIF (ldif(5)) as the root of the tree.
func (s *Server) Modify(t testing.TB, ldif string) {
	t.Helper()
	s.client().Run(t, "ldapmodify", ldif, "-x", "-D", Root, "-y", servertest.SecretFile(t, s.RootPassword))
}

// Attribute gives the first value of an attribute of an entry, "" when there is
// none; asked for as the root of the tree.
func (s *Server) Attribute(t testing.TB, dn, name string) string {
	t.Helper()
	out := s.client().Run(t, "ldapsearch", "", "-x", "-D", Root, "-y", servertest.SecretFile(t, s.RootPassword),
		"-LLL", "-o", "ldif-wrap=no", "-s", "base", "-b", dn, name)
	for line := range strings.Lines(out) {
		if value, found := strings.CutPrefix(line, name+": "); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// Login says whether a password opens an account: nil if it does. It is
// OpenLDAP's own ldapwhoami, so it shares no code with what it is there to check.
func (s *Server) Login(t testing.TB, dn string, password custody.Secret) error {
	t.Helper()
	cmd := s.client().Command(t, "ldapwhoami", "-x", "-D", dn, "-y", servertest.SecretFile(t, password))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	if !bytes.HasPrefix(out, []byte("dn:")) || bytes.Contains(out, []byte("anonymous")) {
		return errors.New("let in, but as nobody")
	}
	return nil
}

// client asks in clear, on loopback.
func (s *Server) client() servertest.Client {
	return servertest.Client{Args: []string{"-H", "ldap://" + s.Addr}, Env: []string{"LDAPNOINIT=1"}} // nothing from ldap.conf or ~/.ldaprc
}
