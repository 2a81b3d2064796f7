package store

import "context"

// Position gives the index from which a stream goes on, 0 for a new one.
func (s *Store) Position(ctx context.Context, stream string) (int64, error) {
	var next []int64
	err := s.reader.WithContext(ctx).Raw("SELECT next FROM stream_positions WHERE stream = ?", stream).Scan(&next).Error
	if err != nil || len(next) == 0 {
		return 0, unavailable("read a stream's position", err)
	}
	return next[0], nil
}

// SetPosition moves a stream on; it never goes back.
func (s *Store) SetPosition(ctx context.Context, stream string, next int64) error {
	return s.write(ctx, "move a stream", `INSERT INTO stream_positions (stream, next) VALUES (?, ?)
		ON CONFLICT (stream) DO UPDATE SET next = max(next, excluded.next)`, stream, next)
}
