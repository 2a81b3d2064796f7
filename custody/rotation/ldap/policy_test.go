package ldap_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ldap/ldaptest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/rotation/targettest"
)

// The directory's own password policy, as slapo-ppolicy(5) enforces it.

func TestPolicyRefusesValues(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t, "pwdInHistory: 3", "pwdCheckQuality: 2", "pwdMinLength: 20")
	ctx := t.Context()
	for by, describe := range map[string]func(*ldaptest.Server, string, ...string) custody.Target{
		"the second account": describe, "the account itself": alone,
	} {
		account, old := server.AddAccount(t)
		target := open(t, server, describe(server, account))
		next := servertest.NewPassword()
		want(t, by+": change", target.Change(ctx, old, next), nil)
		want(t, by+": too short", target.Change(ctx, next, custody.SecretString("Short-1")), rotation.ErrValue)
		want(t, by+": back to one that was", target.Change(ctx, next, old), rotation.ErrValue)
		want(t, by+": the same again", target.Change(ctx, next, next), rotation.ErrValue)
		want(t, by+": the password after all that", target.Verify(ctx, next), nil)

		// A directory that holds values against a policy takes no hashes.
		hashing := open(t, server, describe(server, account, "method", "userPassword"))
		want(t, by+": a hash", hashing.Change(ctx, next, servertest.NewPassword()), rotation.ErrValue)
	}
}

// A locked account refuses every password: of this one it says nothing.
func TestPolicyLocks(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t, "pwdLockout: TRUE", "pwdMaxFailure: 2")
	ctx := t.Context()
	account, password := server.AddAccount(t)
	target := open(t, server, describe(server, account))
	want(t, "a wrong password", target.Verify(ctx, servertest.NewPassword()), rotation.ErrRefused)
	want(t, "one refusal does not lock", target.Verify(ctx, password), nil)
	for range 2 {
		want(t, "a wrong password", target.Verify(ctx, servertest.NewPassword()), rotation.ErrRefused)
	}
	unknown(t, "the right password, locked", target.Verify(ctx, password))
	targettest.WantWhy(t, "locked", target.Verify(ctx, password), rotation.AccountClosed)
	unknown(t, "a wrong password, locked", target.Verify(ctx, servertest.NewPassword()))
	want(t, "the account changes its own, locked",
		open(t, server, alone(server, account)).Change(ctx, password, servertest.NewPassword()), rotation.ErrRefused)

	next := servertest.NewPassword()
	want(t, "the second account changes it", target.Change(ctx, password, next), nil)
	want(t, "which unlocks it", target.Verify(ctx, next), nil)
}

// An account that is let in only to change its password once more is of no use
// to the person who would get it.
func TestPolicyMustChange(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t, "pwdMustChange: TRUE")
	ctx := t.Context()
	account, old := server.AddAccount(t)
	server.Modify(t, "dn: "+account+"\nchangetype: modify\nreplace: pwdReset\npwdReset: TRUE\n")
	unknown(t, "a log-in for nothing else", open(t, server, describe(server, account)).Verify(ctx, old))
	targettest.WantWhy(t, "a log-in for nothing else", open(t, server, describe(server, account)).Verify(ctx, old), rotation.MustChange)

	next := servertest.NewPassword()
	target := open(t, server, alone(server, account))
	want(t, "the account changes it", target.Change(ctx, old, next), nil)
	want(t, "the password then", target.Verify(ctx, next), nil)

	again := servertest.NewPassword()
	byAdmin := open(t, server, describe(server, account))
	want(t, "the second account changes it", byAdmin.Change(ctx, next, again), nil)
	// slapd leaves it to whoever resets a password to set pwdReset too.
	want(t, "the password then", byAdmin.Verify(ctx, again), nil)
	if reset := server.Attribute(t, account, "pwdReset"); reset != "" {
		t.Errorf("pwdReset is %q", reset)
	}
}

func TestPolicyExpires(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t, "pwdMaxAge: 1000")
	ctx := t.Context()
	account, old := server.AddAccount(t)
	target := open(t, server, describe(server, account))
	want(t, "the password before", target.Verify(ctx, old), nil)
	server.Modify(t, "dn: "+ldaptest.Policy+"\nchangetype: modify\nreplace: pwdMaxAge\npwdMaxAge: 1\n")
	for limit := time.Now().Add(servertest.Patience); server.Login(t, account, old) == nil; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("a password of which the time is over still opens the account")
		}
	}
	err := target.Verify(ctx, old)
	unknown(t, "an expired password", err)
	targettest.WantWhy(t, "an expired password", err, rotation.MustChange)
	if err == nil || !strings.Contains(err.Error(), "expired") {
		t.Errorf("an expired password: %v", err)
	}
}

// A directory that wants the old password takes no change by a second account.
func TestPolicyWantsTheOldPassword(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t, "pwdSafeModify: TRUE")
	ctx := t.Context()
	account, old := server.AddAccount(t)
	next := servertest.NewPassword()
	want(t, "by the second account", open(t, server, describe(server, account)).Change(ctx, old, next), rotation.ErrDeclined)
	target := open(t, server, alone(server, account))
	want(t, "by the account itself", target.Change(ctx, old, next), nil)
	want(t, "the password then", target.Verify(ctx, next), nil)
}

// A password too young to be changed is refused like a bad one.
func TestPolicyMinimumAge(t *testing.T) {
	t.Parallel()
	server := ldaptest.Start(t, "pwdMinAge: 3600")
	ctx := t.Context()
	account, old := server.AddAccount(t)
	target := open(t, server, alone(server, account))
	want(t, "change", target.Change(ctx, old, servertest.NewPassword()), rotation.ErrValue)
	want(t, "the password then", target.Verify(ctx, old), nil)
}
