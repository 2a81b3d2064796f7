package gantt

import (
	"html/template"
	"time"
)

// Fortnight is the shorter range of a calendar of absences: this week and the next.
const Fortnight Range = "fortnight"

// CalendarRanges are those of a calendar of absences, the shortest first.
var CalendarRanges = []Range{Fortnight, Quarter}

// CalendarAround gives the window of a calendar that an instant is in, in the zone of that
// instant. What is no range of one is a fortnight.
func (r Range) CalendarAround(at time.Time) Window {
	if r == Quarter {
		return r.Around(at)
	}
	week := Week.Around(at)
	return Window{Fortnight, week.From, week.From.AddDate(0, 0, 14)}
}

// Absence is a bar of a calendar.
type Absence struct {
	From, To time.Time
	Planned  bool // not begun yet
	Gap      bool // neither of two is there
}

// CalendarRow is a person, or two who look after something together.
type CalendarRow struct {
	Name, Below string
	Bars        []Absence
}

// CalendarWords is what stands on a calendar besides names, in the reader's language.
type CalendarWords struct {
	Title, Description string // for those who do not see it

	Away, Planned, Gap, Now string
}

const calendarRow = 38.0

// The bars of a calendar, in the order of drawing.
var calendarFills = []struct {
	is    func(Absence) bool
	start string
}{
	{func(a Absence) bool { return !a.Gap && !a.Planned }, `<path class="g-bar" fill="url(#gantt-away)" d="`},
	{func(a Absence) bool { return !a.Gap && a.Planned }, `<path class="g-bar g-planned" d="`},
	{func(a Absence) bool { return a.Gap }, `<path class="g-bar g-gap-bar" fill="url(#gantt-gap)" d="`},
}

// DrawCalendar gives the calendar as an SVG element. Everything that people named stands in
// it as text, escaped.
func DrawCalendar(w Window, now time.Time, rows []CalendarRow, words CalendarWords) template.HTML {
	d := &drawing{window: w, words: Words{Now: words.Now}, scale: chartWidth / w.To.Sub(w.From).Seconds()}
	d.out.Grow(2048 + 256*len(rows))
	height := legendHeight + axisHeight + calendarRow*float64(len(rows)) + 4
	return d.framed("calendar", words.Title, words.Description, height, now, func() {
		d.calendarLegend(words)
		d.axis(height)
		for i, row := range rows {
			d.calendarRow(row, legendHeight+axisHeight+calendarRow*float64(i), words)
		}
	})
}

func (d *drawing) calendarLegend(words CalendarWords) {
	x := 4.0
	for i, word := range []string{words.Away, words.Planned, words.Gap} {
		d.put(calendarFills[i].start)
		d.box(x, 4, 16, 12)
		d.put(`"/>`)
		d.text("g-legend", x+21, 14, word)
		x += 21 + measure(word, labelSize) + 16
	}
	d.line("g-now", x+4, 3, 17)
	d.text("g-legend", x+11, 14, words.Now)
}

func (d *drawing) calendarRow(row CalendarRow, top float64, words CalendarWords) {
	d.line("g-rule", 0, top, top)
	d.text("g-name", 4, top+16, fitted(row.Name, chartLeft-12, nameSize))
	d.text("g-pair", 4, top+31, fitted(row.Below, chartLeft-12, labelSize))
	for _, fill := range calendarFills {
		for _, bar := range row.Bars {
			if !fill.is(bar) {
				continue
			}
			x, wide := d.clipped(bar)
			d.put(fill.start)
			d.box(x, top+8, wide, 22)
			d.put(`"/>`)
			d.calendarLabel(bar, x, wide, top+23, words)
		}
	}
}

// clipped gives where a bar begins in the window and how wide it is; a gap is always seen.
func (d *drawing) clipped(bar Absence) (x, wide float64) {
	from, to := bar.From, bar.To
	if from.Before(d.window.From) {
		from = d.window.From
	}
	if to.After(d.window.To) {
		to = d.window.To
	}
	x, wide = d.x(from), max(to.Sub(from).Seconds()*d.scale, seenWidth)
	return min(x, chartLeft+chartWidth-wide), wide
}

// calendarLabel writes on a bar what it is, when there is room; a gap always has a sign.
func (d *drawing) calendarLabel(bar Absence, x, wide, baseline float64, words CalendarWords) {
	class, texts := "g-label", []string{words.Away}
	switch {
	case bar.Gap:
		class, texts = "g-label g-alarm", []string{words.Gap, "!"}
	case bar.Planned:
		texts = []string{words.Planned}
	}
	for _, text := range texts {
		if text == "!" || measure(text, labelSize)+8 <= wide {
			d.text(class, x+4, baseline, text)
			return
		}
	}
}
