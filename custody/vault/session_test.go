package vault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/vault"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

func TestSealedAndUnsealed(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartPersistent(t))
	s := p.open(t)
	put(t, s, "credentials/a", canary, 0)
	p.Seal()
	wantUnavailable(t, s, "credentials/a", "sealed")
	p.Unseal()
	eventually(t, "reads after the unseal", func() error { return s.Ready(t.Context()) })
	wantValue(t, s, "credentials/a", canary, 1)
	put(t, s, "credentials/a", "next", 1)
}

func TestStoppedKilledAndStartedAgain(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartPersistent(t))
	s := p.open(t)
	put(t, s, "credentials/a", canary, 0)
	for name, end := range map[string]func(){"stopped": p.Stop, "killed": p.Kill} {
		end()
		wantUnavailable(t, s, "credentials/a", "cannot reach Vault")
		p.Start()
		wantUnavailable(t, s, "credentials/a", "sealed")
		p.Unseal()
		eventually(t, name+": ready again", func() error { return s.Ready(t.Context()) })
		wantValue(t, s, "credentials/a", canary, 1)
	}
}

func TestOpenedWhileVaultIsDown(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartPersistent(t))
	put(t, p.open(t), "credentials/a", canary, 0)
	p.Stop()
	s := p.open(t)
	wantUnavailable(t, s, "credentials/a", "log-in to Vault: cannot reach Vault")
	p.Start()
	eventually(t, "the cause is the seal", func() error {
		if err := s.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), "sealed") {
			return fmt.Errorf("ready: %v", err)
		}
		return nil
	})
	p.Unseal()
	eventually(t, "logged in by itself", func() error { return s.Ready(t.Context()) })
	wantValue(t, s, "credentials/a", canary, 1)
}

// A Vault that lost its tokens, and one whose tokens somebody revoked, look alike.
func TestRevokedTokenIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartDev(t))
	s := p.open(t)
	put(t, s, "credentials/a", "value", 0)
	for round := range int64(3) {
		p.revokeTokens(t)
		var all sync.WaitGroup
		for range 16 { // none may fail, and all together log in once
			all.Go(func() { wantValue(t, s, "credentials/a", "value", 1+round) })
		}
		all.Wait()
		p.revokeTokens(t)
		put(t, s, "credentials/a", "value", 1+round)
	}
	if n := strings.Count(p.log.String(), "logged in to Vault"); n != 7 {
		t.Errorf("%d log-ins, want the first and one for each of 6 revocations", n)
	}
}

// Tokens that cannot live long must follow each other without a gap.
func TestMaximumTTL(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartDev(t))
	p.do(t, "auth/approle/role/tandem", map[string]any{"token_ttl": "2s", "token_max_ttl": "4s"})
	audit := p.EnableFileAudit(t)
	s := p.open(t)
	put(t, s, "credentials/a", "value", 0)
	version := int64(1)
	eventually(t, "three more log-ins and a renewal", func() error {
		put(t, s, "credentials/a", "value", version)
		version++
		wantValue(t, s, "credentials/a", "value", version)
		logins := len(auditEntries(t, audit, `"path":"auth/approle/login"`, `"type":"response"`))
		renewals := len(auditEntries(t, audit, `"path":"auth/token/renew-self"`, `"type":"response"`))
		if logins < 4 || renewals < 1 {
			return fmt.Errorf("%d log-ins, %d renewals", logins, renewals)
		}
		return nil
	})
}

func TestSecretIDIsReadAgain(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartDev(t))
	s := p.open(t)
	put(t, s, "credentials/a", "value", 0)
	// The old secret_id is withdrawn, and its tokens.
	old := readFile(t, p.config.AppRole.SecretIDFile)
	p.do(t, "auth/approle/role/tandem/secret-id/destroy", map[string]any{"secret_id": strings.TrimSpace(old)})
	p.revokeTokens(t)
	if _, err := s.Read(t.Context(), "credentials/a"); !errors.Is(err, desk.ErrSecretsUnavailable) || !strings.Contains(err.Error(), "invalid role or secret ID") {
		t.Errorf("without a secret_id: %v", err)
	}
	p.newSecretID(t, 0)
	eventually(t, "logged in with the new secret_id", func() error { return s.Ready(t.Context()) })
	wantValue(t, s, "credentials/a", "value", 1)
}

