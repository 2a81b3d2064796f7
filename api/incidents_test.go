package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestAnIncidentFromTheReportToItsEnd: reported, acknowledged, assessed, closed, and who
// sees what of it.
func TestAnIncidentFromTheReportToItsEnd(t *testing.T) {
	s, ctx := serve(t), t.Context()
	for name, role := range map[string]custody.Role{"manager": custody.Manager, "director": custody.Director, "tech-o": custody.Technician} {
		s.hire(t, name, role)
	}
	reporter, manager, director, other := s.as(t, "tech-a"), s.as(t, "manager"), s.as(t, "director"), s.as(t, "tech-o")
	_, err := reporter.ReportIncident(ctx, api.ReportIncident{Text: "x", Grade: custody.Serious})
	want(t, err, custody.InvalidRequest) // without a code
	i := ok(reporter.ReportIncident(ctx, api.ReportIncident{Person: "manager", Text: "sat at my desk", Grade: custody.Special, TOTP: "2"}))(t)
	if i.Status != custody.IncidentOpen || i.Grade != custody.Special || i.CameAs != custody.Special || i.Reporter != "tech-a" || i.Report != "sat at my desk" ||
		!slices.Equal(i.People, []string{"manager", "tech-a"}) || i.Subject != "manager" || i.Count != 1 || !slices.Equal(i.Can, []string{"director"}) {
		t.Errorf("reported: %+v", i)
	}

	_, err = other.Incident(ctx, i.ID)
	want(t, err, custody.Forbidden)
	if seen := ok(other.Incidents(ctx, desk.IncidentQuery{}))(t); len(seen) != 0 {
		t.Errorf("another technician sees %+v", seen)
	}
	if seen := ok(s.as(t, "admin").Incident(ctx, i.ID))(t); seen.Report != "" || seen.Reporter != "tech-a" {
		t.Errorf("the admin sees %+v", seen)
	}
	if seen := ok(s.as(t, "auditor").Incident(ctx, i.ID))(t); seen.Report != "sat at my desk" {
		t.Errorf("the auditor sees %+v", seen)
	}
	if me := ok(s.as(t, "auditor").Me(ctx))(t); me.Incidents == nil || me.Incidents.Grade[custody.Special] != 1 || me.Incidents.Waits < 1 || me.Incidents.Open < 1 {
		t.Errorf("counted: %+v", me.Incidents)
	}
	if me := ok(reporter.Me(ctx))(t); me.Incidents != nil {
		t.Errorf("a technician is told of %+v", me.Incidents)
	}

	_, err = manager.AcknowledgeIncident(ctx, i.ID)
	if problem := want(t, err, custody.OwnRequest); !strings.Contains(problem.Next, "director") {
		t.Errorf("%+v", problem)
	}
	i = ok(director.AcknowledgeIncident(ctx, i.ID))(t)
	if i.Status != custody.IncidentSeen || i.AcknowledgedBy != "director" || i.AcknowledgedAt.IsZero() {
		t.Errorf("acknowledged: %+v", i)
	}
	_, err = director.CloseIncident(ctx, i.ID, api.CloseIncident{Text: "done", TOTP: "2"})
	want(t, err, custody.Conflict)
	i = ok(director.AssessIncident(ctx, i.ID, api.AssessIncident{Grade: custody.Ordinary, Text: "the cleaner", TOTP: "2"}))(t)
	if i.Status != custody.IncidentRated || i.Grade != custody.Ordinary || i.CameAs != custody.Special || i.AssessedBy != "director" || i.Assessment != "the cleaner" {
		t.Errorf("assessed: %+v", i)
	}
	i = ok(director.CloseIncident(ctx, i.ID, api.CloseIncident{Text: "door locked", TOTP: "3"}))(t)
	if i.Status != custody.IncidentOver || i.ClosedBy != "director" || i.Closing != "door locked" || len(i.Can) != 0 {
		t.Errorf("closed: %+v", i)
	}
}

