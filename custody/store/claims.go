package store

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// Claim makes the owner the only one, over all replicas, who works on the
// credential's rotation until then, and says whether that worked: it does when
// nobody has it, when the one who had it let it run out, and when it is the
// owner's already. One that ends later than this one would was made by a clock that
// was ahead, and counts no more. A claim spares double work and is no fence: what a late
// worker reports is refused by the number of the rotation.
func (s *Store) Claim(ctx context.Context, credential, owner string, now, until time.Time) (bool, error) {
	claimed, err := s.affect(ctx, "claim a rotation", `INSERT INTO claims (credential, owner, until) VALUES (?, ?, ?)
		ON CONFLICT (credential) DO UPDATE SET owner = excluded.owner, until = excluded.until
		WHERE claims.owner = excluded.owner OR claims.until <= ? OR claims.until > ?`,
		credential, owner, formatInstant(until), formatInstant(now), formatInstant(until.Add(custody.ClockSlack)))
	return claimed == 1, err
}

// Release ends the owner's claim; it does nothing when it is somebody else's.
func (s *Store) Release(ctx context.Context, credential, owner string) error {
	return s.write(ctx, "release a rotation", "DELETE FROM claims WHERE credential = ? AND owner = ?", credential, owner)
}
