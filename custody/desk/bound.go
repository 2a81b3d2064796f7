package desk

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
)

// bound is what goes with a command into its place among all others: what is done
// for it there can neither be overtaken by another command nor outlive a refusal.
type bound struct {
	// store keeps the command's secrets, once the rules allow it and before its
	// entry is committed; nil: there are none. Everybody waits meanwhile, so its
	// context ends after storeTimeout. Should it fail, the command did not happen.
	store func(ctx context.Context, before *custody.State) error
}

func (b *batch) storeSecrets(c *call) error {
	ctx, cancel := context.WithTimeout(WithRequest(b.ctx, c.by.Request), storeTimeout)
	defer cancel()
	return c.bound.store(ctx, b.draft)
}

// entries is how many the committed ledger has, as far as this process knows.
func (d *Desk) entries() int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.state.Size
}
