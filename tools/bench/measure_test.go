//go:build bench

package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// block is what one block of calls took.
type block struct {
	p50       time.Duration // of one call
	perSecond float64       // of all callers together
	cpu       time.Duration // of the process that made them, for each call
}

// callers has that many goroutines call until n calls are done, and measures
// them. The number that call is given counts from 0 and comes up once. It gives
// the first error.
func callers(many, n int, call func(i int) error) (block, error) {
	took := make([]time.Duration, n)
	var next atomic.Int64
	var failed error
	var once sync.Once
	var running sync.WaitGroup
	start, used := time.Now(), processorTime()
	for range many {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				begun := time.Now()
				if err := call(i); err != nil {
					once.Do(func() { failed = err })
					return
				}
				took[i] = time.Since(begun)
			}
		})
	}
	running.Wait()
	all := time.Since(start)
	return block{median(took), float64(n) / all.Seconds(), (processorTime() - used) / time.Duration(max(n, 1))}, failed
}

// processorTime is what this process has used so far, by itself and in the kernel.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// inTurns measures one after the other, again and again, and gives the blocks of
// each.
func inTurns(t *testing.T, rounds int, measures ...func() (block, error)) [][]block {
	t.Helper()
	blocks := make([][]block, len(measures))
	for range rounds {
		for i, measure := range measures {
			b, err := measure()
			if err != nil {
				t.Fatal(err)
			}
			blocks[i] = append(blocks[i], b)
		}
	}
	return blocks
}

// compared is what two measures gave in the same turns.
type compared struct{ ours, peer []block }

// latency gives the median p50 of each side, and the median of their ratios.
func (c compared) latency() (ours, peer time.Duration, ratio float64) {
	p50 := func(b block) time.Duration { return b.p50 }
	return median(each(c.ours, p50)), median(each(c.peer, p50)), c.ratio(func(b block) float64 { return float64(b.p50) })
}

// rate is the same of the calls per second.
func (c compared) rate() (ours, peer, ratio float64) {
	rate := func(b block) float64 { return b.perSecond }
	return median(each(c.ours, rate)), median(each(c.peer, rate)), c.ratio(rate)
}

// processor is the same of the processor time for each call.
func (c compared) processor() (ours, peer time.Duration, ratio float64) {
	cpu := func(b block) time.Duration { return b.cpu }
	return median(each(c.ours, cpu)), median(each(c.peer, cpu)), c.ratio(func(b block) float64 { return float64(b.cpu) })
}

func (c compared) ratio(of func(block) float64) float64 {
	ratios := make([]float64, len(c.ours))
	for i := range c.ours {
		ratios[i] = of(c.ours[i]) / of(c.peer[i])
	}
	return median(ratios)
}

func median[N int64 | float64 | time.Duration](values []N) N {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func each[A, B any](from []A, to func(A) B) []B {
	all := make([]B, len(from))
	for i, a := range from {
		all[i] = to(a)
	}
	return all
}

// These are how the table shows numbers.
func milliseconds(d time.Duration) string { return fmt.Sprintf("%.2f ms", d.Seconds()*1000) }
func perSecond(n float64) string          { return fmt.Sprintf("%.0f/s", n) }
func microseconds(d time.Duration) string { return fmt.Sprintf("%.1f µs", d.Seconds()*1e6) }
func times(ratio float64) string          { return fmt.Sprintf("%.2fx", ratio) }

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// cache is where what takes long to make is kept from run to run.
func cache(t *testing.T) string {
	t.Helper()
	root, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(root, "tandem", "bench")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// onDisk gives a folder for databases. It is beside the cache, because the usual
// place for temporary files may be in memory, where a sync costs nothing. What
// a run left that was killed goes after a day.
func onDisk(t *testing.T) string {
	t.Helper()
	root := cache(t)
	const prefix = "run-"
	left, _ := filepath.Glob(filepath.Join(root, prefix+"*"))
	for _, old := range left {
		if info, err := os.Stat(old); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			_ = os.RemoveAll(old)
		}
	}
	dir, err := os.MkdirTemp(root, prefix)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}
