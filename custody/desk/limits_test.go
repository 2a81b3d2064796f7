package desk_test

import (
	"errors"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestAPolicyThatTheTargetCannotTakeIsRefused: for a new credential and for one that is
// there, of which the target is known with its texts; by the field, and nothing is entered.
func TestAPolicyThatTheTargetCannotTakeIsRefused(t *testing.T) {
	var asked []custody.Target
	takes := true
	o := newOffice(t, func(c *desk.Config) {
		c.CheckPasswords = func(policy string, t custody.Target) error {
			asked = append(asked, t)
			if takes || policy == "short" {
				return nil
			}
			return custody.Invalid("policy.password", "password_longer", custody.Args{"length": 24, "most": 20})
		}
	})
	takes, asked = false, nil
	before := o.Size()
	refused := func(what string, err error) {
		t.Helper()
		o.Refused(custody.InvalidRequest, err)
		if refusal, is := errors.AsType[*custody.Refusal](err); !is || refusal.Field != "policy.password" {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("a new one", add(o.Desk, custody.System, "db02", custody.SecretString("first"), custody.Secret{}))
	change := func(policy string) error {
		_, err := o.Desk.ChangePolicy(t.Context(), desk.By{Actor: "admin", Request: "r" + policy, Code: o.Code("admin")},
			custody.ChangePolicy{Credential: "db01", Policy: custody.CredentialPolicy{Password: policy}})
		return err
	}
	refused("one that is there", change(""))
	if after := o.Size(); after != before {
		t.Errorf("%d entries became %d", before, after)
	}
	if len(asked) != 2 || asked[0].Kind == "" || asked[1].Address == "" || asked[1].Account == "" {
		t.Errorf("asked about %+v", asked)
	}
	// One that fits is no stricter, and so others approve it; the target has nothing against it.
	if err := change("short"); custody.CodeOf(err) != custody.ApprovalNeeded {
		t.Errorf("a policy that fits: %v", err)
	}
}
