package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody/desk"
)

// file is the place of a SQLite database. SQLite goes on writing into a file that has
// been deleted or replaced: what it commits there is lost when the process ends, and
// whoever opens the path meanwhile sees another history.
type file struct {
	path   string
	opened map[string]fs.FileInfo // the files that were opened, by path; nil: it is only read
	pin    io.Closer              // a connection that is never closed before the store is
	logged atomic.Bool            // the write-ahead log may hold a text that was redacted
}

func (f *file) String() string { return f.path }

// absent implements place.
func (f *file) absent() (bool, error) {
	info, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return err == nil && info.Size() == 0, err
}

// stay remembers which files are open, the write-ahead log included: neither gets
// another inode while a connection is. One is kept for good: with the last one SQLite
// would delete that log, and make another.
func (f *file) stay(ctx context.Context, reader *sql.DB) error {
	connection, err := reader.Conn(ctx)
	if err != nil {
		return err
	}
	f.pin = connection
	// The first read opens the write-ahead log.
	var size int64
	if err := connection.QueryRowContext(ctx, "SELECT size FROM ledger_head").Scan(&size); err != nil {
		return err
	}
	f.logged.Store(true) // as the process before left it
	opened := map[string]fs.FileInfo{}
	for _, name := range []string{f.path, f.path + "-wal"} {
		if opened[name], err = os.Stat(name); err != nil {
			return err
		}
	}
	f.opened = opened
	return nil
}

func (f *file) close() error {
	if f.pin == nil {
		return nil
	}
	err := f.pin.Close()
	f.pin = nil
	return err
}

// check implements place. The open file keeps its inode, so no other file can have it.
func (f *file) check() error {
	for name, opened := range f.opened {
		switch now, err := os.Stat(name); {
		case errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("%w: %s was deleted or moved away while it was open", desk.ErrStoreReplaced, name)
		case err != nil:
			return fmt.Errorf("%w: %w", desk.ErrStoreUnavailable, err)
		case !os.SameFile(opened, now):
			return fmt.Errorf("%w: %s is another file than the one that is open", desk.ErrStoreReplaced, name)
		}
	}
	return nil
}

// What must be free for commits to go on for a while. A commit takes some
// kilobytes, and the write-ahead log grows to 4 MiB before it is taken in.
const (
	minFreeBytes  = 16 << 20
	minFreeInodes = 16
)

// room looks at the file system. Some do not count inodes, and say 0 of 0.
func (f *file) room() error {
	var fsys syscall.Statfs_t
	folder := filepath.Dir(f.path)
	if err := syscall.Statfs(folder, &fsys); err != nil {
		return fmt.Errorf("%w: %s: %w", desk.ErrStoreUnavailable, folder, err)
	}
	if free := fsys.Bavail * uint64(fsys.Bsize); free < minFreeBytes {
		return fmt.Errorf("%w: %s has %d KiB left", desk.ErrDiskFull, folder, free>>10)
	}
	if fsys.Files > 0 && fsys.Ffree < minFreeInodes {
		return fmt.Errorf("%w: %s has %d inodes left", desk.ErrDiskFull, folder, fsys.Ffree)
	}
	return nil
}

// wipe overwrites the database with what is in the write-ahead log, and leaves
// nothing in that, once a text was redacted: the log has the pages as they were. Who
// reads the database at an earlier moment prevents it, and is not waited for: the
// next write tries again.
func (f *file) wipe(ctx context.Context, writer *gorm.DB, redacted bool) {
	if redacted {
		f.logged.Store(true)
	}
	if !f.logged.Load() {
		return
	}
	_ = writer.WithContext(ctx).Connection(func(db *gorm.DB) error {
		if err := db.Exec("PRAGMA busy_timeout = 0").Error; err != nil {
			return err
		}
		defer db.Exec(fmt.Sprintf("PRAGMA busy_timeout = %d", busyTimeout.Milliseconds()))
		var kept bool
		err := db.Raw("PRAGMA wal_checkpoint(TRUNCATE)").Row().Scan(&kept, new(int64), new(int64))
		if err == nil {
			f.logged.Store(kept)
		}
		return err
	})
}

// fsync is what makes a copy last. Tests look at what it is called with.
var fsync = (*os.File).Sync

// copy implements place. Only the file's owner may read the copy. Commits go on
// meanwhile; a file that exists is refused, and none is left behind by a failure.
func (f *file) copy(ctx context.Context, into string) (err error) {
	made, err := os.OpenFile(into, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	defer func() {
		err = errors.Join(err, made.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(into))
		}
	}()
	if err := vacuumInto(ctx, f.path, into); err != nil {
		return unavailable("backup", err)
	}
	// VACUUM INTO leaves it to the operating system when the copy reaches the disk.
	if err := fsync(made); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return syncDirectory(filepath.Dir(into))
}

// vacuumInto has a connection of its own: to SQLite the copy is a write, which readers
// may not, and the writer has something else to do.
func vacuumInto(ctx context.Context, path, into string) error {
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

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	defer directory.Close()
	if err := fsync(directory); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return nil
}
