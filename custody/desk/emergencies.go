package desk

import (
	"cmp"
	"context"
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
	if err := d.catchUpToRead(ctx); err != nil {
		return nil, err
	}
	d.mu.RLock()
	all := EmergenciesIn(d.state)
	d.mu.RUnlock()
	return known(ctx, d, all)
}

// EmergenciesIn is Emergencies of a state, without the texts.
func EmergenciesIn(state *custody.State) (all []Emergency) {
	at := map[string]int{}
	for c := range state.Credentials() {
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
			all[i].Can = state.EmergencyApprovers(e)
		case custody.EmergencyOver:
			all[i].Reviewers = state.Reviewers(e)
		}
	}
	slices.SortStableFunc(all, func(a, b Emergency) int { return cmp.Or(b.AskedAt.Compare(a.AskedAt), cmp.Compare(b.ID, a.ID)) })
	return all
}

// MaySilence says whether silence could grant it: the policy of each of its credentials
// allows that.
func (e Emergency) MaySilence() bool {
	return !slices.ContainsFunc(e.Of, func(c custody.Credential) bool { return !c.MayBeSilent(e.At(c)) })
}
