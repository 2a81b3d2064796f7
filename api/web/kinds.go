package web

import (
	"slices"
	"strings"
)

// kind is what a form asks for to add an account of one kind of target, as
// docs/targets has it. It is called and explained below "kind.".
type kind struct {
	Name             string
	Address, Account string // examples
	Settings         []setting
	Key              string // what administers the target: see the constants; "": nothing is asked for
	Password         bool   // the present one is asked for
	Probes           []string
	Prefix           string // of the probe's settings
}

// What kind.Key can be.
const (
	privateKey    = "key"
	adminPassword = "password"
)

// setting is one of a target's settings. It is called as a refusal calls it,
// below "field.target.settings.", and explained below "setting.".
type setting struct {
	Name     string
	Hint     string   // key below "setting."; "": Name
	Example  string   // what to type, the same in every language
	Choices  []string // to choose from; the first is what holds without a choice
	Tick     string   // the value of a tick
	Join     string   // what stands for the line breaks of what can have several lines
	Required bool
	Login    bool // needed too where Tandem only logs in
}

var (
	hostKey = setting{Name: "host_key", Join: ";", Example: "ssh-ed25519 AAAA…", Required: true, Login: true}
	ca      = setting{Name: "ca", Join: " ", Example: "-----BEGIN CERTIFICATE-----", Login: true}
	verify  = setting{Name: "tls", Choices: []string{"verify", "off"}, Login: true}
)

// kinds are those that there is a form for, in the order in which it offers them.
var kinds = []kind{
	{Name: "ssh", Address: "db01.example:22", Account: "root", Key: privateKey, Password: true, Settings: []setting{
		hostKey, {Name: "admin", Hint: "ssh_admin", Example: "root"}, {Name: "sudo", Tick: "true"}, {Name: "own", Tick: "true"}, {Name: "shell", Tick: "false"},
	}},
	{Name: "postgres", Address: "db01.example:5432", Account: "app", Key: adminPassword, Password: true, Settings: []setting{
		{Name: "admin", Example: "tandem"}, {Name: "database", Example: "postgres", Login: true}, verify, ca,
	}},
	{Name: "mysql", Address: "db01.example:3306", Account: "app", Key: adminPassword, Password: true, Settings: []setting{
		{Name: "host", Example: "%", Login: true}, {Name: "admin", Example: "tandem"}, verify, ca,
	}},
	{Name: "ldap", Address: "ldap.example.com:389", Account: "uid=app,ou=people,dc=example,dc=com", Key: adminPassword, Password: true, Settings: []setting{
		{Name: "admin", Hint: "ldap_admin", Example: "cn=tandem,dc=example,dc=com"}, {Name: "method", Choices: []string{"exop", "userPassword"}},
		{Name: "tls", Hint: "ldap_tls", Choices: []string{"starttls", "ldaps", "off"}, Login: true}, ca,
	}},
	{Name: "vault-ldap", Address: "ldap.example.com:389", Account: "uid=app,ou=people,dc=example,dc=com", Settings: []setting{
		{Name: "role", Example: "app", Required: true}, {Name: "mount", Example: "ldap"},
	}, Probes: []string{"ldap", "ssh", "postgres", "mysql"}, Prefix: "probe."},
	{Name: "vault-database", Address: "db01.example:5432", Account: "app", Settings: []setting{
		{Name: "role", Example: "app", Required: true}, {Name: "mount", Example: "database"},
	}, Probes: []string{"postgres", "mysql", "ldap", "ssh"}, Prefix: "probe."},
	{Name: "manual", Address: "sw1.example:22", Account: "admin", Password: true, Probes: []string{httpsProbe, "ssh", "postgres", "mysql", "ldap"}},
}

// httpsProbe is no kind of its own, and only for what is set by hand.
const httpsProbe = "https"

var httpsSettings = []setting{{Name: "path", Example: "/redfish/v1/Systems"}, {Name: "sha256", Example: "3A:5F:…"}, ca}

// kindOf gives the kind of a name if it is offered.
func (p *Pages) kindOf(name string) (kind, bool) {
	at := slices.IndexFunc(kinds, func(k kind) bool { return k.Name == name })
	if at < 0 || !p.Offered.has(name) {
		return kind{}, false
	}
	k := kinds[at]
	k.Probes = slices.DeleteFunc(slices.Clone(k.Probes), func(probe string) bool { return probe != httpsProbe && !p.Offered.has(probe) })
	return k, true
}

// offeredKinds gives all that a form can be asked for.
func (p *Pages) offeredKinds() []kind {
	return slices.DeleteFunc(slices.Clone(kinds), func(k kind) bool { return !p.Offered.has(k.Name) })
}

// probe gives what a log-in by another kind needs, and how its settings are
// called here. A probe that is not among the kind's gives nothing.
func (k kind) probe(name string) []setting {
	if !slices.Contains(k.Probes, name) {
		return nil
	}
	var wanted []setting
	if name == httpsProbe {
		wanted = slices.Clone(httpsSettings)
	} else {
		for _, other := range kinds {
			if other.Name == name {
				wanted = slices.DeleteFunc(slices.Clone(other.Settings), func(s setting) bool { return !s.Login })
			}
		}
	}
	if k.Prefix != "" {
		wanted = append(wanted, setting{Name: "account"})
	}
	for i := range wanted {
		wanted[i].Hint = wanted[i].HintKey()
		wanted[i].Name = k.Prefix + wanted[i].Name
	}
	return wanted
}

// HintKey gives where it is explained, below "setting.".
func (s setting) HintKey() string {
	if s.Hint != "" {
		return s.Hint
	}
	return s.Name
}

// Label gives how it is called, below "field.target.settings.".
func (s setting) Label() string { return strings.TrimPrefix(s.Name, "probe.") }

// value reads what was typed for it. A setting has no line breaks, since it
// stands in an entry.
func (s setting) value(typed string) string {
	if s.Join == "" {
		return strings.TrimSpace(typed)
	}
	var lines []string
	for line := range strings.Lines(typed) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, s.Join)
}
