//go:build bench

package bench

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/tandem-custody/tandem/custody/store"
)

// measureVerify looks at the ledger of a million entries that a desk wrote, and at
// one that is ten times as long.
func measureVerify(t *testing.T, binary string) table {
	return append(measureVerifyOf(t, binary, longLedger(t), 5), measureVerifyOf(t, binary, written(t, longestLedger(t)), 1)...)
}

// measureVerifyOf compares `tandem ledger verify` of a database (its tree,
// signature, history and tables) with the least that anybody who checks those
// entries must do: hash and decode them.
func measureVerifyOf(t *testing.T, binary, dir string, rounds int) []row {
	key, err := os.ReadFile(filepath.Join(dir, verifierFile))
	if err != nil {
		t.Fatal(err)
	}
	size := sizeOf(t, dir)
	var peak int64
	verify := func() (block, error) {
		cmd := exec.CommandContext(t.Context(), binary, "ledger", "verify", "-o", "json", "--database", databaseIn(dir),
			"--checkpoint", filepath.Join(dir, checkpointFile), "--key", strings.TrimSpace(string(key)))
		start := time.Now()
		out, err := cmd.CombinedOutput()
		if err != nil {
			return block{}, fmt.Errorf("tandem ledger verify: %w\n%s", err, out)
		}
		took := time.Since(start)
		var said struct {
			Size   int64 `json:"size"`
			Signed int64 `json:"signed"`
		}
		if err := json.Unmarshal(out, &said); err != nil || said.Size != size || said.Signed != size {
			return block{}, fmt.Errorf("tandem ledger verify said %s (%v), and there are %d entries", out, err, size)
		}
		if used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			peak = max(peak, int64(used.Maxrss)<<10) // in KiB on Linux
		}
		used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		return block{perSecond: float64(size) / took.Seconds(), cpu: used / time.Duration(size)}, nil
	}
	bare := func() (block, error) { return hashAndDecode(t.Context(), dir, size) }

	blocks := inTurns(t, rounds, verify, bare)
	c := compared{blocks[0], blocks[1]}
	ours, peer, ratio := c.rate()
	cpu, bareCPU, cpuRatio := c.processor()
	return []row{
		{
			what: fmt.Sprintf("`tandem ledger verify` of %d entries : SHA-256 and JSON of them alone", size),
			ours: perSecond(ours), peer: perSecond(peer), ratio: times(ratio), goal: atLeast(ratio, 0.5, "%.1fx"),
		},
		{what: "the same, as it is", ours: perSecond(ours), goal: atLeast(ours, 500_000, "%.0f/s")},
		{
			what: "processor time of it for each entry : of SHA-256 and JSON alone",
			ours: microseconds(cpu), peer: microseconds(bareCPU), ratio: times(cpuRatio),
		},
		{what: "peak resident memory of it", ours: fmt.Sprintf("%.0f MB", float64(peak)/1e6), goal: atMost(float64(peak)/1e6, 200, "%.0f MB")},
	}
}

func sizeOf(t *testing.T, dir string) int64 {
	t.Helper()
	db, err := store.OpenReadOnly(t.Context(), databaseIn(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	size, err := db.Size(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// hashAndDecode hashes and decodes every entry on all processors. Only that is
// timed: the entries are read before, a part at a time.
func hashAndDecode(ctx context.Context, dir string, size int64) (block, error) {
	db, err := store.OpenReadOnly(ctx, databaseIn(dir), slog.New(slog.DiscardHandler))
	if err != nil {
		return block{}, err
	}
	defer db.Close()
	const part = 100_000
	var took, used time.Duration
	for from := int64(0); from < size; from += part {
		records := make([][]byte, 0, part)
		err := db.Records(ctx, from, min(from+part, size), func(_ int64, record []byte) error {
			records = append(records, append([]byte(nil), record...))
			return nil
		})
		if err != nil {
			return block{}, err
		}
		start, before := time.Now(), processorTime()
		err = hashAndDecodeAll(records)
		took, used = took+time.Since(start), used+processorTime()-before
		if err != nil {
			return block{}, err
		}
	}
	return block{perSecond: float64(size) / took.Seconds(), cpu: used / time.Duration(size)}, nil
}

// plainEntry is an entry without anything checked.
type plainEntry struct {
	V       int            `json:"v"`
	Time    time.Time      `json:"time"`
	Clock   string         `json:"clock"`
	Type    string         `json:"type"`
	Grade   string         `json:"grade"`
	Actor   string         `json:"actor"`
	Subject string         `json:"subject"`
	Data    jsontext.Value `json:"data"`
	Confirm jsontext.Value `json:"confirm"`
	Request string         `json:"request"`
}

func hashAndDecodeAll(records [][]byte) error {
	var zeros atomic.Int64 // so that no hash is left out
	_, err := callers(runtime.GOMAXPROCS(0), (len(records)+999)/1000, func(i int) error {
		for _, record := range records[i*1000 : min((i+1)*1000, len(records))] {
			if sha256.Sum256(record)[0] == 0 {
				zeros.Add(1)
			}
			var entry plainEntry
			if err := json.Unmarshal(record, &entry); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && len(records) > 10_000 && zeros.Load() == 0 {
		err = errors.New("no hash begins with a zero")
	}
	return err
}
