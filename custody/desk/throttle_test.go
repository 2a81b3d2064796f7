package desk_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// guess fails to log in, from a place.
func (o *office) guess(name string, from desk.Place) error {
	_, err := o.desk.SignIn(o.t.Context(), desk.SignInRequest{
		Username: name, Password: custody.SecretString("guess"), Code: "123456", From: from, Request: unique("guess"),
	})
	return err
}

// guesses fail until the place is locked.
func (o *office) guesses(name string, from desk.Place) {
	o.t.Helper()
	for range o.config.Policy.LockAfter {
		o.refused(custody.Unauthenticated, o.guess(name, from))
	}
	o.refused(custody.LockedOut, o.guess(name, from))
}

func (o *office) signInFrom(username string, from desk.Place) (desk.SignedIn, error) {
	return o.desk.SignIn(o.t.Context(), desk.SignInRequest{
		Username: username, Password: o.passwords[username], Code: o.code(username), Request: unique("sign-in"), From: from, Remember: true,
	})
}

func TestWhoKnowsANameLocksItOnlyWhereTheyAre(t *testing.T) {
	o := newOffice(t)
	o.guesses("tech-a", desk.Place{Network: "203.0.113.9"})
	if _, err := o.signInFrom("tech-a", desk.Place{Network: "192.0.2.1"}); err != nil {
		t.Errorf("from another network: %v", err)
	}
}

// strangersEverywhere lock a name for all places in which it is not at home.
func (o *office) strangersEverywhere(name string) {
	o.t.Helper()
	locks := 0
	for i := range 200 {
		err := o.guess(name, desk.Place{Network: fmt.Sprintf("2001:db8:%x::/64", i/3)})
		var r *custody.Refusal
		if !asRefusal(err, &r) || r.Code != custody.LockedOut {
			continue
		}
		if locks++; locks == 3 || r.RetryAfter >= time.Hour { // long enough for a code that is waited for
			return
		}
		o.clock.add(r.RetryAfter)
	}
	o.t.Fatal("two hundred guesses from many networks lock nothing")
}

func TestADeviceUsedBeforeIsAWayInWhateverStrangersDo(t *testing.T) {
	o := newOffice(t)
	home := desk.Place{Network: "192.0.2.1"}
	first, err := o.signInFrom("tech-a", home)
	if err != nil || first.Device.IsZero() {
		t.Fatal(first.Device, err)
	}
	before := o.size()
	o.strangersEverywhere("tech-a")
	if entries := o.types(before); len(entries) > 3 {
		t.Errorf("entries %v", entries)
	}
	_, err = o.signInFrom("tech-a", desk.Place{Network: "198.51.100.1"})
	o.refused(custody.LockedOut, err)
	_, err = o.signInFrom("tech-a", desk.Place{Network: "198.51.100.1", Device: custody.SecretString("made up")})
	o.refused(custody.LockedOut, err)

	known := desk.Place{Network: "198.51.100.1", Device: first.Device}
	again, err := o.signInFrom("tech-a", known)
	if err != nil || !again.Device.IsZero() {
		t.Fatalf("in a device used before: %v, another token: %v", err, !again.Device.IsZero())
	}
	// It is a way in for tech-a, not for others, and guesses in it are counted too.
	o.strangersEverywhere("tech-b")
	_, err = o.signInFrom("tech-b", known)
	o.refused(custody.LockedOut, err)
	o.guesses("tech-a", known)
}

func TestAnUnlockLiftsWhateverLocksSomebodyOut(t *testing.T) {
	// No lock ends while codes are waited for.
	o := newOffice(t, func(c *desk.Config) { c.Policy.LockBase = time.Hour })
	at := desk.Place{Network: "203.0.113.9"}
	o.guesses("tech-a", at)
	o.strangersEverywhere("tech-a")
	for range o.config.Policy.LockAfter {
		wrong := custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")}
		_, err := o.desk.Do(t.Context(), desk.By{Actor: "tech-a", Request: unique("r"), Code: "000000"}, wrong)
		o.refused(custody.TOTPInvalid, err)
	}
	_, err := o.checkOut("tech-a", "db01")
	o.refused(custody.LockedOut, err)

	before := o.size()
	by, unlock := desk.By{Actor: "admin", Request: unique("r"), Code: o.code("admin"), Key: "k"}, custody.Unlock{Person: "tech-a"}
	if _, err := o.desk.Unlock(t.Context(), by, unlock); err != nil {
		t.Fatal(err)
	}
	if got := o.types(before); !slices.Equal(got, []string{"person.unlocked"}) {
		t.Errorf("entries %v", got)
	}
	if _, err := o.signInFrom("tech-a", at); err != nil {
		t.Errorf("log-in: %v", err)
	}
	if _, err := o.checkOut("tech-a", "db01"); err != nil {
		t.Errorf("check-out: %v", err)
	}
	o.guesses("tech-a", at)
	by.Code = o.code("admin")
	if outcome, err := o.desk.Unlock(t.Context(), by, unlock); err != nil || !outcome.Replayed {
		t.Errorf("sent again: %+v, %v", outcome, err)
	}
	if _, err := o.signInFrom("tech-a", at); err != nil {
		t.Errorf("log-in after it was sent again: %v", err)
	}
}

