package store

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// watched is an office in which much was to be looked at, about several people and
// credentials, some of it reported and some of it closed.
func watched(t *testing.T, on engine) *scribe {
	t.Helper()
	s := newOffice(t, on)
	for n := range 40 {
		about := []custody.ReportIncident{
			{Person: "tech-a", Grade: custody.Serious}, {Credential: "db01", Grade: custody.Ordinary},
			{Credential: "db01", Person: "tech-b", Grade: custody.Serious}, {Grade: custody.Special},
		}[n%4]
		about.Text = desk.NewNote(fmt.Sprint("seen ", n))
		s.do(t, step{[]string{"tech-a", "tech-b", "admin"}[n%3], about})
	}
	return s
}

// TestIncidentsAreFoundByWhatTheyAreAbout: what a page of any filter shows is what going
// through all of them finds.
func TestIncidentsAreFoundByWhatTheyAreAbout(t *testing.T) {
	onBoth(t, incidentsAreFoundOnBoth)
}

func incidentsAreFoundOnBoth(t *testing.T, on engine) {
	s := watched(t, on)
	all, err := s.store.Incidents(t.Context(), desk.IncidentQuery{Limit: desk.MaxPage})
	if err != nil || len(all) < 30 {
		t.Fatalf("%d incidents, %v", len(all), err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		people := []string{"", "", "tech-a", "tech-b", "admin", "nobody"}
		q := desk.IncidentQuery{
			Grade:      rapid.SampledFrom([]custody.Grade{"", "", custody.Serious, custody.Special}).Draw(rt, "grade"),
			Open:       rapid.Bool().Draw(rt, "open"),
			Person:     rapid.SampledFrom(people).Draw(rt, "person"),
			Credential: rapid.SampledFrom([]string{"", "", "db01", "web01", "tech-a"}).Draw(rt, "credential"),
			KnownTo:    rapid.SampledFrom(people).Draw(rt, "known to"),
			Limit:      rapid.IntRange(1, 60).Draw(rt, "limit"),
		}
		if rapid.Bool().Draw(rt, "theirs") {
			q.Theirs = []string{all[3].ID, all[20].ID}
		}
		from := rapid.IntRange(-1, len(all)-1).Draw(rt, "before")
		if from >= 0 {
			q.Before = all[from].ID
		}
		var want []custody.Incident
		for _, i := range all[from+1:] {
			if (q.Grade == "" || i.Stands() == q.Grade) && (!q.Open || !i.Over()) &&
				(q.Person == "" || slices.Contains(i.People, q.Person)) && (q.Credential == "" || slices.Contains(i.Credentials, q.Credential)) &&
				(q.KnownTo == "" || slices.Contains(i.People, q.KnownTo) || i.Reporter == q.KnownTo || slices.Contains(q.Theirs, i.ID)) {
				want = append(want, i)
			}
		}
		want = want[:min(len(want), q.Limit)]
		got, err := s.store.Incidents(t.Context(), q)
		if err != nil || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
			rt.Fatalf("%+v: %v\n got %v\nwant %v", q, err, got, want)
		}
	})
	for _, q := range []desk.IncidentQuery{{Person: "tech-a"}, {Credential: "db01"}, {Person: "tech-b", Credential: "db01"}} {
		if got, err := s.store.Incidents(t.Context(), q); err != nil || len(got) == 0 {
			t.Errorf("%+v: %d, %v", q, len(got), err)
		}
	}
}

// TestIncidentsPlan: a page of what is about somebody, or something, is read from the index,
// in the order that it has: no other row is read.
func TestIncidentsPlan(t *testing.T) {
	s := newScribe(t).store
	for _, q := range []desk.IncidentQuery{
		{Person: "tech-a"}, {Credential: "db01"}, {Person: "tech-a", Credential: "db01"}, {Person: "tech-a", Open: true, Grade: custody.Special},
		{Person: "tech-a", KnownTo: "tech-a", Theirs: []string{"incident-1"}}, {Credential: "db01", Before: "incident-7"},
		{KnownTo: "tech-a", Theirs: []string{"incident-1"}},
	} {
		var rows []document
		dry := s.incidentsThatFit(t.Context(), q).Session(&gorm.Session{DryRun: true}).Table("incidents").Select("incidents.key, incidents.doc").Find(&rows).Statement
		var plan []struct{ Detail string }
		if err := s.reader.Raw("EXPLAIN QUERY PLAN "+dry.SQL.String(), dry.Vars...).Scan(&plan).Error; err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(plan)
		sorted := q.Person == "" && q.Credential == "" && strings.Contains(text, "TEMP B-TREE FOR ORDER BY")
		if !strings.Contains(text, " USING PRIMARY KEY (kind=? AND name=?") || strings.Contains(text, "SCAN") || sorted {
			t.Errorf("%+v: %s", q, text)
		}
	}
}

// TestTamperIncidentNames: who hides an incident from those who look for somebody, or shows
// one that is about another, is found.
func TestTamperIncidentNames(t *testing.T) { onBoth(t, tamperIncidentNames) }

func tamperIncidentNames(t *testing.T, on engine) {
	s := watched(t, on)
	db := administrator(t, s.path)
	for _, statement := range []string{
		"DELETE FROM incident_index WHERE kind = 'person' AND name = 'tech-a'",
		"DELETE FROM incident_index WHERE kind = 'credential'",
		"DELETE FROM incident_index WHERE kind = 'reporter'",
		"UPDATE incident_index SET name = 'TECH-A' WHERE name = 'tech-a'",
		"UPDATE incident_index SET kind = 'x' WHERE kind = 'credential'",
		"UPDATE incident_index SET opened_at = '2020-01-01T00:00:00.000000000Z' WHERE name = 'db01'",
		"UPDATE incident_index SET key = key || 'x' WHERE name = 'tech-b'",
		"INSERT INTO incident_index SELECT kind, 'web01', opened_at, key FROM incident_index WHERE kind = 'credential'",
	} {
		good := dump(t, s.store)
		execAll(t, db, statement)
		err := s.store.Diff(t.Context())
		if d, is := err.(*Difference); !is || d.Table != "incident_index" {
			t.Errorf("%s: %v", statement, err)
		}
		if err := s.store.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		if dump(t, s.store) != good {
			t.Fatalf("not put right after %s", statement)
		}
	}
	if err := s.store.Diff(t.Context()); err != nil {
		t.Error(err)
	}
}
