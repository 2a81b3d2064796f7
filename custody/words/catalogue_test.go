package words_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template/parse"
	"unicode"

	"github.com/pelletier/go-toml/v2"

	"github.com/tandem-custody/tandem/custody/words"
)

// sentence is an entry of the catalogue in one language, in all its plural forms.
type sentence struct {
	file  string
	forms map[string]string
}

// plurals are the forms of the Unicode CLDR.
var plurals = []string{"zero", "one", "two", "few", "many", "other"}

// read gives the whole catalogue of a language, from its files.
func read(t *testing.T, lang string) map[string]sentence {
	t.Helper()
	files, err := filepath.Glob("*." + lang + ".toml")
	if err != nil || len(files) < 4 {
		t.Fatal(files, err)
	}
	all := map[string]sentence{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var tree map[string]any
		if err := toml.Unmarshal(content, &tree); err != nil {
			t.Fatal(file, err)
		}
		var walk func(prefix string, branch map[string]any)
		add := func(key string, forms map[string]string) {
			if _, twice := all[key]; twice {
				t.Errorf("%s: %s stands in two files", file, key)
			}
			all[key] = sentence{file, forms}
		}
		walk = func(prefix string, branch map[string]any) {
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
					walk(prefix+name+".", value)
				}
			}
		}
		walk("", tree)
	}
	return all
}

func onlyPlurals(branch map[string]any) bool {
	for name := range branch {
		if !slices.Contains(plurals, name) {
			return false
		}
	}
	return true
}

// placeholders gives the names of the values that a sentence takes, sorted.
func (s sentence) placeholders(t *testing.T, key string) []string {
	t.Helper()
	var names []string
	for _, form := range s.forms {
		trees, err := parse.Parse("x", form, "{{", "}}", map[string]any{"and": 1, "or": 1, "not": 1, "eq": 1})
		if err != nil {
			t.Errorf("%s: %v", key, err)
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

// TestBothLanguagesSayTheSame: the same keys, which take the same values, in the
// language that they are in.
func TestBothLanguagesSayTheSame(t *testing.T) {
	en, zh := read(t, words.English), read(t, words.Chinese)
	for key, said := range en {
		other, there := zh[key]
		if !there {
			t.Errorf("%s is not in Chinese", key)
			continue
		}
		if want, got := said.placeholders(t, key), other.placeholders(t, key); !slices.Equal(want, got) {
			t.Errorf("%s takes %v in English, %v in Chinese", key, want, got)
		}
		for _, form := range said.forms {
			if strings.TrimSpace(form) == "" || strings.ContainsFunc(form, han) && key != "language.zh" {
				t.Errorf("%s is no English: %q", key, form)
			}
		}
		for _, form := range other.forms {
			if strings.TrimSpace(form) == "" || !strings.ContainsFunc(form, han) && !sameEverywhere(form) {
				t.Errorf("%s is no Chinese: %q", key, form)
			}
		}
	}
	for key := range zh {
		if _, there := en[key]; !there {
			t.Errorf("%s is not in English", key)
		}
	}
}

func han(r rune) bool { return unicode.Is(unicode.Han, r) }

// sameEverywhere are names of things, which no language translates.
func sameEverywhere(form string) bool {
	return slices.Contains([]string{
		"English", "TLS", "LDAPS", "HTTPS", "PostgreSQL", "DN", "{{.Holds}} / {{.Charges}}", "{{.Last}}",
	}, form)
}

// TestEveryRefusalHasItsWords: what the rules give and what the catalogue takes is
// one, in both directions.
func TestEveryRefusalHasItsWords(t *testing.T) {
	rules := readSource(t)
	used := map[string]bool{"refusal.field.what": true, "refusal.field.next": true} // of every refusal of a field
	for _, lang := range words.Languages {
		catalogue := read(t, lang)
		for _, r := range rules.refusals {
			keys := []string{"refusal." + r.key + ".what", "refusal." + r.key + ".next"}
			if r.field {
				keys = []string{"invalid." + r.key}
			}
			var takes []string
			for _, key := range keys {
				s, there := catalogue[key]
				if !there {
					t.Errorf("%s: %s has no %s", r.at, lang, key)
				}
				takes = append(takes, s.placeholders(t, key)...)
				used[key] = true
			}
			slices.Sort(takes)
			if takes = slices.Compact(takes); !slices.Equal(takes, r.args) {
				t.Errorf("%s: %s of %s takes %v, and is given %v", r.at, keys, lang, takes, r.args)
			}
		}
		for key := range catalogue {
			group, _, _ := strings.Cut(key, ".")
			if (group == "refusal" || group == "invalid") && !used[key] {
				t.Errorf("nothing refuses with %s", key)
			}
		}
	}
}

// speaksChinese are the files in which Chinese stands that is no sentence of the
// catalogue: what people may type, how a list is written, what tests of adapters send,
// a subject line that is in two languages at once.
var speaksChinese = []string{
	"cmd/tandem/times.go", "cmd/tandem/verb_ledger_certificate.go", "custody/words/words.go", "custody/witnessing/email.go",
	"custody/desk/secretstest/conform.go", "custody/rotation/targettest/conform.go",
}

// TestNoSentenceStandsInTheCode: one that is said in two languages is in the catalogue.
func TestNoSentenceStandsInTheCode(t *testing.T) {
	for literal, at := range readSource(t).literals {
		if strings.ContainsFunc(literal, han) && !slices.ContainsFunc(speaksChinese, func(file string) bool { return strings.Contains(filepath.ToSlash(at), "../../"+file+":") }) {
			t.Errorf("%s: %q belongs into the catalogue", at, literal)
		}
	}
}

// TestWhatIsSaidByNameIsUsed: of the groups that neither the rules nor the pages nor
// the mails go through.
func TestWhatIsSaidByNameIsUsed(t *testing.T) {
	literals := readSource(t).literals
	for key := range read(t, words.English) {
		group, rest, _ := strings.Cut(key, ".")
		if group == "paper" {
			key = rest // see certificate
		}
		if slices.Contains([]string{"paper", "note", "duration"}, group) && literals[key] == "" {
			t.Errorf("nothing says %s", key)
		}
	}
}
