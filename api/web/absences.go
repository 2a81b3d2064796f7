package web

import (
	"cmp"
	"html/template"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/wall"
	"github.com/tandem-custody/tandem/api/web/gantt"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// calendar is who is away when, as a chart and as tables.
type calendar struct {
	Window  gantt.Window
	Last    time.Time // the last moment of the window
	Chart   template.HTML
	Words   gantt.CalendarWords
	Rows    []calendarRow
	Gaps    []calendarGap
	Pairs   int // of custodians
	Covered int // of those, one or the other is always there

	query url.Values
}

type calendarRow struct {
	Person custody.Person
	Plan   custody.Plan // the zero one: they are away now, and had not planned it
	From   time.Time
	Until  time.Time // zero: it is not known
	Status string
}

type calendarGap struct {
	Pair        [2]string // "": a vacant seat
	Credentials []string
	custody.Span
}

// Ranges gives the choices, At their addresses, Before and After those of the windows
// beside this one.
func (c *calendar) Ranges() []gantt.Range   { return gantt.CalendarRanges }
func (c *calendar) At(r gantt.Range) string { return c.link(r, c.Window.From) }
func (c *calendar) Before() string          { return c.link(c.Window.Range, c.Window.Before()) }
func (c *calendar) After() string           { return c.link(c.Window.Range, c.Window.After()) }
func (c *calendar) Today() string           { return c.link(c.Window.Range, time.Time{}) }
func (c *calendar) Is(r gantt.Range) bool   { return c.Window.Range == r }
func (c *calendar) link(r gantt.Range, at time.Time) string {
	query := maps.Clone(c.query)
	query.Set("range", string(r))
	query.Del("at")
	if !at.IsZero() {
		query.Set("at", at.Format(time.DateOnly))
	}
	return "/absences?" + query.Encode()
}

type absencesPage struct {
	People   map[string]custody.Person
	Mine     []ownAbsence
	Meant    *custody.Meant // that the form has at first; nil: nothing
	Calendar *calendar
}

// ownAbsence is one of the visitor's, and how far it is prepared.
type ownAbsence struct {
	custody.Plan
	api.Prepared
	Status string
}

// absences is the visitor's calendar, their own plans, and the form for another.
func (p *Pages) absences(v *visit) error {
	shown := absencesPage{Meant: v.meantByAddress()}
	var err error
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	v.Person = shown.People[v.Person.Username]
	if shown.Mine, err = v.ownAbsences(); err != nil {
		return err
	}
	if shown.Calendar, err = v.calendar(); err != nil {
		return err
	}
	return v.render("absences", shown)
}

func (v *visit) ownAbsences() (mine []ownAbsence, err error) {
	if len(v.Person.Plans) == 0 {
		return nil, nil
	}
	prepared, err := api.PreparedFor(v.r.Context(), v.Queries, v.Person)
	if err != nil {
		return nil, err
	}
	for i, plan := range v.Person.Plans {
		mine = append(mine, ownAbsence{plan, prepared[i], api.AbsenceStatus(v.Person, plan)})
	}
	return mine, nil
}

// calendar draws the window that the address names: these two weeks unless it does.
func (v *visit) calendar() (*calendar, error) {
	w, err := v.window(gantt.Range.CalendarAround)
	if err != nil {
		return nil, err
	}
	people, credentials, err := api.CalendarOf(v.r.Context(), v.Queries, v.Person)
	if err != nil {
		return nil, err
	}
	c := &calendar{Window: w, Last: w.To.Add(-time.Second), query: url.Values{}}
	var drawn []gantt.CalendarRow
	for _, person := range people {
		rows := absencesIn(person, w)
		if len(rows) == 0 {
			continue
		}
		c.Rows = append(c.Rows, rows...)
		line := gantt.CalendarRow{Name: person.Name, Below: person.Username}
		for _, row := range rows {
			line.Bars = append(line.Bars, gantt.Absence{From: row.From, To: v.shownUntil(row, w), Planned: row.Status == "planned"})
		}
		drawn = append(drawn, line)
	}
	slices.SortStableFunc(c.Rows, func(a, b calendarRow) int { return a.From.Compare(b.From) })
	for _, cover := range custody.Coverage(people, credentials, v.now, w.From, w.To) {
		c.Pairs++
		if len(cover.Gaps) == 0 {
			c.Covered++
			continue
		}
		line := gantt.CalendarRow{Name: v.pairNames(cover.Pair), Below: strings.Join(cover.Credentials, ", ")}
		for _, gap := range cover.Gaps {
			c.Gaps = append(c.Gaps, calendarGap{cover.Pair, cover.Credentials, gap})
			line.Bars = append(line.Bars, gantt.Absence{From: gap.From, To: gap.Until, Gap: true})
		}
		drawn = append(drawn, line)
	}
	slices.SortStableFunc(c.Gaps, func(a, b calendarGap) int { return a.From.Compare(b.From) })
	if c.Words, err = v.calendarWords(w); err != nil {
		return nil, err
	}
	c.Chart = gantt.DrawCalendar(w, v.now, drawn, c.Words)
	return c, nil
}

func (v *visit) pairNames(pair [2]string) string {
	return strings.Trim(pair[0]+" · "+pair[1], " ·")
}

// shownUntil is where the bar of an absence ends: one of which nobody knows the end goes on
// through the window.
func (v *visit) shownUntil(row calendarRow, w gantt.Window) time.Time {
	if row.Until.IsZero() || row.Plan.ID == "" && row.Until.Before(v.now) {
		return w.To
	}
	return row.Until
}

// absencesIn gives those of a person that meet a window.
func absencesIn(p custody.Person, w gantt.Window) (rows []calendarRow) {
	begun := false
	for _, plan := range p.Plans {
		begun = begun || !plan.Begun.IsZero()
		if plan.From.Before(w.To) && w.From.Before(plan.Until) {
			rows = append(rows, calendarRow{p, plan, plan.From, plan.Until, api.AbsenceStatus(p, plan)})
		}
	}
	if p.Away && !begun && p.AwaySince.Before(w.To) {
		rows = append(rows, calendarRow{Person: p, From: p.AwaySince, Until: p.AwayUntil, Status: api.Away})
	}
	return rows
}

func (v *visit) calendarWords(w gantt.Window) (words gantt.CalendarWords, err error) {
	text := func(key string, pairs ...any) string {
		said, problem := say(v.lang, key, pairs...)
		err = cmp.Or(err, problem)
		return said
	}
	return gantt.CalendarWords{
		Title:       text("absences.chart", "From", w.From.Format(time.DateOnly), "To", w.To.Add(-time.Second).Format(time.DateOnly), "Zone", w.Zone()),
		Description: text("absences.described"),
		Away:        text("absences.away"), Planned: text("absences.planned"), Gap: text("absences.gap"), Now: text("gantt.now"),
	}, err
}

// meant reads the time of an absence in a form, as a clock in the form's zone shows it.
func (v *visit) meant() (m custody.Meant, from, until time.Time, err error) {
	m = custody.Meant{From: v.field("from"), Until: v.field("until"), Zone: cmp.Or(v.field(zoneField), v.zone.String()), AllDay: v.field("all_day") == "yes"}
	if m.AllDay {
		m.From, _, _ = strings.Cut(m.From, "T")
		m.Until, _, _ = strings.Cut(m.Until, "T")
	}
	from, until, err = wall.Instants(m)
	return m, from, until, err
}

func (p *Pages) planAbsence(v *visit) error {
	m, from, until, err := v.meant()
	if err == nil {
		_, err = v.do(custody.PlanAbsence{From: from, Until: until, Meant: m, Reason: desk.NewNote(v.field("reason")), HandOver: v.field("offer") == "yes"})
	}
	if err != nil {
		return v.again(err, p.absences)
	}
	return v.redirect("/absences", "absence_planned")
}

type absencePage struct {
	Person custody.Person
	People map[string]custody.Person
	ownAbsence
	Mine   bool
	Ends   bool        // the visitor may end it
	Theirs []theirPlan // of partners, to swap the visitor's own with
}

type theirPlan struct {
	Person custody.Person
	Plan   custody.Plan
	Asked  bool // they asked for just this swap
}

// absence is one plan of somebody's, with what the visitor can do about it.
func (p *Pages) absence(v *visit) error {
	shown := absencePage{}
	var err error
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	v.Person = shown.People[v.Person.Username]
	id := v.r.PathValue("id")
	var plan custody.Plan
	if shown.Person, plan, err = v.planned(v.Queries, id); err != nil {
		if _, _, unknown := v.planned(v.Pages.Queries, id); unknown == nil {
			return custody.RefuseUnknown() // there is one, and it is not theirs to know
		}
		return err
	}
	shown.ownAbsence = ownAbsence{Plan: plan, Status: api.AbsenceStatus(shown.Person, plan)}
	shown.Mine = shown.Person.Username == v.Person.Username
	shown.Ends = v.Person.Is(custody.Manager) && !shown.Mine && shown.Status != api.Away
	if shown.Mine {
		mine, err := v.ownAbsences()
		if err != nil {
			return err
		}
		at := slices.IndexFunc(mine, func(a ownAbsence) bool { return a.ID == id })
		shown.ownAbsence = mine[at]
		if shown.Theirs, err = v.swappable(shown.People, shown.Plan); err != nil {
			return err
		}
	}
	return v.render("absence", shown)
}

// planned finds a plan among those of the people that are asked.
func (v *visit) planned(q api.Queries, id string) (custody.Person, custody.Plan, error) {
	people, err := q.People(v.r.Context())
	if err != nil {
		return custody.Person{}, custody.Plan{}, err
	}
	for _, p := range people {
		if plan, has := p.Plan(id); has {
			return p, plan, nil
		}
	}
	return custody.Person{}, custody.Plan{}, desk.ErrNotFound
}

// swappable gives the plans of others that one of the visitor's own can be swapped with.
func (v *visit) swappable(people map[string]custody.Person, own custody.Plan) (theirs []theirPlan, err error) {
	if !own.Begun.IsZero() {
		return nil, nil
	}
	near, _, err := api.CalendarOf(v.r.Context(), v.Queries, v.Person)
	for _, person := range near {
		if person.Username == v.Person.Username {
			continue
		}
		for _, plan := range people[person.Username].Plans {
			if plan.Begun.IsZero() {
				asked := plan.Swap == custody.Swap{Person: v.Person.Username, Plan: own.ID, Revision: own.Revision, Own: plan.Revision}
				theirs = append(theirs, theirPlan{person, plan, asked})
			}
		}
	}
	return theirs, err
}

func (p *Pages) moveAbsence(v *visit) error {
	m, from, until, err := v.meant()
	if err == nil {
		_, err = v.do(custody.MoveAbsence{Plan: v.r.PathValue("id"), From: from, Until: until, Meant: m, HandOver: v.field("offer") == "yes"})
	}
	return v.aboutAbsence(err, "absence_moved")
}

func (p *Pages) cancelAbsence(v *visit) error {
	if _, err := v.do(custody.CancelAbsence{Plan: v.r.PathValue("id")}); err != nil {
		return v.again(err, p.absence)
	}
	return v.redirect("/absences", "absence_off")
}

func (p *Pages) signAbsence(v *visit) error {
	_, err := v.do(custody.HandOverAhead{Plan: v.r.PathValue("id")})
	return v.aboutAbsence(err, "signed")
}

func (p *Pages) swapAbsence(v *visit) error {
	person, with, _ := strings.Cut(v.field("with"), " ")
	outcome, err := v.do(custody.SwapAbsences{Plan: v.r.PathValue("id"), Person: person, With: with})
	done := "swap_asked"
	for _, e := range outcome.Events {
		if _, swapped := e.Fact.(custody.AbsencesSwapped); swapped {
			done = "swapped"
		}
	}
	return v.aboutAbsence(err, done)
}

func (p *Pages) endAbsence(v *visit) error {
	person, _, err := v.planned(v.Pages.Queries, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	if _, err := v.do(custody.EndAbsence{Person: person.Username, Plan: v.r.PathValue("id"), Reason: desk.NewNote(v.field("reason"))}); err != nil {
		return v.again(err, p.absence)
	}
	return v.redirect("/absences", "absence_ended")
}

// aboutAbsence goes back to the page of an absence that something was done to, or not.
func (v *visit) aboutAbsence(err error, done string) error {
	if err != nil {
		return v.again(err, v.Pages.absence)
	}
	return v.redirect("/absences/"+v.r.PathValue("id"), done)
}

func (p *Pages) signHandover(v *visit) error {
	return p.changeHandover(v, custody.SignHandover{Handover: v.r.PathValue("id")}, "signed")
}
