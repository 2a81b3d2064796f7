package desk_test

import (
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// TestAPasswordIsChangedByItsPerson: who types the present one and a code. Whoever found
// a session open is logged out, and recovery codes stay.
func TestAPasswordIsChangedByItsPerson(t *testing.T) {
	o, codes := recoverable(t)
	here, err := o.SignIn("tech-b")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := o.SignIn("tech-b")
	if err != nil {
		t.Fatal(err)
	}
	change := func(current custody.Secret, chosen string) error {
		return o.Desk.ChangePassword(t.Context(), desk.By{Actor: "tech-b", Request: unique("change"), Code: o.Code("tech-b")},
			desk.PasswordChange{Current: current, New: custody.SecretString(chosen), Session: here.Token})
	}
	old := o.Passwords["tech-b"]
	if r, is := change(custody.SecretString("wrong"), desktest.OwnPassword).(*custody.Refusal); !is || r.Code != custody.Forbidden || r.Field != "current" {
		t.Errorf("with a wrong one: %v", r)
	}
	if r, is := change(old, "password1!").(*custody.Refusal); !is || r.Key != "password_common" || r.Field != "new" {
		t.Errorf("to a common one: %v", r)
	}
	if open, err := o.Desk.Sessions(t.Context(), "tech-b", here.Token); err != nil || len(open) < 2 {
		t.Fatalf("refused, and yet: %v, %v", open, err)
	}
	if err := change(old, desktest.OwnPassword); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Desk.Who(t.Context(), elsewhere.Token); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("elsewhere: %v", err)
	}
	if _, err := o.Desk.Who(t.Context(), here.Token); err != nil {
		t.Errorf("here: %v", err)
	}
	if open, err := o.Desk.Sessions(t.Context(), "tech-b", here.Token); err != nil || len(open) != 1 || !open[0].Here {
		t.Errorf("%v, %v", open, err)
	}
	_, err = o.SignIn("tech-b")
	o.Refused(custody.Unauthenticated, err)
	o.Passwords["tech-b"] = custody.SecretString(desktest.OwnPassword)
	if _, err := o.SignIn("tech-b"); err != nil {
		t.Errorf("with the new one: %v", err)
	}
	if _, err := o.recover("tech-b", o.Passwords["tech-b"], codes[0]); err != nil {
		t.Errorf("with a recovery code of before: %v", err)
	}
}

// TestWrongPresentPasswordsLockLikeWrongLogIns: whoever found a session open must not
// have more tries than a stranger.
func TestWrongPresentPasswordsLockLikeWrongLogIns(t *testing.T) {
	o := newOffice(t)
	var err error
	for range custody.DefaultPolicy().LockAfter {
		err = o.Desk.ChangePassword(t.Context(), desk.By{Actor: "tech-a", Request: unique("change"), Code: o.CodeNow("tech-a")},
			desk.PasswordChange{Current: custody.SecretString("guess"), New: custody.SecretString(desktest.OwnPassword)})
		o.Refused(custody.Forbidden, err)
	}
	err = o.Desk.ChangePassword(t.Context(), desk.By{Actor: "tech-a", Request: unique("change"), Code: o.CodeNow("tech-a")},
		desk.PasswordChange{Current: o.Passwords["tech-a"], New: custody.SecretString(desktest.OwnPassword)})
	o.Refused(custody.LockedOut, err)
}
