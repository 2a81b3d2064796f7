package vaultrole_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/ldap/ldaptest"
	"github.com/tandem-custody/tandem/custody/rotation/postgres/postgrestest"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/rotation/vaultrole"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

func TestMakeAndVerify(t *testing.T) {
	for kind, world := range map[string]func(*testing.T) *world{
		vaultrole.KindLDAP: func(t *testing.T) *world { return onLDAP(t, ldaptest.Start(t), vaulttest.StartDev(t)) },
		vaultrole.KindDatabase: func(t *testing.T) *world {
			return onPostgres(t, postgrestest.Start(t), vaulttest.StartDev(t))
		},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w, ctx := world(t), t.Context()
			audit := w.vault.EnableFileAudit(t)
			target := w.open(t)
			if does := target.Describe(); !does.Reconciles || does.Unprobed || does.ByHand {
				t.Errorf("it describes itself as %+v", does)
			}
			var before custody.Secret
			for range 2 {
				made, err := target.Make(ctx)
				if err != nil {
					t.Fatal(err)
				}
				want(t, "the new password", target.Verify(ctx, made), nil)
				want(t, "the new password, seen from outside", w.login(made), nil)
				want(t, "the password before Vault", target.Verify(ctx, w.first), rotation.ErrRefused)
				if made.Equal(before) {
					t.Error("it made the same password again")
				}
				if !before.IsZero() {
					want(t, "the one before", target.Verify(ctx, before), rotation.ErrRefused)
				}
				before = made
			}
			for _, file := range []string{audit, w.vault.LogFile} {
				log, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if form := servertest.Trace(log, before); form != "" {
					t.Errorf("the password is in %s, %s", filepath.Base(file), form)
				}
			}
			want(t, "change", target.Change(ctx, before, w.first), rotation.ErrDeclined)
			want(t, "reconcile", target.Reconcile(ctx, w.first), rotation.ErrDeclined)
			want(t, "the password after that", w.login(before), nil)
		})
	}
}

func TestWithoutAProbe(t *testing.T) {
	t.Parallel()
	w := onLDAP(t, ldaptest.Start(t), vaulttest.StartDev(t))
	w.target.Settings = map[string]string{"role": role}
	target := w.open(t)
	if !target.Describe().Unprobed {
		t.Error("it has no probe and says that it has")
	}
	made, err := target.Make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want(t, "the new password", w.login(made), nil)
	unknown(t, "verify", target.Verify(t.Context(), made))
}

// Somebody gave the role another account: neither is touched.
func TestRoleOfAnotherAccount(t *testing.T) {
	t.Parallel()
	directory := ldaptest.Start(t)
	w := onLDAP(t, directory, vaulttest.StartDev(t))
	before, err := w.open(t).Make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other, password := directory.AddAccount(t)
	w.target.Account = other
	_, err = w.open(t).Make(t.Context())
	want(t, "make", err, rotation.ErrDeclined)
	want(t, "the other account", directory.Login(t, other, password), nil)
	want(t, "the role's account", w.login(before), nil)
}

func TestVaultDeclines(t *testing.T) {
	t.Parallel()
	w := onLDAP(t, ldaptest.Start(t), vaulttest.StartDev(t))
	for what, change := range map[string]map[string]string{
		"no such role":           {"role": "nobody"},
		"no such engine":         {"mount": "ldap/elsewhere"},
		"a mount without rights": {"mount": "secret"},
	} {
		here := *w
		here.target.Settings = map[string]string{"role": role, "probe": "ldap"}
		for name, value := range change {
			here.target.Settings[name] = value
		}
		_, err := here.open(t).Make(t.Context())
		want(t, what, err, rotation.ErrDeclined)
	}
}

func TestVaultCannotBeUsed(t *testing.T) {
	t.Parallel()
	w := onLDAP(t, ldaptest.Start(t), vaulttest.StartPersistent(t))
	target := w.open(t)
	before, err := target.Make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.vault.Seal()
	_, err = target.Make(t.Context())
	want(t, "sealed", err, rotation.ErrUnreachable)
	w.vault.Stop()
	_, err = target.Make(t.Context())
	want(t, "stopped", err, rotation.ErrUnreachable)
	want(t, "the password after that", target.Verify(t.Context(), before), nil)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = target.Make(ctx)
	want(t, "cancelled", err, context.Canceled)
}

// Vault says 500 and goes on trying by itself: that is no certainty. What Vault
// has at the end opens the account all the same.
func TestSystemBehindVaultIsDown(t *testing.T) {
	t.Parallel()
	w := onLDAP(t, ldaptest.Start(t), vaulttest.StartDev(t))
	target := w.open(t)
	w.stop()
	_, err := target.Make(t.Context())
	unknown(t, "make", err)
	if err != nil && strings.Contains(err.Error(), "LDAP Result") {
		t.Errorf("the error repeats what Vault said: %v", err)
	}
	w.start()
	made, err := target.Make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want(t, "the password then", target.Verify(t.Context(), made), nil)
}

// lossy is a Vault whose answers get lost.
type lossy struct {
	vaultrole.Vault
	reads int // that get through
}

func (l *lossy) Read(ctx context.Context, path string) (map[string]any, error) {
	l.reads--
	if l.reads < 0 {
		return nil, context.DeadlineExceeded
	}
	return l.Vault.Read(ctx, path)
}

// The password that nobody read is not lost: Vault has it.
func TestLostBetweenRotationAndReading(t *testing.T) {
	t.Parallel()
	w := onLDAP(t, ldaptest.Start(t), vaulttest.StartDev(t))
	before, err := w.open(t).Make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	opener := w.opener
	w.opener = vaultrole.Opener(&lossy{w.store.Engines(), 1}, probes)
	_, err = w.open(t).Make(t.Context())
	unknown(t, "make", err)
	if w.login(before) == nil {
		t.Fatal("the role was not rotated: this test shows nothing")
	}
	w.opener = opener
	made, err := w.open(t).Make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want(t, "the password then", w.login(made), nil)
}
