package desk_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// recoverable has one more technician, whose recovery codes are known.
func recoverable(t *testing.T, edits ...func(*desk.Config)) (*office, []custody.Secret) {
	t.Helper()
	o := newOffice(t, edits...)
	login, err := o.Desk.ResetOnHost(t.Context(), "tech-b", unique("reset"))
	if err != nil {
		t.Fatal(err)
	}
	o.Passwords["tech-b"], o.Seeds["tech-b"] = login.Password, seedOf(t, login.OTPAuth)
	signed, err := o.SignIn("tech-b")
	if err != nil {
		t.Fatal(err)
	}
	return o, signed.RecoveryCodes
}

func (o *office) recover(username string, password, code custody.Secret) (custody.Secret, error) {
	o.T.Helper()
	shown, err := o.Desk.Recover(o.T.Context(), desk.RecoverRequest{Username: username, Password: password, Code: code, Request: unique("recover")})
	return shown.OTPAuth, err
}

func TestRecoveryCodesAreShownOnceAndAreHardToGuess(t *testing.T) {
	o, codes := recoverable(t)
	if len(codes) != 10 {
		t.Fatalf("%d codes", len(codes))
	}
	seen := map[string]bool{}
	for _, code := range codes {
		text := code.Reveal()
		if len(strings.ReplaceAll(text, "-", "")) < 16 || strings.Count(text, "-") != 4 { // base32: 5 bits each
			t.Errorf("the code has the form %q", text)
		}
		if seen[text] {
			t.Error("a code is there twice")
		}
		seen[text] = true
	}
	if again, err := o.SignIn("tech-b"); err != nil || again.RecoveryCodes != nil {
		t.Errorf("the next log-in gives %d codes, %v", len(again.RecoveryCodes), err)
	}
}

func TestARecoveryCodeReplacesTheSeedAndNothingElse(t *testing.T) {
	o, codes := recoverable(t)
	session, err := o.SignIn("tech-b")
	if err != nil {
		t.Fatal(err)
	}
	before, oldSeed := o.Size(), o.Seeds["tech-b"]
	// As it is copied from paper: in small letters, grouped otherwise.
	typed := " " + strings.ToLower(strings.ReplaceAll(codes[3].Reveal(), "-", " "))
	uri, err := o.recover("TECH-B", o.Passwords["tech-b"], custody.SecretString(typed))
	if err != nil {
		t.Fatal(err)
	}
	if types := o.Types(before); len(types) != 1 || types[0] != (custody.EnrolmentReset{}).Type() {
		t.Errorf("entries %v", types)
	}
	if o.Person("tech-b").Enrolled {
		t.Error("the new seed counts before it is proved")
	}
	if _, err := o.Desk.Who(t.Context(), session.Token); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("the session of the lost telephone: %v", err)
	}
	if _, err := o.SignIn("tech-b"); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("a code of the lost telephone: %v", err)
	}
	o.Seeds["tech-b"] = seedOf(t, uri)
	if oldSeed.Equal(o.Seeds["tech-b"]) {
		t.Error("the seed stayed")
	}
	signed, err := o.SignIn("tech-b")
	if err != nil || len(signed.RecoveryCodes) != 10 {
		t.Fatalf("the log-in that proves the new seed: %d codes, %v", len(signed.RecoveryCodes), err)
	}
	for _, old := range codes {
		if _, err := o.recover("tech-b", o.Passwords["tech-b"], old); custody.CodeOf(err) == "" {
			t.Fatal("a code from before still works")
		}
	}
}

func TestARecoveryCodeIsNoCode(t *testing.T) {
	o, codes := recoverable(t)
	_, err := o.Desk.SignIn(t.Context(), desk.SignInRequest{
		Username: "tech-b", Password: o.Passwords["tech-b"], Code: codes[0].Reveal(), Request: unique("sign-in"),
	})
	o.Refused(custody.Unauthenticated, err)
	_, err = o.Desk.Do(t.Context(), desk.By{Actor: "tech-b", Request: unique("request"), Code: codes[0].Reveal()}, custody.GoAway{Reason: desk.NewNote("out")})
	o.Refused(custody.TOTPInvalid, err)
}

