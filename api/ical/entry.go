package ical

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// entry is a VEVENT.
type entry struct {
	is         *ics.VEvent
	uid, title string
}

func entryOf(is *ics.VEvent) entry {
	e := entry{is: is}
	e.uid, e.title = shown(e.value(ics.ComponentPropertyUniqueId)), shown(e.value(ics.ComponentPropertySummary))
	return e
}

// shown is a text of a file as a page can have it: one line, not too long, and of
// characters.
func shown(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if letters := []rune(text); len(letters) > longest {
		text = string(letters[:longest]) + "…"
	}
	return text
}

const longest = 200 // letters of a text

func (e entry) value(name ics.ComponentProperty) string {
	if p := e.is.GetProperty(name); p != nil {
		return p.Value
	}
	return ""
}

// moment is a wall time as it is written, and where clocks show it.
type moment struct {
	wall   time.Time // in UTC, for the digits
	zone   *time.Location
	allDay bool
}

func (m moment) at() time.Time { return At(m.wall, m.zone) }

// plus moves the wall time, so that what lasts a day also does when the clocks change.
func (m moment) plus(d time.Duration) moment { m.wall = m.wall.Add(d); return m }

// written is the wall time for people.
func (m moment) written() string {
	if m.allDay {
		return m.wall.Format(time.DateOnly)
	}
	return m.wall.Format("2006-01-02T15:04:05")
}

// moment reads a DATE or DATE-TIME (RFC 5545, 3.3.4 and 3.3.5). A date has no zone,
// whatever stands beside it: it is a day where its person is.
func (w Window) moment(p *ics.IANAProperty) (moment, Why) {
	m := moment{zone: w.Home}
	value := strings.TrimSpace(p.Value)
	if len(value) == len("20060102") {
		wall, err := time.Parse("20060102", value)
		if err != nil {
			return m, Malformed
		}
		m.wall, m.allDay = wall, true
		return m, ""
	}
	digits, utc := strings.CutSuffix(value, "Z")
	wall, err := time.Parse("20060102T150405", digits)
	if err != nil {
		return m, Malformed
	}
	m.wall = wall
	tzid := ""
	if names := p.ICalParameters[string(ics.ParameterTzid)]; len(names) > 0 {
		tzid = names[0]
	}
	switch {
	case utc: // a TZID beside it means nothing
		m.zone = time.UTC
	case tzid != "":
		zone, known := zoneNamed(tzid)
		if !known {
			return m, UnknownZone
		}
		m.zone = zone
	}
	return m, ""
}

// times gives when it begins and ends, as it stands there.
func (e entry) times(w Window) (from, until moment, why Why) {
	start := e.is.GetProperty(ics.ComponentPropertyDtStart)
	if start == nil {
		return from, until, NoStart
	}
	if from, why = w.moment(start); why != "" {
		return from, until, why
	}
	switch end, lasts := e.is.GetProperty(ics.ComponentPropertyDtEnd), e.value(ics.ComponentPropertyDuration); {
	case end != nil:
		if until, why = w.moment(end); why != "" {
			return from, until, why
		}
	case lasts != "":
		d, good := duration(lasts)
		if !good {
			return from, until, Malformed
		}
		until = from.plus(d)
	case from.allDay:
		until = from.plus(24 * time.Hour)
	default:
		until = from
	}
	if from.allDay != until.allDay {
		return from, until, Malformed
	}
	if !until.at().After(from.at()) {
		return from, until, NoTime
	}
	return from, until, ""
}

// durations are weeks, or days, hours, minutes and seconds (RFC 5545, 3.3.6).
var durations = regexp.MustCompile(`^\+?P(?:(\d{1,4})W|(?:(\d{1,4})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?)$`)

func duration(text string) (d time.Duration, good bool) {
	parts := durations.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return 0, false
	}
	for i, unit := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi(parts[i+1]) // "" is none of that unit
		d += time.Duration(n) * unit
	}
	return d, d > 0
}

// within gives the events of an entry in a window: one, or one for each instance that
// no other entry changes, and those that do.
func (e entry) within(ctx context.Context, w Window, changes []entry) (events []Event, why Why) {
	from, until, why := e.times(w)
	if why != "" {
		return nil, why
	}
	if e.calledOff() {
		return nil, CalledOff
	}
	starts := []moment{from}
	if e.recurs() {
		if starts, why = e.instances(ctx, w, from, until.wall.Sub(from.wall)); why != "" {
			return nil, why
		}
	}
	replaced := func(m moment) bool {
		return slices.ContainsFunc(changes, func(c entry) bool {
			of, why := w.moment(c.is.GetProperty(ics.ComponentPropertyRecurrenceId))
			return why == "" && (of.at().Equal(m.at()) || of.allDay && of.written() == m.wall.Format(time.DateOnly))
		})
	}
	for _, start := range starts {
		if !replaced(start) {
			events = e.add(events, w, start, start.plus(until.wall.Sub(from.wall)), until.zone)
		}
	}
	for _, c := range changes {
		if start, end, why := c.times(w); why == "" && !c.calledOff() {
			events = c.add(events, w, start, end, end.zone)
		}
	}
	if len(events) == 0 {
		return nil, Outside
	}
	return events, ""
}

// add appends what lies in the window. Where it ends elsewhere than it begins, as a
// flight does, the end is read there.
func (e entry) add(to []Event, w Window, from, until moment, ends *time.Location) []Event {
	until.zone = ends
	at, end := from.at(), until.at()
	if !end.After(w.From) || !at.Before(w.Until) || !end.After(at) {
		return to
	}
	if ends.String() != from.zone.String() { // one zone is written, that of the beginning
		shown := end.In(from.zone)
		until.wall = time.Date(shown.Year(), shown.Month(), shown.Day(), shown.Hour(), shown.Minute(), shown.Second(), 0, time.UTC)
	}
	return append(to, Event{
		UID: e.uid, Title: e.title, From: at.UTC(), Until: end.UTC(),
		FromWall: from.written(), UntilWall: until.written(), Zone: from.zone.String(), AllDay: from.allDay, Away: e.away(),
	})
}

func (e entry) calledOff() bool {
	return strings.EqualFold(e.value(ics.ComponentPropertyStatus), string(ics.ObjectStatusCancelled))
}

// away says that it is marked as out of the office: by Outlook and Exchange in a field
// of theirs, by Google as a kind of event.
func (e entry) away() bool {
	return strings.EqualFold(e.value("X-MICROSOFT-CDO-BUSYSTATUS"), "OOF") || strings.EqualFold(e.value("X-MICROSOFT-CDO-INTENDEDSTATUS"), "OOF") ||
		strings.EqualFold(e.value("X-GOOGLE-EVENT-TYPE"), "outOfOffice")
}
