package desk

import (
	"context"

	"github.com/tandem-custody/tandem/custody"
)

// Prospect says what would become of everything if somebody left now.
func (d *Desk) Prospect(ctx context.Context, person string) (custody.Prospect, error) {
	if err := d.catchUpNow(ctx); err != nil {
		return custody.Prospect{}, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if _, known := d.state.Person(person); !known {
		return custody.Prospect{}, ErrNotFound
	}
	return d.state.Prospect(person), nil
}

// Lacking gives the approving roles that nobody could act in.
func (d *Desk) Lacking(ctx context.Context) ([]custody.Role, error) {
	if err := d.catchUpToRead(ctx); err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.state.Lacking(), nil
}

// forgetLeft forgets in which devices those had logged in whose access a command ended.
// A device opens nothing by itself, and a new log-in forgets it too, so that nobody is
// told of a failure but the log.
func (d *Desk) forgetLeft(ctx context.Context, outcome Outcome) {
	for _, e := range outcome.Events {
		left, is := e.Fact.(custody.PersonDisabled)
		if !is {
			continue
		}
		if err := d.Accounts.DeleteDevices(ctx, left.Person); err != nil {
			d.Log.WarnContext(ctx, "the devices of a person who left were not forgotten", "person", left.Person, "error", err)
		}
	}
}
