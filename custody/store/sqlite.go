package store

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/mattn/go-sqlite3"
	"github.com/pressly/goose/v3"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
)

// All that is particular to SQLite is in the files called sqlite and in migrations/sqlite.

// sqliteDialect is SQLite's entry. BEGIN IMMEDIATE takes the lock on the head: also between
// processes.
var sqliteDialect = dialect{
	connect: sqliteConnect,
	folder:  "sqlite", goose: goose.DialectSQLite3,
	guard: guard{computed: sqliteComputed, elements: sqliteElements, lifted: withoutTriggers},
	place: func(path string) place { return &file{path: path} },
}

// minSQLite is the first version without the WAL-reset corruption: 3.51.3.
const minSQLite = 3051003

// pragma is what a connection must answer, read back after it was set: a wrong
// file system or a misspelt option is silent otherwise.
type pragma struct{ name, want string }

var (
	durable = []pragma{
		{"journal_mode", "wal"},
		{"synchronous", "2"}, // FULL
	}
	always = []pragma{
		{"foreign_keys", "1"},
		{"busy_timeout", strconv.FormatInt(busyTimeout.Milliseconds(), 10)},
	}
	wiping    = []pragma{{"secure_delete", "1"}}
	readsOnly = []pragma{{"query_only", "1"}}
)

func sqliteConnect(path string, use use) (*gorm.DB, error) {
	switch use {
	case toWrite:
		if err := Create(path); err != nil {
			return nil, err
		}
		return sqliteWriter(path)
	case toRead:
		return sqliteReaders(path)
	default:
		if _, err := os.Stat(path); err != nil {
			return nil, err
		}
		return sqliteEvidence(path)
	}
}

// sqliteJudge is one of the judges.
func sqliteJudge(err error) failure {
	failed, is := errors.AsType[sqlite3.Error](err)
	switch {
	case is && (failed.Code == sqlite3.ErrBusy || failed.Code == sqlite3.ErrLocked):
		return passes
	case is && failed.Code == sqlite3.ErrFull:
		return full
	}
	return another
}

// sqliteWriter is the one connection that writes. Its transactions take the
// write lock as they begin: one that reads first and takes it later fails at
// once when another process wrote meanwhile, without waiting.
func sqliteWriter(path string) (*gorm.DB, error) {
	return sqliteDB(sqliteDSN(path, url.Values{
		"mode":             {"rw"}, // see sqliteReaders; Create made the file
		"_journal_mode":    {"WAL"},
		"_synchronous":     {"FULL"},
		"_txlock":          {"immediate"},
		"_secure_delete":   {"on"}, // always: pages that are split leave copies of what they had
		"_stmt_cache_size": {"64"},
	}), 1, durable, always, wiping)
}

// sqliteReaders are connections that cannot write. A connection that is opened later,
// while the file is away, must not make an empty one in its place: SQLite would take
// the write-ahead log beside it for that one's, and remove it.
func sqliteReaders(path string) (*gorm.DB, error) {
	return sqliteDB(sqliteDSN(path, url.Values{
		"mode":             {"rw"},
		"_synchronous":     {"FULL"},
		"_query_only":      {"on"},
		"_stmt_cache_size": {"16"},
	}), readers+1, durable, always, readsOnly) // one is kept: see file.stay
}

// sqliteEvidence is a database that stays exactly as it is. It may be a copy,
// which is in no WAL mode.
func sqliteEvidence(path string) (*gorm.DB, error) {
	return sqliteDB(sqliteDSN(path, url.Values{
		"mode":        {"ro"},
		"_query_only": {"on"},
	}), readers, always, readsOnly)
}

func sqliteDSN(path string, options url.Values) string {
	options.Set("_foreign_keys", "on")
	options.Set("_busy_timeout", strconv.FormatInt(busyTimeout.Milliseconds(), 10))
	// The path of a URI, so that no character in it is taken for an option.
	return "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() + "?" + options.Encode()
}

// sqliteDB opens connections of which each has proved its pragmas.
func sqliteDB(dsn string, most int, want ...[]pragma) (*gorm.DB, error) {
	if text, number, _ := sqlite3.Version(); number < minSQLite {
		return nil, fmt.Errorf("store: SQLite %s can corrupt a WAL database; 3.51.3 or later is needed", text)
	}
	pool := sql.OpenDB(Connector(dsn, func(c *sqlite3.SQLiteConn) error {
		for _, p := range slices.Concat(want...) {
			if err := p.check(c); err != nil {
				return err
			}
		}
		return nil
	}))
	pool.SetMaxOpenConns(most)
	pool.SetMaxIdleConns(most)
	db, err := gorm.Open(quiet{&sqlite.Dialector{Conn: pool}}, gormConfig())
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return db, nil
}

// quiet never writes the values into a statement that is logged. GORM's own filter
// (logger.Config.ParameterizedQueries) is forgotten by its Scan.
type quiet struct{ *sqlite.Dialector }

// Explain gives the statement as it was prepared.
func (quiet) Explain(sql string, _ ...any) string { return sql }

func (p pragma) check(c *sqlite3.SQLiteConn) error {
	rows, err := c.Query("PRAGMA "+p.name, nil)
	if err != nil {
		return err
	}
	defer rows.Close()
	value := make([]driver.Value, 1)
	if err := rows.Next(value); err != nil && err != io.EOF {
		return err
	}
	if got := fmt.Sprint(value[0]); got != p.want {
		return fmt.Errorf("store: PRAGMA %s is %q and must be %q", p.name, got, p.want)
	}
	return nil
}
