package store

import (
	"context"
	"fmt"

	"github.com/tandem-custody/tandem/audit"
)

// Backup writes a copy of the database, as it is at one moment, to a new file.
func (s *Store) Backup(ctx context.Context, path string) error { return s.place.copy(ctx, path) }

// Copy is Backup for a database that is not open here, whatever its schema.
func Copy(ctx context.Context, from, path string) error {
	d, at, err := dialectOf(from)
	if err != nil {
		return fmt.Errorf("store: backup: %w", err)
	}
	return d.place(at).copy(ctx, path)
}

// HeadOf gives the size and the root of a database's ledger, whatever its schema.
func HeadOf(ctx context.Context, at string) (size int64, root audit.Hash, err error) {
	d, at, err := dialectOf(at)
	if err != nil {
		return 0, root, fmt.Errorf("store: %w", err)
	}
	db, err := d.connect(at, asEvidence)
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
