package hook

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/servertest"
	"github.com/tandem-custody/tandem/custody/vault"
	"github.com/tandem-custody/tandem/custody/vault/vaulttest"
)

// wrapping is a Wrapper that keeps nothing.
type wrapping struct {
	err error
}

var (
	wrapped = custody.SecretString("hvs.wrapping-token-of-a-test")
	expiry  = time.Date(2026, 3, 2, 8, 2, 0, 0, time.FixedZone("", 3600))
)

func (w wrapping) Wrap(_ context.Context, _ custody.Secret, ttl time.Duration) (custody.Secret, time.Time, error) {
	if ttl != tokenTTL {
		return custody.Secret{}, time.Time{}, fmt.Errorf("wrapped for %v", ttl)
	}
	return wrapped, expiry, w.err
}

// receiver is an HTTPS server, and how to reach it.
func receiver(t *testing.T, h http.HandlerFunc) (*httptest.Server, Receiver) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server, Receiver{URL: server.URL + "/hooks/url-secret?key=url-secret", Roots: roots, Bearer: custody.SecretString("bearer-secret")}
}

func request(t *testing.T, to Receiver, w Wrapper) *Request {
	t.Helper()
	r, err := NewRequest(to, w)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantSilent checks that an error tells none of the secrets that were about.
func wantSilent(t *testing.T, err error, password custody.Secret) {
	t.Helper()
	for _, secret := range []string{wrapped.Reveal(), "url-secret", "bearer-secret", "said by the receiver", password.Reveal()} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%q is in the error %v", secret, err)
		}
	}
}

func TestRequestIsPosted(t *testing.T) {
	password := servertest.NewPassword()
	var got *http.Request
	var body []byte
	_, to := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.WriteHeader(http.StatusNoContent)
	})
	ctx := desk.WithRequest(t.Context(), "rotation-db01-app-7")
	if err := request(t, to, wrapping{}).Update(ctx, credential, password); err != nil {
		t.Fatal(err)
	}
	const want = `{"credential":"db01-app","kind":"postgres","address":"db01:5432","account":"app","version":7,` +
		`"wrapping_token":"hvs.wrapping-token-of-a-test","expires_at":"2026-03-02T07:02:00Z"}`
	if string(body) != want {
		t.Errorf("body %s", body)
	}
	if form := servertest.Trace(body, password); form != "" {
		t.Errorf("the password is in the body, %s", form)
	}
	if got.Method != http.MethodPost || got.URL.RequestURI() != "/hooks/url-secret?key=url-secret" {
		t.Errorf("%s %s", got.Method, got.URL)
	}
	for header, want := range map[string]string{
		"Content-Type": "application/json", "Authorization": "Bearer bearer-secret", "X-Request-Id": "rotation-db01-app-7",
	} {
		if value := got.Header.Get(header); value != want {
			t.Errorf("%s: %q", header, value)
		}
	}
}

// TestADependentIsNotToldAWrongAddress: nor given a token, nor run.
func TestADependentIsNotToldAWrongAddress(t *testing.T) {
	redacted := credential
	if err := redacted.Target.Address.UnmarshalText([]byte(credential.Target.Address.Commitment())); err != nil {
		t.Fatal(err)
	}
	_, to := receiver(t, func(http.ResponseWriter, *http.Request) { t.Error("it was posted") })
	if err := request(t, to, wrapping{}).Update(t.Context(), redacted, servertest.NewPassword()); !errors.Is(err, rotation.ErrNoAddress) {
		t.Errorf("a receiver: %v", err)
	}
	c, dir := shell(t, `touch "$1/ran"`)
	if err := c.Update(t.Context(), redacted, servertest.NewPassword()); !errors.Is(err, rotation.ErrNoAddress) {
		t.Errorf("a command: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "ran")); err == nil {
		t.Error("the command was run")
	}
}

func TestRequestIsAnswered(t *testing.T) {
	password := servertest.NewPassword()
	for status, want := range map[int]error{
		200: nil, 202: nil, 204: nil,
		400: rotation.ErrDeclined, 401: rotation.ErrDeclined, 404: rotation.ErrDeclined, 429: rotation.ErrDeclined,
		500: rotation.ErrUnreachable, 503: rotation.ErrUnreachable,
	} {
		_, to := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "said by the receiver")
		})
		err := request(t, to, wrapping{}).Update(t.Context(), credential, password)
		if !errors.Is(err, want) {
			t.Errorf("%d: %v", status, err)
		}
		wantSilent(t, err, password)
	}
}