// Five refusals lock the role out: a wrong secret_id is shown once.
func TestWrongSecretIDIsNotRepeated(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartDev(t))
	audit := p.EnableFileAudit(t)
	right := readFile(t, p.config.AppRole.SecretIDFile)
	writeFile(t, p.config.AppRole.SecretIDFile, "wrong-secret-id")
	s := p.open(t)
	eventually(t, "some tries", func() error {
		if n := strings.Count(p.log.String(), "log-in to Vault failed"); n < 6 {
			return fmt.Errorf("%d tries", n)
		}
		return nil
	})
	if n := len(auditEntries(t, audit, `"path":"auth/approle/login"`, `"type":"response"`)); n != 1 {
		t.Errorf("the wrong secret_id was shown %d times", n)
	}
	if err := s.Ready(t.Context()); err == nil || strings.Contains(err.Error(), "wrong-secret-id") {
		t.Errorf("ready: %v", err)
	}
	writeFile(t, p.config.AppRole.SecretIDFile, right)
	eventually(t, "logged in with the right one", func() error { return s.Ready(t.Context()) })
}

func TestWrappedSecretID(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartDev(t))
	p.config.AppRole.Wrapped = true
	p.newSecretID(t, time.Minute)
	s := p.open(t)
	put(t, s, "credentials/a", "value", 0)
	p.revokeTokens(t) // the secret_id is still in memory
	wantValue(t, s, "credentials/a", "value", 1)

	// A second process with the same wrapping token: one of the two is a thief.
	b := newBetween(t, p.Server)
	lookups := func() int { return b.count("/sys/wrapping/lookup") }
	late := p
	late.config.Address = b.URL
	second := late.open(t)
	alarm := func() {
		t.Helper()
		err := second.Ready(t.Context())
		if !errors.Is(err, vault.ErrWrappingToken) || !errors.Is(err, desk.ErrSecretsUnavailable) {
			t.Errorf("ready: %v, want %v", err, vault.ErrWrappingToken)
		}
	}
	alarm()
	eventually(t, "more tries to log in", func() error {
		if n := strings.Count(p.log.String(), `"alarm":true`); n < 4 {
			return fmt.Errorf("%d of 4", n)
		}
		return nil
	})
	alarm()
	if n := lookups(); n != 1 {
		t.Errorf("the spent token was shown to Vault %d times, want once", n)
	}

	// Somebody unwrapped the token on its way and wrapped a secret_id again.
	stolen := p.do(t, "auth/approle/role/tandem/secret-id", nil)
	wrapping := p.Client(t)
	wrapping.SetWrappingLookupFunc(func(string, string) string { return "60s" })
	again, err := wrapping.Logical().WriteWithContext(t.Context(), "sys/wrapping/wrap", map[string]any{"secret_id": stolen.Data["secret_id"]})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, p.config.AppRole.SecretIDFile, again.WrapInfo.Token)
	eventually(t, "the new token was looked at", func() error {
		if n := lookups(); n != 2 {
			return fmt.Errorf("%d look-ups", n)
		}
		return nil
	})
	alarm()
	if n := b.count("/sys/wrapping/unwrap"); n != 0 {
		t.Error("a token that was not made for this role was unwrapped")
	}

	p.newSecretID(t, time.Minute)
	eventually(t, "logged in with a new one", func() error { return second.Ready(t.Context()) })
	if n := b.count("/sys/wrapping/unwrap"); n != 1 {
		t.Errorf("the new token was unwrapped %d times, want once", n)
	}
}

// Vault that cannot be reached is no reason for an alarm.
func TestUnwrappingWaitsForVault(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartDev(t))
	b := newBetween(t, p.Server)
	p.config.Address, p.config.AppRole.Wrapped = b.URL, true
	p.newSecretID(t, time.Minute)
	b.from(func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.WriteHeader(503)
		fmt.Fprint(w, `{"errors":["Vault is sealed"]}`)
	})
	s := p.open(t)
	if err := s.Ready(t.Context()); errors.Is(err, vault.ErrWrappingToken) || !errors.Is(err, desk.ErrSecretsUnavailable) {
		t.Errorf("ready: %v", err)
	}
	b.from(nil)
	eventually(t, "unwrapped", func() error { return s.Ready(t.Context()) })
}

