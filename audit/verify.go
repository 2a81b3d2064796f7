package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Source gives the records of a log to verify: a database file, an export or a
// server. It must be a snapshot: the log does not grow while it is verified.
type Source interface {
	// Size is the number of records.
	Size(ctx context.Context) (int64, error)
	// Records calls yield for the records [from, to), in order, and stops with
	// the error that yield returns. A record is lent until yield returns. Several
	// goroutines call it at once, for disjoint ranges of at most a thousand
	// records. It returns soon when ctx is done.
	Records(ctx context.Context, from, to int64, yield func(index int64, record []byte) error) error
}

// Step takes one entry, in the order of the log; calls come one after the other.
// The entry's Data is lent until it returns. The value prepared is what
// VerifyOptions.Prepare gave for this entry.
type Step func(index int64, e Entry, prepared any) error

// VerifyOptions says what Verify checks besides the entries themselves. The zero
// value is valid.
type VerifyOptions struct {
	// Checkpoints are signed notes. Each must be signed by one of Keys, and its
	// root must be that of the log's first entries: so an older one, kept
	// elsewhere, proves that nothing was changed or rolled back since.
	Checkpoints [][]byte
	Keys        []string // verifier keys, as VerifierKey gives them

	// StoredNodes, if not nil, are the tree's nodes as they are stored. They are
	// compared with the recomputed ones, and never relied on. Several goroutines
	// call it at once.
	StoredNodes tlog.HashReader

	// Seals, if not nil, are the seals of the log's batches, in order: each entry
	// must be under one. CheckSeal looks at a batch's mark; nil, where the key is
	// not at hand: only that they follow on each other without a gap is checked.
	Seals     iter.Seq2[Seal, error]
	CheckSeal func(b Batch, mark string) error

	// Prepare does the part of Step that needs no order, such as decoding Data;
	// several goroutines call it at once. Data is lent until Step returns.
	Prepare func(e Entry) (any, error)
	Step    Step

	Progress func(done, total int64) // entries; called now and then by one goroutine
	Workers  int                     // 0 for as many as there are processors
}

// Report says what a verified log is.
type Report struct {
	Size        int64
	Root        Hash
	First, Last time.Time    // times of the first and the last entry; zero if there is none
	Stalled     int64        // entries whose Clock is ClockStalled
	Corrected   int64        // those whose Clock is ClockCorrected
	Nodes       int64        // stored nodes compared
	Seals       int64        // seals that follow on each other and cover all entries
	SealsOpened bool         // CheckSeal agreed with each of them
	Checkpoints []Checkpoint // all that were given, smallest first
}

// Signed is the number of entries, from the first, that a checkpoint vouches
// for. A change or a roll-back behind them cannot be seen.
func (r Report) Signed() int64 {
	if len(r.Checkpoints) == 0 {
		return 0
	}
	return r.Checkpoints[len(r.Checkpoints)-1].Size
}

// Check names what was checked when a verification failed.
type Check string

// The checks, in the order in which they are made for one entry.
const (
	CheckSignature  Check = "signature"  // a given checkpoint opens with one of the keys
	CheckSequence   Check = "sequence"   // the source gives each index once, in order
	CheckEncoding   Check = "encoding"   // at most MaxEntrySize, canonical, all fields valid
	CheckPrepare    Check = "prepare"    // VerifyOptions.Prepare agrees
	CheckTime       Check = "time"       // the time never goes back, and stands still if Clock is stalled, and goes back if it is corrected
	CheckNode       Check = "node"       // the stored nodes are those of the entries
	CheckStep       Check = "step"       // VerifyOptions.Step agrees
	CheckCheckpoint Check = "checkpoint" // the root at the checkpoint's size is the signed one
	CheckSeal       Check = "seal"       // every batch has its seal, and VerifyOptions.CheckSeal agrees
)

// VerifyError says where a log is wrong. It is the error of a log that was read
// and is bad; one that could not be read gives another.
type VerifyError struct {
	// Index is the first index at which a check failed, or -1 if it was the
	// signature of a checkpoint. A root cannot tell which entry is wrong: with
	// ErrOtherRoot it is the first that no good checkpoint vouches for. With
	// ErrMissing it is the first that is not there.
	Index int64
	Check Check
	Err   error
}

func (e *VerifyError) Error() string {
	if e.Index < 0 {
		return fmt.Sprintf("audit: %s check failed: %v", e.Check, e.Err)
	}
	return fmt.Sprintf("audit: entry %d: %s check failed: %v", e.Index, e.Check, e.Err)
}

func (e *VerifyError) Unwrap() error { return e.Err }

// What is behind a VerifyError, besides the errors of the other functions.
var (
	ErrSequence  = errors.New("audit: an entry is left out, repeated or out of order")
	ErrMissing   = errors.New("audit: the log is shorter than it was when it was signed")
	ErrTimeBack  = errors.New("audit: time goes back, or does otherwise than the entry says of its clock")
	ErrNode      = errors.New("audit: stored node is not that of the entries")
	ErrOtherRoot = errors.New("audit: another root than the signed one")
)

