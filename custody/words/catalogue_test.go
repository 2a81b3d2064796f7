package words_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/tandem-custody/tandem/custody/words"
	"github.com/tandem-custody/tandem/custody/words/wordstest"
)

// read gives the whole catalogue of a language, from its files.
func read(t *testing.T, lang string) map[string]wordstest.Sentence {
	t.Helper()
	return wordstest.Read(t, ".", lang)
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
		if want, got := said.Placeholders(t), other.Placeholders(t); !slices.Equal(want, got) {
			t.Errorf("%s takes %v in English, %v in Chinese", key, want, got)
		}
		if said.Subject != other.Subject {
			t.Errorf("%s stands in %s in English, in %s in Chinese", key, said.Subject, other.Subject)
		}
		for _, form := range said.Forms {
			if strings.TrimSpace(form) == "" || strings.ContainsFunc(form, han) && key != "language.zh" {
				t.Errorf("%s is no English: %q", key, form)
			}
		}
		for _, form := range other.Forms {
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
				takes = append(takes, s.Placeholders(t)...)
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
	"cmd/tandem/times.go", "cmd/tandem/verb_ledger_certificate.go", "cmd/tandem/verb_offboarding.go", "custody/words/words.go", "custody/witnessing/email.go",
	"custody/desk/secretstest/conform.go", "custody/rotation/targettest/conform.go", "custody/store/storetest/storetest.go",
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

// TestTheFactsOfASubjectStandTogether: those of one kind of entry, in one file.
func TestTheFactsOfASubjectStandTogether(t *testing.T) {
	apart := map[string]string{ // what a person does that is a subject of its own
		"fact.person.locked": "session", "fact.person.unlocked": "session", "fact.person.away": "presence", "fact.person.present": "presence",
		"fact.clock.corrected": "ledger", "fact.seal.key_changed": "ledger", "fact.text.redacted": "ledger", "fact.command.refused": "request", "fact.service.started": "configuration",
	}
	for key, said := range read(t, words.English) {
		kind, is := strings.CutPrefix(key, "fact.")
		if !is {
			continue
		}
		want, _, _ := strings.Cut(kind, ".")
		if other, is := apart[key]; is {
			want = other
		}
		if said.Subject != want {
			t.Errorf("%s stands in %s, not in %s", key, said.Subject, want)
		}
	}
}
