package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/mattn/go-sqlite3"
	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody/desk"
)

// change runs fn in a transaction that holds the write lock, and so the
// ledger's head. fn's error comes back as it is; after it, or a panic, the
// transaction leaves no trace. What was committed into a file that is not at its
// path any more counts as lost.
func (s *Store) change(ctx context.Context, fn func(db *gorm.DB) error) error {
	return s.lasting(func() error { return transaction(ctx, s.writer, fn) })
}

// lasting looks before and after a write whether the file that is open is the one
// at the path. After it too: whoever is told that it was done may reveal a password.
func (s *Store) lasting(write func() error) error {
	if err := s.place.check(); err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	return s.place.check()
}

// snapshot runs fn in a transaction in which all reads see the same moment.
func (s *Store) snapshot(ctx context.Context, fn func(db *gorm.DB) error) error {
	return transaction(ctx, s.reader, fn)
}

func transaction(ctx context.Context, db *gorm.DB, fn func(db *gorm.DB) error) error {
	tx, err := begin(ctx, db)
	if err != nil {
		return unavailable("begin", err)
	}
	defer tx.Rollback() // does nothing after a commit
	if err = fn(tx); err == nil {
		err = unavailable("commit", tx.Commit().Error)
	}
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return unavailable("cancelled", fmt.Errorf("%w: %w", err, context.Cause(ctx)))
	}
	return err
}

// begin does not wait longer than ctx. SQLite does: it goes on until
// busyTimeout while another process has the lock.
func begin(ctx context.Context, db *gorm.DB) (*gorm.DB, error) {
	begun := make(chan *gorm.DB, 1)
	go func() { begun <- db.WithContext(ctx).Begin() }()
	select {
	case tx := <-begun:
		return tx, tx.Error
	case <-ctx.Done():
		go func() {
			if tx := <-begun; tx.Error == nil {
				tx.Rollback()
			}
		}()
		return nil, context.Cause(ctx)
	}
}

// unavailable marks a failure of the database as such. nil stays nil.
func unavailable(doing string, err error) error {
	if err == nil || errors.Is(err, desk.ErrStoreUnavailable) {
		return err
	}
	if full, is := errors.AsType[sqlite3.Error](err); is && full.Code == sqlite3.ErrFull {
		return fmt.Errorf("%w: %s: %w", desk.ErrDiskFull, doing, err)
	}
	return fmt.Errorf("%w: %s: %w", desk.ErrStoreUnavailable, doing, err)
}
