package store

import (
	"context"
	"time"

	"gorm.io/gorm"
)

// Listen is as desk.Store has it. Where nobody says anything it waits.
func (s *Store) Listen(ctx context.Context, heard func()) error {
	if s.dialect.listen == nil {
		<-ctx.Done()
		return ctx.Err()
	}
	return unavailable("listen", s.dialect.listen(ctx, s.at, heard))
}

// Time gives the database's own time, by the clock of its machine. false: it has none but
// that of this machine.
func (s *Store) Time(ctx context.Context) (now time.Time, its bool, err error) {
	if s.dialect.time == nil {
		return time.Time{}, false, nil
	}
	now, err = s.dialect.time(s.reader.WithContext(ctx))
	return now, true, unavailable("ask for the time", err)
}

// announce has whoever listens hear of a commit, once it is one.
func (s *Store) announce(db *gorm.DB) error {
	if s.dialect.announce == nil {
		return nil
	}
	return s.dialect.announce(db)
}
