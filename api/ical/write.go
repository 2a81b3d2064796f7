package ical

import (
	"io"
	"time"

	ics "github.com/arran4/golang-ical"
)

// Busy is one absence in a feed. Nothing stands in it that not everybody who is given
// the feed may know: no reason, no server.
type Busy struct {
	UID      string // the same for ever, also when it is moved
	Title    string
	Sequence int // raised each time that it is moved (RFC 5545, 3.8.7.4)
	Changed  time.Time

	From, Until time.Time // Until is the first instant after it
	AllDay      bool      // From and Until are then read as days in their own zones
}

// Write writes a feed. Readers ask for it again every quarter of an hour, where they do
// as they are told.
func Write(to io.Writer, name string, all []Busy) error {
	cal := ics.NewCalendarFor("Tandem")
	cal.SetMethod(ics.MethodPublish)
	cal.SetXWRCalName(name)
	cal.SetName(name)
	cal.SetRefreshInterval("PT15M", ics.WithValue("DURATION"))
	cal.SetXPublishedTTL("PT15M")
	for _, b := range all {
		e := cal.AddEvent(b.UID)
		e.SetDtStampTime(b.Changed)
		e.SetModifiedAt(b.Changed)
		e.SetSequence(b.Sequence)
		e.SetSummary(b.Title)
		e.SetTimeTransparency(ics.TransparencyOpaque)
		if b.AllDay {
			e.SetAllDayStartAt(b.From)
			e.SetAllDayEndAt(b.Until)
		} else {
			e.SetStartAt(b.From)
			e.SetEndAt(b.Until)
		}
	}
	return cal.SerializeTo(to, ics.WithNewLineWindows)
}
