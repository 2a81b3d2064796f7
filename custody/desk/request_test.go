package desk_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// audited is a secret store that keeps for which request each secret was touched.
type audited struct {
	desk.Secrets
	mu      sync.Mutex
	touched map[string][]string // requests by path
}

func (s *audited) note(ctx context.Context, path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touched[path] = append(s.touched[path], desk.RequestOf(ctx))
}

func (s *audited) Read(ctx context.Context, path string) (desk.Versioned, error) {
	s.note(ctx, path)
	return s.Secrets.Read(ctx, path)
}

func (s *audited) ReadVersion(ctx context.Context, path string, version int64) (custody.Secret, error) {
	s.note(ctx, path)
	return s.Secrets.ReadVersion(ctx, path, version)
}

func (s *audited) Has(ctx context.Context, path string, version int64) error {
	s.note(ctx, path)
	return s.Secrets.Has(ctx, path, version)
}

func (s *audited) Write(ctx context.Context, path string, value custody.Secret, cas int64, labels map[string]string) (int64, error) {
	s.note(ctx, path)
	return s.Secrets.Write(ctx, path, value, cas, labels)
}

func (s *audited) Delete(ctx context.Context, path string) error {
	s.note(ctx, path)
	return s.Secrets.Delete(ctx, path)
}

