package main

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/play"
)

// TestNoPasswordIsShownOnceTheDatabaseIsGone: a check-out was answered with the
// password after the database had been unlinked, and its entry went with the file.
func TestNoPasswordIsShownOnceTheDatabaseIsGone(t *testing.T) {
	t.Parallel()
	for _, trouble := range []struct {
		name  string
		gone  func(t *testing.T, database string) (undo func())
		heals bool // when undone, without a start
	}{
		{"unlinked", func(t *testing.T, database string) func() {
			must(t, os.Remove(database))
			return func() {}
		}, false},
		{"moved away", func(t *testing.T, database string) func() {
			must(t, os.Rename(database, database+".away"))
			return func() { must(t, os.Rename(database+".away", database)) }
		}, true},
		{"its folder moved away", func(t *testing.T, database string) func() {
			must(t, os.Rename(filepath.Dir(database), filepath.Dir(database)+".away"))
			return func() { must(t, os.Rename(filepath.Dir(database)+".away", filepath.Dir(database))) }
		}, true},
		{"replaced by a copy", func(t *testing.T, database string) func() {
			copied, err := os.ReadFile(database)
			must(t, err)
			must(t, os.Remove(database))
			must(t, os.WriteFile(database, copied, 0o600))
			return func() {}
		}, false},
		{"its write-ahead log unlinked", func(t *testing.T, database string) func() {
			must(t, os.Remove(database+"-wal"))
			return func() {}
		}, false},
		{"locked", func(t *testing.T, database string) func() {
			tx, err := openSQL(t, database).Begin()
			must(t, err)
			return func() { must(t, tx.Rollback()) }
		}, true},
	} {
		t.Run(trouble.name, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "data")
			a := newPlayerOf(t, startDemoFor(t, folder))
			a.checkOut(t)
			undo := trouble.gone(t, filepath.Join(folder, "tandem.db"))

			for range 2 { // and asked again
				var shown api.Checkout
				err := a.Confirm(t.Context(), func(code api.Secret) (err error) {
					shown, err = a.Server.CheckOut(t.Context(), play.Credential, api.CheckOut{Purpose: "test", TOTP: code})
					return err
				})
				if shown.Password != "" || codeOf(err) != "store_unavailable" {
					t.Errorf("a password was shown: %t; %v", shown.Password != "", err)
				}
			}
			undo()
			if trouble.heals {
				a.checkOut(t)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// openSQL opens a database behind Tandem's back. Its transactions hold the lock
// that commits need.
func openSQL(t *testing.T, database string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+database+"?_txlock=immediate&_busy_timeout=30000")
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}
