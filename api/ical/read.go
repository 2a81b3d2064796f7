package ical

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
)

// What a file may have at the most.
const (
	MaxSize   = 10 << 20         // bytes
	MaxEvents = 1000             // that are given; a file can have more that are over
	MaxTime   = 10 * time.Second // for one file
)

// Event is something that a calendar has, once: each instance of what recurs is one.
type Event struct {
	UID   string
	Title string // SUMMARY, as somebody typed it

	// From and Until are the instants, Until the first one after it.
	From, Until time.Time

	// FromWall and UntilWall are what was meant: "2026-12-24T09:00:00", or of an event
	// of whole days "2026-12-24" and the day after the last one. Zone is the IANA name of
	// where clocks show that.
	FromWall, UntilWall string
	Zone                string
	AllDay              bool

	// Away: whoever wrote it said that they are out of the office.
	Away bool
}

// Skipped is an event that is not given, and why.
type Skipped struct {
	UID   string // "" where not even that can be read
	Title string
	Why   Why
}

// Why is why an event is left out.
type Why string

// The reasons.
const (
	Malformed   Why = "malformed"    // it is not written as RFC 5545 says
	NoStart     Why = "no_start"     // it has no beginning
	NoTime      Why = "no_time"      // it ends when it begins, or before
	UnknownZone Why = "unknown_zone" // its zone is none that is known, and is not guessed
	CalledOff   Why = "called_off"   // STATUS:CANCELLED
	Recurrence  Why = "recurrence"   // its rule cannot be read, or is for more often than daily
	Outside     Why = "outside"      // it is over, or later than anybody plans
	TooMany     Why = "too_many"     // there were MaxEvents before it
	TooSlow     Why = "too_slow"     // MaxTime was over
)

// Window is what somebody asks for: events that are not over at From, and begin before
// Until. Home is where clocks show a time that has no zone, and days begin.
type Window struct {
	From, Until time.Time
	Home        *time.Location
}

// ErrTooLarge says that a file has more than MaxSize, ErrNoCalendar that it is none.
var (
	ErrTooLarge   = fmt.Errorf("ical: more than %d bytes", MaxSize)
	ErrNoCalendar = errors.New("ical: no calendar")
)

// Read gives the events of a file, by their beginning, and those that it leaves out.
// Errors are ErrTooLarge, ErrNoCalendar, and those of reading and of the context.
func Read(ctx context.Context, file io.Reader, w Window) (events []Event, skipped []Skipped, err error) {
	text, err := io.ReadAll(io.LimitReader(file, MaxSize+1))
	switch {
	case err != nil:
		return nil, nil, err
	case len(text) > MaxSize:
		return nil, nil, ErrTooLarge
	case !bytes.Contains(bytes.ToUpper(text[:min(len(text), 1<<10)]), []byte("BEGIN:VCALENDAR")):
		return nil, nil, ErrNoCalendar
	}
	limited, cancel := context.WithTimeout(ctx, MaxTime)
	defer cancel()
	masters, changed, skipped := parse(text)
	for _, m := range masters {
		found, why := m.within(limited, w, changed[m.uid])
		switch {
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		case limited.Err() != nil:
			why = TooSlow
		case why == "" && len(events)+len(found) > MaxEvents:
			why = TooMany
		}
		if why != "" {
			skipped = append(skipped, Skipped{m.uid, m.title, why})
			continue
		}
		events = append(events, found...)
	}
	slices.SortStableFunc(events, func(a, b Event) int { return a.From.Compare(b.From) })
	return events, skipped, nil
}

// cancelled is a file that takes back what another one said (RFC 5546, 3.2.5).
var cancelled = regexp.MustCompile(`(?mi)^METHOD:CANCEL\r?$`)

// parse gives the events that stand for themselves or recur, and by UID those that
// change one instance of them. Each is parsed alone, so that what the library refuses
// is lost by itself.
func parse(text []byte) (masters []entry, changed map[string][]entry, skipped []Skipped) {
	changed = map[string][]entry{}
	calledOff := cancelled.Match(text)
	for _, block := range blocks(text) {
		cal, err := ics.ParseCalendarWithOptions(strings.NewReader("BEGIN:VCALENDAR\r\n"+block+"END:VCALENDAR\r\n"),
			ics.WithUnknownPropertyHandler(ics.AcceptUnknownPropertyHandler))
		if err != nil || len(cal.Events()) != 1 {
			skipped = append(skipped, Skipped{UID: shown(line(block, "UID")), Title: shown(line(block, "SUMMARY")), Why: Malformed})
			continue
		}
		switch e := entryOf(cal.Events()[0]); {
		case calledOff:
			skipped = append(skipped, Skipped{e.uid, e.title, CalledOff})
		case e.is.HasProperty(ics.ComponentPropertyRecurrenceId):
			changed[e.uid] = append(changed[e.uid], e)
		default:
			masters = append(masters, e)
		}
	}
	for _, uid := range slices.Sorted(maps.Keys(changed)) { // of what recurs elsewhere
		if !slices.ContainsFunc(masters, func(m entry) bool { return m.uid == uid }) {
			masters = append(masters, changed[uid]...)
			delete(changed, uid)
		}
	}
	return masters, changed, skipped
}

// blocks gives the text of each VEVENT, unfolded lines and all that is in it.
func blocks(text []byte) (all []string) {
	var block strings.Builder
	inside := false
	for raw := range bytes.Lines(text) {
		bare := strings.TrimRight(string(raw), "\r\n")
		switch strings.ToUpper(strings.TrimSpace(bare)) {
		case "BEGIN:VEVENT":
			if inside { // the one before was never ended
				all = append(all, block.String()+"END:VEVENT\r\n")
			}
			block.Reset()
			inside = true
		}
		if inside && bare != "" {
			block.WriteString(bare + "\r\n")
		}
		if inside && strings.EqualFold(strings.TrimSpace(bare), "END:VEVENT") {
			all = append(all, block.String())
			inside = false
		}
	}
	if inside {
		all = append(all, block.String()+"END:VEVENT\r\n")
	}
	return all
}

// line gives what a block that cannot be parsed has under a name, as it stands there.
func line(block, name string) string {
	for l := range strings.Lines(block) {
		if head, value, found := strings.Cut(strings.TrimRight(l, "\r\n"), ":"); found && strings.EqualFold(head, name) {
			return value
		}
	}
	return ""
}
