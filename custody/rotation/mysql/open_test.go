package mysql_test

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/mysql"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

func TestOpen(t *testing.T) {
	ca, _ := servertest.NewCertificate(t)
	password := custody.SecretString("correct horse\n") // as a file has it
	good := custody.Target{Kind: "mysql", Address: "db01.example:3306", Account: "app", Settings: map[string]string{"admin": "tandem"}}
	targettest.Takes(t, mysql.Open, good, password, map[string]targettest.Change{
		"least":            func(t *custody.Target) {},
		"loopback":         func(t *custody.Target) { t.Settings["tls"], t.Address = "off", "127.0.0.1:3306" },
		"ca":               func(t *custody.Target) { t.Settings["ca"] = string(ca) },
		"a network":        func(t *custody.Target) { t.Settings["host"] = "10.0.0.0/255.255.255.0" },
		"a pattern":        func(t *custody.Target) { t.Settings["host"] = "%.app_1.example" },
		"an IPv6 address":  func(t *custody.Target) { t.Settings["host"] = "2001:db8::1" },
		"a name in spaces": func(t *custody.Target) { t.Account = "app of 2, #1; -- 管理员" },
	})
	targettest.Refuses(t, mysql.Open, good, password, map[string]map[string]targettest.Change{
		"target.kind": {
			"another kind": func(t *custody.Target) { t.Kind = "postgres" },
		},
		"target.address": {
			"no port":  func(t *custody.Target) { t.Address = "db01" },
			"a socket": func(t *custody.Target) { t.Address = "/run/mysqld.sock:1" },
		},
		"target.account": {
			"no account":      func(t *custody.Target) { t.Account = "" },
			"a quote":         func(t *custody.Target) { t.Account = "a'b" },
			"a double quote":  func(t *custody.Target) { t.Account = `a"b` },
			"a backtick":      func(t *custody.Target) { t.Account = "a`b" },
			"a backslash":     func(t *custody.Target) { t.Account = `a\` },
			"a question mark": func(t *custody.Target) { t.Account = `a?` },
			"a newline":       func(t *custody.Target) { t.Account = "a\n" },
			"not UTF-8":       func(t *custody.Target) { t.Account = "a\xff" },
			"a long name":     func(t *custody.Target) { t.Account = strings.Repeat("n", 81) },
		},
		"target.settings.host": {
			"an empty host":       func(t *custody.Target) { t.Settings["host"] = "" },
			"a quote in the host": func(t *custody.Target) { t.Settings["host"] = "%' = '" },
		},
		"target.settings.admin": {
			"an empty admin":       func(t *custody.Target) { t.Settings["admin"] = "" },
			"a quote in the admin": func(t *custody.Target) { t.Settings["admin"] = "a'" },
			"no admin for the key": func(t *custody.Target) { delete(t.Settings, "admin") },
			"admin is account":     func(t *custody.Target) { t.Settings["admin"] = "app" },
		},
		"target.settings.tls": {
			"no tls on a network": func(t *custody.Target) { t.Settings["tls"] = "off" },
		},
		"target.settings.ca": {
			"not a ca": func(t *custody.Target) { t.Settings["ca"] = "ca.pem" },
		},
		"target.settings": {
			"a setting not known": func(t *custody.Target) { t.Settings["plugin"] = "ed25519" },
		},
	})
	targettest.NeedsKey(t, mysql.Open, good)
}
