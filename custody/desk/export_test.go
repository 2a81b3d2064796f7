package desk

import (
	"context"

	"github.com/go-json-experiment/json"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// Waiting is how many commands wait for the committer.
func (d *Desk) Waiting() int { return len(d.calls) }

// MAC and CheckMAC mark what is the installation's own.
func (d *Desk) MAC(ctx context.Context, purpose string, message []byte) (string, error) {
	return d.mac(ctx, purpose, message)
}

func (d *Desk) CheckMAC(ctx context.Context, purpose string, message []byte, mark string) (bool, error) {
	return d.checkMAC(ctx, purpose, message, mark)
}

// Seal seals a batch as this desk would.
func (d *Desk) Seal(ctx context.Context, b audit.Batch) (string, error) { return d.seal(ctx, b) }

// AnchoredSize is how many entries an anchor speaks of.
func AnchoredSize(kept custody.Secret) (int64, error) {
	var a anchor
	err := json.Unmarshal(kept.Bytes(), &a)
	return a.Size, err
}

// HearClock hears what was said of the clock on the host.
func (d *Desk) HearClock(ctx context.Context) { d.tendClock(ctx) }

// Tick and Sweep are what the committer does by itself, for when it has ended.
func (d *Desk) Tick()  { d.tick() }
func (d *Desk) Sweep() { d.sweep() }

// Behind has the next tick take in what there is, as after a commit whose answer was lost.
func (d *Desk) Behind() { d.behind = true }

// ClearArrivals does at once what is done now and then.
func (d *Desk) ClearArrivals(ctx context.Context) error { return d.clearArrivals(ctx) }

// Entries is how many entries this process has taken in.
func (d *Desk) Entries() int64 { return d.entries() }

// SealWith seals a batch with the key of an id, "" for the first, whether it counts or not.
func (d *Desk) SealWith(ctx context.Context, id string, b audit.Batch) (string, error) {
	return d.macWith(ctx, id, sealPurpose, b.Text(d.Origin))
}

// MACKeyID is what a key is called.
func MACKeyID(key []byte) string { return macKeyID(key) }