func TestRequestIsNotRedirected(t *testing.T) {
	var elsewhere atomic.Int64
	other, _ := receiver(t, func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	for _, status := range []int{301, 303, 307, 308} {
		_, to := receiver(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL, status) })
		err := request(t, to, wrapping{}).Update(t.Context(), credential, servertest.NewPassword())
		if err == nil || errors.Is(err, rotation.ErrDeclined) || errors.Is(err, rotation.ErrUnreachable) {
			t.Errorf("%d: %v", status, err)
		}
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("%d tokens went elsewhere", n)
	}
}

func TestRequestIsNotAnswered(t *testing.T) {
	password := servertest.NewPassword()
	told := make(chan struct{}, 1)
	hanging, to := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		told <- struct{}{}
		_, _ = io.Copy(io.Discard, r.Body) // so that the server notices the end
		<-r.Context().Done()
	})
	late := to
	late.Timeout = 100 * time.Millisecond
	if err := request(t, late, wrapping{}).Update(t.Context(), credential, password); !errors.Is(err, rotation.ErrUnreachable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("in no time: %v", err)
	}
	select { // when it got there at all
	case <-told:
	default:
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-told; cancel() }()
	if err := request(t, to, wrapping{}).Update(ctx, credential, password); !errors.Is(err, rotation.ErrUnreachable) || !errors.Is(err, context.Canceled) {
		t.Errorf("called off: %v", err)
	}
	stranger := to
	stranger.Roots = nil
	err := request(t, stranger, wrapping{}).Update(t.Context(), credential, password)
	if !errors.Is(err, rotation.ErrHostKey) {
		t.Errorf("a certificate that nobody known has signed: %v", err)
	}
	wantSilent(t, err, password)
	hanging.Close()
	err = request(t, to, wrapping{}).Update(t.Context(), credential, password)
	if !errors.Is(err, rotation.ErrUnreachable) {
		t.Errorf("nobody there: %v", err)
	}
	wantSilent(t, err, password)
}

func TestRequestNeedsAToken(t *testing.T) {
	var requests atomic.Int64
	_, to := receiver(t, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	err := request(t, to, wrapping{desk.ErrSecretsUnavailable}).Update(t.Context(), credential, servertest.NewPassword())
	if !errors.Is(err, desk.ErrSecretsUnavailable) || requests.Load() != 0 {
		t.Errorf("%v, %d requests", err, requests.Load())
	}
}

func TestReceiverURL(t *testing.T) {
	for address, good := range map[string]bool{
		"https://app.example/hook":       true,
		"http://127.0.0.1:8080/hook":     true,
		"http://[::1]:8080/hook":         true,
		"http://localhost/hook":          true,
		"http://app.example/hook":        false,
		"http://10.0.0.1/hook":           false,
		"https://tandem:pw@app.example/": false,
		"ftp://app.example/":             false,
		"app.example/hook":               false,
		"":                               false,
		"https://app.example:port/":      false,
	} {
		if _, err := NewRequest(Receiver{URL: address}, wrapping{}); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		} else if err != nil && strings.Contains(err.Error(), "pw") {
			t.Errorf("%q: the error repeats a password", address)
		}
	}
}

// The receiver gets the password from Vault, and nobody does after it.
func TestReceiverUnwraps(t *testing.T) {
	server := vaulttest.StartDev(t)
	root, names := server.Client(t), vault.DefaultNames()
	report, err := vault.Setup(t.Context(), root, names)
	if err != nil {
		t.Fatal(err)
	}
	id, err := vault.NewSecretID(t.Context(), root, names, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "secret-id")
	if err := os.WriteFile(file, id.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := vault.Open(t.Context(), vault.Config{
		Address: server.Address, CAFile: server.CAFile, Names: names, AppRole: &vault.AppRole{RoleID: report.RoleID, SecretIDFile: file},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })

	unwrap := func(token string) (*api.Secret, error) {
		visitor := server.Client(t)
		visitor.SetToken(token) // all that the receiver knows of Vault
		return visitor.Logical().UnwrapWithContext(t.Context(), "")
	}
	password := servertest.NewPassword()
	var told notice
	var got *api.Secret
	var failed error
	_, to := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		if failed = json.NewDecoder(r.Body).Decode(&told); failed == nil {
			got, failed = unwrap(told.WrappingToken)
		}
	})
	if err := request(t, to, store).Update(t.Context(), credential, password); err != nil {
		t.Fatal(err)
	}
	if failed != nil || got.Data["password"] != password.Reveal() || len(got.Data) != 1 {
		t.Fatalf("the receiver did not get the password: %v", failed)
	}
	if left := time.Until(told.ExpiresAt); left <= 0 || left > tokenTTL {
		t.Errorf("the token ends in %v", left)
	}
	if _, err := unwrap(told.WrappingToken); err == nil {
		t.Error("the token was good twice")
	}
}
