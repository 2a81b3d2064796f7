package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// plans has somebody plan an hour's absence from an instant on, and gives its id.
func (o *office) plans(who string, from time.Time, sign bool) string {
	o.T.Helper()
	const clock = "2006-01-02T15:04"
	from = from.Truncate(time.Minute).UTC()
	m := custody.Meant{From: from.Format(clock), Until: from.Add(time.Hour).Format(clock), Zone: "UTC"}
	return o.Must(who, custody.PlanAbsence{From: from, Until: from.Add(time.Hour), Meant: m, HandOver: sign}).Events[0].Fact.(custody.AbsencePlanned).Plan
}

// TestAnAbsenceOnThePages: it is planned and signed for, the receiver signs too, and the
// calendar shows it to whom it concerns; when it begins, it hands over by itself.
func TestAnAbsenceOnThePages(t *testing.T) {
	o := newOffice(t)
	o.HireAs("tech-c", "Carl C", custody.Technician)
	a, b := o.as("tech-a", "en"), o.as("tech-b", "zh")
	p := a.get("/absences")
	p.shows(t, 200, "You have planned none.", "The custodians of 1 pair are never both away.", "Plan an absence", "Nobody is away.")
	p.check(t, "absences", "en")
	a.fill("/absences", "from", "2026-03-01T09:00", "until", "2026-03-04T18:00", "zone", "UTC").shows(t, 422, "must be in the future")
	a.fill("/absences", "from", "2026-03-04T09:00", "until", "2026-03-03T18:00", "zone", "UTC").shows(t, 422, "must lie behind the beginning")
	p = a.done(a.fill("/absences", "from", "2026-03-04T09:00", "until", "2026-03-06T18:00", "zone", "Asia/Shanghai", "reason", "holiday", "offer", "yes"))
	p.shows(t, 200, "Planned.", "2026-03-04 09:00", "Asia/Shanghai", "holiday", "2 credentials for which not both have signed", "2026-03-04 01:00")
	p.check(t, "absences", "en")
	if !strings.Contains(p.body, `<svg class="gantt"`) || !strings.Contains(p.body, "g-planned") {
		t.Error("the calendar draws no planned absence")
	}
	id := o.Person("tech-a").Plans[0].ID
	p = a.get("/absences/" + id)
	p.shows(t, 200, "handover-1", "waiting for the receiver's signature", "Move it", "Call it off")
	p.check(t, "absence", "en")
	if strings.Contains(p.text(), "Sign ahead for what you hold") {
		t.Error("what the giver has signed for is asked for again")
	}

	// The receiver signs; a stranger is told nothing.
	p = b.get("/inbox")
	p.shows(t, 200, "handover-1", "签署")
	p.check(t, "inbox", "zh")
	b.get("/handovers/handover-1").check(t, "handover", "zh")
	b.post("/handovers/handover-1/sign", "totp", "000000").shows(t, 403, "签署")
	b.done(b.fill("/handovers/handover-1/sign")).shows(t, 200, "已签署。", "双方已签署", "收回我的签署")
	a.get("/absences").shows(t, 200, "All that you hold passes on by itself.")
	o.as("tech-c", "en").get("/absences/"+id).shows(t, 403)
	a.get("/absences/absence-1").shows(t, 404)
	if said := o.as("tech-c", "en").get("/absences").text(); strings.Contains(said, "tech-a") {
		t.Errorf("a stranger sees %s", said)
	}
	zh := b.get("/absences?range=quarter")
	zh.shows(t, 200, "外出日历", "已计划", "tech-a")
	zh.check(t, "absences", "zh")
	b.fill("/absences", "from", "2026-03-05T09:00", "until", "2026-03-05T18:00", "zone", "UTC").shows(t, 409, "A、B岗不能同时外出", "tech-a")

	// It begins.
	o.Clock.Add(time.Date(2026, 3, 4, 1, 0, 0, 0, time.UTC).Sub(o.Clock.Now()))
	o.Enters()
	a = o.as("tech-a", "en")
	a.get("/absences/"+id).shows(t, 200, "away", "I'm back")
	a.get("/").shows(t, 200, "away")
	if c := o.Credential("db01"); c.Holder != "tech-b" || c.Handover != "handover-1" {
		t.Errorf("db01 is %s's", c.Holder)
	}
	a.done(a.fill("/absences/"+id+"/move", "from", "2026-03-04T09:00", "until", "2026-03-07T18:00", "zone", "Asia/Shanghai")).shows(t, 200, "Moved.", "2026-03-07 18:00")
	a.fill("/absences/"+id+"/cancel").shows(t, 409, "has begun")
	a.done(a.fill("/back", "take_back", "yes")).shows(t, 200)
	a.get("/absences").shows(t, 200, "You have planned none.")
}

