package desk_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/totp"
)

// TestAnAuthenticatorGivenInAnotherProcessCountsHereAtOnce: neither does this one go
// on with the seed that it remembers, nor with the enrolment.
func TestAnAuthenticatorGivenInAnotherProcessCountsHereAtOnce(t *testing.T) {
	desktest.OnBoth(t, anAuthenticatorGivenInAnotherProcessCountsHereAtOnce)
}

func anAuthenticatorGivenInAnotherProcessCountsHereAtOnce(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	there := o.Open()
	out := custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")}
	by := func() desk.By { return desk.By{Actor: "tech-a", Request: unique("r"), Code: o.CodeNow("tech-a")} }
	o.Clock.Add((2*period - 5) * time.Second)                         // so that what it remembers lasts into the step after the next
	if _, err := there.CheckOut(t.Context(), by(), out); err != nil { // it remembers the seed now
		t.Fatal(err)
	}
	old := o.Seeds["tech-a"]
	login, err := o.Desk.ResetOnHost(t.Context(), "tech-a", unique("r"))
	if err != nil {
		t.Fatal(err)
	}
	o.Seeds["tech-a"] = seedOf(t, login.OTPAuth)
	o.Clock.Add(5 * time.Second)
	first := desk.SignInRequest{Username: "tech-a", Password: login.Password, Code: o.CodeNow("tech-a"), Request: unique("sign-in")}
	if _, err := o.Desk.SignIn(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	o.Clock.Add(period * time.Second)
	if _, err := there.Do(t.Context(), by(), custody.Offer{All: true, Reason: desk.NewNote("out")}); err != nil {
		t.Errorf("a code of the new one: %v", err)
	}
	o.Seeds["tech-a"] = old
	o.Clock.Add(period * time.Second)
	_, err = there.Do(t.Context(), by(), custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("old code")})
	o.Refused(custody.TOTPInvalid, err)
}

// TestASeedWhoseEnrolmentNeverCameConfirmsNothing: it was stored before its entry,
// and the entry was lost.
func TestASeedWhoseEnrolmentNeverCameConfirmsNothing(t *testing.T) {
	o := newOffice(t)
	planted := totp.NewSeed()
	o.keep(desk.SeedPath("tech-a"), desk.StoredSeed(o.Person("tech-a").Number+1, planted))
	o.restart() // which remembers no seed
	o.Seeds["tech-a"] = planted
	_, err := o.CheckOut("tech-a", "db01")
	o.Refused(custody.TOTPInvalid, err)
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
	before := o.Size()
	o.Refused(custody.InvalidRequest, add(o.Desk, custody.System, "db02", custody.SecretString("first"), custody.Secret{}))
	_, err := o.Desk.ChangePolicy(t.Context(), desk.By{Actor: "admin", Request: "r", Code: o.Code("admin")}, custody.ChangePolicy{Credential: "db01"})
	o.Refused(custody.InvalidRequest, err)
	if after := o.Size(); after != before {
		t.Errorf("%d entries became %d", before, after)
	}
}

// TestACredentialThatBringsItsKeyOnlyKeepsIt: nobody need know the password.
func TestACredentialThatBringsItsKeyOnlyKeepsIt(t *testing.T) {
	o := newOffice(t)
	if err := add(o.Desk, custody.System, "db02", custody.Secret{}, custody.SecretString("the key")); err != nil {
		t.Fatal(err)
	}
	if password, key := o.kept("db02"); !password.IsZero() || key.Reveal() != "the key" {
		t.Errorf("a password: %t, the right key: %t", !password.IsZero(), key.Reveal() == "the key")
	}
	if err := o.Secrets.Has(t.Context(), desk.CredentialPath("db02"), 0); !errors.Is(err, desk.ErrNoSecret) {
		t.Errorf("an empty password is kept: %v", err)
	}
}

// TestAPasswordThatVanishesAfterItsEntryIsToldAsLost, and not as one that was never
// there.
func TestAPasswordThatVanishesAfterItsEntryIsToldAsLost(t *testing.T) {
	o := newOffice(t)
	o.Secrets.Listen(func(path string) {
		if path == desk.CredentialPath("db01") {
			if err := o.Secrets.Delete(t.Context(), path); err != nil {
				t.Error(err)
			}
		}
	})
	if shown, err := o.CheckOut("tech-a", "db01"); !errors.Is(err, desk.ErrSecretsLost) || !shown.Password.IsZero() {
		t.Errorf("got %v, want %v", err, desk.ErrSecretsLost)
	}
}

