package soak

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mostCalls bounds how many calls of one operation have their own faults: what
// is called more often in a rotation is called again and again, to wait.
const mostCalls = 5

// matrix is every fault that a rotation can have which passes these points so often.
func matrix(calls map[string]int) (all []fault) {
	for _, point := range slices.Sorted(maps.Keys(calls)) {
		if strings.HasPrefix(point, atStep) {
			all = append(all, fault{Point: point, Nth: 1, Mode: killBefore})
			continue
		}
		for nth := 1; nth <= min(calls[point], mostCalls); nth++ {
			for _, mode := range modes {
				all = append(all, fault{Point: point, Nth: nth, Mode: mode})
			}
		}
	}
	return all
}

// split gives the faults that kill, and the others.
func split(all []fault) (kills, others []fault) {
	for _, f := range all {
		if f.kills() {
			kills = append(kills, f)
		} else {
			others = append(others, f)
		}
	}
	return kills, others
}

// atAnyMoment kills within a time: in the middle of whatever is going on then.
func atAnyMoment(random *rand.Rand, within time.Duration) fault {
	return fault{KillAfter: 1 + rand.N(within)}
}

// early makes it the first such call: a rotation that was begun before has fewer.
func (f fault) early() fault {
	f.Nth = min(f.Nth, 1)
	return f
}

// newSeed gives what all draws follow from, and says it.
func newSeed(t *testing.T) (seed uint64) {
	t.Helper()
	seed = rand.Uint64()
	if text := os.Getenv("TANDEM_SOAK_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("TANDEM_SOAK_SEED: %v", err)
		}
	}
	t.Logf("TANDEM_SOAK_SEED=%d", seed)
	return seed
}

// draws gives each place its own.
func draws(seed uint64, p *place) *rand.Rand {
	return rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Append(nil, seed, p.name))))
}

// TestFaults is what `make soak` does, in small: for each target a few faults
// drawn from all of them, and then the search for secrets.
func TestFaults(t *testing.T) {
	seed := newSeed(t)
	everywhere(t, func(t *testing.T, p *place, seen *watcher) {
		random := draws(seed, p)
		r := begin(t, p)
		calls, took := r.measure()
		kills, others := split(matrix(calls))
		for _, f := range [][]fault{
			{kills[random.IntN(len(kills))], others[random.IntN(len(others))].early()},
			{atAnyMoment(random, took)},
		} {
			t.Logf("%v", f)
			r.suffer(f...)
		}
		r.findNoSecret(seen)
	})
}

// everywhere runs a test at every place, all at the same time.
func everywhere(t *testing.T, test func(*testing.T, *place, *watcher)) {
	seen := watch(t)
	for name, start := range places {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, p := range start(t) {
				t.Run(p.name, func(t *testing.T) {
					t.Parallel()
					test(t, p, seen)
				})
			}
		})
	}
}
