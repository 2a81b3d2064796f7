package main

import (
	"strings"
	"time"
)

// parseTime reads an instant as people write it: 2026-03-01T08:00:00Z,
// "2026-03-01 08:00", 18:00 (the next one), or +8h (from now). What names no zone
// is in that of now. "" is no instant.
func parseTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if length, ok := strings.CutPrefix(text, "+"); ok {
		d, err := time.ParseDuration(length)
		if err == nil && d > 0 {
			return now.Add(d), nil
		}
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation("2006-01-02 15:04", text, now.Location()); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation("15:04", text, now.Location()); err == nil {
		next := time.Date(now.Year(), now.Month(), now.Day(), t.Hour(), t.Minute(), 0, 0, now.Location())
		if !next.After(now) {
			next = next.AddDate(0, 0, 1)
		}
		return next, nil
	}
	return time.Time{}, usagef(`a time is written like 2026-03-01T08:00:00Z, "2026-03-01 08:00", 18:00 or +8h`)
}
