package auditor

import (
	"context"
	"fmt"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-custody/tandem/custody"
)

// Beside are the texts that came with the entries of a ledger that is being read, until
// the entry is looked at: several goroutines read ahead.
type Beside struct {
	mu sync.Mutex
	of map[int64]map[string]custody.Words // by index and commitment
}

// NewBeside gives one in which there is nothing.
func NewBeside() *Beside { return &Beside{of: map[int64]map[string]custody.Words{}} }

// Put keeps the texts of an entry, by commitment, until somebody asks for them.
func (t *Beside) Put(index int64, words map[string]custody.Words) {
	if len(words) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.of[index] = words
}

// read is Put for what an export has. What cannot be read is not a text of its entry.
func (t *Beside) read(index int64, beside jsontext.Value) {
	words := map[string]custody.Words{}
	if err := json.Unmarshal(beside, &words, json.RejectUnknownMembers(true)); err != nil {
		words[fmt.Sprintf("unreadable: %v", err)] = custody.Words{}
	}
	t.Put(index, words)
}

// TextsOf gives what was put for an entry, once. It is that of Ledger.
func (t *Beside) TextsOf(_ context.Context, index int64, _ custody.Event) (map[string]custody.Words, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	words := t.of[index]
	delete(t.of, index)
	return words, nil
}
