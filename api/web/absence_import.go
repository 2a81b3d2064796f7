package web

import (
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/ical"
	"github.com/tandem-custody/tandem/api/wall"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// importRoute takes a calendar's file, which is larger than any form.
const importRoute = "POST /absences/import"

// importPage is what of a calendar's file lies ahead, for somebody to pick what are absences.
// Nothing of it is kept: the form has the times, and no title.
type importPage struct {
	Read    bool // a file was
	Events  []proposedEvent
	Skipped []ical.Skipped
	Some    bool // of the events can be picked
}

type proposedEvent struct {
	Title  string // "": it has none, or the form came back without it
	Away   bool   // it is marked as out of office
	Meant  custody.Meant
	Time   string   // the same, as the form sends it
	Plan   string   // address of the form of one absence, filled in
	Picked bool     // it was, before the form came back
	Why    *problem // it cannot be planned as it is; nil: nothing is in the way
}

// importForm shows the form for a file, or what was picked of one and refused.
func (p *Pages) importForm(v *visit) error {
	shown := importPage{}
	if v.sent == nil || v.sent.path != planImportedPath {
		return v.render("absence_import", shown)
	}
	for _, text := range v.sent.fields["listed"] {
		if m, err := meantOf(text); err == nil {
			shown.Events = append(shown.Events, proposedEvent{Meant: m, Picked: slices.Contains(v.sent.fields["pick"], text)})
		}
	}
	return p.showEvents(v, shown)
}

// showEvents shows them, each with what is in its way.
func (p *Pages) showEvents(v *visit, shown importPage) (err error) {
	shown.Read = true
	times := make([]custody.Span, len(shown.Events))
	for i, e := range shown.Events {
		query := url.Values{"from": {e.Meant.From}, "until": {e.Meant.Until}, "zone": {e.Meant.Zone}}
		if e.Meant.AllDay {
			query.Set("all_day", "yes")
		}
		shown.Events[i].Time, shown.Events[i].Plan = query.Encode(), "/absences?"+query.Encode()+"#plan"
		one, err := api.PlannedTimeOf(e.Meant)
		if err != nil { // it is found to be none below
			continue
		}
		times[i] = custody.Span{From: one.From, Until: one.Until}
	}
	for i, why := range p.Desk.MayPlan(v.Person.Username, times) {
		if shown.Events[i].Why, err = v.said(why); err != nil {
			return err
		}
		shown.Some = shown.Some || why == nil
	}
	return v.render("absence_import", shown)
}

// planImportedPath takes what was picked.
const planImportedPath = "/absences/import/plan"

func (p *Pages) planImported(v *visit) error {
	action := custody.PlanAbsences{Reason: desk.NewNote(v.field("reason")), HandOver: v.field("offer") == "yes"}
	for _, text := range v.r.PostForm["pick"] {
		m, err := meantOf(text)
		if err != nil {
			return v.again(err, p.importForm)
		}
		one, err := api.PlannedTimeOf(m)
		if err != nil {
			return v.again(err, p.importForm)
		}
		action.Absences = append(action.Absences, one)
	}
	if _, err := v.do(action); err != nil {
		return v.again(err, p.importForm)
	}
	return v.redirect("/absences", "absences_planned")
}

// meantOf reads a time as a form has it.
func meantOf(text string) (custody.Meant, error) {
	query, err := url.ParseQuery(text)
	if err != nil {
		return custody.Meant{}, custody.Invalid("absences", "wall")
	}
	return meantIn(query), nil
}

func meantIn(query url.Values) custody.Meant {
	return custody.Meant{From: query.Get("from"), Until: query.Get("until"), Zone: query.Get("zone"), AllDay: query.Get("all_day") == "yes"}
}

func (p *Pages) importAbsences(v *visit) error {
	file, err := v.calendarFile()
	if err != nil {
		return v.again(err, p.importForm)
	}
	shown := importPage{}
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
		shown.Events = append(shown.Events, proposedEvent{
			Title: e.Title, Away: e.Away, Meant: custody.Meant{From: in.From, Until: in.Until, Zone: in.Zone, AllDay: in.AllDay},
		})
	}
	return p.showEvents(v, shown)
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
	m := meantIn(v.r.URL.Query())
	if from, until, err := wall.Instants(m); err != nil || !from.Before(until) || until.Sub(from) > 400*24*time.Hour {
		return nil
	}
	return &m
}
