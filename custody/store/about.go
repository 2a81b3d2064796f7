package store

import (
	"context"
	"math"
	"slices"

	"github.com/tandem-custody/tandem/custody/desk"
	"gorm.io/gorm"
)

// EntriesAbout gives the entries that fit, in no order; one may come twice. cut
// names the credentials of which there are more than the newest.
func (s *Store) EntriesAbout(ctx context.Context, q desk.AboutQuery) (entries []desk.StoredEntry, cut []string, err error) {
	rows, cut, err := s.about(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	entries, err = s.withTexts(ctx, rows)
	return entries, cut, err
}

// about is EntriesAbout without the texts.
func (s *Store) about(ctx context.Context, q desk.AboutQuery) (entries []entryRow, cut []string, err error) {
	db := s.reader.WithContext(ctx)
	if q.Before < 1 {
		q.Before = math.MaxInt64
	}
	if len(q.Credentials) == 0 {
		// A person's log-ins are many, and not what anybody looks for: they are
		// left out before an entry is read.
		const inIndex = "idx IN (SELECT idx FROM ledger_index WHERE kind = ? AND name IN ? AND idx >= ? AND idx < ?)"
		err := db.Where("subject IN ?", q.Subjects).Where(inIndex, byAbout, q.Subjects, q.From, q.Before).
			Where(inIndex, byType, q.Types, q.From, q.Before).Find(&entries).Error
		return entries, nil, unavailable("read the ledger", err)
	}
	for _, name := range q.Credentials {
		some, err := latest(db, desk.EntryQuery{Credential: name, From: q.From, Before: q.Before}, q.Types, q.Each)
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, some...)
		if q.Each > 0 && len(some) == q.Each {
			cut = append(cut, name)
		}
	}
	return entries, cut, nil
}

// latest gives the newest n entries of these types that fit, all for 0.
func latest(db *gorm.DB, q desk.EntryQuery, types []string, n int) (entries []entryRow, err error) {
	db = inIndex(db, q).Where("ledger_entries.type IN ?", types).Order("idx DESC")
	if n > 0 {
		db = db.Limit(n)
	}
	err = db.Find(&entries).Error
	return entries, unavailable("read the ledger", err)
}

// LatestAbout gives, of each credential, the newest entry of these types below an
// index, in no order. One that has none is left out.
func (s *Store) LatestAbout(ctx context.Context, credentials, types []string, before int64) ([]desk.StoredEntry, error) {
	rows, err := s.latestAbout(ctx, credentials, types, before)
	if err != nil {
		return nil, err
	}
	return s.withTexts(ctx, rows)
}

// latestAbout is LatestAbout without the texts.
func (s *Store) latestAbout(ctx context.Context, credentials, types []string, before int64) (entries []entryRow, err error) {
	if before < 1 {
		return nil, nil
	}
	db := s.reader.WithContext(ctx)
	for _, name := range slices.Compact(slices.Sorted(slices.Values(credentials))) {
		one, err := latest(db, desk.EntryQuery{Credential: name, Before: before}, types, 1)
		if err != nil {
			return nil, err
		}
		entries = append(entries, one...)
	}
	return entries, nil
}
