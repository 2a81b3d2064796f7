package desk_test

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func (o *office) showAgain(actor, key string) (desk.Revealed, error) {
	o.T.Helper()
	by := desk.By{Actor: actor, Request: unique("show"), Code: o.Code(actor), Key: key}
	return o.Desk.ShowAgain(o.T.Context(), by, custody.ShowAgain{Credential: "db01"})
}

// TestShowAgain: within the check-out, with a fresh code each time and an entry each
// time, also under a key that was used before.
func TestShowAgain(t *testing.T) {
	o := newOffice(t)
	_, err := o.showAgain("tech-a", "")
	o.Refused(custody.Conflict, err)
	out, err := o.CheckOut("tech-a", "db01")
	if err != nil {
		t.Fatal(err)
	}
	before := o.Size()
	for range 2 {
		shown, err := o.showAgain("tech-a", "key")
		if err != nil || !shown.Password.Equal(o.Password("db01", 1)) || shown.Version != 2 || !reflect.DeepEqual(shown.Lease, out.Lease) {
			t.Fatalf("%+v, %v", shown.Lease, err)
		}
	}
	if got := o.Types(before); !slices.Equal(got, []string{"checkout.shown", "checkout.shown"}) {
		t.Errorf("entries %v", got)
	}
	_, err = o.showAgain("tech-b", "")
	o.Refused(custody.NotHolder, err)
	o.Clock.Add(o.Config.Policy.Lease)
	_, err = o.showAgain("tech-a", "")
	o.Refused(custody.Conflict, err)
}

// No entry, no secret: it is read after the entry; and a store that cannot give it
// is found out before.
func TestShowAgainComesAfterItsEntry(t *testing.T) {
	o := newOffice(t)
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	seen := 0
	o.Secrets.Listen(func(path string) {
		if types := o.Types(0); path == desk.CredentialPath("db01") && types[len(types)-1] == "checkout.shown" {
			seen++
		}
	})
	if _, err := o.showAgain("tech-a", ""); err != nil || seen != 1 {
		t.Fatalf("the entry was there before %d of 1 reads, %v", seen, err)
	}
	before := o.Size()
	unseal := o.seal()
	_, err := o.Desk.ShowAgain(t.Context(), desk.By{Actor: "tech-a", Request: unique("show"), Code: o.CodeNow("tech-a")}, custody.ShowAgain{Credential: "db01"})
	if !errors.Is(err, desk.ErrSecretsUnavailable) || o.Size() != before {
		t.Errorf("sealed: %d entries, %v", o.Size()-before, err)
	}
	unseal()
	if err := o.Secrets.Delete(t.Context(), desk.CredentialPath("db01")); err != nil {
		t.Fatal(err)
	}
	if _, err := o.showAgain("tech-a", ""); !errors.Is(err, desk.ErrSecretsUnavailable) || o.Size() != before {
		t.Errorf("lost: %d entries, %v", o.Size()-before, err)
	}
}
