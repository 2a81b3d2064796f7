package desk_test

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/embedded"
)

// sentinel takes what makes the secret store this installation's out of it, and
// gives what puts it back.
func (o *office) sentinel() (putBack func()) {
	o.T.Helper()
	kept, err := o.Secrets.Read(o.T.Context(), desk.SentinelPath)
	if err != nil {
		o.T.Fatal(err)
	}
	if err := o.Secrets.Delete(o.T.Context(), desk.SentinelPath); err != nil {
		o.T.Fatal(err)
	}
	return func() {
		o.T.Helper()
		o.keep(desk.SentinelPath, kept.Value)
	}
}

// keep writes a secret past the desk, whatever is there.
func (o *office) keep(path string, value custody.Secret) {
	o.T.Helper()
	now, err := o.Secrets.Read(o.T.Context(), path)
	if err != nil && !errors.Is(err, desk.ErrNoSecret) {
		o.T.Fatal(err)
	}
	if _, err := o.Secrets.Write(o.T.Context(), path, value, now.Version, nil); err != nil {
		o.T.Fatal(err)
	}
}

// otherKey signs with a key of its own.
type otherKey struct {
	desk.Secrets
	key ed25519.PrivateKey
}

func (k otherKey) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(k.key, message), nil
}

// TestADatabaseOpensWithWhatItBelongsToOnly: whatever of it is another one, and
// again when the right one is back.
func TestADatabaseOpensWithWhatItBelongsToOnly(t *testing.T) {
	for name, c := range map[string]struct {
		change func(o *office) (undo func())
		want   error
	}{
		"another origin": {func(o *office) func() {
			was := o.Config.Origin
			o.Config.Origin = "other.example/ledger"
			return func() { o.Config.Origin = was }
		}, desk.ErrOtherOrigin},
		"a secret store that lost everything": {(*office).sentinel, desk.ErrSecretsLost},
		"a secret store of another": {func(o *office) func() {
			putBack := o.sentinel()
			o.keep(desk.SentinelPath, custody.SecretString("another"))
			return putBack
		}, desk.ErrOtherSecrets},
		"another wrap key": {func(o *office) func() {
			return o.Secrets.Replace(func(inner desk.Secrets) desk.Secrets { return unwrappable{inner} })
		}, desk.ErrWrapKey},
		"another key": {func(o *office) func() {
			_, key, err := ed25519.GenerateKey(nil)
			if err != nil {
				o.T.Fatal(err)
			}
			o.Config.Secrets = otherKey{o.Secrets, key}
			return func() { o.Config.Secrets = o.Secrets }
		}, desk.ErrOtherLedgerKey},
	} {
		t.Run(name, func(t *testing.T) {
			o := emptyOffice(t)
			o.Hire("admin", custody.Admin)
			if err := o.Desk.Close(); err != nil {
				t.Fatal(err)
			}
			undo := c.change(o)
			if d, err := desk.Open(t.Context(), o.Config); !errors.Is(err, c.want) {
				if err == nil {
					_ = d.Close()
				}
				t.Errorf("it opens: %v, want %v", err, c.want)
			}
			undo()
			o.Desk = o.Open()
			if _, err := o.SignIn("admin"); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// TestARunningServerStopsWhileItsSecretsAreNotItsOwn: from the moment on at which
// somebody looks, and until they are back.
func TestARunningServerStopsWhileItsSecretsAreNotItsOwn(t *testing.T) {
	o := newOffice(t)
	putBack := o.sentinel()
	if codes := causes(t, o.Desk); !slices.Equal(codes, []string{"secrets_lost"}) {
		t.Fatalf("ready: %v", codes)
	}
	before := o.Size()
	if shown, err := o.CheckOut("tech-a", "db01"); !errors.Is(err, desk.ErrSecretsLost) || !shown.Password.IsZero() {
		t.Errorf("a check-out: %v", err)
	}
	by := desk.By{Actor: custody.System, Request: "brings"}
	if _, err := o.Desk.AddCredential(t.Context(), by, onboarding("db02"), custody.SecretString("first"), custody.Secret{}); !errors.Is(err, desk.ErrSecretsLost) {
		t.Errorf("a credential: %v", err)
	}
	if err := o.Secrets.Has(t.Context(), desk.ArrivingPath("brings")+"password", 0); !errors.Is(err, desk.ErrNoSecret) {
		t.Errorf("what came with it is in the secret store: %v", err)
	}
	if after := o.Size(); after != before {
		t.Errorf("%d entries became %d", before, after)
	}
	putBack()
	if codes := causes(t, o.Desk); len(codes) != 0 {
		t.Errorf("ready when they are back: %v", codes)
	}
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Errorf("a check-out when they are back: %v", err)
	}
}

// causes are the codes of what keeps a desk from being ready.
func causes(t *testing.T, d *desk.Desk) (codes []string) {
	t.Helper()
	err := d.Ready(t.Context())
	var not *desk.NotReady
	if err != nil && !errors.As(err, &not) {
		t.Fatal(err)
	}
	if not != nil {
		for _, c := range not.Causes {
			codes = append(codes, c.Code)
		}
	}
	return codes
}

// TestReadyMissesASecretOfEachKind: a store that is there can have lost what was in
// it. The seed of somebody who has never logged in is missed by nobody: the way to
// another is the same as to the first. Neither is the password of what is retired.
func TestReadyMissesASecretOfEachKind(t *testing.T) {
	o := newOffice(t)
	add := custody.AddPerson{Username: "new", Name: "New", Roles: []custody.Role{custody.Technician}, TOTPPeriod: period}
	if _, err := o.Desk.AddPerson(t.Context(), desk.By{Actor: custody.System, Request: "new"}, add); err != nil {
		t.Fatal(err)
	}
	sampled := 4 // as many as there are people, each in its turn
	missed := func() bool {
		for range sampled {
			if slices.Contains(causes(t, o.Desk), "secrets_lost") {
				return true
			}
		}
		return false
	}
	if err := o.Secrets.Delete(t.Context(), desk.SeedPath("new")); err != nil {
		t.Fatal(err)
	}
	if missed() {
		t.Error("the seed of somebody who has never logged in is missed")
	}
	o.Onboard("db02")
	o.Must("admin", custody.Retire{Credential: "db02"})
	if err := o.Secrets.Delete(t.Context(), desk.CredentialPath("db02")); err != nil {
		t.Fatal(err)
	}
	if missed() {
		t.Error("the password of what is retired is missed")
	}
	for _, path := range []string{desk.CredentialPath("db01"), desk.SeedPath("tech-b"), desk.AccountPath("tech-b")} {
		kept, err := o.Secrets.Read(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Secrets.Delete(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		if !missed() {
			t.Errorf("%s is not missed", path)
		}
		for range kept.Version {
			o.keep(path, kept.Value)
		}
		if missed() {
			t.Errorf("%s is missed when it is back", path)
		}
	}
}

// TestAFirstStepIntoAWrongFileCanBeRepeated until somebody has used what there is:
// then another secret store is another installation's.
func TestAFirstStepIntoAWrongFileCanBeRepeated(t *testing.T) {
	o := emptyOffice(t)
	empty := func() desk.Secrets {
		t.Helper()
		dir := t.TempDir()
		s, err := embedded.OpenOrCreate(filepath.Join(dir, "secrets"), embedded.Unlock{KeyFile: filepath.Join(dir, "key")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	again := func(first bool) error {
		t.Helper()
		if err := o.Desk.Close(); err != nil {
			t.Fatal(err)
		}
		o.Config.FirstSteps = first
		d, err := desk.Open(t.Context(), o.Config)
		if err == nil {
			o.Desk = d
			t.Cleanup(func() { _ = d.Close() })
		}
		return err
	}
	o.Config.Secrets = empty()
	if err := again(false); !errors.Is(err, desk.ErrSecretsLost) {
		t.Errorf("a server with another secret store: %v", err)
	}
	if err := again(true); err != nil {
		t.Fatalf("the first step with another secret store: %v", err)
	}
	o.Hire("admin", custody.Admin)
	o.Config.Secrets = empty()
	if err := again(true); !errors.Is(err, desk.ErrSecretsLost) {
		t.Errorf("a first step where somebody is already: %v", err)
	}
}

// TestABindingThatWasCutShortIsMadeWhole: the secret store had its sentinel, and the
// database did not hear of it. From then on it is held to it.
func TestABindingThatWasCutShortIsMadeWhole(t *testing.T) {
	o := emptyOffice(t)
	o.Hire("admin", custody.Admin)
	if err := o.Desk.Close(); err != nil {
		t.Fatal(err)
	}
	o.administrator(func(db *sql.DB) { o.sql(db, "UPDATE installation SET bound = 0") })
	o.Desk = o.Open()
	if b, err := o.Store.Binding(t.Context()); err != nil || !b.Bound {
		t.Errorf("bound: %t, %v", b.Bound, err)
	}
}

// TestADatabaseOfBeforeItKnewItsSecretStoreIsTakenByItsSeeds: whoever has the seed
// of everybody in it is its own, and a store that lacks one is not.
func TestADatabaseOfBeforeItKnewItsSecretStoreIsTakenByItsSeeds(t *testing.T) {
	o := newOffice(t)
	forget := func() {
		t.Helper()
		if err := o.Desk.Close(); err != nil {
			t.Fatal(err)
		}
		o.administrator(func(db *sql.DB) { o.sql(db, "UPDATE installation SET sentinel = '', bound = 0") })
	}
	forget()
	o.Desk = o.Open()
	if _, err := o.CheckOut("tech-a", "db01"); err != nil {
		t.Errorf("with its own: %v", err)
	}
	forget()
	if err := o.Secrets.Delete(t.Context(), desk.SeedPath("tech-b")); err != nil {
		t.Fatal(err)
	}
	if d, err := desk.Open(t.Context(), o.Config); !errors.Is(err, desk.ErrOtherSecrets) {
		if err == nil {
			_ = d.Close()
		}
		t.Errorf("with one that lacks a seed: %v, want %v", err, desk.ErrOtherSecrets)
	}
}

// unwrappable is a secret store whose values are under another wrap key.
type unwrappable struct{ desk.Secrets }

func (unwrappable) Read(context.Context, string) (desk.Versioned, error) {
	return desk.Versioned{}, fmt.Errorf("under another key: %w", desk.ErrNotOurs)
}
