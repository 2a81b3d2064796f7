package ssh_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"maps"
	"strings"
	"testing"

	gossh "golang.org/x/crypto/ssh"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/ssh"
)

// Public keys, of nothing.
const (
	ed25519HostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAOvWdgivnXcxL0O92AwLpROOu7Lqpg+PA5DcNWQYHbW"
	rsaHostKey     = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC4mME1PvIsk+QSRzavH49fhPxi2vNtTOuJnWyzTuKMAzNOpHIPPN0/FdKWi8ch6qJwiP7h+G3X6dmRZZedeCD5whs++yncXqBiaSG53Nn9gQ+Wq0BzphHr2k6i1Gn+DFG22oyIIIQsUGaxgevno2tCv8e7agLauhooBQ6wj/dgWwn6d1VYu3x7/r3RTMiuBGYkZmYij48r8eThxxriHh4P8AUHoIGgvkuXuXbuCeDXaUr2lJUDsnx/lUouJNs5rYhkkx8oCjDf0GYzg8US88IFeW9wb+e0OoWeNkPbRyBbgec73Sx6PIqi0gO3jh/Uv0LIrB22MuOql5SkkK4ZE72B"
)

func TestOpen(t *testing.T) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	key := marshal(t, func() (*pem.Block, error) { return gossh.MarshalPrivateKey(private, "") })
	locked := marshal(t, func() (*pem.Block, error) { return gossh.MarshalPrivateKeyWithPassphrase(private, "", []byte("x")) })

	good := custody.Target{Kind: "ssh", Address: "db01.example:22", Account: "root", Settings: map[string]string{"host_key": ed25519HostKey}}
	for name, change := range map[string]func(*custody.Target){
		"least":          func(t *custody.Target) {},
		"IPv6":           func(t *custody.Target) { t.Address = "[::1]:22" },
		"comment":        func(t *custody.Target) { t.Settings["host_key"] += " root@db01" },
		"two keys":       func(t *custody.Target) { t.Settings["host_key"] += "\n" + rsaHostKey + "\n" },
		"on one line":    func(t *custody.Target) { t.Settings["host_key"] += " root@db01; " + rsaHostKey },
		"by its own":     func(t *custody.Target) { t.Settings["own"] = "true" },
		"only a log-in":  func(t *custody.Target) { t.Settings["shell"] = "false" },
		"admin and sudo": func(t *custody.Target) { t.Settings["admin"], t.Settings["sudo"] = "tandem", "true" },
		"dotted account": func(t *custody.Target) { t.Account = "svc.backup_1-a" },
	} {
		if _, err := ssh.Open(with(good, change), key); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}

	for name, bad := range map[string]struct {
		field  string
		change func(*custody.Target)
	}{
		"another kind":         {"target.kind", func(t *custody.Target) { t.Kind = "ldap" }},
		"no port":              {"target.address", func(t *custody.Target) { t.Address = "db01" }},
		"no host":              {"target.address", func(t *custody.Target) { t.Address = ":22" }},
		"port 0":               {"target.address", func(t *custody.Target) { t.Address = "db01:0" }},
		"port 65536":           {"target.address", func(t *custody.Target) { t.Address = "db01:65536" }},
		"a named port":         {"target.address", func(t *custody.Target) { t.Address = "db01:ssh" }},
		"a space in the host":  {"target.address", func(t *custody.Target) { t.Address = "db 01:22" }},
		"no account":           {"target.account", func(t *custody.Target) { t.Account = "" }},
		"an option as account": {"target.account", func(t *custody.Target) { t.Account = "-e" }},
		"a colon in account":   {"target.account", func(t *custody.Target) { t.Account = "a:b" }},
		"two accounts":         {"target.account", func(t *custody.Target) { t.Account = "a\nroot" }},
		"a newline at the end": {"target.account", func(t *custody.Target) { t.Account = "a\n" }},
		"a long account":       {"target.account", func(t *custody.Target) { t.Account = strings.Repeat("a", 33) }},
		"an option as admin":   {"target.settings.admin", func(t *custody.Target) { t.Settings["admin"] = "-root" }},
		"an empty admin":       {"target.settings.admin", func(t *custody.Target) { t.Settings["admin"] = "" }},
		"no host key":          {"target.settings.host_key", func(t *custody.Target) { delete(t.Settings, "host_key") }},
		"not a host key":       {"target.settings.host_key", func(t *custody.Target) { t.Settings["host_key"] = "SHA256:abc" }},
		"a host key and noise": {"target.settings.host_key", func(t *custody.Target) { t.Settings["host_key"] += "\nnoise" }},
		"a key with options":   {"target.settings.host_key", func(t *custody.Target) { t.Settings["host_key"] = "restrict " + ed25519HostKey }},
		"sudo perhaps":         {"target.settings.sudo", func(t *custody.Target) { t.Settings["sudo"] = "perhaps" }},
		"own perhaps":          {"target.settings.own", func(t *custody.Target) { t.Settings["own"] = "perhaps" }},
		"shell perhaps":        {"target.settings.shell", func(t *custody.Target) { t.Settings["shell"] = "/bin/sh" }},
		"a setting not known":  {"target.settings", func(t *custody.Target) { t.Settings["hostkey"] = ed25519HostKey }},
	} {
		_, err := ssh.Open(with(good, bad.change), key)
		wantInvalid(t, name, err, bad.field)
	}
	for name, key := range map[string]custody.Secret{
		"no key": {}, "not a key": custody.SecretString("open sesame"), "a key with a passphrase": locked,
	} {
		_, err := ssh.Open(good, key)
		wantInvalid(t, name, err, "key")
	}

	own := with(good, func(t *custody.Target) { t.Settings["own"] = "true" })
	if _, err := ssh.Open(own, custody.Secret{}); err != nil {
		t.Errorf("by its own, without a key: %v", err)
	}
	for setting, value := range map[string]string{"admin": "tandem", "sudo": "true"} { // whose key is missing
		_, err := ssh.Open(with(own, func(t *custody.Target) { t.Settings[setting] = value }), custody.Secret{})
		wantInvalid(t, setting+" without a key", err, "key")
	}
	if _, err := ssh.OpenProbe(good, custody.Secret{}); err != nil {
		t.Errorf("a probe: %v", err)
	}
	_, err = ssh.OpenProbe(own, custody.Secret{})
	wantInvalid(t, "a probe by its own", err, "target.settings")
}

func with(t custody.Target, change func(*custody.Target)) custody.Target {
	t.Settings = maps.Clone(t.Settings)
	change(&t)
	return t
}

func wantInvalid(t *testing.T, name string, err error, field string) {
	t.Helper()
	var refusal *custody.Refusal
	if !errors.As(err, &refusal) || refusal.Code != custody.InvalidRequest || !strings.Contains(refusal.What.En, `"`+field+`"`) {
		t.Errorf("%s: %v", name, err)
	}
}

func marshal(t *testing.T, key func() (*pem.Block, error)) custody.Secret {
	t.Helper()
	block, err := key()
	if err != nil {
		t.Fatal(err)
	}
	return custody.NewSecret(pem.EncodeToMemory(block))
}
