package store

import (
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

// What an administrator of the database can do to a history as a whole. Whatever
// is worked out anew, the signing key is not theirs.

// effort is how much of what follows from the entries the forger works out anew.
type effort int

const (
	entriesOnly effort = iota
	andTree            // nodes and head
	andTables          // everything
)

func (e effort) String() string {
	return [...]string{"entries only", "tree too", "tree and tables too"}[e]
}

// forge gives a database with another history. What is made up in it says the words
// of the notes that are given. There is one for each effort, until the next is forged.
func (e *evidence) forge(t testing.TB, records [][]byte, how effort, madeUp ...custody.Note) string {
	t.Helper()
	path := e.forged[how] // what is not written anew below is in it as it was
	if path == "" {
		path = e.copied(t, e.frontier.Size())
		e.forged[how] = path
	}
	texts := e.texts(t)
	for _, n := range madeUp {
		texts[n.Commitment()], _ = n.Words()
	}
	db := administrator(t, path)
	if how != entriesOnly { // what is kept of the witnesses would give it away
		execAll(t, db, "DELETE FROM ledger_nodes", "DELETE FROM ledger_seals", "DELETE FROM cosignatures", "DELETE FROM cosigned_checkpoints")
	}
	execAll(t, db, "DELETE FROM ledger_entries")
	if how != entriesOnly {
		execAll(t, db, "DELETE FROM ledger_texts")
	}
	var f audit.Frontier
	for i, record := range records {
		execArgs(t, db, "INSERT INTO ledger_entries (idx, record) VALUES (?, ?)", i, record)
		if how == entriesOnly {
			continue
		}
		nodes, err := f.Append(record)
		if err != nil {
			t.Fatal(err)
		}
		for commitment, w := range beside(record, texts) {
			execArgs(t, db, "INSERT INTO ledger_texts (idx, commitment, salt, text) VALUES (?, ?, ?, ?)", i, commitment, w.Salt[:], w.Text)
		}
		for _, node := range nodes {
			execArgs(t, db, "INSERT INTO ledger_nodes (id, hash) VALUES (?, ?)", node.Index, node.Hash[:])
		}
	}
	if how != entriesOnly {
		root, err := f.Root()
		if err != nil {
			t.Fatal(err)
		}
		execArgs(t, db, "UPDATE ledger_head SET size = ?, root = ?", f.Size(), root[:])
		if len(records) > 0 { // of the form that a seal has, without its key
			execArgs(t, db, "INSERT INTO ledger_seals (size, from_size, mark) VALUES (?, 0, 'test.00')", f.Size())
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if how == andTables {
		s, err := Open(t.Context(), path, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Rebuild(t.Context()), s.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// texts gives all that was written, by commitment.
func (e *evidence) texts(t testing.TB) map[string]custody.Words {
	t.Helper()
	texts := map[string]custody.Words{}
	for _, event := range e.events {
		for _, n := range event.Written() {
			if w, known := n.Words(); known {
				texts[n.Commitment()] = w
			}
		}
	}
	return texts
}

// beside gives those of the texts that come with a record.
func beside(record []byte, texts map[string]custody.Words) map[string]custody.Words {
	mine := map[string]custody.Words{}
	event, err := decodeEvent(entryRow{Record: record})
	if err != nil {
		return nil // no entry of Tandem's
	}
	for _, n := range event.Written() {
		if w, known := texts[n.Commitment()]; known {
			mine[n.Commitment()] = w
		}
	}
	return mine
}

func execArgs(t testing.TB, db *sql.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.Exec(numbered(statement), args...); err != nil {
		t.Fatal(err)
	}
}

// record gives the bytes of an event's entry.
func record(t testing.TB, event custody.Event) []byte {
	t.Helper()
	entry, err := event.Record()
	if err != nil {
		t.Fatal(err)
	}
	text, err := entry.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// indexOf is where the first fact of this type is.
func indexOf[F custody.Fact](t testing.TB, events []custody.Event) int {
	t.Helper()
	i := slices.IndexFunc(events, func(e custody.Event) bool { _, ok := e.Fact.(F); return ok })
	if i < 0 {
		t.Fatalf("there is no %T", *new(F))
	}
	return i
}

// TestForgedHistory deletes, repeats, swaps, inserts, rewrites and cuts off, with
// all efforts. The newest checkpoint finds every one. Without a key, entries that
// are changed alone are found, and what breaks a rule whatever the effort; the
// rest is what a key and a checkpoint are for, and is listed here.
func TestForgedHistory(t *testing.T) { onBoth(t, forgedHistory) }

func forgedHistory(t *testing.T, on engine) {
	e := newEvidence(t, on)
	last := len(e.records) - 1
	checkout := indexOf[custody.CheckoutGranted](t, e.events)
	refused := indexOf[custody.CommandRefused](t, e.events)
	accepted := indexOf[custody.HandoverAccepted](t, e.events)
	rewritten := e.events[checkout]
	fact := rewritten.Fact.(custody.CheckoutGranted)
	fact.Purpose = desk.NewNote("ticket 4712")
	rewritten.Fact = fact
	retold := rewritten
	retold.Cause = &custody.Cause{Action: custody.CheckOut{Credential: fact.Credential, Purpose: fact.Purpose}, Proof: rewritten.Cause.Proof}
	unconfirmed := e.events[accepted]
	unconfirmed.Confirm = nil

	tried, found := map[effort]int{}, map[effort]int{}
	for name, c := range map[string]struct {
		edit   func(r [][]byte) [][]byte
		unseen effort // from which effort on nothing is seen without a checkpoint; 0: it is always seen
	}{
		"nothing":                               {func(r [][]byte) [][]byte { return r }, -1},
		"first deleted":                         {func(r [][]byte) [][]byte { return r[1:] }, 0},
		"accepted deleted":                      {func(r [][]byte) [][]byte { return slices.Delete(r, accepted, accepted+1) }, 0},
		"refusal deleted":                       {func(r [][]byte) [][]byte { return slices.Delete(r, refused, refused+1) }, andTables},
		"cut off by one":                        {func(r [][]byte) [][]byte { return r[:last] }, andTables},
		"cut off by half":                       {func(r [][]byte) [][]byte { return r[:last/2] }, andTables},
		"everything deleted":                    {func(r [][]byte) [][]byte { return nil }, andTables},
		"check-out repeated":                    {func(r [][]byte) [][]byte { return slices.Insert(r, checkout+1, r[checkout]) }, 0},
		"acceptance repeated":                   {func(r [][]byte) [][]byte { return slices.Insert(r, accepted+1, r[accepted]) }, 0},
		"last repeated":                         {func(r [][]byte) [][]byte { return append(r, r[last]) }, 0},
		"check-out and refusal swapped":         {func(r [][]byte) [][]byte { r[checkout], r[checkout+1] = r[checkout+1], r[checkout]; return r }, andTables},
		"offer and acceptance swapped":          {func(r [][]byte) [][]byte { r[accepted-1], r[accepted] = r[accepted], r[accepted-1]; return r }, 0},
		"purpose rewritten":                     {func(r [][]byte) [][]byte { r[checkout] = record(t, rewritten); return r }, 0},
		"purpose rewritten, in the command too": {func(r [][]byte) [][]byte { r[checkout] = record(t, retold); return r }, andTree},
		"confirmation taken away":               {func(r [][]byte) [][]byte { r[accepted] = record(t, unconfirmed); return r }, 0},
		"all of it the other way":               {func(r [][]byte) [][]byte { slices.Reverse(r); return r }, 0},
	} {
		for _, how := range []effort{entriesOnly, andTree, andTables} {
			path := e.forge(t, c.edit(slices.Clone(e.records)), how, fact.Purpose)
			_, without := verifyFile(t.Context(), path, audit.VerifyOptions{})
			_, with := verifyFile(t.Context(), path, e.since(e.frontier.Size()))
			if name == "nothing" {
				if without != nil || with != nil {
					t.Fatalf("%s, %s: %v, %v", name, how, without, with)
				}
				continue
			}
			tried[how]++
			if without != nil {
				found[how]++
			}
			if with == nil {
				t.Errorf("%s, %s: the newest checkpoint does not find it", name, how)
			}
			opened := audit.VerifyOptions{CheckSeal: checkTestMark}
			if _, err := verifyFile(t.Context(), path, opened); err == nil && name != "everything deleted" {
				t.Errorf("%s, %s: the key of the seals does not find it", name, how)
			}
			if seen := c.unseen == 0 || how < c.unseen; seen != (without != nil) {
				t.Errorf("%s, %s, without a checkpoint: %v", name, how, without)
			}
		}
	}
	for how, n := range tried {
		t.Logf("%s: %d tried; with the newest checkpoint all found, with nothing %d", how, n, found[how])
	}
}

// TestRollBack puts an earlier copy of the whole file in the place of the newer
// one. It is a database that was right once, so nothing in it can tell: only a
// newer checkpoint that somebody kept, or a witness, knows more.
func TestRollBack(t *testing.T) { onBoth(t, rollBack) }

func rollBack(t *testing.T, on engine) {
	e := newEvidence(t, on)
	sizes := e.sizes()
	old, newest := sizes[1], sizes[2]
	path := e.copied(t, old)
	for _, opts := range []audit.VerifyOptions{{}, e.since(sizes[0]), e.since(old)} {
		if report, err := verifyFile(t.Context(), path, opts); err != nil || report.Size != old {
			t.Errorf("with %d checkpoints of before: %v", len(opts.Checkpoints), err)
		}
	}
	// From the auditor's drawer, or from the witness: the same note.
	_, err := verifyFile(t.Context(), path, e.since(newest))
	mustBe(t, err, audit.CheckCheckpoint, old, audit.ErrMissing)

	rolled := func(tables ...string) string {
		path := e.copied(t, newest)
		db, before := administrator(t, path), administrator(t, e.copied(t, old))
		for _, table := range tables {
			execAll(t, db, "DELETE FROM "+table)
			names := textsOf(t, db, on.columns, table)
			columns := strings.Join(names, ", ")
			for _, row := range rowsOf(t, before, columns, table) {
				execArgs(t, db, "INSERT INTO "+table+" ("+columns+") VALUES (?"+strings.Repeat(", ?", len(names)-1)+")", row...)
			}
		}
		return path
	}
	tables := []string{"ledger_head", "ledger_seals", "ledger_index", "people", "credentials", "handovers", "proposals", "incidents", "incident_index", "sessions", "documents", "seal_keys"}
	path = rolled(append(tables, "cosigned_checkpoints", "cosignatures")...)
	_, err = verifyFile(t.Context(), path, audit.VerifyOptions{})
	if d, ok := errors.AsType[*Difference](err); !ok || d.Table != "ledger_entries" {
		t.Errorf("entries were left behind the head: %v", err)
	}
	path = rolled(append(tables, "ledger_entries", "ledger_nodes", "ledger_texts")...)
	if _, err := verifyFile(t.Context(), path, audit.VerifyOptions{}); err != nil {
		t.Errorf("cosignatures were left, and no key is given: %v", err)
	}
	_, err = verifyFile(t.Context(), path, e.since())
	mustBe(t, err, audit.CheckCheckpoint, old, audit.ErrMissing)
}

// TestFork rolls the database back and lets Tandem itself go on from there, with
// its own key: a second history, as right as the first. Whoever has a checkpoint
// of the first one sees it.
func TestFork(t *testing.T) { onBoth(t, fork) }

func fork(t *testing.T, on engine) {
	e := newEvidence(t, on)
	sizes := e.sizes()
	old, newest := sizes[1], sizes[2]
	fork := &evidence{scribe: &scribe{on: on, path: e.copied(t, old), log: e.log, now: e.now, requests: 1000}, key: e.key}
	fork.store = fork.open(t)
	var err error
	if fork.state, fork.frontier, err = fork.store.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for fork.frontier.Size() <= newest {
		fork.do(t, step{"tech-b", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket 4713")}})
	}
	opts := audit.VerifyOptions{Keys: []string{e.key}, Checkpoints: [][]byte{e.notes[old], signed(t, fork.frontier)}}
	if report, err := fork.store.Verify(t.Context(), opts); err != nil || report.Signed() != fork.frontier.Size() {
		t.Errorf("by the fork's own checkpoints: %v", err)
	}
	opts.Checkpoints = append(opts.Checkpoints, e.notes[newest])
	_, err = fork.store.Verify(t.Context(), opts)
	mustBe(t, err, audit.CheckCheckpoint, old, audit.ErrOtherRoot)
}

// TestForgedRule makes up what the rule does not allow, with the tree and the
// tables worked out anew and even the log's own signature: whoever holds the
// database and the key. The replay names the entry and the invariant.
func TestForgedRule(t *testing.T) { onBoth(t, forgedRule) }

func forgedRule(t *testing.T, on engine) {
	whole, e := t, newEvidence(t, on)
	at := e.events[len(e.events)-1].Time
	by := func(actor string, fact custody.Fact) custody.Event {
		forged := custody.Event{Time: at, Actor: actor, Request: "forged", Fact: fact}
		if p, ok := e.state.Person(actor); ok {
			forged.Confirm = &custody.Confirmation{Person: actor, Step: p.LastStep + 1}
		}
		return forged
	}
	c, _ := e.state.Credential("db01")
	web, _ := e.state.Credential("web01")
	grant := custody.CheckoutGranted{Credential: "db01", Lease: fmt.Sprintf("lease-%d", e.state.Leases+1), Purpose: desk.NewNote("ticket 1"), Version: c.Version, Until: at.Add(time.Hour)}
	unconfirmed := by("tech-a", grant)
	unconfirmed.Confirm = nil
	again := by("tech-a", grant)
	again.Confirm = &custody.Confirmation{Person: "tech-a", Step: 1}
	back := by("tech-a", grant)
	back.Time = at.Add(-time.Hour)
	for _, c := range []struct {
		name, invariant string
		check           audit.Check
		forged          custody.Event
	}{
		{"accepts what was over", "I1", audit.CheckStep, by("tech-b", custody.HandoverAccepted{Handover: "handover-1", From: "tech-a", To: "tech-b", Credentials: []string{"db01"}})},
		{"one custodian for two", "I2", audit.CheckStep, by(custody.System, custody.CredentialAdded{
			Credential: "db02", Target: identified(custody.Target{Kind: "ssh", Address: "db02.example:22", Account: "root"}), Policy: c.Policy, Primary: "tech-a", Backup: "tech-a", Successor: "tech-a", Deadline: at.Add(time.Hour)})},
		{"the same account again", "I7", audit.CheckStep, by(custody.System, custody.CredentialAdded{
			Credential: "db02", Target: c.Target, Policy: c.Policy, Primary: "tech-a", Backup: "tech-b", Successor: "tech-b", Deadline: at.Add(time.Hour)})},
		{"goes out with the password", "I3", audit.CheckStep, by("tech-b", custody.PersonAway{Person: "tech-b"})},
		{"says it was changed", "I4", audit.CheckStep, by(custody.System, custody.RotationPromoted{
			Credential: "web01", Rotation: web.Rotation.Number, Version: web.Version + 1, Holder: "tech-b"})},
		{"takes it without holding it", "I5", audit.CheckStep, by("tech-b", grant)},
		{"without a code", "I6", audit.CheckStep, unconfirmed},
		{"with a code of before", "I6", audit.CheckStep, again},
		{"a second account", "I7", audit.CheckStep, by(custody.System, custody.PersonAdded{Username: "tech-a", Name: "x", Roles: []custody.Role{custody.Technician}, TOTPPeriod: 30})},
		{"dated back", "", audit.CheckTime, back},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := e.forge(whole, append(slices.Clone(e.records), record(t, c.forged)), andTables)
			opts := e.since(e.frontier.Size())
			tree := e.frontier.Clone()
			if _, err := tree.Append(record(t, c.forged)); err != nil {
				t.Fatal(err)
			}
			opts.Checkpoints = append(opts.Checkpoints, signed(t, tree))
			_, err := verifyFile(t.Context(), path, opts)
			wrong, ok := errors.AsType[*audit.VerifyError](err)
			if !ok || wrong.Check != c.check || wrong.Index != int64(len(e.records)) {
				t.Fatalf("got %v", err)
			}
			if broken, _ := errors.AsType[*custody.Violation](err); c.invariant != "" && (broken == nil || broken.Invariant != c.invariant) {
				t.Errorf("got %v, want %s", err, c.invariant)
			}
		})
	}
}

// mustBe wants this check to have failed at this index.
func mustBe(t *testing.T, err error, check audit.Check, index int64, target error) {
	t.Helper()
	wrong, ok := errors.AsType[*audit.VerifyError](err)
	if !ok || wrong.Check != check || wrong.Index != index || !errors.Is(err, target) {
		t.Errorf("%v, want the check %s to fail at %d: %v", err, check, index, target)
	}
}
