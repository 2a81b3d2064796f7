package auditor

import (
	"context"
	"errors"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// Border is a place in the ledger: an index, or an instant. Zero: none.
type Border struct {
	Index int64
	Time  time.Time
}

// reached says that an entry is at the border or behind it.
func (b Border) reached(index int64, e custody.Event) bool {
	if !b.Time.IsZero() {
		return !e.Time.Before(b.Time)
	}
	return index >= b.Index
}

// Extracted is where an extract goes.
type Extracted interface {
	Write(index int64, record []byte, texts map[string]custody.Words) error
	Close() error // when all has been written
}

var errEnough = errors.New("the end that was asked for")

// Extract writes the entries from one border to another, which is not in, and gives
// their number.
func Extract(ctx context.Context, ledger Ledger, from, to Border, into Extracted) (count int, err error) {
	err = EachEvent(ctx, ledger, from.Index, func(index int64, record []byte, e custody.Event, texts map[string]custody.Words) error {
		if to != (Border{}) && to.reached(index, e) {
			return errEnough
		}
		if !from.reached(index, e) {
			return nil
		}
		count++
		return into.Write(index, record, texts)
	})
	if err != nil && !errors.Is(err, errEnough) {
		return count, err
	}
	return count, into.Close()
}
