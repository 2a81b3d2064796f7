package desk_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/totp"
)

// TestAResetThatIsRepeatedShowsNoPasswordThatOpensNothing: the answer to the first
// had it, and the second time there is none to show.
func TestAResetThatIsRepeatedShowsNoPasswordThatOpensNothing(t *testing.T) {
	o := newOffice(t)
	by := desk.By{Actor: "admin", Request: "r", Code: o.code("admin"), Key: "key"}
	reset := custody.ResetEnrolment{Person: "tech-b"}
	login, err := o.desk.ResetEnrolment(t.Context(), by, reset)
	if err != nil {
		t.Fatal(err)
	}
	by.Request, by.Code = "r-2", o.code("admin")
	if again, err := o.desk.ResetEnrolment(t.Context(), by, reset); custody.CodeOf(err) != custody.Conflict || !again.Password.IsZero() {
		t.Errorf("the same key again: %v", err)
	}
	o.passwords["tech-b"], o.seeds["tech-b"] = login.Password, seedOf(t, login.OTPAuth)
	if _, err := o.signIn("tech-b"); err != nil {
		t.Errorf("with what the first answer had: %v", err)
	}
}

// TestAnAuthenticatorGivenInAnotherProcessCountsHereAtOnce: neither does this one go
// on with the seed that it remembers, nor with the enrolment.
func TestAnAuthenticatorGivenInAnotherProcessCountsHereAtOnce(t *testing.T) {
	o := newOffice(t)
	there := o.open()
	out := custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")}
	by := func() desk.By { return desk.By{Actor: "tech-a", Request: unique("r"), Code: o.codeNow("tech-a")} }
	o.clock.add((2*period - 5) * time.Second)                         // so that what it remembers lasts into the step after the next
	if _, err := there.CheckOut(t.Context(), by(), out); err != nil { // it remembers the seed now
		t.Fatal(err)
	}
	old := o.seeds["tech-a"]
	login, err := o.desk.ResetOnHost(t.Context(), "tech-a", unique("r"))
	if err != nil {
		t.Fatal(err)
	}
	o.seeds["tech-a"] = seedOf(t, login.OTPAuth)
	o.clock.add(5 * time.Second)
	first := desk.SignInRequest{Username: "tech-a", Password: login.Password, Code: o.codeNow("tech-a"), Request: unique("sign-in")}
	if _, err := o.desk.SignIn(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	o.clock.add(period * time.Second)
	if _, err := there.Do(t.Context(), by(), custody.Offer{All: true, Reason: desk.NewNote("out")}); err != nil {
		t.Errorf("a code of the new one: %v", err)
	}
	o.seeds["tech-a"] = old
	o.clock.add(period * time.Second)
	_, err = there.Do(t.Context(), by(), custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("old code")})
	o.refused(custody.TOTPInvalid, err)
}

// TestASeedWhoseEnrolmentNeverCameConfirmsNothing: it was stored before its entry,
// and the entry was lost.
func TestASeedWhoseEnrolmentNeverCameConfirmsNothing(t *testing.T) {
	o := newOffice(t)
	planted := totp.NewSeed()
	o.keep(desk.SeedPath("tech-a"), desk.StoredSeed(o.person("tech-a").Number+1, planted))
	o.restart() // which remembers no seed
	o.seeds["tech-a"] = planted
	_, err := o.checkOut("tech-a", "db01")
	o.refused(custody.TOTPInvalid, err)
}

// TestAPolicyThatNobodyCanKeepIsRefusedBeforeItIsEntered, for a new credential and
// for one that is there.
func TestAPolicyThatNobodyCanKeepIsRefusedBeforeItIsEntered(t *testing.T) {
	refuse := false
	o := newOffice(t, func(c *desk.Config) {
		c.CheckPolicy = func(custody.CredentialPolicy) error {
			if refuse {
				return custody.Invalid("policy", "no_such_zone") // whatever is wrong with it
			}
			return nil
		}
	})
	refuse = true
	before := o.size()
	o.refused(custody.InvalidRequest, add(o.desk, "admin", "db02", custody.SecretString("first"), custody.Secret{}))
	_, err := o.desk.ChangePolicy(t.Context(), desk.By{Actor: "admin", Request: "r", Code: o.code("admin")}, custody.ChangePolicy{Credential: "db01"})
	o.refused(custody.InvalidRequest, err)
	if after := o.size(); after != before {
		t.Errorf("%d entries became %d", before, after)
	}
}

