package store

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody/desk"
)

func ask(t *testing.T, db *gorm.DB, question string) string {
	t.Helper()
	var answer string
	if err := db.Raw(question).Scan(&answer).Error; err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestPragmas(t *testing.T) {
	s := newScribe(t).store
	for _, c := range []struct {
		name string
		db   *gorm.DB
		want map[string]string
	}{
		{"writer", s.writer, map[string]string{
			"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "query_only": "0",
		}},
		{"reader", s.reader, map[string]string{
			"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "query_only": "1",
		}},
	} {
		for pragma, want := range c.want {
			if got := ask(t, c.db, "PRAGMA "+pragma); got != want {
				t.Errorf("%s: %s is %s, want %s", c.name, pragma, got, want)
			}
		}
	}
	if err := s.reader.Exec("DELETE FROM people").Error; err == nil {
		t.Error("a reader could write")
	}
}

// TestWrongPragma: a connection that is not what it must be is refused, with
// the name of what is wrong.
func TestWrongPragma(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	right := func() url.Values { return url.Values{"_journal_mode": {"WAL"}, "_synchronous": {"FULL"}} }
	for name, dsn := range map[string]string{
		"synchronous": sqliteDSN(path, url.Values{"_journal_mode": {"WAL"}}),
		// SQLite keeps no WAL in memory, and says nothing.
		"journal_mode": strings.Replace(sqliteDSN(path, right()), path, ":memory:", 1),
		"foreign_keys": strings.Replace(sqliteDSN(path, right()), "_foreign_keys=on", "", 1),
		"busy_timeout": strings.Replace(sqliteDSN(path, right()), "_busy_timeout=5000", "_busy_timeout=10", 1),
		"query_only":   sqliteDSN(path, right()),
	} {
		want := slices.Concat(durable, always)
		if name == "query_only" {
			want = readsOnly
		}
		db, err := sqliteDB(dsn, 1, want)
		if err == nil {
			pool, _ := db.DB()
			pool.Close()
			t.Errorf("%s: opened", name)
		} else if !strings.Contains(err.Error(), "PRAGMA "+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	db, err := sqliteWriter(path)
	if err != nil {
		t.Fatalf("the right one: %v", err)
	}
	if pool, err := db.DB(); err != nil || pool.Close() != nil {
		t.Error(err)
	}
}

func TestOpen(t *testing.T) {
	ctx, log := t.Context(), slog.New(slog.DiscardHandler)

	t.Run("odd names", func(t *testing.T) {
		for _, name := range []string{"with space.db", "what?.db", "per%20cent.db", "hash#.db", "数据.db", "a=b&mode=memory.db"} {
			path := filepath.Join(t.TempDir(), name)
			s, err := Open(ctx, path, log)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			info, err := os.Stat(path)
			if err != nil || info.Size() == 0 || info.Mode().Perm() != 0o600 {
				t.Errorf("%s: %v, %v", name, info, err)
			}
		}
	})
	t.Run("no such directory", func(t *testing.T) {
		if _, err := Open(ctx, filepath.Join(t.TempDir(), "none", "x.db"), log); !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	})
	t.Run("no database", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "x.db")
		if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(ctx, path, log); err == nil {
			t.Error("opened")
		}
		if _, err := OpenReadOnly(ctx, path, log); err == nil {
			t.Error("opened read-only")
		}
	})
	t.Run("a later schema", func(t *testing.T) {
		s := newScribe(t)
		if err := s.store.writer.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)").Error; err != nil {
			t.Fatal(err)
		}
		if _, err := Open(ctx, s.path, log); err == nil || !strings.Contains(err.Error(), "version 9999, from a later Tandem") {
			t.Error(err)
		}
		if _, err := OpenReadOnly(ctx, s.path, log); err == nil || !strings.Contains(err.Error(), "version 9999, from a later Tandem") {
			t.Error(err)
		}
	})
	t.Run("many at once", func(t *testing.T) {
		for range 10 {
			path := filepath.Join(t.TempDir(), "x.db")
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					s, err := Open(ctx, path, log)
					if err != nil {
						t.Error(err)
						return
					}
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
	})
	t.Run("cancelled", func(t *testing.T) {
		over, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := Open(over, filepath.Join(t.TempDir(), "x.db"), log); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
}

// TestAppendOnly: the database itself refuses what Tandem never does.
func TestAppendOnly(t *testing.T) {
	s := newOffice(t)
	before := dump(t, s.store)
	for _, statement := range []string{
		"UPDATE ledger_entries SET record = x'7b7d' WHERE idx = 0",
		"UPDATE ledger_entries SET idx = idx + 1000",
		"DELETE FROM ledger_entries WHERE idx = 3",
		"DELETE FROM ledger_entries",
		"REPLACE INTO ledger_entries (idx, record) SELECT idx, record FROM ledger_entries WHERE idx = 2",
		"INSERT INTO ledger_entries (idx, record) SELECT max(idx) + 2, record FROM ledger_entries",
		"INSERT INTO ledger_entries (record) SELECT record FROM ledger_entries WHERE idx = 1",
		"INSERT INTO ledger_entries (idx, record) SELECT -1, record FROM ledger_entries WHERE idx = 1",
		"UPDATE OR REPLACE ledger_entries SET idx = 0 WHERE idx = 1",
		"UPDATE ledger_nodes SET hash = zeroblob(32) WHERE id = 0",
		"DELETE FROM ledger_nodes",
		"REPLACE INTO ledger_nodes (id, hash) VALUES (0, zeroblob(32))",
		"INSERT INTO ledger_nodes (id, hash) VALUES (100000, zeroblob(32))",
		"INSERT INTO ledger_nodes (id, hash) SELECT max(id) + 1, x'00' FROM ledger_nodes",
		"UPDATE ledger_seals SET mark = 'another' WHERE from_size = 0",
		"DELETE FROM ledger_seals",
		"REPLACE INTO ledger_seals SELECT * FROM ledger_seals WHERE from_size = 0",
		"INSERT INTO ledger_seals SELECT max(size) + 2, max(size) + 1, 'a gap' FROM ledger_seals",
		"INSERT INTO ledger_seals SELECT max(size), max(size), 'of nothing' FROM ledger_seals",
		"UPDATE ledger_head SET size = size - 1",
		"UPDATE ledger_head SET size = size + 1",
		"DELETE FROM ledger_head",
		"REPLACE INTO ledger_head SELECT * FROM ledger_head",
		"INSERT INTO ledger_head SELECT 1, size, root, time, handovers, leases, proposals, incidents FROM ledger_head",
	} {
		if err := s.store.writer.Exec(statement).Error; err == nil {
			t.Errorf("accepted: %s", statement)
		}
	}
	if dump(t, s.store) != before {
		t.Error("something changed")
	}
}

// TestBusy: another process's lock is waited for; when it stays, the outcome is
// an error that says so.
func TestBusy(t *testing.T) {
	t.Parallel()
	s := newOffice(t)
	other := s.open(t)
	held := other.writer.Begin()
	if held.Error != nil {
		t.Fatal(held.Error)
	}
	d := s.draft()
	if err := d.happen(nil); err != nil {
		t.Fatal(err)
	}
	if err := s.store.Write(t.Context(), d.write); !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := s.store.Write(ctx, d.write); !errors.Is(err, desk.ErrStoreUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waited longer than it should: %v", err)
	}
	if _, _, err := s.store.Head(t.Context()); err != nil {
		t.Errorf("readers wait too: %v", err)
	}
	short, stop := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer stop()
	if err := s.store.Ready(short); !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Errorf("ready, while no commit would work: %v", err)
	}

	written := make(chan error)
	go func() { written <- s.store.Write(t.Context(), d.write) }()
	if err := held.Rollback().Error; err != nil {
		t.Fatal(err)
	}
	if err := <-written; err != nil {
		t.Errorf("after the lock was given back: %v", err)
	}
}

// TestNoValuesInLog: what a statement binds never reaches the log, even when it
// fails.
func TestNoValuesInLog(t *testing.T) {
	s := newScribe(t)
	add := func() error {
		return s.store.write(t.Context(), "write preferences", "INSERT INTO preferences (username, language, zone) VALUES (?, ?, ?)", "canary-person", "canary!!", "canary")
	}
	if err := add(); err != nil {
		t.Fatal(err)
	}
	if err := add(); !errors.Is(err, gorm.ErrDuplicatedKey) || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
	if text := s.log.String(); !strings.Contains(text, "INSERT INTO") || strings.Contains(text, "canary") {
		t.Errorf("logged: %s", text)
	}
}
