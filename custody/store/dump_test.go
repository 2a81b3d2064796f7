package store

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// dump gives every value of every row of every table, as SQL writes it.
func dump(t testing.TB, s *Store) string {
	t.Helper()
	ask := func(question string, args ...any) (answers []string) {
		t.Helper()
		if err := s.reader.Raw(question, args...).Scan(&answers).Error; err != nil {
			t.Fatal(err)
		}
		return answers
	}
	var all strings.Builder
	for _, table := range ask("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name") {
		columns := ask("SELECT name FROM pragma_table_xinfo(?)", table)
		rows := ask("SELECT quote(" + strings.Join(columns, ") || ', ' || quote(") + ") FROM " + table)
		slices.Sort(rows)
		fmt.Fprintf(&all, "%s\n\t%s\n", table, strings.Join(rows, "\n\t"))
	}
	return all.String()
}
