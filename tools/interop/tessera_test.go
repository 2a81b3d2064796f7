package interop

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/audit/remote"
)

const (
	origin  = "tessera.example/log"
	entries = 600 // more than two bundles
)

// peer is a running tandem witness.
type peer struct{ Name, Key, URL string }

// startWitness starts the real program, for a log with this key.
func startWitness(t *testing.T, program, name, logKey string) peer {
	t.Helper()
	command := exec.Command(program, "witness", "-o", "json", "--name", name, "--listen", "127.0.0.1:0", "--origin", logKey)
	command.Dir, command.Stderr = t.TempDir(), os.Stderr
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
	var said peer
	if err := json.NewDecoder(stdout).Decode(&said); err != nil {
		t.Fatal(err)
	}
	return said
}

func build(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "tandem")
	command := exec.Command("go", "build", "-C", "../..", "-o", program, "./cmd/tandem")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// TestTessera: a checkpoint of a Tessera log is published only when both Tandem
// witnesses have cosigned it; and Tandem verifies that log, from its folder and
// over HTTP, down to the last entry.
func TestTessera(t *testing.T) {
	ctx, program := t.Context(), build(t)
	skey, logKey, err := note.GenerateKey(nil, origin)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	w1, w2 := startWitness(t, program, "w1.example", logKey), startWitness(t, program, "w2.example", logKey)
	folder := filepath.Join(t.TempDir(), "log")
	policy := fmt.Sprintf("witness w1 %s %s\nwitness w2 %s %s\ngroup both all w1 w2\nquorum both\n", w1.Key, w1.URL, w2.Key, w2.URL)

	// Twice, so that the second start knows nothing of what the witnesses have.
	write(t, folder, signer, policy, 0, entries/2)
	write(t, folder, signer, policy, entries/2, entries)

	server := httptest.NewServer(http.FileServerFS(os.DirFS(folder)))
	t.Cleanup(server.Close)
	overHTTP, err := remote.New(server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, fetch := range map[string]audit.TileFetcher{"folder": audit.FetchFS(os.DirFS(folder)), "http": overHTTP.Fetch} {
		signed, err := fetch(ctx, "checkpoint", 1<<16)
		if err != nil {
			t.Fatal(err)
		}
		head, err := audit.OpenCheckpoint(signed, logKey)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, signed)
		}
		if made, err := (audit.Quorum{Need: 2, Keys: []string{w1.Key, w2.Key}}).Check(head); err != nil {
			t.Errorf("%s: %v, %v", name, made, err)
		}
		source, err := audit.NewTileSource(head.Size, fetch)
		if err != nil {
			t.Fatal(err)
		}
		report, err := audit.Verify(ctx, source, audit.VerifyOptions{
			Checkpoints: [][]byte{signed}, Keys: []string{logKey}, StoredNodes: source.HashReader(ctx),
		})
		if err != nil || report.Signed() != entries {
			t.Errorf("%s: %+v, %v", name, report, err)
		}
	}
}

// write adds the entries [from, to) to the Tessera log in the folder, and waits
// until they are published.
func write(t *testing.T, folder string, signer note.Signer, policy string, from, to int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	witnesses, err := tessera.NewWitnessGroupFromPolicy([]byte(policy))
	if err != nil {
		t.Fatal(err)
	}
	driver, err := posix.New(ctx, posix.Config{Path: folder})
	if err != nil {
		t.Fatal(err)
	}
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(signer).WithBatching(64, 5*time.Millisecond).WithCheckpointInterval(100*time.Millisecond).
		WithWitnesses(witnesses, &tessera.WitnessOptions{Timeout: 10 * time.Second}))
	if err != nil {
		t.Fatal(err)
	}
	published := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 10*time.Millisecond)
	var added []tessera.IndexFuture
	for i := from; i < to; i++ {
		// Tessera does not keep the order, so all have the same time.
		e := audit.Entry{
			V: audit.Version, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
			Type: "handover.accepted", Grade: "ordinary", Actor: "tech-a", Subject: fmt.Sprint("handover-", i),
		}
		record, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		added = append(added, appender.Add(ctx, tessera.NewEntry(record)))
	}
	for _, future := range added {
		if _, _, err := published.Await(ctx, future); err != nil {
			t.Fatal(err)
		}
	}
	if err := shutdown(ctx); err != nil {
		t.Fatal(err)
	}
}
