package audit

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// chunkSize is how many entries one worker takes at a time. A chunk is about
// 0.4 MB with entries of 400 bytes, and can never be more than 32 MB.
const chunkSize = 512

// chunk is a range of entries, read, hashed, decoded and prepared by one worker.
type chunk struct {
	from, to int64
	text     []byte // the records; each entry's Data is a part of it
	entries  []Entry
	leaves   []Hash
	prepared []any
	stored   []Hash // nodes as they are stored
	nodeErr  error  // why stored ends before its end
	err      error  // why entries end before their end
	ready    chan struct{}
}

// readAhead reads the first size records of src by all workers in parallel and
// gives them, chunk by chunk in order, to merge, whose error it returns.
func readAhead(ctx context.Context, src Source, size int64, opts VerifyOptions, merge func(*chunk) error) error {
	workers := opts.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	// Twice as many chunks as workers: they read on while one is merged. The
	// chunks are used in turn, so their number bounds the memory.
	ring := make([]*chunk, 2*workers)
	work := make(chan *chunk, len(ring)) // has room for all, so sending never waits

	workCtx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer close(work)
	defer cancel()
	for range workers {
		running.Go(func() {
			for c := range work {
				c.fill(workCtx, src, opts)
				c.ready <- struct{}{}
			}
		})
	}

	assigned := int64(0)
	assign := func(c *chunk) {
		if assigned < size {
			c.from, c.to = assigned, min(assigned+chunkSize, size)
			assigned = c.to
			work <- c
		}
	}
	for i := range ring {
		ring[i] = &chunk{ready: make(chan struct{}, 1)}
		assign(ring[i])
	}
	for turn, done := 0, int64(0); done < size; turn++ {
		c := ring[turn%len(ring)]
		<-c.ready
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := merge(c); err != nil {
			return err
		}
		done = c.to
		assign(c)
	}
	return nil
}

// fill reads the chunk's range, up to the first record that is wrong.
func (c *chunk) fill(ctx context.Context, src Source, opts VerifyOptions) {
	clear(c.prepared)
	c.text, c.entries, c.leaves, c.prepared = c.text[:0], c.entries[:0], c.leaves[:0], c.prepared[:0]
	if c.err = ctx.Err(); c.err != nil {
		return
	}
	err := src.Records(ctx, c.from, c.to, func(index int64, record []byte) error {
		if c.err == nil {
			c.err = c.add(index, record, opts)
		}
		return c.err
	})
	next := c.from + int64(len(c.entries))
	switch {
	case c.err != nil:
	case err != nil:
		c.err = fmt.Errorf("audit: read entry %d: %w", next, err)
	case next < c.to:
		c.err = &VerifyError{next, CheckSequence, fmt.Errorf("%w: there is none", ErrSequence)}
	}
	if opts.StoredNodes != nil {
		c.readNodes(opts.StoredNodes)
	}
}

func (c *chunk) add(index int64, record []byte, opts VerifyOptions) error {
	next := c.from + int64(len(c.entries))
	if index != next || index >= c.to {
		return &VerifyError{next, CheckSequence, fmt.Errorf("%w: %d came", ErrSequence, index)}
	}
	if len(record) > MaxEntrySize {
		return &VerifyError{next, CheckEncoding, ErrEntryTooLarge}
	}
	start := len(c.text)
	c.text = append(c.text, record...)
	record = c.text[start:len(c.text):len(c.text)]
	entry, err := DecodeEntry(record)
	if err != nil {
		return &VerifyError{next, CheckEncoding, err}
	}
	var prepared any
	if opts.Prepare != nil {
		if prepared, err = opts.Prepare(entry); err != nil {
			return &VerifyError{next, CheckPrepare, err}
		}
	}
	c.entries = append(c.entries, entry)
	c.leaves = append(c.leaves, tlog.RecordHash(record))
	c.prepared = append(c.prepared, prepared)
	return nil
}

// readNodes reads the nodes that were stored with the chunk's entries.
func (c *chunk) readNodes(r tlog.HashReader) {
	first, end := tlog.StoredHashIndex(0, c.from), tlog.StoredHashIndex(0, c.to)
	indexes := make([]int64, end-first)
	for i := range indexes {
		indexes[i] = first + int64(i)
	}
	hashes, err := r.ReadHashes(indexes)
	if err == nil && len(hashes) == len(indexes) {
		c.stored, c.nodeErr = hashes, nil
		return
	}
	// At least one is missing: find the first, to name its entry.
	c.stored = nil
	for i := range indexes {
		hash, err := r.ReadHashes(indexes[i : i+1])
		if err != nil || len(hash) != 1 {
			c.nodeErr = fmt.Errorf("%w: node %d cannot be read: %v", ErrNode, indexes[i], err)
			return
		}
		c.stored = append(c.stored, hash[0])
	}
}

// compareNodes compares the nodes of one entry with the stored ones, of which
// stored are those not yet compared.
func (c *chunk) compareNodes(index int64, nodes []Node, stored []Hash) error {
	for i, node := range nodes {
		if i >= len(stored) {
			return &VerifyError{index, CheckNode, c.nodeErr}
		}
		if stored[i] != node.Hash {
			level, number := tlog.SplitStoredHashIndex(node.Index)
			return &VerifyError{index, CheckNode, fmt.Errorf("%w: node %d, level %d number %d", ErrNode, node.Index, level, number)}
		}
	}
	return nil
}
