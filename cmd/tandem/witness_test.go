package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	cosig "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/witness"
)

// ledgerOf is a ledger for a witness: entries that say texts, signed by one key.
type ledgerOf struct {
	t     *testing.T
	tree  audit.Frontier
	nodes []audit.Hash
}

const witnessedOrigin = "ledger.example/tandem"

var witnessedKey = witnessKey{witnessedOrigin, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))}

func (l *ledgerOf) grow(n int, text string) *ledgerOf {
	l.t.Helper()
	for range n {
		nodes, err := l.tree.Append(fmt.Appendf(nil, "%s %d", text, l.tree.Size()))
		if err != nil {
			l.t.Fatal(err)
		}
		for _, node := range nodes {
			l.nodes = append(l.nodes, node.Hash)
		}
	}
	return l
}

func (l *ledgerOf) ReadHashes(indexes []int64) ([]audit.Hash, error) {
	var hashes []audit.Hash
	for _, i := range indexes {
		hashes = append(hashes, l.nodes[i])
	}
	return hashes, nil
}

func (l *ledgerOf) vkey() string {
	l.t.Helper()
	vkey, err := audit.VerifierKey(witnessedOrigin, witnessedKey.private.Public().(ed25519.PublicKey))
	if err != nil {
		l.t.Fatal(err)
	}
	return vkey
}

func (l *ledgerOf) at(size int64) audit.Checkpoint {
	l.t.Helper()
	root, err := tlog.TreeHash(size, l)
	if err != nil {
		l.t.Fatal(err)
	}
	text, err := audit.SignCheckpoint(l.t.Context(), witnessedOrigin, size, root, witnessedKey)
	if err != nil {
		l.t.Fatal(err)
	}
	c, err := audit.OpenCheckpoint(text, l.vkey())
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}

func openMemory(t *testing.T, path string) *witnessStore {
	t.Helper()
	s, err := openWitnessStore(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestWitnessStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a witness?.db")
	s := openMemory(t, path)
	l := (&ledgerOf{t: t}).grow(10, "entry")
	ctx, now := t.Context(), time.Now()

	if _, found, err := s.Latest(ctx, witnessedOrigin); found || err != nil {
		t.Fatal(found, err)
	}
	for _, c := range []struct {
		old, size int64
		ok        bool
	}{{1, 5, false}, {0, 5, true}, {0, 6, false}, {0, 5, false}, {6, 7, false}, {5, 9, true}, {5, 10, false}} {
		if ok, err := s.Advance(ctx, c.old, l.at(c.size), now); ok != c.ok || err != nil {
			t.Fatalf("%+v: %v, %v", c, ok, err)
		}
	}
	e := witness.Evidence{Kind: witness.Fork, Origin: witnessedOrigin, Seen: now.UTC(), Cosigned: l.at(5).Text, Refused: l.at(6).Text}
	for range 2 {
		if err := s.Keep(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	for _, statement := range []string{
		"UPDATE cosigned SET size = 1", "DELETE FROM cosigned", "UPDATE evidence SET kind = ''", "DELETE FROM evidence",
	} {
		if _, err := s.db.Exec(statement); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	// All of it is there when it is opened again, and nothing of it for others.
	s = openMemory(t, path)
	latest, found, err := s.Latest(ctx, witnessedOrigin)
	if want := l.at(9); err != nil || !found || latest.Size != 9 || latest.Root != want.Root || !bytes.Equal(latest.Text, want.Text) || latest.Origin != witnessedOrigin {
		t.Errorf("%+v, %v, %v", latest, found, err)
	}
	if old, found, err := s.Cosigned(ctx, witnessedOrigin, 5); err != nil || !found || old.Root != l.at(5).Root {
		t.Errorf("%+v, %v, %v", old, found, err)
	}
	if _, found, err := s.Cosigned(ctx, witnessedOrigin, 6); err != nil || found {
		t.Error(found, err)
	}
	if _, found, err := s.Latest(ctx, "another"); err != nil || found {
		t.Error(found, err)
	}
	kept, err := s.evidence(ctx)
	if err != nil || len(kept) != 1 || kept[0].Kind != e.Kind || !kept[0].Seen.Equal(e.Seen) || !bytes.Equal(kept[0].Refused, e.Refused) {
		t.Errorf("%+v, %v", kept, err)
	}
	for _, file := range []string{path, path + "-wal"} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file, info.Mode(), err)
		}
	}
}

// TestWitnessStoreRace: two processes advance one memory, each from where it saw
// it; each step is taken by one of them.
func TestWitnessStoreRace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "witness.db")
	stores := []*witnessStore{openMemory(t, path), openMemory(t, path)}
	l := (&ledgerOf{t: t}).grow(30, "entry")
	var heads []audit.Checkpoint
	for size := range int64(31) {
		heads = append(heads, l.at(size))
	}
	var steps atomic.Int64
	var running sync.WaitGroup
	for _, s := range stores {
		running.Go(func() {
			for size := int64(1); size <= 30; size++ {
				ok, err := s.Advance(context.Background(), size-1, heads[size], time.Now())
				if err != nil {
					t.Error(err)
				}
				if ok {
					steps.Add(1)
				}
			}
		})
	}
	running.Wait()
	latest, _, err := stores[0].Latest(t.Context(), witnessedOrigin)
	if err != nil || steps.Load() != latest.Size {
		t.Errorf("%d steps to %d, %v", steps.Load(), latest.Size, err)
	}
}

func TestWitnessKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "witness.key")
	if _, err := openWitnessKey(path, ""); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
	for _, name := range []string{"a b", "a+b", "\n"} {
		if _, err := openWitnessKey(path, name); exitCode(err) != exitUsage {
			t.Errorf("%q: %v", name, err)
		}
	}
	made, err := openWitnessKey(path, "witness.example")
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for _, name := range []string{"", "witness.example"} {
		again, err := openWitnessKey(path, name)
		if err != nil || !again.private.Equal(made.private) || again.name != made.name {
			t.Errorf("%q: %v", name, err)
		}
	}
	if _, err := openWitnessKey(path, "other.example"); err == nil {
		t.Error("a key has two names")
	}

	// Another implementation reads the file, and signs as the same witness.
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	peer, err := cosig.NewSignerForCosignatureV1(strings.TrimSuffix(string(text), "\n"))
	if err != nil {
		t.Fatal(err)
	}
	l := (&ledgerOf{t: t}).grow(1, "entry")
	c := l.at(1)
	body, _, _ := strings.Cut(string(c.Text), "\n\n")
	signed, err := note.Sign(&note.Note{Text: body + "\n"}, peer)
	if err != nil {
		t.Fatal(err)
	}
	public, _ := made.PublicKey(t.Context())
	vkey, err := audit.CosignerKey(made.name, public)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := (audit.Checkpoint{Text: signed}).Cosignatures(vkey); err != nil || len(found) != 1 {
		t.Error(found, err)
	}

	// What is no key is refused, and never repeated.
	parts := strings.SplitN(strings.TrimSuffix(string(text), "\n"), "+", 5)
	other := append([]string{}, parts...)
	other[3] = "00000000"
	plain, _, err := note.GenerateKey(nil, "plain.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"", "hunter2", strings.Join(parts[:4], "+"), strings.Join(parts, "+") + "A", strings.Join(other, "+"), plain} {
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openWitnessKey(path, ""); err == nil || bad != "" && strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := openWitnessKey(path, ""); err == nil {
		t.Error("others can read the key")
	}
}

// startWitness starts tandem witness in a folder, as another process. More args
// count over those that it has.
func startWitness(t *testing.T, folder, ledgerKey string, args ...string) (witnessAnnouncement, *exec.Cmd) {
	t.Helper()
	args = append([]string{"witness", "-o", "json", "--name", "witness.example", "--listen", "127.0.0.1:0", "--origin", ledgerKey}, args...)
	command := exec.Command("tandem", args...)
	command.Dir, command.Stderr = folder, os.Stderr
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	tooLong := time.AfterFunc(announcementPatience, func() { _ = command.Process.Kill() })
	defer tooLong.Stop()
	var said witnessAnnouncement
	if err := json.NewDecoder(bufio.NewReader(stdout)).Decode(&said); err != nil {
		t.Fatal(err)
	}
	return said, command
}

// TestWitnessKilled: what it has cosigned it still knows after kill -9, and so
// refuses what it refused before.
func TestWitnessKilled(t *testing.T) {
	folder := t.TempDir()
	l := (&ledgerOf{t: t}).grow(50, "entry")
	said, process := startWitness(t, folder, l.vkey())
	ask := func(url string, l *ledgerOf, size int64) error {
		t.Helper()
		client, err := witness.NewClient(url, said.Key, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Submit(t.Context(), l.at(size), l)
		return err
	}
	for _, size := range []int64{10, 20, 40} {
		if err := ask(said.URL, l, size); err != nil {
			t.Fatal(err)
		}
	}
	if err := process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = process.Wait()
	if err := ask(said.URL, l, 50); err == nil {
		t.Fatal("it still answers")
	}

	again, _ := startWitness(t, folder, l.vkey())
	if again.Key != said.Key {
		t.Fatal("it has another key")
	}
	rolledBack := (&ledgerOf{t: t}).grow(10, "entry").grow(20, "other")
	if size, ok := errors.AsType[*witness.SizeError](ask(again.URL, rolledBack, 30)); !ok || size.Size != 40 {
		t.Errorf("a rollback: %v", size)
	}
	if err := ask(again.URL, rolledBack.grow(10, "other"), 40); !errors.Is(err, witness.ErrContradiction) {
		t.Errorf("a fork: %v", err)
	}
	if err := ask(again.URL, l, 50); err != nil {
		t.Errorf("the honest ledger: %v", err)
	}

	out, err := exec.Command("tandem", "witness", "evidence", "-o", "json", "--database", filepath.Join(folder, "witness.db")).Output()
	if err != nil {
		t.Fatal(err)
	}
	var kept []keptEvidence
	if err := json.Unmarshal(out, &kept); err != nil || len(kept) != 2 {
		t.Fatalf("%s, %v", out, err)
	}
	for i, want := range []struct {
		kind              witness.Kind
		cosigned, refused int64
	}{{witness.Rollback, 40, 30}, {witness.Fork, 40, 40}} {
		a, err := audit.OpenCheckpoint([]byte(kept[i].Cosigned), l.vkey())
		if err != nil {
			t.Fatal(err)
		}
		b, err := audit.OpenCheckpoint([]byte(kept[i].Refused), l.vkey())
		if err != nil {
			t.Fatal(err)
		}
		if kept[i].Kind != want.kind || a.Size != want.cosigned || b.Size != want.refused {
			t.Errorf("%s: %d and %d", kept[i].Kind, a.Size, b.Size)
		}
	}
}

func FuzzParseWitnessKey(f *testing.F) {
	f.Add("PRIVATE+KEY+witness.example+00000000+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("PRIVATE+KEY+w++")
	f.Fuzz(func(t *testing.T, text string) {
		key, err := parseWitnessKey(text)
		if err == nil && (key.name == "" || len(key.private) != ed25519.PrivateKeySize) {
			t.Fatalf("%q is taken for a key", text)
		}
	})
}
