package store

import (
	"slices"
	"strings"

	"gorm.io/gorm"
)

// computed has the tables of which columns are computed, by the migration that made
// them.
var computed = map[string]string{
	"ledger_entries": "0001_ledger_and_tables.sql",
	"people":         "0020_documents.sql", "credentials": "0022_unfinished.sql", "handovers": "0020_documents.sql",
	"proposals": "0024_proposals.sql", "incidents": "0027_incident_index.sql", "incident_index": "0027_incident_index.sql",
}

// sqliteComputed looks at how the columns that filters read are computed, and their
// indexes: with another expression in the schema they contradict what they are
// computed from.
func sqliteComputed(db *gorm.DB) error {
	for table, migration := range computed {
		var made []string
		err := db.Raw("SELECT sql FROM sqlite_schema WHERE type <> 'trigger' AND tbl_name = ? AND sql IS NOT NULL", table).Scan(&made).Error
		if err != nil {
			return unavailable("read the schema", err)
		}
		text, err := migrations.ReadFile("migrations/sqlite/" + migration)
		if err != nil {
			return err
		}
		if len(made) == 0 || slices.ContainsFunc(made, func(part string) bool { return !strings.Contains(string(text), part) }) {
			return &Difference{table, "its columns", "are computed otherwise"}
		}
	}
	return nil
}

// sqliteElements is guard.elements.
func sqliteElements(list string) string { return "json_each(incidents.doc, '$." + list + "')" }

// withoutTriggers takes away what keeps the ledger append-only, runs fn, and puts it back.
func withoutTriggers(db *gorm.DB, fn func() error) error {
	var rows []struct{ Name, SQL string }
	err := db.Raw("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name").Scan(&rows).Error
	if err != nil {
		return unavailable("read the triggers", err)
	}
	for _, r := range rows {
		if err := execute(db, "drop a trigger", "DROP TRIGGER "+`"`+strings.ReplaceAll(r.Name, `"`, `""`)+`"`); err != nil {
			return err
		}
	}
	if err := fn(); err != nil {
		return err
	}
	for _, r := range rows {
		if err := execute(db, "put a trigger back", r.SQL); err != nil {
			return err
		}
	}
	return nil
}
