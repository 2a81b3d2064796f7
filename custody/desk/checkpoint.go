package desk

import (
	"context"
	"sync"

	"github.com/tandem-custody/tandem/audit"
)

// signedHead is the last checkpoint that was signed: heads are asked for far
// more often than they move.
type signedHead struct {
	mu   sync.Mutex
	head audit.Checkpoint
}

// Checkpoint gives the committed head, signed (C2SP tlog-checkpoint). Nothing that
// could still be rolled back is ever signed, and what the secret store signed has
// been checked with the ledger's key.
func (d *Desk) Checkpoint(ctx context.Context) (audit.Checkpoint, error) {
	if err := d.trusted(); err != nil {
		return audit.Checkpoint{}, err
	}
	d.mu.RLock()
	frontier := d.frontier
	d.mu.RUnlock()

	d.signed.mu.Lock()
	defer d.signed.mu.Unlock()
	if d.signed.head.Text != nil && d.signed.head.Size >= frontier.Size() {
		return d.signed.head, nil
	}
	if err := d.belongs(ctx); err != nil { // another key signs another ledger
		return audit.Checkpoint{}, err
	}
	root, err := frontier.Root()
	if err != nil {
		return audit.Checkpoint{}, err
	}
	head, err := audit.SignCheckpoint(ctx, d.Origin, frontier.Size(), root, d.Secrets)
	if err == nil {
		d.signed.head = head
	}
	return head, err
}

// LedgerKey gives the key that checks checkpoints, as a signed-note verifier key.
func (d *Desk) LedgerKey(ctx context.Context) (string, error) {
	key, err := d.Secrets.PublicKey(ctx)
	if err != nil {
		return "", err
	}
	return audit.VerifierKey(d.Origin, key)
}
