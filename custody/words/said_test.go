package words_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template/parse"

	"github.com/tandem-custody/tandem/custody/words"
)

// speech is one place that says something by its key, in the code or in a template.
type speech struct {
	at     string
	keys   *regexp.Regexp // which of the catalogue can be meant
	values []string       // names of those that are given, sorted
}

// TestWhatIsSaidTakesWhatItIsGiven: no page and no mail gives a sentence a value
// that it has no place for, or lacks one.
func TestWhatIsSaidTakesWhatItIsGiven(t *testing.T) {
	catalogue := read(t, words.English)
	is := func(key string) bool {
		_, is := catalogue[key]
		return is
	}
	inCode, inTemplates := saidInCode(t, is), saidInTemplates(t)
	if len(inCode) < 25 || len(inTemplates) < 300 {
		t.Fatalf("only %d and %d places that say something were found", len(inCode), len(inTemplates))
	}
	for _, s := range append(inCode, inTemplates...) {
		any := false
		for key, sentence := range catalogue {
			if !s.keys.MatchString(key) {
				continue
			}
			any = true
			if takes := sentence.Values(t); !slices.Equal(takes, s.values) {
				t.Errorf("%s: %s takes %v, and is given %v", s.at, key, takes, s.values)
			}
		}
		if !any {
			t.Errorf("%s: there is no %s", s.at, s.keys)
		}
	}
}

// saidInCode finds calls that have a key of the catalogue, and behind it its values:
// as custody.Args, or by name and value in turn.
func saidInCode(t *testing.T, is func(key string) bool) (all []speech) {
	t.Helper()
	files := token.NewFileSet()
	for _, path := range sourceFiles(t, ".go") {
		if strings.HasPrefix(filepath.ToSlash(path), "../../config/") { // some of whose settings are called as keys are
			continue
		}
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, isCall := n.(*ast.CallExpr)
			if !isCall || named(call.Fun) == "Invalid" { // whose keys are below another
				return true
			}
			for i, argument := range call.Args {
				if key, err := text(argument); err == nil && is(key) {
					at := files.Position(call.Pos()).String()
					all = append(all, speech{at, exactly(key), valuesOf(t, at, call.Args[i+1:])})
				}
			}
			return true
		})
	}
	return all
}

func exactly(key string) *regexp.Regexp { return regexp.MustCompile("^" + regexp.QuoteMeta(key) + "$") }

func valuesOf(t *testing.T, at string, rest []ast.Expr) (given []string) {
	t.Helper()
	if len(rest) == 1 {
		if named(rest[0]) == "nil" {
			return nil
		}
		return names(t, at, rest[0])
	}
	for i := 0; i < len(rest); i += 2 {
		name, err := text(rest[i])
		if err != nil {
			t.Errorf("%s: %v", at, err)
		}
		given = append(given, name)
	}
	slices.Sort(given)
	return given
}

// saidInTemplates finds what the pages say: by t and bilingual with a key or with
// one that printf makes, by in with a list whose words are meant.
func saidInTemplates(t *testing.T) (all []speech) {
	t.Helper()
	for _, path := range sourceFiles(t, ".html") {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		tree := parse.New(filepath.Base(path))
		tree.Mode = parse.SkipFuncCheck
		trees := map[string]*parse.Tree{}
		if _, err := tree.Parse(string(content), "", "", trees); err != nil {
			t.Fatal(err)
		}
		for _, tree := range trees {
			commands(tree.Root, func(c *parse.CommandNode) {
				if s, is := saidBy(c); is {
					s.at = path + ": " + c.String()
					all = append(all, s)
				}
			})
		}
	}
	return all
}

// verb stands where printf puts something in.
var verb = regexp.MustCompile(`%[a-z]`)

func saidBy(c *parse.CommandNode) (s speech, is bool) {
	name, is := c.Args[0].(*parse.IdentifierNode)
	if !is || len(c.Args) < 2 {
		return speech{}, false
	}
	switch key := c.Args[1].(type) {
	case *parse.StringNode:
		switch name.Ident {
		case "t", "bilingual":
			s.keys = exactly(key.Text)
		case "in":
			s.keys = regexp.MustCompile("^" + regexp.QuoteMeta(key.Text) + `\.`)
			return s, true // its other argument is the word
		}
	case *parse.PipeNode:
		if made := key.Cmds[0].Args; name.Ident == "t" && made[0].String() == "printf" {
			s.keys = regexp.MustCompile("^" + verb.ReplaceAllString(regexp.QuoteMeta(made[1].(*parse.StringNode).Text), "[a-zA-Z_-]+") + "$")
		}
	}
	for i := 2; i < len(c.Args); i += 2 {
		if name, is := c.Args[i].(*parse.StringNode); is {
			s.values = append(s.values, name.Text)
		}
	}
	slices.Sort(s.values)
	return s, s.keys != nil
}

// commands goes through all commands of a template, those in parentheses too.
func commands(n parse.Node, visit func(*parse.CommandNode)) {
	branch := func(b parse.BranchNode) {
		commands(b.Pipe, visit)
		commands(b.List, visit)
		commands(b.ElseList, visit)
	}
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, inner := range n.Nodes {
				commands(inner, visit)
			}
		}
	case *parse.ActionNode:
		commands(n.Pipe, visit)
	case *parse.IfNode:
		branch(n.BranchNode)
	case *parse.RangeNode:
		branch(n.BranchNode)
	case *parse.WithNode:
		branch(n.BranchNode)
	case *parse.TemplateNode:
		commands(n.Pipe, visit)
	case *parse.PipeNode:
		if n != nil {
			for _, c := range n.Cmds {
				commands(c, visit)
			}
		}
	case *parse.CommandNode:
		visit(n)
		for _, argument := range n.Args {
			commands(argument, visit)
		}
	}
}
