package store

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/go-json-experiment/json"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// What an administrator of the database can do to it, bit by bit: everything
// that changes what the database says must be found. Each test reports how many
// changes it tried and how many were found. What is done to whole histories is in
// forgery_test.go.

// TestTamperRecords flips each bit of each entry. The stored nodes name the very
// entry, without any key; without the nodes, the checkpoint finds it.
func TestTamperRecords(t *testing.T) {
	e := newEvidence(t)
	var tried, found, byForm atomic.Int64
	t.Run("entries", func(t *testing.T) {
		for i := range e.records {
			t.Run(fmt.Sprint(i), func(t *testing.T) {
				t.Parallel()
				m := e.memory(t)
				for bit := range len(m.records[i]) * 8 {
					m.records[i][bit/8] ^= 1 << (bit % 8)
					tried.Add(1)
					bad := readable(m.records[i]) != nil
					if bad {
						byForm.Add(1)
					}
					// What cannot be read stops any verification: one in eight has to prove it.
					if !bad || bit%8 == i%8 {
						err := m.verify(t.Context(), audit.VerifyOptions{StoredNodes: m})
						wrong, ok := errors.AsType[*audit.VerifyError](err)
						if !ok || wrong.Index != int64(i) || bad != (wrong.Check == audit.CheckEncoding || wrong.Check == audit.CheckPrepare) {
							t.Fatalf("entry %d, bit %d, stored nodes: %v", i, bit, err)
						}
					}
					if !bad {
						if err := m.verify(t.Context(), e.since(e.sizes()...)); err == nil {
							t.Fatalf("entry %d, bit %d, checkpoint: not found", i, bit)
						}
					}
					found.Add(1)
					m.records[i][bit/8] ^= 1 << (bit % 8)
				}
			})
		}
	})
	t.Logf("bits of %d entries: %d tried, %d found; %d of them by their form alone", len(e.records), tried.Load(), found.Load(), byForm.Load())
}

// readable says whether a record is an entry, and the entry an event.
func readable(record []byte) error {
	entry, err := audit.DecodeEntry(record)
	if err == nil {
		_, err = custody.FromRecord(entry)
	}
	return err
}

// TestTamperNodes flips each bit of each stored node: named is its entry.
func TestTamperNodes(t *testing.T) {
	e := newEvidence(t)
	m := e.memory(t)
	tried := 0
	for node := range m.nodes {
		entry := int64(0)
		for tlog.StoredHashIndex(0, entry+1) <= int64(node) {
			entry++
		}
		for bit := range tlog.HashSize * 8 {
			m.nodes[node][bit/8] ^= 1 << (bit % 8)
			tried++
			_, err := audit.Verify(t.Context(), m, audit.VerifyOptions{StoredNodes: m, Workers: 1})
			wrong, ok := errors.AsType[*audit.VerifyError](err)
			if !ok || wrong.Check != audit.CheckNode || wrong.Index != entry {
				t.Fatalf("node %d, bit %d: %v", node, bit, err)
			}
			m.nodes[node][bit/8] ^= 1 << (bit % 8)
		}
	}
	t.Logf("bits of %d nodes: %d tried, all found", len(m.nodes), tried)
}

// TestTamperCheckpoints flips each bit of each checkpoint that the auditor keeps.
// One in a cosignature is found by whoever gives the witness's key.
func TestTamperCheckpoints(t *testing.T) {
	e := newEvidence(t)
	m := e.memory(t)
	all := audit.Quorum{Need: 1, Keys: []string{e.witness}}
	tried, byWitness := 0, 0
	for size, note := range e.notes {
		for bit := range len(note) * 8 {
			bad := bytes.Clone(note)
			bad[bit/8] ^= 1 << (bit % 8)
			tried++
			_, err := audit.Verify(t.Context(), m, audit.VerifyOptions{Checkpoints: [][]byte{bad}, Keys: []string{e.key}, Workers: 1})
			if err == nil {
				byWitness++
				if _, err = all.Check(openedAs(t, bad, e.key)); err == nil {
					t.Fatalf("checkpoint of %d, bit %d: not found", size, bit)
				}
			}
		}
	}
	t.Logf("bits of %d checkpoints: %d tried, all found; %d of them by the witness's key", len(e.notes), tried, byWitness)
}

// TestTamperHead flips each bit of each column of the head, in the file.
func TestTamperHead(t *testing.T) { onBoth(t, tamperHead) }

