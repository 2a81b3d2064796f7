package desk

import (
	"context"
	"errors"
	"fmt"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// sealPurpose is what the ledger's seals are marks for.
const sealPurpose = "ledger seal"

// seal gives the mark of a batch that this process appends.
func (d *Desk) seal(ctx context.Context, b audit.Batch) (string, error) {
	return d.mac(ctx, sealPurpose, b.Text(d.Origin))
}

// errForeign: somebody appended to the ledger who has not got the key.
var errForeign = errors.New("not sealed with this installation's key")

// checkSeal looks at a batch's mark. The error is errForeign, or says why the key
// cannot be had.
func (d *Desk) checkSeal(ctx context.Context, b audit.Batch, mark string) error {
	good, err := d.checkMAC(ctx, sealPurpose, b.Text(d.Origin), mark)
	if err == nil && !good {
		err = fmt.Errorf("entries [%d, %d): %w", b.From, b.Size, errForeign)
	}
	return err
}

// takeIn takes in the entries up to size, which another process appended: batch by
// batch, each under its seal, and each carried out again. What is not sealed, or
// no command can have led to, is not taken in. known is the root that this process
// is at.
func (d *Desk) takeIn(ctx context.Context, tx Tx, known audit.Hash, size int64, root audit.Hash) error {
	first := d.state.Size
	at := edge{state: d.state.Fork(), frontier: d.frontier, root: known}
	var events []custody.Event
	err := at.again(walk{
		seals: tx.Seals(first, size),
		records: func(yield func(int64, []byte) error) error {
			records, err := tx.Records(first, size)
			for i, record := range records {
				if err := yield(first+int64(i), record); err != nil {
					return err
				}
			}
			return err
		},
		size:  size,
		fits:  func(b audit.Batch, mark string) error { return d.checkSeal(ctx, b, mark) },
		taken: func(more []custody.Event) { events = append(events, more...) },
	})
	switch {
	case unknown(err):
		return err
	case err != nil:
		return d.suspects(err)
	case at.root != root:
		return d.suspects(errors.New("its root is not that of its entries"))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, event := range events {
		d.noteCorrected(event)
	}
	d.state.Merge(at.state)
	d.frontier = at.frontier
	return nil
}
