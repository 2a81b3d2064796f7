package web

import (
	"net/url"
	"slices"
	"strconv"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

type incidentsPage struct {
	People             map[string]custody.Person
	Rows               []custody.Incident
	Status, Grade      string
	Credential, Person string
	Statuses           []string
	Grades             []custody.Grade
	Next               string // id: the next page has older ones
}

// incidentStatuses are what the list can be asked for, beside all of it.
var incidentStatuses = []string{string(custody.IncidentOpen), string(custody.IncidentSeen), string(custody.IncidentRated), string(custody.IncidentOver)}

// incidents lists those that the visitor may know of.
func (p *Pages) incidents(v *visit) (err error) {
	query, ctx := v.r.URL.Query(), v.r.Context()
	list := incidentsPage{
		Status: query.Get("status"), Grade: query.Get("grade"), Credential: query.Get("credential"), Person: query.Get("person"),
		Statuses: incidentStatuses, Grades: custody.Grades,
	}
	if list.People, err = v.directory(); err != nil {
		return err
	}
	if list.Person, err = v.usernameOf(ctx, list.Person); err != nil {
		return err
	}
	if list.Credential, err = v.credentialOf(ctx, list.Credential); err != nil {
		return err
	}
	list.Rows, err = v.Queries.Incidents(ctx, desk.IncidentQuery{
		Status: custody.IncidentStatus(list.Status), Grade: custody.Grade(list.Grade),
		Credential: list.Credential, Person: list.Person, Before: query.Get("before"), Limit: pageSize + 1,
	})
	if len(list.Rows) > pageSize {
		list.Rows = list.Rows[:pageSize]
		list.Next = list.Rows[pageSize-1].ID
	}
	if err != nil {
		return err
	}
	return v.render("incidents", list)
}

// homeIncidents are those that a start page shows.
const homeIncidents = 5

// openIncidents gives the newest few that are not closed, special ones first, and how many
// there are: to whoever sees all of them, or is to decide about some.
func (v *visit) openIncidents() (rows []custody.Incident, count int, err error) {
	ctx := v.r.Context()
	if v.Person.SeesEverything() {
		rows, err = api.IncidentsAtOnce(ctx, v.Queries, homeIncidents)
		return rows, v.Desk.OpenIncidents().All(), err
	}
	theirs, err := v.Desk.ToAssess(ctx, v.Person.Username)
	if err != nil || len(theirs) == 0 {
		return nil, 0, err
	}
	rows, err = api.IncidentsAtOnce(ctx, v.Queries, homeIncidents)
	return rows, len(theirs), err
}

type reportPage struct {
	Credentials []custody.Credential
	People      []custody.Person // but the visitor
	Grades      []custody.Grade
	Chosen      string // the credential that they come from
}

// newIncident is where anybody reports what they saw.
func (p *Pages) newIncident(v *visit) error {
	all, err := v.Queries.Credentials(v.r.Context())
	if err != nil {
		return err
	}
	people, err := v.Queries.People(v.r.Context())
	if err != nil {
		return err
	}
	return v.render("incident_new", reportPage{
		Credentials: slices.DeleteFunc(all, func(c custody.Credential) bool { return !c.Active() }),
		People:      slices.DeleteFunc(people, func(p custody.Person) bool { return p.Username == v.Person.Username }),
		Grades:      custody.Grades, Chosen: v.r.URL.Query().Get("credential"),
	})
}

func (p *Pages) reportIncident(v *visit) error {
	action := custody.ReportIncident{
		Credential: v.field("credential"), Person: v.field("person"), Text: desk.NewNote(v.field("text")), Grade: custody.Grade(v.field("grade")),
	}
	outcome, err := v.do(action)
	if err != nil {
		return v.again(err, p.newIncident)
	}
	return v.redirect("/incidents/"+outcome.Events[0].Fact.Subject(), "incident_reported")
}

type incidentPage struct {
	custody.Incident
	People  map[string]custody.Person
	Can     []string // who can decide about it
	Decides bool     // the visitor can
	Own     bool     // it is about the visitor
	Alone   bool     // it is about all who can decide
	Grades  []custody.Grade
	Reads   bool       // the visitor may read its entries
	Same    string     // the query that lists the entries that raised it; "": somebody reported it
	History []entryRow // what became of it, the newest first
}

func (p *Pages) incident(v *visit) error {
	ctx, id, me := v.r.Context(), v.r.PathValue("id"), v.Person.Username
	i, err := v.Queries.Incident(ctx, id)
	if err != nil {
		return err
	}
	shown := incidentPage{Incident: i, Own: slices.Contains(i.People, me), Grades: custody.Grades}
	if by := "subject"; i.Type != (custody.IncidentReported{}).Type() {
		if i.Type == (custody.CommandRefused{}).Type() { // which are found by who tried
			by = "actor"
		}
		shown.Same = url.Values{"type": {i.Type}, by: {i.Subject}, "from": {strconv.FormatInt(i.First, 10)}}.Encode()
	}
	if shown.Can, err = p.Desk.Assessors(ctx, id); err != nil {
		return err
	}
	shown.Decides = slices.Contains(shown.Can, me)
	shown.Alone = len(shown.Can) > 0 && slices.Contains(i.People, shown.Can[0])
	shown.Reads = api.Provable(ctx, v.Queries, i.First) == nil && api.Provable(ctx, v.Queries, i.Last) == nil
	if shown.People, err = v.directory(); err != nil {
		return err
	}
	if shown.History, err = v.entries(desk.EntryQuery{Subject: id, Newest: true, Limit: historyRows}); err != nil {
		return err
	}
	return v.render("incident", shown)
}

func (p *Pages) acknowledgeIncident(v *visit) error {
	return p.decideIncident(v, custody.AcknowledgeIncident{Incident: v.r.PathValue("id")}, "incident_acknowledged")
}

func (p *Pages) assessIncident(v *visit) error {
	action := custody.AssessIncident{Incident: v.r.PathValue("id"), Grade: custody.Grade(v.field("grade")), Text: desk.NewNote(v.field("text"))}
	return p.decideIncident(v, action, "incident_assessed")
}

func (p *Pages) closeIncident(v *visit) error {
	return p.decideIncident(v, custody.CloseIncident{Incident: v.r.PathValue("id"), Text: desk.NewNote(v.field("text"))}, "incident_closed")
}

func (p *Pages) decideIncident(v *visit, action custody.Action, done string) error {
	if _, err := v.do(action); err != nil {
		return v.again(err, p.incident)
	}
	return v.redirect("/incidents/"+v.r.PathValue("id"), done)
}
