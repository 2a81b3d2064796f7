package desk_test

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// asInstalled has a desk hash as every installation does: whoever says nothing of it
// has what is recommended.
func asInstalled(c *desk.Config) { c.Hashing = desk.Hashing{} }

// TestEveryPasswordIsHashedAsOWASPRecommends: 19 MiB and two passes, whichever way it
// became somebody's.
func TestEveryPasswordIsHashedAsOWASPRecommends(t *testing.T) {
	const recommended = "$argon2id$v=19$m=19456,t=2,p=1$"
	o, link, code := invited(t, asInstalled)
	isRecommended := func(username, how string) {
		t.Helper()
		if kept, _ := o.account(username); !strings.HasPrefix(kept.Password, recommended) {
			t.Errorf("a password that %s is kept as %q", how, kept.Password)
		}
	}
	isRecommended("tech-a", "the host gave")

	o.Joins("tech-n", link, code)
	isRecommended("tech-n", "somebody chose who joined")

	err := o.Desk.ChangePassword(t.Context(), desk.By{Actor: "tech-b", Request: unique("password"), Code: o.Code("tech-b")},
		desk.PasswordChange{Current: o.Passwords["tech-b"], New: custody.SecretString(desktest.OwnPassword)})
	if err != nil {
		t.Fatal(err)
	}
	isRecommended("tech-b", "somebody changed")
}
