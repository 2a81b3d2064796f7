package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody/desk"
)

// keep is for how long Sweep leaves what is over.
const keep = 24 * time.Hour

// PasswordHash, and all below it, is as desk.Accounts says.
func (s *Store) PasswordHash(ctx context.Context, username string) (string, error) {
	var hash string
	err := s.reader.WithContext(ctx).Table("accounts").Select("password_hash").Where("username = ?", username).Take(&hash).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return "", desk.ErrNoAccount
	}
	return hash, unavailable("read an account", err)
}

func (s *Store) SetPasswordHash(ctx context.Context, username, hash string) error {
	return s.write(ctx, "write an account", `INSERT INTO accounts (username, password_hash) VALUES (?, ?)
		ON CONFLICT (username) DO UPDATE SET password_hash = excluded.password_hash`, username, hash)
}

func (s *Store) HasRecoveryCodes(ctx context.Context, username string) (bool, error) {
	var has bool
	err := s.reader.WithContext(ctx).Raw("SELECT EXISTS (SELECT 1 FROM recovery_codes WHERE username = ?)", username).Scan(&has).Error
	return has, unavailable("read recovery codes", err)
}

func (s *Store) SetRecoveryCodes(ctx context.Context, username string, hashes [][32]byte) error {
	return s.change(ctx, func(db *gorm.DB) error {
		if err := db.Exec("DELETE FROM recovery_codes WHERE username = ?", username).Error; err != nil {
			return unavailable("delete recovery codes", err)
		}
		for _, hash := range hashes {
			if err := db.Exec("INSERT INTO recovery_codes (username, hash) VALUES (?, ?)", username, hash[:]).Error; err != nil {
				return unavailable("write a recovery code", err)
			}
		}
		return nil
	})
}

func (s *Store) TakeRecoveryCode(ctx context.Context, username string, hash [32]byte) (bool, error) {
	taken, err := s.affect(ctx, "delete a recovery code", "DELETE FROM recovery_codes WHERE username = ? AND hash = ?", username, hash[:])
	return taken == 1, err
}

// ForgetCodes is as desk.Tx says.
func (t *tx) ForgetCodes(person string) error {
	return execute(t.db, "delete recovery codes", "DELETE FROM recovery_codes WHERE username = ?", person)
}

// throttleRow is a row of throttles.
type throttleRow struct {
	Name        string `gorm:"primaryKey"`
	Failures    int
	Locks       int
	LockedUntil string
	Touched     string
}

func (throttleRow) TableName() string { return "throttles" }

func (s *Store) UpdateThrottle(ctx context.Context, name string, change func(desk.Throttle) desk.Throttle) (desk.Throttle, error) {
	var after desk.Throttle
	err := s.change(ctx, func(db *gorm.DB) error {
		var row throttleRow
		if err := db.Limit(1).Find(&row, "name = ?", name).Error; err != nil {
			return unavailable("read a throttle", err)
		}
		var d decoder
		before := desk.Throttle{
			Failures: row.Failures, Locks: row.Locks,
			LockedUntil: d.instant(row.LockedUntil), Touched: d.instant(row.Touched),
		}
		if d.err != nil {
			return fmt.Errorf("store: a throttle: %w", d.err)
		}
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
			{"DELETE FROM throttles WHERE touched < ? AND locked_until <= ?", []any{yesterday, today}},
			{"DELETE FROM devices WHERE seen < ?", []any{formatInstant(now.Add(-keepDevice))}},
			{"DELETE FROM idempotency_keys WHERE at < ?", []any{yesterday}},
			{"DELETE FROM claims WHERE until < ?", []any{yesterday}},
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
