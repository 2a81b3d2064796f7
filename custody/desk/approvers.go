package desk

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
)

// Approving is who can approve what, in general: at each level that the policy in force
// has, and where they are too few.
type Approving struct {
	Able map[custody.Role][]string
	Few  []custody.Shortage
}

// Approving says who could approve now, as far as is known here.
func (d *Desk) Approving() Approving {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return Approving{d.state.AbleAt(), d.state.Shortages()}
}

// ShortagesAfter gives where fewer than two could approve once a change has happened, and
// did before.
func (d *Desk) ShortagesAfter(ctx context.Context, change custody.Proposable) ([]custody.Shortage, error) {
	if err := d.catchUpToRead(ctx); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.state.ShortagesAfter(change), nil
}
