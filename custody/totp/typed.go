package totp

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Typed gives what somebody meant by a code that they typed or pasted: "123 456",
// full-width digits, a space behind it that cannot be seen. It is for the edge at
// which people type; Match, behind it, takes six digits and nothing else. What is
// no code does not become one.
func Typed(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.In(r, unicode.Pd, unicode.Cf) || r == '\u2212' {
			return -1
		}
		return r
	}, norm.NFKC.String(text))
}
