package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/store"
)

// openLedger gives the ledger of a database file, or of the server that this
// machine is logged in at when path is "". The caller calls done.
func (c *cli) openLedger(ctx context.Context, path string) (ledger audit.Source, done func(), err error) {
	if path != "" {
		database, err := store.OpenReadOnly(ctx, strings.TrimPrefix(path, "sqlite:"), slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, nil, err
		}
		return database, func() { _ = database.Close() }, nil
	}
	server, err := c.connect()
	if err != nil {
		return nil, nil, err
	}
	key, err := server.LedgerKey(ctx)
	if err != nil {
		return nil, nil, err
	}
	signed, err := server.Checkpoint(ctx)
	if err != nil {
		return nil, nil, err
	}
	head, err := audit.OpenCheckpoint(signed, key)
	if err != nil {
		return nil, nil, verificationError{err}
	}
	return serverLog{server, head.Size}, func() {}, nil
}

// eachEvent calls yield for all events of a ledger from an index on, and fails
// where an entry is missing.
func eachEvent(ctx context.Context, ledger audit.Source, from int64, yield func(index int64, record []byte, e custody.Event) error) error {
	size, err := ledger.Size(ctx)
	if err != nil {
		return err
	}
	next := from
	err = ledger.Records(ctx, from, size, func(index int64, record []byte) error {
		if index != next {
			return missingEntry(next)
		}
		next++
		entry, err := audit.DecodeEntry(record)
		if err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
		event, err := custody.FromRecord(entry)
		if err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
		return yield(index, record, event)
	})
	if err == nil && next < size {
		err = missingEntry(next)
	}
	return err
}

func missingEntry(index int64) error {
	return verificationError{fmt.Errorf("the ledger has no entry %d", index)}
}
