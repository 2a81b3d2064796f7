package audit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"
)

// TestFrontier compares the frontier with tlog and with transparency-dev/merkle
// at every size from 0 to 300: nodes, root, reload, clone.
func TestFrontier(t *testing.T) {
	var f Frontier
	var nodes []Hash // as tlog stores them
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) {
		var hashes []Hash
		for _, i := range indexes {
			hashes = append(hashes, nodes[i])
		}
		return hashes, nil
	})
	peer := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)

	for n := int64(0); n <= 300; n++ {
		root, err := f.Root()
		if err != nil {
			t.Fatal(err)
		}
		if want, err := tlog.TreeHash(n, reader); err != nil || root != want || f.Size() != n {
			t.Fatalf("size %d: %d with root %v, tlog has %v, %v", n, f.Size(), root, want, err)
		}
		if n > 0 {
			if want, err := peer.GetRootHash(nil); err != nil || !bytes.Equal(root[:], want) {
				t.Fatalf("size %d: root %x, merkle has %x, %v", n, root, want, err)
			}
		}
		loaded, err := LoadFrontier(n, reader)
		if err != nil {
			t.Fatal(err)
		}
		if loaded.size != f.size || !slices.Equal(loaded.peaks, f.peaks) {
			t.Fatalf("size %d: loaded frontier differs", n)
		}

		record := fmt.Appendf(nil, "record %d", n)
		want, err := tlog.StoredHashes(n, record, reader)
		if err != nil {
			t.Fatal(err)
		}
		clone := f.Clone()
		for name, tree := range map[string]*Frontier{"clone": clone, "loaded": loaded, "frontier": &f} {
			got, err := tree.Append(record)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(want) {
				t.Fatalf("size %d, %s: %d nodes, tlog has %d", n, name, len(got), len(want))
			}
			for i, node := range got {
				if node.Hash != want[i] || node.Index != tlog.StoredHashIndex(0, n)+int64(i) {
					t.Fatalf("size %d, %s: node %d is %v", n, name, i, node)
				}
			}
		}
		nodes = append(nodes, want...)
		if err := peer.Append(rfc6962.DefaultHasher.HashLeaf(record), nil); err != nil {
			t.Fatal(err)
		}
	}
}

// TestCloneIsIndependent: a batch that is thrown away leaves nothing behind.
func TestCloneIsIndependent(t *testing.T) {
	log := newTestLog(t, 11) // 8 + 2 + 1: the next append replaces the last peaks
	before, err := log.tree.Root()
	if err != nil {
		t.Fatal(err)
	}
	clone := log.tree.Clone()
	for range 30 {
		if _, err := clone.Append([]byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	after, err := log.tree.Root()
	if err != nil {
		t.Fatal(err)
	}
	if after != before || log.tree.Size() != 11 {
		t.Error("appending to the clone changed the tree")
	}
}

func TestAppendRefusesTooLarge(t *testing.T) {
	var f Frontier
	if nodes, err := f.Append(make([]byte, MaxEntrySize+1)); !errors.Is(err, ErrEntryTooLarge) || nodes != nil || f.Size() != 0 {
		t.Errorf("%d nodes, size %d, %v", len(nodes), f.Size(), err)
	}
}

func TestLoadFrontierRefuses(t *testing.T) {
	log := newTestLog(t, 5)
	for _, size := range []int64{-1, 6, maxSize + 1, 1<<63 - 1} {
		if _, err := LoadFrontier(size, log); err == nil {
			t.Errorf("loaded a tree of size %d from a log of 5", size)
		}
	}
	short := tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) { return make([]Hash, len(indexes)-1), nil })
	if _, err := LoadFrontier(5, short); err == nil {
		t.Error("loaded a tree whose nodes are not all there")
	}
}

// BenchmarkAppend appends to a tree of a million entries.
func BenchmarkAppend(b *testing.B) {
	record, err := testEntry(0).Encode()
	if err != nil {
		b.Fatal(err)
	}
	peaks := tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) { return make([]Hash, len(indexes)), nil })
	f, err := LoadFrontier(1_000_000, peaks)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(record)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Append(record); err != nil {
			b.Fatal(err)
		}
	}
}
