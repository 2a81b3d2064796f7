package desk

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
)

// ChangeSealKey has the ledger sealed with a new key: by a manager or a director with a
// code, on the host. The key is in the secret store first, at a path of its own, and
// the entry says that it counts; so there is no step behind the entry that could be
// cut short, and a key that no entry names is nothing. See custody.ChangeSealKey.
func (d *Desk) ChangeSealKey(ctx context.Context, by By) (Outcome, error) {
	if err := d.belongs(ctx); err != nil {
		return Outcome{}, err
	}
	if err := d.catchUpNow(ctx); err != nil { // another process may have replaced it
		return Outcome{}, err
	}
	old, err := d.macs.inForce(ctx, d.Secrets, d.sealKeyAt(d.entries()))
	if err != nil {
		return Outcome{}, err
	}
	fresh := newMACKey(freshKey())
	return d.doBound(ctx, by, custody.ChangeSealKey{From: old.id, To: fresh.id}, bound{
		store: func(ctx context.Context, _ *custody.State) error { return d.macs.keep(ctx, d.Secrets, fresh) },
	})
}
