package desk

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// Username gives the one spelling of what was typed as a name. A change of case
// must not be a way past a lock (CVE-2025-6004), and a space that a telephone put
// behind it, or the letters of a Chinese keyboard (ｔｅｃｈ), must not be a failure.
func Username(typed string) string {
	return strings.ToLower(strings.TrimSpace(norm.NFKC.String(typed)))
}
