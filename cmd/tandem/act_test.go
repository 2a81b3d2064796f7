package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tandem-custody/tandem/api/client"
)

// TestSendOnce: a command whose answer is lost is sent again under the same key;
// one that was answered is not.
func TestSendOnce(t *testing.T) {
	var keys []string
	answer := func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"name": "db01"}`)) }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		keys = append(keys, r.Header.Get("Idempotency-Key"))
		if len(keys) == 1 {
			panic(http.ErrAbortHandler) // the connection breaks
		}
		answer(w)
	}))
	t.Cleanup(server.Close)
	c, err := client.New(client.Config{Server: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	send := func() error {
		return sendOnce(t.Context(), func(ctx context.Context) error {
			_, err := c.CheckIn(ctx, "db01")
			return err
		})
	}
	if err := send(); err != nil {
		t.Fatal(err)
	}
	if len(keys) != 2 || keys[0] == "" || keys[0] != keys[1] {
		t.Errorf("keys %q: want the same one twice", keys)
	}

	answer = func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(`{"title": "x", "status": 503, "code": "vault_unavailable", "detail": "x"}`))
	}
	before := len(keys)
	if err := send(); exitCode(err) != exitFailed {
		t.Errorf("got %v, want the server's problem", err)
	}
	if len(keys) != before+1 || keys[before] == keys[0] {
		t.Errorf("keys %q: want one more, of its own", keys)
	}
}
