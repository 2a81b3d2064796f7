package keeper

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sqlite3 "github.com/mattn/go-sqlite3"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/witness"
	"github.com/tandem-custody/tandem/audit/witness/witnesstest"
)

// connect is enough here: what waits while another opens the file is the store's.
func connect(dsn string) driver.Connector { return connector(dsn) }

type connector string

func (c connector) Connect(context.Context) (driver.Conn, error) {
	return c.Driver().Open(string(c))
}

func (connector) Driver() driver.Driver { return &sqlite3.SQLiteDriver{} }

func openMemory(t *testing.T, path string) *Memory {
	t.Helper()
	s, err := OpenMemory(t.Context(), path, connect)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestAMemoryThatWasMovedAwayIsNotReplacedByAnEmptyOne: an empty one would have the
// witness forget what it has said.
func TestAMemoryThatWasMovedAwayIsNotReplacedByAnEmptyOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "away.db")
	s, err := OpenMemory(t.Context(), path, func(dsn string) driver.Connector {
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
		return connect(dsn)
	})
	if err == nil {
		s.Close()
		t.Error("a memory that is not there was opened")
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is an empty one: %v", err)
	}
}

func TestMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a witness?.db")
	s := openMemory(t, path)
	l := witnesstest.NewLedger(t).Grow(10, "entry")
	ctx, now := t.Context(), time.Now()

	if _, found, err := s.Latest(ctx, witnesstest.Origin); found || err != nil {
		t.Fatal(found, err)
	}
	for _, c := range []struct {
		old, size int64
		ok        bool
	}{{1, 5, false}, {0, 5, true}, {0, 6, false}, {0, 5, false}, {6, 7, false}, {5, 9, true}, {5, 10, false}} {
		if ok, err := s.Advance(ctx, c.old, l.At(c.size), now); ok != c.ok || err != nil {
			t.Fatalf("%+v: %v, %v", c, ok, err)
		}
	}
	e := witness.Evidence{Kind: witness.Fork, Origin: witnesstest.Origin, Seen: now.UTC(), Cosigned: l.At(5).Text, Refused: l.At(6).Text}
	for range 2 {
		if err := s.Keep(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	for _, statement := range []string{
		"UPDATE cosigned SET size = 1", "DELETE FROM cosigned", "UPDATE evidence SET kind = ''", "DELETE FROM evidence",
	} {
		if _, err := s.db.Exec(statement); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	// All of it is there when it is opened again, and nothing of it for others.
	s = openMemory(t, path)
	latest, found, err := s.Latest(ctx, witnesstest.Origin)
	if want := l.At(9); err != nil || !found || latest.Size != 9 || latest.Root != want.Root || !bytes.Equal(latest.Text, want.Text) || latest.Origin != witnesstest.Origin {
		t.Errorf("%+v, %v, %v", latest, found, err)
	}
	if old, found, err := s.Cosigned(ctx, witnesstest.Origin, 5); err != nil || !found || old.Root != l.At(5).Root {
		t.Errorf("%+v, %v, %v", old, found, err)
	}
	if _, found, err := s.Cosigned(ctx, witnesstest.Origin, 6); err != nil || found {
		t.Error(found, err)
	}
	if _, found, err := s.Latest(ctx, "another"); err != nil || found {
		t.Error(found, err)
	}
	kept, err := s.Evidence(ctx)
	if err != nil || len(kept) != 1 || kept[0].Kind != e.Kind || !kept[0].Seen.Equal(e.Seen) || !bytes.Equal(kept[0].Refused, e.Refused) {
		t.Errorf("%+v, %v", kept, err)
	}
	for _, file := range []string{path, path + "-wal"} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
}

// TestMemoryRace: two processes advance one memory, each from where it saw
// it; each step is taken by one of them.
func TestMemoryRace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "witness.db")
	stores := []*Memory{openMemory(t, path), openMemory(t, path)}
	l := witnesstest.NewLedger(t).Grow(30, "entry")
	var heads []audit.Checkpoint
	for size := range int64(31) {
		heads = append(heads, l.At(size))
	}
	var steps atomic.Int64
	var running sync.WaitGroup
	for _, s := range stores {
		running.Go(func() {
			for size := int64(1); size <= 30; size++ {
				ok, err := s.Advance(context.Background(), size-1, heads[size], time.Now())
				if err != nil {
					t.Error(err)
				}
				if ok {
					steps.Add(1)
				}
			}
		})
	}
	running.Wait()
	latest, _, err := stores[0].Latest(t.Context(), witnesstest.Origin)
	if err != nil || steps.Load() != latest.Size {
		t.Errorf("%d steps to %d, %v", steps.Load(), latest.Size, err)
	}
}
