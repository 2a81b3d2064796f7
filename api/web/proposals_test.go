package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// TestCustodiansAreChangedOnThePages: asked for on the page of a credential; a manager
// and a director see what changes before they decide.
func TestCustodiansAreChangedOnThePages(t *testing.T) {
	o := newOffice(t)
	o.HireAs("tech-c", "Carl C", custody.Technician)
	o.HireAs("director", "Dora D", custody.Director)
	a := o.as("tech-a", "en")
	p := a.done(a.fill("/credentials/db01/custodians", "primary", "tech-a", "backup", "tech-c", "reason", "tech-b changes post"))
	p.shows(t, 200, "Proposed.", "Other custodians", "waiting for approval", "Carl C", "tech-b changes post", "Withdraw")
	p.check(t, "proposal-made", "en")
	if strings.Contains(p.body, "Your decision") {
		t.Error("who asks is asked to decide")
	}
	a.get("/proposals").shows(t, 200, "Other custodians", "db01")
	o.as("tech-b", "en").fill("/proposals/p-1/approve", "digest", "x").shows(t, 409, "You cannot decide about p-1", "It waits for")

	m := o.as("manager", "zh")
	p = m.get("/proposals/p-1")
	p.shows(t, 200, "变更保管人", "待批准", "您的决定", "Carl C", "不变")
	p.check(t, "proposal-decide", "zh")
	digest := between(t, p.body, `name="digest" value="`, `"`)
	m.fill("/proposals/p-1/approve", "digest", strings.Repeat("0", 64)).shows(t, 409, "已被修改")
	m.done(m.fill("/proposals/p-1/approve", "digest", digest)).shows(t, 200, "已批准。")
	d := o.as("director", "en")
	d.done(d.fill("/proposals/p-1/approve", "digest", digest)).shows(t, 200, "Approved.", "in effect", "manager: Mia M", "director: Dora D")
	o.as("tech-c", "en").get("/credentials/db01").shows(t, 200, "Carl C", "Custodians changed")
	d.fill("/proposals/p-1/reject", "digest", digest, "reason", "late").shows(t, 409, "over", "director")

	p = a.done(a.fill("/credentials/db01/custodians", "primary", "tech-c", "backup", "tech-a", "reason", "the other way round"))
	p.shows(t, 200, "the other way round")
	m.fill("/proposals/p-2/reject", "digest", "x", "reason", "why?").shows(t, 409)
	a.done(a.post("/proposals/p-2/withdraw")).shows(t, 200, "Withdrawn.", "withdrawn")
	a.get("/proposals/p-9").shows(t, 404)
}

// TestASeatUntilADateOnThePages: the date is asked for with the change, shown in it, kept
// when it is revised, and stands beside whoever has the seat.
func TestASeatUntilADateOnThePages(t *testing.T) {
	o := newOffice(t)
	o.HireAs("tech-c", "Carl C", custody.Technician)
	o.HireAs("director", "Dora D", custody.Director)
	a, day := o.as("tech-a", "en"), o.Clock.Now().AddDate(0, 0, 9).Format(time.DateOnly)
	a.fill("/credentials/db01/custodians", "primary", "tech-a", "backup", "tech-c", "until", "2020-01-01T08:00", "zone", "UTC", "reason", "abroad").shows(t, 422, "must be in the future")
	p := a.done(a.fill("/credentials/db01/custodians", "primary", "tech-a", "backup", "tech-c", "until", day+"T08:00", "zone", "UTC", "reason", "tech-b is abroad"))
	p.shows(t, 200, "Proposed.", "Stands in until", day)
	for _, who := range []string{"manager", "director"} {
		m := o.as(who, "zh")
		p := m.get("/proposals/p-1")
		p.shows(t, 200, "代任截止")
		m.done(m.fill("/proposals/p-1/approve", "digest", between(t, p.body, `name="digest" value="`, `"`)))
	}
	o.as("tech-c", "en").get("/credentials/db01").check(t, "substitute", "en")
	o.as("tech-c", "en").get("/credentials/db01").shows(t, 200, "for tech-b, until", day)
	o.as("tech-c", "zh").get("/credentials/db01").shows(t, 200, "代 tech-b，至")
}

// between gives what stands between two texts.
func between(t *testing.T, text, before, after string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, before)
	value, _, ends := strings.Cut(rest, after)
	if !found || !ends {
		t.Fatalf("nothing stands between %s and %s", before, after)
	}
	return value
}
