package ldap_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ldap"
	"github.com/tandem-custody/tandem/custody/rotation/ldap/ldaptest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
)

// describe describes an account that the second account of the server changes.
func describe(s *ldaptest.Server, account string, settings ...string) custody.Target {
	t := custody.Target{
		Kind: ldap.Kind, Address: s.Addr, Account: account,
		Settings: map[string]string{"ca": s.CA, "admin": ldaptest.Admin},
	}
	for i := 0; i < len(settings); i += 2 {
		t.Settings[settings[i]] = settings[i+1]
	}
	return t
}

// alone describes an account that changes its own password.
func alone(s *ldaptest.Server, account string, settings ...string) custody.Target {
	t := describe(s, account, settings...)
	delete(t.Settings, "admin")
	return t
}

func open(t *testing.T, s *ldaptest.Server, described custody.Target) rotation.Target {
	t.Helper()
	var admin custody.Secret
	if described.Settings["admin"] != "" {
		admin = s.AdminPassword
	}
	target, err := ldap.Open(described, admin)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func want(t *testing.T, what string, got, wanted error) {
	t.Helper()
	if !errors.Is(got, wanted) {
		t.Errorf("%s: %v, not %v", what, got, wanted)
	}
}

// unknown checks for an error that says nothing for certain.
func unknown(t *testing.T, what string, err error) {
	t.Helper()
	for _, certain := range []error{
		nil, rotation.ErrRefused, rotation.ErrValue, rotation.ErrDeclined, rotation.ErrHostKey, rotation.ErrUnreachable,
	} {
		if errors.Is(err, certain) {
			t.Errorf("%s: %v, not an unknown outcome", what, err)
		}
	}
}

func TestChangeAndVerify(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	for _, method := range []string{"exop", "userPassword"} {
		for how, addr := range map[string]string{"starttls": server.Addr, "ldaps": server.AddrTLS, "off": server.Addr} {
			for by, describe := range map[string]func(*ldaptest.Server, string, ...string) custody.Target{
				"the second account": describe, "the account itself": alone,
			} {
				t.Run(method+" by "+by+" with tls "+how, func(t *testing.T) {
					t.Parallel()
					account, old := server.AddAccount(t)
					described := describe(server, account, "method", method, "tls", how)
					described.Address = addr
					target := open(t, server, described)
					ctx := t.Context()
					want(t, "the old password before", target.Verify(ctx, old), nil)

					next := servertest.NewPassword()
					want(t, "change", target.Change(ctx, old, next), nil)
					want(t, "the new password", target.Verify(ctx, next), nil)
					want(t, "the old password after", target.Verify(ctx, old), rotation.ErrRefused)
					want(t, "the new password, seen from outside", server.Login(t, account, next), nil)
					if server.Login(t, account, old) == nil {
						t.Error("the old password, seen from outside, still opens the account")
					}
					// As after a crash: the same change again, with what was valid then.
					var again error
					if described.Settings["admin"] == "" {
						again = rotation.ErrRefused
					}
					want(t, "the same change again", target.Change(ctx, old, next), again)
					want(t, "the new password then", target.Verify(ctx, next), nil)
				})
			}
		}
	}
}

func TestReconcile(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	account, _ := server.AddAccount(t)
	lost, next := servertest.NewPassword(), servertest.NewPassword()
	server.SetPassword(t, account, lost)

	target := open(t, server, describe(server, account))
	if !target.Describe().Reconciles {
		t.Error("it has a second account and says that it does not reconcile")
	}
	want(t, "reconcile", target.Reconcile(t.Context(), next), nil)
	want(t, "the password then", server.Login(t, account, next), nil)

	target = open(t, server, alone(server, account))
	if target.Describe().Reconciles {
		t.Error("it has no second account and says that it reconciles")
	}
	want(t, "reconcile without a second account", target.Reconcile(t.Context(), lost), rotation.ErrDeclined)
	want(t, "change without the old password", target.Change(t.Context(), custody.Secret{}, lost), rotation.ErrRefused)
	want(t, "change with a wrong old password", target.Change(t.Context(), lost, servertest.NewPassword()), rotation.ErrRefused)
	want(t, "the password after all that", server.Login(t, account, next), nil)
}

// An entry may have several passwords; after a change there is one.
func TestEveryOldValueGoes(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	for _, method := range []string{"exop", "userPassword"} {
		account, old := server.AddAccount(t)
		second := custody.SecretString("second-value")
		server.Modify(t, "dn: "+account+"\nchangetype: modify\nadd: userPassword\nuserPassword: "+second.Reveal()+"\n")
		want(t, "the second password before", server.Login(t, account, second), nil)
		want(t, "change", open(t, server, describe(server, account, "method", method)).Change(t.Context(), old, servertest.NewPassword()), nil)
		if server.Login(t, account, second) == nil || server.Login(t, account, old) == nil {
			t.Errorf("%s: another password opens the account still", method)
		}
	}
}

func TestAwkwardValues(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	account, _ := server.AddAccount(t)
	for _, method := range []string{"exop", "userPassword"} {
		target := open(t, server, describe(server, account, "method", method))
		for _, value := range []string{
			"a", " leading and trailing ", "{SSHA}looks-like-a-hash", "{CRYPT}$6$x", "{CLEARTEXT}x", "$6$rounds=1$x", "dn:uid=x,dc=y", `\2c"+;<>#=`,
			"tab\tand\nline\r\n", "\x7f\x01", "密码密码密码", "\xff\xfe not UTF-8", strings.Repeat("x", 511), "%s%n%d", "'; -- ${HOME} `id`",
		} {
			next := custody.SecretString(value)
			want(t, method+": change", target.Change(t.Context(), custody.Secret{}, next), nil)
			want(t, method+": verify", target.Verify(t.Context(), next), nil)
			if value != strings.TrimSpace(value) {
				want(t, method+": without its spaces", target.Verify(t.Context(), custody.SecretString(strings.TrimSpace(value))), rotation.ErrRefused)
			}
			want(t, method+": seen from outside", server.Login(t, account, next), nil)
		}
		for _, value := range []string{"", "ends\x00early", strings.Repeat("x", 512)} {
			want(t, method+": a value that cannot be", target.Change(t.Context(), custody.Secret{}, custody.SecretString(value)), rotation.ErrValue)
		}
	}
}

// Directories let an empty password in, as nobody (RFC 4513, 5.1.2).
func TestEmptyPasswordIsNeverSent(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	account, _ := server.AddAccount(t)
	server.Stop() // it is not even asked
	unknown(t, "verify", open(t, server, describe(server, account)).Verify(t.Context(), custody.Secret{}))
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	ctx := t.Context()
	account, password := server.AddAccount(t)
	next := servertest.NewPassword()

	nobody := "uid=nobody," + ldaptest.People
	want(t, "log-in of an account that is not there", open(t, server, describe(server, nobody)).Verify(ctx, password), rotation.ErrRefused)
	want(t, "change of an account that is not there", open(t, server, describe(server, nobody)).Change(ctx, password, next), rotation.ErrDeclined)

	target, err := ldap.Open(describe(server, account), servertest.NewPassword())
	if err != nil {
		t.Fatal(err)
	}
	want(t, "a wrong password of the second account", target.Change(ctx, password, next), rotation.ErrRefused)

	other, otherPassword := server.AddAccount(t)
	target, err = ldap.Open(describe(server, account, "admin", other), otherPassword)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "a second account that may not", target.Change(ctx, password, next), rotation.ErrDeclined)
	want(t, "the password after all that", server.Login(t, account, password), nil)
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	account, password := server.AddAccount(t)
	target := open(t, server, describe(server, account))
	server.Stop()
	want(t, "verify", target.Verify(t.Context(), password), rotation.ErrUnreachable)
	want(t, "change", target.Change(t.Context(), password, servertest.NewPassword()), rotation.ErrUnreachable)
	server.Start()
	want(t, "verify, when it is back", target.Verify(t.Context(), password), nil)
}

