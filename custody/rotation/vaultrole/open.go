package vaultrole

import (
	"cmp"
	"errors"
	"regexp"
	"strings"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/endpoint"
)

// The custody.Target.Kind of this package's targets.
const (
	KindLDAP     = "vault-ldap"
	KindDatabase = "vault-database"
)

// engines says of each kind where it usually is mounted and where it is read.
var engines = map[string]struct{ mount, read string }{
	KindLDAP:     {"ldap", "static-cred"},
	KindDatabase: {"database", "static-creds"},
}

// Connectors are both kinds of target. probes are the kinds of target that can log
// in to the systems behind Vault; what each needs is a setting below "probe.".
func Connectors(vault Vault, probes []rotation.Connector) []rotation.Connector {
	open := Opener(vault, probes)
	connector := func(kind, address, account string, first ...string) rotation.Connector {
		c := rotation.Connector{Open: open, TargetKind: desk.TargetKind{
			Name: kind, Address: address, Account: account,
			Settings: []desk.TargetSetting{{Name: "role", Example: "app", Required: true}, {Name: "mount", Example: engines[kind].mount}},
		}}
		for _, p := range rotation.Probes(probes, first...) {
			probe := desk.TargetProbe{Name: p.Name}
			for _, s := range append(p.Settings, desk.TargetSetting{Name: "account"}) {
				s.Hint = cmp.Or(s.Hint, s.Name)
				s.Name = "probe." + s.Name
				probe.Settings = append(probe.Settings, s)
			}
			c.Probes = append(c.Probes, probe)
		}
		return c
	}
	return []rotation.Connector{
		connector(KindLDAP, "ldap.example.com:389", "uid=app,ou=people,dc=example,dc=com", "ldap"),
		connector(KindDatabase, "db01.example:5432", "app", "postgres", "mysql"),
	}
}

// validPath keeps names from meaning anything else in a path.
var validPath = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$`)

// Opener gives the Opener of both kinds. connectors are the kinds of target that can
// log in to the systems behind Vault, by name.
func Opener(vault Vault, connectors []rotation.Connector) rotation.Opener {
	probes := rotation.Openers(connectors)
	return func(t custody.Target, admin custody.Secret) (rotation.Target, error) {
		engine, known := engines[t.Kind]
		if !known {
			return nil, custody.Invalid("target.kind", "vault_kind")
		}
		if !admin.IsZero() {
			return nil, custody.Invalid("key", "vault_has_its_own")
		}
		if _, err := endpoint.Open(custody.Target{Address: t.Address}); err != nil {
			return nil, err
		}
		for name := range t.Settings {
			if name != "role" && name != "mount" && name != "probe" && !strings.HasPrefix(name, "probe.") {
				return nil, custody.Invalid("target.settings", "vault_settings")
			}
		}
		role, mount := t.Settings["role"], engine.mount
		if set, ok := t.Settings["mount"]; ok {
			mount = set
		}
		for field, name := range map[string]string{"target.settings.role": role, "target.settings.mount": mount} {
			if !validPath.MatchString(name) {
				return nil, custody.Invalid(field, "vault_name")
			}
		}
		if strings.TrimSpace(t.Account) == "" {
			return nil, custody.Invalid("target.account", "vault_account")
		}
		probe, err := openProbe(t, probes)
		if err != nil {
			return nil, err
		}
		// One role is one account, and so is one account of two roles. A directory
		// tells no names apart by their case.
		account := t.Account
		if t.Kind == KindLDAP {
			account = strings.ToLower(account)
		}
		identities := []string{t.Kind + " role " + mount + "/" + role, endpoint.Identity(t.Kind, account, t.Address)}
		if probe != nil {
			identities = append(identities, rotation.Identities(probe)...)
		}
		return &target{
			identities: identities,
			vault:      vault, role: mount + "/" + role, account: t.Account, probe: probe,
			rotate: mount + "/rotate-role/" + role, creds: mount + "/" + engine.read + "/" + role,
		}, nil
	}
}

// openProbe makes the target that only ever logs in, nil where none is set. It
// gets no second account: it is not to change anything.
func openProbe(t custody.Target, probes map[string]rotation.Opener) (rotation.Target, error) {
	kind, set := t.Settings["probe"]
	described := custody.Target{Kind: kind, Address: t.Address, Account: t.Account, Settings: map[string]string{}}
	for name, value := range t.Settings {
		switch rest, is := strings.CutPrefix(name, "probe."); {
		case is && !set:
			return nil, custody.Invalid("target.settings.probe", "probe_unset")
		case is && rest == "account":
			described.Account = value
		case is:
			described.Settings[rest] = value
		}
	}
	if !set {
		return nil, nil
	}
	open, known := probes[kind]
	if !known {
		return nil, custody.Invalid("target.settings.probe", "probe_cannot_log_in")
	}
	probe, err := open(described, custody.Secret{})
	if refusal, ok := errors.AsType[*custody.Refusal](err); ok {
		return nil, ofProbe(refusal)
	}
	if err != nil {
		return nil, err
	}
	if probe.Describe().Unprobed {
		return nil, custody.Invalid("target.settings.probe", "probe_cannot_log_in")
	}
	return probe, nil
}

// ofProbe names the field as it is called here.
func ofProbe(refusal *custody.Refusal) error {
	renamed := *refusal
	const settings, probe = "target.settings", "target.settings.probe"
	if setting, is := strings.CutPrefix(refusal.Field, settings); is {
		renamed.Field = probe + setting
	} else if refusal.Field == "target.account" {
		renamed.Field = probe + ".account"
	}
	return &renamed
}
