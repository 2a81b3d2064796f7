package gantt

import "time"

// Range is how much of the calendar a chart shows.
type Range string

// The ranges, in local time: from midnight, from Monday, from the first of
// January, April, July or October.
const (
	Day     Range = "day"
	Week    Range = "week"
	Quarter Range = "quarter"
)

// Ranges lists them, the shortest first.
var Ranges = []Range{Day, Week, Quarter}

// Window is the time that a chart shows: From is in it, To is not. Both are in
// the zone of the axis.
type Window struct {
	Range    Range
	From, To time.Time
}

// Around gives the window of this range that an instant is in, in the zone of
// that instant. What is no range is a week.
func (r Range) Around(at time.Time) Window {
	year, month, day := at.Date()
	midnight := func(month time.Month, day int) time.Time {
		return time.Date(year, month, day, 0, 0, 0, 0, at.Location())
	}
	switch r {
	case Day:
		return Window{Day, midnight(month, day), midnight(month, day+1)}
	case Quarter:
		first := month - (month-1)%3
		return Window{Quarter, midnight(first, 1), midnight(first+3, 1)}
	}
	monday := day - (int(at.Weekday())+6)%7
	return Window{Week, midnight(month, monday), midnight(month, monday+7)}
}

// Before and After give an instant in the window next to this one.
func (w Window) Before() time.Time { return w.From.Add(-time.Second) }
func (w Window) After() time.Time  { return w.To }

// Zone names the zone of the axis, both names when the clocks change in it.
func (w Window) Zone() string {
	first, last := zone(w.From), zone(w.To.Add(-time.Second))
	if first != last {
		return first + " / " + last
	}
	return first
}

func zone(t time.Time) string {
	if _, offset := t.Zone(); offset == 0 {
		return "UTC"
	}
	return "UTC" + t.Format("-07:00")
}

// tick is a line of the axis.
type tick struct {
	at   time.Time
	text string
}

// ticks gives the lines of the axis: every three hours of a day, every day of a
// week, every Monday of a quarter.
func (w Window) ticks() []tick {
	var ticks []tick
	year, month, day := w.From.Date()
	for i := 0; ; i++ {
		at, layout := time.Date(year, month, day+i, 0, 0, 0, 0, w.From.Location()), "01-02"
		switch w.Range {
		case Day:
			at, layout = time.Date(year, month, day, 3*i, 0, 0, 0, w.From.Location()), "15:04"
		case Quarter:
			monday := day + (8-int(w.From.Weekday()))%7
			at = time.Date(year, month, monday+7*i, 0, 0, 0, 0, w.From.Location())
		}
		if !at.Before(w.To) {
			return ticks
		}
		ticks = append(ticks, tick{at, at.Format(layout)})
	}
}
