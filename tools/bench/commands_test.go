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
// the same demands on the disk.
func measureCommands(t *testing.T, _ string) table {
	dir := onDisk(t)
	r := newRoutine(t, dir)
	inTransactions, alone := bareInserts(t, dir)

	var rows []row
	for _, load := range []struct{ callers, rounds, blocks int }{{1, 1, 9}, {64, 8, 15}} {
		blocks := inTurns(t, load.blocks,
			func() (block, error) { return r.goRound(t.Context(), load.callers, load.rounds) },
			func() (block, error) { return callers(1, 3000, inTransactions) },
			func() (block, error) { return callers(1, 3000, alone) },
		)
		for i, peer := range []string{"BEGIN, INSERT, COMMIT", "the same without BEGIN and COMMIT"} {
			ours, bare, ratio := compared{blocks[0], blocks[1+i]}.rate()
			line := row{
				what: fmt.Sprintf("custody commands on SQLite, %s : %s", plural(load.callers, "caller"), peer),
				ours: perSecond(ours), peer: perSecond(bare), ratio: times(ratio),
			}
			if load.callers == 64 && i == 0 {
				line.goal = atLeast(ratio, 3, "%.1fx")
			}
			rows = append(rows, line)
		}
		ours, bare, ratio := compared{blocks[0], blocks[1]}.processor()
		rows = append(rows, row{
			what: fmt.Sprintf("processor time of a custody command, %s : of BEGIN, INSERT, COMMIT", plural(load.callers, "caller")),
			ours: microseconds(ours), peer: microseconds(bare), ratio: times(ratio),
		})
	}
	return rows
}

// bareInserts gives two ways to insert one row of 400 bytes: in a transaction of
// its own, and as a statement that is one by itself, which is as fast as it gets.
func bareInserts(t *testing.T, dir string) (inTransaction, alone func(int) error) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(dir, "bare.db")+
		"?_journal_mode=WAL&_synchronous=FULL&_txlock=immediate&_foreign_keys=on&_busy_timeout=5000&_stmt_cache_size=64")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE bare (id INTEGER PRIMARY KEY, record BLOB NOT NULL) STRICT"); err != nil {
		t.Fatal(err)
	}
	const insert = "INSERT INTO bare (record) VALUES (?)"
	record := make([]byte, 400)
	inTransaction = func(int) error {
		tx, err := db.BeginTx(context.Background(), nil)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(insert, record); err != nil {
			return err
		}
		return tx.Commit()
	}
	alone = func(int) error {
		_, err := db.Exec(insert, record)
		return err
	}
	return inTransaction, alone
}
