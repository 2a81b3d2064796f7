package store

import (
	"context"
	"strings"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/audit"
)

// Cut takes away whatever is behind the first size entries, which stay, and makes
// everything anew that follows from them: the tree, the head, the tables, the
// index. It is for tandem ledger recover alone, after a copy of the whole was kept
// aside, and does all or nothing. Idempotency keys and claims end.
func (s *Store) Cut(ctx context.Context, size int64) error {
	return s.change(ctx, func(db *gorm.DB) error {
		triggers, err := dropTriggers(db)
		if err != nil {
			return err
		}
		for _, statement := range []string{
			"DELETE FROM ledger_entries WHERE idx < 0 OR idx >= ?",
			"DELETE FROM ledger_seals WHERE size > ?",
			"DELETE FROM cosignatures WHERE size > ?",
			"DELETE FROM cosigned_checkpoints WHERE size > ?",
			"UPDATE followers SET next = min(next, ?)",
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
		if err := rebuild(db); err != nil {
			return err
		}
		for _, trigger := range triggers {
			if err := execute(db, "put a trigger back", trigger); err != nil {
				return err
			}
		}
		return nil
	})
}

// dropTriggers takes away what keeps the ledger append-only, until the end of the
// transaction, and gives the statements that put it back.
func dropTriggers(db *gorm.DB) ([]string, error) {
	var rows []struct{ Name, SQL string }
	err := db.Raw("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name").Scan(&rows).Error
	if err != nil {
		return nil, unavailable("read the triggers", err)
	}
	var statements []string
	for _, r := range rows {
		if err := execute(db, "drop a trigger", "DROP TRIGGER "+`"`+strings.ReplaceAll(r.Name, `"`, `""`)+`"`); err != nil {
			return nil, err
		}
		statements = append(statements, r.SQL)
	}
	return statements, nil
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
	return execute(db, "move the ledger's head back", "UPDATE ledger_head SET size = ?, root = ?", size, root[:])
}
