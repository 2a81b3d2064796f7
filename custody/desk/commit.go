package desk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// call is one command on its way through the committer.
type call struct {
	ctx     context.Context // of whoever waits for the answer
	by      By
	command custody.Command
	nothing bool // wanted but that this process takes in what there is
	bound   bound
	answer  chan answer // buffered: the committer never waits for a caller
}

type answer struct {
	outcome Outcome
	err     error
}

// run is the committer: the only goroutine that changes the state.
func (d *Desk) run() {
	defer close(d.done)
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	var soon <-chan time.Time
	for {
		select {
		case c := <-d.calls:
			d.commit(d.gather(c))
		case <-tick.C:
			d.tick()
		case <-d.woken:
			if soon == nil {
				soon = time.After(settle)
			}
		case <-soon:
			soon = nil
			d.lookForMore()
		case <-sweep.C:
			d.sweep()
		case <-d.closed:
			for { // those who got in before the door closed
				select {
				case c := <-d.calls:
					d.commit(d.gather(c))
				default:
					return
				}
			}
		}
	}
}

// tick lets time act, and while the clock is wrong nothing but what may end that.
func (d *Desk) tick() {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	d.tendSharedClock(ctx)
	d.tendClock(ctx)
	now, wrong := d.lookAtClock()
	if wrong != nil {
		if size, err := d.Store.Size(ctx); d.behind || err == nil && size != d.state.Size {
			d.commit(nil)
		}
		return
	}
	if due := d.state.Due(); d.behind || !due.IsZero() && !now.Before(due) && d.acts() {
		d.commit(nil)
		return
	}
	d.lookForMore() // nobody need have said that there is
}

// sweep forgets what is old. A clock that is ahead would have it forget what is not.
func (d *Desk) sweep() {
	now, wrong := d.lookAtClock()
	if wrong != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	if err := d.Accounts.Sweep(ctx, now); err != nil {
		d.Log.Warn("sweep of what is over failed", "error", err)
	}
	d.forgetUses()
}

// gather takes what else is waiting: group commit without any timer, because
// what arrives while one batch commits is the next.
func (d *Desk) gather(first *call) []*call {
	calls := []*call{first}
	for len(calls) < maxBatch {
		select {
		case c := <-d.calls:
			calls = append(calls, c)
		default:
			return calls
		}
	}
	return calls
}

// commit carries out a batch in one transaction and answers each call.
func (d *Desk) commit(calls []*call) {
	ctx, cancel := context.WithTimeout(context.Background(), commitTimeout)
	defer cancel()
	var b *batch
	began := d.Clock.Elapsed()
	err := d.Store.Write(ctx, func(tx Tx) error {
		root, err := d.catchUp(ctx, tx)
		if err != nil {
			return err
		}
		now, wrong := d.lookAtClock()
		b = &batch{
			ctx: ctx, tx: tx, now: now, wrong: wrong, acts: d.acts(),
			draft: d.state.Fork(), frontier: d.frontier.Clone(), first: d.state.Size, root: root,
			desk: d,
		}
		return b.carryOut(calls)
	})
	d.observe(b, calls, d.Clock.Elapsed()-began, err)
	if err != nil {
		d.Log.Error("commit failed", "commands", len(calls), "error", err)
		// It may have been committed all the same. The state stays what it was:
		// what came to be in the ledger is taken in, and carried out again, next time.
		d.behind = true
		if errors.Is(err, ErrLedgerSuspect) {
			err = d.suspects(err)
		} else {
			err = asUnavailable(err)
		}
		for _, c := range calls {
			c.answer <- answer{err: err}
		}
		return
	}
	d.behind = false
	d.mu.Lock()
	d.state.Merge(b.draft)
	d.frontier = b.frontier
	for _, a := range b.appended {
		d.noteCorrected(a.Event)
	}
	if len(b.appended) > 0 {
		close(d.followed)
		d.followed = make(chan struct{})
	}
	d.mu.Unlock()
	for i, c := range calls {
		c.answer <- b.answers[i]
	}
}

func (d *Desk) observe(b *batch, calls []*call, took time.Duration, err error) {
	if d.Committed == nil {
		return
	}
	c := Committed{Commands: len(calls), Took: took, Err: err}
	if b != nil && err == nil {
		c.Entries = len(b.appended)
	}
	d.Committed(c)
}

// asUnavailable makes sure that no failure of a transaction passes for a
// definite answer: it may have been committed. Only without the seal it was not.
func asUnavailable(err error) error {
	if errors.Is(err, ErrStoreUnavailable) || errors.Is(err, ErrSecretsUnavailable) || errors.Is(err, ErrSuspect) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrStoreUnavailable, err)
}

// catchUp takes in what other processes appended since our last transaction:
// see takeIn. Nothing is committed on top of what is not taken in. root is that of what
// there is then.
func (d *Desk) catchUp(ctx context.Context, tx Tx) (root audit.Hash, err error) {
	if err := d.trusted(); err != nil {
		return root, err
	}
	size, root := tx.Head()
	if size < d.state.Size {
		return root, d.suspects(fmt.Errorf("it has %d entries and had %d before: it was rolled back", size, d.state.Size))
	}
	known, err := d.frontier.Root()
	if err != nil {
		return root, err
	}
	if size == d.state.Size {
		if root != known {
			err = d.suspects(fmt.Errorf("its %d entries are others than before", size))
		}
		return root, err
	}
	return root, d.takeIn(ctx, tx, known, size, root)
}

