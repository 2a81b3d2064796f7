package main

import (
	"fmt"
	"sync"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-custody/tandem/custody"
)

// besides are the texts that came with the entries of a ledger that is being read, until
// the entry is looked at: several goroutines read ahead.
type besides struct {
	mu sync.Mutex
	of map[int64]map[string]custody.Words // by index and commitment
}

func newBesides() *besides { return &besides{of: map[int64]map[string]custody.Words{}} }

func (t *besides) put(index int64, words map[string]custody.Words) {
	if len(words) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.of[index] = words
}

// read is put for what an export has. What cannot be read is not a text of its entry.
func (t *besides) read(index int64, beside jsontext.Value) {
	words := map[string]custody.Words{}
	if err := json.Unmarshal(beside, &words, json.RejectUnknownMembers(true)); err != nil {
		words[fmt.Sprintf("unreadable: %v", err)] = custody.Words{}
	}
	t.put(index, words)
}

// take gives what was put for an entry, once.
func (t *besides) take(index int64) map[string]custody.Words {
	t.mu.Lock()
	defer t.mu.Unlock()
	words := t.of[index]
	delete(t.of, index)
	return words
}
