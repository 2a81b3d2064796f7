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

// guess fails to log in, from a place.
func (o *office) guess(name string, from desk.Place) error {
	_, err := o.Desk.SignIn(o.T.Context(), desk.SignInRequest{
		Username: name, Password: custody.SecretString("guess"), Code: "123456", From: from, Request: unique("guess"),
	})
	return err
}

// guesses fail until the place is locked.
func (o *office) guesses(name string, from desk.Place) {
	o.T.Helper()
	for range o.Config.Policy.LockAfter {
		o.Refused(custody.Unauthenticated, o.guess(name, from))
	}
	o.Refused(custody.LockedOut, o.guess(name, from))
}

func (o *office) signInFrom(username string, from desk.Place) (desk.SignedIn, error) {
	return o.Desk.SignIn(o.T.Context(), desk.SignInRequest{
		Username: username, Password: o.Passwords[username], Code: o.Code(username), Request: unique("sign-in"), From: from, Remember: true,
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
	o.T.Helper()
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
		o.Clock.Add(r.RetryAfter)
	}
	o.T.Fatal("two hundred guesses from many networks lock nothing")
}

func TestADeviceUsedBeforeIsAWayInWhateverStrangersDo(t *testing.T) {
	o := newOffice(t)
	home := desk.Place{Network: "192.0.2.1"}
	first, err := o.signInFrom("tech-a", home)
	if err != nil || first.Device.IsZero() {
		t.Fatal(first.Device, err)
	}
	before := o.Size()
	o.strangersEverywhere("tech-a")
	if entries := o.Types(before); len(entries) > 3 {
		t.Errorf("entries %v", entries)
	}
	_, err = o.signInFrom("tech-a", desk.Place{Network: "198.51.100.1"})
	o.Refused(custody.LockedOut, err)
	_, err = o.signInFrom("tech-a", desk.Place{Network: "198.51.100.1", Device: custody.SecretString("made up")})
	o.Refused(custody.LockedOut, err)

	known := desk.Place{Network: "198.51.100.1", Device: first.Device}
	again, err := o.signInFrom("tech-a", known)
	if err != nil || !again.Device.IsZero() {
		t.Fatalf("in a device used before: %v, another token: %v", err, !again.Device.IsZero())
	}
	// It is a way in for tech-a, not for others, and guesses in it are counted too.
	o.strangersEverywhere("tech-b")
	_, err = o.signInFrom("tech-b", known)
	o.Refused(custody.LockedOut, err)
	o.guesses("tech-a", known)
}

// TestADeviceUsedBeforeIsAWayInAlsoWhereTheNameIsLocked: whoever guesses in the same
// network, at the next table, locks the name there and not in that device.
func TestADeviceUsedBeforeIsAWayInAlsoWhereTheNameIsLocked(t *testing.T) {
	// No lock ends while codes are waited for.
	o := newOffice(t, func(c *desk.Config) { c.Policy.LockBase = time.Hour })
	office := desk.Place{Network: "192.0.2.1"}
	first, err := o.signInFrom("tech-a", office)
	if err != nil {
		t.Fatal(err)
	}
	o.guesses("tech-a", office)
	if _, err := o.signInFrom("tech-a", desk.Place{Network: office.Network, Device: first.Device}); err != nil {
		t.Errorf("in their own device: %v", err)
	}
	o.Refused(custody.LockedOut, o.guess("tech-a", office))
}

func TestAnUnlockLiftsWhateverLocksSomebodyOut(t *testing.T) {
	// No lock ends while codes are waited for.
	o := newOffice(t, func(c *desk.Config) { c.Policy.LockBase = time.Hour })
	at := desk.Place{Network: "203.0.113.9"}
	o.guesses("tech-a", at)
	o.strangersEverywhere("tech-a")
	for range o.Config.Policy.LockAfter {
		wrong := custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")}
		_, err := o.Desk.Do(t.Context(), desk.By{Actor: "tech-a", Request: unique("r"), Code: "000000"}, wrong)
		o.Refused(custody.TOTPInvalid, err)
	}
	_, err := o.CheckOut("tech-a", "db01")
	o.Refused(custody.LockedOut, err)

	before := o.Size()
	by, unlock := desk.By{Actor: "admin", Request: unique("r"), Code: o.Code("admin"), Key: "k"}, custody.Unlock{Person: "tech-a"}
	if _, err := o.Desk.Unlock(t.Context(), by, unlock); err != nil {
		t.Fatal(err)
	}
	if got := o.Types(before); !slices.Equal(got, []string{"person.unlocked"}) {
		t.Errorf("entries %v", got)
	}
	if _, err := o.signInFrom("tech-a", at); err != nil {
		t.Errorf("log-in: %v", err)
	}
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Errorf("check-out: %v", err)
	}
	o.guesses("tech-a", at)
	by.Code = o.Code("admin")
	if outcome, err := o.Desk.Unlock(t.Context(), by, unlock); err != nil || !outcome.Replayed {
		t.Errorf("sent again: %+v, %v", outcome, err)
	}
	if _, err := o.signInFrom("tech-a", at); err != nil {
		t.Errorf("log-in after it was sent again: %v", err)
	}
}

