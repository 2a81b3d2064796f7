package store

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"
	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/audit"
)

// HashReader reads the tree's nodes, by tlog.StoredHashIndex. It may be used by
// several goroutines, until ctx is done.
func (s *Store) HashReader(ctx context.Context) tlog.HashReader {
	return nodeReader(s.reader.WithContext(ctx))
}

// maxNodes bounds the nodes of one statement.
const maxNodes = 1024

func nodeReader(db *gorm.DB) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]audit.Hash, error) {
		hashes := make([]audit.Hash, 0, len(indexes))
		for some := range slices.Chunk(indexes, maxNodes) {
			var whole bool
			var err error
			if hashes, whole, err = appendRun(db, hashes, some); err == nil && !whole {
				hashes, err = appendNodes(db, hashes, some)
			}
			if err != nil {
				return nil, err
			}
		}
		return hashes, nil
	})
}

// appendRun appends the nodes of a run of indices, which is how a verifier reads
// them. It appends none when it is no run, or not whole.
func appendRun(db *gorm.DB, hashes []audit.Hash, indexes []int64) (_ []audit.Hash, whole bool, err error) {
	first, last := indexes[0], indexes[len(indexes)-1]
	if last-first != int64(len(indexes)-1) {
		return hashes, false, nil
	}
	rows, err := db.Raw(nodeRun, first, last).Rows()
	if err != nil {
		return hashes, false, unavailable("read the tree", err)
	}
	defer rows.Close()
	var ids, run sql.RawBytes
	if rows.Next() {
		err = rows.Scan(&ids, &run)
	}
	if err = cmp.Or(err, rows.Err()); err != nil {
		return hashes, false, unavailable("read the tree", err)
	}
	var want []byte
	for _, index := range indexes {
		want = append(strconv.AppendInt(want, index, 10), ',')
	}
	if !bytes.Equal(ids, want[:len(want)-1]) || len(run) != len(indexes)*tlog.HashSize {
		return hashes, false, nil
	}
	for hash := range slices.Chunk(run, tlog.HashSize) {
		hashes = append(hashes, audit.Hash(hash))
	}
	return hashes, true, nil
}

// appendNodes appends the nodes of any indices.
func appendNodes(db *gorm.DB, hashes []audit.Hash, indexes []int64) ([]audit.Hash, error) {
	rows, err := db.Table("ledger_nodes").Where("id IN ?", indexes).Select("id, hash").Rows()
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
	if err := rows.Err(); err != nil {
		return nil, unavailable("read the tree", err)
	}
	for _, index := range indexes {
		hash, ok := found[index]
		if !ok {
			return nil, fmt.Errorf("store: the tree has no node %d", index)
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}
