package main

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// A Change takes one check away.
type Change struct {
	Key  string // of the function's text, and which of its changes
	Kind string // guard, operand, case, call, passed on
	File string // its name in the package's folder
	Line int
	Func string
	Text string // what is not so, not asked, or not called; on one line
}

//go:embed switch.go.txt
var switchText string

// switchFile is the file that is put beside the changed ones: what they call.
func switchFile(name string, changes int) string {
	return strings.NewReplacer("PACKAGE", name, "COUNT", fmt.Sprint(changes)).Replace(switchText)
}

// changer writes the files of one package so that they can be changed by number.
type changer struct {
	changes []Change // number n is changes[n-1]
}

// file gives the text in which every change that is possible there can be switched on.
// Lines stay where they are.
func (c *changer) file(name string, source []byte) ([]byte, error) {
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	w := &writer{changer: c, source: source, file: files.File(parsed.FileStart), name: name}
	for _, decl := range parsed.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			w.within(decl, decl.Name.Name)
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if value, ok := spec.(*ast.ValueSpec); ok && decl.Tok == token.VAR {
					w.within(value, value.Names[0].Name)
				}
			}
		}
	}
	return w.text(), nil
}

type writer struct {
	*changer
	source   []byte
	file     *token.File
	name     string
	function string // whose changes are being written
	hash     string // of its text
	first    int    // how many changes there were before it
	edits    []edit
}

// edit is what is put in at a place, by the number of the change that it opens or
// closes: an outer one has a lower number than what is in it.
type edit struct {
	at            int
	opens, closes int // the other is 0
	text          string
}

func (w *writer) within(node ast.Node, name string) {
	sum := sha256.Sum256([]byte(w.of(node)))
	w.function, w.hash, w.first = name, hex.EncodeToString(sum[:8]), len(w.changes)
	ast.Inspect(node, w.visit)
}

// visit sees outer nodes before inner ones, as text relies on.
func (w *writer) visit(node ast.Node) bool {
	switch node := node.(type) {
	case *ast.GenDecl:
		return node.Tok != token.CONST
	case *ast.IfStmt:
		kind := "guard"
		if passesOn(node) {
			kind = "passed on"
		}
		w.wrap(kind, node.Cond, "guardsTrue")
	case *ast.SwitchStmt:
		for _, clause := range node.Body.List {
			if node.Tag == nil {
				for _, is := range clause.(*ast.CaseClause).List {
					w.wrap("case", is, "guardsTrue")
				}
			}
		}
	case *ast.BinaryExpr:
		as, ok := map[token.Token]string{token.LAND: "guardsFalse", token.LOR: "guardsTrue"}[node.Op]
		if !ok {
			break
		}
		// Of a chain each member is left out by itself.
		if left, ok := node.X.(*ast.BinaryExpr); !ok || left.Op != node.Op {
			w.wrap("operand", node.X, as)
		}
		w.wrap("operand", node.Y, as)
	case *ast.BlockStmt:
		w.calls(node.List)
	case *ast.CaseClause:
		w.calls(node.Body)
	case *ast.CommClause:
		w.calls(node.Body)
	}
	return true
}

// notTested is what is called for nobody who could tell: see the package's comment.
var notTested = regexp.MustCompile(`^panic\(|\.(R?Lock|R?Unlock)\(\)$|(?i:\blog(ger)?(\(\))?)\.(Debug|Info|Warn|Error|Log|Print)\w*\(`)

func (w *writer) calls(statements []ast.Stmt) {
	for _, statement := range statements {
		call, ok := statement.(*ast.ExprStmt)
		if !ok {
			continue
		}
		if _, ok := call.X.(*ast.CallExpr); !ok || notTested.MatchString(w.of(call)) {
			continue
		}
		w.put("call", call, "if guardsCall(%d) { ", " }")
	}
}

func (w *writer) wrap(kind string, is ast.Expr, as string) {
	w.put(kind, is, as+"(%d, ", ")")
}

// put notes a change and writes around the node what makes it. Before has a %d for its
// number.
func (w *writer) put(kind string, node ast.Node, before, after string) {
	text := strings.Join(strings.Fields(w.of(node)), " ")
	if len(text) > 120 {
		text = strings.ToValidUTF8(text[:117], "") + "…"
	}
	w.changes = append(w.changes, Change{
		Key:  fmt.Sprintf("%s.%d", w.hash, len(w.changes)-w.first+1),
		Kind: kind, File: w.name, Line: w.file.Line(node.Pos()), Func: w.function, Text: text,
	})
	n := len(w.changes)
	w.edits = append(w.edits,
		edit{at: w.file.Offset(node.Pos()), opens: n, text: fmt.Sprintf(before, n)},
		edit{at: w.file.Offset(node.End()), closes: n, text: after})
}

func (w *writer) of(node ast.Node) string {
	return string(w.source[w.file.Offset(node.Pos()):w.file.Offset(node.End())])
}

// text puts the edits in. Of those at one place, what closes comes before what opens;
// what closes the inner node first, what opens it last.
func (w *writer) text() []byte {
	slices.SortFunc(w.edits, func(a, b edit) int {
		switch {
		case a.at != b.at:
			return cmp.Compare(a.at, b.at)
		case a.closes != b.closes:
			return cmp.Compare(b.closes, a.closes)
		}
		return cmp.Compare(a.opens, b.opens)
	})
	var text []byte
	at := 0
	for _, e := range w.edits {
		text = append(append(text, w.source[at:e.at]...), e.text...)
		at = e.at
	}
	return append(text, w.source[at:]...)
}

// passesOn says whether a guard does nothing but hand an error on, as in
// if err := f(); err != nil { return nil, fmt.Errorf("reading: %w", err) }.
func passesOn(guard *ast.IfStmt) bool {
	is, ok := guard.Cond.(*ast.BinaryExpr)
	if !ok || is.Op != token.NEQ || guard.Else != nil || len(guard.Body.List) != 1 {
		return false
	}
	name, ok := is.X.(*ast.Ident)
	if null, isIdent := is.Y.(*ast.Ident); !ok || !isIdent || null.Name != "nil" {
		return false
	}
	back, ok := guard.Body.List[0].(*ast.ReturnStmt)
	if !ok || len(back.Results) == 0 {
		return false
	}
	found := false
	ast.Inspect(back.Results[len(back.Results)-1], func(node ast.Node) bool {
		used, ok := node.(*ast.Ident)
		found = found || ok && used.Name == name.Name
		return true
	})
	return found
}
