package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

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
func (s *Store) entries(ctx context.Context, q desk.EntryQuery) ([]entryRow, error) {
	db, limit := s.reader.WithContext(ctx), page(q.Limit)
	head, err := readHead(db)
	if err != nil {
		return nil, err
	}
	if q.Before < 1 || q.Before > head.Size {
		q.Before = head.Size
	}
	// What is in the index stays there, so this needs no transaction.
	border := indexed(head.Size)
	parts := []*gorm.DB{inIndex(db, q, border), behindIndex(db, q, border)}
	if kind, _ := narrowest(q); kind == "" {
		parts = []*gorm.DB{db.Where("idx >= ? AND idx < ?", q.From, q.Before)}
	}
	order := "idx"
	if q.Newest {
		order = "idx DESC"
		slices.Reverse(parts)
	}
	var entries []entryRow
	for _, part := range parts {
		var some []entryRow
		if err := part.Order(order).Limit(limit - len(entries)).Find(&some).Error; err != nil {
			return nil, unavailable("read the ledger", err)
		}
		if entries = append(entries, some...); len(entries) == limit {
			break
		}
	}
	return entries, nil
}

// inIndex selects from the entries that the index has, up to border. CROSS JOIN
// is how SQLite is told to begin with the index.
func inIndex(db *gorm.DB, q desk.EntryQuery, border int64) *gorm.DB {
	kind, name := narrowest(q)
	return filter(db, q).Table("ledger_index").Joins("CROSS JOIN ledger_entries USING (idx)").Select("idx, record").
		Where("kind = ? AND name = ? AND idx >= ? AND idx < ?", kind, name, q.From, min(border, q.Before))
}

// behindIndex selects from those that it will have, fewer than a block.
func behindIndex(db *gorm.DB, q desk.EntryQuery, border int64) *gorm.DB {
	kind, name := narrowest(q)
	return filter(db, q).Where("idx IN (SELECT idx FROM ("+namesOf+") WHERE kind = ? AND name = ?)",
		max(q.From, border), q.Before, kind, name)
}

// narrowest gives the filter that lets the least through, as a rule.
func narrowest(q desk.EntryQuery) (kind, name string) {
	switch {
	case q.Credential != "":
		return byCredential, q.Credential
	case q.Subject != "":
		return bySubject, q.Subject
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
	return db
}

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

func eachRecord(db *gorm.DB, from, to int64, yield func(int64, []byte) error) error {
	for from < to {
		next, err := someRecords(db, from, to, yield)
		if err == nil {
			err = db.Statement.Context.Err()
		}
		if err != nil || next <= from {
			return err
		}
		from = next
	}
	return nil
}

// someRecords is eachRecord for the first of the entries. It gives the index to
// go on at, which is from when there are no more.
func someRecords(db *gorm.DB, from, to int64, yield func(int64, []byte) error) (next int64, err error) {
	rows, err := db.Raw(someEntries, from, to).Rows()
	if err != nil {
		return from, unavailable("read the ledger", err)
	}
	defer rows.Close()
	var list string
	var records sql.RawBytes
	if !rows.Next() {
		return from, unavailable("read the ledger", rows.Err())
	}
	if err := rows.Scan(&list, &records); err != nil {
		return from, unavailable("read the ledger", err)
	}
	if next = from; list == "" {
		return next, nil
	}
	for place := range strings.SplitSeq(list, ",") {
		at, size, _ := strings.Cut(place, ":")
		index, err1 := strconv.ParseInt(at, 10, 64)
		length, err2 := strconv.Atoi(size)
		if err := errors.Join(err1, err2); err != nil || length < 0 || length > len(records) {
			return next, fmt.Errorf("store: entries from %d on cannot be read: %q", next, place)
		}
		if err := yield(index, records[:length:length]); err != nil {
			return next, err
		}
		next, records = index+1, records[length:]
	}
	if len(records) > 0 {
		return next, fmt.Errorf("store: entries before %d are longer than they say", next)
	}
	return next, nil
}

// eachEvent calls yield for the events of the entries [from, to), all of them.
func eachEvent(db *gorm.DB, from, to int64, yield func(custody.Event) error) error {
	next := from
	err := eachRecord(db, from, to, func(index int64, record []byte) error {
		if index != next {
			return missing(next)
		}
		next++
		entry, err := audit.DecodeEntry(record)
		if err != nil {
			return fmt.Errorf("store: entry %d: %w", index, err)
		}
		event, err := custody.FromRecord(entry)
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
