package store

import (
	"errors"
	"slices"
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
	if err := s.decide(d, step{"tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: "lunch"}}); err != nil {
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
func TestWhoCatchesUpMissesNoEntry(t *testing.T) {
	s := newOffice(t)
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
	s.do(t, step{"tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: "lunch"}})
	good := dump(t, s.store)
	for table, key := range map[string]string{"people": "username", "credentials": "name", "handovers": "id"} {
		columns := strings.Split(ask(t, s.store.reader, "SELECT group_concat(name) FROM pragma_table_info('"+table+"')"), ",")
		copied := strings.Join(columns, ", ")
		columns[slices.Index(columns, key)] = "'zz-last'"
		statement := "INSERT INTO " + table + " (" + copied + ") SELECT " + strings.Join(columns, ", ") + " FROM " + table + " LIMIT 1"
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
		if err := s.decide(d, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: purpose}}); err != nil {
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
	for asked, want := range map[int]int{-1: MaxPage, 0: MaxPage, 1: 1, MaxPage: MaxPage, MaxPage + 1: MaxPage, 1 << 40: MaxPage} {
		if got := page(asked); got != want {
			t.Errorf("%d: %d, want %d", asked, got, want)
		}
	}
}
