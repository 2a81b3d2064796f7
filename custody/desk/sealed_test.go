package desk_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// sealed is a secret store that was sealed: it answers, and does nothing.
type sealed struct{ desk.Secrets }

var errSealed = fmt.Errorf("%w: Vault is sealed", desk.ErrSecretsUnavailable)

func (sealed) Read(context.Context, string) (desk.Versioned, error) {
	return desk.Versioned{}, errSealed
}
func (sealed) ReadVersion(context.Context, string, int64) (custody.Secret, error) {
	return custody.Secret{}, errSealed
}
func (sealed) Write(context.Context, string, custody.Secret, int64, map[string]string) (int64, error) {
	return 0, errSealed
}
func (sealed) Has(context.Context, string, int64) error { return errSealed }
func (sealed) Delete(context.Context, string) error     { return errSealed }
func (sealed) Generate(context.Context, string) (custody.Secret, error) {
	return custody.Secret{}, errSealed
}
func (sealed) Ready(context.Context) error { return errSealed }

// seal seals the office's secret store until unseal.
func (o *office) seal() (unseal func()) {
	return o.Secrets.Replace(func(inner desk.Secrets) desk.Secrets { return sealed{inner} })
}

// A check-out while Vault was sealed left a lease of eight hours, and somebody
// who was said to know a password that nobody was shown.
func TestACheckOutFromASealedStoreNeverWas(t *testing.T) {
	o := newOffice(t)
	by := desk.By{Actor: "tech-a", Request: "r", Code: o.Code("tech-a"), Key: "key-1", Digest: [32]byte{1}}
	out := custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")}
	before := o.Size()
	unseal := o.seal()
	if _, err := o.Desk.CheckOut(t.Context(), by, out); !errors.Is(err, desk.ErrSecretsUnavailable) {
		t.Fatalf("sealed: %v", err)
	}
	unseal()
	if c := o.Credential("db01"); c.Lease.ID != "" || len(c.Exposure) != 0 || o.Size() != before {
		t.Errorf("lease %q, known to %v, %d new entries", c.Lease.ID, c.Exposure, o.Size()-before)
	}
	// The code was not used up, nor the key.
	shown, err := o.Desk.CheckOut(t.Context(), by, out)
	if err != nil || shown.Replayed || !shown.Password.Equal(o.Password("db01", 1)) {
		t.Errorf("unsealed: replayed %t, %v", shown.Replayed, err)
	}
}

// A password that is not in the store any more is lent to nobody.
func TestACheckOutOfALostPasswordNeverWas(t *testing.T) {
	o := newOffice(t)
	if err := o.Secrets.Delete(t.Context(), desk.CredentialPath("db01")); err != nil {
		t.Fatal(err)
	}
	before := o.Size()
	if _, err := o.CheckOut("tech-a", "db01"); !errors.Is(err, desk.ErrSecretsUnavailable) {
		t.Errorf("got %v", err)
	}
	if c := o.Credential("db01"); c.Lease.ID != "" || len(c.Exposure) != 0 || o.Size() != before {
		t.Errorf("lease %q, known to %v, %d new entries", c.Lease.ID, c.Exposure, o.Size()-before)
	}
}

// What a sealed store cannot finish is not begun: no account without a log-in, no
// seed that counts no more, no recovery code used up.
func TestNothingIsBegunThatASealedStoreCannotFinish(t *testing.T) {
	o, codes := recoverable(t)
	before := o.Size()
	unseal := o.seal()
	for name, try := range map[string]func() error{
		"add a person": func() error {
			_, err := o.Desk.AddPerson(t.Context(), desk.By{Actor: custody.System, Request: unique("add")}, custody.AddPerson{Username: "tech-z", Name: "Z", Roles: []custody.Role{custody.Technician}, TOTPPeriod: period})
			return err
		},
		"enrol again": func() error {
			_, err := o.Desk.ResetOnHost(t.Context(), "tech-a", unique("reset"))
			return err
		},
		"recover": func() error {
			_, err := o.recover("tech-b", o.Passwords["tech-b"], codes[0])
			return err
		},
	} {
		if err := try(); !errors.Is(err, desk.ErrSecretsUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	unseal()
	if n := o.Size() - before; n != 0 {
		t.Errorf("%d entries: %v", n, o.Types(before))
	}
	if _, err := o.recover("tech-b", o.Passwords["tech-b"], codes[0]); err != nil {
		t.Errorf("the same recovery code afterwards: %v", err)
	}
}
