package main

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	zone := time.FixedZone("CEST", 2*60*60)
	now := time.Date(2026, 7, 31, 17, 30, 0, 0, zone)
	for text, want := range map[string]time.Time{
		"":                          {},
		"2026-08-01T08:00:00+02:00": time.Date(2026, 8, 1, 6, 0, 0, 0, time.UTC),
		"2026-08-01T08:00:00Z":      time.Date(2026, 8, 1, 8, 0, 0, 0, time.UTC),
		"2026-08-01 08:00":          time.Date(2026, 8, 1, 8, 0, 0, 0, zone),
		"18:00":                     time.Date(2026, 7, 31, 18, 0, 0, 0, zone),
		"17:30":                     time.Date(2026, 8, 1, 17, 30, 0, 0, zone),
		"08:00":                     time.Date(2026, 8, 1, 8, 0, 0, 0, zone),
		"+8h":                       now.Add(8 * time.Hour),
	} {
		if got, err := parseTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: got %s, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"tomorrow", "+", "+-1h", "-1h", "25:00", "2026-08-01", "2026-13-01 08:00", "1h"} {
		if got, err := parseTime(text, now); exitCode(err) != exitUsage {
			t.Errorf("%q: got %s, %v; want a usage error", text, got, err)
		}
	}
}
