package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/width"
)

// The forms of an instant, each with its zone, without one, or of a day alone.
var (
	zoned   = []string{time.RFC3339, "2006-01-02T15:04Z07:00", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04Z07:00", "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04 Z07:00"}
	unzoned = []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"}
	clocks  = []string{"15:04", "15:04:05", "3:04pm", "3pm", "3:04 pm", "3 pm"}
)

// days are the words for a day, and how far from today it is.
var days = map[string]int{"today": 0, "tomorrow": 1, "yesterday": -1, "今天": 0, "明天": 1, "后天": 2, "昨天": -1}

// aDay is how a length of time begins that has days in it, which
// time.ParseDuration does not know.
var aDay = regexp.MustCompile(`^([0-9]{1,6})d`)

// parseUntil reads the end of something as people write it: 2026-12-24T18:00:00+01:00,
// 2026-12-24T18:00, "2026-12-24 18:00", 2026-12-24 or tomorrow (the whole of that
// day), "tomorrow 9:00", 18:00 or 6pm (the next one), +2h or +1d12h (from now).
// What names no zone is in that of now. "" is no instant.
func parseUntil(text string, now time.Time) (time.Time, error) {
	t, is, err := readTime(text, now)
	switch {
	case err != nil || t.IsZero():
		return t, err
	case is == aDate:
		t = time.Date(t.Year(), t.Month(), t.Day(), 23, 59, 0, 0, t.Location())
	case is == aClock && !t.After(now):
		t = t.AddDate(0, 0, 1)
	}
	if !t.After(now) {
		return time.Time{}, usagef("%s is past", withZone(t.In(now.Location())))
	}
	return t, nil
}

// parsePast is parseUntil for looking back: a day is meant as it begins, 18:00 is
// the last one, and -2h is two hours ago.
func parsePast(text string, now time.Time) (time.Time, error) {
	t, is, err := readTime(text, now)
	if is == aClock && t.After(now) && err == nil {
		t = t.AddDate(0, 0, -1)
	}
	return t, err
}

// form is what a text says of an instant.
type form int

const (
	exact   form = iota
	aDate        // a day, and nothing of the time
	aClock       // a time, and nothing of the day: it is today's
	aLength      // how long from now
)

func readTime(text string, now time.Time) (time.Time, form, error) {
	text = strings.ToLower(strings.Join(strings.Fields(width.Fold.String(text)), " "))
	if text == "" {
		return time.Time{}, exact, nil
	}
	t, is, found := parseForms(text, now)
	if !found {
		return time.Time{}, is, usagef(`%q is no time: write %s`, text, timeForms)
	}
	if year := t.UTC().Year(); year < 1 || year > 9999 {
		return time.Time{}, is, usagef("%q is not in the years 1 to 9999", text)
	}
	return t, is, nil
}

// timeForms are the forms for a person who typed another.
const timeForms = `+2h, +1d, 18:00, "tomorrow 9:00", 2026-12-24, 2026-12-24T18:00 or 2026-12-24T18:00:00+01:00`

func parseForms(text string, now time.Time) (t time.Time, is form, found bool) {
	if sign := text[0]; sign == '+' || sign == '-' {
		t, found = later(text[1:], sign == '-', now)
		return t, aLength, found
	}
	for _, layout := range zoned {
		if t, err := time.Parse(layout, strings.ToUpper(text)); err == nil {
			return t, exact, true
		}
	}
	for _, layout := range unzoned {
		if t, err := time.ParseInLocation(layout, strings.ToUpper(text), now.Location()); err == nil {
			return t, exact, true
		}
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		return t, aDate, true
	}
	if hour, minute, second, ok := parseClock(text); ok {
		return at(now, 0, hour, minute, second), aClock, true
	}
	for word, from := range days {
		rest, ok := strings.CutPrefix(text, word)
		if !ok {
			continue
		}
		if rest = strings.TrimSpace(rest); rest == "" {
			return at(now, from, 0, 0, 0), aDate, true
		}
		hour, minute, second, ok := parseClock(rest)
		return at(now, from, hour, minute, second), exact, ok
	}
	return time.Time{}, exact, false
}

// later adds a length of time, with days of the calendar: a day on which the
// clocks change is a day.
func later(length string, ago bool, now time.Time) (time.Time, bool) {
	var n int
	if m := aDay.FindStringSubmatch(length); m != nil {
		n, _ = strconv.Atoi(m[1]) // at most six digits
		if length = length[len(m[0]):]; length == "" {
			length = "0s"
		}
	}
	d, err := time.ParseDuration(length)
	if err != nil || d < 0 || d == 0 && n == 0 {
		return now, false
	}
	if ago {
		n, d = -n, -d
	}
	return now.AddDate(0, 0, n).Add(d), true
}

func parseClock(text string) (hour, minute, second int, found bool) {
	for _, form := range clocks {
		if t, err := time.Parse(form, text); err == nil {
			return t.Hour(), t.Minute(), t.Second(), true
		}
	}
	return 0, 0, 0, false
}

func at(now time.Time, days, hour, minute, second int) time.Time {
	return time.Date(now.Year(), now.Month(), now.Day()+days, hour, minute, second, 0, now.Location())
}

// sayUntil tells the person how a time that they typed was read, with its zone.
func (c *cli) sayUntil(t time.Time) {
	if !t.IsZero() {
		c.note("Until %s.", withZone(t.Local()))
	}
}

// sayThen is sayUntil for looking back.
func (c *cli) sayThen(what string, t time.Time) {
	if !t.IsZero() {
		c.note("%s %s.", what, withZone(t.Local()))
	}
}

func withZone(t time.Time) string {
	name, zone := t.Zone()
	shown := t.Format("2006-01-02 15:04")
	if t.Second() != 0 {
		shown = t.Format(time.DateTime)
	}
	if zone == 0 {
		return shown + " UTC"
	}
	from := "UTC" + t.Format("-07:00")
	if strings.ContainsAny(name, "+-") { // it has no name
		return shown + " " + from
	}
	return fmt.Sprintf("%s %s (%s)", shown, name, from)
}
