package desk_test

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/embedded"
)

// planRebinding looks what is lost while no desk runs.
func (o *office) planRebinding() (*desk.Rebinding, error) {
	o.T.Helper()
	if err := o.Desk.Close(); err != nil {
		o.T.Fatal(err)
	}
	return desk.PlanRebinding(o.T.Context(), o.Config)
}

// newStore gives an empty secret store.
func (o *office) newStore() desk.Secrets {
	o.T.Helper()
	dir := o.T.TempDir()
	s, err := embedded.OpenOrCreate(filepath.Join(dir, "secrets"), embedded.Unlock{KeyFile: filepath.Join(dir, "key")})
	if err != nil {
		o.T.Fatal(err)
	}
	o.T.Cleanup(func() { _ = s.Close() })
	return s
}

// TestAnOlderSecretStoreGoesOnWithTwoPeople whose log-ins are there. What is lost is changed
// and set up anew; the versions go on from where the ledger is.
func TestAnOlderSecretStoreGoesOnWithTwoPeople(t *testing.T) {
	o := newOffice(t)
	o.Approvers()
	if _, err := o.planRebinding(); !errors.Is(err, desk.ErrNothingLost) {
		t.Fatalf("with everything there: %v", err)
	}
	o.Desk = o.Open()
	o.Onboard("db02")
	session, err := o.SignIn("manager")
	if err != nil {
		t.Fatal(err)
	}
	// The store is put back from before db01 was changed, and before tech-b came.
	for range 2 {
		if _, err := o.Desk.Do(t.Context(), desk.By{Actor: "tech-a", Request: unique("rotate"), Code: o.Code("tech-a")}, custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("worn")}); err != nil {
			t.Fatal(err)
		}
		o.Rotate("db01")
	}
	version := o.Credential("db01").Version
	first, err := o.Secrets.ReadVersion(t.Context(), desk.CredentialPath("db01"), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{desk.CredentialPath("db01"), desk.AccountPath("tech-b"), desk.SeedPath("tech-b")} {
		if err := o.Secrets.Delete(t.Context(), path); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := o.Secrets.Write(t.Context(), desk.CredentialPath("db01"), first, 0, nil); err != nil {
		t.Fatal(err)
	}
	plan := func() *desk.Rebinding {
		t.Helper()
		plan, err := o.planRebinding()
		if err != nil || plan.New || !slices.Equal(plan.People, []string{"tech-b"}) || !slices.Equal(plan.Credentials, []string{"db01"}) {
			t.Fatalf("%+v, %v", plan, err)
		}
		return plan
	}
	o.Refused(custody.Forbidden, plan().CarryOut(t.Context(), "Monday's", "rebind"))
	o.Refused(custody.Forbidden, plan().Confirm(t.Context(), "manager", "000000"))
	o.Refused(custody.Forbidden, plan().Confirm(t.Context(), "eve", "000000"))
	if err := plan().Confirm(t.Context(), "tech-b", "000000"); err == nil {
		t.Error("confirmed by a seed that is not there")
	}
	alone := plan()
	if err := alone.Confirm(t.Context(), "manager", o.Code("manager")); err != nil {
		t.Fatal(err)
	}
	o.Refused(custody.Forbidden, alone.CarryOut(t.Context(), "Monday's", "rebind"))
	before := o.Size()
	right := plan()
	for _, who := range []string{"tech-a", "manager"} {
		if err := right.Confirm(t.Context(), who, o.Code(who)); err != nil {
			t.Fatal(err)
		}
	}
	if err := right.CarryOut(t.Context(), "Monday's", "rebind"); err != nil {
		t.Fatal(err)
	}
	o.Desk = o.Open()
	if types := o.Types(before); types[0] != "secrets.rebound" {
		t.Errorf("on record: %v", types)
	}
	if _, err := o.Desk.Who(t.Context(), session.Token); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("still logged in: %v", err)
	}
	if p := o.Person("tech-b"); p.Enrolled {
		t.Errorf("%+v", p)
	}
	c := o.Credential("db01")
	if c.Phase != custody.Rotating || c.Rotation.Reason != custody.ForRecovery || c.Version != version {
		t.Errorf("%+v", c)
	}
	now, err := o.Secrets.Read(t.Context(), desk.CredentialPath("db01"))
	if err != nil || now.Version != version || !now.Value.IsZero() {
		t.Errorf("at version %d of %d, empty: %v, %v", now.Version, version, now.Value.IsZero(), err)
	}
	o.Rotate("db01")
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Errorf("once it was changed: %v", err)
	}
	if _, err := o.CheckOut("tech-a", "db02"); err != nil {
		t.Errorf("of what was not lost: %v", err)
	}
	o.restart() // and what is on record follows from its commands
	if _, err := o.SignIn("manager"); err != nil {
		t.Error(err)
	}
	if _, err := o.planRebinding(); !errors.Is(err, desk.ErrNothingLost) {
		t.Errorf("afterwards: %v", err)
	}
}

