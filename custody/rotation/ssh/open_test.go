package ssh_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/ssh"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
	"github.com/tandem-custody/tandem/custody/words"
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
	targettest.Takes(t, ssh.Open, good, key, map[string]targettest.Change{
		"least":          func(t *custody.Target) {},
		"IPv6":           func(t *custody.Target) { t.Address = "[::1]:22" },
		"comment":        func(t *custody.Target) { t.Settings["host_key"] += " root@db01" },
		"two keys":       func(t *custody.Target) { t.Settings["host_key"] += "\n" + rsaHostKey + "\n" },
		"on one line":    func(t *custody.Target) { t.Settings["host_key"] += " root@db01; " + rsaHostKey },
		"by its own":     func(t *custody.Target) { t.Settings["own"] = "true" },
		"only a log-in":  func(t *custody.Target) { t.Settings["shell"] = "false" },
		"admin and sudo": func(t *custody.Target) { t.Settings["admin"], t.Settings["sudo"] = "tandem", "true" },
		"dotted account": func(t *custody.Target) { t.Account = "svc.backup_1-a" },
	})

	targettest.Refuses(t, ssh.Open, good, key, map[string]map[string]targettest.Change{
		"target.kind": {
			"another kind": func(t *custody.Target) { t.Kind = "ldap" },
		},
		"target.address": {
			"no port":             func(t *custody.Target) { t.Address = "db01" },
			"no host":             func(t *custody.Target) { t.Address = ":22" },
			"port 0":              func(t *custody.Target) { t.Address = "db01:0" },
			"port 65536":          func(t *custody.Target) { t.Address = "db01:65536" },
			"a named port":        func(t *custody.Target) { t.Address = "db01:ssh" },
			"a space in the host": func(t *custody.Target) { t.Address = "db 01:22" },
		},
		"target.account": {
			"no account":           func(t *custody.Target) { t.Account = "" },
			"an option as account": func(t *custody.Target) { t.Account = "-e" },
			"a colon in account":   func(t *custody.Target) { t.Account = "a:b" },
			"two accounts":         func(t *custody.Target) { t.Account = "a\nroot" },
			"a newline at the end": func(t *custody.Target) { t.Account = "a\n" },
			"a long account":       func(t *custody.Target) { t.Account = strings.Repeat("a", 33) },
		},
		"target.settings.admin": {
			"an option as admin": func(t *custody.Target) { t.Settings["admin"] = "-root" },
			"an empty admin":     func(t *custody.Target) { t.Settings["admin"] = "" },
		},
		"target.settings.host_key": {
			"no host key":          func(t *custody.Target) { delete(t.Settings, "host_key") },
			"not a host key":       func(t *custody.Target) { t.Settings["host_key"] = "SHA256:abc" },
			"a host key and noise": func(t *custody.Target) { t.Settings["host_key"] += "\nnoise" },
			"a key with options":   func(t *custody.Target) { t.Settings["host_key"] = "restrict " + ed25519HostKey },
		},
		"target.settings.sudo": {
			"sudo perhaps": func(t *custody.Target) { t.Settings["sudo"] = "perhaps" },
		},
		"target.settings.own": {
			"own perhaps": func(t *custody.Target) { t.Settings["own"] = "perhaps" },
		},
		"target.settings.shell": {
			"shell perhaps": func(t *custody.Target) { t.Settings["shell"] = "/bin/sh" },
		},
		"target.settings": {
			"a setting not known": func(t *custody.Target) { t.Settings["hostkey"] = ed25519HostKey },
		},
	})
	for name, key := range map[string]custody.Secret{
		"no key": {}, "not a key": custody.SecretString("open sesame"), "a key with a passphrase": locked,
	} {
		_, err := ssh.Open(good, key)
		targettest.WantInvalid(t, name, err, "key")
	}

	own := targettest.With(good, func(t *custody.Target) { t.Settings["own"] = "true" })
	if _, err := ssh.Open(own, custody.Secret{}); err != nil {
		t.Errorf("by its own, without a key: %v", err)
	}
	for setting, value := range map[string]string{"admin": "tandem", "sudo": "true"} { // whose key is missing
		_, err := ssh.Open(targettest.With(own, func(t *custody.Target) { t.Settings[setting] = value }), custody.Secret{})
		targettest.WantInvalid(t, setting+" without a key", err, "key")
	}
	if _, err := ssh.OpenProbe(good, custody.Secret{}); err != nil {
		t.Errorf("a probe: %v", err)
	}
	_, err = ssh.OpenProbe(own, custody.Secret{})
	targettest.WantInvalid(t, "a probe by its own", err, "target.settings")
}