// batch is one transaction's work.
type batch struct {
	ctx      context.Context // of the transaction
	tx       Tx
	now      time.Time
	wrong    error // ErrClockWrong: nothing is decided, and time does not act; nil: the clock is right
	draft    *custody.State
	frontier *audit.Frontier
	first    int64      // index of the batch's first entry
	root     audit.Hash // of the entries before it
	acts     bool       // something may be appended
	desk     *Desk      // for its marks

	appended []Appended
	nodes    []audit.Node
	answers  []answer
}

func (b *batch) carryOut(calls []*call) error {
	if b.wrong == nil && len(calls) == 0 {
		if err := b.letTimeAct(); err != nil {
			return err
		}
	}
	for _, c := range calls {
		if b.wrong != nil && !despiteClock(c.command.Action) {
			a := answer{err: b.wrong}
			if c.nothing { // but to take in what there is
				a.err = nil
			}
			b.answers = append(b.answers, a)
			continue
		}
		if err := b.letTimeAct(); err != nil {
			return err
		}
		outcome, err := b.answer(c)
		var broken *storeError
		if errors.As(err, &broken) {
			return broken.err
		}
		b.answers = append(b.answers, answer{outcome, err})
	}
	if len(b.appended) == 0 {
		return nil
	}
	sealed := audit.Batch{From: b.first, FromRoot: b.root, Size: b.frontier.Size()}
	var err error
	if sealed.Root, err = b.frontier.Root(); err != nil {
		return err
	}
	mark, err := b.desk.seal(b.ctx, sealed)
	if err != nil {
		return err
	}
	if err := b.tx.Append(b.appended, b.nodes, sealed.Root, mark); err != nil {
		return err
	}
	return b.tx.Save(b.draft)
}

// letTimeAct comes before each command, so that nobody accepts an offer that has
// expired because a timer was late.
func (b *batch) letTimeAct() error {
	if !b.acts {
		return nil
	}
	for {
		events := b.draft.LetTimeAct(b.now)
		if len(events) == 0 {
			return nil
		}
		if _, err := b.happen(events); err != nil {
			return err
		}
		b.draft.Reschedule()
	}
}

// storeError is a failure of the transaction, not of one command in it.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }

func (b *batch) answer(c *call) (Outcome, error) {
	if err := c.ctx.Err(); err != nil { // nobody waits any more: nothing happens
		return Outcome{}, err
	}
	if c.by.Key != "" {
		r, found, err := b.tx.Recall(c.by.Actor, c.by.Key)
		if err != nil {
			return Outcome{}, &storeError{err}
		}
		if found {
			return b.replay(c, r)
		}
	}
	if c.nothing {
		return Outcome{}, nil
	}
	if p := c.command.Proof; p.Given && c.command.Actor != custody.System {
		if actor, known := b.draft.Person(c.command.Actor); known && c.command.CodesOf(actor) != p.Enrolment {
			return Outcome{}, errStale
		}
	}
	events, err := custody.Decide(b.draft, c.command, b.now)
	var refusal *custody.Refusal
	if errors.As(err, &refusal) {
		if _, err := b.happen(custody.Refused(b.draft, c.command, refusal, b.now)); err != nil {
			return Outcome{}, err
		}
		return Outcome{}, refusal
	}
	if err != nil {
		return Outcome{}, err
	}
	if c.bound.store != nil {
		if err := b.storeSecrets(c); err != nil {
			return Outcome{}, err
		}
	}
	indexed, err := b.happen(events)
	if err != nil {
		return Outcome{}, err
	}
	if c.by.Key != "" {
		if err := b.remember(c, indexed); err != nil {
			return Outcome{}, &storeError{err}
		}
	}
	return Outcome{Events: indexed}, nil
}

// happen makes entries of a command's events and applies them, all or none.
// The invariants are looked at after each, in production too: a state that
// breaks the policy is never committed, whatever mistake led to it.
func (b *batch) happen(events []custody.Event) ([]Indexed, error) {
	state := b.draft.Fork()
	records := make([][]byte, len(events))
	for i, event := range events {
		if err := custody.Replay(state, event); err != nil {
			return nil, err
		}
		var err error
		if records[i], err = event.Encode(); err != nil {
			return nil, err
		}
	}
	indexed := make([]Indexed, len(events))
	for i, event := range events {
		nodes, err := b.frontier.Append(records[i])
		if err != nil {
			return nil, &storeError{err} // the frontier may be ahead of the entries now
		}
		index := b.first + int64(len(b.appended))
		b.nodes = append(b.nodes, nodes...)
		b.appended = append(b.appended, Appended{Index: index, Event: event, Record: records[i]})
		indexed[i] = Indexed{index, event}
	}
	b.draft.Merge(state)
	return indexed, nil
}