func TestAnotherHostAtTheAddress(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	account, password := server.AddAccount(t)
	for how, addr := range map[string]string{"starttls": server.Addr, "ldaps": server.AddrTLS} {
		pinned := describe(server, account, "tls", how)
		pinned.Address = addr
		target := open(t, server, pinned)
		want(t, how+": the pinned authority", target.Verify(t.Context(), password), nil)

		unpinned := describe(server, account, "tls", how)
		unpinned.Address = addr
		delete(unpinned.Settings, "ca")
		want(t, how+": the system's authorities", open(t, server, unpinned).Verify(t.Context(), password), rotation.ErrHostKey)

		server.ReplaceCertificate()
		before := len(server.Log())
		want(t, how+": verify with another authority", target.Verify(t.Context(), password), rotation.ErrHostKey)
		want(t, how+": change with another authority", target.Change(t.Context(), password, servertest.NewPassword()), rotation.ErrHostKey)

		server.ReplaceCertificate("ldap.example.com")
		renamed := describe(server, account, "tls", how)
		renamed.Address = addr
		want(t, how+": another name", open(t, server, renamed).Verify(t.Context(), password), rotation.ErrHostKey)
		if strings.Contains(string(server.Log()[before:]), " BIND ") {
			t.Error("Tandem logged in to a host that is not the pinned one")
		}
		server.ReplaceCertificate()
	}
}

