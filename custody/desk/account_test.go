package desk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/alexedwards/argon2id"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// inStore is what the secret store has of somebody's account, as anybody sees it who
// can read there.
type inStore struct {
	Password string   `json:"password"`
	Recovery []string `json:"recovery"`
}

func (o *office) account(username string) (inStore, int64) {
	o.T.Helper()
	v, err := o.Secrets.Read(o.T.Context(), desk.AccountPath(username))
	if err != nil {
		o.T.Fatal(err)
	}
	var a inStore
	if err := json.Unmarshal(v.Value.Bytes(), &a); err != nil {
		o.T.Fatal(err)
	}
	return a, v.Version
}

// put writes an account past the desk, as a version of its own.
func (o *office) put(username string, a inStore) {
	o.T.Helper()
	_, version := o.account(username)
	text, err := json.Marshal(a)
	if err != nil {
		o.T.Fatal(err)
	}
	if _, err := o.Secrets.Write(o.T.Context(), desk.AccountPath(username), custody.NewSecret(text), version, nil); err != nil {
		o.T.Fatal(err)
	}
}

// runningAndRestarted tries something on a desk that is running, and on one that
// started on what is there then.
func (o *office) runningAndRestarted(t *testing.T, try func(t *testing.T)) {
	t.Run("running", try)
	o.restart()
	t.Run("restarted", try)
}

// TestAPasswordThatSomebodyPutIntoTheSecretStoreOpensNothing: what counts is the
// version on record, and with it the password that the person has.
func TestAPasswordThatSomebodyPutIntoTheSecretStoreOpensNothing(t *testing.T) {
	o, codes := recoverable(t)
	swapped := custody.SecretString("Swapped-password-1!")
	hash, err := argon2id.CreateHash(swapped.Reveal(), &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	was, _ := o.account("tech-b")
	o.put("tech-b", inStore{Password: hash, Recovery: was.Recovery})
	o.runningAndRestarted(t, func(t *testing.T) {
		_, err := o.Desk.SignIn(t.Context(), desk.SignInRequest{Username: "tech-b", Password: swapped, Code: o.Code("tech-b"), Request: unique("r")})
		o.Refused(custody.Unauthenticated, err)
		_, err = o.recover("tech-b", swapped, codes[0])
		o.Refused(custody.Unauthenticated, err)
		if _, err := o.SignIn("tech-b"); err != nil {
			t.Errorf("the person's own password: %v", err)
		}
	})
}

// TestARecoveryCodeThatSomebodyPutIntoTheSecretStoreIsNone.
func TestARecoveryCodeThatSomebodyPutIntoTheSecretStoreIsNone(t *testing.T) {
	o, codes := recoverable(t)
	ofA, _ := o.account("tech-a")
	ofB, _ := o.account("tech-b")
	if len(ofB.Recovery) != len(codes) {
		t.Fatalf("%d codes are kept", len(ofB.Recovery))
	}
	// The password of tech-b is known, and so are the codes: once used, one is put back.
	uri, err := o.recover("tech-b", o.Passwords["tech-b"], codes[0])
	if err != nil {
		t.Fatal(err)
	}
	o.Seeds["tech-b"] = seedOf(t, uri)
	o.put("tech-b", ofB)
	o.put("tech-a", inStore{Password: ofA.Password, Recovery: append(ofA.Recovery, ofB.Recovery...)})
	o.runningAndRestarted(t, func(t *testing.T) {
		_, err := o.recover("tech-b", o.Passwords["tech-b"], codes[0])
		o.Refused(custody.Unauthenticated, err)
		_, err = o.recover("tech-a", o.Passwords["tech-a"], codes[1])
		o.Refused(custody.Unauthenticated, err)
	})
	if uri, err = o.recover("tech-b", o.Passwords["tech-b"], codes[1]); err != nil {
		t.Fatalf("another code of their own, although a version lies over it: %v", err)
	}
	if _, err := o.recover("tech-b", o.Passwords["tech-b"], codes[1]); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("the same one again: %v", err)
	}
	o.Seeds["tech-b"] = seedOf(t, uri)
	if signed, err := o.SignIn("tech-b"); err != nil || len(signed.RecoveryCodes) != 10 {
		t.Errorf("the log-in that proves the new seed: %d codes, %v", len(signed.RecoveryCodes), err)
	}
}

