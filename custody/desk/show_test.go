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
	o.t.Helper()
	by := desk.By{Actor: actor, Request: unique("show"), Code: o.code(actor), Key: key}
	return o.desk.ShowAgain(o.t.Context(), by, custody.ShowAgain{Credential: "db01"})
}

// TestShowAgain: within the check-out, with a fresh code each time and an entry each
// time, also under a key that was used before.
func TestShowAgain(t *testing.T) {
	o := newOffice(t)
	_, err := o.showAgain("tech-a", "")
	o.refused(custody.Conflict, err)
	out, err := o.checkOut("tech-a", "db01")
	if err != nil {
		t.Fatal(err)
	}
	before := o.size()
	for range 2 {
		shown, err := o.showAgain("tech-a", "key")
		if err != nil || !shown.Password.Equal(o.password("db01", 1)) || shown.Version != 2 || !reflect.DeepEqual(shown.Lease, out.Lease) {
			t.Fatalf("%+v, %v", shown.Lease, err)
		}
	}
	if got := o.types(before); !slices.Equal(got, []string{"checkout.shown", "checkout.shown"}) {
		t.Errorf("entries %v", got)
	}
	_, err = o.showAgain("tech-b", "")
	o.refused(custody.NotHolder, err)
	o.clock.add(o.config.Policy.Lease)
	_, err = o.showAgain("tech-a", "")
	o.refused(custody.Conflict, err)
}

// No entry, no secret: it is read after the entry; and a store that cannot give it
// is found out before.
func TestShowAgainComesAfterItsEntry(t *testing.T) {
	o := newOffice(t)
	if _, err := o.checkOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	seen := 0
	o.secrets.listen(func(path string) {
		if types := o.types(0); path == desk.CredentialPath("db01") && types[len(types)-1] == "checkout.shown" {
			seen++
		}
	})
	if _, err := o.showAgain("tech-a", ""); err != nil || seen != 1 {
		t.Fatalf("the entry was there before %d of 1 reads, %v", seen, err)
	}
	before := o.size()
	unseal := o.seal()
	_, err := o.desk.ShowAgain(t.Context(), desk.By{Actor: "tech-a", Request: unique("show"), Code: o.codeNow("tech-a")}, custody.ShowAgain{Credential: "db01"})
	if !errors.Is(err, desk.ErrSecretsUnavailable) || o.size() != before {
		t.Errorf("sealed: %d entries, %v", o.size()-before, err)
	}
	unseal()
	if err := o.secrets.Delete(t.Context(), desk.CredentialPath("db01")); err != nil {
		t.Fatal(err)
	}
	if _, err := o.showAgain("tech-a", ""); !errors.Is(err, desk.ErrSecretsUnavailable) || o.size() != before {
		t.Errorf("lost: %d entries, %v", o.size()-before, err)
	}
}
