package store

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// What is kept of the devices in which people have logged in. A device that
// nobody uses is forgotten, and so are the oldest of somebody who has very many:
// a script that logs in anew each time must not fill the table.
const (
	keepDevice = 180 * 24 * time.Hour
	maxDevices = 200
)

// HasDevice, and all below it, is as desk.Accounts says.
func (s *Store) HasDevice(ctx context.Context, person string, tokenHash [32]byte) (bool, error) {
	var has bool
	err := s.reader.WithContext(ctx).
		Raw("SELECT EXISTS (SELECT 1 FROM devices WHERE person = ? AND token_hash = ?)", person, tokenHash[:]).Scan(&has).Error
	return has, unavailable("read a device", err)
}

func (s *Store) KnowsDevice(ctx context.Context, tokenHash [32]byte) (bool, error) {
	var known bool
	err := s.reader.WithContext(ctx).
		Raw("SELECT EXISTS (SELECT 1 FROM devices WHERE token_hash = ?)", tokenHash[:]).Scan(&known).Error
	return known, unavailable("read a device", err)
}

func (s *Store) SeeDevice(ctx context.Context, person string, tokenHash [32]byte, at time.Time) error {
	return s.change(ctx, func(db *gorm.DB) error {
		err := execute(db, "write a device", `INSERT INTO devices (token_hash, person, seen) VALUES (?, ?, ?)
			ON CONFLICT (person, token_hash) DO UPDATE SET seen = excluded.seen`, tokenHash[:], person, formatInstant(at))
		if err != nil {
			return err
		}
		return execute(db, "delete old devices", `DELETE FROM devices WHERE person = ? AND token_hash NOT IN
			(SELECT token_hash FROM devices WHERE person = ? ORDER BY seen DESC, token_hash LIMIT ?)`, person, person, maxDevices)
	})
}

func (s *Store) DeleteDevices(ctx context.Context, person string) error {
	return s.write(ctx, "delete devices", "DELETE FROM devices WHERE person = ?", person)
}
