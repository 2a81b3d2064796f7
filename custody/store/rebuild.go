package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody"
)

// window is how many entries are folded before what they changed is written or
// compared. It bounds the memory.
const window = 4096

// Rebuild folds the ledger into empty tables, in one transaction: they are then
// what they would be if every command had been carried out anew. It believes
// the ledger; whether that is right is for a verifier to say, before.
func (s *Store) Rebuild(ctx context.Context) error {
	return s.change(ctx, rebuild)
}

// refold is Rebuild where a migration has emptied what follows from the ledger.
func (s *Store) refold(ctx context.Context) error {
	const emptied = "SELECT size > 0 AND NOT EXISTS (SELECT 1 FROM ledger_index) FROM ledger_head"
	var empty bool
	if err := s.reader.WithContext(ctx).Raw(emptied).Scan(&empty).Error; err != nil || !empty {
		return unavailable("read the index", err)
	}
	return s.change(ctx, func(db *gorm.DB) error {
		if err := db.Raw(emptied).Scan(&empty).Error; err != nil || !empty { // another process was first
			return unavailable("read the index", err)
		}
		return rebuild(db)
	})
}

func rebuild(db *gorm.DB) error {
	for _, t := range folded {
		if err := execute(db, "empty "+t.table(), "DELETE FROM "+t.table()); err != nil {
			return err
		}
	}
	for _, index := range []string{"incident_index", "ledger_index"} {
		if err := execute(db, "empty "+index, "DELETE FROM "+index); err != nil {
			return err
		}
	}
	head, err := readHead(db)
	if err != nil {
		return err
	}
	state := custody.NewState()
	for from := int64(0); from < head.Size; from += window {
		to := min(from+window, head.Size)
		fork := state.Fork()
		var names []nameRow
		err := eachEvent(db, from, to, func(e custody.Event) error {
			index := fork.Size
			custody.Apply(fork, e)
			names = append(names, namesOf(index, e, fork)...)
			return nil
		})
		if err != nil {
			return err
		}
		if err := saveChanges(db, fork); err != nil {
			return err
		}
		state.Merge(fork)
		if err := saveNames(db, names); err != nil {
			return err
		}
	}
	return moveHead(db, head, state)
}
