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
	on := onSQLite
	if s.dialect == &postgresDialect {
		on = onPostgres
	}
	var all strings.Builder
	for _, table := range ask(on.tables) {
		rows := ask("SELECT " + on.row(ask, table) + " FROM " + table + " x")
		slices.Sort(rows)
		fmt.Fprintf(&all, "%s\n\t%s\n", table, strings.Join(rows, "\n\t"))
	}
	return all.String()
}
