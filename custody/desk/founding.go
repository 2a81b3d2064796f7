package desk

import (
	"context"
	"slices"

	"github.com/tandem-custody/tandem/custody"
)

// Founding is who there is, for those to look at who confirm it.
type Founding struct {
	People  []custody.Person // by username
	Digest  string           // what a confirmation is of
	Founded bool
}

// Founding gives it as the ledger has it now.
func (d *Desk) Founding(ctx context.Context) (Founding, error) {
	if err := d.catchUpNow(ctx); err != nil {
		return Founding{}, err
	}
	d.mu.RLock()
	f := Founding{slices.Collect(d.state.People()), d.state.FoundingDigest(), d.state.Founded()}
	d.mu.RUnlock()
	texts, err := d.Store.Texts(ctx, custody.NotesOf(f.People))
	custody.Fill(&f.People, texts)
	return f, err
}
