package web_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestAnAuditorSignsAReviewOnThePage: the form begins where the last review ended, and
// keeps what was written when it is refused.
func TestAnAuditorSignsAReviewOnThePage(t *testing.T) {
	o := newOffice(t)
	e := o.as("auditor", "en")
	e.get("/ledger").shows(t, 200, "Sign a review", "From entry")
	if p := o.as("manager", "en").get("/ledger"); strings.Contains(p.text(), "Sign a review") {
		t.Error("a manager is offered an auditor's form")
	}
	p := e.fill("/ledger/reviews", "from", "0", "to", "999999", "text", "nothing unusual")
	p.shows(t, 422, "must be the index of an entry that is there")
	p.check(t, "/ledger", "en")
	if !strings.Contains(p.body, ">nothing unusual</textarea>") {
		t.Error("what was written is lost")
	}
	if p := e.fill("/ledger/reviews", "from", "0", "to", "9", "text", "nothing unusual"); p.status != http.StatusSeeOther {
		t.Fatal(p.text())
	}
	p = e.get("/ledger?done=review_signed")
	p.shows(t, 200, "Your review is in the ledger.", "Reviewed to entry 9 by auditor", "An auditor signed a review")
	if !strings.Contains(p.body, `name="from" value="9"`) {
		t.Error("the next review does not begin where this one ended")
	}
	o.as("auditor", "zh").get("/ledger").shows(t, 200, "签署审查", "审计员签署了审查")
}