// TestHostKeysAsTheyArePrinted by ssh-keyscan, in known_hosts, in a .pub file, for
// a host at the usual port and at another.
func TestHostKeysAsTheyArePrinted(t *testing.T) {
	rsaOther := strings.Replace(rsaHostKey, "ssh-rsa", "ssh-dss", 1)
	for name, test := range map[string]struct {
		address, lines string
		refused        string // what it says; "": it is taken
	}{
		"ssh-keyscan":           {"db01.example:22", "# db01.example:22 SSH-2.0-OpenSSH_9.2p1\ndb01.example " + rsaHostKey + "\n# db01.example:22 SSH-2.0-OpenSSH_9.2p1\r\ndb01.example " + ed25519HostKey + "\r\n", ""},
		"ssh-keyscan -p":        {"db01.example:2222", "[db01.example]:2222 " + ed25519HostKey, ""},
		"ssh-keyscan -H":        {"db01.example:22", knownhosts.HashHostname("db01.example") + " " + ed25519HostKey + "; " + knownhosts.HashHostname("db01.example") + " " + rsaHostKey, ""},
		"ssh-keyscan -H -p":     {"db01.example:2222", knownhosts.HashHostname("[db01.example]:2222") + " " + ed25519HostKey, ""},
		"known_hosts":           {"DB01.example:22", "10.0.0.1,db01.example " + ed25519HostKey + " root@db01\n\n", ""},
		"IPv6":                  {"[2001:db8::7]:22", "2001:db8::7 " + ed25519HostKey, ""},
		"no name at all":        {"db01.example:22", ed25519HostKey, ""},
		"the same twice":        {"db01.example:22", ed25519HostKey + ";" + ed25519HostKey, ""},
		"another host":          {"db01.example:22", "db02.example " + ed25519HostKey, "key 1 is for another host (db02.example), not for db01.example:22"},
		"another port":          {"db01.example:2222", "db01.example " + ed25519HostKey, "is for another host (db01.example)"},
		"a whole known_hosts":   {"db01.example:22", "db01.example " + ed25519HostKey + "\ndb02.example " + rsaHostKey, "key 2 is for another host"},
		"another host, hashed":  {"db01.example:22", knownhosts.HashHostname("db02.example") + " " + ed25519HostKey, "another host (a hashed name)"},
		"a broken hash":         {"db01.example:22", "|1|*|* " + ed25519HostKey, "another host (a hashed name)"},
		"a pattern":             {"db01.example:22", "*.example " + ed25519HostKey, "another host (*.example)"},
		"an authority":          {"db01.example:22", "@cert-authority *.example " + ed25519HostKey, "key 1 is a @cert-authority"},
		"an authority of it":    {"db01.example:22", "@cert-authority db01.example " + ed25519HostKey, "key 1 is a @cert-authority"},
		"revoked":               {"db01.example:22", "@revoked db01.example " + ed25519HostKey, "key 1 is marked @revoked"},
		"only comments":         {"db01.example:22", "# db01.example:22 SSH-2.0-OpenSSH_9.2p1\n", "must be the host's public key, as ssh-keyscan prints it"},
		"a fingerprint":         {"db01.example:22", "256 SHA256:AAAA db01 (ED25519)", "key 1 is no public key of a host"},
		"a key of another type": {"db01.example:22", "db01.example " + rsaOther, "key 1 is no public key of a host"},
		"a private key":         {"db01.example:22", "-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n", "key 1 is no public key of a host"},
		"cut off in the middle": {"db01.example:22", "db01.example " + ed25519HostKey[:40], "key 1 is no public key of a host"},
	} {
		_, err := ssh.OpenProbe(custody.Target{Kind: "ssh", Address: test.address, Account: "root", Settings: map[string]string{"host_key": test.lines}}, custody.Secret{})
		if test.refused == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		targettest.WantInvalid(t, name, err, "target.settings.host_key")
		if err != nil && (!strings.Contains(said(err), test.refused) || strings.Contains(err.Error()+said(err), "hunter2")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAddressesAsPeopleTypeThem are refused with what to type instead.
func TestAddressesAsPeopleTypeThem(t *testing.T) {
	for address, want := range map[string]string{
		"root@db01:22": "the account goes into the field for the account", "ssh://db01:22": "without ssh:// in front", "ssh://root@db01": "without ssh:// in front",
		"db01": "the port is missing", "2001:db8::7": "in brackets", "2001:db8::7:22": "in brackets", "db01:22/": "nothing behind it", "db01:": "1 to 65535", "": "must be host:port",
	} {
		_, err := ssh.OpenProbe(custody.Target{Kind: "ssh", Address: address, Account: "root", Settings: map[string]string{"host_key": ed25519HostKey}}, custody.Secret{})
		targettest.WantInvalid(t, address, err, "target.address")
		if err != nil && !strings.Contains(said(err), want) {
			t.Errorf("%q: %v, want %q", address, err, want)
		}
	}
}

// said is what a person reads of a refusal.
func said(err error) string {
	refusal, _ := errors.AsType[*custody.Refusal](err)
	return words.In(words.English).Refusal(refusal).What
}

func marshal(t *testing.T, key func() (*pem.Block, error)) custody.Secret {
	t.Helper()
	block, err := key()
	if err != nil {
		t.Fatal(err)
	}
	return custody.NewSecret(pem.EncodeToMemory(block))
}
