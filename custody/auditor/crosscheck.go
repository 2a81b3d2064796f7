package auditor

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/reconcile"
)

// Crosscheck compares what was read and written in a secret store with what the ledger
// allows. The ledger itself has to be verified before.
func Crosscheck(ctx context.Context, ledger Ledger, accesses []reconcile.Access) (reconcile.Report, error) {
	gathered := reconcile.NewLedger(accesses)
	err := EachEvent(ctx, ledger, 0, func(_ int64, _ []byte, e custody.Event, _ map[string]custody.Words) error {
		gathered.Add(e)
		return nil
	})
	return gathered.Compare(accesses), err
}
