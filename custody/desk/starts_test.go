package desk_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/embedded"
	"github.com/tandem-custody/tandem/custody/store"
)

// TestAStartInWhichACallFailsFindsNothingForged, where the whole ledger has to be
// carried out again because the anchor is behind: it says what failed, and the next one
// works, or it works by itself from the next look on.
func TestAStartInWhichACallFailsFindsNothingForged(t *testing.T) {
	f := &faults{}
	o := newOffice(t, withFaults(f))
	o.Secrets.HoldAnchor(true)
	o.Enters()
	failed := f.eachCall(func(begin func(), end func() string) {
		if err := o.Desk.Close(); err != nil {
			t.Fatal(err)
		}
		begin()
		d, err := desk.Open(t.Context(), o.Config)
		hit := end()
		if err == nil {
			t.Cleanup(func() { _ = d.Close() })
			o.Desk = d
		} else {
			if errors.Is(err, desk.ErrSuspect) || !strings.Contains(err.Error(), hit+" failed") {
				t.Errorf("%s failed, and the start says %v", hit, err)
			}
			o.Desk = o.Open()
		}
		if err := o.Desk.Ready(t.Context()); err != nil {
			t.Fatalf("ready after %s had failed: %v", hit, err)
		}
	})
	if failed < 12 {
		t.Errorf("%d calls failed", failed)
	}
	o.Secrets.HoldAnchor(false)
	o.restart()
	o.wantGood("in the end")
}

// empty has the office begin anew, with a database and a secret store in which there
// is nothing.
func (o *office) empty(f *faults) {
	o.T.Helper()
	dir := o.T.TempDir()
	o.Path = o.On.New(o.T)
	db, err := store.Open(o.T.Context(), o.Path, o.Config.Log)
	if err != nil {
		o.T.Fatal(err)
	}
	o.T.Cleanup(func() { _ = db.Close() })
	secrets, err := embedded.OpenOrCreate(filepath.Join(dir, "secrets"), embedded.Unlock{KeyFile: filepath.Join(dir, "key")})
	if err != nil {
		o.T.Fatal(err)
	}
	o.T.Cleanup(func() { _ = secrets.Close() })
	o.Store, o.Secrets = db, &desktest.Breakable{Secrets: secrets}
	o.Config.Store, o.Config.Accounts, o.Config.Secrets = db, db, o.Secrets
	withFaults(f)(&o.Config)
}

