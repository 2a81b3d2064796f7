package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
)

// newClient asks the witness that handler is, which signs with the witness's key.
func newClient(t *testing.T, handler http.Handler) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := NewClient(server.URL, cosignerKey(t, witnessName, "witness"), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.pause = time.Millisecond
	return c
}

// counted counts the requests to a handler.
func counted(h http.Handler) (http.Handler, *atomic.Int64) {
	n := new(atomic.Int64)
	return http.HandlerFunc(func(out http.ResponseWriter, q *http.Request) {
		n.Add(1)
		h.ServeHTTP(out, q)
	}), n
}

func mustSubmit(t *testing.T, c *Client, h *history, size int64) {
	t.Helper()
	head := h.at(size)
	made, err := c.Submit(t.Context(), head, h)
	if err != nil {
		t.Fatalf("size %d: %v", size, err)
	}
	head.Text = head.With(made)
	if found, err := (audit.Quorum{Need: 1, Keys: []string{c.Key()}}).Check(head); err != nil || len(found) != 1 {
		t.Fatalf("size %d: %v", size, err)
	}
}

func TestSubmit(t *testing.T) {
	h := newHistory(t).grow(300, "entry")
	handler, requests := counted(newWitness(t, new(memory)).Handler())
	c := newClient(t, handler)
	sizes := []int64{0, 1, 2, 255, 257, 257, 300}
	for _, size := range sizes {
		mustSubmit(t, c, h, size)
	}
	if n := requests.Load(); n != int64(len(sizes)) {
		t.Errorf("%d requests for %d checkpoints", n, len(sizes))
	}
}

// TestSubmitAfterRestart: neither end knows the old size any more.
func TestSubmitAfterRestart(t *testing.T) {
	h := newHistory(t).grow(300, "entry")
	m := new(memory)
	handler, requests := counted(newWitness(t, m).Handler())
	mustSubmit(t, newClient(t, handler), h, 100)

	// The log's end was restarted: it learns the size from a 409.
	again := newClient(t, handler)
	requests.Store(0)
	mustSubmit(t, again, h, 200)
	if n := requests.Load(); n != 2 {
		t.Errorf("%d requests, not the one that is refused and the one that is not", n)
	}
	// The witness has lost its memory.
	m.cosigned = nil
	mustSubmit(t, again, h, 300)
}