// TestANewSecretStoreIsFoundedAnew: nobody is in it, nothing of before opens anything, and
// the ledger goes on under its key; also where a key of its seals had been replaced.
func TestANewSecretStoreIsFoundedAnew(t *testing.T) {
	for name, rekeyed := range map[string]bool{"under the first key": false, "rekeyed before": true} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.Approvers()
			if rekeyed {
				if _, err := o.Desk.ChangeSealKey(t.Context(), desk.By{Actor: "manager", Request: unique("rekey"), Code: o.Code("manager")}); err != nil {
					t.Fatal(err)
				}
				o.Enters()
			}
			version := o.Credential("db01").Version
			if err := o.Desk.Close(); err != nil {
				t.Fatal(err)
			}
			before := o.Size()
			o.Config.Secrets = o.newStore()
			// Somebody has put something where passwords and seeds are.
			for _, path := range []string{desk.CredentialPath("db01"), desk.KeyPath("db01"), desk.SeedPath("manager"), desk.AccountPath("manager")} {
				if _, err := o.Config.Secrets.Write(t.Context(), path, custody.SecretString("planted"), 0, nil); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := desk.Open(t.Context(), o.Config); !errors.Is(err, desk.ErrSecretsLost) {
				t.Fatalf("a start: %v", err)
			}
			plan, err := desk.PlanRebinding(t.Context(), o.Config)
			if err != nil || !plan.New || plan.Size != before {
				t.Fatalf("%+v, %v", plan, err)
			}
			if err := plan.CarryOut(t.Context(), "the disk burnt", "rebind"); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{desk.KeyPath("db01"), desk.SeedPath("manager"), desk.AccountPath("manager")} {
				if err := o.Config.Secrets.Has(t.Context(), path, 0); !errors.Is(err, desk.ErrNoSecret) {
					t.Errorf("%s is still there: %v", path, err)
				}
			}
			if err := o.Config.Secrets.Has(t.Context(), desk.IdentityPath, 0); err != nil {
				t.Errorf("no salt: %v", err)
			}
			if now, err := o.Config.Secrets.Read(t.Context(), desk.CredentialPath("db01")); err != nil || now.Version != version || !now.Value.IsZero() {
				t.Errorf("db01 at version %d of %d: %v", now.Version, version, err)
			}
			o.Desk = o.Open()
			if types := o.Types(before); types[0] != "secrets.rebound" {
				t.Errorf("on record: %v", types)
			}
			if _, err := o.SignIn("manager"); err == nil {
				t.Error("logged in with what was lost")
			}
			for _, who := range []string{"admin", "manager", "director"} {
				login, asked, err := o.Desk.RecoverOnHost(t.Context(), who, unique("recover"))
				if err != nil || !asked.Due.IsZero() {
					t.Fatalf("%s: %+v, %v", who, asked, err)
				}
				o.Passwords[who], o.Seeds[who] = login.Password, seedOf(t, login.OTPAuth)
				if _, err := o.SignIn(who); err != nil {
					t.Fatalf("%s: %v", who, err)
				}
			}
			f, err := o.Desk.Founding(t.Context())
			if err != nil || f.Founded {
				t.Fatalf("%+v, %v", f, err)
			}
			for _, who := range []string{"manager", "director"} {
				o.Must(who, custody.ConfirmFounding{Digest: f.Digest})
			}
			if _, _, err := o.Desk.RecoverOnHost(t.Context(), "tech-a", unique("recover")); custody.CodeOf(err) != custody.Forbidden {
				t.Errorf("on the host, once it was founded: %v", err)
			}
			o.restart()
			o.Agreed("admin", custody.ResetEnrolment{Person: "tech-a"})
			if _, err := desk.PlanRebinding(t.Context(), o.Config); err == nil {
				t.Error("rebound twice")
			}
		})
	}
}

// TestNobodyRebindsToAnothersSecretStore, nor what has met none.
func TestNobodyRebindsToAnothersSecretStore(t *testing.T) {
	o, other := newOffice(t), newOffice(t)
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	c := o.Config
	c.Secrets = other.Config.Secrets
	if _, err := desk.PlanRebinding(t.Context(), c); !errors.Is(err, desk.ErrOtherSecrets) {
		t.Errorf("another's: %v", err)
	}
	c = o.Config
	c.Origin = "other.example"
	if _, err := desk.PlanRebinding(t.Context(), c); !errors.Is(err, desk.ErrOtherOrigin) {
		t.Errorf("under another origin: %v", err)
	}
}
