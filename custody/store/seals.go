package store

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody/desk"
)

// sealRow is a row of ledger_seals.
type sealRow struct {
	Size     int64
	FromSize int64
	Mark     string
}

func (sealRow) TableName() string { return "ledger_seals" }

// Seals gives the seals of the batches in [from, to), in order, from one that
// begins there: see desk.Store.
func (s *Store) Seals(ctx context.Context, from, to int64) iter.Seq2[audit.Seal, error] {
	return sealsOf(s.reader.WithContext(ctx), from, to)
}

func sealsOf(db *gorm.DB, from, to int64) iter.Seq2[audit.Seal, error] {
	return func(yield func(audit.Seal, error) bool) {
		for {
			rows, err := scan[sealRow](db.Table("ledger_seals").Select("size, from_size, mark").
				Where("size > ? AND size <= ?", from, to).Order("size").Limit(desk.MaxPage))
			if err != nil {
				yield(audit.Seal{}, unavailable("read the ledger's seals", err))
				return
			}
			for _, r := range rows {
				if !yield(audit.Seal{From: r.FromSize, Size: r.Size, Mark: r.Mark}, nil) {
					return
				}
			}
			if len(rows) < desk.MaxPage {
				return
			}
			from = rows[len(rows)-1].Size
		}
	}
}

// LastBatch gives the batch that the ledger ends with, and its seal's mark: see
// desk.Store.
func (s *Store) LastBatch(ctx context.Context) (last audit.Batch, mark string, err error) {
	err = s.snapshot(ctx, func(db *gorm.DB) error {
		head, err := readEnd(db)
		if err != nil {
			return err
		}
		last.Size, last.Root = head.Size, audit.Hash(head.Root)
		if head.Size == 0 {
			return nil
		}
		var row sealRow
		if err := db.Take(&row, "size = ?", head.Size).Error; err != nil {
			return unavailable("read the ledger's last seal", err)
		}
		before, err := audit.LoadFrontier(row.FromSize, nodeReader(db))
		if err != nil {
			return uneven(err)
		}
		last.From, mark = row.FromSize, row.Mark
		last.FromRoot, err = before.Root()
		return err
	})
	return last, mark, err
}

// readEnd reads the head, and refuses a ledger whose parts do not end together. Nothing
// that Tandem commits leaves it so.
func readEnd(db *gorm.DB) (headRow, error) {
	var entries, sealed int64
	head, err := selectHead(db, ", (SELECT coalesce(max(idx), -1) + 1 FROM ledger_entries), (SELECT coalesce(max(size), 0) FROM ledger_seals)", &entries, &sealed)
	if err == nil && (entries != head.Size || sealed != head.Size) {
		err = uneven(fmt.Errorf("its head counts %d entries, %d are there and %d are sealed", head.Size, entries, sealed))
	}
	return head, err
}

// uneven marks what no commit of Tandem's can have left.
func uneven(err error) error {
	if err == nil || errors.Is(err, desk.ErrStoreUnavailable) || errors.Is(err, desk.ErrLedgerSuspect) {
		return err
	}
	return fmt.Errorf("%w: %w", desk.ErrLedgerSuspect, err)
}
