package mysql_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/mysql"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

func TestOpen(t *testing.T) {
	ca, _ := servertest.NewCertificate(t)
	password := custody.SecretString("correct horse\n") // as a file has it
	good := custody.Target{Kind: "mysql", Address: "db01.example:3306", Account: "app", Settings: map[string]string{"admin": "tandem"}}
	for name, change := range map[string]func(*custody.Target){
		"least":            func(t *custody.Target) {},
		"loopback":         func(t *custody.Target) { t.Settings["tls"], t.Address = "off", "127.0.0.1:3306" },
		"ca":               func(t *custody.Target) { t.Settings["ca"] = string(ca) },
		"a network":        func(t *custody.Target) { t.Settings["host"] = "10.0.0.0/255.255.255.0" },
		"a pattern":        func(t *custody.Target) { t.Settings["host"] = "%.app_1.example" },
		"an IPv6 address":  func(t *custody.Target) { t.Settings["host"] = "2001:db8::1" },
		"a name in spaces": func(t *custody.Target) { t.Account = "app of 2, #1; -- 管理员" },
	} {
		if _, err := mysql.Open(with(good, change), password); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, bad := range map[string]struct {
		field  string
		change func(*custody.Target)
	}{
		"another kind":         {"target.kind", func(t *custody.Target) { t.Kind = "postgres" }},
		"no port":              {"target.address", func(t *custody.Target) { t.Address = "db01" }},
		"a socket":             {"target.address", func(t *custody.Target) { t.Address = "/run/mysqld.sock:1" }},
		"no account":           {"target.account", func(t *custody.Target) { t.Account = "" }},
		"a quote":              {"target.account", func(t *custody.Target) { t.Account = "a'b" }},
		"a double quote":       {"target.account", func(t *custody.Target) { t.Account = `a"b` }},
		"a backtick":           {"target.account", func(t *custody.Target) { t.Account = "a`b" }},
		"a backslash":          {"target.account", func(t *custody.Target) { t.Account = `a\` }},
		"a question mark":      {"target.account", func(t *custody.Target) { t.Account = `a?` }},
		"a newline":            {"target.account", func(t *custody.Target) { t.Account = "a\n" }},
		"not UTF-8":            {"target.account", func(t *custody.Target) { t.Account = "a\xff" }},
		"a long name":          {"target.account", func(t *custody.Target) { t.Account = strings.Repeat("n", 81) }},
		"an empty host":        {"target.settings.host", func(t *custody.Target) { t.Settings["host"] = "" }},
		"a quote in the host":  {"target.settings.host", func(t *custody.Target) { t.Settings["host"] = "%' = '" }},
		"an empty admin":       {"target.settings.admin", func(t *custody.Target) { t.Settings["admin"] = "" }},
		"a quote in the admin": {"target.settings.admin", func(t *custody.Target) { t.Settings["admin"] = "a'" }},
		"no admin for the key": {"target.settings.admin", func(t *custody.Target) { delete(t.Settings, "admin") }},
		"admin is account":     {"target.settings.admin", func(t *custody.Target) { t.Settings["admin"] = "app" }},
		"no tls on a network":  {"target.settings.tls", func(t *custody.Target) { t.Settings["tls"] = "off" }},
		"not a ca":             {"target.settings.ca", func(t *custody.Target) { t.Settings["ca"] = "ca.pem" }},
		"a setting not known":  {"target.settings", func(t *custody.Target) { t.Settings["plugin"] = "ed25519" }},
	} {
		_, err := mysql.Open(with(good, bad.change), password)
		wantInvalid(t, name, err, bad.field)
	}
	for name, key := range map[string]custody.Secret{"no key": {}, "an empty line": custody.SecretString("\n")} {
		_, err := mysql.Open(good, key)
		wantInvalid(t, name, err, "key")
	}
}

func with(t custody.Target, change func(*custody.Target)) custody.Target {
	t.Settings = maps.Clone(t.Settings)
	change(&t)
	return t
}

func wantInvalid(t *testing.T, name string, err error, field string) {
	t.Helper()
	var refusal *custody.Refusal
	if !errors.As(err, &refusal) || refusal.Code != custody.InvalidRequest || refusal.Field != field {
		t.Errorf("%s: %v", name, err)
	}
}