// A change whose answer is lost may have happened. Nothing else is unknown.
func TestCutOff(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	account, password := server.AddAccount(t)
	const answers = 14 // the answer to a bind, without controls, has as many bytes
	for what, test := range map[string]struct {
		limit int64
		cut   error
	}{
		"before the log-in": {0, rotation.ErrUnreachable},
		"in the log-in":     {answers / 2, rotation.ErrUnreachable},
		"after the log-in":  {answers, nil},
		"in the change":     {answers + answers/2, nil},
	} {
		described := describe(server, account, "tls", "off")
		described.Address = relay(t, server.Addr, test.limit)
		err := open(t, server, described).Change(t.Context(), password, servertest.NewPassword())
		if test.cut != nil {
			want(t, what, err, test.cut)
			want(t, what+": the password", server.Login(t, account, password), nil)
			continue
		}
		unknown(t, what, err)
		server.SetPassword(t, account, password)
	}
}

func TestStoppedMidway(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	account, password := server.AddAccount(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, how := range []string{"starttls", "ldaps", "off"} {
		described := describe(server, account, "tls", how)
		described.Address = silent.Addr().String()
		target := open(t, server, described)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		err := target.Verify(ctx, password)
		want(t, how+": verify", err, context.DeadlineExceeded)
		want(t, how+": verify", err, rotation.ErrUnreachable)
		err = target.Change(ctx, password, servertest.NewPassword())
		want(t, how+": change", err, rotation.ErrUnreachable)
		cancel()
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	want(t, "cancelled before", open(t, server, describe(server, account)).Change(ctx, password, servertest.NewPassword()), context.Canceled)
	want(t, "the password after all that", server.Login(t, account, password), nil)
}

// Somebody between who has StartTLS refused gets no password in clear.
func TestNoWayBackToClear(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	account, password := server.AddAccount(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	heard := make(chan []byte, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		request := make([]byte, 31) // ExtendedRequest with the OID of StartTLS
		io.ReadFull(conn, request)
		conn.Write([]byte("\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00")) // protocolError
		rest, _ := io.ReadAll(conn)
		heard <- rest
	}()
	described := describe(server, account)
	described.Address = l.Addr().String()
	want(t, "verify", open(t, server, described).Verify(t.Context(), password), rotation.ErrUnreachable)
	if rest := <-heard; strings.Contains(string(rest), password.Reveal()) || strings.Contains(string(rest), account) {
		t.Errorf("in clear: %q", rest)
	}
}

// Neither what the server says nor a secret is in an error; no secret is in the
// server's own log.
func TestSecretsStayOut(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t, "pwdCheckQuality: 2", "pwdMinLength: 30")
	account, password := server.AddAccount(t)
	secrets := []custody.Secret{password, server.AdminPassword}
	for _, described := range []custody.Target{
		describe(server, account), describe(server, account, "method", "userPassword"), alone(server, account),
	} {
		target := open(t, server, described)
		next, short := custody.SecretString(servertest.NewPassword().Reveal()+"-long-enough"), custody.SecretString("canary:short")
		secrets = append(secrets, next, short)
		for what, err := range map[string]error{
			"refused change": target.Change(t.Context(), password, short),
			"refused log-in": target.Verify(t.Context(), short),
		} {
			if err == nil {
				t.Fatalf("%s succeeded", what)
			}
			for _, text := range []string{"Password fails", "quality", short.Reveal(), server.AdminPassword.Reveal()} {
				if strings.Contains(err.Error(), text) {
					t.Errorf("%s: the error holds %q: %v", what, text, err)
				}
			}
		}
		if err := target.Change(t.Context(), password, next); err == nil {
			password = next
		}
	}
	log := string(server.Log())
	for _, traced := range []string{" BIND dn=", " PASSMOD ", "MOD attr=userPassword", "send_ldap_result"} {
		if !strings.Contains(log, traced) {
			t.Errorf("the server does not log %q: this test shows nothing", traced)
		}
	}
	for _, secret := range secrets {
		if strings.Contains(log, secret.Reveal()) {
			t.Error("a secret is in the server's log")
		}
	}
}

// relay passes connections on and hangs up after so many bytes from the server.
func relay(t *testing.T, addr string, limit int64) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		client, err := l.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		server, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		defer server.Close()
		go io.Copy(server, client)
		io.CopyN(client, server, limit)
	}()
	return l.Addr().String()
}