func TestAResetOfTheLogInUnlocks(t *testing.T) {
	for name, reset := range map[string]func(*office) (desk.NewLogin, error){
		"by an admin": func(o *office) (desk.NewLogin, error) {
			return o.Desk.ResetOnHost(t.Context(), "tech-a", unique("reset"))
		},
		"on the host": func(o *office) (desk.NewLogin, error) { return o.Desk.ResetOnHost(t.Context(), "tech-a", unique("r")) },
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
			o.Passwords["tech-a"], o.Seeds["tech-a"] = login.Password, seedOf(t, login.OTPAuth)
			if _, err := o.signInFrom("tech-a", at); err != nil {
				t.Errorf("the new log-in: %v", err)
			}
			// The device of before may be in other hands: it is nobody's any more.
			o.strangersEverywhere("tech-a")
			_, err = o.signInFrom("tech-a", desk.Place{Network: "198.51.100.1", Device: first.Device})
			o.Refused(custody.LockedOut, err)
		})
	}
}

// TestFailuresAreForgottenInTheirTime: not by the sweep of an hour later, and all of
// them once a lock is over.
func TestFailuresAreForgottenInTheirTime(t *testing.T) {
	o := newOffice(t)
	at := desk.Place{Network: "203.0.113.9"}
	for range o.Config.Policy.LockAfter - 1 {
		o.Refused(custody.Unauthenticated, o.guess("tech-a", at))
	}
	o.Clock.Add(time.Hour)
	if err := o.Store.Sweep(t.Context(), o.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	o.Refused(custody.Unauthenticated, o.guess("tech-a", at))
	o.Refused(custody.LockedOut, o.guess("tech-a", at))
	o.Clock.Add(o.Config.Policy.LockBase)
	for range o.Config.Policy.LockAfter {
		o.Refused(custody.Unauthenticated, o.guess("tech-a", at))
	}
	o.Refused(custody.LockedOut, o.guess("tech-a", at))
}

// TestAMadeUpNameIsNotInTheLedger: now and then it is a password, typed a field too early.
func TestAMadeUpNameIsNotInTheLedger(t *testing.T) {
	o := newOffice(t)
	before := o.Size()
	for range o.Config.Policy.LockAfter {
		o.Refused(custody.Unauthenticated, o.guess("typed-too-early", desk.Place{Network: "203.0.113.9"}))
	}
	entries, err := o.Store.Entries(t.Context(), desk.EntryQuery{From: before, Limit: 10})
	if err != nil || len(entries) != 1 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	if record := string(entries[0].Record); strings.Contains(record, "typed-too-early") || !strings.Contains(record, fmt.Sprintf(`"failures":%d`, o.Config.Policy.LockAfter)) {
		t.Errorf("the ledger has %s", record)
	}
}

// The clock was ten years ahead when the log-in was locked, and was set right.
func TestALockOfAClockThatWasAheadHoldsNobody(t *testing.T) {
	o := newOffice(t)
	o.Hire("manager", custody.Manager)
	at := desk.Place{Network: "203.0.113.9"}
	o.Clock.Add(10 * 365 * 24 * time.Hour)
	o.guesses("tech-a", at)
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	o.Clock.Add(-10 * 365 * 24 * time.Hour)
	_, err := o.signInFrom("tech-a", at)
	o.wrong(err)
	if _, err := o.Desk.CorrectClock(t.Context(), desk.By{Actor: "manager", Request: unique("r"), Code: o.Code("manager")}, "root"); err != nil {
		t.Fatal(err)
	}
	_, err = o.signInFrom("tech-a", at)
	o.Refused(custody.TOTPReplayed, err) // neither locked out nor told to wait for ten years
	o.Clock.Add(period * time.Second)
	if _, err := o.signInFrom("tech-a", at); err != nil {
		t.Errorf("a code of now: %v", err)
	}
	login, err := o.Desk.ResetOnHost(t.Context(), "tech-a", unique("r"))
	if err != nil {
		t.Fatal(err)
	}
	o.Passwords["tech-a"], o.Seeds["tech-a"] = login.Password, seedOf(t, login.OTPAuth)
	if _, err := o.signInFrom("tech-a", at); err != nil {
		t.Fatalf("the new log-in: %v", err)
	}
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Errorf("its second code: %v", err)
	}
}

func TestNamesAsPeopleTypeThem(t *testing.T) {
	o := newOffice(t)
	for _, typed := range []string{"Tech-A", "tech-a ", "\ttech-a\u00a0", "ｔｅｃｈ－ａ", "TECH-A\u3000"} {
		in := desk.SignInRequest{Username: typed, Password: o.Passwords["tech-a"], Code: o.Code("tech-a"), Request: unique("r")}
		if signed, err := o.Desk.SignIn(t.Context(), in); err != nil || signed.Person.Username != "tech-a" {
			t.Errorf("%q: %v", typed, err)
		}
	}
}
