package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Backup writes a copy of the database, as it is at one moment, to a new file,
// which only its owner may read. Commits go on meanwhile. It refuses a file
// that exists, and leaves none behind when it fails.
func (s *Store) Backup(ctx context.Context, path string) (err error) {
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
	if err := sqliteCopy(ctx, s.path, path); err != nil {
		return unavailable("backup", err)
	}
	// VACUUM INTO leaves it to the operating system when the copy reaches the disk.
	if err := file.Sync(); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return syncDirectory(filepath.Dir(path))
}

func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	defer directory.Close()
	if err := directory.Sync(); err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return nil
}
