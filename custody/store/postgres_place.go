package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"
)

// ErrNoCopy: only a database that is a file can be copied from outside.
var ErrNoCopy = errors.New("a PostgreSQL server is backed up by its own means, pg_dump or a base backup with its WAL: see docs/operating.md")

// remote is the place of a PostgreSQL database. Its disks, its log and whether it is the
// right one are the server's to look after; what it answers is all that is seen.
type remote struct{ at string }

// String gives whose database it is and where, and nothing else of the address.
func (s remote) String() string {
	config, _, err := parsePostgres(s.at)
	if err != nil {
		return "a PostgreSQL database"
	}
	return fmt.Sprintf("postgres://%s@%s:%d/%s", config.User, config.Host, config.Port, config.Database)
}

func (remote) absent() (bool, error)                { return false, nil }
func (remote) stay(context.Context, *sql.DB) error  { return nil }
func (remote) check() error                         { return nil }
func (remote) room() error                          { return nil }
func (remote) wipe(context.Context, *gorm.DB, bool) {}
func (remote) copy(context.Context, string) error   { return ErrNoCopy }
func (remote) close() error                         { return nil }
