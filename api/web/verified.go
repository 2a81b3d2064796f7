package web

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/follow"
)

// mark says what the verification of the ledger has found.
type mark struct {
	Size   int64     // entries that were verified; 0: nothing yet
	At     time.Time // when they were compared with the signed checkpoint
	Since  time.Time // when the pass over the whole ledger began
	Failed bool
	Cause  string // of a failure
}

// Last is the index of the last entry that was verified.
func (m mark) Last() int64 { return m.Size - 1 }

// watch keeps the mark.
type watch struct {
	mu   sync.RWMutex
	last mark
}

func (w *watch) mark() mark {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.last
}

func (w *watch) set(m mark) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = m
}

const (
	verifyEvery = 2 * time.Second // at most, while the ledger grows
	lookEvery   = time.Minute     // at least
	passEvery   = time.Hour       // everything is verified again, from the first entry
	readAtOnce  = 1000            // records, see audit.Source
)

// pass verifies a ledger from its first entry on, and goes on as it grows: every
// entry is read from the database and hashed anew, its rule is checked again, and
// the root is compared with the one that is signed.
type pass struct {
	began time.Time
	tree  *audit.Frontier
	again custody.Replayer
	last  time.Time // of the last entry
}

func newPass(now time.Time) (*pass, error) {
	tree, err := audit.LoadFrontier(0, nil)
	return &pass{began: now, tree: tree, again: custody.Replayer{State: custody.NewState()}}, err
}

// errBad: the ledger was read and is wrong.
var errBad = errors.New("the ledger does not verify")

// verifyAlways verifies until ctx ends. What cannot be read now is tried again;
// what is wrong is said until a whole pass finds it right.
func (p *Pages) verifyAlways(ctx context.Context) {
	var current *pass
	follow.New(follow.Config{
		Name: "verification", Follow: p.Desk.Follow, Now: time.Now, Log: p.Log, Settle: verifyEvery, MinPause: verifyEvery, MaxPause: lookEvery,
	}).Run(ctx, func(ctx context.Context, _ follow.Place) (again time.Time, err error) {
		if current == nil || p.Clock().Sub(current.began) > passEvery {
			if current, err = newPass(p.Clock()); err != nil {
				return again, err
			}
		}
		if err = p.verify(ctx, current); errors.Is(err, errBad) {
			p.Log.Error("the ledger does not verify", "error", err)
			p.watch.set(mark{Size: current.tree.Size(), At: p.Clock(), Since: current.began, Failed: true, Cause: err.Error()})
			current, err = nil, nil // it was looked at
		}
		return again, err
	})
}

// verify brings a pass up to the ledger's signed head.
func (p *Pages) verify(ctx context.Context, at *pass) error {
	head, err := p.Desk.Checkpoint(ctx)
	if err != nil {
		return err
	}
	if head.Size < at.tree.Size() {
		return fmt.Errorf("%w: it is shorter than it was", errBad)
	}
	for from := at.tree.Size(); from < head.Size; from = at.tree.Size() {
		to := min(from+readAtOnce, head.Size)
		if err := p.Ledger.Records(ctx, from, to, at.take); err != nil {
			return err
		}
		if at.tree.Size() != to {
			return fmt.Errorf("%w: entries from %d on are missing", errBad, at.tree.Size())
		}
	}
	if err := at.again.End(); err != nil {
		return fmt.Errorf("%w: %w", errBad, err)
	}
	root, err := at.tree.Root()
	if err != nil {
		return err
	}
	if root != head.Root {
		return fmt.Errorf("%w: its root is not the signed one", errBad)
	}
	p.watch.set(mark{Size: head.Size, At: p.Clock(), Since: at.began})
	return nil
}

// take verifies one more entry.
func (at *pass) take(index int64, record []byte) error {
	bad := func(what error) error { return fmt.Errorf("%w: entry %d: %w", errBad, index, what) }
	if index != at.tree.Size() {
		return bad(audit.ErrSequence)
	}
	entry, err := audit.DecodeEntry(record)
	if err != nil {
		return bad(err)
	}
	if entry.Time.Before(at.last) {
		return bad(audit.ErrTimeBack)
	}
	event, err := custody.FromRecord(entry)
	if err != nil {
		return bad(err)
	}
	if err := at.again.Add(event); err != nil {
		return bad(err)
	}
	if _, err := at.tree.Append(record); err != nil {
		return bad(err) // the state has moved: this pass cannot go on
	}
	at.last = entry.Time
	return nil
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
