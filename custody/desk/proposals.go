package desk

import (
	"context"
	"errors"

	"github.com/tandem-custody/tandem/custody"
)

// Approvers gives, for each level at which nobody has approved a proposal yet, who
// can, by name. The error is ErrNotFound where none of this id is open.
func (d *Desk) Approvers(ctx context.Context, id string) (map[custody.Role][]string, error) {
	if err := d.catchUpNow(ctx); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	p, open := d.state.Proposal(id)
	if !open {
		return nil, ErrNotFound
	}
	return d.state.Approvers(p), nil
}

// saidBy completes a refusal to decide about what is over: the state has forgotten by
// whom it was decided, and the tables have not.
func (d *Desk) saidBy(ctx context.Context, err error) error {
	var refusal *custody.Refusal
	if !errors.As(err, &refusal) || refusal.Code != custody.AlreadyDecided {
		return err
	}
	id, _ := refusal.Args["proposal"].(string)
	if p, notFound := d.Store.Proposal(ctx, id); notFound == nil && p.Over() {
		return custody.RefuseDecided(p)
	}
	return err
}
