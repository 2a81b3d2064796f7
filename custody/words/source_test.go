package words_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// said is one place of the source that says something: which keys it needs, and with
// what values.
type said struct {
	at    string
	key   string
	args  []string // names, sorted
	field bool     // about a field: its key is below "invalid", else below "refusal"
}

// source is what the Go code of the module says, tests left out.
type source struct {
	refusals []said
	terms    []term
	literals map[string]string // every text that stands in the code, and where
}

type term struct{ at, list, code string }

// sourceFiles gives those of the module with an ending, tests left out.
func sourceFiles(t *testing.T, ending string) (paths []string) {
	t.Helper()
	const root = "../.."
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == "bin" || strings.HasPrefix(entry.Name(), ".") && path != root):
			return fs.SkipDir
		case !entry.IsDir() && strings.HasSuffix(path, ending) && !strings.HasSuffix(path, "_test.go"):
			paths = append(paths, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// readSource finds every refusal and every term.
func readSource(t *testing.T) source {
	t.Helper()
	all := source{literals: map[string]string{}}
	files := token.NewFileSet()
	for _, path := range sourceFiles(t, ".go") {
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			at := func() string { return files.Position(n.Pos()).String() }
			switch n := n.(type) {
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
					all.literals[text] = at()
				}
			case *ast.CompositeLit:
				switch named(n.Type) {
				case "Refusal":
					if s, is := refusal(t, at(), n); is {
						all.refusals = append(all.refusals, s)
					}
				case "Term":
					if list, code, err := termOf(n); err != nil {
						t.Errorf("%s: %v", at(), err)
					} else {
						all.terms = append(all.terms, term{at(), list, code})
					}
				}
			case *ast.CallExpr:
				if named(n.Fun) == "Invalid" {
					all.refusals = append(all.refusals, invalid(t, at(), n))
				}
			}
			return true
		})
	}
	if len(all.refusals) < 150 || len(all.terms) < 10 {
		t.Fatalf("only %d refusals and %d terms were found", len(all.refusals), len(all.terms))
	}
	return all
}

// named gives the last part of a name: "Refusal" of custody.Refusal.
func named(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

func text(e ast.Expr) (string, error) {
	literal, is := e.(*ast.BasicLit)
	if !is || literal.Kind != token.STRING {
		return "", errors.New("a key is no literal: nothing can tell whether there are words for it")
	}
	return strconv.Unquote(literal.Value)
}

// values gives the fields of a composite literal by name.
func values(n *ast.CompositeLit) map[string]ast.Expr {
	named := map[string]ast.Expr{}
	for _, element := range n.Elts {
		if pair, is := element.(*ast.KeyValueExpr); is {
			if name, is := pair.Key.(*ast.Ident); is {
				named[name.Name] = pair.Value
			}
		}
	}
	return named
}

func refusal(t *testing.T, at string, n *ast.CompositeLit) (said, bool) {
	t.Helper()
	is := values(n)
	if _, made := is["Key"].(*ast.Ident); made && is["Field"] != nil {
		return said{}, false // by Invalid itself, whose callers are looked at
	}
	if is["Code"] == nil || is["Key"] == nil {
		t.Errorf("%s: a refusal without its code or its key", at)
		return said{}, false
	}
	key, err := text(is["Key"])
	if err != nil {
		t.Errorf("%s: %v", at, err)
	}
	s := said{at: at, key: key}
	if is["Args"] != nil {
		s.args = names(t, at, is["Args"])
	}
	return s, true
}

func invalid(t *testing.T, at string, n *ast.CallExpr) said {
	t.Helper()
	key, err := text(n.Args[1])
	if err != nil {
		t.Errorf("%s: %v", at, err)
	}
	s := said{at: at, key: key, field: true}
	if len(n.Args) > 2 {
		s.args = names(t, at, n.Args[2])
	}
	return s
}

// names gives those of Args{"name": value}.
func names(t *testing.T, at string, e ast.Expr) (names []string) {
	t.Helper()
	args, is := e.(*ast.CompositeLit)
	if !is || named(args.Type) != "Args" {
		t.Errorf("%s: values that are not written out", at)
		return nil
	}
	for _, element := range args.Elts {
		name, err := text(element.(*ast.KeyValueExpr).Key)
		if err != nil {
			t.Errorf("%s: %v", at, err)
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// termOf gives the list and the code of a Term; code is "" where it is not written
// out.
func termOf(n *ast.CompositeLit) (list, code string, err error) {
	if len(n.Elts) != 2 {
		return "", "", errors.New("a term without its list or its code")
	}
	parts := make([]ast.Expr, 2)
	for i, element := range n.Elts {
		if pair, is := element.(*ast.KeyValueExpr); is {
			element = pair.Value
			if named(pair.Key) == "Code" {
				parts[1] = element
				continue
			}
			parts[0] = element
			continue
		}
		parts[i] = element
	}
	if list, err = text(parts[0]); err != nil {
		return "", "", err
	}
	code, _ = text(parts[1])
	return list, code, nil
}
