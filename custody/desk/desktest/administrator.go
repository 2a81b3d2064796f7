package desktest

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "github.com/mattn/go-sqlite3"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/store"
)

// What somebody can do to an office who has its database, and not its secret store.

// Administrator changes the database past Tandem, without its triggers.
func (o *Office) Administrator(do func(db *sql.DB)) {
	o.T.Helper()
	if o.On.Name == PostgreSQL.Name {
		o.asSuperuser(do)
		return
	}
	db, err := sql.Open("sqlite3", o.Path+"?_busy_timeout=5000")
	if err != nil {
		o.T.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	rows, err := db.Query("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
	if err != nil {
		o.T.Fatal(err)
	}
	triggers := map[string]string{}
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			o.T.Fatal(err)
		}
		triggers[name] = text
	}
	if err := rows.Close(); err != nil || len(triggers) == 0 {
		o.T.Fatalf("%d triggers, %v", len(triggers), err)
	}
	for name := range triggers {
		o.SQL(db, "DROP TRIGGER "+name)
	}
	do(db)
	for _, text := range triggers { // so that nobody sees that they were there
		o.SQL(db, text)
	}
}

// asSuperuser is Administrator on PostgreSQL, where a superuser need not drop a trigger.
func (o *Office) asSuperuser(do func(db *sql.DB)) {
	o.T.Helper()
	db, err := sql.Open("pgx", o.Path)
	if err != nil {
		o.T.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // which the setting is of
	o.SQL(db, "SET session_replication_role = replica")
	do(db)
}

// SQL carries out a statement, with a ? for each argument.
func (o *Office) SQL(db *sql.DB, statement string, args ...any) {
	o.T.Helper()
	if o.On.Name == PostgreSQL.Name {
		for n := range args {
			statement = strings.Replace(statement, "?", fmt.Sprintf("$%d", n+1), 1)
		}
	}
	if _, err := db.Exec(statement, args...); err != nil {
		o.T.Fatalf("%s: %v", statement, err)
	}
}

// Restart ends the desk in order and starts another.
func (o *Office) Restart() {
	o.T.Helper()
	if err := o.Desk.Close(); err != nil {
		o.T.Fatal(err)
	}
	o.Desk = o.Open()
}

// Reopen is Restart with another file at the path of the database.
func (o *Office) Reopen(file []byte) {
	o.T.Helper()
	if err := o.Desk.Close(); err != nil {
		o.T.Fatal(err)
	}
	o.PutBack(file)
	o.Desk = o.Open()
}

// PutBack has another file at the path of the database. The desk was closed.
func (o *Office) PutBack(file []byte) {
	o.T.Helper()
	if err := o.Store.Close(); err != nil {
		o.T.Fatal(err)
	}
	for _, beside := range []string{"-wal", "-shm"} {
		if err := os.Remove(o.Path + beside); err != nil && !errors.Is(err, os.ErrNotExist) {
			o.T.Fatal(err)
		}
	}
	if err := os.WriteFile(o.Path, file, 0o600); err != nil {
		o.T.Fatal(err)
	}
	db, err := store.Open(o.T.Context(), o.Path, o.Config.Log)
	if err != nil {
		o.T.Fatal(err)
	}
	o.T.Cleanup(func() { _ = db.Close() })
	o.Store, o.Gate = db, &Gate{Store: db}
	o.Config.Store, o.Config.Accounts = o.Gate, db
}

// Copied gives a copy of the database as it is.
func (o *Office) Copied() []byte {
	o.T.Helper()
	path := filepath.Join(o.T.TempDir(), "copy.db")
	if err := o.Store.Backup(o.T.Context(), path); err != nil {
		o.T.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		o.T.Fatal(err)
	}
	return file
}

// ForgeUnder enters an event that nobody decided, with all that Tandem would write, under a
// mark.
func (o *Office) ForgeUnder(e custody.Event, markOf func(audit.Batch) string) {
	o.T.Helper()
	state, frontier, err := o.Store.Load(o.T.Context())
	if err != nil {
		o.T.Fatal(err)
	}
	record, err := e.Encode()
	if err != nil {
		o.T.Fatal(err)
	}
	fork := state.Fork()
	custody.Apply(fork, e)
	nodes, err := frontier.Append(record)
	if err != nil {
		o.T.Fatal(err)
	}
	root, err := frontier.Root()
	if err != nil {
		o.T.Fatal(err)
	}
	err = o.Store.Write(o.T.Context(), func(tx desk.Tx) error {
		size, before := tx.Head()
		mark := markOf(audit.Batch{From: size, FromRoot: before, Size: size + 1, Root: root})
		return errors.Join(tx.Append([]desk.Appended{{Index: size, Event: e, Record: record}}, nodes, root, mark), tx.Save(fork))
	})
	if err != nil {
		o.T.Fatal(err)
	}
}
