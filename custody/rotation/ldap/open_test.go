package ldap_test

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/ldap"
)

func TestOpenValidates(t *testing.T) {
	t.Parallel()
	const dn = "uid=app,ou=people,dc=example,dc=com"
	admin := custody.SecretString("canary-password")
	for name, test := range map[string]struct {
		change func(*custody.Target)
		admin  custody.Secret
		field  string // of the refusal; "": none
	}{
		"alone":            {func(*custody.Target) {}, custody.Secret{}, ""},
		"a second account": {set("admin", "cn=admin,dc=example,dc=com"), admin, ""},
		"userPassword":     {set("method", "userPassword"), custody.Secret{}, ""},
		"ldaps":            {set("tls", "ldaps"), custody.Secret{}, ""},
		"another kind":     {func(t *custody.Target) { t.Kind = "ssh" }, custody.Secret{}, "target.kind"},
		"no port":          {func(t *custody.Target) { t.Address = "ldap.example.com" }, custody.Secret{}, "target.address"},
		"a URL":            {func(t *custody.Target) { t.Address = "ldap://ldap.example.com:389" }, custody.Secret{}, "target.address"},
		"port 0":           {func(t *custody.Target) { t.Address = "ldap.example.com:0" }, custody.Secret{}, "target.address"},
		"a name, not a DN": {func(t *custody.Target) { t.Account = "app" }, custody.Secret{}, "target.account"},
		"nobody":           {func(t *custody.Target) { t.Account = "" }, custody.Secret{}, "target.account"},
		"unknown setting":  {set("bind_dn", dn), custody.Secret{}, "target.settings"},
		"unknown tls":      {set("tls", "ssl"), custody.Secret{}, "target.settings.tls"},
		"clear, far away":  {set("tls", "off"), custody.Secret{}, "target.settings.tls"},
		"no PEM":           {set("ca", "MIIB"), custody.Secret{}, "target.settings.ca"},
		"empty ca":         {set("ca", ""), custody.Secret{}, "target.settings.ca"},
		"unicodePwd":       {set("method", "unicodePwd"), custody.Secret{}, ""},
		"unicodePwd in clear, nearby": {func(t *custody.Target) {
			t.Address, t.Settings = "127.0.0.1:389", map[string]string{"method": "unicodePwd", "tls": "off"}
		}, custody.Secret{}, "target.settings.tls"},
		"unknown method":                     {set("method", "unicodepwd"), custody.Secret{}, "target.settings.method"},
		"admin is no DN":                     {set("admin", "admin"), admin, "target.settings.admin"},
		"admin without key":                  {set("admin", "cn=admin,dc=example,dc=com"), custody.Secret{}, "key"},
		"admin with no more than a line end": {set("admin", "cn=admin,dc=example,dc=com"), custody.SecretString("\n"), "key"},
		"key without admin":                  {func(*custody.Target) {}, admin, "target.settings.admin"},
		"admin is the account":               {set("admin", "UID=App, OU=people, DC=example, DC=com"), admin, "target.settings.admin"},
	} {
		t.Run(name, func(t *testing.T) {
			described := custody.Target{Kind: ldap.Kind, Address: "ldap.example.com:389", Account: dn, Settings: map[string]string{}}
			test.change(&described)
			_, err := ldap.Open(described, test.admin)
			switch {
			case test.field == "" && err != nil:
				t.Error(err)
			case test.field != "" && (custody.CodeOf(err) != custody.InvalidRequest || !strings.Contains(err.Error(), `"`+test.field+`"`)):
				t.Errorf("%v, not a refusal of %s", err, test.field)
			case err != nil && strings.Contains(err.Error(), "canary"):
				t.Errorf("the password is in the error: %v", err)
			}
		})
	}
	plain := custody.Target{Kind: ldap.Kind, Account: dn, Settings: map[string]string{"tls": "off"}}
	for _, plain.Address = range []string{"127.0.0.1:389", "[::1]:389", "localhost:389"} {
		if _, err := ldap.Open(plain, custody.Secret{}); err != nil {
			t.Errorf("%s: %v", plain.Address, err)
		}
	}
}

// What is longer than a target takes is not made for it.
func TestLimits(t *testing.T) {
	t.Parallel()
	for method, most := range map[string]int{"": 511, "exop": 511, "userPassword": 511, "unicodePwd": 256} {
		limits, err := ldap.Connector.LimitsOf(custody.Target{Settings: map[string]string{"method": method}})
		if err != nil || limits.Most != most {
			t.Errorf("%q takes %d bytes, %v", method, limits.Most, err)
		}
	}
}

func set(name, value string) func(*custody.Target) {
	return func(t *custody.Target) { t.Settings[name] = value }
}
