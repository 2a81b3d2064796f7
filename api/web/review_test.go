package web_test

import (
	"strings"
	"testing"
	"time"
)

// TestReviewDueOnTheStartPage: a policy that nobody has reviewed in time is said to
// everybody, and its own page says until when there is time.
func TestReviewDueOnTheStartPage(t *testing.T) {
	o := newOffice(t)
	for lang, words := range map[string][2]string{"en": {"Must be reviewed by", "should have been reviewed"}, "zh": {"须复审的最后期限", "制度应在以下时间之前复审"}} {
		b := o.as("tech-a", lang)
		if text := b.get("/").text(); strings.Contains(text, words[1]) {
			t.Errorf("%s: due before its day: %s", lang, text)
		}
		if text := b.get("/policy").text(); !strings.Contains(text, words[0]) || !strings.Contains(text, "2027-03-01") {
			t.Errorf("%s: %s", lang, text)
		}
	}
	o.Clock.Add(365 * 24 * time.Hour)
	for lang, words := range map[string]string{"en": "should have been reviewed", "zh": "制度应在以下时间之前复审"} {
		if text := o.as("auditor", lang).get("/").text(); !strings.Contains(text, words) {
			t.Errorf("%s: nothing says it: %s", lang, text)
		}
	}
}
