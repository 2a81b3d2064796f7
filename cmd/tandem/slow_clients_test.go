package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/remote"
	"github.com/tandem-custody/tandem/audit/witness"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/rotation/hook"
	"github.com/tandem-custody/tandem/custody/rotation/manual"
	"github.com/tandem-custody/tandem/custody/witnessing"
)

// slowly serves over TLS and HTTP/2, as a slow proxy would: the headers alone,
// and the body after them, bit by bit.
func slowly(t *testing.T, status int, contentType string, body []byte) *httptest.Server {
	t.Helper()
	return serveTLS(t, func(w http.ResponseWriter, _ *http.Request) {
		const pause = 20 * time.Millisecond
		flush := http.NewResponseController(w).Flush
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_ = flush()
		for piece := range slices.Chunk(body, len(body)/4+1) {
			time.Sleep(pause)
			_, _ = w.Write(piece)
			_ = flush()
		}
	})
}

func serveTLS(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// TestEveryClientReadsASlowAnswer: one of them, Vault's, took the headers for the
// whole answer.
func TestEveryClientReadsASlowAnswer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	body := bytes.Repeat([]byte("a line of a checkpoint\n"), 100)
	server := slowly(t, http.StatusOK, "text/plain", body)

	c, err := client.New(client.Config{Server: server.URL, HTTP: server.Client()})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Checkpoint(ctx); err != nil || !bytes.Equal(got, body) {
		t.Errorf("the API's client: %d of %d bytes, %v", len(got), len(body), err)
	}
	log, err := remote.New(server.URL, server.Client().Transport)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := log.Checkpoint(ctx); err != nil || !bytes.Equal(got, body) {
		t.Errorf("a remote log: %d of %d bytes, %v", len(got), len(body), err)
	}

	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	key, err := audit.CosignerKey("witness.example", public)
	if err != nil {
		t.Fatal(err)
	}
	ahead := slowly(t, http.StatusConflict, "text/x.tlog.size", []byte("4711\n"))
	w, err := witness.NewClient(ahead.URL, key, ahead.Client().Transport)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Submit(ctx, audit.Checkpoint{Size: 3}, nil)
	if size, ok := errors.AsType[*witness.SizeError](err); !ok || size.Size != 4711 {
		t.Errorf("a witness's client: %v, want its size", err)
	}
}

// neverEnding answers and does not come to an end. Whoever needs no body must not
// wait for one.
func neverEnding(status func(r *http.Request) int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server see the client leave
		w.WriteHeader(status(r))
		_, _ = w.Write([]byte("and"))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
}

// given stands for a secret store that wraps.
type given struct{}

func (given) Wrap(context.Context, custody.Secret, time.Duration) (custody.Secret, time.Time, error) {
	return custody.SecretString("token"), time.Now().Add(time.Minute), nil
}

func TestWhoeverNeedsNoBodyWaitsForNone(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	server := serveTLS(t, neverEnding(func(r *http.Request) int {
		if _, _, given := r.BasicAuth(); r.URL.Path == "/probe" && !given {
			return http.StatusUnauthorized
		}
		return http.StatusOK
	}))
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())

	told, err := hook.NewRequest(hook.Receiver{URL: server.URL, Roots: roots}, given{})
	if err != nil {
		t.Fatal(err)
	}
	if err := told.Update(ctx, custody.Credential{Name: "db01"}, custody.SecretString("secret")); err != nil {
		t.Errorf("a dependent's hook: %v", err)
	}
	delivered, err := witnessing.NewWebhook(server.URL, server.Client().Transport)
	if err != nil {
		t.Fatal(err)
	}
	if err := delivered.Deliver(ctx, []byte("note")); err != nil {
		t.Errorf("a delivery: %v", err)
	}
	sum := sha256.Sum256(server.Certificate().Raw)
	probe, err := manual.Opener(nil)(custody.Target{
		Kind: custody.Manual, Address: server.Listener.Addr().String(), Account: "root",
		Settings: map[string]string{"probe": "https", "path": "/probe", "sha256": hex.EncodeToString(sum[:])},
	}, custody.Secret{})
	if err != nil {
		t.Fatal(err)
	}
	if err := probe.Verify(ctx, custody.SecretString("secret")); err != nil {
		t.Errorf("a probe: %v", err)
	}
}
