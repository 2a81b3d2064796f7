package ldap_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ldap/ldaptest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

// Active Directory would keep a hash where people can read it, and would go on with the
// password that it has.
func TestUserPasswordIsRefusedOnActiveDirectory(t *testing.T) {
	t.Parallel()
	server := ldaptest.StartAsActiveDirectory(t)
	account, password := server.AddAccount(t)
	for by, described := range map[string]rotation.Target{
		"the second account": open(t, server, describe(server, account, "method", "userPassword")),
		"the account itself": open(t, server, alone(server, account, "method", "userPassword")),
	} {
		err := described.Change(t.Context(), password, servertest.NewPassword())
		want(t, by, err, rotation.ErrDeclined)
		targettest.WantWhy(t, by, err, rotation.Unsupported)
	}
	target := open(t, server, describe(server, account))
	want(t, "the password after that", target.Verify(t.Context(), password), nil)
	if why := target.(rotation.Lenient).WhyOld(t.Context()); why != rotation.OldValidAnHour {
		t.Errorf("the old password is let in: %s", why)
	}
	other := ldaptest.Start(t)
	if why := open(t, other, describe(other, account)).(rotation.Lenient).WhyOld(t.Context()); why != rotation.OldStillAccepted {
		t.Errorf("the old password is let in by OpenLDAP: %s", why)
	}
}

// What a directory says of itself is read before anything else: where passwords are set in
// another way none is changed, and no log-in is tried for that.
func TestWhatADirectorySaysOfItself(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		start  func(testing.TB) *ldaptest.Server
		method string
		taken  bool
	}{
		"Active Directory":               {ldaptest.StartAsActiveDirectory, "exop", false},
		"Active Directory, a hash":       {ldaptest.StartAsActiveDirectory, "userPassword", false},
		"not Active Directory":           {start, "unicodePwd", false},
		"no Password Modify":             {ldaptest.StartWithoutPasswordModify, "exop", false},
		"no Password Modify, but a hash": {ldaptest.StartWithoutPasswordModify, "userPassword", true},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			server := c.start(t)
			a := way(what, server, server.Addr, describe, "method", c.method).Add(t)
			before := bytes.Count(server.Log(), []byte(" BIND dn="))
			taken := targettest.TakeOver(t, a)
			if c.taken {
				taken.Work("", targettest.Held)
				return
			}
			taken.Work("", targettest.Failed(rotation.Unsupported))
			if n := bytes.Count(server.Log(), []byte(" BIND dn=")) - before; n != 0 {
				t.Errorf("%d log-ins were tried", n)
			}
			want(t, "the password", a.Login(a.Password), nil)
			if credential, err := taken.Desk.Credential(t.Context(), "an-account"); err != nil || !credential.Cancellable() {
				t.Errorf("it cannot be called off: %v", err)
			}
		})
	}
}

func start(t testing.TB) *ldaptest.Server { return ldaptest.Start(t) }

// To another directory unicodePwd would be an attribute like others, with the password in it.
func TestUnicodePwdIsForActiveDirectory(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	account, password := server.AddAccount(t)
	for by, target := range map[string]rotation.Target{
		"the second account": open(t, server, describe(server, account, "method", "unicodePwd")),
		"the account itself": open(t, server, alone(server, account, "method", "unicodePwd")),
	} {
		before := bytes.Count(server.Log(), []byte(" BIND dn="))
		err := target.Change(t.Context(), password, servertest.NewPassword())
		want(t, by, err, rotation.ErrDeclined)
		targettest.WantWhy(t, by, err, rotation.Unsupported)
		if n := bytes.Count(server.Log(), []byte(" BIND dn=")) - before; n != 0 {
			t.Errorf("%s: %d log-ins were tried", by, n)
		}
		want(t, by+": the password after that", target.Verify(t.Context(), password), nil)
	}
}

// An account that has several values of userPassword has one after a change, whoever made
// it and however: none of the others opens it.
func TestOneValueIsLeft(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t)
	for _, method := range []string{"exop", "userPassword"} {
		for by, described := range map[string]func(*ldaptest.Server, string, ...string) custody.Target{"the second account": describe, "the account itself": alone} {
			account, password := server.AddAccount(t)
			second := servertest.NewPassword()
			server.Modify(t, "dn: "+account+"\nchangetype: modify\nadd: userPassword\nuserPassword:: "+base64.StdEncoding.EncodeToString(second.Bytes())+"\n")
			target, next := open(t, server, described(server, account, "method", method)), servertest.NewPassword()
			want(t, "the second value before", target.Verify(t.Context(), second), nil)
			what := method + " by " + by
			want(t, what, target.Change(t.Context(), password, next), nil)
			want(t, what+": the new one", target.Verify(t.Context(), next), nil)
			want(t, what+": the first one", target.Verify(t.Context(), password), rotation.ErrRefused)
			want(t, what+": the second one", target.Verify(t.Context(), second), rotation.ErrRefused)
		}
	}
}
