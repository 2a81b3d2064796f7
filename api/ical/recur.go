package ical

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/teambition/rrule-go"
)

const (
	maxInterval = 1000   // between two instances, in units of the rule
	perEvent    = 400    // instances of one event in a window
	longestAgo  = 50_000 // instances that are gone through before the window: a century of days
)

func (e entry) recurs() bool {
	return e.is.HasProperty(ics.ComponentPropertyRrule) || e.is.HasProperty(ics.ComponentPropertyRdate)
}

// instances gives when an event that recurs begins. The rule is gone through in wall
// times and each is then read in the event's zone, so that nine o'clock stays nine
// o'clock when the clocks change.
func (e entry) instances(ctx context.Context, w Window, first moment, lasts time.Duration) (starts []moment, why Why) {
	starts = []moment{first}
	for _, p := range e.is.GetProperties(ics.ComponentPropertyRrule) {
		found, why := e.byRule(ctx, w, p.Value, first, lasts)
		if why != "" {
			return nil, why
		}
		starts = append(starts, found...)
	}
	more, why := w.list(e.is.GetProperties(ics.ComponentPropertyRdate))
	if why != "" {
		return nil, why
	}
	starts = append(starts, more...)
	except, why := w.list(e.is.GetProperties(ics.ComponentPropertyExdate))
	if why != "" {
		return nil, why
	}
	left := slices.DeleteFunc(starts, func(m moment) bool {
		return slices.ContainsFunc(except, func(x moment) bool {
			return x.at().Equal(m.at()) || x.allDay && x.written() == m.wall.Format(time.DateOnly)
		})
	})
	slices.SortFunc(left, func(a, b moment) int { return a.at().Compare(b.at()) })
	return slices.CompactFunc(left, func(a, b moment) bool { return a.at().Equal(b.at()) }), ""
}

// rules are those that calendars write for what lasts days: the parts of RFC 5545,
// 3.3.10, without those of hours, of weeks of a year and of days of a year, and with
// days of a month up to the fifth or the fifth last.
var rules = regexp.MustCompile(`^(?:(?:FREQ=(?:DAILY|WEEKLY|MONTHLY|YEARLY)|UNTIL=\d{8}(?:T\d{6}Z?)?|COUNT=\d{1,5}|INTERVAL=\d{1,3}|WKST=[A-Z]{2}` +
	`|BYDAY=(?:[+-]?[1-5])?[A-Z]{2}(?:,(?:[+-]?[1-5])?[A-Z]{2})*|BYMONTH=\d{1,2}(?:,\d{1,2})*|BYMONTHDAY=-?\d{1,2}(?:,-?\d{1,2})*|BYSETPOS=-?\d{1,3}(?:,-?\d{1,3})*)(?:;|$))+$`)

func (e entry) byRule(ctx context.Context, w Window, text string, first moment, lasts time.Duration) (starts []moment, why Why) {
	defer func() { // the library is known to index past its masks
		if recover() != nil {
			starts, why = nil, Recurrence
		}
	}()
	if text = strings.ToUpper(strings.TrimSpace(text)); !rules.MatchString(text) {
		return nil, Recurrence
	}
	option, err := rrule.StrToROption(text)
	if err != nil {
		return nil, Recurrence
	}
	option.Dtstart = first.wall
	option.Until = onTheWall(text, option.Until, first.zone)
	rule, err := rrule.NewRRule(*option)
	if err != nil {
		return nil, Recurrence
	}
	for next, n := rule.Iterator(), 0; ; n++ {
		wall, more := next()
		start := moment{wall, first.zone, first.allDay}
		switch {
		case !more || !start.at().Before(w.Until):
			return starts, ""
		case n > longestAgo || len(starts) > perEvent:
			return nil, TooMany
		case ctx.Err() != nil:
			return nil, TooSlow
		case start.plus(lasts).at().After(w.From):
			starts = append(starts, start)
		}
	}
}

// onTheWall gives the end of a rule as clocks in its zone show it: it is written in UTC
// where the beginning has a zone (RFC 5545, 3.3.10), and else as the beginning is.
func onTheWall(rule string, until time.Time, zone *time.Location) time.Time {
	if until.IsZero() {
		return until
	}
	for part := range strings.SplitSeq(rule, ";") {
		value, is := strings.CutPrefix(part, "UNTIL=")
		switch {
		case !is:
		case len(value) == len("20060102"): // the whole of that day
			return until.Add(24*time.Hour - time.Second)
		case strings.HasSuffix(value, "Z"):
			shown := until.In(zone)
			return time.Date(shown.Year(), shown.Month(), shown.Day(), shown.Hour(), shown.Minute(), shown.Second(), 0, time.UTC)
		}
	}
	return until
}

// list reads the moments of EXDATE or RDATE, each with several on a line.
func (w Window) list(properties []*ics.IANAProperty) (all []moment, why Why) {
	for _, p := range properties {
		for value := range strings.SplitSeq(p.Value, ",") {
			one := *p
			one.Value, _, _ = strings.Cut(value, "/") // of a period its beginning
			m, why := w.moment(&one)
			if why != "" {
				return nil, why
			}
			all = append(all, m)
		}
	}
	return all, ""
}
