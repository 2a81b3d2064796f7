package ical

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// year is a window that has everything in the files of testdata, seen from Berlin.
func year(t *testing.T) Window {
	return Window{
		From: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC), Until: time.Date(2027, 11, 28, 0, 0, 0, 0, time.UTC),
		Home: zone(t, "Europe/Berlin"),
	}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// told is an event in one line, with what a person would check.
func told(e Event) string {
	away := ""
	if e.Away {
		away = " (away)"
	}
	return fmt.Sprintf("%s: %s to %s %s = %s to %s%s", e.Title, e.FromWall, e.UntilWall, e.Zone, e.From.Format(time.RFC3339), e.Until.Format(time.RFC3339), away)
}

func TestFilesOfRealCalendars(t *testing.T) {
	for file, want := range map[string][]string{
		"outlook.ics": {
			"Zahnarzt: 2026-12-09T13:00:00 to 2026-12-09T17:30:00 Europe/Berlin = 2026-12-09T12:00:00Z to 2026-12-09T16:30:00Z",
			"Weihnachten, und Neujahr: 2026-12-23 to 2027-01-02 Europe/Berlin = 2026-12-22T23:00:00Z to 2027-01-01T23:00:00Z (away)",
			"- Werksfuehrung: unknown_zone",
		},
		"google.ics": {
			"数据中心巡检: 2026-12-07T14:00:00 to 2026-12-07T18:00:00 Asia/Shanghai = 2026-12-07T06:00:00Z to 2026-12-07T10:00:00Z",
			"数据中心巡检: 2026-12-14T14:00:00 to 2026-12-14T18:00:00 Asia/Shanghai = 2026-12-14T06:00:00Z to 2026-12-14T10:00:00Z",
			"数据中心巡检（改到周二）: 2026-12-29T09:00:00 to 2026-12-29T12:00:00 Asia/Shanghai = 2026-12-29T01:00:00Z to 2026-12-29T04:00:00Z",
			"数据中心巡检: 2027-01-04T14:00:00 to 2027-01-04T18:00:00 Asia/Shanghai = 2027-01-04T06:00:00Z to 2027-01-04T10:00:00Z",
			"数据中心巡检: 2027-01-11T14:00:00 to 2027-01-11T18:00:00 Asia/Shanghai = 2027-01-11T06:00:00Z to 2027-01-11T10:00:00Z",
			"数据中心巡检: 2027-01-18T14:00:00 to 2027-01-18T18:00:00 Asia/Shanghai = 2027-01-18T06:00:00Z to 2027-01-18T10:00:00Z",
			"数据中心巡检: 2027-01-25T14:00:00 to 2027-01-25T18:00:00 Asia/Shanghai = 2027-01-25T06:00:00Z to 2027-01-25T10:00:00Z",
			"春节: 2027-02-06 to 2027-02-13 Europe/Berlin = 2027-02-05T23:00:00Z to 2027-02-12T23:00:00Z",
			"- 周会: called_off",
		},
		"apple.ics": { // the second and third are after the clocks change in California
			"On call: 2027-03-05T09:00:00 to 2027-03-05T17:00:00 America/Los_Angeles = 2027-03-05T17:00:00Z to 2027-03-06T01:00:00Z",
			"On call: 2027-03-12T09:00:00 to 2027-03-12T17:00:00 America/Los_Angeles = 2027-03-12T17:00:00Z to 2027-03-13T01:00:00Z",
			"On call: 2027-03-19T09:00:00 to 2027-03-19T17:00:00 America/Los_Angeles = 2027-03-19T16:00:00Z to 2027-03-20T00:00:00Z",
			"Lunch, wherever I am: 2027-04-02T12:00:00 to 2027-04-02T13:00:00 Europe/Berlin = 2027-04-02T10:00:00Z to 2027-04-02T11:00:00Z",
			"Yosemite: 2027-07-01 to 2027-07-08 Europe/Berlin = 2027-06-30T22:00:00Z to 2027-07-07T22:00:00Z",
		},
		"exchange.ics": {
			"Patch weekend: 2026-12-27T09:00:00 to 2026-12-27T17:00:00 Europe/London = 2026-12-27T09:00:00Z to 2026-12-27T17:00:00Z (away)",
			"Flight: 2027-01-10T10:00:00 to 2027-01-10T22:00:00 Europe/London = 2027-01-10T10:00:00Z to 2027-01-10T22:00:00Z (away)",
			"Patch weekend: 2027-02-28T09:00:00 to 2027-02-28T17:00:00 Europe/London = 2027-02-28T09:00:00Z to 2027-02-28T17:00:00Z (away)",
			"Patch weekend: 2027-03-28T09:00:00 to 2027-03-28T17:00:00 Europe/London = 2027-03-28T08:00:00Z to 2027-03-28T16:00:00Z (away)",
			"Patch weekend: 2027-04-25T09:00:00 to 2027-04-25T17:00:00 Europe/London = 2027-04-25T08:00:00Z to 2027-04-25T16:00:00Z (away)",
			"Patch weekend: 2027-05-23T09:00:00 to 2027-05-23T17:00:00 Europe/London = 2027-05-23T08:00:00Z to 2027-05-23T16:00:00Z (away)",
			"- A line that nobody folded: malformed",
		},
	} {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", file))
			if err != nil {
				t.Fatal(err)
			}
			for _, form := range []struct{ name, text string }{
				{"as it is", string(text)},
				{"with line feeds alone", strings.ReplaceAll(string(text), "\r\n", "\n")},
				{"with a byte order mark", "\uFEFF" + string(text)},
			} {
				if got := read(t, form.text); strings.Join(got, "\n") != strings.Join(want, "\n") {
					t.Errorf("%s:\n%s\nwant:\n%s", form.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
				}
			}
		})
	}
}

