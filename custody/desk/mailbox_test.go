package desk_test

import (
	"errors"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestOneMailboxIsKnownAsOne, however its address is written, after a restart too; the
// ledger has no address, and another installation another digest.
func TestOneMailboxIsKnownAsOne(t *testing.T) {
	o := newOffice(t)
	reads := func(who, address string) string {
		t.Helper()
		_, err := o.Desk.ChangeEmail(t.Context(), desk.By{Actor: who, Request: unique("email"), Code: o.Code(who)},
			custody.ChangeEmail{Person: who, Email: desk.NewNote(address)})
		if err != nil {
			t.Fatal(err)
		}
		return o.Person(who).Mailbox
	}
	first := reads("tech-a", "Li.Lei@Corp.example")
	if first == "" {
		t.Fatal("of an address: none")
	}
	o.restart()
	for address, same := range map[string]bool{
		"li.lei@corp.example": true, "LI.LEI+tandem@CORP.example": true, "lilei@corp.example": false, "li.lei@corp.test": false,
	} {
		if got := reads("tech-b", address); (got == first) != same || got == "" {
			t.Errorf("%s: %q, of the other %q", address, got, first)
		}
	}
	if got := reads("tech-b", ""); got != "" {
		t.Errorf("of no address: %q", got)
	}
	other := newOffice(t)
	_, err := other.Desk.ChangeEmail(t.Context(), desk.By{Actor: "tech-a", Request: unique("email"), Code: other.Code("tech-a")},
		custody.ChangeEmail{Person: "tech-a", Email: desk.NewNote("li.lei@corp.example")})
	if err != nil || other.Person("tech-a").Mailbox == first {
		t.Errorf("elsewhere the same digest, or %v", err)
	}
	added := custody.AddPerson{Username: "twin", Name: "Twin", Email: desk.NewNote("li.lei+2@corp.example"), Roles: []custody.Role{custody.Technician}, TOTPPeriod: 30}
	if _, err := o.Desk.AddPerson(t.Context(), desk.By{Actor: custody.System, Request: unique("twin")}, added); err != nil || o.Person("twin").Mailbox != first {
		t.Errorf("somebody new: %q, %v", o.Person("twin").Mailbox, err)
	}
	if err := o.Secrets.Delete(t.Context(), desk.IdentityPath); err != nil {
		t.Fatal(err)
	}
	_, err = o.Desk.ChangeEmail(t.Context(), desk.By{Actor: "tech-a", Request: unique("email"), Code: o.Code("tech-a")},
		custody.ChangeEmail{Person: "tech-a", Email: desk.NewNote("another@corp.example")})
	if !errors.Is(err, desk.ErrSecretsLost) {
		t.Errorf("with the salt gone: %v", err)
	}
}