// TestOneRecoveryCodeWorksOnce, whoever comes with it at the same moment and
// through whichever replica.
func TestOneRecoveryCodeWorksOnce(t *testing.T) {
	o, codes := recoverable(t)
	desks := []*desk.Desk{o.Desk, o.Open()}
	var good atomic.Int32
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			_, err := desks[i%2].Recover(t.Context(), desk.RecoverRequest{
				Username: "tech-b", Password: o.Passwords["tech-b"], Code: codes[0], Request: unique("recover"),
			})
			switch custody.CodeOf(err) {
			case "":
				if err != nil {
					t.Error(err)
				}
				good.Add(1)
			case custody.Unauthenticated:
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if good.Load() != 1 {
		t.Errorf("the code worked %d times", good.Load())
	}
}

func TestRecoveryIsRefusedAlikeAndThrottledWithLogIns(t *testing.T) {
	o, codes := recoverable(t)
	right, wrong := o.Passwords["tech-b"], custody.SecretString("Wrong-password-1!")
	answers := map[string]bool{}
	for _, in := range []desk.RecoverRequest{
		{Username: "tech-b", Password: wrong, Code: codes[0]},
		{Username: "tech-b", Password: right, Code: custody.SecretString("ABCD-EFGH-IJKL-MNOP-QRST")},
		{Username: "tech-a", Password: o.Passwords["tech-a"], Code: codes[0]}, // somebody else's
		{Username: "nobody", Password: right, Code: codes[0]},
		{Username: "-", Password: right, Code: codes[0]},
		{Username: "tech-b", Password: right},
	} {
		_, err := o.Desk.Recover(t.Context(), in)
		o.Refused(custody.Unauthenticated, err)
		answers[err.Error()] = true
	}
	if len(answers) != 1 {
		t.Errorf("the answers differ: %v", answers)
	}
	if !o.Person("tech-b").Enrolled {
		t.Error("a refused recovery reset the enrolment")
	}
	before := o.Size()
	for range o.Config.Policy.LockAfter { // some failures are counted already
		_, _ = o.recover("tech-b", right, custody.Secret{})
	}
	if types := o.Types(before); len(types) != 1 || types[0] != (custody.SignInLocked{}).Type() {
		t.Errorf("entries %v; one for the lock-out", types)
	}
	_, err := o.recover("tech-b", right, codes[0])
	o.Refused(custody.LockedOut, err)
	_, err = o.Desk.SignIn(t.Context(), desk.SignInRequest{Username: "tech-b", Password: right, Code: o.CodeNow("tech-b")})
	o.Refused(custody.LockedOut, err)
}

// TestNobodyIsLeftWithoutRecoveryCodes: the log-in that proved the seed made none.
func TestNobodyIsLeftWithoutRecoveryCodes(t *testing.T) {
	o, _ := recoverable(t)
	login, err := o.Desk.ResetOnHost(t.Context(), "tech-b", unique("reset"))
	if err != nil {
		t.Fatal(err)
	}
	o.Passwords["tech-b"], o.Seeds["tech-b"] = login.Password, seedOf(t, login.OTPAuth)
	o.Must("tech-b", custody.SignIn{Session: strings.Repeat("0", 64), Until: o.Clock.Now().Add(time.Hour)})
	if signed, err := o.SignIn("tech-b"); err != nil || len(signed.RecoveryCodes) != 10 {
		t.Errorf("%d codes, %v", len(signed.RecoveryCodes), err)
	}
}

func TestANewEnrolmentForgetsTheRecoveryCodes(t *testing.T) {
	o, codes := recoverable(t)
	login, err := o.Desk.ResetOnHost(t.Context(), "tech-b", unique("reset"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = o.recover("tech-b", login.Password, codes[0])
	o.Refused(custody.Unauthenticated, err)
}
