// Package search finds what people type in what things and people are called.
package search

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold gives a text without what makes no difference to who looks for it: case,
// width (full-width letters and digits, half-width kana) and how its letters are
// composed.
func Fold(text string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(text)))
}

// Words gives what is looked for, folded: each of them has to be found.
func Words(typed string) []string { return strings.Fields(Fold(typed)) }

// In says whether all that was typed is in the texts: in any of them, or in parts
// of several.
func In(typed string, texts ...string) bool {
	all := Fold(strings.Join(texts, "\n"))
	for _, word := range Words(typed) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}
