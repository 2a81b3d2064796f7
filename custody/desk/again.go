package desk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// edge is how far a ledger was gone through.
type edge struct {
	state    *custody.State
	frontier *audit.Frontier
	root     audit.Hash // of that frontier
}

// start is the edge in front of a ledger's first entry.
func start() (at edge) {
	at = edge{state: custody.NewState(), frontier: &audit.Frontier{}}
	at.root, _ = at.frontier.Root() // nothing has a root, too
	return at
}

// walk is what a ledger is carried out again with.
type walk struct {
	seals   iter.Seq2[audit.Seal, error]
	records func(yield func(index int64, record []byte) error) error // from the edge on
	size    int64                                                    // that it must lead to
	kept    anchor                                                   // that it must fit; the zero one: each batch must be under its seal, and no more

	taken func(events []custody.Event) // is told what a batch brought
}

// again carries a ledger out again behind an edge, batch by batch: first the seal,
// because what somebody else wrote is not even to be read, and then each entry. It
// moves the edge, and its state, on by each batch that is as it has to be, and no
// further. The keys of the seals are the desk's.
func (at *edge) again(ctx context.Context, d *Desk, w walk) error {
	next, stop := iter.Pull2(w.seals)
	defer stop()
	var records [][]byte // of the batch that is being read
	var seal audit.Seal
	grown := at.frontier.Clone()
	err := w.records(func(index int64, record []byte) (err error) {
		if index != grown.Size() {
			return fmt.Errorf("entry %d: %w", grown.Size(), audit.ErrSequence)
		}
		if len(records) == 0 {
			if seal, err = at.next(next, w.size); err != nil {
				return err
			}
		}
		records = append(records, bytes.Clone(record)) // it is only there for now
		if _, err := grown.Append(record); err != nil {
			return err
		}
		if grown.Size() < seal.Size {
			return nil
		}
		if err := at.batch(ctx, d, w, seal, grown, records); err != nil {
			return err
		}
		records = records[:0]
		return nil
	})
	switch {
	case err != nil:
		return err
	case grown.Size() < w.size:
		return fmt.Errorf("entry %d: %w", grown.Size(), audit.ErrMissing)
	case len(records) > 0:
		return unsealed(at.frontier.Size())
	}
	return nil
}

// next gives the seal that must come next.
func (at *edge) next(next func() (audit.Seal, error, bool), size int64) (audit.Seal, error) {
	seal, err, more := next()
	if err != nil {
		return audit.Seal{}, err
	}
	if !more || seal.From != at.frontier.Size() || seal.Size <= seal.From || seal.Size > size {
		return audit.Seal{}, unsealed(at.frontier.Size())
	}
	return seal, nil
}

func unsealed(from int64) error { return fmt.Errorf("entries from %d on: %w", from, audit.ErrUnsealed) }

// batch goes on by one batch. grown is the frontier behind it.
func (at *edge) batch(ctx context.Context, d *Desk, w walk, seal audit.Seal, grown *audit.Frontier, records [][]byte) error {
	root, err := grown.Root()
	if err != nil {
		return err
	}
	sealed, err := d.fits(ctx, at.state.SealKeyAt(seal.From), audit.Batch{From: seal.From, FromRoot: at.root, Size: seal.Size, Root: root}, seal.Mark, w.kept)
	if err != nil {
		return err
	}
	again := custody.Replayer{State: at.state.Fork()}
	events := make([]custody.Event, len(records))
	for i, record := range records {
		if events[i], err = custody.ReadRecord(record); err == nil {
			err = again.Add(events[i])
		}
		if err != nil {
			return fmt.Errorf("no command can have led to entry %d: %w", seal.From+int64(i), err)
		}
	}
	if err := again.End(); err != nil {
		return err
	}
	if sealed {
		if err := d.checkRekeyed(ctx, seal.Mark, events); err != nil {
			return err
		}
	}
	at.state.Merge(again.State)
	at.frontier, at.root = grown.Clone(), root
	w.taken(events)
	return nil
}

// fits says whether a batch of the ledger is as the anchor says, and under its seal; it
// needs none where it is from before this secret store met the ledger (sealed is false).
func (d *Desk) fits(ctx context.Context, keyID string, b audit.Batch, mark string, kept anchor) (sealed bool, err error) {
	for _, p := range []point{kept.point, kept.Since} {
		if b.Size == p.Size && b.Root != p.Root || b.From < p.Size && p.Size < b.Size {
			return false, fmt.Errorf("its first %d entries are others than those that were anchored", p.Size)
		}
	}
	if b.Size <= kept.Since.Size {
		return false, nil
	}
	return true, d.checkSeal(ctx, keyID, b, mark)
}

// unknown says that an error is not about the ledger itself.
func unknown(err error) bool {
	return errors.Is(err, ErrStoreUnavailable) || errors.Is(err, ErrSecretsUnavailable) || errors.Is(err, ErrSecretsLost) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
