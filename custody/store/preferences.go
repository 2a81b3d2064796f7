package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tandem-custody/tandem/custody/desk"
)

var _ desk.Preferences = (*Store)(nil)

// Preference, and SetPreference below it, is as desk.Preferences says.
func (s *Store) Preference(ctx context.Context, username string) (p desk.Preference, mark string, err error) {
	// Past GORM, like Session: every page asks.
	err = s.reader.Statement.ConnPool.QueryRowContext(ctx, "SELECT language, zone, mark FROM preferences WHERE username = $1", username).
		Scan(&p.Language, &p.Zone, &mark)
	if errors.Is(err, sql.ErrNoRows) {
		return desk.Preference{}, "", nil
	}
	return p, mark, unavailable("read preferences", err)
}

func (s *Store) SetPreference(ctx context.Context, username string, p desk.Preference, mark string) error {
	return s.write(ctx, "write preferences", `INSERT INTO preferences (username, language, zone, mark) VALUES (?, ?, ?, ?)
		ON CONFLICT (username) DO UPDATE SET language = excluded.language, zone = excluded.zone, mark = excluded.mark`, username, p.Language, p.Zone, mark)
}
