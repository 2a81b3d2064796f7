package store

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// page is a Limit as it is meant: none, or one that is out of range, is desk.MaxPage.
func page(limit int) int {
	if limit < 1 || limit > desk.MaxPage {
		return desk.MaxPage
	}
	return limit
}

// entryRow is a row of ledger_entries.
type entryRow struct {
	Index  int64  `gorm:"column:idx"`
	Record []byte // canonical form
}

func (entryRow) TableName() string { return "ledger_entries" }

// Entries gives the entries that fit. A page costs what it holds, however long
// the ledger is.
func (s *Store) Entries(ctx context.Context, q desk.EntryQuery) ([]desk.StoredEntry, error) {
	rows, err := s.entries(ctx, q)
	if err != nil {
		return nil, err
	}
	return s.withTexts(ctx, rows)
}

// entries is Entries without the texts.
func (s *Store) entries(ctx context.Context, q desk.EntryQuery) (entries []entryRow, err error) {
	db := inIndex(s.reader.WithContext(ctx), q)
	if q.Newest {
		db = db.Order("idx DESC")
	} else {
		db = db.Order("idx")
	}
	err = db.Limit(page(q.Limit)).Find(&entries).Error
	return entries, unavailable("read the ledger", err)
}

// inIndex selects the entries that fit.
func inIndex(db *gorm.DB, q desk.EntryQuery) *gorm.DB {
	if q.Before < 1 {
		q.Before = math.MaxInt64
	}
	db = filter(db, q).Where("idx >= ? AND idx < ?", q.From, q.Before)
	kind, name := narrowest(q)
	if kind == "" {
		return db
	}
	if q.Credential != "" {
		db = db.Where("ledger_index.credential")
	}
	return db.Table("ledger_index").Joins("JOIN ledger_entries USING (idx)").Select("idx, record").
		Where("kind = ? AND name = ?", kind, name)
}

// narrowest gives the filter that lets the least through, as a rule.
func narrowest(q desk.EntryQuery) (kind, name string) {
	switch {
	case q.Credential != "":
		return byAbout, q.Credential
	case q.Subject != "":
		return byAbout, q.Subject
	case q.Actor != "":
		return byActor, q.Actor
	case q.Type != "":
		return byType, q.Type
	}
	return "", ""
}

// filter adds what can be seen at the entry alone.
func filter(db *gorm.DB, q desk.EntryQuery) *gorm.DB {
	for column, want := range map[string]string{"actor": q.Actor, "subject": q.Subject, "type": q.Type} {
		if want != "" {
			db = db.Where("ledger_entries."+column+" = ?", want)
		}
	}
	if q.KnownTo != "" {
		db = db.Where(concerning, map[string]any{"person": q.KnownTo, "actor": byActor, "about": byAbout})
	}
	return db
}

// concerning selects the entries of EntryQuery.KnownTo.
const concerning = `idx IN (
	SELECT idx FROM ledger_index WHERE kind = @actor AND name = @person
	UNION ALL SELECT idx FROM ledger_index WHERE kind = @about AND name = @person
	UNION ALL SELECT idx FROM ledger_index WHERE kind = @about AND name IN (
		SELECT key FROM credentials WHERE @person IN (primary_custodian, backup_custodian, holder)
		UNION ALL SELECT key FROM handovers WHERE giver = @person OR receiver = @person
		UNION ALL SELECT key FROM proposals WHERE requester = @person))`

// Entry gives one entry, or desk.ErrNotFound.
func (s *Store) Entry(ctx context.Context, index int64) (desk.StoredEntry, error) {
	row, err := s.entry(ctx, index)
	if err != nil {
		return desk.StoredEntry{}, err
	}
	entries, err := s.withTexts(ctx, []entryRow{row})
	if err != nil {
		return desk.StoredEntry{}, err
	}
	return entries[0], nil
}

// entry is Entry without the texts.
func (s *Store) entry(ctx context.Context, index int64) (entryRow, error) {
	var entry entryRow
	err := s.reader.WithContext(ctx).Take(&entry, "idx = ?", index).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return entry, desk.ErrNotFound
	}
	return entry, unavailable("read the ledger", err)
}

// Head gives the committed size, in entries, and the root of the tree.
func (s *Store) Head(ctx context.Context) (size int64, root audit.Hash, err error) {
	head, err := readHead(s.reader.WithContext(ctx))
	if err != nil {
		return 0, audit.Hash{}, err
	}
	return head.Size, audit.Hash(head.Root), nil
}

// Size gives the committed size: see audit.Source.
func (s *Store) Size(ctx context.Context) (int64, error) {
	size, _, err := s.Head(ctx)
	return size, err
}

// Records calls yield for those of the entries [from, to) that there are, in
// order: see audit.Source. A record is lent until yield returns.
func (s *Store) Records(ctx context.Context, from, to int64, yield func(index int64, record []byte) error) error {
	return eachRecord(s.reader.WithContext(ctx), from, to, yield)
}

// recordsAtOnce bounds the entries that are held in memory.
const recordsAtOnce = 512

func eachRecord(db *gorm.DB, from, to int64, yield func(int64, []byte) error) error {
	for from < to {
		rows, err := scan[entryRow](db.Table("ledger_entries").Select("idx, record").
			Where("idx >= ? AND idx < ?", from, to).Order("idx").Limit(recordsAtOnce))
		if err != nil {
			return unavailable("read the ledger", err)
		}
		for _, r := range rows {
			if err := yield(r.Index, r.Record); err != nil {
				return err
			}
			from = r.Index + 1
		}
		if err := db.Statement.Context.Err(); err != nil || len(rows) < recordsAtOnce {
			return err
		}
	}
	return nil
}

// eachEvent calls yield for the events of the entries [from, to), all of them.
func eachEvent(db *gorm.DB, from, to int64, yield func(custody.Event) error) error {
	next := from
	err := eachRecord(db, from, to, func(index int64, record []byte) error {
		if index != next {
			return missing(next)
		}
		next++
		event, err := custody.ReadRecord(record)
		if err != nil {
			return fmt.Errorf("store: entry %d: %w", index, err)
		}
		return yield(event)
	})
	if err == nil && next < to {
		return missing(next)
	}
	return err
}

func missing(index int64) error { return fmt.Errorf("store: the ledger has no entry %d", index) }
