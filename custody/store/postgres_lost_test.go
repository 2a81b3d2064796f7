package store

import (
	"bytes"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tandem-custody/tandem/custody/desk"
)

// TestAnAnswerToACommitThatIsLostIsFoundOut: the server has committed, and nobody hears
// of it. What was written is there, once.
func TestAnAnswerToACommitThatIsLostIsFoundOut(t *testing.T) {
	s := newOffice(t, onPostgres)
	relay := newRelay(t, s.path)
	cut, err := openPostgres(t, relay.at)
	if err != nil {
		t.Fatal(err)
	}
	remember := func() error {
		return cut.Write(t.Context(), func(tx desk.Tx) error {
			if _, found, err := tx.Recall("tech-a", "key"); found || err != nil {
				return err
			}
			return tx.Remember("tech-a", "key", desk.Remembered{At: epoch, Mark: "mark"})
		})
	}
	relay.cutNext.Store(true)
	if err := remember(); !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Errorf("got %v", err)
	}
	if relay.cutNext.Load() {
		t.Fatal("no COMMIT came by the relay")
	}
	err = s.store.Write(t.Context(), func(tx desk.Tx) error {
		if _, found, err := tx.Recall("tech-a", "key"); !found || err != nil {
			t.Errorf("what was committed is not there: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := remember(); err != nil {
		t.Errorf("asked again: %v", err)
	}
}

// relay stands between Tandem and a server, and can keep the answer to a COMMIT to itself.
type relay struct {
	at      string
	cutNext atomic.Bool
}

func newRelay(t *testing.T, at string) *relay {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	socket := filepath.Join(q.Get("host"), ".s.PGSQL."+q.Get("port"))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{}
	q.Set("host", "127.0.0.1")
	q.Set("port", strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
	u.RawQuery = q.Encode()
	r.at = u.String()
	var running sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); running.Wait() })
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("unix", socket)
			if err != nil {
				_ = client.Close()
				continue
			}
			var lost atomic.Bool
			running.Go(func() { // what the server says
				defer client.Close()
				buffer := make([]byte, 64<<10)
				for {
					n, err := server.Read(buffer)
					if err != nil || lost.Load() {
						return
					}
					if _, err := client.Write(buffer[:n]); err != nil {
						return
					}
				}
			})
			running.Go(func() { // what Tandem says
				defer server.Close()
				buffer := make([]byte, 64<<10)
				for {
					n, err := client.Read(buffer)
					if err != nil {
						return
					}
					if bytes.Contains(buffer[:n], []byte("commit\x00")) && r.cutNext.CompareAndSwap(true, false) {
						lost.Store(true)
					}
					if _, err := server.Write(buffer[:n]); err != nil {
						return
					}
				}
			})
		}
	})
	return r
}
