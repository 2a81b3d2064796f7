package search_test

import (
	"testing"

	"github.com/tandem-custody/tandem/custody/search"
)

func TestSearchFindsAnyNameInAnyScript(t *testing.T) {
	for _, test := range []struct {
		typed string
		texts []string
		found bool
	}{
		{"杨涛", []string{"yang-t", "杨涛"}, true},
		{"涛", []string{"杨涛"}, true},
		{"ＤＢ０１", []string{"db01"}, true}, // full width, as an input method leaves it
		{"db01", []string{"ＤＢ０１"}, true},
		{"STRASSE", []string{"Straße"}, true},
		{"ÉMILE", []string{"e\u0301mile"}, true}, // composed and not
		{"иванов", []string{"ИВАНОВ Пётр"}, true},
		{"ΣΊΣΥΦΟΣ", []string{"Σίσυφος"}, true},
		{"ﾀﾅｶ", []string{"タナカ"}, true},
		{"  anna\u3000db ", []string{"db01", "Anna A"}, true}, // words of several names
		{"anna db02", []string{"db01", "Anna A"}, false},
		{"", []string{"anything"}, true},
		{"𠮷田", []string{"𠮷田"}, true},
	} {
		if got := search.In(test.typed, test.texts...); got != test.found {
			t.Errorf("%q in %q: %v", test.typed, test.texts, got)
		}
	}
}
