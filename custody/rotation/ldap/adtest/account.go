package adtest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// NewPassword gives a password that every domain takes: some that servertest makes have one
// kind of sign too few.
func NewPassword() custody.Secret {
	return custody.SecretString(servertest.NewPassword().Reveal() + "-a1")
}

// AddAccount makes a user with a password below People. It goes with the server.
func (s *Server) AddAccount(t testing.TB) (dn string, password custody.Secret) {
	t.Helper()
	name := servertest.NewName()[:20] // no account of a domain has a longer one
	dn, password = "cn="+name+","+People, NewPassword()
	s.Modify(t, "dn: "+dn+"\nchangetype: add\nobjectClass: user\nsAMAccountName: "+name+"\nuserAccountControl: 512\n"+
		"unicodePwd:: "+quoted(password)+"\n")
	return dn, password
}

// SetPassword changes an account's password behind everybody's back, as the administrator.
func (s *Server) SetPassword(t testing.TB, dn string, password custody.Secret) {
	t.Helper()
	s.Replace(t, dn, "unicodePwd", ":: "+quoted(password))
}

// Replace gives an attribute of an entry a value, in LDIF from the colon on.
func (s *Server) Replace(t testing.TB, dn, attribute, value string) {
	t.Helper()
	s.Modify(t, "dn: "+dn+"\nchangetype: modify\nreplace: "+attribute+"\n"+attribute+value+"\n")
}

// quoted is a password as a value of unicodePwd, for LDIF.
func quoted(password custody.Secret) string {
	value, err := binary.Append(nil, binary.LittleEndian, utf16.Encode([]rune(`"`+password.Reveal()+`"`)))
	if err != nil {
		panic(err) // numbers can be written
	}
	return base64.StdEncoding.EncodeToString(value)
}

// Modify applies changes in LDIF (ldif(5)) as the administrator.
func (s *Server) Modify(t testing.TB, ldif string) {
	t.Helper()
	s.run(t, "ldapmodify", ldif, "-x", "-D", Root, "-y", servertest.SecretFile(t, s.RootPassword))
}

// AddPolicy makes a password policy for those who are put under it, stricter than the
// domain's; rules are lines of LDIF of an msDS-PasswordSettings, of those that must be there
// the last counts.
func (s *Server) AddPolicy(t testing.TB, rules map[string]string) (dn string) {
	t.Helper()
	name := servertest.NewName()
	dn = "cn=" + name + ",cn=Password Settings Container,cn=System," + Suffix
	all := map[string]string{
		"PasswordSettingsPrecedence": "1", "PasswordReversibleEncryptionEnabled": "FALSE", "PasswordHistoryLength": "24",
		"PasswordComplexityEnabled": "FALSE", "MinimumPasswordLength": "0", "MinimumPasswordAge": "0",
		"MaximumPasswordAge": "-9223372036854775808", // never
		"LockoutThreshold":   "0", "LockoutObservationWindow": halfAnHour, "LockoutDuration": halfAnHour,
	}
	ldif := "dn: " + dn + "\nchangetype: add\nobjectClass: msDS-PasswordSettings\n"
	for rule, value := range all {
		if stricter, set := rules[rule]; set {
			value = stricter
		}
		ldif += "msDS-" + rule + ": " + value + "\n"
	}
	s.Modify(t, ldif)
	return dn
}

const halfAnHour = "-18000000000" // in 100 ns, negative as all spans are

// PutUnder puts an account under a policy.
func (s *Server) PutUnder(t testing.TB, policy, dn string) {
	t.Helper()
	s.Modify(t, "dn: "+policy+"\nchangetype: modify\nadd: msDS-PSOAppliesTo\nmsDS-PSOAppliesTo: "+dn+"\n")
}

// Attribute gives the first value of an attribute of an entry, "" when there is none; asked
// for as the administrator.
func (s *Server) Attribute(t testing.TB, dn, name string) string {
	t.Helper()
	out := s.run(t, "ldapsearch", "", "-x", "-D", Root, "-y", servertest.SecretFile(t, s.RootPassword),
		"-LLL", "-o", "ldif-wrap=no", "-s", "base", "-b", dn, name)
	for line := range strings.Lines(out) {
		if value, found := strings.CutPrefix(line, name+": "); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// WrongPasswords gives how many the controller holds against an account (badPwdCount).
func (s *Server) WrongPasswords(t testing.TB, dn string) int {
	t.Helper()
	n, _ := strconv.Atoi(s.Attribute(t, dn, "badPwdCount")) // not there: none yet
	return n
}

// Login says whether a password opens an account: nil if it does. It is OpenLDAP's own
// ldapsearch, so it shares no code with what it is there to check.
func (s *Server) Login(t testing.TB, dn string, password custody.Secret) error {
	t.Helper()
	cmd := s.client("ldaps://"+s.AddrTLS).Command(t, "ldapsearch", "-x", "-D", dn, "-y", servertest.SecretFile(t, password), "-s", "base", "-b", "", "1.1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// Tried gives how many log-ins there were, by the controller's own log, and how many of a
// DN it refused.
func (s *Server) Tried(dn string) (all, refused int) {
	for line := range bytes.Lines(s.Log()) {
		var said struct {
			Authentication *struct{ Status, ClientAccount string }
		}
		if json.Unmarshal(line, &said) != nil || said.Authentication == nil {
			continue
		}
		all++
		if strings.EqualFold(said.Authentication.ClientAccount, dn) && said.Authentication.Status != "NT_STATUS_OK" {
			refused++
		}
	}
	return all, refused
}

// client asks at one of the two addresses.
func (s *Server) client(url string) servertest.Client {
	return servertest.Client{
		Args: []string{"-H", url},
		Env:  []string{"LDAPCONF=/dev/null", "LDAPTLS_CACERT=" + s.place.Path("cert.pem")}, // nothing from ldap.conf or ~/.ldaprc
	}
}

func (s *Server) run(t testing.TB, program, stdin string, args ...string) string {
	t.Helper()
	return s.client("ldaps://"+s.AddrTLS).Run(t, program, stdin, args...)
}
