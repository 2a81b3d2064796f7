//go:build bench

package bench

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"

	_ "github.com/mattn/go-sqlite3"
)

// measureCommands compares the desk's commands on SQLite with bare inserts: a
// row of an entry's size in a transaction of its own, with the same driver and
// the same promises of the disk.
func measureCommands(t *testing.T, _ string) []row {
	dir := onDisk(t)
	r := newRoutine(t, dir)
	insert := bareInserts(t, dir)
	bare := func() (block, error) { return callers(1, 6000, insert) }

	var rows []row
	for _, load := range []struct{ callers, rounds, blocks int }{{1, 1, 7}, {64, 6, 9}} {
		c := inTurns(t, load.blocks, func() (block, error) { return r.goRound(t.Context(), load.callers, load.rounds) }, bare)
		ours, peer, ratio := c.rate()
		line := row{
			what: fmt.Sprintf("custody commands, SQLite synchronous=FULL, %d callers : bare inserts, 1 row each", load.callers),
			ours: perSecond(ours), peer: perSecond(peer), ratio: times(ratio),
		}
		if load.callers == 64 {
			line.goal = atLeast(ratio, 3, "%.1fx")
		}
		rows = append(rows, line)
	}
	return rows
}

// bareInserts gives what inserts one row of 400 bytes.
func bareInserts(t *testing.T, dir string) func(int) error {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "bare.db")+
		"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate&_foreign_keys=on&_busy_timeout=5000")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE bare (id INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT"); err != nil {
		t.Fatal(err)
	}
	// One statement is one transaction; BEGIN and COMMIT would be two calls more.
	statement, err := db.PrepareContext(context.Background(), "INSERT INTO bare (record) VALUES (?)")
	if err != nil {
		t.Fatal(err)
	}
	record := make([]byte, 400)
	return func(int) error {
		_, err := statement.Exec(record)
		return err
	}
}
