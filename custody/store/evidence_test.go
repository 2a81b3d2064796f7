package store

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

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
	files   map[int64]string  // copies of the database, by the size that it had
	notes   map[int64][]byte  // checkpoints that were signed and cosigned then
	forged  map[effort]string // see forge
}

// newEvidence lets two technicians go through one cycle of the policy, and keeps
// a copy and a checkpoint on the way.
func newEvidence(t testing.TB, on ...engine) *evidence {
	t.Helper()
	e := &evidence{scribe: newOffice(t, on...), files: map[int64]string{}, notes: map[int64][]byte{}, forged: map[effort]string{}}
	public, _ := newLogKey(1).PublicKey(t.Context())
	var err error
	if e.key, err = audit.VerifierKey(tamperOrigin, public); err != nil {
		t.Fatal(err)
	}
	e.keepEvidence(t)
	pass := func() { e.now = e.now.Add(time.Minute) }
	pass()
	e.do(t, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 4711")}})
	e.do(t, step{"tech-b", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 4711")}}) // refused
	e.do(t, step{"tech-a", custody.CheckIn{Credential: "db01"}})
	pass()
	e.do(t, step{"tech-a", custody.Offer{All: true, Leave: true, Reason: desk.NewNote("course"), ExpectedReturn: e.now.Add(8 * time.Hour)}})
	e.do(t, step{"tech-b", custody.Accept{Handover: "handover-1"}})
	e.keepEvidence(t)
	pass()
	e.do(t, step{"tech-a", custody.ComeBack{TakeBack: true}})
	e.change(t, "db01")
	pass()
	e.do(t, step{"tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("lunch")}}) // stays open
	e.hire(t, custody.Manager, "manager")
	e.do(t, step{"manager", custody.ChangeSealKey{From: "4567cdef", To: "0123abcd"}})
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
	e.files[size] = e.on.kept(t, e.scribe)
}

func signed(t testing.TB, f *audit.Frontier) []byte {
	t.Helper()
	root, err := f.Root()
	if err != nil {
		t.Fatal(err)
	}
	head, err := audit.SignCheckpoint(t.Context(), tamperOrigin, f.Size(), root, newLogKey(1))
	if err != nil {
		t.Fatal(err)
	}
	return head.Text
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
	return e.on.copied(t, e.files[size])
}

// verifyFile is what an auditor does with a file.
func verifyFile(ctx context.Context, path string, opts audit.VerifyOptions) (Verified, error) {
	s, err := OpenReadOnly(ctx, path, slog.New(slog.DiscardHandler))
	if err != nil {
		return Verified{}, err
	}
	defer s.Close()
	return s.Verify(ctx, opts)
}

// administrator opens a database without Tandem and without its triggers.
func administrator(t testing.TB, at string) *sql.DB {
	t.Helper()
	on := engineOf(at)
	db, err := sql.Open(on.driver, at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	on.unguard(t, db)
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

func flipped(good []byte, bit int) []byte {
	bad := bytes.Clone(good)
	bad[bit/8] ^= 1 << (bit % 8)
	return bad
}

// change must change one row.
func change(t testing.TB, db *sql.DB, statement string, args ...any) {
	t.Helper()
	done, err := db.Exec(numbered(statement), args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	if n, err := done.RowsAffected(); n != 1 || err != nil {
		t.Fatalf("%s: %d rows, %v", statement, n, err)
	}
}

// textsOf gives the only column of what a query finds.
func textsOf(t testing.TB, db *sql.DB, query string, args ...any) (found []string) {
	t.Helper()
	rows, err := db.Query(numbered(query), args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		found = append(found, columnOf[string](t, rows))
	}
	return found
}

// meaningOf gives every value that the ledger stands for, or why it cannot be read.
func meaningOf(s *Store) string {
	var all strings.Builder
	for _, table := range []string{"ledger_entries", "ledger_nodes", "ledger_seals", "ledger_head", "ledger_index", "people", "credentials", "handovers", "proposals", "incidents", "incident_index",
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
