package audit

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// TestVerifyEveryBit flips each bit of each entry of a log of 20. A signed
// checkpoint finds every one; the stored nodes name the very entry, also when it
// is the only thing that they are compared with.
func TestVerifyEveryBit(t *testing.T) {
	good := new(testLog)
	for i := range 20 {
		e := testEntry(i)
		e.Subject, e.Request, e.Data = "s", "", jsontext.Value(`{"n":7}`) // short, for there are many bits
		record, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		good.append(t, record)
	}
	signed := signedBy(t, good, 8, 20)
	signed.Workers = 1
	withNodes := VerifyOptions{Workers: 1, StoredNodes: good}
	var tried, alone atomic.Int64
	t.Run("entries", func(t *testing.T) {
		for i := range good.records {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				l := good.clone()
				for bit := range len(l.records[i]) * 8 {
					l.records[i][bit/8] ^= 1 << (bit % 8)
					tried.Add(1)

					_, err := Verify(t.Context(), l, signed)
					bad, ok := errors.AsType[*VerifyError](err)
					// By its own form, at the entry; by its time, there or behind it;
					// by the root, somewhere behind the last good checkpoint.
					vouched := int64(0)
					if i >= 8 {
						vouched = 8
					}
					switch {
					case !ok:
						t.Errorf("entry %d, bit %d: %v", i, bit, err)
					case bad.Check == CheckEncoding && bad.Index == int64(i):
						alone.Add(1)
					case bad.Check == CheckTime && (bad.Index == int64(i) || bad.Index == int64(i)+1):
						alone.Add(1)
					case bad.Check == CheckCheckpoint && bad.Index == vouched:
					default:
						t.Errorf("entry %d, bit %d: %v", i, bit, err)
					}

					_, err = Verify(t.Context(), l, withNodes)
					if bad, ok := errors.AsType[*VerifyError](err); !ok || bad.Index != int64(i) {
						t.Errorf("entry %d, bit %d, stored nodes: %v", i, bit, err)
					}
					l.records[i][bit/8] ^= 1 << (bit % 8)
				}
			})
		}
	})
	t.Logf("%d bits flipped, all found; %d of them also without a checkpoint", tried.Load(), alone.Load())
}

// TestVerifyEveryNodeBit flips each bit of each stored node: named is the entry
// that the node was stored with.
func TestVerifyEveryNodeBit(t *testing.T) {
	l := newTestLog(t, 20)
	node := 0
	for index := range l.records {
		var f Frontier
		for _, record := range l.records[:index] {
			if _, err := f.Append(record); err != nil {
				t.Fatal(err)
			}
		}
		nodes, err := f.Append(l.records[index])
		if err != nil {
			t.Fatal(err)
		}
		for range nodes {
			for bit := range len(Hash{}) * 8 {
				l.nodes[node][bit/8] ^= 1 << (bit % 8)
				mustFail(t, l, VerifyOptions{StoredNodes: l, Workers: 1}, int64(index), CheckNode, ErrNode)
				l.nodes[node][bit/8] ^= 1 << (bit % 8)
			}
			node++
		}
	}
	if node != len(l.nodes) {
		t.Fatalf("tried %d nodes of %d", node, len(l.nodes))
	}

	short := &testLog{records: l.records, nodes: l.nodes[:25]} // 11 entries have 19 nodes, 13 have 23, 14 have 25
	mustFail(t, l, VerifyOptions{StoredNodes: short}, 14, CheckNode, ErrNode)
}

// TestVerifyTampering: what a database administrator could do to the entries and,
// if rebuilt, to the nodes as well, in a log that was signed at 10 and at 20.
func TestVerifyTampering(t *testing.T) {
	good := newTestLog(t, 20)
	other, err := testEntry(7).Encode()
	if err != nil {
		t.Fatal(err)
	}
	other = bytes.Replace(other, []byte("disk"), []byte("fans"), 1)
	tests := []struct {
		name   string
		edit   func(records [][]byte) [][]byte
		signed int64 // first index that no good checkpoint vouches for
		check  Check // if no checkpoint is given; "" if nothing is noticed
		index  int64 // where check fails
	}{
		{"changed", func(r [][]byte) [][]byte { r[7] = other; return r }, 0, "", 0},
		{"changed behind the first checkpoint", func(r [][]byte) [][]byte { r[12] = r[11]; return r }, 10, "", 0},
		{"deleted", func(r [][]byte) [][]byte { return slices.Concat(r[:12], r[13:], r[19:]) }, 10, "", 0},
		{"first deleted", func(r [][]byte) [][]byte { return r[1:] }, 0, "", 0},
		{"duplicated", func(r [][]byte) [][]byte { return slices.Insert(r, 12, r[12]) }, 10, "", 0},
		{"swapped", func(r [][]byte) [][]byte { r[12], r[13] = r[13], r[12]; return r }, 0, CheckTime, 13},
		{"inserted", func(r [][]byte) [][]byte { return slices.Insert(r, 8, other) }, 0, "", 0},
		{"all replaced", func(r [][]byte) [][]byte { return slices.Repeat([][]byte{other}, 20) }, 0, "", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			bad := &testLog{records: test.edit(slices.Clone(good.records))}
			if test.check != "" {
				mustFail(t, bad, signedBy(t, good, 10, 20), test.index, test.check, ErrTimeBack)
			} else {
				mustFail(t, bad, signedBy(t, good, 10, 20), test.signed, CheckCheckpoint, ErrOtherRoot)
				if _, err := Verify(t.Context(), bad, VerifyOptions{}); err != nil {
					t.Errorf("without checkpoint: %v", err)
				}
			}
			// Whoever rebuilds the nodes is not found by them, but by the checkpoint.
			if test.check == "" {
				rebuilt := new(testLog)
				for _, record := range bad.records {
					rebuilt.append(t, record)
				}
				opts := signedBy(t, good, 10, 20)
				opts.StoredNodes = rebuilt
				mustFail(t, rebuilt, opts, test.signed, CheckCheckpoint, ErrOtherRoot)
			}
		})
	}

	t.Run("deleted, and nothing in its place", func(t *testing.T) {
		bad := &testLog{records: slices.Delete(slices.Clone(good.records), 12, 13)}
		mustFail(t, bad, signedBy(t, good, 10, 20), 19, CheckCheckpoint, ErrMissing)
	})
	t.Run("truncated", func(t *testing.T) {
		for size := range int64(20) {
			mustFail(t, &testLog{records: good.records[:size]}, signedBy(t, good, 20), size, CheckCheckpoint, ErrMissing)
		}
	})
	t.Run("rolled back", func(t *testing.T) {
		// A log that was set back and went on from there: only a checkpoint from
		// before, kept elsewhere, knows.
		forked := &testLog{records: good.records[:12:12], nodes: good.nodes[:22:22], tree: Frontier{}}
		f, err := LoadFrontier(12, good)
		if err != nil {
			t.Fatal(err)
		}
		forked.tree = *f
		for range 10 {
			record, err := testEntry(19).Encode()
			if err != nil {
				t.Fatal(err)
			}
			forked.append(t, record)
		}
		if _, err := Verify(t.Context(), forked, signedBy(t, forked, 12, 22)); err != nil {
			t.Errorf("its own checkpoints: %v", err)
		}
		opts := signedBy(t, forked, 12, 22)
		opts.Checkpoints = append(opts.Checkpoints, good.checkpoint(t, 20))
		mustFail(t, forked, opts, 12, CheckCheckpoint, ErrOtherRoot)
	})
}
