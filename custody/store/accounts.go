package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// keep is for how long Sweep leaves what is over.
const keep = 24 * time.Hour

// throttleRow is a row of throttles.
type throttleRow struct {
	Name        string `gorm:"primaryKey"`
	Failures    int
	Locks       int
	LockedUntil string
	Touched     string
}

func (throttleRow) TableName() string { return "throttles" }

// UpdateThrottle, and all below it, is as desk.Accounts says.
func (s *Store) UpdateThrottle(ctx context.Context, name string, change func(desk.Throttle) desk.Throttle) (desk.Throttle, error) {
	var after desk.Throttle
	err := s.change(ctx, func(db *gorm.DB) error {
		var row throttleRow
		if err := db.Limit(1).Find(&row, "name = ?", name).Error; err != nil {
			return unavailable("read a throttle", err)
		}
		until, err1 := parseInstant(row.LockedUntil)
		touched, err2 := parseInstant(row.Touched)
		if err := errors.Join(err1, err2); err != nil {
			return fmt.Errorf("store: a throttle: %w", err)
		}
		before := desk.Throttle{Failures: row.Failures, Locks: row.Locks, LockedUntil: until, Touched: touched}
		if after = change(before); after == before {
			return nil
		}
		return unavailable("write a throttle", db.Save(&throttleRow{
			Name: name, Failures: after.Failures, Locks: after.Locks,
			LockedUntil: formatInstant(after.LockedUntil), Touched: formatInstant(after.Touched),
		}).Error)
	})
	return after, err
}

func (s *Store) DeleteThrottles(ctx context.Context, name string) error {
	return s.write(ctx, "delete throttles", "DELETE FROM throttles WHERE name = ? OR substr(name, 1, ?) = ?", name, len(name)+1, name+"/")
}

// Sweep forgets throttles only when their lock is over, too.
func (s *Store) Sweep(ctx context.Context, now time.Time) error {
	today, yesterday := formatInstant(now), formatInstant(now.Add(-keep))
	return s.change(ctx, func(db *gorm.DB) error {
		for _, step := range []struct {
			statement string
			args      []any
		}{
			{"DELETE FROM throttles WHERE touched < $1 AND locked_until <= $2", []any{yesterday, today}},
			{"DELETE FROM devices WHERE seen < $1", []any{formatInstant(now.Add(-keepDevice))}},
			{"DELETE FROM session_uses WHERE at < $1", []any{formatInstant(now.Add(-custody.MaxSessionFor - keep))}},
			{"DELETE FROM idempotency_keys WHERE at < $1", []any{yesterday}},
			{"DELETE FROM claims WHERE until < $1", []any{yesterday}},
		} {
			if err := execute(db, "sweep", step.statement, step.args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// write runs one statement that changes something beside the ledger.
func (s *Store) write(ctx context.Context, doing, statement string, args ...any) error {
	_, err := s.affect(ctx, doing, statement, args...)
	return err
}

// affect is write, and says how many rows it changed.
func (s *Store) affect(ctx context.Context, doing, statement string, args ...any) (rows int64, err error) {
	err = s.lasting(func() error {
		done := s.writer.WithContext(ctx).Exec(statement, args...)
		rows = done.RowsAffected
		return unavailable(doing, done.Error)
	})
	if err != nil {
		return 0, err
	}
	return rows, nil
}
