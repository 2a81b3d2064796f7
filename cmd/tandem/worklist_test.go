package main

import (
	"database/sql"
	"net"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/custody/demo"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestAnAddressInARowThatSomebodyWroteGetsNoPassword: under a running server the
// administrator of the database has every change of a credential's row write their own
// address into it. The password is changed where the ledger says, and nobody ever
// connects to the other address.
func TestAnAddressInARowThatSomebodyWroteGetsNoPassword(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	d := startDemoFor(t, data)
	someone := newPlayerOf(t, d)
	someone.waitHeld(t)

	elsewhere, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = elsewhere.Close() })
	var connections atomic.Int64
	go func() {
		for {
			c, err := elsewhere.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			_ = c.Close()
		}
	}()
	db, err := sql.Open("sqlite3", filepath.Join(data, "tandem.db")+"?_busy_timeout=10000")
	must(t, err)
	t.Cleanup(func() { _ = db.Close() })
	theirs := desk.NewNote(elsewhere.Addr().String())
	words, _ := theirs.Words()
	_, err = db.Exec("INSERT INTO ledger_texts (idx, commitment, salt, text) VALUES (0, ?, ?, ?)", theirs.Commitment(), words.Salt[:], words.Text)
	must(t, err)
	redirect := "UPDATE credentials SET doc = json_set(doc, '$.target.address', '" + theirs.Commitment() + "')"
	_, err = db.Exec("CREATE TRIGGER redirect AFTER UPDATE ON credentials BEGIN " + redirect + "; END")
	must(t, err)
	done, err := db.Exec(redirect)
	must(t, err)
	if rows, err := done.RowsAffected(); err != nil || rows == 0 {
		t.Fatalf("no row has the address %s, %v", d.SSH, err)
	}

	someone.rotate(t)
	someone.waitHeld(t)
	var others int
	must(t, db.QueryRow("SELECT count(*) FROM credentials WHERE address = ?", theirs.Commitment()).Scan(&others))
	if others == 0 {
		t.Error("the row was not theirs to the end")
	}
	if n := connections.Load(); n > 0 {
		t.Errorf("the worker connected %d times to the address in the row", n)
	}
	password := someone.checkOut(t)
	if seen, err := demo.LogIn(d.HostKey, d.SSH, play.Account, string(password)); seen != demo.LoggedIn(play.Account) {
		t.Errorf("the new password opens the account: %s, %v", seen, err)
	}
}
