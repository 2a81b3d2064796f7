package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/tandem-custody/tandem/custody/desk"
)

var _ desk.Preferences = (*Store)(nil)

// Preference, and SetPreference below it, is as desk.Preferences says.
func (s *Store) Preference(ctx context.Context, username string) (desk.Preference, error) {
	// Past GORM, like Session: every page asks.
	var p desk.Preference
	err := s.reader.Statement.ConnPool.QueryRowContext(ctx, "SELECT language, zone FROM preferences WHERE username = ?", username).
		Scan(&p.Language, &p.Zone)
	if errors.Is(err, sql.ErrNoRows) {
		return desk.Preference{}, nil
	}
	return p, unavailable("read preferences", err)
}

func (s *Store) SetPreference(ctx context.Context, username string, p desk.Preference) error {
	return s.write(ctx, "write preferences", `INSERT INTO preferences (username, language, zone) VALUES (?, ?, ?)
		ON CONFLICT (username) DO UPDATE SET language = excluded.language, zone = excluded.zone`, username, p.Language, p.Zone)
}
