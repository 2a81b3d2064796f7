package desk

import (
	"context"
	"errors"

	"github.com/tandem-custody/tandem/custody"
)

// bound is what goes with a command into its place among all others: what is done
// for it there can neither be overtaken by another command nor outlive a refusal.
type bound struct {
	// store keeps the command's secrets, once the rules allow it and before its
	// entry is committed; nil: there are none. Everybody waits meanwhile, so its
	// context ends after storeTimeout. Should it fail, the command did not happen.
	store func(ctx context.Context, before *custody.State) error

	// fenced is whose enrolment must not have been reset since the ledger had
	// this many entries, or the answer is errReset; "": nobody's. Whoever proved
	// to be that person did so by what counts no more.
	fenced string
	since  int64

	session *Session // opened with the entry; nil: none
}

// errReset: see bound. Nothing was done.
var errReset = errors.New("the enrolment was reset meanwhile")

// resets remembers where the ledger reset an enrolment last: the index of the
// entry, by person.
type resets map[string]int64

// note looks through one more entry.
func (r resets) note(index int64, e custody.Event) {
	if reset, is := e.Fact.(custody.EnrolmentReset); is {
		r[reset.Person] = index
	}
}

func (r resets) since(person string, size int64) bool {
	index, reset := r[person]
	return reset && index >= size
}

// wasReset says whether an enrolment was reset since the ledger had size
// entries, also earlier in this batch.
func (b *batch) wasReset(person string, size int64) bool {
	for _, a := range b.appended {
		if reset, is := a.Event.Fact.(custody.EnrolmentReset); is && reset.Person == person {
			return true
		}
	}
	return b.resets.since(person, size)
}

func (b *batch) storeSecrets(c *call) error {
	ctx, cancel := context.WithTimeout(WithRequest(b.ctx, c.by.Request), storeTimeout)
	defer cancel()
	return c.bound.store(ctx, b.draft)
}

// keepSessions lets sessions end and begin with the entries that say so, in the
// same transaction: no log-in on its way survives a reset.
func (b *batch) keepSessions(events []custody.Event, opened *Session) error {
	for _, e := range events {
		reset, is := e.Fact.(custody.EnrolmentReset)
		if !is {
			continue
		}
		if err := b.tx.EndSessions(reset.Person, !reset.Recovery); err != nil {
			return err
		}
	}
	if opened == nil {
		return nil
	}
	return b.tx.OpenSession(*opened)
}

// entries is how many the committed ledger has, as far as this process knows.
func (d *Desk) entries() int64 {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.state.Size
}
