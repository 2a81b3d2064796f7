package store

import (
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestWhatAMigrationEmptiedIsFoldedAnew when the database is opened, once, byte for
// byte; and an empty ledger has nothing to be folded.
func TestWhatAMigrationEmptiedIsFoldedAnew(t *testing.T) {
	onBoth(t, whatAMigrationEmptiedIsFoldedAnewOnBoth)
}

func whatAMigrationEmptiedIsFoldedAnewOnBoth(t *testing.T, on engine) {
	s := newOffice(t, on)
	s.do(t, step{"tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("lunch")}})
	good := dump(t, s.store)
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	db := administrator(t, s.path)
	for _, table := range []string{"people", "credentials", "handovers", "proposals", "incidents", "incident_index", "sessions", "documents", "seal_keys", "ledger_index"} {
		execAll(t, db, "DELETE FROM "+table)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s.store = s.open(t)
	if got := dump(t, s.store); got != good {
		t.Errorf("folded anew\n%s\nbefore\n%s", got, good)
	}
	// A row that is wrong is for a comparison to find: no start mends it unseen.
	if err := s.store.writer.Exec("DELETE FROM sessions").Error; err != nil {
		t.Fatal(err)
	}
	if err := s.open(t).Diff(t.Context()); err == nil {
		t.Error("what somebody took away was put back unseen")
	}
}
