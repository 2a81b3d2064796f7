package ssh_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ssh/sshtest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

// What a person is told of an account that does not get in, as far as sshd says it.
func TestWhyAHostLetsNobodyIn(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		option string
		change []string
		why    rotation.Failure
	}{
		"an account that has expired":       {"", []string{"usermod", "--expiredate", "1"}, rotation.AccountClosed},
		"a host that lets one try only":     {"MaxAuthTries 1", nil, rotation.AccountClosed},
		"a password that has expired":       {"", []string{"chage", "--lastday", "0"}, rotation.MustChange},
		"no shell":                          {"", []string{"usermod", "--shell", "/usr/sbin/nologin"}, rotation.MustChange},
		"no log-in by password":             {"PasswordAuthentication no\nKbdInteractiveAuthentication no", nil, rotation.PasswordOff},
		"a second factor":                   {"AuthenticationMethods password,publickey", nil, rotation.PasswordOff},
		"a forced command that ends well":   {"ForceCommand /bin/true", nil, rotation.StartupFiles},
		"a forced command that says things": {"ForceCommand echo tandem-", nil, rotation.StartupFiles},
		"a key exchange of before":          {"KexAlgorithms diffie-hellman-group1-sha1", nil, rotation.AlgorithmNeeded},
		"ciphers of before":                 {"Ciphers aes128-cbc", nil, rotation.AlgorithmNeeded},
		"message authentication as it was":  {"Ciphers aes128-ctr\nMACs hmac-sha1-96", nil, rotation.AlgorithmNeeded},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			server := sshtest.Start(t, c.option)
			account, password := server.AddAccount(t)
			if c.change != nil {
				server.Administer(t, c.change[0], append(c.change[1:], account)...)
			}
			given := password
			if c.option == "MaxAuthTries 1" {
				given = sshtest.NewPassword()
			}
			targettest.WantWhy(t, what, open(t, server, describe(server, account)).Verify(t.Context(), given), c.why)
			if c.why == rotation.AlgorithmNeeded {
				want(t, "with legacy", open(t, server, describe(server, account, "legacy", "true")).Verify(t.Context(), password), nil)
			}
		})
	}
}

// All that the library can do is offered to a host, not only what it offers by itself.
func TestHostsThatKnowOneAlgorithm(t *testing.T) {
	t.Parallel()
	for _, option := range []string{
		"KexAlgorithms diffie-hellman-group16-sha512", "KexAlgorithms diffie-hellman-group-exchange-sha256", "KexAlgorithms diffie-hellman-group14-sha1",
		"KexAlgorithms sntrup761x25519-sha512@openssh.com,curve25519-sha256", "Ciphers aes256-gcm@openssh.com", "MACs hmac-sha2-512",
	} {
		t.Run(option, func(t *testing.T) {
			t.Parallel()
			server := sshtest.Start(t, option)
			account, password := server.AddAccount(t)
			target := open(t, server, describe(server, account))
			want(t, "verify", target.Verify(t.Context(), password), nil)
			next := sshtest.NewPassword()
			want(t, "change", target.Change(t.Context(), password, next), nil)
			want(t, "the new password", target.Verify(t.Context(), next), nil)
		})
	}
}

// An old host that signs with its RSA key by SHA-1 only is no other host than the one
// whose keys are pinned.
func TestAnOldRSAKeyIsNoOtherHost(t *testing.T) {
	t.Parallel()
	private, public := sshtest.NewRSAHostKey(t)
	server := sshtest.Start(t, "HostKey "+private, "HostKeyAlgorithms ssh-rsa")
	account, password := server.AddAccount(t)
	both := server.HostKey + "\n" + public
	targettest.WantWhy(t, "pinned beside a modern one", open(t, server, describe(server, account, "host_key", both)).Verify(t.Context(), password), rotation.AlgorithmNeeded)
	want(t, "with legacy", open(t, server, describe(server, account, "host_key", both, "legacy", "true")).Verify(t.Context(), password), nil)
	_, another := sshtest.NewRSAHostKey(t)
	want(t, "another one pinned", open(t, server, describe(server, account, "host_key", another, "legacy", "true")).Verify(t.Context(), password), rotation.ErrHostKey)
	want(t, "none pinned", open(t, server, describe(server, account)).Verify(t.Context(), password), rotation.ErrHostKey)
}

// A start-up file that reads, prints or ends what it should not: where nothing came back
// nothing was changed, and that is said; what it prints beside does no harm.
func TestStartUpFiles(t *testing.T) {
	t.Parallel()
	server := sshtest.Start(t, "SetEnv SHLVL=0") // bash reads its start-up file then
	for what, c := range map[string]struct {
		file string
		why  rotation.Failure // "": it does no harm
	}{
		"ends":       {"exit 0", rotation.StartupFiles},
		"ends badly": {"exit 3", rotation.MustChange},
		"takes over": {"exec cat", rotation.StartupFiles},
		"prints":     {"echo; echo 'Welcome to the machine'; echo -n '> '; echo", ""},
		"reads":      {"read -r -t 1 answer", ""},
	} {
		t.Run(what, func(t *testing.T) {
			account, password := server.AddAccount(t)
			home := server.GiveHome(t, account)
			if err := os.WriteFile(filepath.Join(home, ".bashrc"), []byte(c.file+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			target, next := openOwn(t, server, account), sshtest.NewPassword()
			verified, changed := target.Verify(t.Context(), password), target.Change(t.Context(), password, next)
			if c.why != "" {
				targettest.WantWhy(t, "verify", verified, c.why)
				targettest.WantWhy(t, "change", changed, c.why)
				want(t, "change", changed, rotation.ErrDeclined)
				wantOpens(t, server, account, password)
				return
			}
			want(t, "verify", verified, nil)
			if what == "reads" { // the old password, so that passwd has a wrong one
				want(t, "change", changed, rotation.ErrDeclined)
				wantOpens(t, server, account, password)
				return
			}
			want(t, "change", changed, nil)
			wantOpens(t, server, account, next)
		})
	}
}

func wantOpens(t *testing.T, s *sshtest.Server, account string, password custody.Secret) {
	t.Helper()
	want(t, "the password that it has", sshtest.Login(s.Addr, s.HostKey, account, password), nil)
}
