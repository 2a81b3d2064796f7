package store

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/audit"
)

// cosignedRow is a row of cosigned_checkpoints.
type cosignedRow struct {
	Size   int64 `gorm:"primaryKey;autoIncrement:false"`
	Origin string
	Root   []byte
	Note   []byte
}

func (cosignedRow) TableName() string { return "cosigned_checkpoints" }

// cosignatureRow is a row of cosignatures.
type cosignatureRow struct {
	Size    int64
	Witness string
	At      string
	Line    []byte
}

func (cosignatureRow) TableName() string { return "cosignatures" }

// AddCosignature keeps a witness's cosignature of a checkpoint. The first one of
// each witness for a size stays; another is no error.
func (s *Store) AddCosignature(ctx context.Context, c audit.Checkpoint, made audit.Cosignature) error {
	return s.change(ctx, func(db *gorm.DB) error {
		err := db.Exec("INSERT INTO cosigned_checkpoints (size, origin, root, note) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
			c.Size, c.Origin, c.Root[:], c.Text).Error
		if err != nil {
			return unavailable("keep a cosigned checkpoint", err)
		}
		err = db.Exec("INSERT INTO cosignatures (size, witness, at, line) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
			c.Size, made.Key, formatInstant(made.Time), made.Line).Error
		return unavailable("keep a cosignature", err)
	})
}

// Cosigned gives the checkpoints that anybody has cosigned, each with the
// cosignatures in its text: at most limit of them, the greatest first, below the
// size before (0: any).
func (s *Store) Cosigned(ctx context.Context, before int64, limit int) ([]audit.Checkpoint, error) {
	var cosigned []audit.Checkpoint
	err := s.snapshot(ctx, func(db *gorm.DB) (err error) {
		cosigned, err = readCosigned(db, before, limit)
		return err
	})
	return cosigned, err
}

// readCosigned is Cosigned in a transaction.
func readCosigned(db *gorm.DB, before int64, limit int) ([]audit.Checkpoint, error) {
	var rows []cosignedRow
	query := db.Order("size DESC").Limit(limit)
	if before > 0 {
		query = query.Where("size < ?", before)
	}
	if err := query.Find(&rows).Error; err != nil || len(rows) == 0 {
		return nil, unavailable("read cosigned checkpoints", err)
	}
	var lines []cosignatureRow
	err := db.Where("size BETWEEN ? AND ?", rows[len(rows)-1].Size, rows[0].Size).Order("size DESC, at, witness").Find(&lines).Error
	if err != nil {
		return nil, unavailable("read cosignatures", err)
	}
	var cosigned []audit.Checkpoint
	for _, row := range rows {
		if len(row.Root) != tlog.HashSize {
			return nil, fmt.Errorf("store: the root of cosigned checkpoint %d has %d bytes", row.Size, len(row.Root))
		}
		c := audit.Checkpoint{Origin: row.Origin, Size: row.Size, Root: audit.Hash(row.Root), Text: row.Note}
		for len(lines) > 0 && lines[0].Size == row.Size {
			c.Text = c.With(audit.Cosignature{Line: lines[0].Line})
			lines = lines[1:]
		}
		cosigned = append(cosigned, c)
	}
	return cosigned, nil
}
