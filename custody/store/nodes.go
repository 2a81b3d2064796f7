package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

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
			found, err := nodes(db, some)
			if err != nil {
				return nil, err
			}
			for _, index := range some {
				hash, there := found[index]
				if !there {
					return nil, fmt.Errorf("store: the tree has no node %d", index)
				}
				hashes = append(hashes, hash)
			}
		}
		return hashes, nil
	})
}

// nodes gives those that there are, by index. A verifier asks for a run of them.
func nodes(db *gorm.DB, indexes []int64) (map[int64]audit.Hash, error) {
	query := db.Table("ledger_nodes").Select("id, hash")
	if first, last := indexes[0], indexes[len(indexes)-1]; last-first == int64(len(indexes)-1) {
		query = query.Where("id BETWEEN ? AND ?", first, last)
	} else {
		query = query.Where("id IN ?", indexes)
	}
	rows, err := query.Rows()
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