func TestTokenFile(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartDev(t))
	token := func(ttl string) *api.SecretAuth {
		return p.do(t, "auth/token/create", map[string]any{
			"policies": []string{"tandem"}, "no_default_policy": true, "ttl": ttl, "no_parent": true,
		}).Auth
	}
	p.config.AppRole, p.config.TokenFile = nil, filepath.Join(t.TempDir(), "token")
	s := p.open(t)
	wantUnavailable(t, s, "credentials/a", "no such file")

	first := token("1h")
	writeFile(t, p.config.TokenFile, first.ClientToken)
	eventually(t, "the file is there", func() error { return s.Ready(t.Context()) })
	put(t, s, "credentials/a", "value", 0)

	// The file changes while the old token is good: the new one is used by itself.
	second := token("1h")
	logins := strings.Count(p.log.String(), "logged in")
	writeFile(t, p.config.TokenFile, second.ClientToken)
	eventually(t, "the new token is used", func() error {
		if strings.Count(p.log.String(), "logged in") == logins {
			return errors.New("not yet")
		}
		return nil
	})
	p.do(t, "auth/token/revoke", map[string]any{"token": first.ClientToken})
	wantValue(t, s, "credentials/a", "value", 1)

	// The token is refused and the file has another one: no call fails.
	third := token("1h")
	writeFile(t, p.config.TokenFile, third.ClientToken)
	p.do(t, "auth/token/revoke", map[string]any{"token": second.ClientToken})
	wantValue(t, s, "credentials/a", "value", 1)

	// The token is refused and the file has no other.
	p.do(t, "auth/token/revoke", map[string]any{"token": third.ClientToken})
	wantUnavailable(t, s, "credentials/a", "permission denied")

	// A token that is renewed lives on past its TTL.
	audit := p.EnableFileAudit(t)
	writeFile(t, p.config.TokenFile, token("2s").ClientToken)
	eventually(t, "renewed twice", func() error {
		if n := len(auditEntries(t, audit, `"path":"auth/token/renew-self"`, `"type":"response"`)); n < 2 {
			return fmt.Errorf("%d renewals", n)
		}
		return nil
	})
	wantValue(t, s, "credentials/a", "value", 1)
}

func TestVaultThatDoesNotAnswer(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	b := newBetween(t, p.Server)
	p.config.Address, p.config.Timeout = b.URL, time.Second
	s := p.open(t)
	put(t, s, "credentials/a", canary, 0)
	b.from(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server see the client leave
		<-r.Context().Done()
	})
	if _, err := s.Read(t.Context(), "credentials/a"); !errors.Is(err, desk.ErrSecretsUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("read: %v", err) // the deadline was ours, not the caller's
	}
	if _, err := s.Write(t.Context(), "credentials/a", custody.SecretString(canary), 1, nil); err == nil || errors.Is(err, desk.ErrSecretsUnavailable) {
		t.Errorf("write: %v, want an unknown outcome", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	if _, err := s.Read(ctx, "credentials/a"); !errors.Is(err, context.Canceled) {
		t.Errorf("read, cancelled: %v", err)
	}
	// Nor does a start wait for it, beyond one try.
	late := p.open(t)
	if err := late.Ready(t.Context()); !errors.Is(err, desk.ErrSecretsUnavailable) {
		t.Errorf("ready: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if _, err := vault.Open(ctx, p.config); !errors.Is(err, context.Canceled) {
		t.Errorf("open, cancelled: %v", err)
	}
}

func TestCloseStopsEverything(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	s := p.open(t)
	put(t, s, "credentials/a", canary, 0)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantUnavailable(t, s, "credentials/a", "closed")
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, function := range []string{"vault.(*session).run", "LifetimeWatcher"} {
		if strings.Contains(string(stacks), function) {
			t.Errorf("%s is still running", function)
		}
	}
}
