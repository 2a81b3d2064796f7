package store

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/store/storetest/postgrestest"
)

func openPostgres(t *testing.T, at string) (*Store, error) {
	t.Helper()
	s, err := Open(t.Context(), at, slog.New(slog.DiscardHandler))
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

// TestOneNumberIsOneSchema: a database that is copied to the other engine has the same
// version there.
func TestOneNumberIsOneSchema(t *testing.T) {
	file, err := sqliteDialect.newestSchema()
	if err != nil {
		t.Fatal(err)
	}
	if server, err := postgresDialect.newestSchema(); err != nil || server != file {
		t.Errorf("the newest schema of SQLite is %d and of PostgreSQL %d: a migration is missing, %v", file, server, err)
	}
}

// TestPostgresIsAppendOnly: the server itself refuses what Tandem never does.
func TestPostgresIsAppendOnly(t *testing.T) {
	s := newOffice(t, onPostgres)
	before := dump(t, s.store)
	for _, statement := range []string{
		`UPDATE ledger_entries SET record = '\x7b7d' WHERE idx = 0`,
		"UPDATE ledger_entries SET idx = idx + 1000",
		"DELETE FROM ledger_entries WHERE idx = 3",
		"TRUNCATE ledger_entries",
		"INSERT INTO ledger_entries (idx, record) SELECT idx, record FROM ledger_entries WHERE idx = 2 ON CONFLICT (idx) DO UPDATE SET record = excluded.record",
		"INSERT INTO ledger_entries (idx, record) SELECT max(idx) + 2, min(record) FROM ledger_entries",
		"INSERT INTO ledger_entries (idx, record) SELECT -1, record FROM ledger_entries WHERE idx = 1",
		"INSERT INTO ledger_entries (idx, record) SELECT (SELECT max(idx) FROM ledger_entries) + 1 + 2 * idx, record FROM ledger_entries WHERE idx < 2",
		`UPDATE ledger_nodes SET hash = '\x00' WHERE id = 0`,
		"DELETE FROM ledger_nodes",
		"TRUNCATE ledger_nodes",
		"INSERT INTO ledger_nodes (id, hash) SELECT 100000, hash FROM ledger_nodes WHERE id = 0",
		"UPDATE ledger_seals SET mark = 'another' WHERE from_size = 0",
		"DELETE FROM ledger_seals",
		"TRUNCATE ledger_seals",
		"INSERT INTO ledger_seals SELECT max(size) + 2, max(size) + 1, 'a gap' FROM ledger_seals",
		"INSERT INTO ledger_seals SELECT max(size), max(size), 'of nothing' FROM ledger_seals",
		"UPDATE ledger_head SET size = size - 1",
		"UPDATE ledger_head SET size = size + 1",
		"DELETE FROM ledger_head",
		"TRUNCATE ledger_head",
		"INSERT INTO ledger_head SELECT 1, size, root, time, handovers, leases, proposals, incidents FROM ledger_head",
		"UPDATE people SET name = 'x'",
	} {
		if err := s.store.writer.Exec(statement).Error; err == nil {
			t.Errorf("accepted: %s", statement)
		}
	}
	if dump(t, s.store) != before {
		t.Error("something changed")
	}
}

// TestACutLedgerIsAppendOnlyAgain, whole, and goes on from where it was cut.
func TestACutLedgerIsAppendOnlyAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, on engine) {
		s := newOffice(t, on)
		size := s.frontier.Size()
		s.do(t, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 1")}})
		if err := s.store.Cut(t.Context(), size); err != nil {
			t.Fatal(err)
		}
		if found, err := s.store.Verify(t.Context(), audit.VerifyOptions{}); err != nil || found.Size != size {
			t.Errorf("%d entries of %d, %v", found.Size, size, err)
		}
		if err := s.store.writer.Exec("DELETE FROM ledger_entries").Error; err == nil {
			t.Error("its entries can be deleted")
		}
	})
}

// TestAServerThatWouldLoseWhatItTakesIsRefused, and one that takes no Chinese.
func TestAServerThatWouldLoseWhatItTakesIsRefused(t *testing.T) {
	at := postgrestest.New(t)
	for set, want := range map[string]string{"synchronous_commit=off": "synchronous_commit", "client_min_messages=error": ""} {
		_, err := openPostgres(t, at+"&options="+url.PathEscape("-c "+set))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", set, err)
		}
	}
	execAll(t, administrator(t, at), "UPDATE pg_database SET encoding = 0 WHERE datname = current_database()")
	if _, err := openPostgres(t, at); err == nil || !strings.Contains(err.Error(), "UTF8") {
		t.Errorf("another encoding: %v", err)
	}
}

