package vault_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/secretstest"
	"github.com/tandem-custody/tandem/custody/vault"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

const (
	patience = 30 * time.Second // for something that comes by itself
	interval = 20 * time.Millisecond
)

// prepared is a Vault after Setup, and how Tandem logs in there.
type prepared struct {
	*vaulttest.Server
	root   *api.Client
	config vault.Config
	log    *logged
}

func prepare(t *testing.T, server *vaulttest.Server) prepared {
	t.Helper()
	p := prepared{Server: server, root: server.Client(t), log: &logged{}}
	names := vault.DefaultNames()
	names.Passwords = secretstest.Policies
	report, err := vault.Setup(t.Context(), p.root, names)
	if err != nil {
		t.Fatal(err)
	}
	p.config = vault.Config{
		Address: server.Address,
		CAFile:  server.CAFile,
		Names:   names,
		AppRole: &vault.AppRole{
			RoleID:       report.RoleID,
			SecretIDFile: filepath.Join(t.TempDir(), "secret_id"),
		},
		Log: slog.New(slog.NewJSONHandler(p.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	p.newSecretID(t, 0)
	t.Cleanup(func() { p.log.holdNone(t, server.RootToken, "hvs.") })
	return p
}

// newSecretID puts a new secret_id, or its wrapping token, into the file.
func (p prepared) newSecretID(t *testing.T, wrap time.Duration) {
	t.Helper()
	secretID, err := vault.NewSecretID(t.Context(), p.root, p.config.Names, wrap)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, p.config.AppRole.SecretIDFile, secretID.Reveal()+"\n")
	t.Cleanup(func() { p.log.holdNone(t, secretID.Reveal()) })
}

func (p prepared) open(t *testing.T) *vault.Store {
	t.Helper()
	return open(t, p.config)
}

func open(t *testing.T, c vault.Config) *vault.Store {
	t.Helper()
	s, err := vault.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// do makes a request with the root token.
func (p prepared) do(t *testing.T, path string, body map[string]any) *api.Secret {
	t.Helper()
	got, err := p.root.Logical().WriteWithContext(t.Context(), path, body)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// revokeTokens takes every token away that AppRole gave.
func (p prepared) revokeTokens(t *testing.T) {
	t.Helper()
	if err := p.root.Sys().RevokePrefixWithContext(t.Context(), "auth/approle/login"); err != nil {
		t.Fatal(err)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, s *vault.Store, path, value string, cas int64) {
	t.Helper()
	if version, err := s.Write(t.Context(), path, custody.SecretString(value), cas, nil); err != nil || version != cas+1 {
		t.Fatalf("write over version %d: version %d, %v", cas, version, err)
	}
}

func wantValue(t *testing.T, s *vault.Store, path, value string, version int64) {
	t.Helper()
	got, err := s.Read(t.Context(), path)
	if err != nil || got.Value.Reveal() != value || got.Version != version {
		t.Errorf("read: version %d, right value %t, %v; want version %d", got.Version, got.Value.Reveal() == value, err, version)
	}
}

// operations is every operation that needs Vault, on a path with version 1.
// Delete comes last.
func operations(s *vault.Store, path string) []operation {
	return []operation{
		{"Read", func(ctx context.Context) error { _, err := s.Read(ctx, path); return err }},
		{"ReadVersion", func(ctx context.Context) error { _, err := s.ReadVersion(ctx, path, 1); return err }},
		{"Has", func(ctx context.Context) error { return s.Has(ctx, path, 1) }},
		{"Labels", func(ctx context.Context) error { _, err := s.Labels(ctx, path); return err }},
		{"Write", func(ctx context.Context) error {
			_, err := s.Write(ctx, path, custody.SecretString(canary), 1, nil)
			return err
		}},
		{"Generate", func(ctx context.Context) error { _, err := s.Generate(ctx, ""); return err }},
		{"Sign", func(ctx context.Context) error { _, err := s.Sign(ctx, []byte("m")); return err }},
		{"Ready", s.Ready},
		{"Delete", func(ctx context.Context) error { return s.Delete(ctx, path) }},
	}
}

type operation struct {
	name string
	call func(context.Context) error
}

const canary = "canary-value"

// wantUnavailable checks that every operation fails as the desk expects, names
// the cause, and says no secret.
func wantUnavailable(t *testing.T, s *vault.Store, path, cause string) {
	t.Helper()
	for _, op := range operations(s, path) {
		err := op.call(t.Context())
		if !errors.Is(err, desk.ErrSecretsUnavailable) || !strings.Contains(err.Error(), cause) {
			t.Errorf("%s: %v; want %q because of %q", op.name, err, desk.ErrSecretsUnavailable, cause)
		}
		if err != nil && (strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "hvs.")) {
			t.Errorf("%s: a secret is in the error", op.name)
		}
	}
}

// eventually waits until the check passes.
func eventually(t *testing.T, what string, check func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(interval) {
		if err = check(); err == nil {
			return
		}
	}
	t.Fatalf("%s: not within %v: %v", what, patience, err)
}

// logged keeps what was logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) holdNone(t *testing.T, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		if strings.Contains(l.String(), secret) {
			t.Error("a secret is in the log")
		}
	}
}

// between is a proxy before Vault, with TLS on both sides, that counts requests and can spoil them.
type between struct {
	*httptest.Server
	mu    sync.Mutex
	seen  []*http.Request
	spoil func(w http.ResponseWriter, r *http.Request, pass http.Handler)
}

func newBetween(t *testing.T, vault *vaulttest.Server) *between {
	t.Helper()
	target, err := url.Parse(vault.Address)
	if err != nil {
		t.Fatal(err)
	}
	pass := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: &http.Transport{TLSClientConfig: vault.TrustTLS(), ForceAttemptHTTP2: true},
		ErrorLog:  slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}
	b := &between{}
	b.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.seen = append(b.seen, r.Clone(context.Background()))
		spoil := b.spoil
		b.mu.Unlock()
		if spoil != nil {
			spoil(w, r, pass)
			return
		}
		pass.ServeHTTP(w, r)
	}))
	b.TLS = vault.ServeTLS()
	b.Config.ErrorLog = pass.ErrorLog
	b.StartTLS()
	t.Cleanup(b.Close)
	return b
}

// from makes the proxy do this from now on, and count afresh.
func (b *between) from(spoil func(w http.ResponseWriter, r *http.Request, pass http.Handler)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spoil, b.seen = spoil, nil
}

// requests is what came by.
func (b *between) requests() []*http.Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.seen)
}

// count is how many requests to a path there were.
func (b *between) count(path string) (n int) {
	for _, r := range b.requests() {
		if strings.HasSuffix(r.URL.Path, path) {
			n++
		}
	}
	return n
}

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		conn.Close()
	}
}

// loseAnswer lets Vault do what was asked, and hangs up.
func loseAnswer(w http.ResponseWriter, r *http.Request, pass http.Handler) {
	pass.ServeHTTP(httptest.NewRecorder(), r)
	hangUp(w, r, nil)
}

// auditEntries gives the lines of an audit file that hold these words.
func auditEntries(t *testing.T, file string, words ...string) (found []string) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
lines:
	for line := range strings.Lines(string(all)) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue lines
			}
		}
		found = append(found, line)
	}
	return found
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
