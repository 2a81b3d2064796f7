package custody

import (
	"strings"
	"unicode"
)

// Tidy gives an action as the ledger will have it: what people wrote in it is on
// one line. Copied text has tabs, line breaks and spaces of other kinds; each run
// of them becomes one space, and text that nobody can see is none. Any other
// control character is refused, by the rules.
func Tidy(a Action) Action {
	switch a := a.(type) {
	case CheckOut:
		a.Purpose = line(a.Purpose)
		return a
	case Offer:
		a.Reason = line(a.Reason)
		return a
	case Decline:
		a.Reason = line(a.Reason)
		return a
	case Cancel:
		a.Reason = line(a.Reason)
		return a
	case GoAway:
		a.Reason = line(a.Reason)
		return a
	case RequestRotation:
		a.Reason = line(a.Reason)
		return a
	case Reconcile:
		a.Reason = line(a.Reason)
		return a
	case Retire:
		a.Reason = line(a.Reason)
		return a
	case AddPerson:
		a.Name = line(a.Name)
		return a
	}
	return a
}

func line(text string) string {
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
