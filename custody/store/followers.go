package store

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/follow"
)

var _ follow.Places = (*Store)(nil)

// followerRow is a row of followers, without who has the lease.
type followerRow struct {
	Next, Epoch int64
	At          string
}

func (r followerRow) place() (follow.Place, error) {
	at, err := parseInstant(r.At)
	return follow.Place{Next: r.Next, At: at, Epoch: r.Epoch}, err
}

// Place, Take, Prolong, Advance and Leave are as follow.Places has them.
func (s *Store) Place(ctx context.Context, follower string) (follow.Place, error) {
	var rows []followerRow
	err := s.reader.WithContext(ctx).Raw("SELECT next, epoch, at FROM followers WHERE follower = ?", follower).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return follow.Place{}, unavailable("read a follower's place", err)
	}
	return rows[0].place()
}

// Take is as follow.Places has it.
func (s *Store) Take(ctx context.Context, follower, owner string, now, until time.Time) (at follow.Place, held bool, err error) {
	err = s.lasting(func() error {
		var rows []followerRow
		err := s.writer.WithContext(ctx).Raw(`INSERT INTO followers (follower, next, owner, until, epoch) VALUES (?, 0, ?, ?, 1)
			ON CONFLICT (follower) DO UPDATE SET owner = excluded.owner, until = excluded.until, epoch = followers.epoch + 1
			WHERE followers.owner IN ('', excluded.owner) OR followers.until <= ? OR followers.until > ?
			RETURNING next, epoch, at`,
			follower, owner, formatInstant(until), formatInstant(now), formatInstant(until.Add(custody.ClockSlack))).Scan(&rows).Error
		if held = err == nil && len(rows) == 1; held {
			at, err = rows[0].place()
		}
		return unavailable("take a follower's lease", err)
	})
	return at, held && err == nil, err
}

// Prolong is as follow.Places has it.
func (s *Store) Prolong(ctx context.Context, follower string, epoch int64, until time.Time) (bool, error) {
	n, err := s.affect(ctx, "prolong a follower's lease", "UPDATE followers SET until = ? WHERE follower = ? AND epoch = ?", formatInstant(until), follower, epoch)
	return n == 1, err
}

// Advance is as follow.Places has it.
func (s *Store) Advance(ctx context.Context, follower string, epoch, next int64, at time.Time) (bool, error) {
	n, err := s.affect(ctx, "move a follower on", "UPDATE followers SET next = CASE WHEN next < ? THEN ? ELSE next END, at = ? WHERE follower = ? AND epoch = ?", next, next, formatInstant(at), follower, epoch)
	return n == 1, err
}

// Leave is as follow.Places has it.
func (s *Store) Leave(ctx context.Context, follower string, epoch int64) error {
	return s.write(ctx, "release a follower's lease", "UPDATE followers SET owner = '' WHERE follower = ? AND epoch = ?", follower, epoch)
}
