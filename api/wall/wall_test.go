package wall_test

import (
	"errors"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/tandem-custody/tandem/api/wall"
	"github.com/tandem-custody/tandem/custody"
)

// What a clock shows where it is put forward or back, in eight zones, over leap days and
// the ends of years. The instants are as zdump and the offsets of each zone give them.
func TestWhatAClockMeans(t *testing.T) {
	for _, c := range []struct {
		name, zone, from, until string
		allDay                  bool
		wantFrom, wantUntil     string
	}{
		{"an hour that is left out", "Europe/Berlin", "2026-03-29T02:30", "2026-03-29T04:00", false, "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"},
		{"an end in it", "Europe/Berlin", "2026-03-29T01:00", "2026-03-29T02:59", false, "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"},
		{"an hour that comes twice begins the first time and ends the second", "Europe/Berlin", "2026-10-25T02:30", "2026-10-25T02:30", false, "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"},
		{"New York, left out", "America/New_York", "2026-03-08T02:00", "2026-03-08T03:00", false, "2026-03-08T07:00:00Z", "2026-03-08T07:00:00Z"},
		{"New York, twice", "America/New_York", "2026-11-01T01:15", "2026-11-01T01:45", false, "2026-11-01T05:15:00Z", "2026-11-01T06:45:00Z"},
		{"Lord Howe, by half an hour, left out", "Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-04T03:00", false, "2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z"},
		{"Lord Howe, twice", "Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-05T01:45", false, "2026-04-04T14:45:00Z", "2026-04-04T15:15:00Z"},
		{"Cairo, a day that begins at one", "Africa/Cairo", "2026-04-24", "2026-04-24", true, "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"},
		{"Cairo, the hour before midnight twice", "Africa/Cairo", "2026-10-29", "2026-10-29", true, "2026-10-28T21:00:00Z", "2026-10-29T22:00:00Z"},
		{"Havana, midnight twice", "America/Havana", "2026-11-01", "2026-11-01", true, "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
		{"Santiago, a day that begins at one", "America/Santiago", "2026-09-06", "2026-09-06", true, "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"},
		{"Apia, a day that there was not", "Pacific/Apia", "2011-12-30", "2011-12-30", true, "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"},
		{"Shanghai, which has none of it", "Asia/Shanghai", "2026-03-29T02:30", "2026-10-25T02:30", false, "2026-03-28T18:30:00Z", "2026-10-24T18:30:00Z"},
		{"whole days across a change", "Europe/Berlin", "2026-03-28", "2026-03-30", true, "2026-03-27T23:00:00Z", "2026-03-30T22:00:00Z"},
		{"and back", "Europe/Berlin", "2026-10-24", "2026-10-26", true, "2026-10-23T22:00:00Z", "2026-10-26T23:00:00Z"},
		{"a leap day", "Asia/Shanghai", "2028-02-29", "2028-02-29", true, "2028-02-28T16:00:00Z", "2028-02-29T16:00:00Z"},
		{"the end of a year", "Pacific/Auckland", "2026-12-31T18:00", "2027-01-01T09:00", false, "2026-12-31T05:00:00Z", "2026-12-31T20:00:00Z"},
		{"UTC", "UTC", "2026-12-31", "2027-01-01", true, "2026-12-31T00:00:00Z", "2027-01-02T00:00:00Z"},
	} {
		from, until, err := wall.Instants(custody.Meant{From: c.from, Until: c.until, Zone: c.zone, AllDay: c.allDay})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := from.UTC().Format(time.RFC3339); got != c.wantFrom {
			t.Errorf("%s: begins at %s, want %s", c.name, got, c.wantFrom)
		}
		if got := until.UTC().Format(time.RFC3339); got != c.wantUntil {
			t.Errorf("%s: ends at %s, want %s", c.name, got, c.wantUntil)
		}
	}
}

func TestWhatIsNoTimeOfAClock(t *testing.T) {
	good := custody.Meant{From: "2026-03-29T09:00", Until: "2026-03-29T17:00", Zone: "Europe/Berlin"}
	for name, c := range map[string]struct {
		alter func(*custody.Meant)
		field string
	}{
		"a zone that there is not":  {func(m *custody.Meant) { m.Zone = "Mars/Olympus" }, "zone"},
		"no zone":                   {func(m *custody.Meant) { m.Zone = "" }, "zone"},
		"the server's own":          {func(m *custody.Meant) { m.Zone = "Local" }, "zone"},
		"a file":                    {func(m *custody.Meant) { m.Zone = "../../etc/passwd" }, "zone"},
		"a day that there is not":   {func(m *custody.Meant) { m.From = "2027-02-29T09:00" }, "from"},
		"words":                     {func(m *custody.Meant) { m.Until = "tomorrow" }, "until"},
		"a day where a time is due": {func(m *custody.Meant) { m.From = "2026-03-29" }, "from"},
		"a time where a day is due": {func(m *custody.Meant) { m.AllDay = true }, "from"},
	} {
		m := good
		c.alter(&m)
		_, _, err := wall.Instants(m)
		var refusal *custody.Refusal
		if !errors.As(err, &refusal) || refusal.Field != c.field || refusal.Code != custody.InvalidRequest {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever a clock shows means that instant again, or the other one at which it shows the
// same; and what is meant later is never earlier.
func TestWhatAClockShowsIsWhatIsMeant(t *testing.T) {
	zones := []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana", "Asia/Shanghai", "Pacific/Apia", "Asia/Kathmandu"}
	rapid.Check(t, func(t *rapid.T) {
		zone, err := wall.Zone(rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		at := time.Unix(60*rapid.Int64Range(1_700_000_000/60, 1_900_000_000/60).Draw(t, "minute"), 0)
		length := time.Duration(rapid.Int64Range(1, 60*24*90).Draw(t, "length")) * time.Minute
		from, until, err := wall.Instants(wall.Meant(at, at.Add(length), zone))
		if err != nil {
			t.Fatal(err)
		}
		if from.After(at) || at.Sub(from) > time.Hour || until.Before(at.Add(length)) || until.Sub(at.Add(length)) > time.Hour {
			t.Fatalf("%s to %s became %s to %s", at.In(zone), at.Add(length).In(zone), from, until)
		}
	})
}
