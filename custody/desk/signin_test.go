package desk_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func TestEnrolmentCountsAfterTheFirstRightCode(t *testing.T) {
	o := emptyOffice(t)
	login, err := o.Desk.AddPerson(t.Context(), desk.By{Actor: custody.System, Request: "hire"}, custody.AddPerson{Username: "tech-a", Name: "A", Roles: []custody.Role{custody.Technician}, TOTPPeriod: period})
	if err != nil {
		t.Fatal(err)
	}
	o.Passwords["tech-a"], o.Seeds["tech-a"] = login.Password, seedOf(t, login.OTPAuth)
	if o.Person("tech-a").Enrolled {
		t.Fatal("enrolled before any code was seen")
	}
	session, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	if !o.Person("tech-a").Enrolled {
		t.Fatal("the first right code did not enrol")
	}
	if who, err := o.Desk.Who(t.Context(), session.Token); err != nil || who.Username != "tech-a" {
		t.Fatalf("%+v, %v", who, err)
	}
}

func TestANewEnrolmentEndsTheOldOneAndItsSessions(t *testing.T) {
	o := newOffice(t)
	session, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	oldPassword, oldSeed := o.Passwords["tech-a"], o.Seeds["tech-a"]
	login, err := o.Desk.ResetOnHost(t.Context(), "tech-a", unique("reset"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Desk.Who(t.Context(), session.Token); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("the old session: %v", err)
	}
	o.Passwords["tech-a"] = login.Password
	if _, err := o.SignIn("tech-a"); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("a code of the old seed: %v", err)
	}
	o.Seeds["tech-a"] = seedOf(t, login.OTPAuth)
	o.Passwords["tech-a"] = oldPassword
	if _, err := o.SignIn("tech-a"); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("the old password: %v", err)
	}
	o.Passwords["tech-a"] = login.Password
	if _, err := o.SignIn("tech-a"); err != nil {
		t.Errorf("the new log-in: %v", err)
	}
	if oldSeed.Equal(o.Seeds["tech-a"]) {
		t.Error("the seed stayed")
	}
}

func TestUnknownAndWrongGetTheSameAnswer(t *testing.T) {
	o := newOffice(t)
	right := o.Passwords["tech-a"]
	wrong := custody.SecretString("Wrong-password-1!")
	answers := map[string]bool{}
	for _, in := range []desk.SignInRequest{
		{Username: "tech-a", Password: wrong, Code: o.Code("tech-a")},
		{Username: "tech-a", Password: right, Code: "000000"},
		{Username: "tech-a", Password: right, Code: " " + o.CodeNow("tech-a")},
		{Username: "nobody", Password: right, Code: o.CodeNow("tech-a")},
		{Username: "no/body\r\n\x00", Password: right, Code: ""},
		{Username: strings.Repeat("x", 10_000), Password: custody.Secret{}, Code: o.CodeNow("tech-a")},
	} {
		_, err := o.Desk.SignIn(t.Context(), in)
		if custody.CodeOf(err) != custody.Unauthenticated {
			t.Fatalf("%.20q: %v", in.Username, err)
		}
		answers[err.Error()] = true
	}
	if len(answers) != 1 {
		t.Errorf("the answers differ: %v", answers)
	}
}

func TestALogInIsLockedWhateverTheSpellingOfItsName(t *testing.T) {
	o := newOffice(t)
	before := o.Size()
	for i, name := range []string{"tech-a", "TECH-A", "Tech-A", "tech-A", "TECH-a"} {
		_, err := o.Desk.SignIn(t.Context(), desk.SignInRequest{Username: name, Password: custody.SecretString("guess"), Code: "123456"})
		if custody.CodeOf(err) != custody.Unauthenticated {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	if got := o.Types(before); !slices.Equal(got, []string{"session.locked"}) {
		t.Errorf("entries %v; one for the lock-out, none for a guess", got)
	}
	// A stranger locked the log-in; who is signed in works on.
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Errorf("the holder's check-out: %v", err)
	}
}

func TestLocksGrow(t *testing.T) {
	o := newOffice(t)
	var waits []time.Duration
	for range 3 {
		for range o.Config.Policy.LockAfter {
			_, _ = o.Desk.SignIn(t.Context(), desk.SignInRequest{Username: "tech-a", Password: custody.SecretString("guess"), Code: "123456"})
		}
		_, err := o.Desk.SignIn(t.Context(), desk.SignInRequest{Username: "tech-a", Password: o.Passwords["tech-a"], Code: o.CodeNow("tech-a")})
		o.Refused(custody.LockedOut, err)
		var r *custody.Refusal
		if asRefusal(err, &r) {
			waits = append(waits, r.RetryAfter)
			o.Clock.Add(r.RetryAfter)
		}
	}
	if !slices.Equal(waits, []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute}) {
		t.Errorf("waits %v", waits)
	}
	if _, err := o.SignIn("tech-a"); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

func TestMadeUpNamesCannotFillTheLedger(t *testing.T) {
	o := newOffice(t)
	before := o.Size()
	for i := range 25 {
		_, _ = o.Desk.SignIn(t.Context(), desk.SignInRequest{Username: fmt.Sprintf("made-up-%d", i), Password: custody.SecretString("x"), Code: "123456"})
	}
	if n := o.Size() - before; n != 1 {
		t.Errorf("25 made-up names made %d entries; all strangers together are locked once", n)
	}
	for range 5 {
		_, _ = o.Desk.SignIn(t.Context(), desk.SignInRequest{Username: "made-up", Password: custody.SecretString("x"), Code: "123456"})
	}
	_, err := o.Desk.SignIn(t.Context(), desk.SignInRequest{Username: "made-up", Password: custody.SecretString("x"), Code: "123456"})
	o.Refused(custody.LockedOut, err) // as a name that exists would be
}

func TestASessionEndsByLogOutAndByTime(t *testing.T) {
	o := newOffice(t)
	first, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	second, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Desk.SignOut(t.Context(), first.Token, "r"); err != nil {
		t.Fatal(err)
	}
	_, err = o.Desk.Who(t.Context(), first.Token)
	o.Refused(custody.Unauthenticated, err)
	if _, err := o.Desk.Who(t.Context(), second.Token); err != nil {
		t.Fatal(err)
	}
	o.Clock.Add(o.Config.SessionTTL)
	_, err = o.Desk.Who(t.Context(), second.Token)
	o.Refused(custody.Unauthenticated, err)
	_, err = o.Desk.Who(t.Context(), custody.SecretString("no such token"))
	o.Refused(custody.Unauthenticated, err)
}
