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
// no command can have led to, is not taken in.
func (d *Desk) takeIn(ctx context.Context, tx Tx, size int64, root audit.Hash) error {
	first := d.state.Size
	records, err := tx.Records(first, size)
	if err != nil {
		return err
	}
	state, frontier := d.state.Fork(), d.frontier.Clone()
	last, err := frontier.Root()
	if err != nil {
		return err
	}
	var events []custody.Event
	for seal, err := range tx.Seals(first, size) {
		if err != nil {
			return err
		}
		if seal.From != frontier.Size() || seal.Size <= seal.From || seal.Size > size {
			return d.suspects(fmt.Errorf("entries from %d on: %w", frontier.Size(), audit.ErrUnsealed))
		}
		batch := records[seal.From-first : seal.Size-first]
		for _, record := range batch {
			if _, err := frontier.Append(record); err != nil {
				return d.suspects(err)
			}
		}
		b := audit.Batch{From: seal.From, FromRoot: last, Size: seal.Size}
		if b.Root, err = frontier.Root(); err != nil {
			return err
		}
		switch err := d.checkSeal(ctx, b, seal.Mark); {
		case errors.Is(err, errForeign):
			return d.suspects(err)
		case err != nil:
			return err
		}
		last = b.Root
		again := custody.Replayer{State: state}
		for i, record := range batch {
			event, err := decode(record)
			if err == nil {
				err = again.Add(event)
			}
			if err != nil {
				return d.suspects(fmt.Errorf("another process appended what no command can have led to: entry %d: %w", seal.From+int64(i), err))
			}
			events = append(events, event)
		}
		if err := again.End(); err != nil {
			return d.suspects(err)
		}
	}
	switch {
	case frontier.Size() != size:
		return d.suspects(fmt.Errorf("entries from %d on: %w", frontier.Size(), audit.ErrUnsealed))
	case last != root:
		return d.suspects(errors.New("its root is not that of its entries"))
	}
	d.mu.Lock()
	for _, event := range events {
		d.noteCorrected(event)
	}
	d.state.Merge(state)
	d.frontier = frontier
	d.mu.Unlock()
	return nil
}
