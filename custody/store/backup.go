package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tandem-custody/tandem/audit"
)

// fsync is what makes a backup last. Tests look at what it is called with.
var fsync = (*os.File).Sync

// Backup writes a copy of the database, as it is at one moment, to a new file,
// which only its owner may read. Commits go on meanwhile. It refuses a file
// that exists, and leaves none behind when it fails.
func (s *Store) Backup(ctx context.Context, path string) error { return Copy(ctx, s.path, path) }

// Copy is Backup for a database that is not open here, whatever its schema.
func Copy(ctx context.Context, from, path string) (err error) {
	from, err = filepath.Abs(from)
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	defer func() {
		err = errors.Join(err, file.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if err := sqliteCopy(ctx, from, path); err != nil {
		return unavailable("backup", err)
	}
	// VACUUM INTO leaves it to the operating system when the copy reaches the disk.
	if err := fsync(file); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return syncDirectory(filepath.Dir(path))
}

// HeadOf gives the size and the root of a database's ledger, whatever its schema.
func HeadOf(ctx context.Context, path string) (size int64, root audit.Hash, err error) {
	path, err = filepath.Abs(path)
	if err != nil {
		return 0, root, fmt.Errorf("store: %w", err)
	}
	db, err := sqliteEvidence(path)
	if err != nil {
		return 0, root, fmt.Errorf("store: %w", err)
	}
	pool, err := db.DB()
	if err != nil {
		return 0, root, fmt.Errorf("store: %w", err)
	}
	defer pool.Close()
	var head struct { // what it has had from the first schema on
		Size int64
		Root []byte
	}
	if err := db.WithContext(ctx).Table("ledger_head").Select("size, root").Scan(&head).Error; err != nil {
		return 0, root, unavailable("read the ledger's head", err)
	}
	if len(head.Root) != len(root) {
		return 0, root, fmt.Errorf("store: the root in the ledger's head has %d bytes", len(head.Root))
	}
	return head.Size, audit.Hash(head.Root), nil
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
