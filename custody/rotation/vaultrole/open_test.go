package vaultrole_test

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/vaultrole"
)

func TestOpenValidates(t *testing.T) {
	t.Parallel()
	const dn = "uid=app,ou=people,dc=example,dc=com"
	for name, test := range map[string]struct {
		settings []string
		change   func(*custody.Target)
		admin    custody.Secret
		field    string // of the refusal; "": none
	}{
		"a role":                   {},
		"a mount":                  {settings: []string{"mount", "team/ldap-2"}},
		"a role below another":     {settings: []string{"role", "team/app"}},
		"a probe":                  {settings: []string{"probe", "ldap", "probe.tls", "ldaps"}},
		"another name for it":      {settings: []string{"probe", "ldap", "probe.account", dn}, change: func(t *custody.Target) { t.Account = "app" }},
		"another kind":             {change: func(t *custody.Target) { t.Kind = "ldap" }, field: "target.kind"},
		"no address":               {change: func(t *custody.Target) { t.Address = "vault" }, field: "target.address"},
		"no account":               {change: func(t *custody.Target) { t.Account = " " }, field: "target.account"},
		"a key":                    {admin: custody.SecretString("canary"), field: "key"},
		"unknown setting":          {settings: []string{"rolle", "app"}, field: "target.settings"},
		"no role":                  {settings: []string{"role", ""}, field: "target.settings.role"},
		"a role that climbs":       {settings: []string{"role", "../rotate-root"}, field: "target.settings.role"},
		"a role with a query":      {settings: []string{"role", "app?list=true"}, field: "target.settings.role"},
		"a role with a wildcard":   {settings: []string{"role", "*"}, field: "target.settings.role"},
		"a mount that climbs":      {settings: []string{"mount", "ldap/../sys"}, field: "target.settings.mount"},
		"an empty mount":           {settings: []string{"mount", ""}, field: "target.settings.mount"},
		"unknown probe":            {settings: []string{"probe", "oracle"}, field: "target.settings.probe"},
		"no probe, its setting":    {settings: []string{"probe.tls", "off"}, field: "target.settings.probe"},
		"a wrong setting of it":    {settings: []string{"probe", "ldap", "probe.tls", "ssl"}, field: "target.settings.probe.tls"},
		"an unknown setting of it": {settings: []string{"probe", "ldap", "probe.x", "y"}, field: "target.settings.probe"},
		"its account is none":      {settings: []string{"probe", "ldap", "probe.account", "app"}, field: "target.settings.probe.account"},
	} {
		t.Run(name, func(t *testing.T) {
			described := custody.Target{
				Kind: vaultrole.KindLDAP, Address: "ldap.example.com:389", Account: dn,
				Settings: map[string]string{"role": "app"},
			}
			for i := 0; i < len(test.settings); i += 2 {
				described.Settings[test.settings[i]] = test.settings[i+1]
			}
			if test.change != nil {
				test.change(&described)
			}
			_, err := vaultrole.Opener(nil, probes)(described, test.admin)
			switch {
			case test.field == "" && err != nil:
				t.Error(err)
			case test.field != "" && (custody.CodeOf(err) != custody.InvalidRequest || !strings.Contains(err.Error(), `"`+test.field+`"`)):
				t.Errorf("%v, not a refusal of %s", err, test.field)
			case err != nil && strings.Contains(err.Error(), "canary"):
				t.Errorf("the key is in the error: %v", err)
			}
		})
	}
}

// A probe cannot probe through Vault either: that would be no log-in at all.
func TestProbeMustLogIn(t *testing.T) {
	t.Parallel()
	kinds := vaultrole.Connectors(nil, nil)
	_, err := vaultrole.Opener(nil, kinds)(custody.Target{
		Kind: vaultrole.KindLDAP, Address: "ldap.example.com:389", Account: "app",
		Settings: map[string]string{"role": "app", "probe": vaultrole.KindDatabase, "probe.role": "app"},
	}, custody.Secret{})
	if custody.CodeOf(err) != custody.InvalidRequest {
		t.Errorf("%v, not a refusal", err)
	}
}
