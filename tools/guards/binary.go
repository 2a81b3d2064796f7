package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// binary has the tests of a package, and every change of it.
type binary struct {
	path    string
	dir     string        // of the package: its tests run there
	work    string        // a folder of our own
	skip    string        // for -test.skip
	patient time.Duration // that tests get beside ten times what they took
	changes []Change      // number n is changes[n-1]
	tests   map[string]string
	sources string // hash of what is changed
}

// build makes it of one package's sources and another's tests, which may be the same.
// Both are as the go command takes them, from folder dir; work is an empty folder.
func build(ctx context.Context, dir, changed, tested, work string) (*binary, error) {
	found, err := listed(ctx, dir, changed)
	if err != nil {
		return nil, err
	}
	by, err := listed(ctx, dir, tested)
	if err != nil {
		return nil, err
	}
	b := &binary{path: filepath.Join(work, "tests"), dir: by.Dir, work: work, patient: 20 * time.Second}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	put := func(name string, text []byte) error {
		overlay.Replace[filepath.Join(found.Dir, name)] = filepath.Join(work, name)
		return os.WriteFile(filepath.Join(work, name), text, 0o600)
	}
	var c changer
	all := sha256.New()
	for _, name := range slices.Concat(found.GoFiles, found.CgoFiles) {
		source, err := os.ReadFile(filepath.Join(found.Dir, name))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(all, "%s %d\n%s", name, len(source), source)
		text, err := c.file(name, source)
		if err != nil {
			return nil, err
		}
		if err := put(name, text); err != nil {
			return nil, err
		}
	}
	b.changes, b.sources = c.changes, hex.EncodeToString(all.Sum(nil)[:8])
	if err := put("guards_switch.go", []byte(switchFile(found.Name, len(c.changes)))); err != nil {
		return nil, err
	}
	if b.tests, err = tests(by.Dir, slices.Concat(by.TestGoFiles, by.XTestGoFiles)); err != nil {
		return nil, err
	}
	list, err := json.Marshal(overlay)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(work, "overlay.json"), list, 0o600); err != nil {
		return nil, err
	}
	_, err = goTool(ctx, dir, "test", "-c", "-overlay", filepath.Join(work, "overlay.json"), "-o", b.path, tested)
	return b, err
}

// files of a package, as the go command lists them.
type files struct {
	Dir, Name                                    string
	GoFiles, CgoFiles, TestGoFiles, XTestGoFiles []string
}

func listed(ctx context.Context, dir, name string) (found files, err error) {
	out, err := goTool(ctx, dir, "list", "-json=Dir,Name,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles", name)
	if err == nil {
		err = json.Unmarshal(out, &found)
	}
	return found, err
}

func goTool(ctx context.Context, dir string, args ...string) ([]byte, error) {
	c := exec.CommandContext(ctx, "go", args...)
	c.Dir = dir
	out, err := c.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		err = fmt.Errorf("go %s: %w\n%s", args[0], err, exit.Stderr)
	}
	return out, err
}

// tests gives the tests that stand in these files, each with a hash of its text and of
// the functions there that it comes to.
func tests(dir string, names []string) (map[string]string, error) {
	texts, calls := map[string]string{}, map[string][]string{}
	for _, name := range names {
		source, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		files := token.NewFileSet()
		parsed, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, decl := range parsed.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil {
				continue
			}
			texts[f.Name.Name] = string(source[files.Position(f.Pos()).Offset:files.Position(f.End()).Offset])
			ast.Inspect(f, func(node ast.Node) bool {
				if used, ok := node.(*ast.Ident); ok {
					calls[f.Name.Name] = append(calls[f.Name.Name], used.Name)
				}
				return true
			})
		}
	}
	all := map[string]string{}
	for name := range texts {
		if name == "TestMain" || !isTest.MatchString(name) {
			continue
		}
		reached := map[string]bool{name: true}
		for next := []string{name}; len(next) > 0; next = next[1:] {
			for _, called := range calls[next[0]] {
				if _, there := texts[called]; there && !reached[called] {
					reached[called] = true
					next = append(next, called)
				}
			}
		}
		sum := sha256.New()
		for _, name := range slices.Sorted(maps.Keys(reached)) {
			fmt.Fprintln(sum, texts[name])
		}
		all[name] = hex.EncodeToString(sum.Sum(nil)[:8])
	}
	return all, nil
}

var isTest = regexp.MustCompile(`^(Test|Example|Fuzz)`)

// how it went for tests that ran.
type ran struct {
	passed  bool
	by      string // who failed first; "time": nobody had by then; "crash": nobody is named
	said    string
	seconds float64
	seen    []byte // for each number, whether a change would have told there
}

var failed = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// run runs tests in a process of their own, in which this change is made; 0: none.
func (b *binary) run(ctx context.Context, change int, names []string, limit time.Duration) (ran, error) {
	folder, err := os.MkdirTemp(b.work, "run")
	if err != nil {
		return ran{}, err
	}
	defer os.RemoveAll(folder)
	// Servers of tests run as users of their own.
	if err := errors.Join(os.Chmod(b.work, 0o755), os.Chmod(folder, 0o755)); err != nil {
		return ran{}, err
	}
	seen := filepath.Join(folder, "seen")
	if err := os.WriteFile(seen, make([]byte, len(b.changes)+1), 0o600); err != nil {
		return ran{}, err
	}
	within, cancel := context.WithTimeout(ctx, limit+10*time.Second) // the binary itself stops at the limit
	defer cancel()
	c := exec.CommandContext(within, b.path, "-test.failfast", "-test.timeout="+limit.String(),
		"-test.run=^("+strings.Join(names, "|")+")$", "-test.skip="+b.skip)
	c.Dir = b.dir
	c.Env = append(os.Environ(), "TMPDIR="+folder, fmt.Sprintf("GUARDS_OFF=%d", change), "GUARDS_SEEN="+seen)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	// A test's own servers end with it, also where it was stopped.
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = 5 * time.Second
	began := time.Now()
	err = c.Run()
	if ctx.Err() != nil {
		return ran{}, ctx.Err()
	}
	r := ran{passed: err == nil, said: said.String(), seconds: time.Since(began).Seconds()}
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) && within.Err() == nil {
		return ran{}, fmt.Errorf("running %s: %w", b.path, err)
	}
	if who := failed.FindStringSubmatch(r.said); !r.passed && who != nil {
		r.by = who[1]
	} else if strings.Contains(r.said, "panic: test timed out") || within.Err() != nil {
		r.by = "time"
	} else if !r.passed {
		r.by = "crash"
	}
	r.seen, err = os.ReadFile(seen)
	return r, err
}
