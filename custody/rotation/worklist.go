package rotation

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/custody/desk"
)

// Worklist is what a worker goes by: what the desk knows, and the leases of the
// store. An address in a row that somebody wrote gets no password.
type Worklist struct {
	*desk.Desk
	Leases
}

// Leases say who changes a credential's password: see Queue. The store has them.
type Leases interface {
	Claim(ctx context.Context, credential, owner string, now, until time.Time) (bool, error)
	Release(ctx context.Context, credential, owner string) error
}

var _ Queue = Worklist{}

// Claim lets nobody begin, or go on, while the clock is wrong: what was changed on a
// target could not be entered. The lease is by the time that all workers share.
func (w Worklist) Claim(ctx context.Context, credential, owner string, now, until time.Time) (bool, error) {
	if err := w.ClockWrong(); err != nil {
		return false, err
	}
	shared := w.SharedTime()
	return w.Leases.Claim(ctx, credential, owner, shared, shared.Add(until.Sub(now)))
}
