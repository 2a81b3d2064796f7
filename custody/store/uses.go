package store

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/custody/desk"
)

// SessionUse, and UseSession, are as desk.Accounts says.
func (s *Store) SessionUse(ctx context.Context, session string) (desk.SessionUse, error) {
	var row struct{ At, Mark string }
	err := s.reader.WithContext(ctx).Raw("SELECT at, mark FROM session_uses WHERE session = ?", session).Scan(&row).Error
	if err != nil {
		return desk.SessionUse{}, unavailable("read when a log-in was used", err)
	}
	at, err := parseInstant(row.At)
	if err != nil { // somebody wrote it there: it has no mark of ours either
		return desk.SessionUse{}, nil
	}
	return desk.SessionUse{At: at, Mark: row.Mark}, nil
}

func (s *Store) UseSession(ctx context.Context, session string, at time.Time, mark string) error {
	return s.write(ctx, "write when a log-in was used", `INSERT INTO session_uses (session, at, mark) VALUES (?, ?, ?)
		ON CONFLICT (session) DO UPDATE SET at = excluded.at, mark = excluded.mark`, session, formatInstant(at), mark)
}
