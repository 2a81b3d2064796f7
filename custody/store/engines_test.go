package store

import (
	"database/sql"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody/store/storetest/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

// engine is a database that the tests of this package run on.
type engine struct {
	name    string
	fresh   func(t testing.TB) (at string)
	kept    func(t testing.TB, s *scribe) (at string)                    // a copy, also of one that is in use
	copied  func(t testing.TB, from string) (at string)                  // of one that nobody has open
	driver  string                                                       // of database/sql
	unguard func(t testing.TB, db *sql.DB)                               // nothing keeps the ledger append-only any more
	columns string                                                       // SQL: those of the table $1 that are not computed
	tables  string                                                       // SQL: all of them
	row     func(ask func(string, ...any) []string, table string) string // SQL: a row of the table, called x, as a text
	bare    string                                                       // SQL: makes a table of records, which are numbered by themselves
	every   int                                                          // of so many bits one is flipped: on a server each change is a journey
	refuses func(text string) bool                                       // it takes no such text
}

var onSQLite = engine{
	name:  "SQLite",
	fresh: func(t testing.TB) string { return filepath.Join(t.TempDir(), "tandem.db") },
	kept: func(t testing.TB, s *scribe) string {
		t.Helper()
		path := filepath.Join(t.TempDir(), "copy.db")
		if err := s.store.Backup(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		return path
	},
	copied: func(t testing.TB, from string) string {
		t.Helper()
		content, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "tampered.db")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	},
	driver: "sqlite3",
	unguard: func(t testing.TB, db *sql.DB) {
		t.Helper()
		execAll(t, db, "PRAGMA synchronous = OFF", "PRAGMA ignore_check_constraints = ON", "PRAGMA foreign_keys = OFF")
		for _, trigger := range textsOf(t, db, "SELECT name FROM sqlite_schema WHERE type = 'trigger'") {
			execAll(t, db, "DROP TRIGGER "+trigger)
		}
	},
	columns: "SELECT name FROM pragma_table_info($1)",
	tables:  "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
	row: func(ask func(string, ...any) []string, table string) string {
		return "quote(" + strings.Join(ask("SELECT name FROM pragma_table_xinfo(?)", table), ") || ', ' || quote(") + ")"
	},
	bare:    "CREATE TABLE bare (id INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT",
	every:   1,
	refuses: func(string) bool { return false },
}

var onPostgres = engine{
	name:  "PostgreSQL",
	fresh: postgrestest.New,
	kept: func(t testing.TB, s *scribe) string {
		t.Helper()
		if err := s.store.Close(); err != nil { // a template is in nobody's use
			t.Fatal(err)
		}
		at := postgrestest.Copy(t, s.path)
		s.store = s.open(t)
		return at
	},
	copied: postgrestest.Copy,
	driver: "pgx",
	unguard: func(t testing.TB, db *sql.DB) {
		t.Helper()
		execAll(t, db, "SET session_replication_role = replica", "SET synchronous_commit = off")
	},
	columns: "SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position",
	tables:  "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename",
	row:     func(func(string, ...any) []string, string) string { return "x::text" },
	bare:    "CREATE TABLE bare (id bigserial PRIMARY KEY, record bytea NOT NULL)",
	every:   7, // which comes by every bit of a byte
	refuses: func(text string) bool { return strings.ToValidUTF8(text, "") != text || strings.Contains(text, "\x00") },
}

// onBoth runs a test on each engine.
func onBoth(t *testing.T, run func(t *testing.T, on engine)) {
	for _, on := range []engine{onSQLite, onPostgres} {
		t.Run(on.name, func(t *testing.T) { run(t, on) })
	}
}

// engineOf gives the engine of an address.
func engineOf(at string) engine {
	if isPostgres(at) {
		return onPostgres
	}
	return onSQLite
}

// numbered has a statement's parameters as both engines take them.
func numbered(statement string) string {
	parts := strings.Split(statement, "?")
	var all strings.Builder
	for i, part := range parts[:len(parts)-1] {
		fmt.Fprintf(&all, "%s$%d", part, i+1)
	}
	_, _ = io.WriteString(&all, parts[len(parts)-1])
	return all.String()
}

// rowsOf gives every row of a table, its computed columns left out.
func rowsOf(t testing.TB, db *sql.DB, columns, table string) (all [][]any) {
	t.Helper()
	rows, err := db.Query("SELECT " + columns + " FROM " + table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		values := make([]any, 1+strings.Count(columns, ","))
		into := make([]any, len(values))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, values)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
