package custody

import (
	"strings"
	"unicode"
)

// OneLine gives what people wrote as the ledger has it: on one line. Copied text has
// tabs, line breaks and spaces of other kinds; each run of them becomes one space,
// and text that nobody can see is none. Any other control character is refused, by
// the rules.
func OneLine(text string) string {
	if blank(text) {
		return ""
	}
	return strings.Join(strings.Fields(text), " ")
}

// blank says that a text shows nothing: it is empty, or of spaces and of letters
// that have no shape, like U+200B or the filler U+3164. A control character is
// not nothing: it is refused as what it is.
func blank(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		switch {
		case unicode.IsSpace(r), r == '\u2800', unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.M):
			return false
		case unicode.Is(unicode.Cf, r):
			return unicode.Is(unicode.Bidi_Control, r)
		}
		return true
	})
}
