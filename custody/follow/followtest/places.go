// Package followtest has places in memory for the tests of followers, and the
// suite that every implementation of follow.Places passes.
//
// It knows package follow. It must not know a database.
package followtest

import (
	"context"
	"sync"
	"time"

	"github.com/tandem-custody/tandem/custody/follow"
)

// Places are follow.Places in memory.
type Places struct {
	mu   sync.Mutex
	kept map[string]*kept
	fail func() error
}

type kept struct {
	follow.Place
	owner string
	until time.Time
}

var _ follow.Places = (*Places)(nil)

// Fail has f asked before everything that is done; nil: nothing fails.
func (p *Places) Fail(f func() error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fail = f
}

// of gives what is kept of a follower, with the lock held.
func (p *Places) of(follower string) (*kept, error) {
	if p.fail != nil {
		if err := p.fail(); err != nil {
			return nil, err
		}
	}
	if p.kept == nil {
		p.kept = map[string]*kept{}
	}
	if p.kept[follower] == nil {
		p.kept[follower] = new(kept)
	}
	return p.kept[follower], nil
}

// Place is as follow.Places has it.
func (p *Places) Place(_ context.Context, follower string) (follow.Place, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k, err := p.of(follower)
	if err != nil {
		return follow.Place{}, err
	}
	return k.Place, nil
}

// Put makes a follower go on from an index, whoever follows.
func (p *Places) Put(follower string, next int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if k, err := p.of(follower); err == nil {
		k.Next = next
	}
}

// Take is as follow.Places has it.
func (p *Places) Take(_ context.Context, follower, owner string, now, until time.Time) (follow.Place, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k, err := p.of(follower)
	if err != nil {
		return follow.Place{}, false, err
	}
	if k.owner != "" && k.owner != owner && k.until.After(now) && !k.until.After(until.Add(slack)) {
		return follow.Place{}, false, nil
	}
	k.owner, k.until = owner, until
	k.Epoch++
	return k.Place, true, nil
}

// slack is how much later than ours a lease may end before its clock is not
// believed: custody.ClockSlack.
const slack = time.Minute

// Prolong is as follow.Places has it.
func (p *Places) Prolong(_ context.Context, follower string, epoch int64, until time.Time) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k, err := p.of(follower)
	if err != nil || k.Epoch != epoch {
		return false, err
	}
	k.until = until
	return true, nil
}

// Advance is as follow.Places has it.
func (p *Places) Advance(_ context.Context, follower string, epoch, next int64, at time.Time) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k, err := p.of(follower)
	if err != nil || k.Epoch != epoch {
		return false, err
	}
	k.Next, k.At = max(k.Next, next), at
	return true, nil
}

// Leave is as follow.Places has it.
func (p *Places) Leave(_ context.Context, follower string, epoch int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	k, err := p.of(follower)
	if err == nil && k.Epoch == epoch {
		k.owner = ""
	}
	return err
}
