package remote

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
)

func newLog(t *testing.T, prefix string, handler http.HandlerFunc) *Log {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	l, err := New(server.URL+prefix, nil)
	if err != nil {
		t.Fatal(err)
	}
	l.pause = time.Millisecond
	return l
}

func TestFetch(t *testing.T) {
	content := strings.Repeat("x", 1000)
	l := newLog(t, "/log", func(w http.ResponseWriter, q *http.Request) {
		switch q.URL.Path {
		case "/log/checkpoint":
			_, _ = io.WriteString(w, "signed")
		case "/log/tile/0/x001/x234/067.p/8":
			_, _ = io.WriteString(w, content)
		case "/log/tile/entries/000":
			// Without being asked, as tlog-tiles allows.
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			_, _ = io.WriteString(z, content)
			_ = z.Close()
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packed.Bytes())
		default:
			http.NotFound(w, q)
		}
	})
	if got, err := l.Checkpoint(t.Context()); err != nil || string(got) != "signed" {
		t.Errorf("%q, %v", got, err)
	}
	for _, path := range []string{"tile/0/x001/x234/067.p/8", "tile/entries/000"} {
		if got, err := l.Fetch(t.Context(), path, 1000); err != nil || string(got) != content {
			t.Errorf("%s: %q, %v", path, got, err)
		}
		if got, err := l.Fetch(t.Context(), path, 999); !errors.Is(err, audit.ErrTile) {
			t.Errorf("%s: %d bytes, %v", path, len(got), err)
		}
	}
	if _, err := l.Fetch(t.Context(), "tile/0/000", 1000); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault  http.HandlerFunc
		wanted int64 // requests until it is given up
	}{
		"500":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, maxTries},
		"503":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, maxTries},
		"429":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, maxTries},
		"403":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) }, 1},
		"404":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, 1},
		"410":        {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }, 1},
		"a redirect": {func(w http.ResponseWriter, q *http.Request) { http.Redirect(w, q, "/elsewhere", http.StatusFound) }, 1},
		"no content": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, 1},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "10")
			_, _ = w.Write([]byte("x"))
		}, maxTries},
		"endless": {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.Copy(w, endless{}) }, 1},
		"a bad packet": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte("no"))
		}, maxTries},
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int64
			l := newLog(t, "", func(w http.ResponseWriter, q *http.Request) {
				requests.Add(1)
				c.fault(w, q)
			})
			content, err := l.Checkpoint(t.Context())
			// net/http may send a request again that the server hung up on.
			if err == nil || requests.Load() < c.wanted || c.wanted == 1 && requests.Load() > 1 {
				t.Errorf("%q, %v after %d requests", content, err, requests.Load())
			}
			// A fault that passes is none.
			var n atomic.Int64
			again := newLog(t, "", func(w http.ResponseWriter, q *http.Request) {
				if n.Add(1) < c.wanted {
					c.fault(w, q)
					return
				}
				_, _ = io.WriteString(w, "signed")
			})
			if content, err := again.Checkpoint(t.Context()); err != nil || string(content) != "signed" {
				t.Errorf("%q, %v", content, err)
			}
		})
	}
}

// endless is a reader without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestPatience: the pause that a server asks for is over with the caller's
// context, too.
func TestPatience(t *testing.T) {
	asked := make(chan struct{}, maxTries)
	l := newLog(t, "", func(w http.ResponseWriter, _ *http.Request) {
		asked <- struct{}{}
		w.Header().Set("Retry-After", "86400")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := l.Checkpoint(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, prefix := range []string{"", "log.example", "ftp://log.example", "http://", "/log", "http://a b"} {
		if _, err := New(prefix, nil); err == nil {
			t.Errorf("%q", prefix)
		}
	}
}
