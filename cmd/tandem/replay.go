package main

import (
	"context"
	"fmt"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// replay folds a ledger as an auditor does: each event must have been allowed
// where it stands, and leave a state in which every invariant holds.
type replay struct{ state *custody.State }

func newReplay() *replay { return &replay{state: custody.NewState()} }

// prepare reads an event out of an entry. It is audit.VerifyOptions.Prepare.
func (*replay) prepare(e audit.Entry) (any, error) { return custody.FromRecord(e) }

// step is audit.VerifyOptions.Step.
func (r *replay) step(_ int64, _ audit.Entry, prepared any) error {
	return custody.Replay(r.state, prepared.(custody.Event))
}

// serverLog is the log of a server up to a checkpoint, read through its API.
type serverLog struct {
	server *client.Client
	size   int64
}

var _ audit.Source = serverLog{}

// Size implements audit.Source.
func (l serverLog) Size(context.Context) (int64, error) { return l.size, nil }

// Records implements audit.Source. A server that leaves entries out is found by
// audit.Verify, which counts them.
func (l serverLog) Records(ctx context.Context, from, to int64, yield func(int64, []byte) error) error {
	for from < to {
		page, err := l.server.Entries(ctx, api.EntryQuery{From: from, Limit: int(min(to-from, pageSize))})
		if err != nil {
			return err
		}
		if len(page) == 0 {
			return nil
		}
		for _, entry := range page {
			record, err := entry.Record()
			if err != nil {
				return fmt.Errorf("entry %d: %w", entry.Index, err)
			}
			if err := yield(entry.Index, record); err != nil {
				return err
			}
			from = entry.Index + 1
		}
	}
	return nil
}
