package desk_test

import (
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestANameComesAgainWithTheRightSecrets: the same account keeps its last password,
// which may be all that opens it; of another account of that name, which never was in
// custody, neither password nor key is tried.
func TestANameComesAgainWithTheRightSecrets(t *testing.T) {
	o := newOffice(t)
	again := func(name, address string, password custody.Secret) {
		t.Helper()
		in := onboarding(name)
		if address != "" {
			in.Target = desk.NewTarget(custody.Target{Kind: "ssh", Address: address, Account: "root"})
		}
		by := desk.By{Actor: "admin", Request: unique("again")}
		if _, err := o.Desk.AddCredential(t.Context(), by, in, password, custody.Secret{}); err != nil {
			t.Fatal(err)
		}
		if c := o.Credential(name); c.Arriving != "" || c.Phase != custody.Rotating {
			t.Errorf("%+v", c)
		}
	}

	o.Onboard("db05")
	last := o.Password("db05", 1)
	o.Must("admin", custody.Retire{Credential: "db05", Reason: desk.NewNote("scrapped")})
	again("db05", "", custody.Secret{})
	if password, key := o.kept("db05"); !password.Equal(last) || !key.IsZero() {
		t.Error("the last password of the same account is gone, or there is a key")
	}

	if err := add(o.Desk, "admin", "db06", custody.SecretString("typed for the wrong host"), custody.SecretString("its key")); err != nil {
		t.Fatal(err)
	}
	o.Must("admin", custody.CancelRotation{Credential: "db06", Reason: desk.NewNote("wrong host")})
	again("db06", "right.example:22", custody.Secret{})
	if password, key := o.kept("db06"); !password.IsZero() || !key.IsZero() {
		t.Error("a password or a key of another account would be tried there")
	}
	again2 := desk.By{Actor: "admin", Request: unique("again")}
	if _, err := o.Desk.AddCredential(t.Context(), again2, onboarding("db06"), custody.Secret{}, custody.Secret{}); custody.CodeOf(err) != custody.Conflict {
		t.Errorf("twice at once: %v", err)
	}
}