// TestAPasswordIsInNoAddress, and is read again for each connection.
func TestAPasswordIsInNoAddress(t *testing.T) {
	for _, at := range []string{"postgres://tandem:canary@127.0.0.1/tandem", "postgres://127.0.0.1/tandem?password=canary", "postgres://tandem:canary%@127.0.0.1"} {
		if _, err := openPostgres(t, at); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("got %v", err)
		}
	}
	file := filepath.Join(t.TempDir(), "password")
	at := postgrestest.New(t)
	if _, err := openPostgres(t, at+"&password_file="+file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such file: %v", err)
	}
	if err := os.WriteFile(file, []byte("canary\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openPostgres(t, at+"&password_file="+file); err != nil {
		t.Error(err)
	}
	// Nothing listens there: what is said names no more than where that is.
	_, err := openPostgres(t, "postgres://tandem@127.0.0.1:1/tandem?application_name=canary&password_file="+file)
	if err == nil || strings.Contains(err.Error(), "canary") || !strings.Contains(err.Error(), "127.0.0.1:1/tandem") {
		t.Errorf("got %v", err)
	}
}

// TestReadersOfAServerOnlyRead: those of a server, and an auditor's.
func TestReadersOfAServerOnlyRead(t *testing.T) {
	s := newOffice(t, onPostgres)
	if err := s.store.reader.Exec("DELETE FROM people").Error; err == nil {
		t.Error("a reader could write")
	}
	tx := s.store.reader.Begin()
	if err := tx.Raw("DELETE FROM people RETURNING key").Scan(new(string)).Error; err == nil {
		t.Error("a reader's transaction could write")
	}
	tx.Rollback()
	reader, err := OpenReadOnly(t.Context(), s.path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if err := verify(t.Context(), reader); err != nil {
		t.Error(err)
	}
	if err := reader.SetPreference(t.Context(), "tech-a", desk.Preference{}, ""); !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Errorf("written to: %v", err)
	}
	if err := reader.Rebuild(t.Context()); !errors.Is(err, desk.ErrStoreUnavailable) {
		t.Errorf("rebuilt: %v", err)
	}
	if err := reader.Backup(t.Context(), filepath.Join(t.TempDir(), "copy")); !errors.Is(err, ErrNoCopy) {
		t.Errorf("copied: %v", err)
	}
	if err := verify(t.Context(), s.store); err != nil {
		t.Error(err)
	}
}

// TestACommitWithAWarningIsNotCertain: the server has it, and may lose it. Nothing is
// done on its word.
func TestACommitWithAWarningIsNotCertain(t *testing.T) {
	s := newOffice(t, onPostgres)
	execAll(t, administrator(t, s.path),
		"CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE WARNING 'the wait was cut short'; RETURN NULL; END$$",
		"CREATE CONSTRAINT TRIGGER warns AFTER INSERT ON claims DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION warn()")
	claim := func(db *gorm.DB) error {
		return execute(db, "claim", "INSERT INTO claims VALUES ('db01', 'somebody', '')")
	}
	if err := s.store.change(t.Context(), claim); !errors.Is(err, desk.ErrStoreUnavailable) || !strings.Contains(err.Error(), "cut short") {
		t.Errorf("got %v", err)
	}
	if err := s.store.change(t.Context(), claim); !errors.Is(err, gorm.ErrDuplicatedKey) && !strings.Contains(err.Error(), "23505") {
		t.Errorf("it was not committed: %v", err)
	}
	if err := s.store.Ready(t.Context()); err != nil {
		t.Errorf("the next one: %v", err)
	}
}

// TestWhatIsCommittedIsNotCancelled: who gives up during a COMMIT hears what became of it.
func TestWhatIsCommittedIsNotCancelled(t *testing.T) {
	s := newOffice(t, onPostgres)
	db := administrator(t, s.path)
	execAll(t, db,
		"CREATE FUNCTION wait_for_the_test() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END$$",
		"CREATE CONSTRAINT TRIGGER waits AFTER INSERT ON claims DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION wait_for_the_test()")
	execAll(t, db, "SELECT pg_advisory_lock(4711)") // of the one connection of db
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	committed := make(chan error)
	go func() {
		committed <- s.store.change(ctx, func(db *gorm.DB) error {
			return execute(db, "claim", "INSERT INTO claims VALUES ('db01', 'somebody', '')")
		})
	}()
	for limit := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		var waiting int
		one(t, db, &waiting, "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database WHERE datname = current_database() AND objid = 4711 AND NOT granted")
		if waiting == 1 {
			break
		}
		if time.Now().After(limit) {
			t.Fatal("the COMMIT is not under way after a minute")
		}
	}
	cancel()
	execAll(t, db, "SELECT pg_advisory_unlock(4711)")
	if err := <-committed; err != nil {
		t.Errorf("got %v", err)
	}
}

