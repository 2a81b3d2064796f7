package postgres_test

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/postgres"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

func TestOpen(t *testing.T) {
	ca, key := servertest.NewCertificate(t)
	password := custody.SecretString("correct horse\n") // as a file has it
	good := custody.Target{Kind: "postgres", Address: "db01.example:5432", Account: "app", Settings: map[string]string{"admin": "tandem"}}
	targettest.Takes(t, postgres.Open, good, password, map[string]targettest.Change{
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
	})
	targettest.Refuses(t, postgres.Open, good, password, map[string]map[string]targettest.Change{
		"target.kind": {
			"another kind": func(t *custody.Target) { t.Kind = "ssh" },
		},
		"target.address": {
			"no port":    func(t *custody.Target) { t.Address = "db01" },
			"no host":    func(t *custody.Target) { t.Address = ":5432" },
			"port 0":     func(t *custody.Target) { t.Address = "db01:0" },
			"port 65536": func(t *custody.Target) { t.Address = "db01:65536" },
			"two hosts":  func(t *custody.Target) { t.Address = "db01,db02:5432" },
			"a socket":   func(t *custody.Target) { t.Address = "/run/postgresql:5432" },
		},
		"target.account": {
			"no account":       func(t *custody.Target) { t.Account = "" },
			"a newline in it":  func(t *custody.Target) { t.Account = "a\nb" },
			"a name cut short": func(t *custody.Target) { t.Account = strings.Repeat("n", 64) },
			"a NUL in it":      func(t *custody.Target) { t.Account = "a\x00b" },
		},
		"target.settings.admin": {
			"an empty admin":       func(t *custody.Target) { t.Settings["admin"] = "" },
			"no admin for the key": func(t *custody.Target) { delete(t.Settings, "admin") },
			"admin is account":     func(t *custody.Target) { t.Settings["admin"] = "app" },
		},
		"target.settings.database": {
			"no database": func(t *custody.Target) { t.Settings["database"] = "" },
		},
		"target.settings.tls": {
			"tls perhaps":          func(t *custody.Target) { t.Settings["tls"] = "prefer" },
			"no tls on a network":  func(t *custody.Target) { t.Settings["tls"] = "off" },
			"a name of loopback's": func(t *custody.Target) { t.Settings["tls"], t.Address = "off", "127.0.0.1.example:5432" },
		},
		"target.settings.ca": {
			"an empty ca":    func(t *custody.Target) { t.Settings["ca"] = "" },
			"a ca and noise": func(t *custody.Target) { t.Settings["ca"] = string(ca) + "noise" },
			"a path as ca":   func(t *custody.Target) { t.Settings["ca"] = "/etc/ssl/ca.pem" },
			"a key as ca":    func(t *custody.Target) { t.Settings["ca"] = string(key) },
		},
		"target.settings": {
			"a setting not known": func(t *custody.Target) { t.Settings["sslmode"] = "disable" },
		},
	})
	targettest.NeedsKey(t, postgres.Open, good)
}
