//go:build jepsen

package jepsen

import (
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"testing"
	"time"
)

// What a long run is told by its environment.
const (
	howLong = "TANDEM_JEPSEN_FOR"     // duration
	results = "TANDEM_JEPSEN_RESULTS" // file of what was found so far
)

// lifetime is how many histories one cluster has, before another is made from nothing: its
// ledger grows, and whatever a fault may have left goes with it.
const lifetime = 44

// TestLong goes on for as long as it is told to, and adds what it found to what the file
// has. A violation ends it, and stays in the file.
func TestLong(t *testing.T) {
	lasts, err := time.ParseDuration(os.Getenv(howLong))
	if err != nil {
		t.Fatalf("%s: %v", howLong, err)
	}
	sum, until, program := load(t), time.Now().Add(lasts), asItIs(t)
	for time.Now().Before(until) && !t.Failed() {
		t.Run("cluster", func(t *testing.T) {
			c := newCluster(t, program)
			for range lifetime {
				if time.Now().After(until) || len(sum.Violations) > 0 {
					break
				}
				c.history(faults[sum.Histories%len(faults)], sum)
				save(t, sum)
			}
			c.verify(t.Context())
		})
		for _, v := range sum.Violations {
			t.Error(v)
		}
	}
	t.Log(sum)
}

func load(t *testing.T) *found {
	t.Helper()
	sum := &found{Faults: map[string]int{}}
	text, err := os.ReadFile(os.Getenv(results))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return sum
	case err != nil:
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, sum); err != nil {
		t.Fatal(err)
	}
	sum.Faults = maps.Clone(sum.Faults)
	return sum
}

// save writes what was found so far, all or nothing.
func save(t *testing.T, sum *found) {
	t.Helper()
	text, err := json.MarshalIndent(sum, "", "  ")
	if err == nil {
		err = os.WriteFile(os.Getenv(results)+".next", append(text, '\n'), 0o600)
	}
	if err == nil {
		err = os.Rename(os.Getenv(results)+".next", os.Getenv(results))
	}
	if err != nil {
		t.Fatal(err)
	}
}