// TestAFirstStartInWhichACallFailsCanBeRepeated, wherever it was cut short.
func TestAFirstStartInWhichACallFailsCanBeRepeated(t *testing.T) {
	f := &faults{}
	o := emptyOffice(t)
	for n := 1; ; n++ {
		o.empty(f)
		f.failAt(n)
		d, err := desk.Open(t.Context(), o.Config)
		hit := f.failAt(0)
		if err == nil {
			t.Cleanup(func() { _ = d.Close() })
		} else {
			if errors.Is(err, desk.ErrSuspect) || !strings.Contains(err.Error(), hit+" failed") {
				t.Errorf("%s failed, and the start says %v", hit, err)
			}
			d = o.Open()
		}
		o.Desk = d
		if err := d.Ready(t.Context()); err != nil {
			t.Fatalf("ready after %s had failed: %v", hit, err)
		}
		o.Hire("admin", custody.Admin)
		if b, err := o.Store.Binding(t.Context()); err != nil || !b.Bound {
			t.Errorf("after %s had failed: bound: %t, %v", hit, b.Bound, err)
		}
		if types := o.Types(0); types[0] != (custody.PolicyAdopted{}).Type() || slices.Contains(types[1:], types[0]) {
			t.Errorf("after %s had failed: entries %v", hit, types)
		}
		if hit == "" {
			return
		}
		o.restart()
		if err := o.Writes(o.Desk); err != nil {
			t.Errorf("restarted after %s had failed: %v", hit, err)
		}
		if err := o.Desk.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// overtaken by another process right before it writes a path for the first time.
type overtakenAt struct {
	desk.Secrets
	path string
	do   func()
}

func (s *overtakenAt) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error) {
	if do := s.do; do != nil && path == s.path {
		s.do = nil
		do()
	}
	return s.Secrets.Write(ctx, path, value, cas, labels)
}

// TestTwoProcessesThatStartAtOnceAreOneInstallation: whatever one of them makes first
// in the secret store the other goes on with.
func TestTwoProcessesThatStartAtOnceAreOneInstallation(t *testing.T) {
	desktest.OnBoth(t, twoProcessesThatStartAtOnceAreOneInstallation)
}

func twoProcessesThatStartAtOnceAreOneInstallation(t *testing.T, on desktest.Engine) {
	o := emptyOfficeOn(t, on)
	for _, path := range []string{desk.SealPath, desk.AnchorPath, desk.SentinelPath} {
		o.empty(&faults{})
		plain := o.Config
		o.Config.Secrets = &overtakenAt{Secrets: plain.Secrets, path: path, do: func() {
			first, err := desk.Open(t.Context(), plain)
			if err != nil {
				t.Fatal(err)
			}
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
		}}
		o.Desk = o.Open()
		o.Hire("admin", custody.Admin)
		if types := o.Types(0); slices.Contains(types[1:], types[0]) {
			t.Errorf("overtaken at %s: entries %v", path, types)
		}
		o.Config = plain
		o.restart()
		if _, err := o.SignIn("admin"); err != nil {
			t.Errorf("overtaken at %s: %v", path, err)
		}
	}
}

// TestOfTwoInstallationsThatMeetASecretStoreAtOnceOneHasIt.
func TestOfTwoInstallationsThatMeetASecretStoreAtOnceOneHasIt(t *testing.T) {
	desktest.OnBoth(t, ofTwoInstallationsThatMeetASecretStoreAtOnceOneHasIt)
}

func ofTwoInstallationsThatMeetASecretStoreAtOnceOneHasIt(t *testing.T, on desktest.Engine) {
	o := emptyOfficeOn(t, on)
	o.empty(&faults{})
	first := o.Config
	o.empty(&faults{})
	o.Config.Secrets = &overtakenAt{Secrets: first.Secrets, path: desk.SentinelPath, do: func() {
		d, err := desk.Open(t.Context(), first)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = d.Close() })
	}}
	if d, err := desk.Open(t.Context(), o.Config); !errors.Is(err, desk.ErrOtherSecrets) {
		if err == nil {
			_ = d.Close()
		}
		t.Errorf("the other one starts: %v", err)
	}
}

// TestTwoProcessesThatAddTheFirstCredentialAtOnceKnowOneAccountByOneName: and no
// account is in custody twice.
func TestTwoProcessesThatAddTheFirstCredentialAtOnceKnowOneAccountByOneName(t *testing.T) {
	desktest.OnBoth(t, twoProcessesThatAddTheFirstCredentialAtOnceKnowOneAccountByOneName)
}

func twoProcessesThatAddTheFirstCredentialAtOnceKnowOneAccountByOneName(t *testing.T, on desktest.Engine) {
	o := emptyOfficeOn(t, on)
	o.Config.Secrets = &overtakenAt{Secrets: o.Secrets, path: desk.ThrottlePath, do: func() {
		o.Refused(custody.Unauthenticated, o.guess("nobody", desk.Place{}))
	}}
	here := o.Open()
	o.Desk, here = here, o.Desk
	o.Hire("admin", custody.Admin)
	for _, name := range []string{"tech-a", "tech-b"} {
		o.Hire(name, custody.Technician)
	}
	o.Config.Secrets = &overtakenAt{Secrets: o.Secrets, path: desk.IdentityPath, do: func() {
		if err := add(here, custody.System, "db01", custody.Secret{}, custody.Secret{}); err != nil {
			t.Fatal(err)
		}
	}}
	there := o.Open()
	same := onboarding("db02")
	same.Target = onboarding("db01").Target
	_, err := there.AddCredential(t.Context(), desk.By{Actor: custody.System, Request: unique("r")}, same, custody.Secret{}, custody.Secret{})
	var refusal *custody.Refusal
	if !errors.As(err, &refusal) || !strings.Contains(refusal.Key, "account") {
		t.Errorf("the same account once more: %v", err)
	}
}

// goesOn is a database to which another process writes while this one starts.
type goesOn struct {
	desk.Store
	do func()
}

func (s *goesOn) LastBatch(ctx context.Context) (audit.Batch, string, error) {
	if do := s.do; do != nil {
		s.do = nil
		do()
	}
	return s.Store.LastBatch(ctx)
}

