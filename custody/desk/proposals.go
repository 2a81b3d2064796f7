package desk

import (
	"context"
	"errors"

	"github.com/tandem-custody/tandem/custody"
)

// Approvers gives, for each open proposal by its id, who can approve it, by name, at
// each level at which nobody has whose approval counts.
func (d *Desk) Approvers(ctx context.Context) (map[string]map[custody.Role][]string, error) {
	if err := d.catchUpToRead(ctx); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	can := map[string]map[custody.Role][]string{}
	for p := range d.state.OpenProposals() {
		can[p.ID] = d.state.Approvers(p)
	}
	return can, nil
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
