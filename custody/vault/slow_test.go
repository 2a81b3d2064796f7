package vault_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/vault"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// setupClient gives a client such as tandem vault setup works with.
func setupClient(t *testing.T, p prepared) *api.Client {
	t.Helper()
	client, err := vault.NewClient(p.config)
	if err != nil {
		t.Fatal(err)
	}
	client.SetToken(p.RootToken)
	return client
}

// Over TLS headers and body come apart. A quarter of all log-ins failed, and of
// what vault setup asked: "Vault answered 200: with a body that is not Vault's".
func TestManyLoginsOverTLS(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartDev(t))
	client := setupClient(t, p)
	for range 40 {
		if err := p.open(t).Ready(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := vault.NewSecretID(t.Context(), client, p.config.Names, 0); err != nil {
			t.Fatal(err)
		}
	}
	if strings.Contains(p.log.String(), "log-in to Vault failed") {
		t.Errorf("log-ins failed:\n%s", p.log)
	}
}

// dribble has Vault answer through a proxy that keeps the headers for a while,
// sends them alone, and then the body bit by bit.
func dribble(w http.ResponseWriter, r *http.Request, pass http.Handler) {
	whole := httptest.NewRecorder()
	pass.ServeHTTP(whole, r)
	const pause, pieces = 20 * time.Millisecond, 4
	time.Sleep(pause)
	maps.Copy(w.Header(), whole.Header())
	w.WriteHeader(whole.Code)
	flush := http.NewResponseController(w).Flush
	_ = flush()
	body := whole.Body.Bytes()
	for piece := range slices.Chunk(body, len(body)/pieces+1) {
		time.Sleep(pause)
		_, _ = w.Write(piece)
		_ = flush()
	}
}

func TestVaultBehindASlowProxy(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartDev(t))
	b := newBetween(t, p.Server)
	p.config.Address = b.URL
	b.from(dribble)

	client := setupClient(t, p)
	if report, err := vault.Setup(t.Context(), client, p.config.Names); err != nil || report.Changed() {
		t.Fatalf("setup: %+v, %v", report, err)
	}
	for _, wrap := range []time.Duration{0, time.Minute} {
		secretID, err := vault.NewSecretID(t.Context(), client, p.config.Names, wrap)
		if err != nil || secretID.IsZero() {
			t.Fatalf("secret_id, wrapped for %s: %v", wrap, err)
		}
		writeFile(t, p.config.AppRole.SecretIDFile, secretID.Reveal())
		p.config.AppRole.Wrapped = wrap > 0
		s := p.open(t)
		path := "credentials/" + wrap.String()
		put(t, s, path, canary, 0)
		wantValue(t, s, path, canary, 1)
		for _, op := range operations(s, path) {
			if err := op.call(t.Context()); err != nil {
				t.Errorf("%s: %v", op.name, err)
			}
		}
		if findings := s.Check(t.Context()); len(findings) > 0 {
			t.Errorf("check: %v", findings)
		}
	}
}

// half sends half of Vault's answer.
func half(w http.ResponseWriter, r *http.Request, pass http.Handler) {
	whole := httptest.NewRecorder()
	pass.ServeHTTP(whole, r)
	maps.Copy(w.Header(), whole.Header())
	w.WriteHeader(whole.Code)
	_, _ = w.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
	_ = http.NewResponseController(w).Flush()
}

// An answer of which the rest does not come is none, and is not said to be in
// another form than Vault's.
func TestHalfAnAnswer(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartDev(t))
	b := newBetween(t, p.Server)
	p.config.Address = b.URL
	p.config.Timeout = time.Second
	for name, c := range map[string]struct {
		rest  func(r *http.Request)
		cause string
	}{
		"waits":   {func(r *http.Request) { <-r.Context().Done() }, "no answer from Vault in time"},
		"hung up": {func(*http.Request) { panic(http.ErrAbortHandler) }, "the answer of Vault broke off"},
	} {
		b.from(nil)
		s := p.open(t)
		put(t, s, "credentials/"+name[:4], canary, 0)
		b.from(func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
			asked, _ := io.ReadAll(r.Body) // only then does the server see the client leave
			r.Body = io.NopCloser(bytes.NewReader(asked))
			half(w, r, pass)
			c.rest(r)
		})
		if _, err := s.Read(t.Context(), "credentials/"+name[:4]); !errors.Is(err, desk.ErrSecretsUnavailable) || !strings.Contains(err.Error(), c.cause) {
			t.Errorf("%s: read: %v", name, err)
		}
		if _, err := s.Write(t.Context(), "credentials/"+name[:4], custody.SecretString(canary), 1, nil); err == nil || errors.Is(err, desk.ErrSecretsUnavailable) || !strings.Contains(err.Error(), c.cause) {
			t.Errorf("%s: write: %v, want an unknown outcome", name, err)
		}
		if err := p.open(t).Ready(t.Context()); !errors.Is(err, desk.ErrSecretsUnavailable) || !strings.Contains(err.Error(), c.cause) {
			t.Errorf("%s: log-in: %v", name, err)
		}
		if _, err := vault.NewSecretID(t.Context(), setupClient(t, p), p.config.Names, 0); err == nil || !strings.Contains(err.Error(), c.cause) {
			t.Errorf("%s: secret_id: %v", name, err)
		}
	}
}

// Whoever answers a request for Vault with a redirect would get the token and
// what is written.
func TestNothingFollowsARedirect(t *testing.T) {
	t.Parallel()
	p := prepare(t, vaulttest.StartDev(t))
	b := newBetween(t, p.Server)
	p.config.Address = b.URL
	s := p.open(t)
	put(t, s, "credentials/a", canary, 0)

	var came atomic.Int64
	elsewhere := newBetween(t, p.Server)
	elsewhere.from(func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		came.Add(1)
		pass.ServeHTTP(w, r)
	})
	for _, code := range []int{301, 302, 303, 307, 308} {
		b.from(func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			http.Redirect(w, r, elsewhere.URL+r.URL.Path, code)
		})
		for _, op := range operations(s, "credentials/a") {
			if err := op.call(t.Context()); err == nil || !strings.Contains(err.Error(), "another address") {
				t.Errorf("%s after %d: %v", op.name, code, err)
			}
		}
		if err := p.open(t).Ready(t.Context()); !errors.Is(err, desk.ErrSecretsUnavailable) {
			t.Errorf("log-in after %d: %v", code, err)
		}
		client := setupClient(t, p)
		if _, err := vault.Setup(t.Context(), client, p.config.Names); err == nil {
			t.Errorf("set up after %d", code)
		}
		for _, wrap := range []time.Duration{0, time.Minute} {
			if _, err := vault.NewSecretID(t.Context(), client, p.config.Names, wrap); err == nil {
				t.Errorf("secret_id after %d", code)
			}
		}
		// Vault's own calls take a redirect for success.
		if err := client.Sys().MountWithContext(t.Context(), "other", &api.MountInput{Type: "kv"}); err == nil {
			t.Errorf("mounted after %d", code)
		}
	}
	if n := came.Load(); n > 0 {
		t.Errorf("%d requests went to another address", n)
	}
}
