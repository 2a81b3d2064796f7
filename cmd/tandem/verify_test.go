package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/jsonl"
	"github.com/tandem-custody/tandem/audit/witness/witnesstest"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/store"
)

// exported is what an auditor was given of a demo's ledger: an export and a
// checkpoint.
type exported struct {
	path      string // of the export
	key       string
	bare      []byte // the checkpoint as the log signed it
	note      []byte // and as two of the three witnesses have cosigned it
	moved     []byte // and with a cosignature of another checkpoint
	witnesses []string
	nodes     []audit.Hash
}

func exportDemo(t *testing.T) exported {
	t.Helper()
	folder := t.TempDir()
	startDemoFor(t, folder).kill()
	database, err := store.OpenReadOnly(t.Context(), filepath.Join(folder, "tandem.db"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close()
	size, err := database.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := exported{path: filepath.Join(folder, "ledger.jsonl")}
	var lines []byte
	var tree audit.Frontier
	err = database.Records(t.Context(), 0, size, func(_ int64, record []byte) error {
		nodes, err := tree.Append(record)
		for _, node := range nodes {
			e.nodes = append(e.nodes, node.Hash)
		}
		lines = append(append(lines, record...), '\n')
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(e.path, lines, 0o600); err != nil {
		t.Fatal(err)
	}
	log := witnesstest.Signer("log.example", 1)
	if e.key, err = audit.VerifierKey(log.Name, log.Public()); err != nil {
		t.Fatal(err)
	}
	root, err := tree.Root()
	if err != nil {
		t.Fatal(err)
	}
	sign := func(root audit.Hash) audit.Checkpoint {
		c, err := audit.SignCheckpoint(t.Context(), log.Name, size, root, log)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	var cosignatures []audit.Cosignature
	cosign := func(c audit.Checkpoint, i byte) audit.Cosignature {
		witness := witnesstest.Signer(fmt.Sprintf("witness-%d.example", i), 10+i)
		made, err := audit.Cosign(t.Context(), c, witness.Name, time.Unix(1_790_000_000, 0), witness)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	c := sign(root)
	for i := range byte(3) {
		made := cosign(c, i)
		e.witnesses, cosignatures = append(e.witnesses, made.Key), append(cosignatures, made)
	}
	e.bare, e.note, e.moved = c.Text, c.With(cosignatures[:2]...), c.With(cosign(sign(audit.Hash{}), 0))
	return e
}

// TestVerifyRests: what the system said that it saw is counted apart from what a
// person's code confirmed, by whatever way the ledger is read.
func TestVerifyRests(t *testing.T) {
	t.Parallel()
	e := exportDemo(t)
	lines, err := os.ReadFile(e.path)
	if err != nil {
		t.Fatal(err)
	}
	var observed, confirmed int64
	for line := range bytes.Lines(lines) {
		entry, err := audit.DecodeEntry(bytes.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case entry.Command == nil, bytes.Contains(entry.Command, []byte(`"verb":"tick"`)):
		case entry.Actor == custody.System:
			observed++
		case entry.Confirm != nil:
			confirmed++
		}
	}
	if observed == 0 || confirmed == 0 {
		t.Fatalf("%d observations and %d confirmations: nothing to count", observed, confirmed)
	}
	for _, from := range [][]string{{"--export", e.path}, {"--database", filepath.Join(filepath.Dir(e.path), "tandem.db")}} {
		out := &bytes.Buffer{}
		if code := run(t.Context(), console{out: out, err: io.Discard}, append([]string{"ledger", "verify"}, from...)); code != 0 {
			t.Fatalf("%v: exit code %d", from, code)
		}
		want := fmt.Sprintf("rules ok · observations %d (believed) · confirmed: passkey 0, totp %d", observed, confirmed)
		if !strings.Contains(out.String(), want) {
			t.Errorf("%v: %q is not in:\n%s", from, want, out)
		}
		out.Reset()
		if code := run(t.Context(), console{out: out, err: io.Discard}, append([]string{"ledger", "verify", "-o", "json"}, from...)); code != 0 {
			t.Fatalf("%v: exit code %d", from, code)
		}
		var said auditor.Verified
		if err := json.Unmarshal(out.Bytes(), &said); err != nil || said.Observations != observed || said.Confirmed != (auditor.Confirmations{TOTP: confirmed}) {
			t.Errorf("%v: %s (%v), want %d and %d", from, out, err, observed, confirmed)
		}
	}
}

// TestVerifyWitnesses: enough of the witnesses, too few, a cosignature that was
// made for another checkpoint, and a checkpoint that none has cosigned.
func TestVerifyWitnesses(t *testing.T) {
	t.Parallel()
	e := exportDemo(t)
	for name, c := range map[string]struct {
		note      []byte
		witnesses audit.Quorum
		heard     int
		target    error
	}{
		"none asked for":    {e.note, audit.Quorum{}, 0, nil},
		"two of two":        {e.note, audit.Quorum{Need: 2, Keys: e.witnesses[:2]}, 2, nil},
		"two of three":      {e.note, audit.Quorum{Need: 2, Keys: e.witnesses}, 2, nil},
		"three of three":    {e.note, audit.Quorum{Need: 3, Keys: e.witnesses}, 0, audit.ErrQuorum},
		"another witness":   {e.note, audit.Quorum{Need: 1, Keys: e.witnesses[2:]}, 0, audit.ErrQuorum},
		"none but wanted":   {e.bare, audit.Quorum{Need: 1, Keys: e.witnesses}, 0, audit.ErrQuorum},
		"none, none must":   {e.bare, audit.Quorum{Need: 0, Keys: e.witnesses}, 0, nil},
		"one is of another": {e.moved, audit.Quorum{Need: 1, Keys: e.witnesses}, 0, audit.ErrSignature},
	} {
		answer, err := auditor.Request{
			Options:   audit.VerifyOptions{Keys: []string{e.key}, Checkpoints: [][]byte{c.note}},
			Witnesses: c.witnesses, Now: time.Now(),
		}.Export(t.Context(), e.path)
		if c.target != nil {
			f := auditor.FailureOf(err)
			if f == nil || f.Check != auditor.CheckWitness || !errors.Is(err, c.target) || exitCode(err) != exitVerification {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || len(answer.Witnesses) != c.heard || c.heard > 0 && answer.Witnessed != answer.Size || answer.Signed != answer.Size {
			t.Errorf("%s: %+v, %v", name, answer, err)
		}
	}
}

// TestVerifyKeptCosignatures: what a database keeps of a witness counts, for that
// witness, up to its checkpoint, and is checked.
func TestVerifyKeptCosignatures(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	d := startDemoFor(t, folder)
	note, err := newPlayerOf(t, d).Server.Checkpoint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.kill()
	c, err := audit.OpenCheckpoint(note, d.LedgerKey)
	if err != nil {
		t.Fatal(err)
	}
	made, err := audit.Cosign(t.Context(), c, "witness.example", time.Now(), witnesstest.Signer("witness.example", 10))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "tandem.db")
	against := auditor.Request{
		Options:   audit.VerifyOptions{Keys: []string{d.LedgerKey}},
		Witnesses: audit.Quorum{Need: 1, Keys: []string{made.Key}}, Now: time.Now(),
	}
	_, err = verifyDatabase(t.Context(), path, against)
	if f := auditor.FailureOf(err); f == nil || f.Check != auditor.CheckWitness {
		t.Errorf("not cosigned: %v", err)
	}
	database, err := store.Open(t.Context(), path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(database.AddCosignature(t.Context(), c, made), database.Close()); err != nil {
		t.Fatal(err)
	}
	answer, err := verifyDatabase(t.Context(), path, against)
	if err != nil || answer.Witnessed != c.Size || len(answer.Witnesses) != 1 || answer.Witnesses[0].Name != "witness.example" {
		t.Errorf("%+v, %v", answer, err)
	}
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("UPDATE cosignatures SET at = '2026-01-01T00:00:00.000000000Z'"); err != nil {
		t.Fatal(err)
	}
	_, err = verifyDatabase(t.Context(), path, against)
	if f := auditor.FailureOf(err); f == nil || f.Table != "cosignatures" {
		t.Errorf("another time: %v", err)
	}
}

// TestVerifyURL reads the log by its tiles, from a server that anybody runs; then
// from one that changes an entry, one that changes a hash, one that hides the
// end, and one that signs with another key.
func TestVerifyURL(t *testing.T) {
	t.Parallel()
	e := exportDemo(t)
	file, err := os.Open(e.path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	log, err := jsonl.Open(t.Context(), file, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	edit := func(_ string, content []byte) []byte { return content }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/log/")
		content, err := tileOf(r.Context(), e, log, path)
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		_, _ = w.Write(edit(path, content))
	}))
	defer server.Close()
	verify := func(key string) (auditor.Verified, error) {
		return auditor.Request{Options: audit.VerifyOptions{Keys: []string{key}}, Now: time.Now()}.Tiles(t.Context(), server.URL+"/log", nil)
	}
	answer, err := verify(e.key)
	if err != nil || answer.Signed != answer.Size || answer.Size == 0 || answer.Nodes != int64(len(e.nodes)) {
		t.Fatalf("%+v, %v", answer, err)
	}
	for name, c := range map[string]struct {
		part  string
		edit  func([]byte) []byte
		check audit.Check
	}{
		"an entry": {"tile/entries/", func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"subject":"tech-a"`), []byte(`"subject":"tech-b"`), 1)
		}, audit.CheckPrepare},
		"a hash":   {"tile/0/", func(b []byte) []byte { b[40] ^= 1; return b }, audit.CheckNode},
		"the end":  {"tile/entries/", func(b []byte) []byte { return b[:len(b)-3] }, audit.CheckEncoding},
		"the head": {"checkpoint", func(b []byte) []byte { b[20] ^= 1; return b }, audit.CheckSignature},
	} {
		edit = func(path string, content []byte) []byte {
			if strings.HasPrefix(path, c.part) {
				content = c.edit(content)
			}
			return content
		}
		_, err := verify(e.key)
		if f := auditor.FailureOf(err); f == nil || f.Check != c.check || exitCode(err) != exitVerification {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := verify(e.witnesses[0]); err == nil {
		t.Error("another key: verified")
	}
}

func tileOf(ctx context.Context, e exported, log *jsonl.Export, path string) ([]byte, error) {
	if path == "checkpoint" {
		return bytes.Clone(e.note), nil
	}
	tile, err := audit.ParseTile(path)
	if err != nil {
		return nil, err
	}
	if tile.Entries {
		return audit.ReadBundle(ctx, tile, log)
	}
	return audit.ReadTile(tile, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var hashes []tlog.Hash
		for _, i := range indexes {
			if i >= int64(len(e.nodes)) {
				return nil, fmt.Errorf("no node %d", i)
			}
			hashes = append(hashes, e.nodes[i])
		}
		return hashes, nil
	}))
}
