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
	size int64
	text []byte
}

// Checkpoint gives a signed note (C2SP tlog-checkpoint) of the committed head.
// Nothing that could still be rolled back is ever signed.
func (d *Desk) Checkpoint(ctx context.Context) ([]byte, error) {
	if err := d.trusted(); err != nil {
		return nil, err
	}
	d.mu.RLock()
	frontier := d.frontier
	d.mu.RUnlock()

	d.signed.mu.Lock()
	defer d.signed.mu.Unlock()
	if d.signed.text != nil && d.signed.size >= frontier.Size() {
		return d.signed.text, nil
	}
	if err := d.belongs(ctx); err != nil { // another key signs another ledger
		return nil, err
	}
	root, err := frontier.Root()
	if err != nil {
		return nil, err
	}
	text, err := audit.SignCheckpoint(ctx, d.Origin, frontier.Size(), root, d.Secrets)
	if err != nil {
		return nil, err
	}
	d.signed.size, d.signed.text = frontier.Size(), text
	return text, nil
}

// LedgerKey gives the key that checks checkpoints, as a signed-note verifier key.
func (d *Desk) LedgerKey(ctx context.Context) (string, error) {
	key, err := d.Secrets.PublicKey(ctx)
	if err != nil {
		return "", err
	}
	return audit.VerifierKey(d.Origin, key)
}
