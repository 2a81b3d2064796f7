package store

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// What no other test missed when it was taken away, one check at a time.

// What the database refuses to take into one table is in none of them: the desk is
// told, and goes on from what was there before.
func TestWhatOneTableRefusesIsInNone(t *testing.T) {
	s := newOffice(t)
	d := s.draft()
	if err := s.decide(d, step{"tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("lunch")}}); err != nil {
		t.Fatal(err)
	}
	write := func() error {
		return s.store.Write(t.Context(), func(tx desk.Tx) error {
			if err := tx.Remember("tech-a", "key", desk.Remembered{At: epoch}); err != nil {
				return err
			}
			return d.write(tx)
		})
	}
	before := dump(t, s.store)
	for table, when := range map[string]string{
		"ledger_entries": "INSERT", "ledger_nodes": "INSERT", "ledger_head": "UPDATE",
		"people": "INSERT", "credentials": "INSERT", "handovers": "INSERT", "idempotency_keys": "INSERT",
	} {
		if err := s.store.writer.Exec("CREATE TRIGGER refuses BEFORE " + when + " ON " + table + " BEGIN SELECT RAISE(ABORT, 'no'); END").Error; err != nil {
			t.Fatal(err)
		}
		if err := write(); !errors.Is(err, desk.ErrStoreUnavailable) || errors.Is(err, desk.ErrDiskFull) {
			t.Errorf("%s: got %v", table, err)
		}
		if after := dump(t, s.store); after != before {
			t.Errorf("%s: it left\n%s\nof\n%s", table, after, before)
		}
		if err := s.store.writer.Exec("DROP TRIGGER refuses").Error; err != nil {
			t.Fatal(err)
		}
	}
	if err := write(); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// Who catches up is not given fewer entries than there are: from a part of them
// another state would follow.
func TestWhoCatchesUpMissesNoEntry(t *testing.T) { onBoth(t, whoCatchesUpMissesNoEntryOnBoth) }

func whoCatchesUpMissesNoEntryOnBoth(t *testing.T, on engine) {
	s := newOffice(t, on)
	size := int64(len(s.records))
	execAll(t, administrator(t, s.path), "DELETE FROM ledger_entries WHERE idx = 3")
	err := s.store.Write(t.Context(), func(tx desk.Tx) error {
		if records, err := tx.Records(2, size); err == nil {
			t.Errorf("%d of %d entries", len(records), size-2)
		}
		if records, err := tx.Records(4, size); err != nil || int64(len(records)) != size-4 {
			t.Errorf("behind it: %d of %d entries, %v", len(records), size-4, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// An idempotency key that is damaged is none, and neither one that was not used
// yet: a command is not repeated on its word.
func TestADamagedIdempotencyKeyIsNotRecalled(t *testing.T) {
	s := newScribe(t)
	kept := desk.Remembered{Digest: [32]byte{1, 2, 3}, First: 7, Count: 2, At: epoch.Add(time.Second)}
	err := s.store.Write(t.Context(), func(tx desk.Tx) error { return tx.Remember("tech-a", "k", kept) })
	if err != nil {
		t.Fatal(err)
	}
	db := administrator(t, s.path)
	for _, set := range []string{"at = 'yesterday'", "digest = x'0102'", "digest = zeroblob(33)"} {
		execAll(t, db, "CREATE TABLE kept AS SELECT * FROM idempotency_keys", "UPDATE idempotency_keys SET "+set)
		if err := s.store.Write(t.Context(), func(tx desk.Tx) error {
			if r, found, err := tx.Recall("tech-a", "k"); err == nil || found {
				t.Errorf("%s: recalled as %+v, %v, %v", set, r, found, err)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		execAll(t, db, "DELETE FROM idempotency_keys", "INSERT INTO idempotency_keys SELECT * FROM kept", "DROP TABLE kept")
	}
}

// A row too many is found wherever it stands among the others, also behind the last.
func TestARowTooManyIsFoundAtTheEnd(t *testing.T) {
	s := newOffice(t)
	s.do(t, step{"tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("lunch")}})
	good := dump(t, s.store)
	for table, key := range map[string]string{"people": "username", "credentials": "name", "handovers": "id"} {
		statement := "INSERT INTO " + table + " (key, doc) SELECT 'zz-last', json_set(doc, '$." + key + "', 'zz-last') FROM " + table + " LIMIT 1"
		if done := s.store.writer.Exec(statement); done.Error != nil || done.RowsAffected != 1 {
			t.Fatalf("%s: %d rows, %v", statement, done.RowsAffected, done.Error)
		}
		if d, ok := errors.AsType[*Difference](s.store.Diff(t.Context())); !ok || d.Table != table || d.Key != "zz-last" {
			t.Errorf("%s: got %v", table, d)
		}
		if err := s.store.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		if dump(t, s.store) != good {
			t.Fatalf("%s: not put right", table)
		}
	}
}

// A disk that is full is said to be one: its people can do something about that.
func TestAFullDiskIsSaidToBeOne(t *testing.T) {
	s := newOffice(t)
	before := dump(t, s.store)
	if err := s.store.writer.Exec("PRAGMA max_page_count = 1").Error; err != nil { // SQLite makes it what there are
		t.Fatal(err)
	}
	d := s.draft()
	purpose := strings.Repeat("x", 400)
	for range 100 {
		if err := s.decide(d, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote(purpose)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.commit(t.Context(), d); !errors.Is(err, desk.ErrDiskFull) {
		t.Errorf("got %v", err)
	}
	if dump(t, s.store) != before {
		t.Error("something changed")
	}
	if err := s.store.writer.Exec("PRAGMA max_page_count = 1000000").Error; err != nil {
		t.Fatal(err)
	}
	if err := s.commit(t.Context(), d); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// A page has a length of its own where none, or none that can be, was asked for.
func TestHowLongAPageIs(t *testing.T) {
	for asked, want := range map[int]int{-1: desk.MaxPage, 0: desk.MaxPage, 1: 1, desk.MaxPage: desk.MaxPage, desk.MaxPage + 1: desk.MaxPage, 1 << 40: desk.MaxPage} {
		if got := page(asked); got != want {
			t.Errorf("%d: %d, want %d", asked, got, want)
		}
	}
}

// A database of a Tandem that did not enter what was asked for is refused as soon
// as anything stands in it; an empty one is brought up to date.
func TestALedgerWithoutCommandsIsNotGoneOnWith(t *testing.T) {
	for version := int64(1); version < boundRules; version++ {
		path := older(t, version)
		if version > 1 {
			if s, err := Open(t.Context(), path, slog.New(slog.DiscardHandler)); err != nil {
				t.Errorf("schema %d, empty: %v", version, err)
			} else if err := s.Close(); err != nil {
				t.Error(err)
			}
			path = older(t, version)
		}
		db, err := sql.Open("sqlite3", path)
		if err != nil {
			t.Fatal(err)
		}
		execAll(t, db, `INSERT INTO ledger_entries (idx, record) VALUES (0, CAST('{"actor":"system","subject":"","type":"x"}' AS BLOB))`)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		_, err = Open(t.Context(), path, slog.New(slog.DiscardHandler))
		if old, is := errors.AsType[*SchemaError](err); !is || old.Version != version {
			t.Errorf("schema %d: %v", version, err)
		}
		if got, _, err := Schema(t.Context(), path); err != nil || got != version {
			t.Errorf("schema %d became %d, %v", version, got, err)
		}
	}
}

// A file in which nothing is yet has no schema.
func TestAnEmptyFileHasNoSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.db")
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	if got, known, err := Schema(t.Context(), path); got != 0 || known == 0 || err != nil {
		t.Errorf("an empty file: %d, %d, %v", got, known, err)
	}
	execAll(t, openAs(t, path), "CREATE TABLE another (x)")
	if got, _, err := Schema(t.Context(), path); got != 0 || err != nil {
		t.Errorf("somebody else's: %d, %v", got, err)
	}
}

func openAs(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// To compare or to fold again takes every entry: one that is missing is said, not
// passed over, in the middle and at the end.
func TestAFoldPassesOverNoEntry(t *testing.T) { onBoth(t, aFoldPassesOverNoEntryOnBoth) }

func aFoldPassesOverNoEntryOnBoth(t *testing.T, on engine) {
	for _, gone := range []string{"idx = 7", "idx >= 7"} {
		s := newOffice(t, on)
		execAll(t, administrator(t, s.path), "DELETE FROM ledger_entries WHERE "+gone)
		before := dump(t, s.store)
		for name, fold := range map[string]func(context.Context) error{"diff": s.store.Diff, "rebuild": s.store.Rebuild} {
			err := fold(t.Context())
			if _, wrong := errors.AsType[*Difference](err); err == nil || wrong || !strings.Contains(err.Error(), " 7") {
				t.Errorf("%s without %s: %v", name, gone, err)
			}
		}
		if dump(t, s.store) != before {
			t.Errorf("without %s: something changed", gone)
		}
	}
}

// A start refuses a state that cannot be read whole, and names no person, lock or
// policy that the tables do not have.
func TestAStartRefusesWhatItCannotRead(t *testing.T) {
	for name, statement := range map[string]string{
		"an instant":             "UPDATE people SET doc = json_set(doc, '$.locked_until', 'soon') WHERE key = 'tech-a'",
		"a list":                 "UPDATE people SET doc = json_set(doc, '$.roles', '[') WHERE key = 'tech-a'",
		"a structure":            "UPDATE credentials SET doc = json_set(doc, '$.exposure', json('{}')) WHERE key = 'db01'",
		"a member more":          `UPDATE credentials SET doc = json_set(doc, '$.policy.never', json('true')) WHERE key = 'db01'`,
		"what waits":             "UPDATE credentials SET doc = json_set(doc, '$.updates', 7) WHERE key = 'db01'",
		"the time of the head":   "UPDATE ledger_head SET time = 'now'",
		"the root of the head":   "UPDATE ledger_head SET root = zeroblob(31)",
		"a document of no name":  "UPDATE documents SET key = 'other'",
		"somebody else's":        "UPDATE people SET key = 'tech-z' WHERE key = 'tech-a'",
		"no document":            "UPDATE sessions SET doc = 'x' WHERE key = 'tech-a'",
		"the policy":             "UPDATE documents SET doc = '{'",
		"a value of no policy":   `UPDATE documents SET doc = '{"x":1}'`,
		"a node of another size": "UPDATE ledger_nodes SET hash = zeroblob(31)",
	} {
		s := newOffice(t)
		execAll(t, administrator(t, s.path), statement)
		if state, _, err := s.store.Load(t.Context()); err == nil {
			t.Errorf("%s: loaded as %+v", name, state)
		}
	}
}

// A database that fails has not lost anybody: who looks for a person is not told
// that there is none.
func TestADatabaseThatFailsHasNotLostAnybody(t *testing.T) {
	s := newOffice(t)
	db, err := Open(t.Context(), s.path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for name, look := range map[string]func(context.Context) error{
		"person":     func(ctx context.Context) error { _, err := db.Person(ctx, "tech-a"); return err },
		"credential": func(ctx context.Context) error { _, err := db.Credential(ctx, "db01"); return err },
		"handover":   func(ctx context.Context) error { _, err := db.Handover(ctx, "handover-1"); return err },
		"entry":      func(ctx context.Context) error { _, err := db.Entry(ctx, 0); return err },
		"readiness":  db.Ready,
	} {
		if err := look(t.Context()); !errors.Is(err, desk.ErrStoreUnavailable) || errors.Is(err, desk.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A handover is found by what it says, and only by that.
func TestAHandoverIsFoundByItsText(t *testing.T) { onBoth(t, aHandoverIsFoundByItsTextOnBoth) }

func aHandoverIsFoundByItsTextOnBoth(t *testing.T, on engine) {
	s := newOffice(t, on)
	s.do(t, step{"tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("lunch")}})
	s.do(t, step{"tech-b", custody.Offer{Credentials: []string{"web01"}, Reason: desk.NewNote("course")}})
	for text, want := range map[string]int{"": 2, "LUNCH": 1, "web01": 1, "handover-": 2, "person tech-c": 1, "nothing of the kind": 0, "%": 0} {
		found, err := s.store.Handovers(t.Context(), desk.HandoverQuery{Text: text})
		if err != nil || len(found) != want {
			t.Errorf("%q: %d found, want %d, %v", text, len(found), want, err)
		}
	}
}
