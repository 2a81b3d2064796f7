package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/mattn/go-sqlite3"
	"github.com/pressly/goose/v3"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody/search"
)

// All that is particular to SQLite is in this file and in migrations/.

// minSQLite is the first version without the WAL-reset corruption: 3.51.3.
const minSQLite = 3051003

// busyTimeout is how long a statement waits for another process's lock.
const busyTimeout = 5 * time.Second

const dialect = goose.DialectSQLite3

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

// emptyLog overwrites the database with what is in the write-ahead log, and leaves
// nothing in that, once a text was redacted: the log has the pages as they were. Who
// reads the database at an earlier moment prevents it, and is not waited for: the
// next write tries again.
func (s *Store) emptyLog(ctx context.Context) {
	if !s.logged.Load() {
		return
	}
	_ = s.writer.WithContext(ctx).Connection(func(db *gorm.DB) error {
		if err := db.Exec("PRAGMA busy_timeout = 0").Error; err != nil {
			return err
		}
		defer db.Exec(fmt.Sprintf("PRAGMA busy_timeout = %d", busyTimeout.Milliseconds()))
		var kept bool
		err := db.Raw("PRAGMA wal_checkpoint(TRUNCATE)").Row().Scan(&kept, new(int64), new(int64))
		if err == nil {
			s.logged.Store(kept)
		}
		return err
	})
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
	}), readers+1, durable, always, readsOnly) // one is kept: see stay
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
		return c.RegisterFunc("folded", search.Fold, true)
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

// sqliteCopy writes the database at path, as it is at one moment, into an empty
// file. It has a connection of its own: to SQLite the copy is a write, which
// readers may not, and the writer has something else to do.
func sqliteCopy(ctx context.Context, path, into string) error {
	db, err := sqliteDB(sqliteDSN(path, url.Values{"mode": {"ro"}}), 1, always)
	if err != nil {
		return err
	}
	pool, err := db.DB()
	if err != nil {
		return err
	}
	return errors.Join(db.WithContext(ctx).Exec("VACUUM INTO ?", into).Error, pool.Close())
}
