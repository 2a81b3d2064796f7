package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/audit"
)

// Cut takes away whatever is behind the first size entries, which stay, and makes
// everything anew that follows from them: the tree, the head, the tables, the
// index. It is for tandem ledger recover alone, after a copy of the whole was kept
// aside, and does all or nothing. Idempotency keys and claims end.
func (s *Store) Cut(ctx context.Context, size int64) error {
	return s.change(ctx, func(db *gorm.DB) error {
		return s.dialect.guard.lifted(db, func() error { return cut(db, size) })
	})
}

func cut(db *gorm.DB, size int64) error {
	for _, statement := range []string{
		"DELETE FROM ledger_entries WHERE idx < 0 OR idx >= $1",
		"DELETE FROM ledger_texts WHERE idx < 0 OR idx >= $1",
		"DELETE FROM ledger_seals WHERE size > $1",
		"DELETE FROM cosignatures WHERE size > $1",
		"DELETE FROM cosigned_checkpoints WHERE size > $1",
		"UPDATE followers SET next = $1 WHERE next > $1",
	} {
		if err := execute(db, "cut the ledger back", statement, size); err != nil {
			return err
		}
	}
	for _, table := range []string{"ledger_nodes", "idempotency_keys", "claims"} {
		if err := execute(db, "empty "+table, "DELETE FROM "+table); err != nil {
			return err
		}
	}
	if err := plantTree(db, size); err != nil {
		return err
	}
	return rebuild(db)
}

// plantTree works the nodes of the first size entries out anew, and moves the head
// there.
func plantTree(db *gorm.DB, size int64) error {
	var tree audit.Frontier
	for from := int64(0); from < size; from += window {
		to := min(from+window, size)
		var args []any
		err := eachRecord(db, from, to, func(index int64, record []byte) error {
			if index != tree.Size() {
				return missing(tree.Size())
			}
			nodes, err := tree.Append(record)
			for _, n := range nodes {
				args = append(args, n.Index, append([]byte(nil), n.Hash[:]...))
			}
			return err
		})
		if err != nil {
			return err
		}
		if err := insertNodes.run(db, args); err != nil {
			return err
		}
	}
	if tree.Size() != size {
		return missing(tree.Size())
	}
	root, err := tree.Root()
	if err != nil {
		return err
	}
	return execute(db, "move the ledger's head back", "UPDATE ledger_head SET size = $1, root = $2", size, root[:])
}
