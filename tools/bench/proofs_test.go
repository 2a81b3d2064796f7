//go:build bench

package bench

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody/store"
)

// measureProofs compares how long it takes to prove entries of a long ledger, taken
// at random, with entries of a short one: to read what the proof needs, to write it,
// and to check it as the auditor does who gets it, signature included.
func measureProofs(t *testing.T, _ string) table {
	long, prove := provesIn(t, written(t, longestLedger(t)))
	short, proveShort := provesIn(t, written(t, 10_000))
	blocks := inTurns(t, 9,
		func() (block, error) { return callers(1, 500, prove) },
		func() (block, error) { return callers(1, 500, proveShort) },
	)
	ours, peer, ratio := compared{blocks[0], blocks[1]}.latency()
	return []row{
		{
			what: fmt.Sprintf("proof of an entry of %d, made and checked : of one of %d", long, short),
			ours: milliseconds(ours), peer: milliseconds(peer), ratio: times(ratio), goal: atMost(ratio, 2, "%.0fx"),
		},
		{what: "the same, as it is", ours: milliseconds(ours), goal: atMost(ours, 5*time.Millisecond, "%s")},
	}
}

// provesIn gives the size of a written ledger, and what proves one of its entries.
func provesIn(t *testing.T, dir string) (size int64, prove func(int) error) {
	t.Helper()
	db, err := store.OpenReadOnly(t.Context(), databaseIn(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	signed, err := os.ReadFile(filepath.Join(dir, checkpointFile))
	if err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(dir, verifierFile))
	if err != nil {
		t.Fatal(err)
	}
	vkey := strings.TrimSpace(string(key))
	head, err := audit.OpenCheckpoint(signed, vkey)
	if err != nil {
		t.Fatal(err)
	}
	return head.Size, func(int) error {
		index := rand.Int64N(head.Size)
		entry, err := db.Entry(t.Context(), index)
		if err != nil {
			return err
		}
		hashes, err := audit.InclusionProof(head.Size, index, db.HashReader(t.Context()))
		if err != nil {
			return err
		}
		text, err := audit.FormatProof(audit.EntryProof{Index: index, Hashes: hashes, Checkpoint: signed})
		if err != nil {
			return err
		}
		proof, err := audit.ParseProof(text)
		if err != nil {
			return err
		}
		_, err = proof.Check(entry.Record, vkey)
		return err
	}
}
