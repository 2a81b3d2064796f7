package custody

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What the tests read out of this package's own source, so that nothing that is
// declared there can be left out here.

// codesGiven reads in this package's source which codes its refusals can have.
func codesGiven(t *testing.T) []Code {
	t.Helper()
	values, used := map[string]string{}, map[string]bool{}
	for _, file := range source(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if kind, ok := n.Type.(*ast.Ident); ok && kind.Name == "Code" {
					values[n.Names[0].Name], _ = strconv.Unquote(n.Values[0].(*ast.BasicLit).Value)
				}
			case *ast.CompositeLit:
				if kind, ok := n.Type.(*ast.Ident); ok && kind.Name == "Refusal" {
					for _, element := range n.Elts {
						if kv := element.(*ast.KeyValueExpr); kv.Key.(*ast.Ident).Name == "Code" {
							used[kv.Value.(*ast.Ident).Name] = true
						}
					}
				}
			}
			return true
		})
	}
	var codes []Code
	for name := range used {
		codes = append(codes, Code(values[name]))
	}
	if len(codes) < 10 || slices.Contains(codes, "") {
		t.Fatalf("the codes were not read rightly: %v", codes)
	}
	return codes
}

// source parses the files of this package that are no tests.
func source(t *testing.T) (files []*ast.File) {
	t.Helper()
	paths, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// receivers gives the types of this package that have a method, by name.
func receivers(t *testing.T, method string) (names []string) {
	for _, file := range source(t) {
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == method {
				names = append(names, f.Recv.List[0].Type.(*ast.Ident).Name)
			}
		}
	}
	slices.Sort(names)
	return names
}
