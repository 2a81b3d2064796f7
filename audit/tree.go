package audit

import (
	"fmt"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Hash is a SHA-256 hash of the tree: of a leaf, a node or a root.
type Hash = tlog.Hash

// maxSize is the greatest size of a tree that is read or written, in entries:
// tlog's arithmetic overflows, and loops, from 2^62. A size may come from whoever
// wants to see the verifier hang.
const maxSize = 1 << 60

// Node is one stored hash of the tree. What is stored is exactly what
// golang.org/x/mod/sumdb/tlog would store: each leaf, and each node as soon as
// all entries below it are there.
type Node struct {
	Index int64 // tlog.StoredHashIndex of the node's level and number
	Hash  Hash
}

// Frontier is the right edge of an RFC 6962 tree: the roots of its complete
// subtrees, at most one for each bit of the size. It is all that is needed to
// append and to give the root, without reading a node. The zero value is the
// empty tree. It is not safe for use by several goroutines at once.
type Frontier struct {
	size  int64
	peaks []Hash // greatest subtree first
}

// LoadFrontier reads the frontier of the tree of the given size, at most
// 1 + log2(size) nodes in one call of r.
func LoadFrontier(size int64, r tlog.HashReader) (*Frontier, error) {
	if size < 0 || size > maxSize {
		return nil, fmt.Errorf("audit: no tree has the size %d", size)
	}
	f := &Frontier{size: size}
	// The hashes that make a root are those of the frontier.
	_, err := tlog.TreeHash(size, tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) {
		hashes, err := r.ReadHashes(indexes)
		f.peaks = slices.Clone(hashes)
		return hashes, err
	}))
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Size is the number of entries in the tree.
func (f *Frontier) Size() int64 { return f.size }

// Root is the root of the tree. The root of the empty tree is the hash of
// nothing (RFC 6962, section 2.1).
func (f *Frontier) Root() (Hash, error) {
	return tlog.TreeHash(f.size, tlog.HashReaderFunc(func([]int64) ([]Hash, error) { return f.peaks, nil }))
}

// Append adds a record as the next leaf and gives the nodes to store with it, in
// the order of their indices, which go on without a gap: the leaf first, then
// each node that it completes. It refuses, with ErrEntryTooLarge, a record that
// no entry can be, and is then unchanged.
func (f *Frontier) Append(record []byte) ([]Node, error) {
	if len(record) > MaxEntrySize {
		return nil, ErrEntryTooLarge
	}
	// Two nodes an entry is the average.
	return f.appendLeaf(make([]Node, 0, 1+bits.TrailingZeros64(uint64(f.size+1))), tlog.RecordHash(record)), nil
}

// appendLeaf appends the leaf to the tree and its nodes to nodes.
func (f *Frontier) appendLeaf(nodes []Node, leaf Hash) []Node {
	index := tlog.StoredHashIndex(0, f.size)
	nodes = append(nodes, Node{index, leaf})
	// Each trailing one bit of the size is a complete subtree that this leaf, or
	// the subtree that it completed before, is the right-hand neighbour of.
	for n := f.size; n&1 == 1; n >>= 1 {
		last := len(f.peaks) - 1
		leaf = tlog.NodeHash(f.peaks[last], leaf)
		f.peaks = f.peaks[:last]
		index++
		nodes = append(nodes, Node{index, leaf})
	}
	f.peaks = append(f.peaks, leaf)
	f.size++
	return nodes
}

// Clone gives an independent copy, to append to and throw away when a
// transaction fails.
func (f *Frontier) Clone() *Frontier {
	return &Frontier{size: f.size, peaks: slices.Clone(f.peaks)}
}
