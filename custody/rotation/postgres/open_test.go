package postgres_test

import (
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/postgres"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

func TestOpen(t *testing.T) {
	ca, key := servertest.NewCertificate(t)
	password := custody.SecretString("correct horse\n") // as a file has it
	good := custody.Target{Kind: "postgres", Address: "db01.example:5432", Account: "app", Settings: map[string]string{"admin": "tandem"}}
	for name, change := range map[string]func(*custody.Target){
		"least":            func(t *custody.Target) {},
		"IPv6":             func(t *custody.Target) { t.Address = "[2001:db8::1]:5432" },
		"tls in words":     func(t *custody.Target) { t.Settings["tls"] = "verify" },
		"loopback":         func(t *custody.Target) { t.Settings["tls"], t.Address = "off", "127.0.0.2:5432" },
		"IPv6 loopback":    func(t *custody.Target) { t.Settings["tls"], t.Address = "off", "[::1]:5432" },
		"localhost":        func(t *custody.Target) { t.Settings["tls"], t.Address = "off", "localhost:5432" },
		"ca":               func(t *custody.Target) { t.Settings["ca"] = string(ca) },
		"ca twice":         func(t *custody.Target) { t.Settings["ca"] = string(ca) + string(ca) },
		"ca on one line":   func(t *custody.Target) { t.Settings["ca"] = strings.ReplaceAll(string(ca)+string(ca), "\n", " ") },
		"database":         func(t *custody.Target) { t.Settings["database"] = "app db" },
		"a name in quotes": func(t *custody.Target) { t.Account = `a"b'c` },
	} {
		if _, err := postgres.Open(with(good, change), password); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, bad := range map[string]struct {
		field  string
		change func(*custody.Target)
	}{
		"another kind":         {"target.kind", func(t *custody.Target) { t.Kind = "ssh" }},
		"no port":              {"target.address", func(t *custody.Target) { t.Address = "db01" }},
		"no host":              {"target.address", func(t *custody.Target) { t.Address = ":5432" }},
		"port 0":               {"target.address", func(t *custody.Target) { t.Address = "db01:0" }},
		"port 65536":           {"target.address", func(t *custody.Target) { t.Address = "db01:65536" }},
		"two hosts":            {"target.address", func(t *custody.Target) { t.Address = "db01,db02:5432" }},
		"a socket":             {"target.address", func(t *custody.Target) { t.Address = "/run/postgresql:5432" }},
		"no account":           {"target.account", func(t *custody.Target) { t.Account = "" }},
		"a newline in it":      {"target.account", func(t *custody.Target) { t.Account = "a\nb" }},
		"a name cut short":     {"target.account", func(t *custody.Target) { t.Account = strings.Repeat("n", 64) }},
		"a NUL in it":          {"target.account", func(t *custody.Target) { t.Account = "a\x00b" }},
		"an empty admin":       {"target.settings.admin", func(t *custody.Target) { t.Settings["admin"] = "" }},
		"no admin for the key": {"target.settings.admin", func(t *custody.Target) { delete(t.Settings, "admin") }},
		"admin is account":     {"target.settings.admin", func(t *custody.Target) { t.Settings["admin"] = "app" }},
		"no database":          {"target.settings.database", func(t *custody.Target) { t.Settings["database"] = "" }},
		"tls perhaps":          {"target.settings.tls", func(t *custody.Target) { t.Settings["tls"] = "prefer" }},
		"no tls on a network":  {"target.settings.tls", func(t *custody.Target) { t.Settings["tls"] = "off" }},
		"a name of loopback's": {"target.settings.tls", func(t *custody.Target) { t.Settings["tls"], t.Address = "off", "127.0.0.1.example:5432" }},
		"an empty ca":          {"target.settings.ca", func(t *custody.Target) { t.Settings["ca"] = "" }},
		"a ca and noise":       {"target.settings.ca", func(t *custody.Target) { t.Settings["ca"] = string(ca) + "noise" }},
		"a path as ca":         {"target.settings.ca", func(t *custody.Target) { t.Settings["ca"] = "/etc/ssl/ca.pem" }},
		"a key as ca":          {"target.settings.ca", func(t *custody.Target) { t.Settings["ca"] = string(key) }},
		"a setting not known":  {"target.settings", func(t *custody.Target) { t.Settings["sslmode"] = "disable" }},
	} {
		_, err := postgres.Open(with(good, bad.change), password)
		wantInvalid(t, name, err, bad.field)
	}
	for name, key := range map[string]custody.Secret{"no key": {}, "an empty line": custody.SecretString("\n")} {
		_, err := postgres.Open(good, key)
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