// TestWhomAReportIsAboutDoesNotReadIt, nor from whom it came, and knows that it is there.
func TestWhomAReportIsAboutDoesNotReadIt(t *testing.T) {
	s, ctx := serve(t), t.Context()
	s.hire(t, "manager", custody.Manager)
	i := ok(s.as(t, "tech-a").ReportIncident(ctx, api.ReportIncident{Person: "tech-b", Text: "took a copy", Grade: custody.Serious, TOTP: "2"}))(t)
	seen := ok(s.as(t, "tech-b").Incident(ctx, i.ID))(t)
	if seen.Report != "" || seen.Reporter != "" || !slices.Equal(seen.People, []string{"tech-b"}) {
		t.Errorf("they see %+v", seen)
	}
	for _, each := range ok(s.as(t, "tech-b").Incidents(ctx, desk.IncidentQuery{}))(t) {
		if each.ID == i.ID && (each.Report != "" || each.Reporter != "" || slices.Contains(each.People, "tech-a")) {
			t.Errorf("their list has %+v", each)
		}
	}
}

// TestListsOfIncidentsAreFiltered by what the address says.
func TestListsOfIncidentsAreFiltered(t *testing.T) {
	s, ctx := serve(t), t.Context()
	s.hire(t, "manager", custody.Manager)
	tech, manager := s.as(t, "tech-a"), s.as(t, "manager")
	before := len(ok(manager.Incidents(ctx, desk.IncidentQuery{}))(t))
	first := ok(tech.ReportIncident(ctx, api.ReportIncident{Credential: "db01", Text: "x", Grade: custody.Serious, TOTP: "2"}))(t)
	second := ok(tech.ReportIncident(ctx, api.ReportIncident{Person: "tech-b", Text: "y", Grade: custody.Ordinary, TOTP: "3"}))(t)
	ok(manager.AssessIncident(ctx, first.ID, api.AssessIncident{Grade: custody.Special, Text: "z", TOTP: "2"}))(t)
	for name, c := range map[string]struct {
		q    desk.IncidentQuery
		want []string
	}{
		"assessed":           {desk.IncidentQuery{Status: custody.IncidentRated}, []string{first.ID}},
		"at the grade given": {desk.IncidentQuery{Grade: custody.Special}, []string{first.ID}},
		"ordinary":           {desk.IncidentQuery{Grade: custody.Ordinary}, []string{second.ID}},
		"of a credential":    {desk.IncidentQuery{Credential: "db01", Grade: custody.Special}, []string{first.ID}},
		"of a person":        {desk.IncidentQuery{Person: "tech-b", Grade: custody.Ordinary}, []string{second.ID}},
	} {
		got := ok(manager.Incidents(ctx, c.q))(t)
		ids := []string{}
		for _, i := range got {
			ids = append(ids, i.ID)
		}
		if !slices.Equal(ids, c.want) {
			t.Errorf("%s: %v, want %v", name, ids, c.want)
		}
	}
	if all := ok(manager.Incidents(ctx, desk.IncidentQuery{Open: true}))(t); len(all) != before+2 {
		t.Errorf("%d are open, of %d and two", len(all), before)
	}
}

// TestIncidentsAreCountedForMonitoring, and keep nothing from being ready.
func TestIncidentsAreCountedForMonitoring(t *testing.T) {
	s, ctx := serve(t), t.Context()
	s.hire(t, "manager", custody.Manager)
	ok(s.as(t, "tech-a").ReportIncident(ctx, api.ReportIncident{Text: "x", Grade: custody.Special, TOTP: "2"}))(t)
	metrics := s.ops(t, "/metrics").Body.String()
	for _, line := range []string{`tandem_incidents_open{grade="special"} 1`, `tandem_incidents_open{grade="ordinary"} 0`, "tandem_incidents_oldest_unacknowledged_seconds "} {
		if !strings.Contains(metrics, line) {
			t.Errorf("no %s", line)
		}
	}
	if w := s.ops(t, "/readyz"); w.Code != http.StatusOK || strings.Contains(w.Body.String(), "incident") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
