package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/witness"
	"github.com/tandem-custody/tandem/audit/witness/witnesstest"
)

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
	t.Parallel()
	folder := t.TempDir()
	l := witnesstest.NewLedger(t).Grow(50, "entry")
	said, process := startWitness(t, folder, l.Key())
	ask := func(url string, l *witnesstest.Ledger, size int64) error {
		t.Helper()
		client, err := witness.NewClient(url, said.Key, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Submit(t.Context(), l.At(size), l)
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

	again, _ := startWitness(t, folder, l.Key())
	if again.Key != said.Key {
		t.Fatal("it has another key")
	}
	rolledBack := witnesstest.NewLedger(t).Grow(10, "entry").Grow(20, "other")
	if size, ok := errors.AsType[*witness.SizeError](ask(again.URL, rolledBack, 30)); !ok || size.Size != 40 {
		t.Errorf("a rollback: %v", size)
	}
	if err := ask(again.URL, rolledBack.Grow(10, "other"), 40); !errors.Is(err, witness.ErrContradiction) {
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
		a, err := audit.OpenCheckpoint([]byte(kept[i].Cosigned), l.Key())
		if err != nil {
			t.Fatal(err)
		}
		b, err := audit.OpenCheckpoint([]byte(kept[i].Refused), l.Key())
		if err != nil {
			t.Fatal(err)
		}
		if kept[i].Kind != want.kind || a.Size != want.cosigned || b.Size != want.refused {
			t.Errorf("%s: %d and %d", kept[i].Kind, a.Size, b.Size)
		}
	}
}