// TestAServerThatOnlyFollowsNowIsLeft: what was a connection to the one that decides is
// used no more.
func TestAServerThatOnlyFollowsNowIsLeft(t *testing.T) {
	s := newOffice(t, onPostgres)
	for range writers {
		if err := s.store.writer.Exec("SET default_transaction_read_only = on").Error; err != nil {
			t.Fatal(err)
		}
	}
	failed := 0
	for range writers + 1 {
		if err := s.store.Ready(t.Context()); err != nil {
			failed++
		}
	}
	if err := s.store.Ready(t.Context()); failed == 0 || err != nil {
		t.Errorf("after %d that failed: %v", failed, err)
	}
}

// TestAFullServerIsSaidToBeOne, by what it says: its disk is nowhere to be seen.
func TestAFullServerIsSaidToBeOne(t *testing.T) {
	s := newOffice(t, onPostgres)
	execAll(t, administrator(t, s.path),
		"CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = 'disk_full'; END$$",
		"CREATE TRIGGER no_room BEFORE INSERT ON claims FOR EACH ROW EXECUTE FUNCTION no_room()")
	if _, err := s.store.Claim(t.Context(), "db01", "somebody", epoch, epoch); !errors.Is(err, desk.ErrDiskFull) {
		t.Errorf("got %v", err)
	}
}

// TestTheHeadIsLocked: who writes is waited for, no longer than the caller waits, and
// what they wrote is seen; who only reads waits for nobody.
func TestTheHeadIsLocked(t *testing.T) {
	s := newOffice(t, onPostgres)
	other := s.open(t)
	d := s.draft()
	if err := d.happen(nil); err != nil {
		t.Fatal(err)
	}
	locked, done := make(chan struct{}), make(chan struct{})
	var holding sync.WaitGroup
	holding.Go(func() {
		if err := other.change(t.Context(), func(*gorm.DB) error { close(locked); <-done; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-locked
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := s.store.Write(ctx, d.write); !errors.Is(err, desk.ErrStoreUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if _, _, err := s.store.Head(t.Context()); err != nil {
		t.Errorf("readers wait too: %v", err)
	}
	close(done)
	holding.Wait()
	if err := s.store.Write(t.Context(), d.write); err != nil {
		t.Errorf("after the lock was given back: %v", err)
	}
}

// TestManyStartOnAnEmptyServer: all come in, and the schema is made once.
func TestManyStartOnAnEmptyServer(t *testing.T) {
	at := postgrestest.New(t)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if _, err := openPostgres(t, at); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if version, known, err := Schema(t.Context(), at); err != nil || version != known || known == 0 {
		t.Errorf("schema %d of %d, %v", version, known, err)
	}
}

// TestAServerOfALaterTandemIsRefused, and an empty database is none of Tandem's.
func TestAServerOfALaterTandemIsRefused(t *testing.T) {
	empty := postgrestest.New(t)
	if version, _, err := Schema(t.Context(), empty); err != nil || version != 0 {
		t.Errorf("schema %d, %v", version, err)
	}
	if _, err := OpenReadOnly(t.Context(), empty, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("an empty database was read")
	}
	s := newScribe(t, onPostgres)
	if err := s.store.writer.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)").Error; err != nil {
		t.Fatal(err)
	}
	if _, err := openPostgres(t, s.path); err == nil || !strings.Contains(err.Error(), "version 9999, from a later Tandem") {
		t.Error(err)
	}
}

// TestNoValuesInTheLogOfAServersStatements, nor in the error.
func TestNoValuesInTheLogOfAServersStatements(t *testing.T) {
	s := newScribe(t, onPostgres)
	add := func() error {
		return s.store.write(t.Context(), "write preferences", "INSERT INTO preferences (username, language, zone) VALUES (?, ?, ?)", "canary-person", "canary!!", "canary")
	}
	if err := add(); err != nil {
		t.Fatal(err)
	}
	err := add()
	if _, is := errors.AsType[*pgconn.PgError](err); !is || !errors.Is(err, gorm.ErrDuplicatedKey) || strings.Contains(err.Error(), "canary") {
		t.Errorf("got %v", err)
	}
	if text := s.log.String(); !strings.Contains(text, "INSERT INTO") || strings.Contains(text, "canary") {
		t.Errorf("logged: %s", text)
	}
}
