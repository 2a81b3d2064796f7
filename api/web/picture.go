package web

import (
	"context"
	"html/template"
	"maps"
	"net/url"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/api/web/gantt"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// picture is who held some credentials over time, as a chart and as a table.
type picture struct {
	Window  gantt.Window
	Last    time.Time // the last moment of the window
	Chart   template.HTML
	Rows    []gantt.Row
	Words   gantt.Words
	Partial bool // the beginning is left out: there is too much

	address string
	query   url.Values
}

// Ranges gives the choices, each with its address.
func (p *picture) Ranges() []gantt.Range { return gantt.Ranges }

// At gives the address of the same picture over a range, around the time that
// this one shows.
func (p *picture) At(r gantt.Range) string { return p.link(r, p.Window.From) }

// Before and After give the addresses of the windows beside this one.
func (p *picture) Before() string { return p.link(p.Window.Range, p.Window.Before()) }
func (p *picture) After() string  { return p.link(p.Window.Range, p.Window.After()) }

// Today gives the address of the window that it is now.
func (p *picture) Today() string { return p.link(p.Window.Range, time.Time{}) }

func (p *picture) link(r gantt.Range, at time.Time) string {
	query := maps.Clone(p.query)
	query.Set("range", string(r))
	query.Del("at")
	if !at.IsZero() {
		query.Set("at", at.Format(time.DateOnly))
	}
	return p.address + "?" + query.Encode()
}

// window is the range that the address names around the day that it names, which is
// today unless it does.
func (v *visit) window(around func(gantt.Range, time.Time) gantt.Window) (gantt.Window, error) {
	query, at := v.r.URL.Query(), v.now.In(v.zone)
	if day := query.Get("at"); day != "" {
		var err error
		if at, err = time.ParseInLocation(time.DateOnly, day, v.zone); err != nil {
			return gantt.Window{}, custody.Invalid("at", "not_a_date")
		}
	}
	w := around(gantt.Range(query.Get("range")), at)
	for _, border := range []time.Time{w.From, w.To} {
		if err := custody.CheckInstant("at", border); err != nil {
			return gantt.Window{}, err
		}
	}
	return w, nil
}

// picture draws credentials over the range and around the day that the address
// names: the present week unless it does.
func (v *visit) picture(credentials []custody.Credential) (*picture, error) {
	query := v.r.URL.Query()
	w, err := v.window(gantt.Range.Around)
	if err != nil {
		return nil, err
	}
	p := &picture{Window: w, Last: w.To.Add(-time.Second), address: v.path(), query: url.Values{}}
	for _, kept := range []string{"q", "after"} {
		if value := query.Get(kept); value != "" {
			p.query.Set(kept, value)
		}
	}
	events, partial, err := v.custodyEvents(w, credentials)
	if err != nil {
		return nil, err
	}
	if p.Words, err = v.ganttWords(w, credentials); err != nil {
		return nil, err
	}
	p.Partial = partial
	p.Rows = gantt.Fold(w, v.now, credentials, slices.Values(events))
	p.Chart = gantt.Draw(w, v.now, p.Rows, p.Words)
	return p, nil
}

func (v *visit) ganttWords(w gantt.Window, credentials []custody.Credential) (words gantt.Words, err error) {
	text := func(key string, pairs ...any) string {
		said, problem := say(v.lang, key, pairs...)
		if err == nil {
			err = problem
		}
		return said
	}
	names := make([]string, len(credentials))
	for i, c := range credentials {
		names[i] = c.Name
	}
	return gantt.Words{
		Title: text("gantt.chart", "Names", strings.Join(names, ", "), "From", w.From.Format(time.DateOnly),
			"To", w.To.Add(-time.Second).Format(time.DateOnly), "Zone", w.Zone()),
		Description: text("gantt.described"),
		Primary:     text("gantt.primary"), Backup: text("gantt.backup"), Rotation: text("gantt.rotation"), Parked: text("gantt.parked"), Vacant: text("seat.vacant"), Late: text("gantt.late"),
		Overdue: text("gantt.overdue"), Away: text("gantt.away"), Refused: text("gantt.refused"), Drifted: text("gantt.drifted"), Now: text("gantt.now"),
	}, err
}

// indexAt gives the index of the first entry at or after an instant. Time never
// goes back in the ledger.
func (p *Pages) indexAt(ctx context.Context, at time.Time) (int64, error) {
	size, err := p.Ledger.Size(ctx)
	if err != nil {
		return 0, err
	}
	index := sort.Search(int(size), func(i int) bool {
		stored, problem := p.Queries.Entry(ctx, int64(i))
		if problem != nil {
			err = problem
			return true
		}
		entry, problem := audit.DecodeEntry(stored.Record)
		if problem != nil {
			err = problem
		}
		return !entry.Time.Before(at)
	})
	return int64(index), err
}

type custodyPage struct {
	Query   string
	Picture *picture
	Next    string // address of the next credentials
}

// pictureRows is how many credentials one picture shows.
const pictureRows = 20

// custody is who held what, over time.
func (p *Pages) custody(v *visit) error {
	query := v.r.URL.Query()
	shown := custodyPage{Query: query.Get("q")}
	asked := desk.CredentialQuery{Text: strings.TrimSpace(shown.Query), After: query.Get("after"), Limit: pictureRows + 1}
	if !v.Person.SeesEverything() { // what happened to others' is not shown to them
		asked.Person = v.Person.Username
	}
	credentials, err := v.Queries.FindCredentials(v.r.Context(), asked)
	if err != nil {
		return err
	}
	more := len(credentials) > pictureRows
	if more {
		credentials = credentials[:pictureRows]
	}
	if shown.Picture, err = v.picture(credentials); err != nil {
		return err
	}
	if more {
		query.Set("after", credentials[pictureRows-1].Name)
		shown.Next = v.r.URL.EscapedPath() + "?" + query.Encode()
	}
	return v.render("custody", shown)
}
