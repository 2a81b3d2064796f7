//go:build jepsen

package jepsen

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// bugs are mistakes that somebody could make: one text of a file, and what stands there
// instead. Histories find them, or, where all that replicas do themselves is as it should
// be, a test of what somebody else did.
var bugs = []struct {
	name, file, was, is string
	tries               int       // histories, at most; 0: a test
	test                [2]string // package, name
}{
	{
		"a read past the view: a question is answered from what this replica has seen", "custody/desk/view.go",
		"	if size == d.entries() {", "	if size >= 0 {", 22, [2]string{},
	},
	{
		"a lost fence: an idempotency key that was used is carried out again", "custody/desk/commit.go",
		"		if found {\n			return b.replay(c, r)", "		if found && c.by.Actor == custody.System {\n			return b.replay(c, r)", 22, [2]string{},
	},
	{
		"Apply for Replay: what another replica wrote is taken in and not carried out again", "custody/desk/again.go",
		"			err = again.Add(events[i])", "			custody.Apply(again.State, events[i])", 0,
		[2]string{"./custody/desk", "TestHalfOfWhatACommandLeadsToIsNotTakenIn"},
	},
	{
		"a lost fence: a worker that was overtaken tells the target", "custody/rotation/change.go",
		"	if err := a.claim(ctx, a.credential.Name); err != nil {", "	if err := a.claim(ctx, a.credential.Name); err == errFailed {", 0,
		[2]string{"./custody/rotation", "TestAWorkerThatWasOvertakenDoesNotTellTheTarget"},
	},
	{
		"a lost fence: a follower that was overtaken moves its place", "custody/store/followers.go",
		"at = ? WHERE follower = ? AND epoch = ?\", next, next", "at = ? WHERE follower = ? AND epoch <> ? + 1000000\", next, next", 0,
		[2]string{"./custody/store", "TestPlacesOfFollowers"},
	},
}

// TestBugsAreFound: each mistake, put in by itself, is a violation soon, or stops what was
// built with it.
func TestBugsAreFound(t *testing.T) {
	for _, bug := range bugs {
		t.Run(bug.name, func(t *testing.T) {
			if bug.tries == 0 {
				notices(t, overlay(t, bug.file, bug.was, bug.is), bug.test)
				return
			}
			c := newCluster(t, buildProgram(t, t.TempDir(), overlay(t, bug.file, bug.was, bug.is)))
			sum := &found{Faults: map[string]int{}}
			for n := 0; n < bug.tries && len(sum.Violations) == 0; n++ {
				c.history(faultFor(bug.file, n), sum)
			}
			if len(sum.Violations) == 0 {
				t.Errorf("nobody noticed, in %s", sum)
			}
			t.Logf("found in history %d", sum.Histories)
		})
	}
}

// faultFor gives the fault of a try: what a key is there for is an answer that comes too
// late, so that somebody asks again.
func faultFor(file string, n int) fault {
	if file == "custody/desk/commit.go" {
		return fault{"answers too late", 4 * time.Second, func(c *cluster, n int) func() {
			c.relays[n].late.Store(int64(answered / 2))
			return c.relays[n].heal
		}}
	}
	return faults[n%len(faults)]
}

// notices demands that a test fails with an overlay, and passes without.
func notices(t *testing.T, overlay string, test [2]string) {
	t.Helper()
	run := func(args ...string) (string, error) {
		args = append([]string{"test", "-count=1", "-vet=off", "-run", "^" + test[1] + "$"}, append(args, test[0])...)
		command := exec.Command("go", args...)
		command.Dir = "../.."
		out, err := command.CombinedOutput()
		return string(out), err
	}
	if out, err := run(); err != nil || strings.Contains(out, "no tests to run") {
		t.Fatalf("without it: %v\n%s", err, out)
	}
	if out, err := run("-overlay", overlay); err == nil || !strings.Contains(out, "--- FAIL: "+test[1]) {
		t.Errorf("nobody noticed: %v\n%s", err, out)
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
