package store

import (
	"context"
	"slices"

	"github.com/tandem-custody/tandem/custody/desk"
	"gorm.io/gorm"
)

func namesIn(q desk.AboutQuery) (kind string, names []string) {
	if len(q.Credentials) > 0 {
		return byCredential, q.Credentials
	}
	return bySubject, q.Subjects
}

// EntriesAbout gives the entries that fit, in no order; one may come twice. cut
// names the credentials of which there are more than the newest.
//
// All names together look once through the entries that are not in the index yet,
// which for each of them would cost more than all that follows.
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
	head, err := readHead(db)
	if err != nil {
		return nil, nil, err
	}
	if q.Before < 1 || q.Before > head.Size {
		q.Before = head.Size
	}
	kind, names := namesIn(q)
	border := indexed(head.Size)
	if from := max(q.From, border); from < q.Before {
		behind := db.Where("type IN ? AND idx IN (SELECT idx FROM ("+namesOf+") AS names WHERE kind = ? AND name IN ?)",
			q.Types, from, q.Before, kind, names)
		if err := behind.Find(&entries).Error; err != nil {
			return nil, nil, unavailable("read the ledger", err)
		}
	}
	border = min(border, q.Before)
	if q.From >= border {
		return entries, nil, nil
	}
	if kind == bySubject {
		// A person's log-ins are many, and not what anybody looks for: they are
		// left out before an entry is read.
		const inIndex = "idx IN (SELECT idx FROM ledger_index WHERE kind = ? AND name IN ? AND idx >= ? AND idx < ?)"
		var older []entryRow
		err := db.Where(inIndex, kind, names, q.From, border).Where(inIndex, byType, q.Types, q.From, border).Find(&older).Error
		return append(entries, older...), nil, unavailable("read the ledger", err)
	}
	for _, name := range names {
		some, err := latest(db, desk.EntryQuery{Credential: name, From: q.From, Before: border}, q.Types, q.Each)
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

// latest gives the newest n entries of these types that the index has, all for 0.
func latest(db *gorm.DB, q desk.EntryQuery, types []string, n int) (entries []entryRow, err error) {
	db = inIndex(db, q, q.Before).Where("ledger_entries.type IN ?", types).Order("idx DESC")
	if n > 0 {
		db = db.Limit(n)
	}
	return entries, unavailable("read the ledger", db.Find(&entries).Error)
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
func (s *Store) latestAbout(ctx context.Context, credentials, types []string, before int64) ([]entryRow, error) {
	db := s.reader.WithContext(ctx)
	head, err := readHead(db)
	if err != nil {
		return nil, err
	}
	border := indexed(head.Size)
	var entries []entryRow
	found := map[string]bool{}
	if border < before {
		var newest []struct {
			Name string
			Idx  int64
		}
		if err := db.Raw("SELECT name, max(idx) AS idx FROM ("+namesOf+") AS names WHERE kind = ? AND name IN ?"+
			" AND idx IN (SELECT idx FROM ledger_entries WHERE idx >= ? AND idx < ? AND type IN ?) GROUP BY name",
			border, before, byCredential, credentials, border, before, types).Scan(&newest).Error; err != nil {
			return nil, unavailable("read the ledger", err)
		}
		indexes := make([]int64, len(newest))
		for i, n := range newest {
			found[n.Name], indexes[i] = true, n.Idx
		}
		if err := db.Find(&entries, "idx IN ?", indexes).Error; err != nil {
			return nil, unavailable("read the ledger", err)
		}
	}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(credentials))) {
		if found[name] {
			continue
		}
		one, err := latest(db, desk.EntryQuery{Credential: name, Before: min(border, before)}, types, 1)
		if err != nil {
			return nil, err
		}
		entries = append(entries, one...)
	}
	return entries, nil
}
