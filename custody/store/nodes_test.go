package store

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/audit"
)

// TestReadMany: entries and nodes that come many in a row of the database are
// those that were written, whatever part of them is asked for.
func TestReadMany(t *testing.T) { onBoth(t, readManyOnBoth) }

func readManyOnBoth(t *testing.T, on engine) {
	s := busyOffice(t, 1300, on)
	size := int64(len(s.records))
	for _, part := range [][2]int64{{0, size}, {0, 0}, {0, 1}, {511, 513}, {512, 1024}, {700, size + 5000}, {size, size + 1}, {size + 9, 1 << 59}} {
		next := part[0]
		err := s.store.Records(t.Context(), part[0], part[1], func(index int64, record []byte) error {
			if index != next || !bytes.Equal(record, s.records[index]) {
				t.Fatalf("entries [%d, %d): at %d came %d, %s", part[0], part[1], next, index, record)
			}
			next++
			return nil
		})
		if err != nil || next != max(part[0], min(part[1], size)) {
			t.Errorf("entries [%d, %d): ended at %d: %v", part[0], part[1], next, err)
		}
	}
	enough := errors.New("enough")
	if err := s.store.Records(t.Context(), 0, size, func(int64, []byte) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("stopped: %v", err)
	}

	var want []audit.Hash
	var tree audit.Frontier
	for _, record := range s.records {
		nodes, err := tree.Append(record)
		if err != nil {
			t.Fatal(err)
		}
		for _, node := range nodes {
			want = append(want, node.Hash)
		}
	}
	reader := s.store.HashReader(t.Context())
	var all, twice []int64
	for i := range want {
		all = append(all, int64(i))
		twice = append(twice, int64(i), int64(i))
	}
	backward := slices.Clone(all)
	slices.Reverse(backward)
	for name, indexes := range map[string][]int64{
		"none": nil, "one": all[7:8], "a run": all[5:1500], "all": all, "backward": backward, "twice": twice, "no run of three": {4, 4, 6},
	} {
		got, err := reader.ReadHashes(indexes)
		if err != nil || len(got) != len(indexes) {
			t.Fatalf("%s: %d nodes, %v", name, len(got), err)
		}
		for i, index := range indexes {
			if got[i] != want[index] {
				t.Fatalf("%s: node %d is another", name, index)
			}
		}
	}
	if _, err := reader.ReadHashes([]int64{int64(len(want)) - 1, int64(len(want))}); err == nil {
		t.Error("read a node that there is not")
	}
}

// TestTamperNodeLengths: bytes that moved from a node to its neighbour are found,
// though both are the same as before when one is behind the other.
func TestTamperNodeLengths(t *testing.T) {
	e := newEvidence(t)
	path := e.copied(t, e.frontier.Size())
	db := administrator(t, path)
	reader, err := OpenReadOnly(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	execAll(t, db,
		"UPDATE ledger_nodes SET hash = CAST(hash || substr((SELECT hash FROM ledger_nodes WHERE id = 5), 1, 1) AS BLOB) WHERE id = 4",
		"UPDATE ledger_nodes SET hash = substr(hash, 2) WHERE id = 5",
	)
	_, err = reader.Verify(t.Context(), audit.VerifyOptions{})
	wrong, ok := errors.AsType[*audit.VerifyError](err)
	if !ok || wrong.Check != audit.CheckNode || tlog.StoredHashIndex(0, wrong.Index) > 4 || tlog.StoredHashIndex(0, wrong.Index+1) <= 4 {
		t.Errorf("got %v", err)
	}
}
