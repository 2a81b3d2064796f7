package ldap_test

import (
	"testing"

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
