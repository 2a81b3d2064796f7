package web

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/tandem-custody/tandem/custody"
)

// labelled says a refusal about a field with the words that stand on the form.
// The name itself is for clients of the API (see custody.Invalid).
func (c catalogue) labelled(r *custody.Refusal) *custody.Refusal {
	var field string
	if n, _ := fmt.Sscanf(r.What.En, "The field %q", &field); n != 1 {
		return r
	}
	en, inEnglish := c.label(english, field)
	zh, inChinese := c.label(chinese, field)
	if !inEnglish || !inChinese {
		return r
	}
	copied := *r
	copied.What = custody.Text{
		En: strings.Replace(r.What.En, strconv.Quote(field), strconv.Quote(en), 1),
		Zh: strings.Replace(r.What.Zh, "“"+field+"”", "“"+zh+"”", 1),
	}
	return &copied
}

// listIndex is the place in a list that a field's name can end with.
var listIndex = regexp.MustCompile(`\[\d+\]$`)

// label gives what a field is called. A connector's settings that have no label of
// their own are called by their name.
func (c catalogue) label(lang, field string) (string, bool) {
	field = listIndex.ReplaceAllString(field, "")
	if label, err := c.say(lang, "field."+field); err == nil {
		return label, true
	}
	const settings = "target.settings"
	if name, is := strings.CutPrefix(field, settings+"."); is {
		if label, err := c.say(lang, "field."+settings+"."+strings.TrimPrefix(name, "probe.")); err == nil {
			return label, true
		}
		label, err := c.say(lang, "field."+settings)
		return label + " " + name, err == nil
	}
	return "", false
}
