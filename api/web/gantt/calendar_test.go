package gantt_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api/web/gantt"
)

var calendarWords = gantt.CalendarWords{Title: "Absences", Description: "bars", Away: "away", Planned: "planned", Gap: "nobody there", Now: "now"}

// TestACalendarIsDrawn: what is planned is told from what is so without its colour, a gap
// has a sign however short it is, and nothing is drawn outside of the window.
func TestACalendarIsDrawn(t *testing.T) {
	at := time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC)
	w := gantt.Fortnight.CalendarAround(at)
	if w.From.Format(time.DateOnly) != "2026-03-23" || w.To.Format(time.DateOnly) != "2026-04-06" {
		t.Errorf("two weeks are %s to %s", w.From, w.To)
	}
	if q := gantt.Quarter.CalendarAround(at); q.From.Format(time.DateOnly) != "2026-01-01" || q.To.Format(time.DateOnly) != "2026-04-01" {
		t.Errorf("the quarter is %s to %s", q.From, q.To)
	}
	drawn := string(gantt.DrawCalendar(w, at, []gantt.CalendarRow{
		{Name: `<b>Ann`, Below: "ann", Bars: []gantt.Absence{{From: at.AddDate(0, 0, -90), To: at.AddDate(0, 0, 1)}, {From: at.AddDate(0, 0, 3), To: at.AddDate(0, 0, 90), Planned: true}}},
		{Name: "ann · ben", Below: "db01", Bars: []gantt.Absence{{From: w.To.Add(-time.Minute), To: w.To, Gap: true}}},
	}, calendarWords))
	for _, want := range []string{"&lt;b&gt;Ann", `class="g-bar g-planned"`, "url(#gantt-away)", "url(#gantt-gap)", `g-alarm" x="991" y="109">!`, `<title id="calendar-title">Absences`, `d="M190 56h200v22h-200z"`, `d="M504.3 56h485.7v22h-485.7z"`, "g-now", ">planned<", ">away<"} {
		if !strings.Contains(drawn, want) {
			t.Errorf("it has no %s:\n%s", want, drawn)
		}
	}
	if strings.Contains(drawn, "<b>") {
		t.Errorf("drawn as somebody typed it:\n%s", drawn)
	}
	if later := string(gantt.DrawCalendar(w, at.AddDate(1, 0, 0), nil, calendarWords)); strings.Count(later, "g-now") != 1 { // of the legend
		t.Error("the present is drawn where it is not")
	}
}

// BenchmarkCalendar draws 400 absences and 300 gaps over a quarter.
func BenchmarkCalendar(b *testing.B) {
	at := time.Date(2026, 3, 25, 12, 0, 0, 0, time.UTC)
	w := gantt.Quarter.CalendarAround(at)
	var rows []gantt.CalendarRow
	for n := range 40 {
		row := gantt.CalendarRow{Name: fmt.Sprint("Person ", n), Below: "who"}
		for i := range 10 {
			from := w.From.AddDate(0, 0, 9*i)
			row.Bars = append(row.Bars, gantt.Absence{From: from, To: from.AddDate(0, 0, 3), Planned: i > 4})
		}
		rows = append(rows, row)
	}
	for n := range 300 {
		rows = append(rows, gantt.CalendarRow{Name: fmt.Sprint("pair ", n), Below: "host", Bars: []gantt.Absence{{From: w.From, To: w.From.Add(time.Hour), Gap: true}}})
	}
	for b.Loop() {
		if len(gantt.DrawCalendar(w, at, rows, calendarWords)) < 1000 {
			b.Fatal("nothing is drawn")
		}
	}
}
