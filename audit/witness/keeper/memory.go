package keeper

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/witness"
)

// schema is the whole memory of a witness. Both tables only grow.
const schema = `
CREATE TABLE IF NOT EXISTS cosigned (
    origin TEXT    NOT NULL,
    size   INTEGER NOT NULL,
    root   BLOB    NOT NULL CHECK (length(root) = 32),
    note   BLOB    NOT NULL,
    at     TEXT    NOT NULL,
    PRIMARY KEY (origin, size)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS evidence (
    origin   TEXT NOT NULL,
    cosigned BLOB NOT NULL,
    refused  BLOB NOT NULL,
    kind     TEXT NOT NULL,
    at       TEXT NOT NULL,
    PRIMARY KEY (origin, cosigned, refused)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS cosigned_update BEFORE UPDATE ON cosigned BEGIN SELECT RAISE(ABORT, 'cosigned is append-only'); END;
CREATE TRIGGER IF NOT EXISTS cosigned_delete BEFORE DELETE ON cosigned BEGIN SELECT RAISE(ABORT, 'cosigned is append-only'); END;
CREATE TRIGGER IF NOT EXISTS evidence_update BEFORE UPDATE ON evidence BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
CREATE TRIGGER IF NOT EXISTS evidence_delete BEFORE DELETE ON evidence BEGIN SELECT RAISE(ABORT, 'evidence is append-only'); END;
`

// maxEvidence is how many pieces are kept of one log. Only the log can make any,
// and one is enough.
const maxEvidence = 1000

// Memory is a witness.Store in a SQLite file of its own.
type Memory struct{ db *sql.DB }

var _ witness.Store = (*Memory)(nil)

// Connect gives connections to a SQLite file; the DSN is that of mattn's driver. They
// must wait for another process that opens or closes the file at the same moment.
type Connect func(dsn string) driver.Connector

// OpenMemory opens the file at path, and makes it when there is none.
func OpenMemory(ctx context.Context, path string, connect Connect) (_ *Memory, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := create(path); err != nil {
		return nil, err
	}
	// mode=rw: a connection that is opened later, while the file is away, must not make an
	// empty one in its place.
	dsn := "file:" + (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath() +
		"?mode=rw&_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_txlock=immediate"
	db := sql.OpenDB(connect(dsn))
	db.SetMaxOpenConns(1)
	s := &Memory{db}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("%s: %w", path, err), db.Close())
		}
	}()
	// What a witness has said it must not forget: WAL alone is not enough.
	var journal, synchronous string
	if err := db.QueryRowContext(ctx, `SELECT journal_mode, synchronous FROM pragma_journal_mode, pragma_synchronous`).
		Scan(&journal, &synchronous); err != nil {
		return nil, err
	}
	if journal != "wal" || synchronous != "2" {
		return nil, fmt.Errorf("journal_mode is %s and synchronous is %s: this file system does not keep what it is given", journal, synchronous)
	}
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, err
	}
	return s, nil
}

// create makes the file that is not there, for its owner only: SQLite would leave that
// to the umask. One that is there is not opened: to close it again would let go of the
// locks that this process has on it.
func create(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// Close closes the file.
func (s *Memory) Close() error { return s.db.Close() }

// Latest implements witness.Store.
func (s *Memory) Latest(ctx context.Context, origin string) (audit.Checkpoint, bool, error) {
	return scanCosigned(origin, s.db.QueryRowContext(ctx,
		`SELECT size, root, note FROM cosigned WHERE origin = ? ORDER BY size DESC LIMIT 1`, origin))
}

// Cosigned implements witness.Store.
func (s *Memory) Cosigned(ctx context.Context, origin string, size int64) (audit.Checkpoint, bool, error) {
	return scanCosigned(origin, s.db.QueryRowContext(ctx,
		`SELECT size, root, note FROM cosigned WHERE origin = ? AND size = ?`, origin, size))
}

func scanCosigned(origin string, row *sql.Row) (audit.Checkpoint, bool, error) {
	c := audit.Checkpoint{Origin: origin}
	var root []byte
	err := row.Scan(&c.Size, &root, &c.Text)
	if errors.Is(err, sql.ErrNoRows) {
		return audit.Checkpoint{}, false, nil
	}
	if err != nil {
		return audit.Checkpoint{}, false, err
	}
	c.Root = audit.Hash(root)
	return c, true, nil
}

// Advance implements witness.Store: one statement is one transaction.
func (s *Memory) Advance(ctx context.Context, old int64, c audit.Checkpoint, at time.Time) (bool, error) {
	done, err := s.db.ExecContext(ctx, `INSERT INTO cosigned (origin, size, root, note, at) SELECT ?1, ?2, ?3, ?4, ?5
		WHERE (SELECT coalesce(max(size), 0) FROM cosigned WHERE origin = ?1) = ?6`,
		c.Origin, c.Size, c.Root[:], c.Text, at.UTC().Format(time.RFC3339Nano), old)
	if err != nil {
		return false, err
	}
	rows, err := done.RowsAffected()
	return rows == 1, err
}

// Keep implements witness.Store.
func (s *Memory) Keep(ctx context.Context, e witness.Evidence) error {
	_, err := s.db.ExecContext(ctx, `INSERT OR IGNORE INTO evidence (origin, cosigned, refused, kind, at) SELECT ?1, ?2, ?3, ?4, ?5
		WHERE (SELECT count(*) FROM evidence WHERE origin = ?1) < ?6`,
		e.Origin, e.Cosigned, e.Refused, string(e.Kind), e.Seen.UTC().Format(time.RFC3339Nano), maxEvidence)
	return err
}

// Evidence gives all that was kept, the oldest first.
func (s *Memory) Evidence(ctx context.Context) ([]witness.Evidence, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT origin, cosigned, refused, kind, at FROM evidence ORDER BY at, refused`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []witness.Evidence{}
	for rows.Next() {
		var e witness.Evidence
		var at string
		if err := rows.Scan(&e.Origin, &e.Cosigned, &e.Refused, &e.Kind, &at); err != nil {
			return nil, err
		}
		if e.Seen, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, rows.Err()
}
