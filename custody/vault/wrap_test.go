package vault_test

import (
	"errors"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

func TestWrap(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	audit := p.EnableFileAudit(t)
	p.config.RequestID = desk.RequestOf
	s := p.open(t)
	token, until, err := s.Wrap(desk.WithRequest(t.Context(), "request-1"), custody.SecretString(canary), 90*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if left := time.Until(until); left <= 0 || left > 90*time.Second {
		t.Errorf("it ends in %v", left)
	}
	visitor := p.Client(t)
	visitor.SetToken(token.Reveal())
	info, err := p.root.Logical().WriteWithContext(t.Context(), "sys/wrapping/lookup", map[string]any{"token": token.Reveal()})
	if err != nil || info.Data["creation_path"] != "sys/wrapping/wrap" {
		t.Errorf("what is known of the token: %v, %v", info, err)
	}
	if n := len(auditEntries(t, audit, "request-1", `"path":"sys/wrapping/wrap"`, `"type":"request"`)); n != 1 {
		t.Errorf("%d entries of the request in the audit log", n)
	}
	got, err := visitor.Logical().UnwrapWithContext(t.Context(), "")
	if err != nil || got.Data["password"] != canary || len(got.Data) != 1 {
		t.Errorf("unwrapped: %v", err)
	}
	if _, err := visitor.Logical().UnwrapWithContext(t.Context(), ""); err == nil {
		t.Error("the token was good twice")
	}
	if n := len(auditEntries(t, audit, canary)) + len(auditEntries(t, audit, token.Reveal())); n != 0 {
		t.Error("a secret is in the audit log")
	}
	// The next call is none that is wrapped.
	put(t, s, "credentials/a", canary, 0)
	wantValue(t, s, "credentials/a", canary, 1)
}

// An answer that is lost is not asked for again: its token ends by itself.
func TestWrapIsTriedOnce(t *testing.T) {
	p := prepare(t, vaulttest.StartDev(t))
	proxy := newBetween(t, p.Server)
	p.config.Address = proxy.URL
	s := p.open(t)
	proxy.from(loseAnswer)
	token, _, err := s.Wrap(t.Context(), custody.SecretString(canary), time.Minute)
	if !errors.Is(err, desk.ErrSecretsUnavailable) || !token.IsZero() {
		t.Errorf("got %v", err)
	}
	if n := proxy.count("/sys/wrapping/wrap"); n != 1 {
		t.Errorf("%d requests", n)
	}
}
