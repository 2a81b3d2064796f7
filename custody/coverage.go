package custody

import (
	"cmp"
	"slices"
	"time"
)

// Span is a half-open time.
type Span struct{ From, Until time.Time }

// Cover is how far the two custodians of some credentials are there, one or the other.
type Cover struct {
	Pair        [2]string // by name; "" is a vacant seat
	Credentials []string  // that these two look after, by name
	Gaps        []Span    // when neither is there, the earliest first
}

// Coverage says for each pair of custodians when neither of the two is there, between two
// instants, as far as it is known now. Whoever is away without saying until when, or for
// longer than they said, counts as away from now on.
func Coverage(people []Person, credentials []Credential, now, from, until time.Time) []Cover {
	away := map[string][]Span{"": {{from, until}}}
	for _, p := range people {
		away[p.Username] = p.awayBetween(now, from, until)
	}
	at := map[[2]string]int{}
	var covers []Cover
	for _, c := range credentials {
		if !c.Active() {
			continue
		}
		pair := [2]string{min(c.Primary, c.Backup), max(c.Primary, c.Backup)}
		i, there := at[pair]
		if !there {
			i = len(covers)
			at[pair] = i
			covers = append(covers, Cover{Pair: pair, Gaps: meeting(away[pair[0]], away[pair[1]])})
		}
		covers[i].Credentials = append(covers[i].Credentials, c.Name)
	}
	slices.SortFunc(covers, func(a, b Cover) int {
		return cmp.Or(cmp.Compare(a.Pair[0], b.Pair[0]), cmp.Compare(a.Pair[1], b.Pair[1]))
	})
	return covers
}

// awayBetween gives when somebody is away, or will be, without overlaps, the earliest
// first.
func (p Person) awayBetween(now, from, until time.Time) []Span {
	var all []Span
	add := func(a, b time.Time) {
		if s := (Span{later(a, from), earlier(b, until)}); s.From.Before(s.Until) {
			all = append(all, s)
		}
	}
	for _, plan := range p.Plans {
		add(plan.From, plan.Until)
	}
	switch {
	case p.Away && p.AwayUntil.After(now):
		add(p.AwaySince, p.AwayUntil)
	case p.Away:
		add(p.AwaySince, until)
	}
	slices.SortFunc(all, func(a, b Span) int { return a.From.Compare(b.From) })
	var merged []Span
	for _, s := range all {
		if last := len(merged) - 1; last >= 0 && !merged[last].Until.Before(s.From) {
			merged[last].Until = later(merged[last].Until, s.Until)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// meeting gives what two lists have in common.
func meeting(a, b []Span) (both []Span) {
	for len(a) > 0 && len(b) > 0 {
		if s := (Span{later(a[0].From, b[0].From), earlier(a[0].Until, b[0].Until)}); s.From.Before(s.Until) {
			both = append(both, s)
		}
		if a[0].Until.Before(b[0].Until) {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return both
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
