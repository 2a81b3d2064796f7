package channel

import (
	"strings"
	"unicode/utf8"
)

// text writes a message as plain text of at most so many bytes. What is too long loses
// its end, never half a letter, and never the link.
func text(m Message, most int, harmless func(string) string) string {
	said := []string{harmless("[Tandem] " + m.Title)}
	for _, line := range m.Lines {
		said = append(said, harmless(line))
	}
	end := ""
	if m.Link != "" {
		end = "\n" + m.Link
	}
	return bounded(strings.Join(said, "\n"), most-len(end)) + end
}

const ellipsis = "…"

// bounded gives at most so many bytes of a text, and says that it was cut.
func bounded(text string, most int) string {
	if len(text) <= most {
		return text
	}
	most = max(most-len(ellipsis), 0)
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most] + ellipsis
}

// asItIs is for services that read no markup in a text.
func asItIs(text string) string { return text }