func TestAResetOfTheLogInUnlocks(t *testing.T) {
	for name, reset := range map[string]func(*office) (desk.NewLogin, error){
		"by an admin": func(o *office) (desk.NewLogin, error) {
			return o.desk.ResetEnrolment(t.Context(), desk.By{Actor: "admin", Request: unique("r")}, custody.ResetEnrolment{Person: "tech-a"})
		},
		"on the host": func(o *office) (desk.NewLogin, error) { return o.desk.ResetOnHost(t.Context(), "tech-a", unique("r")) },
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			at := desk.Place{Network: "203.0.113.9"}
			first, err := o.signInFrom("tech-a", at)
			if err != nil {
				t.Fatal(err)
			}
			o.guesses("tech-a", at)
			login, err := reset(o)
			if err != nil {
				t.Fatal(err)
			}
			o.passwords["tech-a"], o.seeds["tech-a"] = login.Password, seedOf(t, login.OTPAuth)
			if _, err := o.signInFrom("tech-a", at); err != nil {
				t.Errorf("the new log-in: %v", err)
			}
			// The device of before may be in other hands: it is nobody's any more.
			o.strangersEverywhere("tech-a")
			_, err = o.signInFrom("tech-a", desk.Place{Network: "198.51.100.1", Device: first.Device})
			o.refused(custody.LockedOut, err)
		})
	}
}

// The clock was ten years ahead when the log-in was locked, and was set right.
func TestALockOfAClockThatWasAheadHoldsNobody(t *testing.T) {
	o := newOffice(t)
	o.hire("manager", custody.Manager)
	at := desk.Place{Network: "203.0.113.9"}
	o.clock.add(10 * 365 * 24 * time.Hour)
	o.guesses("tech-a", at)
	if _, err := o.checkOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	o.clock.add(-10 * 365 * 24 * time.Hour)
	_, err := o.signInFrom("tech-a", at)
	o.wrong(err)
	if _, err := o.desk.CorrectClock(t.Context(), desk.By{Actor: "manager", Request: unique("r"), Code: o.code("manager")}, "root"); err != nil {
		t.Fatal(err)
	}
	_, err = o.signInFrom("tech-a", at)
	o.refused(custody.TOTPReplayed, err) // neither locked out nor told to wait for ten years
	o.clock.add(period * time.Second)
	if _, err := o.signInFrom("tech-a", at); err != nil {
		t.Errorf("a code of now: %v", err)
	}
	login, err := o.desk.ResetOnHost(t.Context(), "tech-a", unique("r"))
	if err != nil {
		t.Fatal(err)
	}
	o.passwords["tech-a"], o.seeds["tech-a"] = login.Password, seedOf(t, login.OTPAuth)
	if _, err := o.signInFrom("tech-a", at); err != nil {
		t.Fatalf("the new log-in: %v", err)
	}
	if _, err := o.checkOut("tech-a", "db01"); err != nil {
		t.Errorf("its second code: %v", err)
	}
}

func TestNamesAsPeopleTypeThem(t *testing.T) {
	o := newOffice(t)
	for _, typed := range []string{"Tech-A", "tech-a ", "\ttech-a\u00a0", "ｔｅｃｈ－ａ", "TECH-A\u3000"} {
		in := desk.SignInRequest{Username: typed, Password: o.passwords["tech-a"], Code: o.code("tech-a"), Request: unique("r")}
		if signed, err := o.desk.SignIn(t.Context(), in); err != nil || signed.Person.Username != "tech-a" {
			t.Errorf("%q: %v", typed, err)
		}
	}
}