// TestAStartWhileAnotherProcessGoesOn has what that one wrote, and is at peace with it.
func TestAStartWhileAnotherProcessGoesOn(t *testing.T) {
	desktest.OnBoth(t, aStartWhileAnotherProcessGoesOn)
}

func aStartWhileAnotherProcessGoesOn(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	first := o.Desk
	o.Config.Store = &goesOn{Store: o.Gate, do: func() {
		if _, err := first.Do(t.Context(), desk.By{Actor: "tech-a", Request: "hands over", Code: o.Code("tech-a")}, custody.Offer{All: true, Reason: desk.NewNote("out")}); err != nil {
			t.Fatal(err)
		}
	}}
	o.Desk = o.Open()
	if _, err := o.Desk.Checkpoint(t.Context()); err != nil {
		t.Errorf("it signs nothing: %v", err)
	}
	o.wantGood("afterwards")
}

// notReady is a secret store that says why not, and can be read and written all the
// same.
type notReady struct {
	desk.Secrets
	why error
}

func (s *notReady) Ready(ctx context.Context) error {
	if s.why != nil {
		return s.why
	}
	return s.Secrets.Ready(ctx)
}

// withoutSentinel is a secret store that cannot say whose it is, and can be read and
// written all the same.
type withoutSentinel struct {
	desk.Secrets
	away bool
}

func (s *withoutSentinel) Read(ctx context.Context, path string) (desk.Versioned, error) {
	if s.away && path == desk.SentinelPath {
		return desk.Versioned{}, errSealed
	}
	return s.Secrets.Read(ctx, path)
}

// TestTimeDoesNotActWhileItIsNotKnownWhoseDatabaseThisIs: the tables may be of
// another installation, or of yesterday.
func TestTimeDoesNotActWhileItIsNotKnownWhoseDatabaseThisIs(t *testing.T) {
	o := newOffice(t)
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Fatal(err)
	}
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	o.Clock.Add(o.Config.Policy.Lease + time.Hour)
	away := &withoutSentinel{Secrets: o.Secrets, away: true}
	o.Config.Secrets = away
	before := o.Size()
	d := o.Open()
	if err := d.Close(); err != nil { // before it looks again
		t.Fatal(err)
	}
	d.Tick()
	d.Behind()
	d.Tick()
	if types := o.Types(before); len(types) != 0 {
		t.Errorf("entered: %v", types)
	}
	away.away = false
	o.Desk = o.Open()
	o.Enters()
	if types := o.Types(before); types[0] != (custody.CheckoutEnded{}).Type() {
		t.Errorf("entered when it is known: %v", types)
	}
}

// TestASecretStoreThatComesBackIsFoundWithoutAnybodyAsking: an installation that
// waits for it gets its policy, and what came with requests that led to nothing goes.
func TestASecretStoreThatComesBackIsFoundWithoutAnybodyAsking(t *testing.T) {
	o := emptyOffice(t)
	o.empty(&faults{})
	if err := o.Store.BeginArrival(t.Context(), "of an hour ago", o.Clock.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	unseal := o.seal()
	o.Desk = o.Open()
	if n := o.Size(); n != 0 {
		t.Fatalf("%d entries", n)
	}
	unseal()
	o.waitFor("the first policy", func() bool { return o.Size() == 1 })
	o.waitFor("what led to nothing to go", func() bool {
		left, err := o.Store.Arrivals(t.Context())
		return err == nil && len(left) == 0
	})
}

// TestWhatASecretStoreSaysOfItselfIsTold: that rights are missing, and that the
// secrets are lost, which stops the server. Each cause is in what is told.
func TestWhatASecretStoreSaysOfItselfIsTold(t *testing.T) {
	o := newOffice(t)
	says := &notReady{Secrets: o.Secrets}
	o.Config.Secrets = says
	d := o.Open()
	for _, c := range []struct {
		why  error
		code string
	}{{desk.ErrRightsMissing, "rights_missing"}, {errSealed, "vault_unavailable"}, {desk.ErrSecretsLost, "secrets_lost"}} {
		says.why = c.why
		if codes := causes(t, d); !slices.Equal(codes, []string{c.code}) {
			t.Errorf("%v: %v", c.why, codes)
		}
		if err := d.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), c.why.Error()) {
			t.Errorf("%v is told as %v", c.why, err)
		}
	}
	if err := o.Writes(d); !errors.Is(err, desk.ErrSecretsLost) {
		t.Errorf("with secrets that are lost: %v", err)
	}
	says.why = nil
	if err := d.Ready(t.Context()); err != nil {
		t.Errorf("when they are back: %v", err)
	}
	if err := o.Writes(d); err != nil {
		t.Errorf("when they are back: %v", err)
	}
}