// TestPlansAreSwappedMovedAndEndedOnThePages.
func TestPlansAreSwappedMovedAndEndedOnThePages(t *testing.T) {
	o := newOffice(t)
	a, b, manager := o.as("tech-a", "en"), o.as("tech-b", "en"), o.as("manager", "en")
	a.done(a.fill("/absences", "from", "2026-03-10T00:00", "until", "2026-03-11T00:00", "all_day", "yes", "zone", "Europe/Berlin")).shows(t, 200, "2026-03-10 – 2026-03-11")
	b.done(b.fill("/absences", "from", "2026-03-12T08:00", "until", "2026-03-12T18:00", "zone", "UTC"))
	mine, theirs := o.Person("tech-a").Plans[0].ID, o.Person("tech-b").Plans[0].ID
	a.done(a.fill("/absences/"+mine+"/swap", "with", "tech-b "+theirs)).shows(t, 200, "Asked.", "asked:", "Bo B")
	a.fill("/absences/"+mine+"/swap", "with", "tech-b "+theirs).shows(t, 409, "already")
	b.get("/absences/"+theirs).shows(t, 200, "they asked you")
	b.done(b.fill("/absences/"+theirs+"/swap", "with", "tech-a "+mine)).shows(t, 200, "Swapped.", "2026-03-10 – 2026-03-11")
	a.done(a.fill("/absences/"+mine+"/sign")).shows(t, 200, "Signed.", "handover-1")
	a.done(a.fill("/absences/"+mine+"/move", "from", "2026-03-16T08:00", "until", "2026-03-16T18:00", "zone", "UTC", "offer", "yes")).shows(t, 200, "Moved.", "handover-2")
	manager.get("/absences?range=quarter").shows(t, 200, mine, theirs, "Anna A")
	manager.get("/absences/"+mine).shows(t, 200, "End this plan")
	manager.fill("/absences/"+mine+"/end").shows(t, 422, "Reason")
	manager.done(manager.fill("/absences/"+mine+"/end", "reason", "both at once")).shows(t, 200, "Ended; both are told.")
	b.done(b.fill("/absences/"+theirs+"/cancel")).shows(t, 200, "Called off.")
	a.get("/absences?at=yesterday").shows(t, 422)
	a.get("/absences?at=2026-03-10&range=quarter").shows(t, 200, "Nobody is away.")
}

// TestAGapIsSeenWithoutColours: where neither custodian is there, the calendar says so, in
// words and with a sign.
func TestAGapIsSeenWithoutColours(t *testing.T) {
	o := newOffice(t)
	o.Must("tech-a", custody.PlanAbsence{From: o.Clock.Now().Add(24 * time.Hour), Until: o.Clock.Now().Add(48 * time.Hour), Meant: custody.Meant{From: "2026-03-03T08:00", Until: "2026-03-04T08:00", Zone: "UTC"}})
	o.Must("tech-b", custody.GoAway{}) // and says not until when
	p := o.as("manager", "en").get("/absences")
	p.shows(t, 200, "1 time at which nobody is there", "db01", "db02", "Anna A", "Bo B", "nobody there", "not known")
	if !strings.Contains(p.body, `url(#gantt-gap)`) || !strings.Contains(p.body, `class="g-label g-alarm"`) {
		t.Error("the gap is not drawn")
	}
	p.check(t, "absences", "en")
}
