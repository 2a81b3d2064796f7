package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestWhatIsChanged has the whole of a file: what is not changed stays to the letter,
// and on its line.
func TestWhatIsChanged(t *testing.T) {
	const source = `package p

const c = d && e // no number can change it

var open = func() bool { return d || e() }

func f(a, b, c bool, err error, mu lock) error {
	defer mu.Unlock()
	mu.Lock()
	if a && b && (c || d) {
		g(func() bool { return b && c })
	}
	switch {
	case a == b, c:
		panic("no")
	default:
		s.Log.WarnContext(ctx, "so"); g(nil)
	}
	switch a { case b: g(nil) }
	if err := h(); err != nil {
		return wrap(1, err)
	}
	if err != nil { return other }
	return nil
}
`
	const changed = `package p

const c = d && e // no number can change it

var open = func() bool { return guardsTrue(1, d) || guardsTrue(2, e()) }

func f(a, b, c bool, err error, mu lock) error {
	defer mu.Unlock()
	mu.Lock()
	if guardsTrue(3, guardsFalse(7, a) && guardsFalse(8, b) && guardsFalse(6, (guardsTrue(9, c) || guardsTrue(10, d)))) {
		if guardsCall(11) { g(func() bool { return guardsFalse(12, b) && guardsFalse(13, c) }) }
	}
	switch {
	case guardsTrue(14, a == b), guardsTrue(15, c):
		panic("no")
	default:
		s.Log.WarnContext(ctx, "so"); if guardsCall(16) { g(nil) }
	}
	switch a { case b: if guardsCall(17) { g(nil) } }
	if err := h(); guardsTrue(4, err != nil) {
		return wrap(1, err)
	}
	if guardsTrue(5, err != nil) { return other }
	return nil
}
`
	var c changer
	text, err := c.file("p.go", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	// Which has which number is of no account, as long as each has its own.
	number := regexp.MustCompile(`(guards\w+\()\d+`)
	if got, want := number.ReplaceAllString(string(text), "$1"), number.ReplaceAllString(changed, "$1"); got != want {
		t.Errorf("changed:\n%s", text)
	}
	kinds := map[string]int{}
	for n, change := range c.changes {
		kinds[change.Kind]++
		if len(number.FindAllString(string(text), -1)) != len(c.changes) || strings.Count(string(text), fmt.Sprintf("(%d", n+1)) == 0 {
			t.Errorf("number %d is not written: %+v", n+1, change)
		}
	}
	if got := fmt.Sprint(kinds); got != "map[call:3 case:2 guard:2 operand:9 passed on:1]" {
		t.Errorf("kinds: %s", got)
	}
}

// door is the package of testdata in a folder of its own.
func door(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/door")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// outcomes are what a sweep said and found, the changes by their texts.
func outcomes(t *testing.T, dir string, change func(*options)) (said string, found map[string]string) {
	t.Helper()
	return outcomesBy(t, dir, ".", change)
}

func outcomesBy(t *testing.T, dir, tested string, change func(*options)) (said string, found map[string]string) {
	t.Helper()
	ctx := t.Context()
	b, err := build(ctx, dir, ".", tested, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b.patient = 5 * time.Second
	var says strings.Builder
	o := options{
		file: filepath.Join(dir, "out", "door.json"), leaveOut: regexp.MustCompile("^$"), files: regexp.MustCompile(""),
		atOnce: 2, budget: 5 * time.Minute, each: time.Minute, say: &says,
	}
	if change != nil {
		change(&o)
	}
	r, err := sweep(ctx, b, "door", o)
	if err != nil {
		t.Fatal(err)
	}
	found = map[string]string{}
	for _, result := range r.Results {
		found[result.Kind+" "+result.Text] = strings.TrimSpace(result.Outcome + " " + result.By)
	}
	return says.String() + r.summary(), found
}

func TestWhatNoTestMissesIsNamed(t *testing.T) {
	dir := door(t)
	said, found := outcomes(t, dir, nil)
	want := map[string]string{
		`guard name == ""`:                "killed TestOpens",
		`guard !key && !code`:             "unreached", // nobody comes with neither
		`operand !key`:                    "killed TestOpens",
		`operand !code`:                   "lived",
		`operand name != "eve"`:           "unreached",
		`case hour < 8`:                   "killed TestStaysShut",
		`case hour > 18 && name != "eve"`: "killed TestStaysShut",
		`operand hour > 18`:               "killed TestOpens",
		`guard hour == 13`:                "lived",
		`guard name != "" || weekend`:     "lived",
		`operand name != ""`:              "lived",
		`operand weekend`:                 "unreached",
		`call sort.Strings(all)`:          "killed TestInOrder",
		`guard add != nil`:                "lived",
		`call add("all")`:                 "lived",
		`passed on err != nil`:            "passed on",
		`guard i >= n`:                    "killed time",
	}
	for text, outcome := range want {
		if found[text] != outcome {
			t.Errorf("%s: %q and not %q", text, found[text], outcome)
		}
		delete(found, text)
	}
	if len(found) > 0 {
		t.Errorf("also: %v", found)
	}
	for _, line := range []string{
		"TestFailsByItself is left out: it fails without a change\n--- FAIL: TestFailsByItself",
		"LIVED door.go:23 guard Open: hour == 13 (",
		"door: 17 changes, 7 killed, 6 lived, 1 passed on, 3 unreached",
	} {
		if !strings.Contains(said, line) {
			t.Errorf("nothing says %q in\n%s", line, said)
		}
	}
}

// TestOnlyWhatIsNewIsTriedAgain looks at the second run: by a test that is made to fail
// there, what was killed or lived before stays as it was.
func TestOnlyWhatIsNewIsTriedAgain(t *testing.T) {
	dir := door(t)
	_, first := outcomes(t, dir, nil)
	edit := func(file, old, by string) {
		t.Helper()
		path := filepath.Join(dir, file)
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), old) {
			t.Fatal(err, old)
		}
		if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, by, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tries := func(said string) int { return strings.Count(said, "LIVED") }

	said, again := outcomes(t, dir, nil)
	if tries(said) != 0 || !maps.Equal(again, first) {
		t.Errorf("nothing was new, and yet: %s", said)
	}

	edit("door_test.go", "&& hour != 13 {", "{")
	said, again = outcomes(t, dir, nil)
	if again["guard hour == 13"] != "killed TestStaysShut" || tries(said) != 1 {
		// That test comes by !code as well, which lives on.
		t.Errorf("a test became another: %s\n%v", said, again)
	}

	edit("door.go", "hour == 13", "hour == 13 && night")
	said, again = outcomes(t, dir, nil)
	if again["guard hour == 13 && night"] != "killed TestStaysShut" || again["operand night"] != "unreached" || strings.Contains(said, "Names") {
		t.Errorf("a function became another: %s\n%v", said, again)
	}

	said, again = outcomes(t, door(t), func(o *options) { o.files = regexp.MustCompile("^$") })
	if again["guard hour == 13"] != "not run" || tries(said) != 0 {
		t.Errorf("no file was asked for: %s\n%v", said, again)
	}
	said, again = outcomes(t, door(t), func(o *options) { o.leaveOut, o.passedOn = regexp.MustCompile("^Test(Opens|Ends)$"), true })
	if again[`guard name == ""`] != "unreached" || again["passed on err != nil"] != "unreached" {
		t.Errorf("a test was left out: %s\n%v", said, again)
	}
}

func TestWhatTheBudgetDoesNotHaveIsNotRun(t *testing.T) {
	dir := door(t)
	began := time.Now()
	_, found := outcomes(t, dir, func(o *options) {
		o.budget, o.atOnce = 3*time.Second, 1
		o.files = regexp.MustCompile("door")
	})
	// The change that hangs has seven seconds before it counts as killed.
	if found["guard i >= n"] == "killed time" && time.Since(began) < 5*time.Second {
		t.Errorf("killed before its time: %v", found)
	}
	if !slices.Contains(slices.Collect(maps.Values(found)), "not run") {
		t.Errorf("everything was run in three seconds: %v", found)
	}
}

func TestWhatSomebodyJudgedIsNotAskedAgain(t *testing.T) {
	dir := door(t)
	b, err := build(t.Context(), dir, ".", ".", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var key string
	for _, change := range b.changes {
		if change.Text == "hour == 13" {
			key = change.Key
		}
	}
	said, _ := outcomes(t, dir, func(o *options) {
		o.judged = judged("# a comment\n" + key + " left: nobody eats\n\n")
		o.files = regexp.MustCompile("door.go")
	})
	if strings.Contains(said, "LIVED door.go:23") || !strings.Contains(said, "1 lived, left") {
		t.Error(said)
	}
}

func TestTheTestsOfAnotherPackageTryWhatItsOwnDidNotNotice(t *testing.T) {
	dir := door(t)
	outcomes(t, dir, func(o *options) { o.leaveOut = regexp.MustCompile("^TestEnds$") })
	said, found := outcomesBy(t, dir, "./hall", func(o *options) {
		o.elsewhere, o.file = o.file, filepath.Join(dir, "out", "door-by-hall.json")
	})
	for text, outcome := range map[string]string{
		"guard hour == 13": "killed TestNobodyComesInAtLunch",
		`guard name == ""`: "killed TestOpens", // as before: nobody of the hall comes by
		"operand !key":     "killed TestOpens",
		"operand !code":    "unreached", // with a key
		"guard add != nil": "unreached",
	} {
		if found[text] != outcome {
			t.Errorf("%s: %q and not %q\n%s", text, found[text], outcome, said)
		}
	}
}
