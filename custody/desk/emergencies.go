package desk

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/tandem-custody/tandem/custody"
)

// Emergency is one, with all its credentials, and with who can do something about it.
type Emergency struct {
	custody.Emergency                      // as the first of its credentials has it
	Of                []custody.Credential // by name
	Can               map[custody.Role][]string
	Reviewers         []string // once it has ended
}

// At gives the emergency as one of its credentials has it.
func (e Emergency) At(c custody.Credential) custody.Emergency {
	at, _ := c.Emergency(e.ID)
	return at
}

// Emergencies gives those that are open, those that somebody has to look at, and of each
// credential the last one, as the ledger leads to them: the newest first.
func (d *Desk) Emergencies(ctx context.Context) ([]Emergency, error) {
	if err := d.catchUpNow(ctx); err != nil && !errors.Is(err, ErrLedgerSuspect) { // which stays readable
		return nil, err
	}
	all := d.emergencies()
	return known(ctx, d, all)
}

func (d *Desk) emergencies() (all []Emergency) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	at := map[string]int{}
	for c := range d.state.Credentials() {
		for _, e := range c.Emergencies {
			i, seen := at[e.ID]
			if !seen {
				i, at[e.ID] = len(all), len(all)
				all = append(all, Emergency{Emergency: e})
			}
			if e.Status.Open() && !all[i].Status.Open() { // some of its credentials may be over before others
				all[i].Emergency = e
			}
			all[i].Of = append(all[i].Of, c)
		}
	}
	for i := range all {
		switch e := all[i].Emergency; e.Status {
		case custody.EmergencyPending:
			all[i].Can = d.state.EmergencyApprovers(e)
		case custody.EmergencyOver:
			all[i].Reviewers = d.state.Reviewers(e)
		}
	}
	slices.SortStableFunc(all, func(a, b Emergency) int { return cmp.Or(b.AskedAt.Compare(a.AskedAt), cmp.Compare(b.ID, a.ID)) })
	return all
}

// Emergency gives one by its id.
func (d *Desk) Emergency(ctx context.Context, id string) (Emergency, error) {
	all, err := d.Emergencies(ctx)
	if err != nil {
		return Emergency{}, err
	}
	for _, e := range all {
		if e.ID == id {
			return e, nil
		}
	}
	return Emergency{}, ErrNotFound
}

// MaySilence says whether silence could grant it: the policy of each of its credentials
// allows that.
func (e Emergency) MaySilence() bool {
	return !slices.ContainsFunc(e.Of, func(c custody.Credential) bool { return !c.MayBeSilent(e.At(c)) })
}