// TestWhatWasCommittedUnheardIsTakenInWithoutAnybodyAsking: the answer was lost, and
// what follows on it is not.
func TestWhatWasCommittedUnheardIsTakenInWithoutAnybodyAsking(t *testing.T) {
	desktest.OnBoth(t, whatWasCommittedUnheardIsTakenInWithoutAnybodyAsking)
}

func whatWasCommittedUnheardIsTakenInWithoutAnybodyAsking(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	o.Gate.LoseNextAnswer()
	if err := o.Writes(o.Desk); !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Fatalf("got %v", err)
	}
	o.waitFor("what was committed", func() bool { return o.Desk.Entries() == o.Size() })
}

// TestWhoIsLoggedInIsGivenWithTheirAddress, which the ledger only commits to.
func TestWhoIsLoggedInIsGivenWithTheirAddress(t *testing.T) {
	o := newOffice(t)
	o.Must("admin", custody.ChangeEmail{Person: "tech-a", Email: desk.NewNote("a@example.com")})
	session, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	who, err := o.Desk.Who(t.Context(), session.Token)
	if err != nil || who.Email.In("") != "a@example.com" {
		t.Errorf("%q, %v", who.Email.In(""), err)
	}
}

// TestAnAddressThatIsWrittenAnewAsItIsChangesNothing: a change in the ledger that is
// none would be asked about.
func TestAnAddressThatIsWrittenAnewAsItIsChangesNothing(t *testing.T) {
	o := newOffice(t)
	change := func(to string) (entries int64) {
		t.Helper()
		before := o.Size()
		by := desk.By{Actor: "tech-a", Request: unique("r"), Code: o.Code("tech-a")}
		if _, err := o.Desk.ChangeEmail(t.Context(), by, custody.ChangeEmail{Person: "tech-a", Email: desk.NewNote(to)}); err != nil {
			t.Fatal(err)
		}
		return o.Size() - before
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
	if _, err := o.Desk.AddCredential(ctx, desk.By{Actor: custody.System, Request: "add"}, sw, custody.Secret{}, custody.Secret{}); err != nil {
		t.Fatal(err)
	}
	report := func(a custody.Action) {
		t.Helper()
		if _, err := o.Desk.Do(ctx, desk.By{Actor: custody.System, Request: unique("report")}, a); err != nil {
			t.Fatal(err)
		}
	}
	stage := func(number int64) custody.RotationID {
		t.Helper()
		o.keep(desk.StagedPath("sw01", number), o.Password("sw01", number))
		id := custody.RotationID{Credential: "sw01", Number: number}
		report(custody.ReportStaged{Rotation: id})
		return id
	}
	id := stage(1)
	by := desk.By{Actor: "tech-a", Request: unique("show"), Key: "key", Code: o.Code("tech-a")}
	if shown, err := o.Desk.ShowNew(ctx, by, custody.ShowNew{Credential: "sw01"}); err != nil || !shown.Next.Equal(o.Password("sw01", 1)) {
		t.Fatal(err)
	}
	o.Must("tech-a", custody.ConfirmSet{Credential: "sw01"})
	report(custody.ReportVerified{Rotation: id, Attested: true})
	report(custody.ReportPromoted{Rotation: id, Version: 1})
	o.Must("tech-a", custody.RequestRotation{Credential: "sw01", Reason: desk.NewNote("again")})
	stage(2)
	by.Request, by.Code = unique("show"), o.Code("tech-a")
	if late, err := o.Desk.ShowNew(ctx, by, custody.ShowNew{Credential: "sw01"}); custody.CodeOf(err) != custody.Conflict || !late.Next.IsZero() {
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

// contended is a secret store in which somebody else writes an account each time
// before we can.
type contended struct {
	desk.Secrets
	tries int
}

func (s *contended) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error) {
	if path == desk.AccountPath("tech-b") {
		s.tries++
		return 0, desk.ErrVersion
	}
	return s.Secrets.Write(ctx, path, value, cas, labels)
}

// TestAnAccountThatIsAlwaysWrittenByAnotherIsGivenUp: nobody waits for ever.
func TestAnAccountThatIsAlwaysWrittenByAnotherIsGivenUp(t *testing.T) {
	o := newOffice(t)
	s := &contended{Secrets: o.Secrets}
	o.Config.Secrets = s
	d := o.Open()
	if login, err := d.ResetOnHost(t.Context(), "tech-b", unique("reset")); err == nil || !login.Password.IsZero() {
		t.Errorf("got %v", err)
	}
	if s.tries < 2 || s.tries > 10 {
		t.Errorf("tried %d times", s.tries)
	}
	if _, err := o.SignIn("tech-b"); err != nil {
		t.Errorf("with what counts still: %v", err)
	}
}

// TestAKeyThatStandsForAnotherRequestLeavesNothingOfWhatCameWithIt, and neither does
// one that has done it already.
func TestAKeyThatStandsForAnotherRequestLeavesNothingOfWhatCameWithIt(t *testing.T) {
	o := newOffice(t)
	brings := func(request, name string, digest byte) error {
		_, err := o.Desk.AddCredential(t.Context(), desk.By{Actor: custody.System, Request: request, Code: o.Code("admin"), Key: "key", Digest: [32]byte{digest}},
			onboarding(name), custody.SecretString("password of "+request), custody.Secret{})
		return err
	}
	if err := brings("first", "db02", 1); err != nil {
		t.Fatal(err)
	}
	if err := brings("again", "db02", 1); err != nil {
		t.Errorf("the same once more: %v", err)
	}
	if err := brings("another", "db03", 2); !errors.Is(err, desk.ErrKeyReused) {
		t.Errorf("another with the same key: %v", err)
	}
	for _, request := range []string{"first", "again", "another"} {
		if left := o.under(request); len(left) != 0 {
			t.Errorf("%d secrets are left of the request %q", len(left), request)
		}
	}
	if password, _ := o.kept("db02"); password.Reveal() != "password of first" {
		t.Errorf("what is kept is the %q", password.Reveal())
	}
}

// TestAHeadIsNotSignedWhileTheSecretsAreNotOurs: another key would sign another ledger.
func TestAHeadIsNotSignedWhileTheSecretsAreNotOurs(t *testing.T) {
	o := newOffice(t)
	putBack := o.sentinel()
	_ = o.Desk.Ready(t.Context()) // which looks
	if head, err := o.Desk.Checkpoint(t.Context()); !errors.Is(err, desk.ErrSecretsLost) || len(head.Text) != 0 {
		t.Errorf("%d bytes, %v", len(head.Text), err)
	}
	putBack()
	_ = o.Desk.Ready(t.Context())
	if head, err := o.Desk.Checkpoint(t.Context()); err != nil || len(head.Text) == 0 {
		t.Errorf("when they are back: %v", err)
	}
}

// TestASessionThatIsOverStaysSoWhenAServerStartsWithAClockThatIsBack.
func TestASessionThatIsOverStaysSoWhenAServerStartsWithAClockThatIsBack(t *testing.T) {
	o := newOffice(t)
	session, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	o.Clock.Add(o.Config.SessionTTL + time.Minute)
	o.Enters()
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	o.Clock.Add(-o.Config.SessionTTL / 2)
	o.Desk = o.Open()
	_, err = o.Desk.Who(t.Context(), session.Token)
	o.Refused(custody.Unauthenticated, err)
}

// TestAServerWhoseClockIsWrongHearsOfWhatOthersDo: who logs in in another process is
// known in this one, and what is entered there comes without anybody asking.
func TestAServerWhoseClockIsWrongHearsOfWhatOthersDo(t *testing.T) {
	desktest.OnBoth(t, aServerWhoseClockIsWrongHearsOfWhatOthersDo)
}

func aServerWhoseClockIsWrongHearsOfWhatOthersDo(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	right := o.Clock
	wrong := desktest.NewClock(o.Clock.Now())
	o.Config.Clock = wrong
	set := o.Open()
	o.Config.Clock = right
	wrong.Jump(-24 * time.Hour)
	o.wrong(set.ClockWrong())

	session, err := o.SignIn("tech-a")
	if err != nil {
		t.Fatal(err)
	}
	if who, err := set.Who(t.Context(), session.Token); err != nil || who.Username != "tech-a" {
		t.Errorf("who logged in there is %q here: %v", who.Username, err)
	}
	o.Enters()
	o.waitFor("what was entered there", func() bool { return set.Entries() == o.Size() })
}

// TestALedgerIsNotCutBackByAClockThatIsBehindIt: what is entered then would be dated
// before what stays.
func TestALedgerIsNotCutBackByAClockThatIsBehindIt(t *testing.T) {
	o := newOffice(t)
	o.Hire("manager", custody.Manager)
	plan := o.plan()
	for _, person := range []string{"tech-b", "manager"} {
		if err := plan.Confirm(t.Context(), person, o.Code(person)); err != nil {
			t.Fatal(err)
		}
	}
	before := o.Size()
	o.Clock.Jump(-time.Hour)
	o.wrong(plan.CarryOut(t.Context(), "drill", "recover"))
	if after := o.Size(); after != before {
		t.Errorf("%d entries became %d", before, after)
	}
}

// TestARecoveryBesideAServerThatRunsSaysSo: that one goes on with what was cut off.
func TestARecoveryBesideAServerThatRunsSaysSo(t *testing.T) {
	o := newOffice(t)
	o.Hire("manager", custody.Manager)
	server := o.Secrets
	moved := &overtakenAt{Secrets: server, path: desk.AnchorPath}
	o.Config.Secrets = moved
	plan := o.plan()
	for _, person := range []string{"tech-b", "manager"} {
		if err := plan.Confirm(t.Context(), person, o.Code(person)); err != nil {
			t.Fatal(err)
		}
	}
	moved.do = func() {
		var anchor map[string]any
		if err := json.Unmarshal(o.keptAt(desk.AnchorPath).Value.Bytes(), &anchor); err != nil {
			t.Fatal(err)
		}
		anchor["size"] = o.Size() + 10
		further, err := json.Marshal(anchor)
		if err != nil {
			t.Fatal(err)
		}
		o.replace(desk.AnchorPath, custody.NewSecret(further))
	}
	if err := plan.CarryOut(t.Context(), "drill", "recover"); !errors.Is(err, desk.ErrLedgerSuspect) {
		t.Errorf("got %v", err)
	}
}

// TestAStartThatIsGivenUpDoesNotGoOn without having seen whose database it is.
func TestAStartThatIsGivenUpDoesNotGoOn(t *testing.T) {
	o := newOffice(t)
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	ctx, giveUp := context.WithCancel(t.Context())
	o.Config.Secrets = &givenUp{Secrets: o.Secrets, giveUp: giveUp}
	if d, err := desk.Open(ctx, o.Config); err == nil {
		_ = d.Close()
		t.Error("it goes on")
	}
}

// givenUp is a secret store during whose answer somebody stops the server.
type givenUp struct {
	desk.Secrets
	giveUp func()
}

func (s *givenUp) Read(ctx context.Context, path string) (desk.Versioned, error) {
	s.giveUp()
	if err := ctx.Err(); err != nil {
		return desk.Versioned{}, err
	}
	return s.Secrets.Read(ctx, path)
}

// TestWhatAKindOfTargetAsksForIsNamed, with what must be there and what proves it.
func TestWhatAKindOfTargetAsksForIsNamed(t *testing.T) {
	kind := desk.TargetKind{Settings: []desk.TargetSetting{{Name: "database"}, {Name: "host_key", Required: true}}, Probes: []desk.TargetProbe{{Name: "ssh"}, {Name: "mysql"}}}
	if got := kind.SettingNames(); len(got) != 3 || got[0] != "database" || got[1] != "host_key (required)" || !strings.Contains(got[2], "ssh or mysql") {
		t.Errorf("%q", got)
	}
	kind.Probes = nil
	if got := kind.SettingNames(); len(got) != 2 {
		t.Errorf("without probes: %q", got)
	}
}

// TestWhoHasNoSeedConfirmsWithNone: not with the codes of an empty one either, which
// anybody can work out.
func TestWhoHasNoSeedConfirmsWithNone(t *testing.T) {
	o := newOffice(t)
	if err := o.Secrets.Delete(t.Context(), desk.SeedPath("tech-a")); err != nil {
		t.Fatal(err)
	}
	o.restart() // which remembers no seed
	o.Clock.Add(period * time.Second)
	code, err := totp.Code(custody.SecretString(""), totp.Step(period, o.Clock.Now()))
	if err != nil {
		t.Fatal(err)
	}
	before := o.Size()
	shown, err := o.Desk.CheckOut(t.Context(), desk.By{Actor: "tech-a", Request: "r", Code: code}, custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")})
	o.Refused(custody.TOTPInvalid, err)
	if !shown.Password.IsZero() {
		t.Error("it is shown")
	}
	if types := o.Types(before); slices.Contains(types, (custody.CheckoutGranted{}).Type()) {
		t.Errorf("entered: %v", types)
	}
}
