package main

import (
	"testing"
	"time"
)

// TestTimesAsPeopleTypeThem.
func TestTimesAsPeopleTypeThem(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	type typed = struct {
		text        string
		until, past time.Time
	}
	both := func(text string, t time.Time) typed { return typed{text, t, t} }
	now := time.Date(2026, 7, 31, 17, 30, 0, 0, berlin)
	local := func(month time.Month, day, hour, minute int) time.Time {
		return time.Date(2026, month, day, hour, minute, 0, 0, berlin)
	}
	for _, test := range []typed{
		{text: ""}, {text: " "},
		both("2026-08-01T08:00:00+02:00", time.Date(2026, 8, 1, 6, 0, 0, 0, time.UTC)),
		both("2026-08-01t08:00:00z", time.Date(2026, 8, 1, 8, 0, 0, 0, time.UTC)),
		both("2026-08-01T08:00Z", time.Date(2026, 8, 1, 8, 0, 0, 0, time.UTC)),
		both("2026-08-01 08:00+08:00", time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)),
		both("2026-08-01 08:00 +08:00", time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)),
		both("2026-08-01 08:00", local(8, 1, 8, 0)),
		both("2026-08-01  8:00", local(8, 1, 8, 0)),
		both("2026-08-01 08:00:00", local(8, 1, 8, 0)),
		both("2026-12-24T18:00", local(12, 24, 18, 0)),
		both("2026-12-24T18:00:00", local(12, 24, 18, 0)),
		{"2026-12-24", local(12, 24, 23, 59), local(12, 24, 0, 0)},
		{"18:00", local(7, 31, 18, 0), local(7, 30, 18, 0)},
		{"１８：００", local(7, 31, 18, 0), local(7, 30, 18, 0)},
		{"6pm", local(7, 31, 18, 0), local(7, 30, 18, 0)},
		{"6:15 PM", local(7, 31, 18, 15), local(7, 30, 18, 15)},
		{"17:30", local(8, 1, 17, 30), local(7, 31, 17, 30)},
		{"8:00", local(8, 1, 8, 0), local(7, 31, 8, 0)},
		both("today 18:00", local(7, 31, 18, 0)),
		{"tomorrow", local(8, 1, 23, 59), local(8, 1, 0, 0)},
		{"明天", local(8, 1, 23, 59), local(8, 1, 0, 0)},
		both("Tomorrow 9:00", local(8, 1, 9, 0)),
		both("tomorrow 9am", local(8, 1, 9, 0)),
		both("明天 9:00", local(8, 1, 9, 0)),
		both("明天9:00", local(8, 1, 9, 0)),
		both("+2h", now.Add(2*time.Hour)),
		both("+1h30m", now.Add(90*time.Minute)),
		both("+1d", local(8, 1, 17, 30)),
		both("+1d12h", local(8, 2, 5, 30)),
		both("+100d", local(11, 8, 17, 30)), // in winter time
	} {
		if got, err := parseUntil(test.text, now); err != nil || !got.Equal(test.until) {
			t.Errorf("until %q: got %s, %v; want %s", test.text, got, err, test.until)
		}
		if got, err := parsePast(test.text, now); err != nil || !got.Equal(test.past) {
			t.Errorf("at %q: got %s, %v; want %s", test.text, got, err, test.past)
		}
	}
	for text, want := range map[string]time.Time{ // past
		"-2h": now.Add(-2 * time.Hour), "-1d": local(7, 30, 17, 30), "today 8:00": local(7, 31, 8, 0), "yesterday 9:00": local(7, 30, 9, 0),
		"yesterday": local(7, 30, 0, 0), "2025-12-24T18:00": time.Date(2025, 12, 24, 18, 0, 0, 0, berlin), "0001-01-01T00:00:01Z": time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC),
	} {
		if got, err := parsePast(text, now); err != nil || !got.Equal(want) {
			t.Errorf("at %q: got %s, %v; want %s", text, got, err, want)
		}
		if got, err := parseUntil(text, now); exitCode(err) != exitUsage {
			t.Errorf("until %q: got %s, %v", text, got, err)
		}
	}
	for _, text := range []string{
		"soon", "+", "-", "+-1h", "+0h", "+d", "+1x", "25:00", "13pm", "2026-13-01 08:00", "2026-02-30", "1h", "24.12.2026", "12/24/2026", "tomorrow at nine",
		"9999-12-31T23:59:59-12:00", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "+999999999h", "+999999d99999d", "+9999999d", "2026-12-24T18:00:00+99:00",
	} {
		for _, parse := range []func(string, time.Time) (time.Time, error){parsePast, parseUntil} {
			if got, err := parse(text, now); exitCode(err) != exitUsage {
				t.Errorf("%q: got %s, %v; want a usage error", text, got, err)
			}
		}
	}
}

// TestATimeIsSaidBackWithItsZone.
func TestATimeIsSaidBackWithItsZone(t *testing.T) {
	at := time.Date(2026, 12, 24, 17, 0, 0, 0, time.UTC)
	for zone, want := range map[string]string{
		"Europe/Berlin": "2026-12-24 18:00 CET (UTC+01:00)", "UTC": "2026-12-24 17:00 UTC", "Asia/Shanghai": "2026-12-25 01:00 CST (UTC+08:00)",
		"America/Sao_Paulo": "2026-12-24 14:00 UTC-03:00",
	} {
		location, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := withZone(at.In(location)); got != want {
			t.Errorf("%s: %q, want %q", zone, got, want)
		}
	}
}
