package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/audit"
)

// MaxPage is the most that a query gives at once.
const MaxPage = 1000

// page is a Limit as it is meant: none, or one that is out of range, is MaxPage.
func page(limit int) int {
	if limit < 1 || limit > MaxPage {
		return MaxPage
	}
	return limit
}

// StoredEntry is an entry as the ledger keeps it.
type StoredEntry struct {
	Index  int64  `gorm:"column:idx"`
	Record []byte // canonical form
}

func (StoredEntry) TableName() string { return "ledger_entries" }

// EntryQuery selects entries from an index on. What is "" does not matter; what
// is given must all fit.
type EntryQuery struct {
	From  int64 // the first index to look at; the next page's is the last one seen + 1
	Limit int   // at most MaxPage, which is also the default

	Actor   string
	Subject string
	Type    string

	// Credential finds what happened to a credential: entries about itself, and
	// those of handovers that name it.
	Credential string
}

// Entries gives the entries that fit, by index. A page costs what it holds,
// however long the ledger is.
func (s *Store) Entries(ctx context.Context, q EntryQuery) ([]StoredEntry, error) {
	db, limit := s.reader.WithContext(ctx), page(q.Limit)
	kind, name := q.narrowest()
	if kind == "" {
		var entries []StoredEntry
		err := db.Where("idx >= ?", q.From).Order("idx").Limit(limit).Find(&entries).Error
		return entries, unavailable("read the ledger", err)
	}
	head, err := readHead(db)
	if err != nil {
		return nil, err
	}
	// First what is in the index; it stays there, so this needs no transaction.
	border := indexed(head.Size)
	var entries []StoredEntry
	err = q.filter(db).Joins("CROSS JOIN ledger_entries USING (idx)").Table("ledger_index").
		Where("kind = ? AND name = ? AND idx >= ? AND idx < ?", kind, name, q.From, border).
		Order("idx").Limit(limit).Select("idx, record").Find(&entries).Error
	if err != nil || len(entries) == limit {
		return entries, unavailable("read the ledger", err)
	}
	// Then the entries behind it.
	var recent []StoredEntry
	err = q.filter(db).
		Where("idx IN (SELECT idx FROM ("+namesOf+") WHERE kind = ? AND name = ?)", max(q.From, border), head.Size, kind, name).
		Order("idx").Limit(limit - len(entries)).Find(&recent).Error
	return append(entries, recent...), unavailable("read the ledger", err)
}

// narrowest gives the filter that lets the least through, as a rule.
func (q EntryQuery) narrowest() (kind, name string) {
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
func (q EntryQuery) filter(db *gorm.DB) *gorm.DB {
	for column, want := range map[string]string{"actor": q.Actor, "subject": q.Subject, "type": q.Type} {
		if want != "" {
			db = db.Where("ledger_entries."+column+" = ?", want)
		}
	}
	return db
}

// Entry gives one entry, or ErrNotFound.
func (s *Store) Entry(ctx context.Context, index int64) (StoredEntry, error) {
	var entry StoredEntry
	err := s.reader.WithContext(ctx).Take(&entry, "idx = ?", index).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return entry, ErrNotFound
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

// Records calls yield for the entries [from, to), in order: see audit.Source. A
// record is lent until yield returns.
func (s *Store) Records(ctx context.Context, from, to int64, yield func(index int64, record []byte) error) error {
	return eachRecord(s.reader.WithContext(ctx), from, to, yield)
}

func eachRecord(db *gorm.DB, from, to int64, yield func(int64, []byte) error) error {
	rows, err := db.Raw("SELECT idx, record FROM ledger_entries WHERE idx >= ? AND idx < ? ORDER BY idx", from, to).Rows()
	if err != nil {
		return unavailable("read the ledger", err)
	}
	defer rows.Close()
	var index int64
	var record sql.RawBytes
	next := from
	for ; rows.Next(); next++ {
		if err := rows.Scan(&index, &record); err != nil {
			return unavailable("read the ledger", err)
		}
		if index != next {
			break
		}
		if err := yield(index, record); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return unavailable("read the ledger", err)
	}
	if next < to {
		return fmt.Errorf("store: the ledger has no entry %d", next)
	}
	return nil
}

// HashReader reads the tree's nodes, by tlog.StoredHashIndex. It may be used by
// several goroutines, until ctx is done.
func (s *Store) HashReader(ctx context.Context) tlog.HashReader {
	return nodeReader(s.reader.WithContext(ctx))
}

// maxNodes bounds the nodes of one statement.
const maxNodes = 1000

func nodeReader(db *gorm.DB) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]audit.Hash, error) {
		hashes := make([]audit.Hash, 0, len(indexes))
		for some := range slices.Chunk(indexes, maxNodes) {
			found, err := readNodes(db, some)
			if err != nil {
				return nil, err
			}
			for _, index := range some {
				hash, ok := found[index]
				if !ok {
					return nil, fmt.Errorf("store: the tree has no node %d", index)
				}
				hashes = append(hashes, hash)
			}
		}
		return hashes, nil
	})
}

func readNodes(db *gorm.DB, indexes []int64) (map[int64]audit.Hash, error) {
	where, args := "id IN ?", []any{indexes}
	if first, last := indexes[0], indexes[len(indexes)-1]; last-first == int64(len(indexes)-1) {
		where, args = "id BETWEEN ? AND ?", []any{first, last} // a verifier reads runs
	}
	rows, err := db.Table("ledger_nodes").Where(where, args...).Select("id, hash").Rows()
	if err != nil {
		return nil, unavailable("read the tree", err)
	}
	defer rows.Close()
	found := make(map[int64]audit.Hash, len(indexes))
	var index int64
	var hash sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&index, &hash); err != nil {
			return nil, unavailable("read the tree", err)
		}
		if len(hash) != tlog.HashSize {
			return nil, fmt.Errorf("store: node %d of the tree has %d bytes", index, len(hash))
		}
		found[index] = audit.Hash(hash)
	}
	return found, unavailable("read the tree", rows.Err())
}
