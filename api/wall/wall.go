// Package wall says which instants a clock on a wall means, in a time zone. The
// rules know instants only.
//
// An absence is never shorter than it was meant: where a time comes twice, because
// clocks go back, it begins at the first and ends at the second. Where a time does
// not exist, because clocks go forward, it is the first instant after the gap. A whole
// day begins at its first instant, which need not be midnight, and ends when the next
// one begins.
package wall

import (
	"time"

	"github.com/tandem-custody/tandem/custody"
)

const (
	clock = "2006-01-02T15:04"
	day   = time.DateOnly
)

// Instants gives the half-open interval that is meant. The error is a refusal of the
// field that is not valid: from, until or zone.
func Instants(m custody.Meant) (from, until time.Time, err error) {
	zone, err := Zone(m.Zone)
	if err != nil {
		return from, until, err
	}
	form := clock
	if m.AllDay {
		form = day
	}
	begin, err := time.Parse(form, m.From)
	if err != nil {
		return from, until, custody.Invalid("from", "wall")
	}
	end, err := time.Parse(form, m.Until)
	if err != nil {
		return from, until, custody.Invalid("until", "wall")
	}
	if m.AllDay {
		return shows(begin, zone)[0], shows(end.AddDate(0, 0, 1), zone)[0], nil
	}
	ends := shows(end, zone)
	return shows(begin, zone)[0], ends[len(ends)-1], nil
}

// Zone finds a time zone by its IANA name.
func Zone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, custody.Invalid("zone", "zone")
	}
	return zone, nil
}

// Meant gives how a clock in a zone shows an interval, to the minute.
func Meant(from, until time.Time, zone *time.Location) custody.Meant {
	return custody.Meant{From: from.In(zone).Format(clock), Until: until.In(zone).Format(clock), Zone: zone.String()}
}

// shows gives the instants at which a clock in a zone shows the year, month, day, hour and
// minute of t, in order; where it never does, the one at which it is put past them.
func shows(t time.Time, zone *time.Location) (at []time.Time) {
	guess := time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), 0, 0, zone)
	for _, near := range []time.Time{guess.Add(-day24), guess, guess.Add(day24)} {
		_, offset := near.Zone()
		candidate := t.Add(-time.Duration(offset) * time.Second).In(zone)
		if same(candidate, t) {
			at = insert(at, candidate)
		}
	}
	if len(at) > 0 {
		return at
	}
	begins, ends := guess.ZoneBounds()
	if ahead := guess.Sub(begins); !begins.IsZero() && ahead < day24 {
		return []time.Time{begins}
	}
	return []time.Time{ends}
}

const day24 = 24 * time.Hour

func same(shown, t time.Time) bool { return shown.Format(clock) == t.Format(clock) }

func insert(at []time.Time, t time.Time) []time.Time {
	for i, other := range at {
		switch {
		case other.Equal(t):
			return at
		case t.Before(other):
			return append(at[:i], append([]time.Time{t}, at[i:]...)...)
		}
	}
	return append(at, t)
}
