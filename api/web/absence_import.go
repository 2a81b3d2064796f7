package web

import (
	"errors"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/ical"
	"github.com/tandem-custody/tandem/api/wall"
	"github.com/tandem-custody/tandem/custody"
)

// importRoute takes a calendar's file, which is larger than any form.
const importRoute = "POST /absences/import"

// importPage is what of a calendar's file lies ahead. Nothing of it is kept: each event has
// a link to the form in which it is planned, with its times and without its title.
type importPage struct {
	Read    bool // a file was
	Events  []proposedEvent
	Skipped []ical.Skipped
}

type proposedEvent struct {
	ical.Event
	Meant custody.Meant
	Plan  string // address of the form, filled in
}

func (p *Pages) importForm(v *visit) error { return v.render("absence_import", importPage{}) }

func (p *Pages) importAbsences(v *visit) error {
	file, err := v.calendarFile()
	if err != nil {
		return v.again(err, p.importForm)
	}
	shown := importPage{Read: true}
	var events []ical.Event
	events, shown.Skipped, err = ical.Read(v.r.Context(), file, ical.Window{From: v.now, Until: v.now.AddDate(2, 0, 0), Home: v.zone})
	switch {
	case errors.Is(err, ical.ErrTooLarge):
		return v.again(custody.Invalid("file", "calendar_too_large"), p.importForm)
	case errors.Is(err, ical.ErrNoCalendar):
		return v.again(custody.Invalid("file", "no_calendar"), p.importForm)
	case err != nil: // of reading what is sent: it is too long, or the visitor has left
		return v.again(custody.Invalid("file", "calendar_too_large"), p.importForm)
	}
	for _, e := range events {
		in := api.FromCalendar(e)
		meant := custody.Meant{From: in.From, Until: in.Until, Zone: in.Zone, AllDay: in.AllDay}
		query := url.Values{"from": {in.From}, "until": {in.Until}, "zone": {in.Zone}}
		if in.AllDay {
			query.Set("all_day", "yes")
		}
		shown.Events = append(shown.Events, proposedEvent{e, meant, "/absences?" + query.Encode() + "#plan"})
	}
	return v.render("absence_import", shown)
}

// calendarFile gives the file that was sent, or its text that was pasted. A file goes
// through memory only: there is more in a calendar than absences.
func (v *visit) calendarFile() (io.Reader, error) {
	parts, err := v.r.MultipartReader()
	if err != nil { // the form of a program that sends no files
		return strings.NewReader(v.field("pasted")), nil
	}
	for {
		part, err := parts.NextPart()
		if err != nil {
			return nil, custody.Invalid("file", "no_calendar")
		}
		if part.FormName() == "file" {
			return part, nil
		}
	}
}

// meantByAddress gives the absence that an address proposes for the form, if it does and that
// is one: it is looked at again when it is planned.
func (v *visit) meantByAddress() *custody.Meant {
	query := v.r.URL.Query()
	m := custody.Meant{From: query.Get("from"), Until: query.Get("until"), Zone: query.Get("zone"), AllDay: query.Get("all_day") == "yes"}
	if from, until, err := wall.Instants(m); err != nil || !from.Before(until) || until.Sub(from) > 400*24*time.Hour {
		return nil
	}
	return &m
}
