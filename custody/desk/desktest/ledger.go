package desktest

import (
	"context"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/tandem-custody/tandem/custody"
)

// Ledger is a ledger in memory as those who follow one read it, with the texts of its
// entries. The zero Ledger is empty.
type Ledger struct {
	mu       sync.Mutex
	records  [][]byte
	texts    map[string]custody.Words // by commitment
	grew     chan struct{}            // nil: nobody waits
	trouble  error
	troubled int
}

// Happen adds the entries of events, all at once.
func (l *Ledger) Happen(t testing.TB, events ...custody.Event) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		record, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		l.records = append(l.records, record)
		for _, n := range e.Notes() {
			if words, known := n.Words(); known {
				if l.texts == nil {
					l.texts = map[string]custody.Words{}
				}
				l.texts[n.Commitment()] = words
			}
		}
	}
	if l.grew != nil {
		close(l.grew)
		l.grew = nil
	}
}

// Append adds a record as it is, of which nobody is told.
func (l *Ledger) Append(record []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = append(l.records, record)
}

// Fail has Size fail from now on; nil: work again.
func (l *Ledger) Fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.trouble = err
}

// Failed gives how often Size did.
func (l *Ledger) Failed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.troubled
}

// Record gives the bytes of an entry.
func (l *Ledger) Record(index int64) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.records[index]
}

// AllTexts gives every text by its commitment.
func (l *Ledger) AllTexts() map[string]custody.Words {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.texts)
}

// Follow gives a channel that is closed when something is added.
func (l *Ledger) Follow() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grew == nil {
		l.grew = make(chan struct{})
	}
	return l.grew
}

// Size gives how many entries there are.
func (l *Ledger) Size(context.Context) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.trouble != nil {
		l.troubled++
	}
	return int64(len(l.records)), l.trouble
}

// Records gives those from an index on, and before another.
func (l *Ledger) Records(_ context.Context, from, to int64, yield func(int64, []byte) error) error {
	l.mu.Lock()
	records := slices.Clone(l.records[from:to])
	l.mu.Unlock()
	for i, record := range records {
		if err := yield(from+int64(i), record); err != nil {
			return err
		}
	}
	return nil
}

// Texts gives those of some notes, by commitment.
func (l *Ledger) Texts(_ context.Context, notes []custody.Note) (map[string]custody.Words, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	texts := map[string]custody.Words{}
	for _, n := range notes {
		if words, there := l.texts[n.Commitment()]; there {
			texts[n.Commitment()] = words
		}
	}
	return texts, nil
}
