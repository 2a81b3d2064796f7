package desk_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// TestANameComesAgainWithTheRightSecrets: the same account keeps its last password,
// which may be all that opens it; of another account of that name, which never was in
// custody, neither password nor key is tried, and what comes this time is what counts.
func TestANameComesAgainWithTheRightSecrets(t *testing.T) {
	o := newOffice(t)
	again := func(name, address string, password custody.Secret) {
		t.Helper()
		in := onboarding(name)
		if address != "" {
			in.Target = desk.NewTarget(custody.Target{Kind: "ssh", Address: address, Account: "root"})
		}
		by := desk.By{Actor: custody.System, Request: unique("again")}
		if _, err := o.Desk.AddCredential(t.Context(), by, in, password, custody.Secret{}); err != nil {
			t.Fatal(err)
		}
		if c := o.Credential(name); c.Arriving != "" || c.Phase != custody.Rotating {
			t.Errorf("%+v", c)
		}
	}

	o.Onboard("db05")
	last := o.Password("db05", 1)
	o.Must("admin", custody.Retire{Credential: "db05"})
	again("db05", "", custody.Secret{})
	if password, key := o.kept("db05"); !password.Equal(last) || !key.IsZero() {
		t.Error("the last password of the same account is gone, or there is a key")
	}

	if err := add(o.Desk, custody.System, "db06", custody.SecretString("typed for the wrong host"), custody.SecretString("its key")); err != nil {
		t.Fatal(err)
	}
	o.Must("admin", custody.CancelRotation{Credential: "db06", Reason: desk.NewNote("wrong host")})
	again("db06", "right.example:22", custody.Secret{})
	if password, key := o.kept("db06"); !password.IsZero() || !key.IsZero() {
		t.Error("a password or a key of another account would be tried there")
	}
	if err := add(o.Desk, custody.System, "db08", custody.SecretString("typed for the wrong host"), custody.SecretString("its key")); err != nil {
		t.Fatal(err)
	}
	o.Must("admin", custody.CancelRotation{Credential: "db08", Reason: desk.NewNote("wrong host")})
	again("db08", "other.example:22", custody.SecretString("of the right host"))
	if password, key := o.kept("db08"); password.Reveal() != "of the right host" || !key.IsZero() {
		t.Error("what came this time is not there, or the key of another account is")
	}

	if err := add(o.Desk, custody.System, "db09", custody.SecretString("before custody"), custody.SecretString("its key")); err != nil {
		t.Fatal(err)
	}
	o.Rotate("db09")
	o.Must("admin", custody.Retire{Credential: "db09"})
	again("db09", "", custody.Secret{})
	if password, key := o.kept("db09"); !password.Equal(o.Password("db09", 1)) || !key.IsZero() {
		t.Error("the last password of the same account is gone, or the key that nobody brought is there")
	}
	again2 := desk.By{Actor: custody.System, Request: unique("again")}
	if _, err := o.Desk.AddCredential(t.Context(), again2, onboarding("db06"), custody.Secret{}, custody.Secret{}); custody.CodeOf(err) != custody.Conflict {
		t.Errorf("twice at once: %v", err)
	}
}

// slow is a secret store in which something happens before a removal gets there.
type slow struct {
	desk.Secrets
	before func(path string)
}

func (s slow) Delete(ctx context.Context, path string) error {
	s.before(path)
	return s.Secrets.Delete(ctx, path)
}

// TestARemovalThatComesLateTakesNoNewPassword: two processes find a name that is used
// again. While one is about to remove what it had before, the other is done with that,
// and with the change of the password, if it can.
func TestARemovalThatComesLateTakesNoNewPassword(t *testing.T) {
	o := newOffice(t)
	if err := add(o.Desk, custody.System, "db06", custody.SecretString("typed for the wrong host"), custody.Secret{}); err != nil {
		t.Fatal(err)
	}
	o.Must("admin", custody.CancelRotation{Credential: "db06", Reason: desk.NewNote("wrong host")})
	other, first := o.Open(), atomic.Bool{}
	defer o.Secrets.Replace(func(inner desk.Secrets) desk.Secrets {
		return slow{inner, func(path string) {
			if path != desk.CredentialPath("db06") || !first.CompareAndSwap(false, true) {
				return
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			if other.Settle(ctx, "db06") != nil { // it has to wait: that is as good
				return
			}
			c := o.Credential("db06")
			version, err := inner.Write(ctx, path, o.Password("db06", c.Rotation.Number), 0, nil)
			if err != nil {
				t.Error(err)
			}
			for _, report := range desktest.Reports("db06", c.Rotation.Number, version) {
				if _, err := other.Do(ctx, desk.By{Actor: custody.System}, report); err != nil {
					t.Error(err)
				}
			}
		}}
	})()
	in := onboarding("db06")
	in.Target = desk.NewTarget(custody.Target{Kind: "ssh", Address: "right.example:22", Account: "root"})
	if _, err := o.Desk.AddCredential(t.Context(), desk.By{Actor: custody.System, Request: unique("again")}, in, custody.Secret{}, custody.Secret{}); err != nil {
		t.Fatal(err)
	}
	c := o.Credential("db06")
	if c.Phase == custody.Rotating {
		o.Rotate("db06")
	}
	if password, _ := o.kept("db06"); !password.Equal(o.Password("db06", c.Rotation.Number)) {
		t.Error("the new password is not in the secret store")
	}
}
