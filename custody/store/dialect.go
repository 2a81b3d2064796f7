package store

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// dialect is all that two databases do differently. The rest of this package says
// everything once, in SQL that each of them takes: a parameter is ? where GORM writes
// the statement, and $1, $2, … in their order where it goes past GORM.
type dialect struct {
	// connect opens connections, each of which has proved that it is what its use needs.
	connect func(at string, use use) (*gorm.DB, error)

	// hold takes the lock on the ledger's head, until the transaction ends; nil: the
	// transaction took it as it began.
	hold func(ctx context.Context, db *gorm.DB) error

	// The schema's versions: a folder of migrations, and what goose calls the database.
	// One number is one schema, whatever the database.
	folder string
	goose  goose.Dialect

	// guard is what the schema itself keeps right.
	guard guard

	// time asks for the time of the server's own clock; listen calls heard when announce was
	// called in a transaction that was committed. nil: it is a file of this machine.
	time     func(db *gorm.DB) (time.Time, error)
	listen   func(ctx context.Context, at string, heard func()) error
	announce func(db *gorm.DB) error

	// place gives what Tandem can see of where a database lies.
	place func(at string) place
}

// use is what a connection is for.
type use int

const (
	toWrite    use = iota // the database is made where there is none
	toRead                // what a server reads, on which it decides
	asEvidence            // of a database that stays exactly as it is
)

// failure is a kind of error of a database.
type failure int

const (
	another failure = iota
	passes          // somebody else has a lock, or was first
	full            // there is no room on the disk
)

// guard is what a schema keeps right by itself.
type guard struct {
	// computed says, in a transaction, whether the columns that are computed are what they
	// are computed from: the error is a *Difference.
	computed func(db *gorm.DB) error

	// elements gives, as a table with a column value, what is in a list that documents of
	// incidents may have.
	elements func(list string) string

	// lifted runs fn without what keeps the ledger append-only, which is there again
	// when it is over.
	lifted func(db *gorm.DB, fn func() error) error
}

// place is where a database lies. Of a server's disks and files Tandem sees nothing.
type place interface {
	fmt.Stringer // as messages call it
	// absent says that there is nothing at the place yet.
	absent() (bool, error)
	// stay begins to watch over a place that is written to, until close.
	stay(ctx context.Context, reader *sql.DB) error
	// check says whether what is open is still what is at the place: an error wraps
	// desk.ErrStoreReplaced.
	check() error
	// room says whether commits can go on for a while: an error wraps desk.ErrDiskFull.
	room() error
	// wipe leaves nothing of a text that was redacted, now or earlier, in the log.
	wipe(ctx context.Context, writer *gorm.DB, redacted bool)
	// copy writes the database, as it is at one moment, into a new file.
	copy(ctx context.Context, into string) error
	close() error
}

// dialectOf gives the database that an address is of, and the address in the form that
// its dialect takes: a URL is a server; a path, or "sqlite:" and one, a file.
func dialectOf(at string) (*dialect, string, error) {
	if isPostgres(at) {
		return &postgresDialect, at, nil
	}
	path, err := filepath.Abs(strings.TrimPrefix(at, "sqlite:"))
	return &sqliteDialect, path, err
}

// judges say what kind of failure an error is, each of the errors of its driver.
var judges = []func(error) failure{sqliteJudge, postgresJudge}

func judge(err error) failure {
	for _, of := range judges {
		if kind := of(err); kind != another {
			return kind
		}
	}
	return another
}

// busyTimeout is how long a transaction waits for another process's lock.
const busyTimeout = 5 * time.Second

// What a transaction asks for. SQLite gives a writer more than it asks for: there is
// one at a time.
var (
	oneMoment = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	underLock = &sql.TxOptions{Isolation: sql.LevelReadCommitted}
)

// gormConfig has every transaction be ours: one for each call of change.
func gormConfig() *gorm.Config {
	return &gorm.Config{SkipDefaultTransaction: true, TranslateError: true, Logger: logger.Discard}
}