// TestEveryTouchOfASecretIsMarkedWithTheRequestThatAllowsIt, so that whoever lays the
// secret store's own log beside the ledger finds one entry for each.
func TestEveryTouchOfASecretIsMarkedWithTheRequestThatAllowsIt(t *testing.T) {
	o, codes := recoverable(t)
	if _, err := o.SignIn("tech-a"); err != nil {
		t.Fatal(err)
	}
	o.addByHand("sw01")
	s := &audited{Secrets: o.Secrets, touched: map[string][]string{}}
	o.Config.Secrets = s
	d := o.Open() // which remembers no seed
	ctx := t.Context()
	by := func(who, request string) desk.By { return desk.By{Actor: who, Request: request, Code: o.Code(who)} }
	for _, step := range []struct {
		request string
		do      func(request string) error
		touches []string
	}{
		{"checks out", func(r string) error {
			_, err := d.CheckOut(ctx, by("tech-a", r), custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")})
			return err
		}, []string{desk.SeedPath("tech-a"), desk.CredentialPath("db01")}},
		{"shows again", func(r string) error {
			_, err := d.ShowAgain(ctx, by("tech-a", r), custody.ShowAgain{Credential: "db01"})
			return err
		}, []string{desk.CredentialPath("db01")}},
		{"shows to be set", func(r string) error {
			_, err := d.ShowNew(ctx, by("tech-a", r), custody.ShowNew{Credential: "sw01"})
			return err
		}, []string{desk.CredentialPath("sw01"), desk.StagedPath("sw01", 1)}},
		{"brings", func(r string) error {
			_, err := d.AddCredential(ctx, desk.By{Actor: custody.System, Request: r}, onboarding("db09"), custody.SecretString("password"), custody.SecretString("key"))
			return err
		}, []string{desk.ArrivingPath("brings") + "password", desk.ArrivingPath("brings") + "key", desk.CredentialPath("db09"), desk.KeyPath("db09")}},
		{"brings in vain", func(r string) error {
			_, err := d.AddCredential(ctx, desk.By{Actor: "tech-a", Request: r}, onboarding("db10"), custody.SecretString("password"), custody.Secret{})
			o.Refused(custody.ApprovalNeeded, err)
			return nil
		}, []string{desk.ArrivingPath("brings in vain") + "password"}},
		{"recovers", func(r string) error {
			_, err := d.Recover(ctx, desk.RecoverRequest{Username: "tech-b", Password: o.Passwords["tech-b"], Code: codes[0], Request: r})
			return err
		}, []string{desk.AccountPath("tech-b"), desk.SeedPath("tech-b")}},
		{"resets", func(r string) error {
			_, err := d.ResetOnHost(ctx, "tech-b", r)
			return err
		}, []string{desk.AccountPath("tech-b"), desk.SeedPath("tech-b")}},
		{"logs in", func(r string) error {
			_, err := d.SignIn(ctx, desk.SignInRequest{Username: "tech-a", Password: o.Passwords["tech-a"], Code: o.Code("tech-a"), Request: r})
			return err
		}, []string{desk.AccountPath("tech-a"), desk.SeedPath("tech-a")}},
	} {
		s.mu.Lock()
		s.touched = map[string][]string{}
		s.mu.Unlock()
		if err := step.do(step.request); err != nil {
			t.Fatalf("%s: %v", step.request, err)
		}
		s.mu.Lock()
		for path, requests := range s.touched {
			if !strings.HasPrefix(path, "internal/") && slices.ContainsFunc(requests, func(r string) bool { return r != step.request }) {
				t.Errorf("%s: %s was touched for %q", step.request, path, requests)
			}
		}
		for _, path := range step.touches {
			if len(s.touched[path]) == 0 {
				t.Errorf("%s: %s was not touched", step.request, path)
			}
		}
		s.mu.Unlock()
	}
}

// TestANameThatDoesNotExistIsLookedForWhereNothingIsKept: what was typed is no path of
// the secret store, nor is nothing.
func TestANameThatDoesNotExistIsLookedForWhereNothingIsKept(t *testing.T) {
	o := newOffice(t)
	s := &audited{Secrets: o.Secrets, touched: map[string][]string{}}
	o.Config.Secrets = s
	d := o.Open()
	for what, try := range map[string]func() error{
		"a log-in": func() error {
			_, err := d.SignIn(t.Context(), desk.SignInRequest{Username: "typed", Password: custody.SecretString("x"), Code: "123456", Request: "r"})
			return err
		},
		"a recovery": func() error {
			_, err := d.Recover(t.Context(), desk.RecoverRequest{Username: "typed", Password: custody.SecretString("x"), Code: custody.SecretString("ABCD"), Request: "r"})
			return err
		},
	} {
		s.mu.Lock()
		s.touched = map[string][]string{}
		s.mu.Unlock()
		o.Refused(custody.Unauthenticated, try())
		s.mu.Lock()
		for path := range s.touched {
			if !strings.HasPrefix(path, "internal/") && path != desk.AccountPath(desk.Nobody) && path != desk.SeedPath(desk.Nobody) {
				t.Errorf("%s: %q was looked for", what, path)
			}
		}
		if len(s.touched[desk.AccountPath(desk.Nobody)]) == 0 {
			t.Errorf("%s: nobody was looked for", what)
		}
		s.mu.Unlock()
	}
}

// addByHand has a password wait for tech-a to set it by hand.
func (o *office) addByHand(name string) {
	o.T.Helper()
	add := custody.AddCredential{
		Name: name, Primary: "tech-a", Backup: "tech-b",
		Target: desk.NewTarget(custody.Target{Kind: custody.Manual, Address: "rack 4", Account: "admin"}),
	}
	if _, err := o.Desk.AddCredential(o.T.Context(), desk.By{Actor: custody.System, Request: "add"}, add, custody.SecretString("before"), custody.Secret{}); err != nil {
		o.T.Fatal(err)
	}
	o.keep(desk.StagedPath(name, 1), o.Password(name, 1))
	if _, err := o.Desk.Do(o.T.Context(), desk.By{Actor: custody.System}, custody.ReportStaged{Rotation: custody.RotationID{Credential: name, Number: 1}}); err != nil {
		o.T.Fatal(err)
	}
}

// TestAPasswordToBeSetThatIsNowhereIsToldAsLost, and not as one that is still to come.
func TestAPasswordToBeSetThatIsNowhereIsToldAsLost(t *testing.T) {
	o := newOffice(t)
	o.addByHand("sw01")
	if err := o.Secrets.Delete(t.Context(), desk.StagedPath("sw01", 1)); err != nil {
		t.Fatal(err)
	}
	shown, err := o.Desk.ShowNew(t.Context(), desk.By{Actor: "tech-a", Request: "r", Code: o.Code("tech-a")}, custody.ShowNew{Credential: "sw01"})
	if !errors.Is(err, desk.ErrSecretsLost) || !shown.Next.IsZero() || !shown.Current.IsZero() {
		t.Errorf("got %v", err)
	}
}
