package jepsen

import (
	"context"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/tandem-custody/tandem/audit"
)

// enough is how many operations a history has at least.
const enough = 200

// searching bounds how long an order is looked for. One that was not found by then is
// counted apart: it is neither a violation nor none.
const searching = 2 * time.Minute

// found is what histories came to.
type found struct {
	Histories, Operations, Unknown, Late, Undecided int
	Violations                                      []string
	Faults                                          map[string]int
}

func (f *found) String() string {
	var by []string
	for _, name := range slices.Sorted(maps.Keys(f.Faults)) {
		by = append(by, fmt.Sprintf("%s %d", name, f.Faults[name]))
	}
	return fmt.Sprintf("histories %d, operations %d, of unknown outcome %d, codes that came too late %d, violations %d, undecided %d; faults: %s",
		f.Histories, f.Operations, f.Unknown, f.Late, len(f.Violations), f.Undecided, strings.Join(by, ", "))
}

// history makes one, with a fault, and says whether the rules could have given its answers.
func (c *cluster) history(f fault, sum *found) *run {
	c.t.Helper()
	ctx := c.t.Context()
	initial, _, err := c.store.Load(ctx)
	c.must(err)
	r := &run{c: c, most: enough, began: time.Now(), refused: map[string]int{}}
	r.wrong.Store(true)
	for range c.pairs {
		r.boxes = append(r.boxes, &offers{})
	}
	var busy sync.WaitGroup
	for n := range c.pairs {
		for browser := range browsers {
			busy.Go(func() { r.browse(ctx, n, browser) })
		}
	}
	c.await("the history to be on its way", func() error {
		if r.done.Load() < enough/10 {
			return fmt.Errorf("%d operations", r.done.Load())
		}
		return nil
	})
	heal := f.begin(c, mathrand.IntN(replicas))
	time.Sleep(f.lasts) // that is how long it lasts, and not a hope
	if heal != nil {
		heal()
	}
	r.wrong.Store(false)
	busy.Wait()
	c.awaitReady()
	r.settle(ctx)

	at := filepath.Join(os.TempDir(), "tandem-history.html")
	sum.Histories++
	sum.Operations += len(r.history)
	sum.Unknown += r.unknowns
	sum.Late += r.late
	sum.Faults[f.name]++
	result := r.check(rules{initial: initial, pairs: c.pairs, period: period, began: r.began}, at)
	switch result {
	case porcupine.Ok:
	case porcupine.Unknown:
		sum.Undecided++
	default:
		sum.Violations = append(sum.Violations, fmt.Sprintf("%s: %d operations, shown in %s", f.name, len(r.history), at))
	}
	c.t.Logf("%-22s %4d operations, %2d unknown, %2d late, %v: %s; answers %v", f.name, len(r.history), r.unknowns, r.late, time.Since(r.began).Round(100*time.Millisecond), result, r.refused)
	return r
}

// check looks for an order. What has none is drawn into a file.
func (r *run) check(by rules, at string) porcupine.CheckResult {
	model := by.model()
	result, info := porcupine.CheckOperationsVerbose(model, r.history, searching)
	if result == porcupine.Illegal {
		if err := porcupine.VisualizePath(model, info, at); err != nil {
			r.c.t.Log(err)
		}
	}
	return result
}

// histories makes so many, each with the next fault, or as many as there is time for.
func (c *cluster) histories(most int, until time.Time) *found {
	c.t.Helper()
	sum := &found{Faults: map[string]int{}}
	for n := range most {
		if !until.IsZero() && time.Now().After(until) {
			break
		}
		c.history(faults[n%len(faults)], sum)
	}
	return sum
}

// verify has the ledger carried out again from its first entry, as an auditor would.
func (c *cluster) verify(ctx context.Context) {
	c.t.Helper()
	if _, err := c.store.Verify(ctx, audit.VerifyOptions{}); err != nil {
		c.t.Errorf("the ledger: %v", err)
	}
}

// TestAnswersAreThoseOfOneTandem: whatever goes wrong, three replicas answer as one that
// does one thing after the other.
func TestAnswersAreThoseOfOneTandem(t *testing.T) {
	c := newCluster(t, asItIs(t))
	sum := c.histories(2*len(faults), time.Time{})
	// One after the other is told to end, as for an upgrade, and is there again. What it was
	// asked for before it still answers, and nobody is told to come back later.
	r := c.history(fault{"rolling restart", 0, func(c *cluster, _ int) func() {
		for _, to := range c.replicas {
			to.process.End(c.t, syscall.SIGTERM)
			to.start()
			c.awaitReady()
		}
		return nil
	}}, sum)
	if n := r.failed.Load(); n > 0 {
		t.Errorf("a rolling restart refused %d requests", n)
	}
	t.Log(sum)
	for _, v := range sum.Violations {
		t.Error(v)
	}
	c.verify(t.Context())
}