// Verify re-hashes, decodes and checks every entry of src, rebuilds the root
// from nothing but the entries, and compares it with the signed checkpoints. The
// entries are read, hashed, decoded and prepared by all workers in parallel, and
// then folded in order. Memory is that of some thousand entries, however many
// there are.
//
// An empty log has the root of the empty tree and passes; whether it may be empty
// is for a checkpoint to say. Without one, Verify proves that a log is whole in
// itself, not that it is the one which was written: see Report.Signed.
//
// The error is a *VerifyError for the first index that is wrong, or that of the
// source or of ctx.
func Verify(ctx context.Context, src Source, opts VerifyOptions) (Report, error) {
	checkpoints, err := openAll(opts.Checkpoints, opts.Keys)
	if err != nil {
		return Report{}, err
	}
	size, err := src.Size(ctx)
	if err != nil {
		return Report{}, fmt.Errorf("audit: size of the log: %w", err)
	}
	if size < 0 || size > maxSize {
		return Report{}, &VerifyError{0, CheckSequence, fmt.Errorf("%w: no log has the size %d", ErrSequence, size)}
	}
	m := &merger{opts: opts, total: size, pending: checkpoints}
	if err := m.checkRoots(); err != nil { // of the empty tree
		return Report{}, err
	}
	if opts.Seals != nil {
		if m.seals, err = newSealChecker(opts.Seals, opts.CheckSeal); err != nil {
			return Report{}, err
		}
		defer m.seals.stop()
	}
	if err := readAhead(ctx, src, size, opts, m.merge); err != nil {
		return Report{}, err
	}
	if len(m.pending) > 0 {
		return Report{}, &VerifyError{size, CheckCheckpoint, fmt.Errorf("%w: it has %d entries, and %d were signed",
			ErrMissing, size, m.pending[0].Size)}
	}
	if m.seals != nil {
		if err := m.seals.end(size); err != nil {
			return Report{}, err
		}
		m.report.Seals, m.report.SealsOpened = m.seals.count, opts.CheckSeal != nil
	}
	m.report.Size, m.report.Checkpoints = size, checkpoints
	m.report.Root, err = m.frontier.Root()
	return m.report, err
}

// openAll opens the checkpoints, smallest first.
func openAll(texts [][]byte, keys []string) ([]Checkpoint, error) {
	var opened []Checkpoint
	for i, text := range texts {
		c, err := OpenAnyCheckpoint(text, keys)
		if err != nil {
			return nil, &VerifyError{-1, CheckSignature, fmt.Errorf("checkpoint %d of %d: %w", i+1, len(texts), err)}
		}
		opened = append(opened, c)
	}
	slices.SortStableFunc(opened, func(a, b Checkpoint) int { return cmp.Compare(a.Size, b.Size) })
	return opened, nil
}

// OpenAnyCheckpoint is OpenCheckpoint with whichever of the keys fits.
func OpenAnyCheckpoint(text []byte, keys []string) (c Checkpoint, err error) {
	err = fmt.Errorf("%w: no key was given", ErrSignature)
	for _, key := range keys {
		if c, err = OpenCheckpoint(text, key); err == nil {
			break
		}
	}
	return c, err
}

// merger takes the entries in order.
type merger struct {
	opts     VerifyOptions
	total    int64
	report   Report
	frontier Frontier
	nodes    []Node       // of one entry, reused
	pending  []Checkpoint // not yet reached
	seals    *sealChecker // nil: there are none to look at
	vouched  int64        // size of the last good checkpoint
}

// merge takes the entries of a chunk and then the error that ended it.
func (m *merger) merge(c *chunk) error {
	stored := c.stored
	for i, entry := range c.entries {
		index := c.from + int64(i)
		if err := m.checkTime(index, entry); err != nil {
			return err
		}
		m.nodes = m.frontier.appendLeaf(m.nodes[:0], c.leaves[i])
		if m.opts.StoredNodes != nil {
			if err := c.compareNodes(index, m.nodes, stored); err != nil {
				return err
			}
			stored = stored[len(m.nodes):]
			m.report.Nodes += int64(len(m.nodes))
		}
		if m.opts.Step != nil {
			if err := m.opts.Step(index, entry, c.prepared[i]); err != nil {
				return &VerifyError{index, CheckStep, err}
			}
		}
		if err := m.checkRoots(); err != nil {
			return err
		}
		if m.seals != nil {
			if err := m.seals.reached(&m.frontier); err != nil {
				return err
			}
		}
	}
	if c.err == nil && m.opts.Progress != nil {
		m.opts.Progress(c.to, m.total)
	}
	return c.err
}

func (m *merger) checkTime(index int64, e Entry) error {
	last := m.report.Last
	stalled, corrected := e.Clock == ClockStalled, e.Clock == ClockCorrected
	back := index > 0 && e.Time.Before(last)
	if back != corrected || stalled && (index == 0 || !e.Time.Equal(last)) {
		return &VerifyError{index, CheckTime, fmt.Errorf("%w: %s after %s", ErrTimeBack,
			e.Time.Format(timeLayout), last.Format(timeLayout))}
	}
	if index == 0 {
		m.report.First = e.Time
	}
	if stalled {
		m.report.Stalled++
	}
	if corrected {
		m.report.Corrected++
	}
	m.report.Last = e.Time
	return nil
}

// checkRoots compares the root with each checkpoint of the present size.
func (m *merger) checkRoots() error {
	for len(m.pending) > 0 && m.pending[0].Size == m.frontier.Size() {
		root, err := m.frontier.Root()
		if err != nil {
			return err
		}
		if root != m.pending[0].Root {
			return &VerifyError{m.vouched, CheckCheckpoint, fmt.Errorf("%w: not all entries in [%d, %d) are those that were signed",
				ErrOtherRoot, m.vouched, m.pending[0].Size)}
		}
		m.vouched = m.pending[0].Size
		m.pending = m.pending[1:]
	}
	return nil
}
