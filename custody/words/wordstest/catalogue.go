// Package wordstest reads the catalogue of package words as tests need it: file by
// file, with the values that each sentence takes.
package wordstest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template/parse"

	"github.com/pelletier/go-toml/v2"
)

// Sentence is an entry of the catalogue in one language.
type Sentence struct {
	Subject string            // the file that it stands in, without language and ending
	Forms   map[string]string // the sentence in each of its plural forms; "other" is always there
}

// plurals are the forms of the Unicode CLDR.
var plurals = []string{"zero", "one", "two", "few", "many", "other"}

// Read gives the whole catalogue of a language by key. folder is where package words
// is, as seen from the test.
func Read(t *testing.T, folder, lang string) map[string]Sentence {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*."+lang+".toml"))
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	all := map[string]Sentence{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var tree map[string]any
		if err := toml.Unmarshal(content, &tree); err != nil {
			t.Fatal(file, err)
		}
		subject := strings.TrimSuffix(filepath.Base(file), "."+lang+".toml")
		add := func(key string, forms map[string]string) {
			if before, twice := all[key]; twice {
				t.Errorf("%s stands in %s and in %s", key, before.Subject, subject)
			}
			all[key] = Sentence{subject, forms}
		}
		walk("", tree, add)
	}
	return all
}

func walk(prefix string, branch map[string]any, add func(key string, forms map[string]string)) {
	if _, is := branch["other"].(string); is && onlyPlurals(branch) {
		forms := map[string]string{}
		for form, said := range branch {
			forms[form] = said.(string)
		}
		add(strings.TrimSuffix(prefix, "."), forms)
		return
	}
	for name, value := range branch {
		switch value := value.(type) {
		case string:
			add(prefix+name, map[string]string{"other": value})
		case map[string]any:
			walk(prefix+name+".", value, add)
		}
	}
}

func onlyPlurals(branch map[string]any) bool {
	for name := range branch {
		if !slices.Contains(plurals, name) {
			return false
		}
	}
	return true
}

// Values gives the names of those that the sentence takes, sorted. A sentence that
// there is in the singular and the plural takes Count, said or not.
func (s Sentence) Values(t *testing.T) []string {
	t.Helper()
	names := s.Placeholders(t)
	if len(s.Forms) > 1 && !slices.Contains(names, "Count") {
		names = append(names, "Count")
		slices.Sort(names)
	}
	return names
}

// Placeholders gives the names of the values that stand in the sentence, sorted.
func (s Sentence) Placeholders(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, form := range s.Forms {
		trees, err := parse.Parse("x", form, "{{", "}}", map[string]any{"and": 1, "or": 1, "not": 1, "eq": 1})
		if err != nil {
			t.Errorf("%q: %v", form, err)
			continue
		}
		fields(trees["x"].Root, &names)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func fields(n parse.Node, names *[]string) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n != nil {
			for _, inner := range n.Nodes {
				fields(inner, names)
			}
		}
	case *parse.ActionNode:
		fields(n.Pipe, names)
	case *parse.IfNode:
		fields(n.Pipe, names)
		fields(n.List, names)
		fields(n.ElseList, names)
	case *parse.PipeNode:
		for _, command := range n.Cmds {
			for _, argument := range command.Args {
				fields(argument, names)
			}
		}
	case *parse.FieldNode:
		*names = append(*names, n.Ident[0])
	}
}
