package ldap_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ldap"
	"github.com/tandem-custody/tandem/custody/rotation/ldap/ldaptest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

// describe describes an account that the second account of the server changes.
func describe(s *ldaptest.Server, account string, settings ...string) custody.Target {
	return alone(s, account, append([]string{"admin", ldaptest.Admin}, settings...)...)
}

// alone describes an account that changes its own password.
func alone(s *ldaptest.Server, account string, settings ...string) custody.Target {
	return targettest.Describe(ldap.Kind, s.Addr, account, append([]string{"ca", s.CA}, settings...)...)
}

func open(t *testing.T, s *ldaptest.Server, described custody.Target) rotation.Target {
	t.Helper()
	return targettest.Open(t, ldap.Open, described, s.AdminPassword)
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
		described.Address = targettest.Relay(t, server.Addr, test.limit)
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
			targettest.WantClean(t, what, err, []string{"Password fails", "quality"}, short, server.AdminPassword)
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
	noTrace(t, server, secrets...)
}

// noTrace looks into the server's log.
func noTrace(t testing.TB, s *ldaptest.Server, secrets ...custody.Secret) {
	t.Helper()
	log := s.Log()
	for _, secret := range secrets {
		if form := servertest.Trace(log, secret); form != "" {
			t.Errorf("a secret is in the server's log %s", form)
		}
	}
}
