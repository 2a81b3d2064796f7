package store

import (
	"fmt"
	"strings"
	"testing"
)

// everyTable is each table with the columns that order it.
var everyTable = []struct{ name, by string }{
	{"ledger_head", "id"}, {"ledger_entries", "idx"}, {"ledger_nodes", "id"}, {"ledger_index", "kind, name, idx"},
	{"people", "username"}, {"credentials", "name"}, {"handovers", "id"},
	{"accounts", "username"}, {"sessions", "token_hash"}, {"throttles", "name"},
	{"idempotency_keys", "actor, key"}, {"claims", "credential"},
	{"cosigned_checkpoints", "size"}, {"cosignatures", "size, witness"},
}

// dump gives every value of every row of every table, as SQL writes it.
func dump(t testing.TB, s *Store) string {
	t.Helper()
	var all strings.Builder
	for _, table := range everyTable {
		var columns []string
		if err := s.reader.Raw("SELECT name FROM pragma_table_xinfo(?)", table.name).Scan(&columns).Error; err != nil {
			t.Fatal(err)
		}
		if len(columns) == 0 {
			t.Fatalf("there is no table %s", table.name)
		}
		var rows []string
		quoted := "quote(" + strings.Join(columns, ") || ', ' || quote(") + ")"
		if err := s.reader.Raw("SELECT " + quoted + " FROM " + table.name + " ORDER BY " + table.by).Scan(&rows).Error; err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s\n\t%s\n", table.name, strings.Join(rows, "\n\t"))
	}
	return all.String()
}
