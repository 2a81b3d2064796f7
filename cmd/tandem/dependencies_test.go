package main

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/modfile"
	modules "golang.org/x/mod/module"
)

const repository = "../../"

// dependency is a row of docs/dependencies.md.
type dependency struct {
	version, what, licence, released, leaving string
}

// TestDependencies: docs/dependencies.md tells of what the go.mod files require
// directly, of all of it and of nothing else, in the version that is in use.
func TestDependencies(t *testing.T) {
	page := dependenciesPage(t)
	lookedUp, err := time.Parse(time.DateOnly, regexp.MustCompile(`knew on (\S+)\.`).FindStringSubmatch(page)[1])
	if err != nil {
		t.Fatal(err)
	}
	_, justified, _ := strings.Cut(page, "\n## Not at a release")
	for file, rows := range dependenciesIn(t, page) {
		required := requiredBy(t, file)
		for path, version := range required {
			if rows[path].version != version {
				t.Errorf("%s requires %s %s; docs/dependencies.md says %q", file, path, version, rows[path].version)
			}
		}
		for path, row := range rows {
			if _, is := required[path]; !is {
				t.Errorf("docs/dependencies.md has %s below %s, which does not require it", path, file)
			}
			if row.what == "" || row.licence == "" || row.released == "" || row.leaving == "" {
				t.Errorf("%s: a cell of its row is empty", path)
			}
			if asksForAReason(t, row, lookedUp) && !strings.Contains(justified, "\n- `"+path+"`: ") {
				t.Errorf("%s is at no release, or at one of long ago: say why it stays, or leave it", path)
			}
		}
	}
}

// asksForAReason: a version that is only a commit, or whose releases are two years old.
func asksForAReason(t *testing.T, d dependency, lookedUp time.Time) bool {
	t.Helper()
	if d.version == "v0.0.0" { // ours
		return false
	}
	if modules.IsPseudoVersion(d.version) {
		return true
	}
	_, day, _ := strings.Cut(d.released, ", ")
	released, err := time.Parse(time.DateOnly, day)
	if err != nil {
		t.Errorf("the last release is %q, not vX.Y.Z, YYYY-MM-DD", d.released)
	}
	return released.Before(lookedUp.AddDate(-2, 0, 0))
}

func dependenciesPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(repository + "docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// dependenciesIn reads the tables: by go.mod, by module.
func dependenciesIn(t *testing.T, page string) map[string]map[string]dependency {
	t.Helper()
	tables, file := map[string]map[string]dependency{}, ""
	for line := range strings.Lines(page) {
		line = strings.TrimSpace(line)
		if heading, is := strings.CutPrefix(line, "## "); is {
			if file = ""; strings.HasSuffix(heading, "go.mod") {
				file, tables[heading] = heading, map[string]dependency{}
			}
			continue
		}
		if !strings.HasPrefix(line, "| `") || file == "" {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 6 {
			t.Fatalf("not six cells: %s", line)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		tables[file][strings.Trim(cells[0], "`")] = dependency{cells[1], cells[2], cells[3], cells[4], cells[5]}
	}
	found := goModFiles(t)
	if said := slices.Sorted(maps.Keys(tables)); !slices.Equal(said, found) {
		t.Errorf("docs/dependencies.md has tables for %v; there are %v", said, found)
	}
	return tables
}

func goModFiles(t *testing.T) (files []string) {
	t.Helper()
	for _, pattern := range []string{"go.mod", "*/go.mod", "*/*/go.mod", "*/*/*/go.mod"} {
		found, err := filepath.Glob(repository + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			files = append(files, strings.TrimPrefix(path, repository))
		}
	}
	slices.Sort(files)
	return files
}

// requiredBy gives what a go.mod requires directly, and the tools that it names.
func requiredBy(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, file))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse(file, text, nil)
	if err != nil {
		t.Fatal(err)
	}
	required := map[string]string{}
	for _, r := range mod.Require {
		tool := slices.ContainsFunc(mod.Tool, func(tool *modfile.Tool) bool { return strings.HasPrefix(tool.Path, r.Mod.Path+"/") })
		if !r.Indirect || tool {
			required[r.Mod.Path] = r.Mod.Version
		}
	}
	return required
}
