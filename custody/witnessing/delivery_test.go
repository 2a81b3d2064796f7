package witnessing

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody/follow/followtest"
)

// TestFile: what is delivered can be read again, also behind a note that was cut
// off in the middle.
func TestFile(t *testing.T) {
	l := newLedger(t)
	path := filepath.Join(t.TempDir(), "checkpoints")
	var want [][]byte
	for i := range 5 {
		head, err := l.grow(i, "entry").Checkpoint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := File(path).Deliver(t.Context(), head.Text); err != nil {
			t.Fatal(err)
		}
		want = append(want, head.Text)
		if i%2 == 0 {
			continue
		}
		// A crash: the beginning of a note, and no end.
		file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := file.Write(head.Text[:20*i]); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := audit.SplitCheckpoints(content)
	if len(got) != len(want) {
		t.Fatalf("%d notes, not %d:\n%s", len(got), len(want), content)
	}
	for i := range got {
		if _, err := audit.OpenCheckpoint(got[i], logKey(t)); err != nil || !bytes.Equal(got[i], want[i]) {
			t.Errorf("%d: %q, %v", i, got[i], err)
		}
	}
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := File(pipe).Deliver(t.Context(), want[0]); err != nil {
		t.Errorf("into a pipe: %v", err)
	} else if n, err := reader.Read(content[:len(want[0])]); err != nil || !bytes.Equal(content[:n], want[0]) {
		t.Errorf("through the pipe came %q, %v", content[:n], err)
	}
	if err := File(t.TempDir()).Deliver(t.Context(), want[0]); err == nil {
		t.Error("a folder is no file")
	}
}

func newHook(t *testing.T, h http.HandlerFunc) *Webhook {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	w, err := NewWebhook(server.URL+"/hook?token=hunter2", nil)
	if err != nil {
		t.Fatal(err)
	}
	w.pause = time.Millisecond
	return w
}

func TestWebhook(t *testing.T) {
	var got []byte
	w := newHook(t, func(_ http.ResponseWriter, q *http.Request) {
		if q.Method != "POST" || q.URL.Path != "/hook" || q.URL.Query().Get("token") != "hunter2" {
			t.Errorf("%s %s", q.Method, q.URL)
		}
		got, _ = io.ReadAll(q.Body)
	})
	if err := w.Deliver(t.Context(), []byte("note")); err != nil || string(got) != "note" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestWebhookFails(t *testing.T) {
	for status, tries := range map[int]int64{500: webhookTries, 503: webhookTries, 429: webhookTries, 400: 1, 401: 1, 404: 1, 302: 1} {
		var n atomic.Int64
		w := newHook(t, func(out http.ResponseWriter, q *http.Request) {
			n.Add(1)
			out.Header().Set("Location", "/elsewhere")
			out.WriteHeader(status)
		})
		if err := w.Deliver(t.Context(), []byte("note")); err == nil || n.Load() != tries {
			t.Errorf("%d: %v after %d tries", status, err, n.Load())
		}
	}
	// A fault that passes.
	var n atomic.Int64
	w := newHook(t, func(out http.ResponseWriter, _ *http.Request) {
		if n.Add(1) < webhookTries {
			out.WriteHeader(500)
		}
	})
	if err := w.Deliver(t.Context(), []byte("note")); err != nil {
		t.Error(err)
	}
	// Nobody is there: the error does not tell the address.
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	w, err := NewWebhook(gone.URL+"/hook?token=hunter2", nil)
	if err != nil {
		t.Fatal(err)
	}
	w.pause = time.Millisecond
	if err := w.Deliver(t.Context(), []byte("note")); err == nil || strings.Contains(err.Error()+w.String(), "hunter2") {
		t.Error(err)
	}
	for _, address := range []string{"", "hook", "ftp://hook.example", "http://"} {
		if _, err := NewWebhook(address, nil); err == nil {
			t.Errorf("%q", address)
		}
	}
}

// postbox is a Recipient that can be out of order.
type postbox struct {
	mu      sync.Mutex
	broken  int // so many times
	arrived int
}

func (p *postbox) String() string { return "postbox" }

func (p *postbox) Deliver(context.Context, []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken > 0 {
		p.broken--
		return errors.New("out of order")
	}
	p.arrived++
	return nil
}

func (p *postbox) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.arrived
}

// TestARestartIsNoReasonToDeliver: a daily delivery is daily, however often the
// process starts, and two recipients of one name have each their own day.
func TestARestartIsNoReasonToDeliver(t *testing.T) {
	l := newLedger(t).grow(10, "entry")
	stored := new(followtest.Places)
	one, other := new(postbox), new(postbox)
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	start := func(at time.Time, want int) {
		t.Helper()
		f, _ := newFollower(t, Config{
			Ledger: l, Places: stored, Now: func() time.Time { return at },
			Deliveries: []Delivery{{one, 24 * time.Hour}, {other, 24 * time.Hour}},
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- f.Run(ctx) }()
		eventually(t, f, "it knows when each was last delivered, and delivers what is due", func(s Status) bool {
			return s.Delivered[0].Size == 10 && s.Delivered[1].Size == 10 && one.count() >= want && other.count() >= want
		})
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if one.count() != want || other.count() != want {
			t.Errorf("at %s %d and %d have arrived, want %d each", at, one.count(), other.count(), want)
		}
	}
	start(now, 1)
	start(now.Add(time.Hour), 1)
	start(now.Add(23*time.Hour), 1)
	start(now.Add(24*time.Hour), 2)
	start(now.Add(12*time.Hour), 3) // the clock was put right
}

// TestAFailedDeliveryDoesNotWaitForTomorrow: it is tried again soon, also when it
// was the database that failed.
func TestAFailedDeliveryDoesNotWaitForTomorrow(t *testing.T) {
	l := newLedger(t).grow(10, "entry")
	stored := new(followtest.Places)
	stored.Fail(func() error { return errors.New("no database") })
	box := &postbox{broken: 5}
	f, _ := started(t, Config{Ledger: l, Places: stored, Deliveries: []Delivery{{box, 24 * time.Hour}}})
	eventually(t, f, "the database fails", func(s Status) bool { return s.Delivered[0].Failure == "no database" })
	stored.Fail(nil)
	eventually(t, f, "it cannot be delivered", func(s Status) bool { return s.Delivered[0].Failure == "out of order" })
	eventually(t, f, "it is delivered", func(s Status) bool { return s.Delivered[0].Size == 10 && s.Delivered[0].Failure == "" })
}

// TestDeliveries: on a schedule, with the cosignatures as soon as there are some;
// a failure is told once and tried again.
func TestDeliveries(t *testing.T) {
	l := newLedger(t).grow(10, "entry")
	w := startWitness(t, "w1")
	folder := filepath.Join(t.TempDir(), "later")
	path := filepath.Join(folder, "checkpoints")
	f, log := started(t, Config{Ledger: l, Need: 1, Witnesses: []Place{w.Place}, Deliveries: []Delivery{{File(path), time.Millisecond}}})
	eventually(t, f, "cannot be delivered", func(s Status) bool { return s.Delivered[0].Failure != "" && s.Alert() != nil })
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	eventually(t, f, "delivered", func(s Status) bool { return s.Delivered[0].Size == 10 && s.Delivered[0].Failure == "" })
	l.grow(5, "entry")
	eventually(t, f, "cosigned and delivered", func(s Status) bool { return s.Delivered[0].Size == 15 && s.Witnessed == 15 })
	if n := strings.Count(log.String(), "has to wait"); n != 1 {
		t.Errorf("told %d times:\n%s", n, log)
	}
	q := audit.Quorum{Need: 1, Keys: []string{w.Key}}
	eventually(t, f, "the file has a cosigned one of 15", func(Status) bool {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(audit.SplitCheckpoints(content), func(text []byte) bool {
			c, err := audit.OpenCheckpoint(text, logKey(t))
			if err != nil {
				return false // it is being written
			}
			_, err = q.Check(c)
			return err == nil && c.Size == 15
		})
	})
}