// read gives what a file has, the events and then what is left out.
func read(t *testing.T, file string) (all []string) {
	t.Helper()
	events, skipped, err := Read(context.Background(), strings.NewReader(file), year(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		all = append(all, told(e))
	}
	for _, s := range skipped {
		all = append(all, "- "+s.Title+": "+string(s.Why))
	}
	return all
}

// calendar is a file with these events.
func calendar(events ...string) string {
	return "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + strings.Join(events, "") + "END:VCALENDAR\r\n"
}

func event(lines ...string) string {
	return "BEGIN:VEVENT\r\nUID:u\r\nSUMMARY:it\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT\r\n"
}

func TestWhatIsLeftOutIsNamedAndTakesNothingWithIt(t *testing.T) {
	good := "BEGIN:VEVENT\r\nUID:good\r\nSUMMARY:good\r\nDTSTART:20261201T100000Z\r\nDTEND:20261201T110000Z\r\nEND:VEVENT\r\n"
	for name, c := range map[string]struct {
		event string
		why   Why
	}{
		"no beginning":                    {event("DTEND:20261201T110000Z"), NoStart},
		"a beginning that is none":        {event("DTSTART:tomorrow"), Malformed},
		"a day that there is not":         {event("DTSTART;VALUE=DATE:20260230"), Malformed},
		"it ends before it begins":        {event("DTSTART:20261202T100000Z", "DTEND:20261202T090000Z"), NoTime},
		"it lasts no time":                {event("DTSTART:20261202T100000Z"), NoTime},
		"a day that ends at an hour":      {event("DTSTART;VALUE=DATE:20261202", "DTEND:20261203T090000Z"), Malformed},
		"a time of no known length":       {event("DTSTART:20261202T100000Z", "DURATION:-PT1H"), Malformed},
		"this machine's own zone":         {event("DTSTART;TZID=Local:20261202T100000", "DURATION:PT1H"), UnknownZone},
		"a zone out of a folder":          {event("DTSTART;TZID=../../etc/localtime:20261202T100000", "DURATION:PT1H"), UnknownZone},
		"called off":                      {event("DTSTART:20261202T100000Z", "DURATION:PT1H", "STATUS:CANCELLED"), CalledOff},
		"over":                            {event("DTSTART:20261101T100000Z", "DURATION:PT1H"), Outside},
		"in ten years":                    {event("DTSTART:20361201T100000Z", "DURATION:PT1H"), Outside},
		"every second":                    {event("DTSTART:20261202T100000Z", "DURATION:PT1H", "RRULE:FREQ=SECONDLY"), Recurrence},
		"every hour":                      {event("DTSTART:20261202T100000Z", "DURATION:PT1H", "RRULE:FREQ=HOURLY"), Recurrence},
		"a rule that is none":             {event("DTSTART:20261202T100000Z", "DURATION:PT1H", "RRULE:FREQ=OFTEN"), Recurrence},
		"a rule that goes backwards":      {event("DTSTART:20261202T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;INTERVAL=-1"), Recurrence},
		"a month with forty Sundays":      {event("DTSTART:20261202T100000Z", "DURATION:PT1H", "RRULE:FREQ=YEARLY;BYMONTH=12;BYDAY=44SU"), Recurrence},
		"a rule of a long wait":           {event("DTSTART:20261202T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;INTERVAL=999999999"), Recurrence},
		"a rule that no day meets, ended": {event("DTSTART:20240202T100000Z", "DURATION:PT1H", "RRULE:FREQ=YEARLY;UNTIL=20250101T000000Z"), Outside},
		"a line without a name":           {event("DTSTART:20261202T100000Z", "DURATION:PT1H", "=="), Malformed},
		"never ended":                     {"BEGIN:VEVENT\r\nUID:u\r\nSUMMARY:it\r\nDTSTART:nothing\r\n", Malformed},
	} {
		got := read(t, calendar(c.event, good))
		want := []string{"good: 2026-12-01T10:00:00 to 2026-12-01T11:00:00 UTC = 2026-12-01T10:00:00Z to 2026-12-01T11:00:00Z", "- it: " + string(c.why)}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestZonesAsTheyAreWritten(t *testing.T) {
	for tzid, want := range map[string]string{
		"Europe/Berlin":                                   "Europe/Berlin",
		"Romance Standard Time":                           "Europe/Paris",
		"china standard time":                             "Asia/Shanghai",
		`"New Zealand Standard Time"`:                     "Pacific/Auckland",
		"Volgograd Standard Time":                         "Europe/Volgograd",
		"/citadel.org/20250101_1/Asia/Tokyo":              "Asia/Tokyo",
		"/freeassociation.sourceforge.net/America/Denver": "America/Denver",
	} {
		if got, known := zoneNamed(tzid); !known || got.String() != want {
			t.Errorf("%s: %v, %v, want %s", tzid, got, known, want)
		}
	}
	for _, iana := range windowsZones {
		if _, err := time.LoadLocation(iana); err != nil {
			t.Error(err)
		}
	}
}

func TestTheHourThatIsNotAndTheHourThatComesTwice(t *testing.T) {
	for _, c := range []struct{ zone, wall, want string }{
		{"Europe/Berlin", "2027-03-28 02:30:00", "2027-03-28T01:30:00Z"},       // shows 03:30
		{"Europe/Berlin", "2027-10-31 02:30:00", "2027-10-31T00:30:00Z"},       // the first
		{"America/New_York", "2027-03-14 02:30:00", "2027-03-14T07:30:00Z"},    // shows 03:30
		{"America/New_York", "2027-11-07 01:30:00", "2027-11-07T05:30:00Z"},    // the first
		{"Australia/Lord_Howe", "2027-10-03 02:15:00", "2027-10-02T15:45:00Z"}, // half an hour is left out
		{"Australia/Lord_Howe", "2027-04-04 01:45:00", "2027-04-03T14:45:00Z"}, // half an hour comes twice
		{"Pacific/Apia", "2011-12-30 12:00:00", "2011-12-30T22:00:00Z"},        // a whole day was left out
		{"Africa/Cairo", "2027-04-30 00:00:00", "2027-04-29T22:00:00Z"},        // midnight is not
		{"America/Santiago", "2027-09-05 00:00:00", "2027-09-05T04:00:00Z"},    // midnight is not
		{"Asia/Shanghai", "2027-03-28 02:30:00", "2027-03-27T18:30:00Z"},       // clocks do not change
		{"Asia/Kathmandu", "2027-01-01 00:00:00", "2026-12-31T18:15:00Z"},      // a quarter of an hour
		{"Africa/Casablanca", "2027-02-07 02:30:00", "2027-02-07T01:30:00Z"},   // Ramadan: the first
		{"UTC", "2028-02-29 23:59:59", "2028-02-29T23:59:59Z"},                 // a leap day
		{"Pacific/Kiritimati", "2027-01-01 00:00:00", "2026-12-31T10:00:00Z"},  // fourteen hours ahead
		{"America/St_Johns", "2027-03-14 02:30:00", "2027-03-14T06:00:00Z"},    // half an hour off
	} {
		wall, err := time.Parse(time.DateTime, c.wall)
		if err != nil {
			t.Fatal(err)
		}
		if got := At(wall, zone(t, c.zone)).Format(time.RFC3339); got != c.want {
			t.Errorf("%s in %s: %s, want %s", c.wall, c.zone, got, c.want)
		}
	}
}

func TestAFileThatIsNoneOrTooMuch(t *testing.T) {
	ctx := context.Background()
	if _, _, err := Read(ctx, strings.NewReader("<html>Please log in</html>"), year(t)); !errors.Is(err, ErrNoCalendar) {
		t.Errorf("a page: %v", err)
	}
	if _, _, err := Read(ctx, bytes.NewReader(make([]byte, MaxSize+1)), year(t)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("more than there may be: %v", err)
	}
	over, cancel := context.WithCancel(ctx)
	cancel()
	if _, _, err := Read(over, strings.NewReader(calendar(event("DTSTART:20261202T100000Z", "DURATION:PT1H"))), year(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("somebody went: %v", err)
	}
	var many []string
	for n := range MaxEvents + 2 {
		many = append(many, event(fmt.Sprintf("DTSTART:20261202T100000Z\r\nDURATION:PT%dM", n+1)))
	}
	events, skipped, err := Read(ctx, strings.NewReader(calendar(many...)), year(t))
	if err != nil || len(events) != MaxEvents || len(skipped) != 2 || skipped[0].Why != TooMany {
		t.Errorf("%d events, %d left out, %v", len(events), len(skipped), err)
	}
	// No day meets this rule, which is gone through to its end.
	never := event("DTSTART:20261202T100000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")
	if _, skipped, err := Read(ctx, strings.NewReader(calendar(never)), year(t)); err != nil || len(skipped) > 1 {
		t.Errorf("a rule that nothing meets: %v, %v", skipped, err)
	}
}

func TestACalledOffFileTakesNothingIn(t *testing.T) {
	file := strings.Replace(calendar(event("DTSTART:20261202T100000Z", "DURATION:PT1H")), "VERSION", "METHOD:CANCEL\r\nVERSION", 1)
	if got := read(t, file); len(got) != 1 || got[0] != "- it: called_off" {
		t.Errorf("%q", got)
	}
}

func TestAFeedIsReadAgainAsItWasWritten(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	var feed bytes.Buffer
	err := Write(&feed, "Away: ann", []Busy{
		{UID: "absence-1@tandem.example", Title: "ann, away", Sequence: 2, Changed: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC),
			From: time.Date(2026, 12, 9, 13, 0, 0, 0, berlin), Until: time.Date(2026, 12, 9, 17, 0, 0, 0, berlin)},
		{UID: "absence-2@tandem.example", Title: "ann, away; all; day", Changed: time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC),
			From: time.Date(2026, 12, 24, 0, 0, 0, 0, berlin), Until: time.Date(2026, 12, 27, 0, 0, 0, 0, berlin), AllDay: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"ann, away: 2026-12-09T12:00:00 to 2026-12-09T16:00:00 UTC = 2026-12-09T12:00:00Z to 2026-12-09T16:00:00Z",
		"ann, away; all; day: 2026-12-24 to 2026-12-27 Europe/Berlin = 2026-12-23T23:00:00Z to 2026-12-26T23:00:00Z",
	}
	if got := read(t, feed.String()); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%q\n%s", got, feed.String())
	}
	for line := range strings.Lines(feed.String()) {
		if !strings.HasSuffix(line, "\r\n") || len(line) > 77 {
			t.Errorf("a line that RFC 5545 does not know: %q", line)
		}
	}
}

// Letters are changed, lost and put in at random: whatever a file has, reading it ends,
// and gives nothing that was not asked for.
func TestFilesThatWereDamagedOnTheWay(t *testing.T) {
	files, err := filepath.Glob("testdata/*.ics")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 800 {
		text, err := os.ReadFile(files[n%len(files)])
		if err != nil {
			t.Fatal(err)
		}
		for range 1 + random.IntN(8) {
			switch at := random.IntN(len(text)); random.IntN(3) {
			case 0:
				text[at] = byte(random.IntN(256))
			case 1:
				text = slices.Delete(text, at, at+1)
			case 2:
				text[at] = "0123456789=;:,-\r\n"[random.IntN(17)]
			}
		}
		withinBounds(t, text)
	}
}

// withinBounds reads a file, which may be none.
func withinBounds(t *testing.T, text []byte) {
	w := Window{From: time.Date(2026, 11, 28, 0, 0, 0, 0, time.UTC), Until: time.Date(2027, 11, 28, 0, 0, 0, 0, time.UTC), Home: time.UTC}
	events, _, err := Read(context.Background(), bytes.NewReader(text), w)
	if err != nil && !errors.Is(err, ErrNoCalendar) {
		t.Errorf("%v of %q", err, text)
	}
	for _, e := range events {
		if !e.Until.After(e.From) || !e.Until.After(w.From) || !e.From.Before(w.Until) {
			t.Errorf("outside of what was asked for: %s", told(e))
		}
	}
}

func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.ics")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(withinBounds)
}
