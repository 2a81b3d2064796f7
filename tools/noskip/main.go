// Command noskip runs `go test -json` and says what `go test` would have said. It
// fails where `go test` fails, and also where a test was skipped: what was not run has
// not passed.
//
// Usage: noskip COMMAND [ARG...]
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: noskip COMMAND [ARG...]")
		os.Exit(2)
	}
	skipped, err := run(os.Stdout, os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "noskip:", err)
		os.Exit(1)
	}
	// What looks at /proc is skipped elsewhere: only Linux can run everything.
	if skipped > 0 && runtime.GOOS == "linux" {
		os.Exit(1)
	}
}

// run carries the command out and gives how many tests it skipped. The error is that of
// the command, which also ends with one when a test failed.
func run(out io.Writer, command []string) (skipped int, err error) {
	c := exec.Command(command[0], command[1:]...)
	c.Stderr = os.Stderr
	events, err := c.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := c.Start(); err != nil {
		return 0, err
	}
	skipped, err = tell(out, events)
	return skipped, errors.Join(err, c.Wait())
}

// event is what `go test -json` writes a line of: see `go doc test2json`, and `go help
// buildjson` for what a build says.
type event struct {
	Action     string
	Package    string
	Test       string // "": the package as a whole
	Output     string
	ImportPath string // of what is built
}

// tell reads events until they end, writes of each package what there is to read as
// soon as it has ended, and at last what was skipped.
func tell(out io.Writer, events io.Reader) (skipped int, err error) {
	running := map[string]*tests{}
	var skips []string
	// A line of output can be as long as a test likes.
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			break
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		var e event
		if json.Unmarshal(line, &e) != nil { // not of test2json
			fmt.Fprintf(out, "%s", line)
			continue
		}
		if e.Package == "" { // of a build
			fmt.Fprint(out, e.Output)
			continue
		}
		p := running[e.Package]
		if p == nil {
			p = &tests{said: map[string]*strings.Builder{}, ended: map[string]string{}}
			running[e.Package] = p
		}
		if p.take(e) {
			p.tell(out)
			skips = append(skips, p.skips(e.Package)...)
			delete(running, e.Package)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(running)) { // whose end never came
		running[name].tell(out)
		err = errors.Join(err, fmt.Errorf("nothing said how %s ended", name))
	}
	for _, skip := range skips {
		fmt.Fprint(out, skip)
	}
	return len(skips), err
}

// tests are those of one package, while they run.
type tests struct {
	said   map[string]*strings.Builder // by test; "": by the package
	begun  []string                    // in this order
	ended  map[string]string           // how, by test
	failed bool
}

// take says whether this was the package's last event.
func (p *tests) take(e event) bool {
	switch e.Action {
	case "output":
		if p.said[e.Test] == nil {
			p.said[e.Test] = new(strings.Builder)
			p.begun = append(p.begun, e.Test)
		}
		if !strings.HasPrefix(e.Output, "=== ") { // RUN, PAUSE, CONT and NAME, which only -v shows
			p.said[e.Test].WriteString(e.Output)
		}
	case "pass", "fail", "skip":
		p.ended[e.Test] = e.Action
		p.failed = p.failed || e.Action == "fail"
		return e.Test == ""
	}
	return false
}

// tell writes what failed, and the line about the package.
func (p *tests) tell(out io.Writer) {
	for _, test := range p.begun {
		if end := p.ended[test]; test != "" && end != "pass" && end != "skip" {
			fmt.Fprint(out, p.said[test].String())
		}
	}
	about := p.said[""]
	if about == nil {
		return
	}
	for line := range strings.Lines(about.String()) {
		// Of a package that passed the one line is enough, as without -v.
		if p.failed || strings.HasPrefix(line, "ok ") || strings.HasPrefix(line, "? ") {
			fmt.Fprint(out, line)
		}
	}
}

// skips gives what was skipped, and what was said of it.
func (p *tests) skips(name string) (skips []string) {
	for _, test := range p.begun {
		if test != "" && p.ended[test] == "skip" {
			skips = append(skips, fmt.Sprintf("SKIPPED\t%s %s\n%s", name, test, p.said[test]))
		}
	}
	return skips
}
