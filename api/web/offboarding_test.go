package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/certificate"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestSomebodyLeavesOnThePages: what will become of everything is shown before, the page
// of the leaving follows it to its end, and its certificate proves it without a server.
func TestSomebodyLeavesOnThePages(t *testing.T) {
	o := newOffice(t)
	o.HireAs("tech-c", "Carl C", custody.Technician)
	o.HireAs("director", "Dora D", custody.Director)
	admin := o.as("admin", "en")
	admin.get("/people").shows(t, 200, "End access")
	p := admin.get("/admin/people/tech-a/disable")
	p.shows(t, 200, "End access", "db01", "db02", "is changed", "Bo B", "their seat becomes vacant")
	p.check(t, "disable", "en")
	o.as("tech-b", "en").get("/admin/people/tech-a/disable").shows(t, 200, "Propose it instead")
	if said := o.as("tech-b", "en").get("/admin/people/tech-a/disable").text(); strings.Contains(said, "db01") || strings.Contains(said, "End their access now") {
		t.Errorf("a technician sees %s", said)
	}
	admin.fill("/admin/people/tech-a/disable").shows(t, 422, "Reason")
	p = admin.done(admin.fill("/admin/people/tech-a/disable", "reason", "left the company"))
	p.shows(t, 200, "Their access has ended.", "0 of 6 done", "passwords that they held or knew", "share of the secret store", "rotating")
	p.check(t, "offboarding", "en")
	o.as("tech-b", "en").get("/offboardings/tech-a").shows(t, 403)
	o.as("tech-b", "en").get("/offboardings").shows(t, 403)
	admin.get("/offboardings/tech-b").shows(t, 404)
	o.as("manager", "en").get("/offboardings/tech-a/certificate").shows(t, 404)
	admin.get("/offboardings/tech-a/certificate").shows(t, 403)
	for _, who := range []string{"admin", "manager", "director", "auditor"} {
		o.as(who, "en").get("/").shows(t, 200, "People who left", "0 of 6 done")
	}
	zh := o.as("manager", "zh")
	zh.get("/offboardings/tech-a").check(t, "offboarding", "zh")
	zh.get("/credentials/db01").shows(t, 200, "空缺")
	zh.get("/credentials").shows(t, 200, "空缺")
	o.as("tech-b", "en").get("/").shows(t, 200, "A seat of these is vacant")

	admin.fill("/offboardings/tech-a/items/1", "how", "none").shows(t, 409, "settled by its rotation")
	o.Rotate("db01")
	o.Rotate("db02")
	admin.get("/offboardings/tech-a").shows(t, 200, "2 of 6 done", "changed and verified")
	if said := o.as("auditor", "en").get("/offboardings/tech-a").text(); strings.Contains(said, "It is done") {
		t.Error("an auditor is asked what was done")
	}
	admin.fill("/offboardings/tech-a/items/5", "how", "none").shows(t, 422, "must be one of the ways")
	admin.fill("/offboardings/tech-a/items/5", "how", "email", "at", "2999-01-01T00:00").shows(t, 422, "must not be in the future")
	admin.fill("/offboardings/tech-a/items/0", "how", "none").shows(t, 409, "nothing of that left to do")
	for item, how := range map[string]string{"2": "changed", "3": "none", "4": "none", "5": "telephone"} {
		zh.done(zh.fill("/offboardings/tech-a/items/"+item, "how", how)).shows(t, 200, "已记录。")
	}
	o.Enters() // time ends it
	if said := admin.get("/offboardings/tech-a").text(); strings.Contains(said, "Certificate, to keep") {
		t.Error("an admin is offered what an admin may not have")
	}
	p = o.as("manager", "en").get("/offboardings/tech-a")
	p.shows(t, 200, "6 of 6 done", "All done", "Certificate, to keep", "by telephone")
	p.check(t, "offboarding-done", "en")
	admin.get("/offboardings").shows(t, 200, "Anna A", "All done")

	page := o.as("auditor", "zh").get("/offboardings/tech-a/certificate")
	page.shows(t, 200, "离任单", "Anna A (tech-a)", "db01", "db02", "left the company")
	key, err := o.Desk.LedgerKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	proved, err := certificate.CheckFile([]byte(page.body), key)
	if err != nil || len(proved.Leaving.Items) != 6 || proved.Leaving.Items[0].Index == 0 {
		t.Fatalf("%+v, %v", proved.Leaving, err)
	}
	if _, err := certificate.CheckFile([]byte(strings.Replace(page.body, "<td>db02</td>", "<td>db03</td>", 1)), key); err == nil {
		t.Error("a changed one was taken")
	}
}

