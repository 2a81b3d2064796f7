// Package witnesstest has a ledger for the tests of witnesses, and keys that are always
// the same.
package witnesstest

import (
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/audit"
)

// Ledger is a ledger for a witness: entries that say texts, signed by one key.
type Ledger struct {
	t     testing.TB
	tree  audit.Frontier
	nodes []audit.Hash
}

// Origin is what the ledger is called.
const Origin = "ledger.example/tandem"

var key = Signer(Origin, 0)

// NewLedger gives one without entries.
func NewLedger(t testing.TB) *Ledger { return &Ledger{t: t} }

// Grow appends n entries that say a text and their index.
func (l *Ledger) Grow(n int, text string) *Ledger {
	l.t.Helper()
	for range n {
		nodes, err := l.tree.Append(fmt.Appendf(nil, "%s %d", text, l.tree.Size()))
		if err != nil {
			l.t.Fatal(err)
		}
		for _, node := range nodes {
			l.nodes = append(l.nodes, node.Hash)
		}
	}
	return l
}

// ReadHashes implements tlog.HashReader.
func (l *Ledger) ReadHashes(indexes []int64) ([]audit.Hash, error) {
	var hashes []audit.Hash
	for _, i := range indexes {
		hashes = append(hashes, l.nodes[i])
	}
	return hashes, nil
}

// Key is the ledger's, as a verifier wants it.
func (l *Ledger) Key() string {
	l.t.Helper()
	vkey, err := audit.VerifierKey(Origin, key.Public())
	if err != nil {
		l.t.Fatal(err)
	}
	return vkey
}

// At gives the signed checkpoint of so many entries.
func (l *Ledger) At(size int64) audit.Checkpoint {
	l.t.Helper()
	root, err := tlog.TreeHash(size, l)
	if err != nil {
		l.t.Fatal(err)
	}
	c, err := audit.SignCheckpoint(l.t.Context(), Origin, size, root, key)
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}
