package ssh

import (
	"regexp"

	"golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/endpoint"
)

// Kind is the custody.Target.Kind of this package's targets.
const Kind = "ssh"

// Connector is this kind of target.
var Connector = rotation.Connector{Open: Open, Probe: OpenProbe, TargetKind: desk.TargetKind{
	Name: Kind, Address: "db01.example:22", Account: "root", Settings: settings, Admin: desk.AdminKey, Password: true, Most: maxPassword,
}}

var settings = []desk.TargetSetting{
	{Name: "host_key", Join: ";", Example: "ssh-ed25519 AAAA…", Required: true, Login: true},
	{Name: "admin", Hint: "ssh_admin", Example: "root"}, {Name: "sudo", Tick: "true"}, {Name: "own", Tick: "true"}, {Name: "shell", Tick: "false"},
	{Name: "root_login", Tick: "true"}, {Name: "legacy", Tick: "true", Login: true},
}

// validUser is the POSIX portable user name (IEEE 1003.1-2017, 3.437), at most
// as long as Linux has them (useradd(8)).
var validUser = regexp.MustCompile(`^[A-Za-z0-9._][A-Za-z0-9._-]{0,31}$`)

// Open is a rotation.Opener. It needs a private key as admin, unless the
// account changes its own password.
func Open(t custody.Target, admin custody.Secret) (rotation.Target, error) {
	opened, err := open(t, settings)
	if err != nil {
		return nil, err
	}
	sudo, err := parseSwitch(t, "sudo", false)
	if err != nil {
		return nil, err
	}
	if opened.own, err = parseSwitch(t, "own", false); err != nil {
		return nil, err
	}
	if opened.shell, err = parseSwitch(t, "shell", true); err != nil {
		return nil, err
	}
	if opened.rootLogin, err = parseSwitch(t, "root_login", false); err != nil {
		return nil, err
	}
	user, named := t.Settings["admin"]
	if opened.own && admin.IsZero() && !named && !sudo {
		return opened, nil
	}
	if opened.admin, err = openAdmin(user, named, sudo, admin); err != nil {
		return nil, err
	}
	return opened, nil
}

// OpenProbe is a rotation.Opener for an account that Tandem only logs in to,
// like one of a switch: it runs nothing there, and knows no settings but host_key and legacy.
func OpenProbe(t custody.Target, _ custody.Secret) (rotation.Target, error) {
	opened, err := open(t, rotation.LoginSettings(settings))
	if err != nil {
		return nil, err
	}
	return opened, nil
}

// open takes what every target needs, and refuses settings that are not known.
func open(t custody.Target, known []desk.TargetSetting) (*target, error) {
	if t.Kind != Kind {
		return nil, custody.Invalid("target.kind", "must_be", custody.Args{"value": Kind})
	}
	if err := rotation.CheckSettings(t, known); err != nil {
		return nil, err
	}
	if _, _, err := endpoint.Split(t.Address); err != nil {
		return nil, err
	}
	keys, err := parseHostKeys(t.Settings["host_key"], t.Address)
	if err != nil {
		return nil, err
	}
	if !validUser.MatchString(t.Account) {
		return nil, invalidUser("target.account")
	}
	legacy, err := parseSwitch(t, "legacy", false)
	if err != nil {
		return nil, err
	}
	return &target{host: host{address: t.Address, keys: keys, legacy: legacy}, account: t.Account}, nil
}

func openAdmin(user string, named, sudo bool, key custody.Secret) (*administrator, error) {
	opened := &administrator{user: "root", sudo: sudo}
	if named {
		opened.user = user
	}
	if !validUser.MatchString(opened.user) {
		return nil, invalidUser("target.settings.admin")
	}
	var err error
	if opened.key, err = ssh.ParsePrivateKey(key.Bytes()); err != nil { // err may quote the key
		return nil, custody.Invalid("key", "no_private_key")
	}
	return opened, nil
}

func invalidUser(field string) error {
	return custody.Invalid(field, "no_posix_user")
}

// parseSwitch reads a setting that is on or off.
func parseSwitch(t custody.Target, name string, otherwise bool) (bool, error) {
	switch t.Settings[name] {
	case "":
		return otherwise, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, custody.Invalid("target.settings."+name, "not_a_switch")
}
