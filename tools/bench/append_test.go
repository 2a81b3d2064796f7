//go:build bench

package bench

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// measureAppend compares the ledger's append with that of Tessera's POSIX driver,
// both at 64 callers of which each waits for its entry before it sends the next.
//
// Ours is the cheapest command that there is, a log-in that was locked: the desk decides it, makes
// the entry, and commits it with its batch. When the caller hears of it, the entry,
// the tree's nodes, the root, the tables and the index are in the database and on
// the disk. Theirs is Add with as many random bytes; when the caller hears of it,
// the entry has its index and is in a bundle on the disk, and a checkpoint that has
// it follows later. Batches of 64 that wait 5 ms are the best of those tried.
func measureAppend(t *testing.T, _ string) table {
	const many, n = 64, 20_000
	dir := onDisk(t)
	r := newRoutine(t, dir)
	locked := func(i int) error {
		_, err := r.do(t.Context(), custody.System, custody.LockSignIn{Person: r.pairs[i%routinePairs].A.Name, Failures: 5, Until: time.Now()})
		return err
	}
	if err := locked(0); err != nil {
		t.Fatal(err)
	}
	size := sizeOf(t, dir)
	last, err := r.store.Entry(t.Context(), size-1)
	if err != nil {
		t.Fatal(err)
	}
	program := buildTessera(t)
	blocks := inTurns(t, 5,
		func() (block, error) { return callers(many, n, locked) },
		func() (block, error) {
			out, err := exec.CommandContext(t.Context(), program, "-folder", filepath.Join(onDisk(t), "log"),
				"-entries", strconv.Itoa(n), "-size", strconv.Itoa(len(last.Record)), "-callers", strconv.Itoa(many)).Output()
			if err != nil {
				return block{}, fmt.Errorf("tessera: %w", err)
			}
			var said struct {
				PerSecond float64       `json:"per_second"`
				CPU       time.Duration `json:"cpu"`
			}
			err = json.Unmarshal(out, &said)
			return block{perSecond: said.PerSecond, cpu: said.CPU}, err
		},
	)
	if grown := sizeOf(t, dir) - size; grown != 5*n {
		t.Errorf("%d entries were appended instead of %d", grown, 5*n)
	}
	c := compared{blocks[0], blocks[1]}
	ours, peer, ratio := c.rate()
	cpu, peerCPU, cpuRatio := c.processor()
	return []row{
		{
			what: fmt.Sprintf("log-outs into the ledger, %d callers : Tessera POSIX, entries of %d bytes", many, len(last.Record)),
			ours: perSecond(ours), peer: perSecond(peer), ratio: times(ratio), goal: atLeast(ratio, 1, "%.0fx"),
		},
		{
			what: "processor time of one : of one of Tessera's",
			ours: microseconds(cpu), peer: microseconds(peerCPU), ratio: times(cpuRatio),
		},
	}
}

// buildTessera builds the peer, which is in the module of tools/interop.
func buildTessera(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "append")
	build := exec.CommandContext(t.Context(), "go", "build", "-C", "../interop", "-o", program, "./append")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the peer: %v\n%s", err, out)
	}
	return program
}
