package ical

import (
	_ "embed"
	"strings"
	"time"
	_ "time/tzdata" // the machine need not have the IANA database
)

//go:embed windows.txt
var windowsTable string

// windowsZones gives the IANA name for that which Windows has, in lower case.
var windowsZones = func() map[string]string {
	zones := map[string]string{}
	for line := range strings.Lines(windowsTable) {
		if windows, iana, found := strings.Cut(strings.TrimSpace(line), "\t"); found {
			zones[strings.ToLower(windows)] = iana
		}
	}
	return zones
}()

// zoneNamed gives the zone that a TZID means: a name of the IANA database, alone or
// behind a prefix that says whose it is ("/citadel.org/20250101_1/Europe/Berlin"), or
// a name of Windows. A TZID can be any text at all (RFC 5545, 3.2.19), and nothing is
// guessed: what is not known is not found.
func zoneNamed(tzid string) (*time.Location, bool) {
	tzid = strings.Trim(strings.TrimSpace(tzid), `"`)
	if iana, known := windowsZones[strings.ToLower(tzid)]; known {
		tzid = iana
	}
	for name := tzid; name != ""; {
		if named(name) {
			if zone, err := time.LoadLocation(name); err == nil {
				return zone, true
			}
		}
		_, name, _ = strings.Cut(name, "/")
	}
	return nil, false
}

// named says whether a text can be the name of a zone: each begins with a capital
// letter, and what does not is a file of this machine beside them ("localtime",
// "right/Europe/Berlin", which counts leap seconds). Local is the machine's own.
func named(name string) bool { return name != "Local" && name[0] >= 'A' && name[0] <= 'Z' }

// At gives the instant that a wall time means in a zone, wall being a time in UTC that
// is read off without its zone. A time that the clocks pass over is read with the
// offset before they do, and of one that comes twice the first is meant (RFC 5545,
// 3.3.5).
func At(wall time.Time, zone *time.Location) time.Time {
	with := func(neighbour time.Time) time.Time {
		_, offset := neighbour.In(zone).Zone()
		return wall.Add(-time.Duration(offset) * time.Second)
	}
	before, after := with(wall.Add(-48*time.Hour)), with(wall.Add(48*time.Hour))
	if !reads(before, zone, wall) && reads(after, zone, wall) {
		return after
	}
	return before
}

// reads says whether a clock in a zone shows a wall time at an instant.
func reads(at time.Time, zone *time.Location, wall time.Time) bool {
	return at.In(zone).Format(time.DateTime) == wall.Format(time.DateTime)
}
