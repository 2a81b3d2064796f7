package desk

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// sealPurpose is what the ledger's seals are marks for.
const sealPurpose = "ledger seal"

// seal gives the mark of a batch that this process appends.
func (d *Desk) seal(ctx context.Context, b audit.Batch) (string, error) {
	return d.macWith(ctx, d.sealKeyAt(b.From), sealPurpose, b.Text(d.Origin))
}

// sealKeyAt gives the id of the key that counts where a batch begins, "" for the first.
func (d *Desk) sealKeyAt(from int64) string {
	if d.resealed != "" {
		return d.resealed
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.state.SealKeyAt(from)
}

// errForeign: somebody appended to the ledger who has not got the key.
var errForeign = errors.New("not sealed with this installation's key")

// checkSeal looks at a batch's mark: it must be of the key that counted where the batch
// begins, and of no other. The error is errForeign, or says why the key cannot be had.
func (d *Desk) checkSeal(ctx context.Context, keyID string, b audit.Batch, mark string) error {
	key, err := d.macs.inForce(ctx, d.Secrets, keyID)
	if err != nil {
		return err
	}
	good, err := key.made(sealPurpose, b.Text(d.Origin), mark)
	if err == nil && !good {
		err = fmt.Errorf("entries [%d, %d): %w", b.From, b.Size, errForeign)
	}
	return err
}

// checkRekeyed looks at what a batch says of the key of the seals: that it is under the
// one that it replaces, and that the secret store has the one that follows.
func (d *Desk) checkRekeyed(ctx context.Context, mark string, events []custody.Event) error {
	under, _, _ := strings.Cut(mark, ".")
	for _, e := range events {
		f, is := e.Fact.(custody.SealKeyChanged)
		if !is {
			continue
		}
		if f.From != under {
			return fmt.Errorf("it replaces the key %s of its seals, and is sealed with %s", f.From, under)
		}
		if key, err := d.macs.byID(ctx, d.Secrets, f.To); err != nil {
			return err
		} else if key.key == nil {
			return fmt.Errorf("it says that it is sealed with a key that is not at %s", SealKeyPath(f.To))
		}
		under = f.To
	}
	return nil
}

// takeIn takes in the entries up to size, which another process appended: batch by
// batch, each under its seal, and each carried out again. What is not sealed, or
// no command can have led to, is not taken in. known is the root that this process
// is at.
func (d *Desk) takeIn(ctx context.Context, tx Tx, known audit.Hash, size int64, root audit.Hash) error {
	first := d.state.Size
	at := edge{state: d.state.Fork(), frontier: d.frontier, root: known}
	var events []custody.Event
	err := at.again(ctx, d, walk{
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
	close(d.followed)
	d.followed = make(chan struct{})
	return nil
}
