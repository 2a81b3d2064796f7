package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody/auditor"
	"github.com/tandem-custody/tandem/custody/desk"
)

// clockFile is the variable that names the file by which a process of the tests has
// its clock set while it runs: two durations, by which what the wall says and what has
// passed are more than the machine's.
const clockFile = "TANDEM_TEST_CLOCK"

// written is the machine's clock, set by a file.
type written struct {
	desk.Clock
	file string
}

func (w *written) set() (wall, passed time.Duration) {
	text, err := os.ReadFile(w.file)
	if err != nil {
		panic(err)
	}
	first, second, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	wall, err1 := time.ParseDuration(first)
	passed, err2 := time.ParseDuration(second)
	if err := errors.Join(err1, err2); err != nil {
		panic(err)
	}
	return wall, passed
}

func (w *written) Now() time.Time {
	wall, _ := w.set()
	return w.Clock.Now().Add(wall)
}

func (w *written) Elapsed() time.Duration {
	_, passed := w.set()
	return w.Clock.Elapsed() + passed
}

// TestTheClockJumpsUnderARunningProgram: a year ahead, a day back, and standing still
// for two minutes. Each time it says so and decides nothing, nothing is entered, what
// is there can be read; and it goes on by itself when the clock is right again.
func TestTheClockJumpsUnderARunningProgram(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "clock")
	set := func(wall, passed time.Duration) {
		t.Helper()
		next := file + ".next"
		must(t, os.WriteFile(next, fmt.Appendf(nil, "%s %s\n", wall, passed), 0o600))
		must(t, os.Rename(next, file)) // whole or not at all: the program reads it at any time
	}
	set(0, 0)
	h := newHouse(t)
	ada := h.initialise("ada")
	h.startWrapped([]string{"env", clockFile + "=" + file})
	h.mustServe()
	h.wantReady()
	must(t, h.signIn(ada))
	add := func(name string) error { return entersRefusal(t.Context(), ada) }
	entries := func() int {
		t.Helper()
		found, err := ada.Server.Entries(t.Context(), desk.EntryQuery{Limit: 1000})
		must(t, err)
		return len(found)
	}
	for i, jump := range []struct {
		what         string
		wall, passed time.Duration
	}{
		{"a year ahead", 365 * 24 * time.Hour, 0},
		{"a day back", -24 * time.Hour, 0},
		{"standing still", 0, 2 * time.Minute},
	} {
		before := entries()
		set(jump.wall, jump.passed)
		h.wantCause("clock_wrong")
		if _, metrics := h.operations("/metrics"); !strings.Contains(metrics, "\ntandem_clock_wrong 1\n") {
			t.Errorf("%s: the metrics do not say it", jump.what)
		}
		err := add(fmt.Sprint("while-", i))
		if p, is := errors.AsType[*edge.Problem](err); !is || p.Status != http.StatusServiceUnavailable || p.Code != "clock_wrong" {
			t.Errorf("%s: a command: %v", jump.what, err)
		}
		if now := entries(); now != before {
			t.Errorf("%s: %d entries became %d", jump.what, before, now)
		}
		set(0, 0)
		h.waitFor("the server to go on", func() bool { return len(h.causes()) == 0 })
		if err := add(fmt.Sprint("after-", i)); err != nil {
			t.Errorf("%s, and right again: %v", jump.what, err)
		}
	}
	h.stop()
	if _, err := verifyDatabase(t.Context(), h.file("tandem.db"), auditor.Request{Now: time.Now()}); err != nil {
		t.Error(err)
	}
}
