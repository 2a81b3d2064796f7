package store

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// What an administrator of the database can do to it, bit by bit: everything
// that changes what the database says must be found. Each test reports how many
// changes it tried and how many were found. What is done to whole histories is in
// forgery_test.go.

// tamperOrigin names the log that is tampered with.
const tamperOrigin = "tandem.example/ledger"

// logKey is the key of the log, or of a witness, in memory.
type logKey struct{ private ed25519.PrivateKey }

func newLogKey(seed byte) logKey {
	return logKey{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))}
}

func (k logKey) PublicKey(context.Context) (ed25519.PublicKey, error) {
	return k.private.Public().(ed25519.PublicKey), nil
}

func (k logKey) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(k.private, message), nil
}

// evidence is a small real log with what an auditor has of it.
type evidence struct {
	*scribe
	key     string
	witness string
	files   map[int64]string // copies of the database, by the size that it had
	notes   map[int64][]byte // checkpoints that were signed and cosigned then
}

// newEvidence lets two technicians go through one cycle of the policy, and keeps
// a copy and a checkpoint on the way.
func newEvidence(t testing.TB) *evidence {
	t.Helper()
	e := &evidence{scribe: newOffice(t), files: map[int64]string{}, notes: map[int64][]byte{}}
	public, _ := newLogKey(1).PublicKey(t.Context())
	var err error
	if e.key, err = audit.VerifierKey(tamperOrigin, public); err != nil {
		t.Fatal(err)
	}
	e.keepEvidence(t)
	pass := func() { e.now = e.now.Add(time.Minute) }
	pass()
	e.do(t, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: "ticket 4711"}})
	e.do(t, step{"tech-b", custody.CheckOut{Credential: "db01", Purpose: "ticket 4711"}}) // refused
	e.do(t, step{"tech-a", custody.CheckIn{Credential: "db01"}})
	pass()
	e.do(t, step{"tech-a", custody.Offer{All: true, Leave: true, Reason: "course", ExpectedReturn: e.now.Add(8 * time.Hour)}})
	e.do(t, step{"tech-b", custody.Accept{Handover: "handover-1"}})
	e.keepEvidence(t)
	pass()
	e.do(t, step{"tech-a", custody.ComeBack{TakeBack: true}})
	e.change(t, "db01")
	pass()
	e.do(t, step{"tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: "lunch"}}) // stays open
	e.keepEvidence(t)
	return e
}

// keepEvidence signs the head, has it cosigned, and copies the database.
func (e *evidence) keepEvidence(t testing.TB) {
	t.Helper()
	size := e.frontier.Size()
	c := openedAs(t, signed(t, e.frontier), e.key)
	made, err := audit.Cosign(t.Context(), c, "witness.example", e.now, newLogKey(2))
	if err != nil {
		t.Fatal(err)
	}
	e.witness, e.notes[size] = made.Key, c.With(made)
	if err := e.store.AddCosignature(t.Context(), c, made); err != nil {
		t.Fatal(err)
	}
	e.files[size] = filepath.Join(t.TempDir(), "copy.db")
	if err := e.store.Backup(t.Context(), e.files[size]); err != nil {
		t.Fatal(err)
	}
}

func signed(t testing.TB, f *audit.Frontier) []byte {
	t.Helper()
	root, err := f.Root()
	if err != nil {
		t.Fatal(err)
	}
	note, err := audit.SignCheckpoint(t.Context(), tamperOrigin, f.Size(), root, newLogKey(1))
	if err != nil {
		t.Fatal(err)
	}
	return note
}

func openedAs(t testing.TB, note []byte, key string) audit.Checkpoint {
	t.Helper()
	c, err := audit.OpenCheckpoint(note, key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sizes of the kept copies, smallest first.
func (e *evidence) sizes() []int64 {
	var sizes []int64
	for size := range e.files {
		sizes = append(sizes, size)
	}
	slices.Sort(sizes)
	return sizes
}

// since gives the options of an auditor who kept these checkpoints.
func (e *evidence) since(sizes ...int64) audit.VerifyOptions {
	opts := audit.VerifyOptions{Keys: []string{e.key}}
	for _, size := range sizes {
		opts.Checkpoints = append(opts.Checkpoints, e.notes[size])
	}
	return opts
}

// copied gives a copy of the whole database, or of an earlier one, to tamper with.
func (e *evidence) copied(t testing.TB, size int64) string {
	t.Helper()
	content, err := os.ReadFile(e.files[size])
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tampered.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// verifyFile is what an auditor does with a file.
func verifyFile(ctx context.Context, path string, opts audit.VerifyOptions) (audit.Report, error) {
	s, err := OpenReadOnly(ctx, path, slog.New(slog.DiscardHandler))
	if err != nil {
		return audit.Report{}, err
	}
	defer s.Close()
	return s.Verify(ctx, opts)
}

// administrator opens a database without Tandem and without its triggers.
func administrator(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	execAll(t, db, "PRAGMA synchronous = OFF", "PRAGMA ignore_check_constraints = ON")
	var triggers []string
	rows, err := db.Query("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		triggers = append(triggers, "DROP TRIGGER "+columnOf[string](t, rows))
	}
	if len(triggers) == 0 {
		t.Fatal("there are no triggers")
	}
	execAll(t, db, triggers...)
	return db
}

func columnOf[T any](t testing.TB, rows *sql.Rows) (value T) {
	t.Helper()
	if err := rows.Scan(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func execAll(t testing.TB, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// memory is the log in memory: a Source, and the HashReader of its nodes.
type memory struct {
	records [][]byte
	nodes   []audit.Hash
}

func (e *evidence) memory(t testing.TB) *memory {
	t.Helper()
	m := &memory{}
	var f audit.Frontier
	for _, record := range e.records {
		nodes, err := f.Append(record)
		if err != nil {
			t.Fatal(err)
		}
		m.records = append(m.records, bytes.Clone(record))
		for _, node := range nodes {
			m.nodes = append(m.nodes, node.Hash)
		}
	}
	return m
}

func (m *memory) Size(context.Context) (int64, error) { return int64(len(m.records)), nil }

func (m *memory) Records(_ context.Context, from, to int64, yield func(int64, []byte) error) error {
	for i := from; i < to; i++ {
		if err := yield(i, m.records[i]); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) ReadHashes(indexes []int64) ([]audit.Hash, error) {
	var hashes []audit.Hash
	for _, i := range indexes {
		hashes = append(hashes, m.nodes[i])
	}
	return hashes, nil
}

// verify is what an auditor does with an export.
func (m *memory) verify(ctx context.Context, opts audit.VerifyOptions) error {
	state := custody.NewState()
	opts.Workers = 1
	opts.Prepare = func(e audit.Entry) (any, error) { return custody.FromRecord(e) }
	opts.Step = func(_ int64, _ audit.Entry, prepared any) error {
		return custody.Replay(state, prepared.(custody.Event))
	}
	_, err := audit.Verify(ctx, m, opts)
	return err
}

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
					err := m.verify(t.Context(), audit.VerifyOptions{StoredNodes: m})
					wrong, ok := errors.AsType[*audit.VerifyError](err)
					if !ok || wrong.Index != int64(i) {
						t.Fatalf("entry %d, bit %d, stored nodes: %v", i, bit, err)
					}
					if wrong.Check == audit.CheckEncoding || wrong.Check == audit.CheckPrepare {
						byForm.Add(1) // found whatever else is given
					} else if err := m.verify(t.Context(), e.since(e.sizes()...)); err == nil {
						t.Fatalf("entry %d, bit %d, checkpoint: not found", i, bit)
					}
					found.Add(1)
					m.records[i][bit/8] ^= 1 << (bit % 8)
				}
			})
		}
	})
	t.Logf("bits of %d entries: %d tried, %d found; %d of them by their form alone", len(e.records), tried.Load(), found.Load(), byForm.Load())
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
func TestTamperHead(t *testing.T) {
	e := newEvidence(t)
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
	for column, good := range map[string]int64{"size": head.Size, "handovers": head.Handovers, "leases": head.Leases} {
		for bit := range 64 {
			try(column, good, good^(1<<bit))
		}
	}
	for bit := range len(head.Root) * 8 {
		try("root", head.Root, flipped(head.Root, bit))
	}
	for bit := range len(head.Time) * 8 {
		try("time", head.Time, string(flipped([]byte(head.Time), bit)))
	}
	if err := verify(t.Context(), reader); err != nil {
		t.Fatalf("put right again: %v", err)
	}
	t.Logf("bits of the head: %d tried, all found", tried)
}

func flipped(good []byte, bit int) []byte {
	bad := bytes.Clone(good)
	bad[bit/8] ^= 1 << (bit % 8)
	return bad
}

// change must change one row.
func change(t testing.TB, db *sql.DB, statement string, args ...any) {
	t.Helper()
	done, err := db.Exec(statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if n, err := done.RowsAffected(); n != 1 || err != nil {
		t.Fatalf("%s: %d rows, %v", statement, n, err)
	}
}

// TestTamperTables alters each column of each row of the folded tables, once.
func TestTamperTables(t *testing.T) {
	e := newEvidence(t)
	path := e.copied(t, e.frontier.Size())
	db := administrator(t, path)
	reader, err := OpenReadOnly(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for table, key := range map[string]string{"people": "username", "credentials": "name", "handovers": "id"} {
		tried := 0
		for _, column := range textsOf(t, db, "SELECT name FROM pragma_table_info(?)", table) {
			for _, row := range textsOf(t, db, "SELECT "+key+" FROM "+table) {
				var good any
				if err := db.QueryRow("SELECT "+column+" FROM "+table+" WHERE "+key+" = ?", row).Scan(&good); err != nil {
					t.Fatal(err)
				}
				name := row
				bad := any(fmt.Sprint(good) + "x")
				if number, ok := good.(int64); ok {
					bad = number ^ 1
				}
				if column == key {
					name = row + "x"
				}
				change(t, db, "UPDATE "+table+" SET "+column+" = ? WHERE "+key+" = ?", bad, row)
				tried++
				_, err := reader.Verify(t.Context(), audit.VerifyOptions{})
				if d, ok := errors.AsType[*Difference](err); !ok || d.Table != table {
					t.Errorf("%s of %s in %s = %v: %v", column, row, table, bad, err)
				}
				change(t, db, "UPDATE "+table+" SET "+column+" = ? WHERE "+key+" = ?", good, name)
			}
		}
		t.Logf("columns of the rows of %s: %d tried, all found", table, tried)
	}
	if err := verify(t.Context(), reader); err != nil {
		t.Fatalf("put right again: %v", err)
	}
}

// textsOf gives the only column of what a query finds.
func textsOf(t testing.TB, db *sql.DB, query string, args ...any) (found []string) {
	t.Helper()
	rows, err := db.Query(query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		found = append(found, columnOf[string](t, rows))
	}
	return found
}

// TestTamperCosigned flips each bit of what is kept of witnesses.
func TestTamperCosigned(t *testing.T) {
	e := newEvidence(t)
	path := e.copied(t, e.frontier.Size())
	db := administrator(t, path)
	reader, err := OpenReadOnly(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	look := func(size int64) error {
		kept, err := reader.Cosigned(t.Context(), size+1, 1)
		if err != nil {
			return err
		}
		return reader.verifyKept(t.Context(), kept[0], []string{e.key}, e.frontier.Size())
	}
	for column, table := range map[string]string{
		"note": "cosigned_checkpoints", "root": "cosigned_checkpoints", "origin": "cosigned_checkpoints",
		"line": "cosignatures", "witness": "cosignatures", "at": "cosignatures",
	} {
		tried := 0
		for size := range e.notes {
			var good []byte
			if err := db.QueryRow("SELECT CAST("+column+" AS BLOB) FROM "+table+" WHERE size = ?", size).Scan(&good); err != nil {
				t.Fatal(err)
			}
			set := "UPDATE " + table + " SET " + column + " = CAST(? AS TEXT) WHERE size = ?"
			if column == "note" || column == "root" || column == "line" {
				set = strings.Replace(set, "TEXT", "BLOB", 1)
			}
			for bit := range len(good) * 8 {
				change(t, db, set, flipped(good, bit), size)
				tried++
				if err := look(size); err == nil {
					t.Fatalf("%s of %s %d, bit %d: not found", column, table, size, bit)
				}
			}
			change(t, db, set, good, size)
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
		_, err := verifyFile(t.Context(), path, e.since(e.frontier.Size()))
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

// meaningOf gives every value that the ledger stands for, or why it cannot be read.
func meaningOf(s *Store) string {
	var all strings.Builder
	for _, table := range []string{"ledger_entries", "ledger_nodes", "ledger_head", "ledger_index", "people", "credentials", "handovers",
		"cosigned_checkpoints", "cosignatures"} {
		rows, err := s.reader.Raw("SELECT * FROM " + table).Rows()
		if err != nil {
			return err.Error()
		}
		columns, err := rows.Columns()
		if err != nil {
			return err.Error()
		}
		values := make([]sql.RawBytes, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(into...); err != nil {
				return err.Error()
			}
			fmt.Fprintf(&all, "%s %q\n", table, values)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err.Error()
		}
	}
	return all.String()
}
