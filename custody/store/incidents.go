package store

import (
	"context"
	"strings"

	"gorm.io/gorm"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Incidents are found by whom and what they are about, and by who reported them. Those
// names are lists in the documents, which no index of a database sees: so each has a row of
// its own. The rows are written with the documents, and anew by Rebuild; a comparison looks
// at them once it has found the documents right.

// The kinds of names that an incident has.
const (
	byPerson     = "person"
	byCredential = "credential"
	byReporter   = "reporter"
)

// incidentName is a row of incident_index: a name of an incident.
type incidentName struct {
	Kind, Name, OpenedAt string
	Key                  string // of the incident
}

func (incidentName) TableName() string { return "incident_index" }

func (n incidentName) String() string { return n.Kind + " " + n.Name }

// namesOfIncident gives what an incident is found by.
func namesOfIncident(i custody.Incident) (names []incidentName) {
	add := func(kind string, all ...string) {
		for _, name := range all {
			names = append(names, incidentName{kind, name, formatInstant(i.OpenedAt), i.ID})
		}
	}
	add(byPerson, i.People...)
	add(byCredential, i.Credentials...)
	if i.Reporter != "" {
		add(byReporter, i.Reporter)
	}
	return names
}

// saveIncidentNames writes the names of the incidents that a fork changed. No incident loses
// one, so those that are there stay.
func saveIncidentNames(db *gorm.DB, changed *custody.State) error {
	var args []any
	for _, i := range changed.IncidentsChanged() {
		for _, n := range namesOfIncident(i) {
			args = append(args, n.Kind, n.Name, n.OpenedAt, n.Key)
		}
	}
	return insertIncidentNames.run(db, args)
}

// differIncidentNames compares the names with the documents, which must be right.
func differIncidentNames(db *gorm.DB, d *dialect) error {
	of := func(kind, list string) string {
		return "SELECT '" + kind + "' AS kind, value AS name, incidents.opened_at, incidents.key FROM incidents, " + d.guard.elements(list)
	}
	want := "(" + strings.Join([]string{
		of(byPerson, "people"), of(byCredential, "credentials"),
		"SELECT '" + byReporter + "', doc ->> 'reporter', opened_at, key FROM incidents WHERE doc ->> 'reporter' IS NOT NULL",
	}, " UNION ALL ") + ") AS want"
	const are = "incident_index"
	for _, c := range []struct{ some, others, what string }{
		{want, are, "is missing"}, {are, want, "should not be there"},
	} {
		var found []incidentName
		err := db.Raw("SELECT kind, name, opened_at, key FROM " + c.some + " EXCEPT SELECT kind, name, opened_at, key FROM " + c.others + " LIMIT 1").Scan(&found).Error
		if err != nil {
			return unavailable("read the index of incidents", err)
		}
		if len(found) > 0 {
			return &Difference{"incident_index", found[0].String(), "of " + found[0].Key + " " + c.what}
		}
	}
	return nil
}

// Incidents gives the incidents that fit, the newest first.
func (s *Store) Incidents(ctx context.Context, q desk.IncidentQuery) ([]custody.Incident, error) {
	return incidents.findKnown(s.incidentsThatFit(ctx, q))
}

// incidentsThatFit selects what Incidents gives. The rows of one name lie in the order of
// time, so that a page of them is read, and no more: the first name that is asked for leads,
// and the others are looked up.
func (s *Store) incidentsThatFit(ctx context.Context, q desk.IncidentQuery) *gorm.DB {
	db, listed := s.reader.WithContext(ctx), "incidents"
	for _, by := range []struct{ kind, name string }{{byPerson, q.Person}, {byCredential, q.Credential}} {
		switch {
		case by.name == "":
		case listed == "incidents":
			listed = "incident_index"
			db = db.Joins("JOIN incident_index ON incident_index.key = incidents.key").Where("incident_index.kind = ? AND incident_index.name = ?", by.kind, by.name)
		default:
			db = db.Where("EXISTS (SELECT 1 FROM incident_index AS other WHERE other.kind = ? AND other.name = ? AND other.opened_at = incidents.opened_at AND other.key = incidents.key)", by.kind, by.name)
		}
	}
	if q.Status != "" {
		db = db.Where("status = ?", q.Status)
	}
	if q.Open {
		db = db.Where("status <> ?", custody.IncidentOver)
	}
	if q.Grade != "" {
		db = db.Where("grade = ?", q.Grade)
	}
	if q.KnownTo != "" {
		// Looked up row by row, the newest first: whom ten thousand are about has a page of them
		// read, and not all of them sorted.
		mine := s.reader.Where("EXISTS (SELECT 1 FROM incident_index AS mine WHERE mine.kind IN ? AND mine.name = ? AND mine.opened_at = incidents.opened_at AND mine.key = incidents.key)",
			[]string{byPerson, byReporter}, q.KnownTo)
		if len(q.Theirs) > 0 {
			mine = mine.Or("incidents.key IN ?", q.Theirs)
		}
		db = db.Where(mine)
	}
	if q.Before == "" && listed == "incidents" { // which every row is, and SQLite goes by the index of it only when it is asked to
		db = db.Where("incidents.opened_at > ''")
	}
	return newestFirst(db, "incidents", listed, "opened_at", q.Before).Limit(page(q.Limit))
}

// Incident gives one incident, or desk.ErrNotFound.
func (s *Store) Incident(ctx context.Context, id string) (custody.Incident, error) {
	return only(incidents.findKnown(s.reader.WithContext(ctx).Where("key = ?", id)))
}
