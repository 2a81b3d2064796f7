package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody"
)

// window is how many entries are folded before what they changed is written or
// compared. It bounds the memory.
const window = blockSize

// Rebuild folds the ledger into empty tables, in one transaction: they are then
// what they would be if every command had been carried out anew. It believes
// the ledger; whether that is right is for a verifier to say, before.
func (s *Store) Rebuild(ctx context.Context) error {
	return s.change(ctx, rebuild)
}

func rebuild(db *gorm.DB) error {
	for _, table := range []string{"people", "credentials", "handovers", "sessions", "documents", "ledger_index"} {
		if err := execute(db, "empty "+table, "DELETE FROM "+table); err != nil {
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
		err := eachEvent(db, from, to, func(e custody.Event) error {
			custody.Apply(fork, e)
			return nil
		})
		if err != nil {
			return err
		}
		if err := saveChanges(db, fork); err != nil {
			return err
		}
		state.Merge(fork)
		if err := indexEntries(db, indexed(from), indexed(to)); err != nil {
			return err
		}
	}
	return moveHead(db, head, state)
}