// TestAnAccountWithoutAVersionOnRecordOpensNothing, whatever lies in the secret store.
func TestAnAccountWithoutAVersionOnRecordOpensNothing(t *testing.T) {
	o := newOffice(t)
	a, _ := o.account("tech-a")
	o.Must(custody.System, custody.ResetOnHost{Person: "tech-a"})
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Secrets.Delete(t.Context(), desk.AccountPath("tech-a")); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Secrets.Write(t.Context(), desk.AccountPath("tech-a"), custody.NewSecret(text), 0, nil); err != nil {
		t.Fatal(err)
	}
	if err := o.Secrets.Delete(t.Context(), desk.SeedPath("tech-a")); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Secrets.Write(t.Context(), desk.SeedPath("tech-a"), desk.StoredSeed(2, o.Seeds["tech-a"]), 0, nil); err != nil {
		t.Fatal(err)
	}
	_, err = o.SignIn("tech-a") // with the right code, and the password of what is there
	o.Refused(custody.Unauthenticated, err)
}

// TestARefusedResetLeavesTheSecretStoreAlone: it neither writes nor reads an account.
func TestARefusedResetLeavesTheSecretStoreAlone(t *testing.T) {
	o := newOffice(t)
	_, err := o.Desk.ResetOnHost(t.Context(), "nobody", unique("reset"))
	o.Refused(custody.NotFound, err)
	if err := o.Secrets.Has(t.Context(), desk.AccountPath("nobody"), 0); !errors.Is(err, desk.ErrNoSecret) {
		t.Errorf("an account of nobody: %v", err)
	}
	if _, err := o.SignIn("tech-b"); err != nil {
		t.Error(err)
	}
}

// withoutSeeds is a secret store that takes no seed.
type withoutSeeds struct {
	desk.Secrets
	failing atomic.Bool
}

func (w *withoutSeeds) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error) {
	if w.failing.Load() && strings.HasPrefix(path, desk.SeedPath("")) {
		return 0, errSealed
	}
	return w.Secrets.Write(ctx, path, value, cas, labels)
}

// TestAResetThatWasCutShortLeavesTheOldLogIn: its account is in the secret store, in
// a version that no entry has, and the next reset comes behind it.
func TestAResetThatWasCutShortLeavesTheOldLogIn(t *testing.T) {
	o := newOffice(t)
	half := &withoutSeeds{Secrets: o.Config.Secrets}
	o.Config.Secrets = half
	o.restart()
	_, before := o.account("tech-a")
	half.failing.Store(true)
	reset := func() (desk.NewLogin, error) {
		return o.Desk.ResetOnHost(t.Context(), "tech-a", unique("reset"))
	}
	if _, err := reset(); !errors.Is(err, errSealed) {
		t.Fatalf("got %v", err)
	}
	half.failing.Store(false)
	if _, after := o.account("tech-a"); after != before+1 {
		t.Fatalf("version %d became %d", before, after)
	}
	if _, err := o.SignIn("tech-a"); err != nil {
		t.Errorf("the log-in of before: %v", err)
	}
	login, err := reset()
	if err != nil {
		t.Fatal(err)
	}
	if p := o.Person("tech-a"); p.Account != before+2 {
		t.Errorf("version %d is on record", p.Account)
	}
	o.Passwords["tech-a"], o.Seeds["tech-a"] = login.Password, seedOf(t, login.OTPAuth)
	if _, err := o.SignIn("tech-a"); err != nil {
		t.Errorf("the new log-in: %v", err)
	}
}

// TestANameThatDoesNotExistCostsTheSameRoundTrips to the secret store.
func TestANameThatDoesNotExistCostsTheSameRoundTrips(t *testing.T) {
	o, codes := recoverable(t)
	var reads atomic.Int64
	o.Secrets.Listen(func(path string) {
		if strings.HasPrefix(path, desk.AccountPath("")) {
			reads.Add(1)
		}
	})
	for _, username := range []string{"tech-b", "nobody", "no/body", desk.Nobody} {
		for way, try := range map[string]func() error{
			"log-in": func() error {
				_, err := o.Desk.SignIn(t.Context(), desk.SignInRequest{Username: username, Password: custody.SecretString("x"), Code: "1"})
				return err
			},
			"recovery": func() error { _, err := o.recover(username, custody.SecretString("x"), codes[0]); return err },
		} {
			before := reads.Load()
			o.Refused(custody.Unauthenticated, try())
			if n := reads.Load() - before; n != 1 {
				t.Errorf("%s as %q: %d reads of an account", way, username, n)
			}
		}
	}
}

// TestNothingSecretLikeIsARow: no hash of a password or of a recovery code is in the
// database.
func TestNothingSecretLikeIsARow(t *testing.T) {
	o, _ := recoverable(t)
	a, _ := o.account("tech-b")
	if err := o.Store.Backup(t.Context(), o.Path+".copy"); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(o.Path + ".copy")
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range append(a.Recovery, a.Password, "argon2") {
		if bytes.Contains(file, []byte(secret)) {
			t.Errorf("%q is in the database", secret)
		}
	}
}
