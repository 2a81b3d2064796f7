package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/mattn/go-sqlite3"
)

const (
	// openingTimeout bounds the wait for another process that opens or closes
	// the same file.
	openingTimeout = 30 * time.Second
	openingPause   = 10 * time.Millisecond
)

// Connector opens connections to a SQLite file that another process may be
// opening or closing at the same moment. DSN is that of mattn's driver; check
// looks at each new connection, nil: nothing does.
func Connector(dsn string, check func(*sqlite3.SQLiteConn) error) driver.Connector {
	return connector{dsn, &sqlite3.SQLiteDriver{ConnectHook: check}}
}

type connector struct {
	dsn    string
	driver *sqlite3.SQLiteDriver
}

func (c connector) Driver() driver.Driver { return c.driver }

// Connect waits by itself: SQLite heeds its busy timeout neither while a file
// becomes a WAL database nor while the last one who had it open clears up.
func (c connector) Connect(ctx context.Context) (driver.Conn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return backoff.Retry(ctx, func() (driver.Conn, error) {
		conn, err := c.driver.Open(c.dsn)
		if err != nil && sqliteJudge(err) != passes {
			return nil, backoff.Permanent(err)
		}
		return conn, err
	}, backoff.WithBackOff(backoff.NewConstantBackOff(openingPause)), backoff.WithMaxElapsedTime(openingTimeout))
}

// Create makes an empty file that only its owner may read, if there is none:
// SQLite would make it readable for everybody, and WAL and index follow its
// mode. It does not touch one that exists: to close it would give up every lock
// that this process has on it (sqlite.org/howtocorrupt.html).
func Create(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}
