package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody/desk"
)

// What is kept of the devices in which people have logged in. A device that
// nobody uses is forgotten, and so are the oldest of somebody who has very many:
// a script that logs in anew each time must not fill the table.
const (
	keepDevice = 180 * 24 * time.Hour
	maxDevices = 200
)

// Devices, and all below it, is as desk.Accounts says.
func (s *Store) Devices(ctx context.Context, tokenHash [32]byte) (people []desk.Device, err error) {
	err = s.reader.WithContext(ctx).
		Raw("SELECT person, mark FROM devices WHERE token_hash = ? ORDER BY person", tokenHash[:]).Scan(&people).Error
	return people, unavailable("read devices", err)
}

func (s *Store) SeeDevice(ctx context.Context, person string, tokenHash [32]byte, at time.Time, mark string) error {
	return s.change(ctx, func(db *gorm.DB) error {
		err := execute(db, "write a device", `INSERT INTO devices (token_hash, person, seen, mark) VALUES ($1, $2, $3, $4)
			ON CONFLICT (person, token_hash) DO UPDATE SET seen = excluded.seen, mark = excluded.mark`, tokenHash[:], person, formatInstant(at), mark)
		if err != nil {
			return err
		}
		return execute(db, "delete old devices", `DELETE FROM devices WHERE person = $1 AND token_hash NOT IN
			(SELECT token_hash FROM devices WHERE person = $1 ORDER BY seen DESC, token_hash LIMIT $2)`, person, maxDevices)
	})
}

func (s *Store) DeleteDevices(ctx context.Context, person string) error {
	return s.write(ctx, "delete devices", "DELETE FROM devices WHERE person = ?", person)
}