// TestSubmitTogether: two ends of the same log, as two replicas have.
func TestSubmitTogether(t *testing.T) {
	h := newHistory(t).grow(60, "entry")
	heads := make([]audit.Checkpoint, 61)
	for size := range heads {
		heads[size] = h.at(int64(size))
	}
	handler := newWitness(t, new(memory)).Handler()
	a, b := newClient(t, handler), newClient(t, handler)
	var running sync.WaitGroup
	for _, c := range []*Client{a, b} {
		running.Go(func() {
			for _, head := range heads {
				_, err := c.Submit(context.Background(), head, h)
				if _, behind := errors.AsType[*SizeError](err); err != nil && !behind {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
	mustSubmit(t, a, h, 60)
}

// TestSubmitRefused: what the witness will not change its mind about is asked for
// once.
func TestSubmitRefused(t *testing.T) {
	h := newHistory(t).grow(20, "entry")
	m := new(memory)
	w := newWitness(t, m)
	mustAdd(t, w, h.request(0, 10))

	fork := newHistory(t).grow(10, "other")
	if _, err := newClient(t, w.Handler()).Submit(t.Context(), fork.at(10), fork); !errors.Is(err, ErrContradiction) {
		t.Error(err)
	}
	mustKeep(t, m, Fork, 10, 10)
	_, err := newClient(t, w.Handler()).Submit(t.Context(), h.at(9), h)
	if size, ok := errors.AsType[*SizeError](err); !ok || size.Size != 10 {
		t.Error(err)
	}
	for status, answer := range map[int]string{400: "", 401: "", 403: "no", 404: "", 405: "", 418: "", 422: "", 204: "", 302: ""} {
		handler, requests := counted(say(status, "text/plain", answer))
		_, err := newClient(t, handler).Submit(t.Context(), h.at(20), h)
		if refused, ok := errors.AsType[*StatusError](err); !ok || refused.Status != status || requests.Load() != 1 {
			t.Errorf("%d: %v after %d requests", status, err, requests.Load())
		}
	}
}

// say answers everything alike.
func say(status int, contentType, answer string) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", contentType)
		out.Header().Set("Location", "/elsewhere")
		out.WriteHeader(status)
		_, _ = io.WriteString(out, answer)
	})
}

// TestGarbage from a witness is an error, and never a cosignature.
func TestGarbage(t *testing.T) {
	h := newHistory(t).grow(20, "entry")
	other, err := audit.Cosign(t.Context(), h.at(19), witnessName, noon, keySigner("witness"))
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := audit.Cosign(t.Context(), h.at(20), witnessName, noon, keySigner("stranger"))
	if err != nil {
		t.Fatal(err)
	}
	good, err := audit.Cosign(t.Context(), h.at(20), witnessName, noon, keySigner("witness"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		status      int
		contentType string
		answer      string
	}{
		"nothing":               {200, "text/plain", ""},
		"a page":                {200, "text/html", "<html>"},
		"too much":              {200, "text/plain", strings.Repeat("x", maxAnswer+1)},
		"of another checkpoint": {200, "text/plain", string(other.Line)},
		"by another key":        {200, "text/plain", string(stranger.Line)},
		"without its end":       {200, "text/plain", strings.TrimSuffix(string(good.Line), "\n")},
		"behind an empty line":  {200, "text/plain", "\n" + string(good.Line)},
		"changed":               {200, "text/plain", strings.Replace(string(good.Line), "A", "B", 1)},
		"no size":               {409, sizeType, "hello\n"},
		"size without an end":   {409, sizeType, "10"},
		"negative size":         {409, sizeType, "-1\n"},
		"size with a zero":      {409, sizeType, "010\n"},
		"size with a space":     {409, sizeType, "10 \n"},
		"size beyond numbers":   {409, sizeType, "9223372036854775808\n"},
	} {
		handler, requests := counted(say(c.status, c.contentType, c.answer))
		_, err := newClient(t, handler).Submit(t.Context(), h.at(20), h)
		if !errors.Is(err, ErrAnswer) || requests.Load() != 1 {
			t.Errorf("%s: %v after %d requests", name, err, requests.Load())
		}
	}
	// Lines of others beside its own do not matter.
	made, err := newClient(t, say(200, "", string(stranger.Line)+string(good.Line))).Submit(t.Context(), h.at(20), h)
	if err != nil || !bytes.Equal(made.Line, good.Line) {
		t.Error(err)
	}
	// A witness that always says another size is not asked for ever.
	handler, requests := counted(say(409, sizeType, "7\n"))
	_, err = newClient(t, handler).Submit(t.Context(), h.at(20), h)
	if _, ok := errors.AsType[*SizeError](err); !ok || requests.Load() > 2*maxTries {
		t.Errorf("%v after %d requests", err, requests.Load())
	}
}

// TestFaults: a witness with a fault is asked again, for a while.
func TestFaults(t *testing.T) {
	h := newHistory(t).grow(20, "entry")
	good := newWitness(t, new(memory)).Handler()
	for name, fault := range map[string]http.Handler{
		"500":     say(500, "", ""),
		"503":     say(503, "", ""),
		"429":     say(429, "", ""),
		"hang up": http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
	} {
		t.Run(name, func(t *testing.T) {
			var n atomic.Int64
			c := newClient(t, http.HandlerFunc(func(out http.ResponseWriter, q *http.Request) {
				if n.Add(1) < maxTries {
					fault.ServeHTTP(out, q)
					return
				}
				good.ServeHTTP(out, q)
			}))
			mustSubmit(t, c, h, 20)

			handler, requests := counted(fault)
			if _, err := newClient(t, handler).Submit(t.Context(), h.at(20), h); err == nil || requests.Load() < maxTries {
				t.Errorf("%v after %d requests", err, requests.Load())
			}
		})
	}
	gone := httptest.NewServer(good)
	gone.Close()
	c, err := NewClient(gone.URL, cosignerKey(t, witnessName, "witness"), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.pause = time.Millisecond
	if _, err := c.Submit(t.Context(), h.at(20), h); err == nil {
		t.Error("nobody is there")
	}
}

// TestHang: a witness that never answers is given up when the caller says so.
func TestHang(t *testing.T) {
	h := newHistory(t).grow(20, "entry")
	asked, end := make(chan struct{}), make(chan struct{})
	defer close(end)
	c := newClient(t, http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) {
		close(asked)
		select {
		case <-q.Context().Done():
		case <-end:
		}
	}))
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	if _, err := c.Submit(ctx, h.at(20), h); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestNewClientRefuses(t *testing.T) {
	key := cosignerKey(t, witnessName, "witness")
	for _, c := range [][2]string{
		{"", key}, {"witness.example", key}, {"ftp://witness.example", key}, {"http://", key}, {"http://a b", key}, {"/path", key},
		{"http://witness.example", ""}, {"http://witness.example", vkeyOf(t, witnessName, "witness")},
	} {
		if _, err := NewClient(c[0], c[1], nil); err == nil {
			t.Errorf("%q", c)
		}
	}
	c, err := NewClient("https://witness.example/below/", key, nil)
	if err != nil || c.url != "https://witness.example/below/add-checkpoint" {
		t.Errorf("%s, %v", c.url, err)
	}
}

func FuzzReadAnswer(f *testing.F) {
	h := newHistory(f).grow(20, "entry")
	head := h.at(20)
	key := cosignerKey(f, witnessName, "witness")
	good, err := audit.Cosign(f.Context(), head, witnessName, noon, keySigner("witness"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(200, "text/plain", good.Line)
	f.Add(409, sizeType, []byte("10\n"))
	f.Add(409, "", []byte("10\n"))
	f.Add(503, "", []byte{})
	f.Fuzz(func(t *testing.T, status int, contentType string, text []byte) {
		made, err := readAnswer(status, contentType, text, head, key)
		size, isSize := errors.AsType[*SizeError](err)
		switch {
		case err == nil && (status != 200 || !bytes.Equal(made.Line, good.Line)):
			t.Fatalf("%q is taken for a cosignature", text)
		case isSize && (status != 409 || fmt.Sprintf("%d\n", size.Size) != string(text)):
			t.Fatalf("%q is taken for the size %d", text, size.Size)
		}
	})
}
