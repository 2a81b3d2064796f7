package web_test

import (
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestWhatHappenedIsReportedAndAssessedOnThePages: a technician reports it, the manager
// finds it on the start page, and whom it is about reads neither what was written nor by
// whom, on no page.
func TestWhatHappenedIsReportedAndAssessedOnThePages(t *testing.T) {
	o := newOffice(t)
	o.HireAs("director", "Dora D", custody.Director)
	a, m := o.as("tech-a", "en"), o.as("manager", "zh")
	a.get("/").shows(t, 200, "Report an incident")
	a.get("/incidents/new").check(t, "incident-new", "en")
	a.fill("/incidents/new", "text", "", "grade", "special", "person", "tech-b").shows(t, 422, "What you found")
	p := a.done(a.fill("/incidents/new", "text", "took a copy home", "grade", "special", "person", "tech-b"))
	p.shows(t, 200, "Reported.", "took a copy home", "special", "It waits for", "Mia M", "Dora D", "It is about you")
	p.check(t, "incident-reported", "en")
	id := between(t, p.body, "<code>incident-", "</code>")
	page := "/incidents/incident-" + id
	if strings.Contains(p.body, page+"/assess") {
		t.Error("who reported it is asked to assess it")
	}
	entry := between(t, p.body, `<a href="/ledger/`, `"`)

	b := o.as("tech-b", "en")
	b.get("/incidents").shows(t, 200, "incident-"+id)
	for _, path := range []string{page, "/incidents", "/ledger", "/ledger/" + entry, "/"} {
		if got := b.get(path); strings.Contains(got.body, "took a copy") || strings.HasPrefix(path, "/incidents") && strings.Contains(got.body, "Anna A") {
			t.Errorf("%s shows whom it is about what was said, or by whom: %s", path, got.text())
		}
	}
	b.get("/ledger/"+entry).shows(t, 403)

	p = m.get("/")
	p.shows(t, 200, "未办结事件", "报告事件")
	m.get("/incidents?grade=special&person=tech-b").shows(t, 200, "incident-"+id, "待受理")
	if strings.Contains(m.get("/incidents?grade=ordinary").body, page) {
		t.Error("the list is not filtered")
	}
	m.get(page).check(t, "incident", "zh")
	m.done(m.post(page+"/ack")).shows(t, 200, "已受理。", "受理人")
	m.fill(page+"/close", "text", "x").shows(t, 409, "尚未鉴定级别")
	p = m.done(m.fill(page+"/assess", "grade", "ordinary", "text", "it was her own laptop"))
	p.shows(t, 200, "已鉴定", "it was her own laptop", "一般", "办结")
	p.check(t, "incident-assessed", "zh")
	d := o.as("director", "en")
	d.done(d.fill(page+"/close", "text", "talked to her")).shows(t, 200, "Closed.", "closed", "talked to her", "Incident reported", "Incident closed")
	d.post(page+"/ack").shows(t, 409, "is closed")
	d.get("/incidents/incident-999").shows(t, 404)
}

// TestTheStartPageShowsFewIncidentsTheSpecialOnesFirst, and how many there are.
func TestTheStartPageShowsFewIncidentsTheSpecialOnesFirst(t *testing.T) {
	o := newOffice(t)
	report := func(grade custody.Grade) string {
		return o.Must("tech-a", custody.ReportIncident{Text: desk.NewNote("x"), Grade: grade}).Events[0].Fact.Subject()
	}
	special := report(custody.Special)
	var newest string
	for range 6 {
		newest = report(custody.Serious)
	}
	for _, who := range []string{"manager", "auditor"} {
		p := o.as(who, "en").get("/")
		section := between(t, p.body, `aria-labelledby="h-incidents"`, "</section>")
		if n := strings.Count(section, `href="/incidents/incident-`); n != 5 {
			t.Errorf("%s sees %d", who, n)
		}
		if first, second := strings.Index(section, special+`"`), strings.Index(section, newest+`"`); first < 0 || second < first {
			t.Errorf("%s: the special one is at %d, the newest at %d", who, first, second)
		}
		if !strings.Contains(section, `<span class="badge">7</span>`) {
			t.Errorf("%s: not counted: %s", who, section)
		}
	}
	if p := o.as("tech-b", "en").get("/"); strings.Contains(p.body, "h-incidents") {
		t.Error("a technician is shown incidents that are none of theirs to decide")
	}
}

// TestThePolicyNamesItsAssessmentGroupOnThePage.
func TestThePolicyNamesItsAssessmentGroupOnThePage(t *testing.T) {
	o := newOffice(t)
	m := o.as("manager", "en")
	m.get("/policy").shows(t, 200, "Assessment group", "every manager and director")
	values := func(assessors string) []string {
		return policyFields("reason", "a group", "review_by", o.Clock.Now().AddDate(0, 6, 0).Format("2006-01-02"), "assessors", assessors)
	}
	refused := m.fill("/policy", values("nobody-there")...)
	refused.shows(t, 422, "active and have an authenticator")
	if !strings.Contains(refused.body, `value="nobody-there"`) {
		t.Error("what was typed is lost")
	}
	o.HireAs("director", "Dora D", custody.Director)
	a := o.as("tech-a", "en")
	p := a.done(a.fill("/policy", values("manager, auditor manager")...))
	p.shows(t, 200, "Assessment group", "auditor , manager")
}
