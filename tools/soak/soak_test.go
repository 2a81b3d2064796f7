//go:build soak

package soak

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"text/tabwriter"
	"time"
)

// TestSoak goes through all faults at every place, and then on at random, up to
// three in one rotation, until as many kills as wanted have been survived.
func TestSoak(t *testing.T) {
	wanted, err := strconv.ParseInt(cmp.Or(os.Getenv("TANDEM_SOAK_KILLS"), "1000"), 10, 64)
	if err != nil {
		t.Fatalf("TANDEM_SOAK_KILLS: %v", err)
	}
	seed := newSeed(t)
	// A run that is to end before it is through still looks for secrets and
	// prints its table.
	end, limited := t.Deadline()
	over := func() bool { return limited && time.Until(end) < 5*time.Minute }

	var survived atomic.Int64
	var mu sync.Mutex
	results := map[string]result{}
	began := time.Now()
	t.Run("at", func(t *testing.T) {
		everywhere(t, func(t *testing.T, p *place, seen *watcher) {
			random := draws(seed, p)
			r := begin(t, p)
			var done result
			defer func() {
				mu.Lock()
				defer mu.Unlock()
				done.tally = r.tally
				results[p.name] = done
			}()
			suffer := func(faults ...fault) {
				before := r.kills
				r.suffer(faults...)
				more := int64(r.kills - before)
				if n := survived.Add(more); n/100 > (n-more)/100 {
					t.Logf("%d kills survived", n)
				}
			}
			calls, took := r.measure()
			kills, others := split(matrix(calls))
			shuffle(random, kills)
			shuffle(random, others)
			all := append(kills, others...)
			done.all = len(all)
			for _, f := range all {
				if over() {
					break
				}
				suffer(f)
				done.through++
			}
			for survived.Load() < wanted && !over() {
				faults := []fault{atAnyMoment(random, took)}
				for range random.IntN(3) {
					faults = append(faults, all[random.IntN(len(all))].early())
				}
				shuffle(random, faults)
				suffer(faults...)
			}
			r.findNoSecret(seen)
		})
	})
	t.Log("\n" + table(results, time.Since(began)))
	for name, r := range results {
		if r.through < r.all {
			t.Errorf("%s: %d of %d faults in the time that there was, or before one that failed", name, r.through, r.all)
		}
	}
	if n := survived.Load(); n < wanted {
		t.Errorf("%d of %d kills in the time that there was", n, wanted)
	}
}

func shuffle(random *rand.Rand, faults []fault) {
	random.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
}

// result is a tally, and how much of the matrix it is of.
type result struct {
	tally
	through, all int
}

func table(results map[string]result, took time.Duration) string {
	var text strings.Builder
	out := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "target\tmatrix\trotations\tkills\terrors\ttimeouts\tnot reached\tstranded\tseconds\t")
	line := func(name string, r result) {
		fmt.Fprintf(out, "%s\t%d/%d\t%d\t%d\t%d\t%d\t%d\t%d\t%.0f\t\n", name, r.through, r.all, r.rotations,
			r.kills, r.failures, r.timeouts, r.missed, r.stranded, r.took.Seconds())
	}
	var names []string
	var sum result
	for name, r := range results {
		names = append(names, name)
		sum.through, sum.all = sum.through+r.through, sum.all+r.all
		sum.rotations, sum.kills, sum.failures = sum.rotations+r.rotations, sum.kills+r.kills, sum.failures+r.failures
		sum.timeouts, sum.missed, sum.stranded = sum.timeouts+r.timeouts, sum.missed+r.missed, sum.stranded+r.stranded
	}
	sum.took = took
	slices.Sort(names)
	for _, name := range names {
		line(name, results[name])
	}
	line("all", sum)
	_ = out.Flush()
	return text.String()
}
