package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

//go:embed judged.txt
var judgedText string

func main() {
	leaveOut := flag.String("leave-out", "", "tests that do not run, as an expression")
	skip := flag.String("skip", "/^PostgreSQL$", "parts of tests that do not run, as -test.skip takes them")
	files := flag.String("files", "", "of which files changes are tried, as an expression")
	passedOn := flag.Bool("passed-on", false, "also try guards that only hand an error on")
	by := flag.String("by", "", "a package whose tests try what those of the changed one did not notice")
	atOnce := flag.Int("at-once", 1, "how many processes run at a time")
	budget := flag.Duration("budget", time.Hour, "how long, for each package")
	each := flag.Duration("each", 2*time.Minute, "how long a test may take by itself, without a change")
	results := flag.String("results", "dist/guards", "where results stay")
	list := flag.Bool("list", false, "only say what is known by now of what lived")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: guards [FLAGS] PACKAGE...")
		flag.PrintDefaults()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	for _, name := range flag.Args() {
		name = strings.TrimPrefix(filepath.Clean(name), "./")
		o := options{
			file:     filepath.Join(*results, strings.ReplaceAll(name, "/", "-")+".json"),
			files:    regexp.MustCompile(*files),
			passedOn: *passedOn, atOnce: *atOnce, budget: *budget, each: *each, judged: judged(judgedText), say: os.Stdout,
		}
		if o.leaveOut = regexp.MustCompile(*leaveOut); *leaveOut == "" {
			o.leaveOut = regexp.MustCompile(`^$`)
		}
		tested := name
		if *by != "" {
			tested = strings.TrimPrefix(filepath.Clean(*by), "./")
			o.elsewhere = o.file
			o.file = strings.TrimSuffix(o.file, ".json") + "-by-" + strings.ReplaceAll(tested, "/", "-") + ".json"
		}
		if err := one(ctx, name, tested, *skip, *list, o); err != nil {
			fmt.Fprintf(os.Stderr, "guards: %s: %v\n", name, err)
			stop()
			os.Exit(1)
		}
	}
}

func one(ctx context.Context, name, tested, skip string, list bool, o options) error {
	if list {
		r, err := read(o.file)
		if err != nil {
			return err
		}
		for _, result := range r.Results {
			result.Judged = o.judged[result.Key]
			if result.Outcome == "lived" {
				fmt.Fprintln(o.say, line(result))
			}
		}
		fmt.Fprintln(o.say, r.summary())
		return nil
	}
	work, err := os.MkdirTemp("", "guards")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	b, err := build(ctx, ".", "./"+name, "./"+tested, work)
	if err != nil {
		return err
	}
	b.skip = skip
	r, err := sweep(ctx, b, name, o)
	if r != nil {
		fmt.Fprintln(o.say, r.summary())
	}
	return err
}

// judged reads lines of a key and what somebody wrote of the change. What begins with #
// is a comment.
func judged(text string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(text) {
		key, says, _ := strings.Cut(strings.TrimSpace(line), " ")
		if key != "" && key != "#" {
			all[key] = says
		}
	}
	return all
}