// TestWhatNobodyHoldsIsTakenFromTheHomePage, and a seat that is vacant is said to be.
func TestWhatNobodyHoldsIsTakenFromTheHomePage(t *testing.T) {
	o := newOffice(t)
	o.HireAs("tech-c", "Carl C", custody.Technician)
	o.HireAs("director", "Dora D", custody.Director)
	o.Must("tech-b", custody.GoAway{})
	o.Must("admin", custody.Disable{Person: "tech-a", Reason: desk.NewNote("left the company")})
	o.Rotate("db01")
	admin := o.as("admin", "en")
	admin.get("/credentials/db01").shows(t, 200, "parked", "Nobody: it is parked")
	admin.get("/credentials/db02").shows(t, 200, "nobody: a custodian who is there takes it")
	admin.get("/credentials?phase=parked").shows(t, 200, "db01", "parked", "vacant")
	b := o.as("tech-b", "en")
	if said := b.get("/credentials/db01").text(); strings.Contains(said, "The first custodian who takes it") {
		t.Error("who is away is asked to take it")
	}
	o.Must("tech-b", custody.ComeBack{})
	p := b.get("/")
	p.shows(t, 200, "Nobody holds these: take them", "db01", "db02")
	p.check(t, "home-to-take", "en")
	b.done(b.fill("/credentials/db01/take")).shows(t, 200, "Taken.", "held")
	b.done(b.fill("/credentials/db02/take")).shows(t, 200, "Taken.")
	b.fill("/credentials/db01/take").shows(t, 409, "not there to be taken")
	o.Rotate("db02")

	b.get("/leave").shows(t, 200, "Nobody else looks after these", "db01")
	b.fill("/leave", "reason", "out").shows(t, 409, "the other seat is vacant")
	p = b.done(b.fill("/credentials/db01/park", "reason", "a week out"))
	p.shows(t, 200, "Proposed.", "Parked, so that its only custodian can go", "Nobody: it is parked")
	p.check(t, "park", "en")
	o.as("tech-c", "en").fill("/credentials/db01/take").shows(t, 403)
	c := o.as("tech-c", "en")
	c.done(c.fill("/credentials/db02/custodians", "primary", "tech-c", "backup", "tech-b", "reason", "the seat is vacant")).shows(t, 200, "vacant", "Carl C")
}

// TestAccessIsProposedToEndAndGivenBack.
func TestAccessIsProposedToEndAndGivenBack(t *testing.T) {
	o := newOffice(t)
	o.HireAs("tech-c", "Carl C", custody.Technician)
	o.HireAs("director", "Dora D", custody.Director)
	b := o.as("tech-b", "en")
	b.done(b.fill("/admin/people/tech-c/disable", "reason", "left", "propose", "yes")).shows(t, 200, "Proposed.", "Access ended")
	b.fill("/admin/people/tech-c/disable", "reason", "left").shows(t, 403)
	o.Must("manager", custody.Disable{Person: "tech-c", Reason: desk.NewNote("left")})
	m := o.as("manager", "en")
	m.get("/people").shows(t, 200, "Give access back", "0 of 4 done")
	m.get("/admin/people/tech-c/disable").shows(t, 200, "Their access has ended.")
	m.get("/admin/people/tech-c/reinstate").check(t, "reinstate", "en")
	m.done(m.fill("/admin/people/tech-c/reinstate", "reason", "came back")).shows(t, 200, "Proposed.", "Access given back")
	o.Clock.Add(25 * time.Hour)
	o.Enters()
	o.as("director", "zh").get("/").shows(t, 200, "已逾期")
}
