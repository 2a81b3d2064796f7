package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody/desk"
)

// change runs fn in a transaction that holds the lock on the ledger's head. fn's error
// comes back as it is; after it, or a panic, the transaction leaves no trace. What was
// committed to another place than the one that everybody else opens counts as lost.
//
// ctx may end the wait for the lock, and fn. It ends no COMMIT: of one that was cut off
// nobody can say what became of it.
func (s *Store) change(ctx context.Context, fn func(db *gorm.DB) error) error {
	return s.lasting(func() error {
		return transaction(ctx, s.writer.WithContext(context.WithoutCancel(ctx)), underLock, func(db *gorm.DB) error {
			if s.dialect.hold != nil {
				if err := s.dialect.hold(ctx, db); err != nil {
					return unavailable("lock the ledger's head", err)
				}
			}
			err := fn(db.WithContext(ctx))
			if err == nil && ctx.Err() != nil {
				err = unavailable("cancelled", context.Cause(ctx))
			}
			return err
		})
	})
}

// lasting looks before and after a write whether the database that is open is the one
// at its place. After it too: whoever is told that it was done may reveal a password.
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
	return transaction(ctx, s.reader.WithContext(ctx), oneMoment, fn)
}

func transaction(ctx context.Context, db *gorm.DB, options *sql.TxOptions, fn func(db *gorm.DB) error) error {
	tx, err := begin(ctx, db, options)
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

// begin does not wait longer than ctx, where the database would: SQLite goes on until
// busyTimeout while another process has the lock.
func begin(ctx context.Context, db *gorm.DB, options *sql.TxOptions) (*gorm.DB, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	begun := make(chan *gorm.DB, 1)
	go func() { begun <- db.Begin(options) }()
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
	if judge(err) == full {
		return fmt.Errorf("%w: %s: %w", desk.ErrDiskFull, doing, err)
	}
	return fmt.Errorf("%w: %s: %w", desk.ErrStoreUnavailable, doing, err)
}
