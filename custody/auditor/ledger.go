package auditor

import (
	"context"
	"fmt"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// Ledger is a ledger that also has the texts that its entries commit to.
type Ledger interface {
	audit.Source
	// TextsOf gives those of an entry that was read, by commitment.
	TextsOf(ctx context.Context, index int64, e custody.Event) (map[string]custody.Words, error)
}

// Server is a server whose ledger can be read.
type Server interface {
	LedgerKey(context.Context) (string, error)  // as a verifier wants it
	Checkpoint(context.Context) ([]byte, error) // signed now
	Log(size int64) Ledger                      // the first so many entries
}

// Database is a ledger with the tables that are made of it.
type Database interface {
	// Verify looks at all of it. The error is a TableError where a table is wrong.
	Verify(context.Context, audit.VerifyOptions) (Found, error)
	// Cosigned gives checkpoints of fewer than so many entries, the greatest first.
	Cosigned(ctx context.Context, before int64, limit int) ([]audit.Checkpoint, error)
}

// Found is what a database says of itself when all of it is right.
type Found struct {
	audit.Report
	custody.Tally
	Policy custody.PolicyInForce // at its end
	Texts  custody.Texts
}

// EachEvent calls yield for all events of a ledger from an index on, with the texts of
// each as far as they are there. The error is a MissingEntry where one is missing.
func EachEvent(ctx context.Context, ledger Ledger, from int64, yield func(index int64, record []byte, e custody.Event, texts map[string]custody.Words) error) error {
	size, err := ledger.Size(ctx)
	if err != nil {
		return err
	}
	next := from
	err = ledger.Records(ctx, from, size, func(index int64, record []byte) error {
		if index != next {
			return MissingEntry(next)
		}
		next++
		event, err := custody.ReadRecord(record)
		if err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
		texts, err := ledger.TextsOf(ctx, index, event)
		if err != nil {
			return err
		}
		return yield(index, record, event, texts)
	})
	if err == nil && next < size {
		err = MissingEntry(next)
	}
	return err
}

// MissingEntry is an entry that a ledger does not have, by its index.
type MissingEntry int64

func (m MissingEntry) Error() string { return fmt.Sprintf("the ledger has no entry %d", int64(m)) }

// Misuse is a request that makes no sense, and no evidence of anything.
type Misuse struct{ error }

func misusef(format string, args ...any) error { return Misuse{fmt.Errorf(format, args...)} }