// TestASecretStoreThatMetTheLedgerLateSealsFromThereOn: a first step that went to
// another one had been sealed with the key of that, which is nowhere now.
func TestASecretStoreThatMetTheLedgerLateSealsFromThereOn(t *testing.T) {
	o := emptyOffice(t)
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	before := o.Config
	o.empty(&faults{})
	o.Config.Store, o.Config.Accounts, o.Config.FirstSteps = before.Store, before.Accounts, true
	o.Desk = o.Open()
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	o.Config.FirstSteps = false
	o.Secrets.HoldAnchor(true)
	o.Desk = o.Open()
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	o.Desk = o.Open() // behind whose ledger the anchor is
	o.Config.Policy = before.Policy
	login, err := o.Desk.AddPerson(t.Context(), desk.By{Actor: custody.System, Request: "r"}, custody.AddPerson{Username: "admin", Name: "A", Roles: []custody.Role{custody.Admin}, TOTPPeriod: period})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	o.Desk = o.Open()
	o.Passwords["admin"], o.Seeds["admin"] = login.Password, seedOf(t, login.OTPAuth)
	if _, err := o.SignIn("admin"); err != nil {
		t.Errorf("a ledger that goes on with another secret store: %v", err)
	}

	// That is not forgotten when the anchor moves.
	o.Secrets.HoldAnchor(false)
	o.restart()
	if at := o.anchored(); at != o.Desk.Entries() {
		t.Fatalf("anchored at %d of %d", at, o.Desk.Entries())
	}
	o.Secrets.HoldAnchor(true)
	if _, err := o.SignIn("admin"); err != nil {
		t.Fatal(err)
	}
	o.restart()
	if _, err := o.SignIn("admin"); err != nil {
		t.Errorf("after a crash: %v", err)
	}
}

// faultyLedger is the database of a recovery.
type faultyLedger struct {
	faultyStore
	cut func(ctx context.Context, size int64) error
}

func (l faultyLedger) Cut(ctx context.Context, size int64) error {
	if err := l.database("Cut"); err != nil {
		return err
	}
	return l.cut(ctx, size)
}

// TestARecoveryInWhichACallFailsIsDoneAgain: it is told, nothing is taken for forged
// for it, and the second time the ledger is recovered.
func TestARecoveryInWhichACallFailsIsDoneAgain(t *testing.T) {
	f := &faults{}
	o := newOffice(t, withFaults(f))
	o.Hire("manager", custody.Manager)
	ledger := faultyLedger{o.Config.Store.(faultyStore), o.Store.Cut}
	recover := func() error {
		plan, err := desk.PlanRecovery(t.Context(), o.Config, ledger)
		if err != nil {
			return err
		}
		for _, person := range []string{"tech-b", "manager"} {
			if err := plan.Confirm(t.Context(), person, o.Code(person)); err != nil {
				return err
			}
		}
		return plan.CarryOut(t.Context(), "drill", unique("recover"))
	}
	failed := f.eachCall(func(begin func(), end func() string) {
		if err := o.Desk.Close(); err != nil {
			t.Fatal(err)
		}
		o.administrator(func(db *sql.DB) {
			o.sql(db, "INSERT INTO ledger_entries (idx, record) SELECT idx + 1, record FROM ledger_entries ORDER BY idx DESC LIMIT 1")
		})
		begin()
		err := recover()
		hit := end()
		if hit == "" && err != nil {
			t.Fatalf("when nothing fails: %v", err)
		}
		if hit != "" {
			if err == nil || errors.Is(err, desk.ErrSuspect) || !strings.Contains(err.Error(), hit+" failed") {
				t.Errorf("%s failed, and what is told is %v", hit, err)
			}
			if err := recover(); err != nil {
				t.Fatalf("again after %s had failed: %v", hit, err)
			}
		}
		o.Desk = o.Open()
		if err := o.Writes(o.Desk); err != nil {
			t.Fatalf("recovered after %s had failed: %v", hit, err)
		}
	})
	if failed < 20 {
		t.Errorf("%d calls failed", failed)
	}
	o.Rotate("db01")
	o.wantGood("in the end")
}
