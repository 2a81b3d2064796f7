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
func (c *cli) openLedger(ctx context.Context, path string) (ledger ledgerSource, done func(), err error) {
	if path != "" {
		database, err := store.OpenReadOnly(ctx, strings.TrimPrefix(path, "sqlite:"), slog.New(slog.DiscardHandler))
		if err != nil {
			return nil, nil, err
		}
		return databaseLog{database}, func() { _ = database.Close() }, nil
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
	return newServerLog(server, head.Size), func() {}, nil
}

// ledgerSource is a ledger that also has the texts that its entries commit to.
type ledgerSource interface {
	audit.Source
	// textsOf gives those of an entry that was read, by commitment.
	textsOf(ctx context.Context, index int64, e custody.Event) (map[string]custody.Words, error)
}

type databaseLog struct{ *store.Store }

func (d databaseLog) textsOf(ctx context.Context, _ int64, e custody.Event) (map[string]custody.Words, error) {
	return d.Texts(ctx, e.Notes())
}

func (l serverLog) textsOf(_ context.Context, index int64, _ custody.Event) (map[string]custody.Words, error) {
	return l.texts.take(index), nil
}

// eachEvent calls yield for all events of a ledger from an index on, with the texts
// of each as far as they are there, and fails
// where an entry is missing.
func eachEvent(ctx context.Context, ledger ledgerSource, from int64, yield func(index int64, record []byte, e custody.Event, texts map[string]custody.Words) error) error {
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
		texts, err := ledger.textsOf(ctx, index, event)
		if err != nil {
			return err
		}
		return yield(index, record, event, texts)
	})
	if err == nil && next < size {
		err = missingEntry(next)
	}
	return err
}

func missingEntry(index int64) error {
	return verificationError{fmt.Errorf("the ledger has no entry %d", index)}
}