// TestACredentialThatBringsItsKeyOnlyKeepsIt: nobody need know the password.
func TestACredentialThatBringsItsKeyOnlyKeepsIt(t *testing.T) {
	o := newOffice(t)
	if err := add(o.desk, "admin", "db02", custody.Secret{}, custody.SecretString("the key")); err != nil {
		t.Fatal(err)
	}
	if password, key := o.kept("db02"); !password.IsZero() || key.Reveal() != "the key" {
		t.Errorf("a password: %t, the right key: %t", !password.IsZero(), key.Reveal() == "the key")
	}
}

// TestAPasswordThatVanishesAfterItsEntryIsToldAsLost, and not as one that was never
// there.
func TestAPasswordThatVanishesAfterItsEntryIsToldAsLost(t *testing.T) {
	o := newOffice(t)
	o.secrets.listen(func(path string) {
		if path == desk.CredentialPath("db01") {
			if err := o.secrets.Delete(t.Context(), path); err != nil {
				t.Error(err)
			}
		}
	})
	if shown, err := o.checkOut("tech-a", "db01"); !errors.Is(err, desk.ErrSecretsLost) || !shown.Password.IsZero() {
		t.Errorf("got %v, want %v", err, desk.ErrSecretsLost)
	}
}

// TestAnAddressThatIsWrittenAnewAsItIsChangesNothing: a change in the ledger that is
// none would be asked about.
func TestAnAddressThatIsWrittenAnewAsItIsChangesNothing(t *testing.T) {
	o := newOffice(t)
	change := func(to string) (entries int64) {
		t.Helper()
		before := o.size()
		by := desk.By{Actor: "admin", Request: unique("r"), Code: o.code("admin")}
		if _, err := o.desk.ChangeEmail(t.Context(), by, custody.ChangeEmail{Person: "tech-a", Email: desk.NewNote(to)}); err != nil {
			t.Fatal(err)
		}
		return o.size() - before
	}
	for _, c := range []struct {
		to   string
		want int64
	}{{"a@example.com", 1}, {"a@example.com", 0}, {"b@example.com", 1}, {"a@example.com", 1}} {
		if got := change(c.to); got != c.want {
			t.Errorf("%s: %d entries, want %d", c.to, got, c.want)
		}
	}
}

// TestWhatIsShownOfARotationThatIsOverIsNotThatOfTheNext: a key that was used for one
// says nothing of another.
func TestWhatIsShownOfARotationThatIsOverIsNotThatOfTheNext(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	sw := custody.AddCredential{
		Name: "sw01", Primary: "tech-a", Backup: "tech-b",
		Target: desk.NewTarget(custody.Target{Kind: custody.Manual, Address: "rack 4", Account: "admin"}),
	}
	if _, err := o.desk.AddCredential(ctx, desk.By{Actor: "admin", Request: "add"}, sw, custody.Secret{}, custody.Secret{}); err != nil {
		t.Fatal(err)
	}
	report := func(a custody.Action) {
		t.Helper()
		if _, err := o.desk.Do(ctx, desk.By{Actor: custody.System, Request: unique("report")}, a); err != nil {
			t.Fatal(err)
		}
	}
	stage := func(number int64) custody.RotationID {
		t.Helper()
		o.keep(desk.StagedPath("sw01", number), o.password("sw01", number))
		id := custody.RotationID{Credential: "sw01", Number: number}
		report(custody.ReportStaged{Rotation: id})
		return id
	}
	id := stage(1)
	by := desk.By{Actor: "tech-a", Request: unique("show"), Key: "key", Code: o.code("tech-a")}
	if shown, err := o.desk.ShowNew(ctx, by, custody.ShowNew{Credential: "sw01"}); err != nil || !shown.Next.Equal(o.password("sw01", 1)) {
		t.Fatal(err)
	}
	o.must("tech-a", custody.ConfirmSet{Credential: "sw01"})
	report(custody.ReportVerified{Rotation: id, Attested: true})
	report(custody.ReportPromoted{Rotation: id, Version: 1})
	o.must("tech-a", custody.RequestRotation{Credential: "sw01", Reason: desk.NewNote("again")})
	stage(2)
	by.Request, by.Code = unique("show"), o.code("tech-a")
	if late, err := o.desk.ShowNew(ctx, by, custody.ShowNew{Credential: "sw01"}); custody.CodeOf(err) != custody.Conflict || !late.Next.IsZero() {
		t.Errorf("the key of the first: %v", err)
	}
}

// TestAnEntryInWhichNothingIsWrittenHasNothingToTakeOut is said before anybody types
// a reason.
func TestAnEntryInWhichNothingIsWrittenHasNothingToTakeOut(t *testing.T) {
	if _, err := (desk.StoredEntry{Index: 4}).Redaction("by mistake"); custody.CodeOf(err) == "" {
		t.Errorf("got %v, want a refusal", err)
	}
}
