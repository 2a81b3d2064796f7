package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Result is what became of a change.
type Result struct {
	Change
	Outcome string // killed, lived, unreached, passed on, not run
	By      string `json:",omitempty"` // the test that failed; "time", "crash"
	Judged  string `json:",omitempty"` // of one that lived: what somebody wrote of it
}

// A Test is what is known of a test without a change.
type Test struct {
	Hash    string // of its text
	Seconds float64
	Reached []int  `json:",omitempty"` // the results that it could have noticed, counted from 0
	Fails   string `json:",omitempty"` // by itself, so that it was left out
}

// Results are all of a package.
type Results struct {
	Package, Date, Sources string
	Tests                  map[string]Test
	Results                []Result
}

type options struct {
	file      string         // of the results
	leaveOut  *regexp.Regexp // tests
	files     *regexp.Regexp // of which changes are tried
	passedOn  bool
	elsewhere string // results of the package's own tests, where others try what those did not notice; or ""
	atOnce    int
	budget    time.Duration
	each      time.Duration // for a test by itself
	judged    map[string]string
	say       io.Writer
}

// sweep tries what is new since the results before, until the budget is used up, and
// keeps what came out.
func sweep(ctx context.Context, b *binary, name string, o options) (*Results, error) {
	until, cancel := context.WithTimeout(ctx, o.budget)
	defer cancel()
	old, err := read(o.file)
	if err != nil {
		return nil, err
	}
	now := &Results{Package: name, Date: time.Now().UTC().Format(time.DateOnly), Sources: b.sources, Tests: map[string]Test{}}
	noticed, err := read(o.elsewhere)
	if err != nil {
		return nil, err
	}
	before := map[string]Result{}
	for _, result := range noticed.Results {
		if result.Outcome == "killed" {
			before[result.Key] = result
		}
	}
	for _, result := range old.Results {
		before[result.Key] = result
	}
	for _, change := range b.changes {
		was := before[change.Key]
		now.Results = append(now.Results, Result{Change: change, Outcome: cmp.Or(was.Outcome, "not run"), By: was.By, Judged: o.judged[change.Key]})
	}
	var mu sync.Mutex
	var names []string
	for test, hash := range b.tests {
		was := old.Tests[test]
		switch {
		case o.leaveOut.MatchString(test):
		case old.Sources == b.sources && was.Hash == hash && was.Fails == "":
			now.Tests[test] = was
		default:
			names = append(names, test)
		}
	}
	slices.Sort(names)
	err = each(until, o.atOnce, names, func(test string) error {
		r, err := b.run(until, 0, []string{test}, o.each)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		is := Test{Hash: b.tests[test], Seconds: r.seconds}
		for n := range b.changes {
			if r.passed && r.seen[n+1] != 0 {
				is.Reached = append(is.Reached, n)
			}
		}
		if !r.passed {
			is.Fails = r.by
			fmt.Fprintf(o.say, "%s is left out: it fails without a change\n%.2000s\n", test, r.said)
		}
		now.Tests[test] = is
		return nil
	})
	if err != nil {
		return now, errors.Join(err, keep(o.file, now))
	}

	reaching, left := make([][]string, len(b.changes)), []int{}
	for test, is := range now.Tests {
		for _, n := range is.Reached {
			reaching[n] = append(reaching[n], test)
		}
	}
	for n := range now.Results {
		slices.SortFunc(reaching[n], func(a, c string) int {
			return cmp.Or(cmp.Compare(now.Tests[a].Seconds, now.Tests[c].Seconds), cmp.Compare(a, c))
		})
		result := &now.Results[n]
		switch {
		case result.Kind == "passed on" && !o.passedOn:
			result.Outcome = "passed on"
		case result.Outcome == "killed":
		case len(reaching[n]) == 0 && result.Outcome != "lived":
			result.Outcome, result.By = "unreached", ""
		case !o.files.MatchString(result.File):
		default:
			if result.Outcome == "lived" {
				reaching[n] = slices.DeleteFunc(reaching[n], func(test string) bool { return tried(old, result.Key, test, b.tests[test]) })
			}
			if len(reaching[n]) > 0 {
				result.Outcome = "not run"
				left = append(left, n)
			}
		}
	}
	// What is cheap to decide comes first: a budget decides most so.
	cost := func(n int) (seconds float64) {
		for _, test := range reaching[n] {
			seconds += now.Tests[test].Seconds
		}
		return seconds
	}
	slices.SortStableFunc(left, func(a, c int) int { return cmp.Compare(cost(a), cost(c)) })
	saved := time.Now()
	err = each(until, o.atOnce, left, func(n int) error {
		outcome, by, err := try(until, b, n+1, reaching[n], now.Tests)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		now.Results[n].Outcome, now.Results[n].By = outcome, by
		if outcome == "lived" && now.Results[n].Judged == "" {
			fmt.Fprintln(o.say, "LIVED", line(now.Results[n]))
		}
		if time.Since(saved) < 30*time.Second {
			return nil
		}
		saved = time.Now()
		return keep(o.file, now)
	})
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = nil // what is not run says so
	}
	return now, errors.Join(err, keep(o.file, now))
}

// try runs the tests, quickest first and several quick ones together, until one fails.
func try(ctx context.Context, b *binary, change int, names []string, tests map[string]Test) (outcome, by string, err error) {
	const together = 2 // seconds
	for len(names) > 0 {
		some, seconds := 1, tests[names[0]].Seconds
		for some < len(names) && seconds+tests[names[some]].Seconds <= together {
			seconds += tests[names[some]].Seconds
			some++
		}
		// Generous, because others may be at work meanwhile.
		r, err := b.run(ctx, change, names[:some], b.patient+time.Duration(10*seconds*float64(time.Second)))
		if err != nil {
			return "", "", err
		}
		if !r.passed {
			return "killed", r.by, nil
		}
		names = names[some:]
	}
	return "lived", "", nil
}

// tried says whether a test with this text was run against the change, or could not
// have noticed it.
func tried(old *Results, key, test, hash string) bool {
	was := old.Tests[test]
	return was.Hash == hash && slices.ContainsFunc(was.Reached, func(n int) bool { return old.Results[n].Key == key })
}

// each calls for all, some at once, until the context ends or an error comes.
func each[T any](ctx context.Context, atOnce int, all []T, call func(T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan T)
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for one := range next {
				if err := call(one); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, one := range all {
		select {
		case next <- one:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

func read(file string) (*Results, error) {
	r := &Results{}
	text, err := os.ReadFile(file)
	if file == "" || errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(text, r)
	}
	return r, err
}

func keep(file string, r *Results) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(file+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

func line(r Result) string {
	return strings.TrimSpace(fmt.Sprintf("%s:%d %s %s: %s (%s) %s", r.File, r.Line, r.Kind, r.Func, r.Text, r.Key, r.Judged))
}

// summary is a line of the table in docs/testing.md, by outcome; of what lived also by
// the first word of its judgement.
func (r *Results) summary() string {
	count := map[string]int{}
	for _, result := range r.Results {
		count[result.Outcome]++
		if first, _, _ := strings.Cut(result.Judged, " "); result.Outcome == "lived" && first != "" {
			count["lived, "+strings.TrimSuffix(first, ":")]++
		}
	}
	says := []string{fmt.Sprintf("%s: %d changes", r.Package, len(r.Results))}
	for _, outcome := range slices.Sorted(maps.Keys(count)) {
		says = append(says, fmt.Sprintf("%d %s", count[outcome], outcome))
	}
	return strings.Join(says, ", ")
}
