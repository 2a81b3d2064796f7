package desk_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// add puts a credential under the custody of tech-a and tech-b.
func add(d *desk.Desk, actor, name string, password, key custody.Secret) error {
	_, err := d.AddCredential(context.Background(), desk.By{Actor: actor, Request: unique("onboard")}, onboarding(name), password, key)
	return err
}

func onboarding(name string) custody.AddCredential {
	return custody.AddCredential{
		Name: name, Primary: "tech-a", Backup: "tech-b",
		Target: desk.NewTarget(custody.Target{Kind: "ssh", Address: name + ".example:22", Account: "root"}),
	}
}

// kept gives what the secret store has of a credential; zero: nothing.
func (o *office) kept(name string) (password, key custody.Secret) {
	o.T.Helper()
	read := func(path string) custody.Secret {
		v, err := o.Secrets.Read(o.T.Context(), path)
		if err != nil && !errors.Is(err, desk.ErrNoSecret) {
			o.T.Fatal(err)
		}
		return v.Value
	}
	return read(desk.CredentialPath(name)), read(desk.KeyPath(name))
}

// TestARefusedCredentialLeavesTheStoredSecretsAlone, whatever it is refused for.
func TestARefusedCredentialLeavesTheStoredSecretsAlone(t *testing.T) {
	o := newOffice(t)
	if err := add(o.Desk, custody.System, "db02", custody.SecretString("first"), custody.SecretString("first key")); err != nil {
		t.Fatal(err)
	}
	unknown := onboarding("db03")
	unknown.Backup = "nobody"
	for name, in := range map[string]struct {
		actor  string
		action custody.AddCredential
	}{
		"the name is taken":            {custody.System, onboarding("db02")},
		"an admin alone":               {"admin", onboarding("db02")},
		"no admin, another name":       {"tech-a", onboarding("db03")},
		"nobody":                       {"nobody", onboarding("db02")},
		"a custodian who is not there": {custody.System, unknown},
	} {
		for _, second := range []custody.Secret{custody.SecretString("second"), {}} {
			if _, err := o.Desk.AddCredential(t.Context(), desk.By{Actor: in.actor, Request: unique("onboard")}, in.action, second, second); custody.CodeOf(err) == "" {
				t.Fatalf("%s: %v", name, err)
			}
			if password, key := o.kept("db02"); password.Reveal() != "first" || key.Reveal() != "first key" {
				t.Fatalf("%s: the stored secrets were replaced", name)
			}
			if password, key := o.kept("db03"); !password.IsZero() || !key.IsZero() {
				t.Fatalf("%s: secrets were stored for a credential that does not exist", name)
			}
		}
	}
}

// TestTwoAdminsAddTheSameNameAtOnce, through two processes: the secrets are
// those of whoever's entry is in the ledger.
func TestTwoAdminsAddTheSameNameAtOnce(t *testing.T) {
	o := newOffice(t)
	desks := []*desk.Desk{o.Desk, o.Open()}
	for round := range 5 {
		name := fmt.Sprint("race-", round)
		try := func(d *desk.Desk, password string) func() error {
			return func() error {
				return add(d, custody.System, name, custody.SecretString(password), custody.SecretString("key of "+password))
			}
		}
		errs := atOnce(try(desks[0], "a"), try(desks[1], "b"))
		want := "a"
		if errs[0] != nil {
			errs[0], errs[1], want = errs[1], errs[0], "b"
		}
		if errs[0] != nil {
			t.Fatalf("nobody added it: %v", errs)
		}
		o.Refused(custody.Conflict, errs[1])
		if password, key := o.kept(name); password.Reveal() != want || key.Reveal() != "key of "+want {
			t.Fatalf("round %d: the secrets of the one who was refused are kept", round)
		}
	}
}

// TestAReplicaThatIsBehindOverwritesNothing: it does not know yet that the name
// is taken.
func TestAReplicaThatIsBehindOverwritesNothing(t *testing.T) {
	o := newOffice(t)
	behind := o.Open()
	if err := add(o.Desk, custody.System, "db02", custody.SecretString("first"), custody.SecretString("first key")); err != nil {
		t.Fatal(err)
	}
	err := add(behind, custody.System, "db02", custody.SecretString("second"), custody.Secret{})
	o.Refused(custody.Conflict, err)
	if password, key := o.kept("db02"); password.Reveal() != "first" || key.Reveal() != "first key" {
		t.Error("the stored secrets were replaced")
	}
}

// TestWhatCannotBeStoredIsNotAdded, and leaves no entry.
func TestWhatCannotBeStoredIsNotAdded(t *testing.T) {
	o := newOffice(t)
	o.Config.Secrets = takesNothing{o.Secrets}
	o.Desk = o.Open()
	before := o.Size()
	err := add(o.Desk, custody.System, "db02", custody.SecretString("p"), custody.Secret{})
	if !errors.Is(err, desk.ErrSecretsUnavailable) {
		t.Errorf("a credential: %v", err)
	}
	_, err = o.Desk.AddPerson(t.Context(), desk.By{Actor: custody.System, Request: "r"}, custody.AddPerson{Username: "tech-c", Name: "C", Roles: []custody.Role{custody.Technician}, TOTPPeriod: period})
	if !errors.Is(err, desk.ErrSecretsUnavailable) {
		t.Errorf("a person: %v", err)
	}
	_, err = o.Desk.ResetOnHost(t.Context(), "tech-a", unique("reset"))
	if !errors.Is(err, desk.ErrSecretsUnavailable) {
		t.Errorf("an enrolment: %v", err)
	}
	if o.Size() != before {
		t.Errorf("entries %v", o.Types(before))
	}
	if !o.Person("tech-a").Enrolled {
		t.Error("the enrolment was reset and no seed stored")
	}
}

// takesNothing is a secret store that takes nothing.
type takesNothing struct{ desk.Secrets }

func (takesNothing) Write(context.Context, string, custody.Secret, int64, map[string]string) (int64, error) {
	return 0, fmt.Errorf("%w: sealed", desk.ErrSecretsUnavailable)
}

func (takesNothing) Delete(context.Context, string) error {
	return fmt.Errorf("%w: sealed", desk.ErrSecretsUnavailable)
}
