//go:build jepsen

package jepsen

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// bugs are mistakes that somebody could make: one text of a file, and what stands there
// instead.
var bugs = []struct {
	name, file, was, is string
	tries               int // histories, at most
}{
	{
		"a read past the view: a question is answered from what this replica has seen", "custody/desk/view.go",
		"	if size == d.entries() {", "	if size >= 0 {", 22,
	},
	{
		"a lost fence: an idempotency key that was used is carried out again", "custody/desk/commit.go",
		"		if found {\n			return b.replay(c, r)", "		if found && c.by.Actor == custody.System {\n			return b.replay(c, r)", 22,
	},
	{
		"a lost fence: a code confirms twice", "custody/decide.go",
		"	if best <= d.actor.LastStep {", "	if best < d.actor.LastStep {", 22,
	},
}

// TestBugsAreFound: each mistake, put in by itself, is a violation soon, or stops what was
// built with it.
func TestBugsAreFound(t *testing.T) {
	for _, bug := range bugs {
		t.Run(bug.name, func(t *testing.T) {
			c := newCluster(t, buildProgram(t, t.TempDir(), overlay(t, bug.file, bug.was, bug.is)))
			sum := &found{Faults: map[string]int{}}
			for n := 0; n < bug.tries && len(sum.Violations) == 0; n++ {
				c.history(faults[n%len(faults)], sum)
			}
			if len(sum.Violations) == 0 {
				t.Errorf("nobody noticed, in %s", sum)
			}
			t.Logf("found in history %d", sum.Histories)
		})
	}
}

// overlay has go build read a file with one text changed.
func overlay(t *testing.T, file, was, is string) (path string) {
	t.Helper()
	folder := t.TempDir()
	at, err := filepath.Abs(filepath.Join("../..", file))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(text), was) != 1 {
		t.Fatalf("%s has not once what is to be changed: %s", file, was)
	}
	changed := filepath.Join(folder, filepath.Base(file))
	if err := os.WriteFile(changed, []byte(strings.Replace(string(text), was, is, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {at: changed}})
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(path, list, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