func tamperHead(t *testing.T, on engine) {
	e := newEvidence(t, on)
	path := e.copied(t, e.frontier.Size())
	db := administrator(t, path)
	reader, err := OpenReadOnly(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	head, err := readHead(reader.reader)
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	try := func(column string, good, bad any) {
		t.Helper()
		change(t, db, "UPDATE ledger_head SET "+column+" = ?", bad)
		tried++
		if _, err := reader.Verify(t.Context(), audit.VerifyOptions{}); err == nil {
			t.Fatalf("%s = %v: not found", column, bad)
		}
		change(t, db, "UPDATE ledger_head SET "+column+" = ?", good)
	}
	for column, good := range map[string]int64{"size": head.Size, "handovers": head.Handovers, "leases": head.Leases, "proposals": head.Proposals, "incidents": head.Incidents} {
		for bit := range 64 {
			try(column, good, good^(1<<bit))
		}
	}
	for bit := range len(head.Root) * 8 {
		if bit%on.every == 0 {
			try("root", head.Root, flipped(head.Root, bit))
		}
	}
	for bit := range len(head.Time) * 8 {
		if bad := string(flipped([]byte(head.Time), bit)); bit%on.every == 0 && !on.refuses(bad) {
			try("time", head.Time, bad)
		}
	}
	if err := verify(t.Context(), reader); err != nil {
		t.Fatalf("put right again: %v", err)
	}
	t.Logf("bits of the head: %d tried, all found", tried)
}

// TestTamperSeals flips each bit of each seal, in the file. A bit of what a seal
// covers is found without the key too.
func TestTamperSeals(t *testing.T) { onBoth(t, tamperSeals) }

func tamperSeals(t *testing.T, on engine) {
	e := newEvidence(t, on)
	path := e.copied(t, e.frontier.Size())
	db := administrator(t, path)
	reader, err := OpenReadOnly(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	tried := 0
	try := func(column string, size int64, good, bad any, opts audit.VerifyOptions) {
		t.Helper()
		change(t, db, "UPDATE ledger_seals SET "+column+" = ? WHERE size = ?", bad, size)
		tried++
		_, err := reader.Verify(t.Context(), opts)
		if wrong, ok := errors.AsType[*audit.VerifyError](err); !ok || wrong.Check != audit.CheckSeal {
			t.Fatalf("%s of seal %d = %v: %v", column, size, bad, err)
		}
		change(t, db, "UPDATE ledger_seals SET "+column+" = ? WHERE size = ?", good, size)
	}
	for seal, err := range reader.Seals(t.Context(), 0, e.frontier.Size()) {
		if err != nil {
			t.Fatal(err)
		}
		for bit := range 8 {
			try("from_size", seal.Size, seal.From, seal.From^(1<<bit), audit.VerifyOptions{})
		}
		for bit := range len(seal.Mark) * 8 {
			if bad := string(flipped([]byte(seal.Mark), bit)); bit%(9*on.every) == 0 && !on.refuses(bad) { // one bit of each character, in turn
				try("mark", seal.Size, seal.Mark, bad, audit.VerifyOptions{CheckSeal: checkTestMark})
			}
		}
	}
	for _, statement := range []string{
		"DELETE FROM ledger_seals WHERE size = (SELECT max(size) FROM ledger_seals)",
		"DELETE FROM ledger_seals WHERE from_size = 0",
		"DELETE FROM ledger_seals",
		"UPDATE ledger_seals SET size = size + 1 WHERE size = (SELECT max(size) FROM ledger_seals)",
	} {
		path := e.copied(t, e.frontier.Size())
		execAll(t, administrator(t, path), statement)
		_, err := verifyFile(t.Context(), path, audit.VerifyOptions{})
		if wrong, ok := errors.AsType[*audit.VerifyError](err); !ok || wrong.Check != audit.CheckSeal {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if err := verify(t.Context(), reader); err != nil {
		t.Fatalf("put right again: %v", err)
	}
	t.Logf("bits of the seals: %d tried, all found", tried)
}

// TestTamperTables alters, in each document of the folded tables, each member on its
// own, takes each out, adds one, and writes the same in another way; and moves each
// document to another key.
func TestTamperTables(t *testing.T) { onBoth(t, tamperTables) }

func tamperTables(t *testing.T, on engine) {
	e := newEvidence(t, on)
	path := e.copied(t, e.frontier.Size())
	db := administrator(t, path)
	reader, err := OpenReadOnly(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for _, folded := range folded {
		table, tried := folded.table(), 0
		find := func(what, key string) {
			t.Helper()
			tried++
			_, err := reader.Verify(t.Context(), audit.VerifyOptions{})
			if d, ok := errors.AsType[*Difference](err); !ok || d.Table != table {
				t.Errorf("%s: %s of %s: %v", table, what, key, err)
			}
		}
		for _, key := range textsOf(t, db, "SELECT key FROM "+table) {
			var good string
			one(t, db, &good, "SELECT doc FROM "+table+" WHERE key = ?", key)
			for what, bad := range misquoted(t, good) {
				change(t, db, "UPDATE "+table+" SET doc = ? WHERE key = ?", bad, key)
				find(what, key)
			}
			change(t, db, "UPDATE "+table+" SET doc = ? WHERE key = ?", good, key)
			change(t, db, "UPDATE "+table+" SET key = ? WHERE key = ?", key+"x", key)
			find("the key", key)
			change(t, db, "UPDATE "+table+" SET key = ? WHERE key = ?", key, key+"x")
		}
		t.Logf("documents of %s: %d changes tried, all found", table, tried)
	}
	if err := verify(t.Context(), reader); err != nil {
		t.Fatalf("put right again: %v", err)
	}
}

// misquoted gives what can be made of a document, by what was done.
func misquoted(t *testing.T, good string) map[string]string {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(good), &members); err != nil {
		t.Fatal(err)
	}
	bad := map[string]string{"a space": good + " "}
	write := func(what string, members map[string]any) {
		text, err := json.Marshal(members, json.Deterministic(true))
		if err != nil {
			t.Fatal(err)
		}
		bad[what] = string(text)
	}
	for name, value := range members {
		changed := maps.Clone(members)
		switch v := value.(type) {
		case string:
			changed[name] = v + "x"
		case float64:
			changed[name] = v + 1
		case bool:
			changed[name] = !v
		case []any:
			changed[name] = append(slices.Clone(v), "x")
		case map[string]any:
			more := maps.Clone(v)
			more["x"] = true
			changed[name] = more
		}
		write("another "+name, changed)
		// What the database computes from has to be there: else it refuses the row.
		if delete(changed, name); !slices.Contains([]string{"name", "target", "primary", "backup", "phase", "from", "to", "status", "credentials", "offered_at", "opened_at", "grade", "requester"}, name) {
			write("no "+name, changed)
		}
	}
	added := maps.Clone(members)
	added["added"] = true
	write("one more", added)
	return bad
}

// TestTamperCosigned flips each bit of what is kept of witnesses.
func TestTamperCosigned(t *testing.T) { onBoth(t, tamperCosigned) }

func tamperCosigned(t *testing.T, on engine) {
	e := newEvidence(t, on)
	path := e.copied(t, e.frontier.Size())
	db := administrator(t, path)
	reader, err := OpenReadOnly(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	look := func(size int64) error {
		c, err := reader.compare(t.Context())
		if err != nil {
			return err
		}
		defer c.close()
		kept, err := readCosigned(c.db, size+1, 1)
		if err != nil {
			return err
		}
		return c.verifyKept(kept[0], []string{e.key}, reader.HashReader(t.Context()))
	}
	for column, table := range map[string]string{
		"note": "cosigned_checkpoints", "root": "cosigned_checkpoints", "origin": "cosigned_checkpoints",
		"line": "cosignatures", "witness": "cosignatures", "at": "cosignatures",
	} {
		tried := 0
		for size := range e.notes {
			var good []byte
			one(t, db, &good, "SELECT "+column+" FROM "+table+" WHERE size = ?", size)
			stored := func(value []byte) any {
				if column == "note" || column == "root" || column == "line" {
					return value
				}
				return string(value)
			}
			set := "UPDATE " + table + " SET " + column + " = ? WHERE size = ?"
			for bit := range len(good) * 8 {
				bad := stored(flipped(good, bit))
				if text, is := bad.(string); bit%on.every != 0 || is && on.refuses(text) {
					continue
				}
				change(t, db, set, bad, size)
				tried++
				if err := look(size); err == nil {
					t.Fatalf("%s of %s %d, bit %d: not found", column, table, size, bit)
				}
			}
			change(t, db, set, stored(good), size)
			if err := look(size); err != nil {
				t.Fatalf("put right again: %v", err)
			}
		}
		t.Logf("bits of %s in %s: %d tried, all found", column, table, tried)
	}
	first := e.sizes()[0]
	for _, statement := range []string{
		fmt.Sprintf("UPDATE cosigned_checkpoints SET size = 1 WHERE size = %d", first),
		fmt.Sprintf("DELETE FROM cosigned_checkpoints WHERE size = %d", first),
	} {
		path := e.copied(t, e.frontier.Size())
		execAll(t, administrator(t, path), statement)
		if _, err := verifyFile(t.Context(), path, e.since()); err == nil {
			t.Errorf("%s: not found", statement)
		}
	}
}

// TestTamperBytes flips bits anywhere in the file. Either nothing that the ledger
// stands for has changed, as when the bit was in free space, or it is found.
func TestTamperBytes(t *testing.T) {
	e := newEvidence(t)
	content, err := os.ReadFile(e.files[e.frontier.Size()])
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tampered.db")
	meaning := func() string {
		s, err := OpenReadOnly(t.Context(), path, slog.New(slog.DiscardHandler))
		if err != nil {
			return err.Error()
		}
		defer s.Close()
		return meaningOf(s)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	good := meaning()
	random := rand.New(rand.NewPCG(4, 4))
	tried, changed, found := 250, 0, 0
	for range tried {
		bit := random.IntN(len(content) * 8)
		if err := os.WriteFile(path, flipped(content, bit), 0o600); err != nil {
			t.Fatal(err)
		}
		opts := e.since(e.frontier.Size())
		opts.CheckSeal = checkTestMark
		_, err := verifyFile(t.Context(), path, opts)
		if err != nil {
			found++
		}
		if meaning() != good {
			changed++
			if err == nil {
				t.Errorf("byte %d, bit %d: the database says something else, not found", bit/8, bit%8)
			}
		}
	}
	t.Logf("bits of a file of %d bytes: %d tried; %d changed what it says, all found; %d found in all", len(content), tried, changed, found)
}

// TestTamperGenerated has the columns that filters read computed from something
// else than the record or the document.
func TestTamperGenerated(t *testing.T) {
	e := newEvidence(t)
	for name, to := range map[string][2]string{
		"ledger_entries": {"$.type", "$.actor"}, "people": {"$.name", "$.username"}, "credentials": {"$.holder", "$.backup"},
		"handovers": {"$.to", "$.from"},
	} {
		path := e.copied(t, e.frontier.Size())
		execAll(t, administrator(t, path), "PRAGMA writable_schema = ON",
			"UPDATE sqlite_schema SET sql = replace(sql, '"+to[0]+"', '"+to[1]+"') WHERE name = '"+name+"'")
		_, err := verifyFile(t.Context(), path, e.since())
		if d, ok := errors.AsType[*Difference](err); !ok || d.Key != "its columns" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTamperStored writes something else into the columns that filters read, which
// PostgreSQL stores, and has them computed by something else.
func TestTamperStored(t *testing.T) {
	e := newEvidence(t, onPostgres)
	for table, statements := range map[string][]string{
		"people": {"UPDATE pg_attribute SET attgenerated = '' WHERE attrelid = 'people'::regclass AND attname = 'name'",
			"UPDATE people SET name = key", "UPDATE pg_attribute SET attgenerated = 's' WHERE attrelid = 'people'::regclass AND attname = 'name'"},
		"credentials": {"ALTER TABLE credentials ALTER COLUMN holder DROP EXPRESSION", "UPDATE credentials SET holder = backup_custodian"},
		"handovers":   {"ALTER TABLE handovers ALTER COLUMN reason DROP EXPRESSION", "UPDATE handovers SET reason = ''"},
		"ledger_entries": {"CREATE OR REPLACE FUNCTION member_of(record bytea, name text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE " +
			"AS $$SELECT 'x' || (convert_from(record, 'UTF8')::json ->> name)$$"},
	} {
		at := e.copied(t, e.frontier.Size())
		execAll(t, administrator(t, at), append([]string{"SET allow_system_table_mods = on"}, statements...)...)
		_, err := verifyFile(t.Context(), at, e.since())
		if d, ok := errors.AsType[*Difference](err); !ok || d.Table != table || d.Key != "its columns" {
			t.Errorf("%s: %v", table, err)
		}
	}
}
