package store

import (
	"errors"
	"testing"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestDiff: whatever is changed in a table behind Tandem's back is found, by
// table and row, and a rebuild puts it right.
func TestDiff(t *testing.T) {
	s := busyOffice(t, 2*window+200)
	s.do(t, step{"tech-b", custody.Offer{Credentials: []string{"web01"}, Reason: desk.NewNote("course")}})
	good := dump(t, s.store)
	for _, c := range []struct {
		statement  string
		table, key string
	}{
		{"UPDATE people SET doc = json_set(doc, '$.last_step', (doc ->> '$.last_step') - 1) WHERE key = 'tech-b'", "people", "tech-b"},
		{"DELETE FROM people WHERE key = 'tech-a'", "people", "tech-a"},
		{"INSERT INTO people (key, doc) SELECT 'ghost', json_set(doc, '$.username', 'ghost') FROM people WHERE key = 'admin'", "people", "ghost"},
		{"UPDATE credentials SET doc = json_set(doc, '$.holder', 'tech-b') WHERE key = 'db01'", "credentials", "db01"},
		{"UPDATE credentials SET doc = json_remove(doc, '$.exposure', '$.target.settings') WHERE key = 'web01'", "credentials", "web01"},
		{"DELETE FROM credentials WHERE key = 'web01'", "credentials", "web01"},
		{"UPDATE handovers SET doc = json_set(doc, '$.reason', 'another') WHERE key = 'handover-1'", "handovers", "handover-1"},
		{"UPDATE handovers SET doc = json_remove(doc, '$.expires') WHERE status = 'offered'", "handovers", lastHandover(s)},
		{"UPDATE handovers SET doc = json_set(doc, '$.status', 'closed') WHERE status = 'offered'", "handovers", lastHandover(s)},
		{"DELETE FROM handovers WHERE key = 'handover-2'", "handovers", "handover-2"},
		{"INSERT INTO handovers (key, doc) SELECT 'handover-0', json_set(doc, '$.id', 'handover-0') FROM handovers WHERE key = 'handover-1'", "handovers", "handover-0"},
		{"UPDATE ledger_head SET leases = leases + 1", "ledger_head", "0"},
		{"UPDATE ledger_head SET handovers = 0", "ledger_head", "0"},
		{"UPDATE ledger_head SET time = ''", "ledger_head", "0"},
		{"DELETE FROM ledger_index WHERE kind = 'actor' AND name = 'tech-b' AND idx = (SELECT min(idx) FROM ledger_index WHERE kind = 'actor' AND name = 'tech-b')", "ledger_index", "actor tech-b"},
		{"DELETE FROM ledger_index WHERE kind = 'about' AND name = 'web01'", "ledger_index", "about web01"},
		{"INSERT INTO ledger_index VALUES ('about', 'ghost', 3, 0)", "ledger_index", "about ghost"},
		{"UPDATE ledger_index SET credential = 0 WHERE name = 'web01' AND idx = (SELECT max(idx) FROM ledger_index WHERE name = 'web01')", "ledger_index", "about web01"},
		{"UPDATE ledger_index SET idx = idx + 1 WHERE kind = 'type' AND name = 'credential.added' AND idx = (SELECT max(idx) FROM ledger_index WHERE name = 'credential.added')", "ledger_index", "type credential.added"},
	} {
		if done := s.store.writer.Exec(c.statement); done.Error != nil || done.RowsAffected == 0 {
			t.Fatalf("%s: %d rows, %v", c.statement, done.RowsAffected, done.Error)
		}
		damaged := dump(t, s.store)
		for name, look := range map[string]func() error{
			"diff":   func() error { return s.store.Diff(t.Context()) },
			"verify": func() error { return verify(t.Context(), s.store) },
		} {
			d, ok := errors.AsType[*Difference](look())
			if !ok || d.Table != c.table || d.Key != c.key {
				t.Errorf("%s, after %s: %v", name, c.statement, d)
			}
		}
		if dump(t, s.store) != damaged {
			t.Fatal("to compare changed something")
		}
		if err := s.store.Rebuild(t.Context()); err != nil {
			t.Fatal(err)
		}
		if dump(t, s.store) != good {
			t.Fatalf("not put right after %s", c.statement)
		}
	}
}

func lastHandover(s *scribe) string {
	for h := range s.state.OpenHandovers() {
		return h.ID
	}
	return ""
}

// TestTampering: somebody with the database file in their hands can remove the
// triggers. The verifier names the first entry that is wrong.
func TestTampering(t *testing.T) {
	for name, c := range map[string]struct {
		statement string
		check     audit.Check
		index     int64
	}{
		"entry rewritten": {`UPDATE ledger_entries SET record = CAST(replace(CAST(record AS TEXT), 'totp_period":30', 'totp_period":60') AS BLOB) WHERE idx = 4`, audit.CheckNode, 4},
		"not canonical":   {`UPDATE ledger_entries SET record = CAST(replace(CAST(record AS TEXT), '{"actor"', '{ "actor"') AS BLOB) WHERE idx = 2`, audit.CheckEncoding, 2},
		"entry removed":   {`DELETE FROM ledger_entries WHERE idx = 2`, audit.CheckSequence, 2},
		"node changed":    {`UPDATE ledger_nodes SET hash = zeroblob(32) WHERE id = 3`, audit.CheckNode, 2},
		"node removed":    {`DELETE FROM ledger_nodes WHERE id = 3`, audit.CheckNode, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newOffice(t)
			for _, drop := range []string{"ledger_entries_update", "ledger_entries_delete", "ledger_nodes_update", "ledger_nodes_delete"} {
				if err := s.store.writer.Exec("DROP TRIGGER " + drop).Error; err != nil {
					t.Fatal(err)
				}
			}
			if done := s.store.writer.Exec(c.statement); done.Error != nil || done.RowsAffected != 1 {
				t.Fatalf("%d rows, %v", done.RowsAffected, done.Error)
			}
			err := verify(t.Context(), s.store)
			wrong, ok := errors.AsType[*audit.VerifyError](err)
			if !ok || wrong.Check != c.check || wrong.Index != c.index {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestLoadRefusesAnotherTree: a start does not go on from nodes that do not
// give the head's root.
func TestLoadRefusesAnotherTree(t *testing.T) {
	s := newOffice(t)
	if err := s.store.writer.Exec("UPDATE ledger_head SET root = zeroblob(32)").Error; err != nil {
		t.Fatal(err)
	}
	_, _, err := s.store.Load(t.Context())
	if d, ok := errors.AsType[*Difference](err); !ok || d.Table != "ledger_head" {
		t.Errorf("got %v", err)
	}
}
