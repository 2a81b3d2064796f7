package desktest

import (
	"path/filepath"
	"testing"

	"github.com/tandem-custody/tandem/custody/store/storetest/postgrestest"
)

// Engine is what the database of an office is.
type Engine struct {
	Name string
	New  func(t testing.TB) (at string) // an empty database, which goes with the test
}

// The engines. What opens an office on PostgreSQL ends its TestMain with
// postgrestest.Main.
var (
	SQLite     = Engine{Name: "SQLite", New: func(t testing.TB) string { return filepath.Join(t.TempDir(), "tandem.db") }}
	PostgreSQL = Engine{Name: "PostgreSQL", New: postgrestest.New}
)

// OnBoth runs a test on each engine: those in which several processes, a commit or
// what others wrote into the database decide.
func OnBoth(t *testing.T, run func(t *testing.T, on Engine)) {
	for _, on := range []Engine{SQLite, PostgreSQL} {
		t.Run(on.Name, func(t *testing.T) { run(t, on) })
	}
}
