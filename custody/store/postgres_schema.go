package store

import (
	"fmt"
	"regexp"
	"strings"

	"gorm.io/gorm"
)

// postgresMigrations are those that made everything whose making is looked at.
var postgresMigrations = []string{"0024_ledger_and_tables.sql", "0027_incident_index.sql"}

var (
	madeTable  = regexp.MustCompile(`(?ms)^CREATE TABLE (\w+) \((.*?)^\);`)
	madeColumn = regexp.MustCompile(`(?m)^\s+(\w+)\s.*GENERATED ALWAYS AS \((.*)\) STORED,?$`)
)

// postgresComputed compares the columns that filters read with what they are computed
// from. They are stored: who may change the schema can write another value and leave the
// expression as it is.
func postgresComputed(db *gorm.DB) error {
	var text []byte
	for _, name := range postgresMigrations {
		more, err := migrations.ReadFile("migrations/postgres/" + name)
		if err != nil {
			return err
		}
		text = append(text, more...)
	}
	var source string
	if err := db.Raw("SELECT prosrc FROM pg_proc WHERE oid = 'member_of(bytea, text)'::regprocedure").Scan(&source).Error; err != nil {
		return unavailable("read the schema", err)
	}
	if source == "" || !strings.Contains(string(text), "$$"+source+"$$") {
		return &Difference{"ledger_entries", "its columns", "are computed otherwise"}
	}
	for _, table := range madeTable.FindAllStringSubmatch(string(text), -1) {
		var columns, expressions []string
		for _, column := range madeColumn.FindAllStringSubmatch(table[2], -1) {
			columns, expressions = append(columns, column[1]), append(expressions, column[2])
		}
		if len(columns) == 0 {
			continue
		}
		var wrong int64
		err := db.Raw(fmt.Sprintf("SELECT count(*) FROM %s WHERE (%s) IS DISTINCT FROM (%s)",
			table[1], strings.Join(columns, ", "), strings.Join(expressions, ", "))).Scan(&wrong).Error
		if err != nil {
			return unavailable("read "+table[1], err)
		}
		if wrong > 0 {
			return &Difference{table[1], "its columns", fmt.Sprintf("are computed otherwise in %d rows", wrong)}
		}
	}
	return nil
}

// postgresElements is guard.elements.
func postgresElements(list string) string {
	return "json_array_elements_text(coalesce(incidents.doc -> '" + list + "', '[]')) AS value"
}

// withTriggersOff is guard.lifted. Only who owns the tables may.
func withTriggersOff(db *gorm.DB, fn func() error) error {
	turn := func(to string) error {
		for _, table := range []string{"ledger_entries", "ledger_nodes", "ledger_seals", "ledger_head"} {
			if err := execute(db, "turn triggers "+to, "ALTER TABLE "+table+" "+to+" TRIGGER USER"); err != nil {
				return err
			}
		}
		return nil
	}
	if err := turn("DISABLE"); err != nil {
		return err
	}
	if err := fn(); err != nil {
		return err
	}
	return turn("ENABLE")
}
