package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestALanguageIsRememberedForAPerson: on every machine, from log-in on; before
// that, and for others, it is the browser's.
func TestALanguageIsRememberedForAPerson(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	if p := b.post("/language", "language", "zh", "back", "/people"); p.status != http.StatusSeeOther || p.header.Get("Location") != "/people" {
		t.Fatalf("%d to %q", p.status, p.header.Get("Location"))
	}
	if chosen, err := o.Desk.Preference(t.Context(), "tech-a"); err != nil || chosen.Language != "zh" {
		t.Errorf("kept %+v, %v", chosen, err)
	}
	for _, test := range []struct {
		b    *browser
		path string
		want string
	}{
		{b, "/", "zh"},
		{o.browser("en"), "/login", "en"},       // another machine, before log-in
		{o.as("tech-a", "en"), "/", "zh"},       // and after
		{o.as("tech-b", "en"), "/", "en"},       // somebody else
		{o.as("tech-b", "zh-CN"), "/", "zh"},    // who chose nothing
		{o.as("tech-a", "de"), "/people", "zh"}, // wherever
	} {
		test.b.get(test.path).check(t, test.path, test.want)
	}
	// Logged out, the browser in which it was chosen still speaks it.
	b.post("/logout")
	b.get("/login").check(t, "/login", "zh")
	// A stranger's choice is the browser's, and nobody's.
	c := o.browser("zh")
	c.post("/language", "language", "en", "back", "/login")
	c.get("/login").check(t, "/login", "en")
	if chosen, err := o.Desk.Preference(t.Context(), ""); err != nil || chosen != (desk.Preference{}) {
		t.Errorf("nobody chose %+v, %v", chosen, err)
	}
	size := o.Size()
	b.post("/language", "language", "xx")
	if o.Size() != size {
		t.Error("a choice is in the ledger")
	}
}

// TestTimesAreInTheReadersZone: shown, named and typed.
func TestTimesAreInTheReadersZone(t *testing.T) {
	o := newOffice(t, nil...)
	o.Must("tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("holiday"), ExpectedReturn: time.Date(2026, 7, 1, 22, 30, 0, 0, time.UTC)})
	a, b := o.as("tech-a", "en"), o.as("tech-b", "en")
	if p := a.post("/preferences", "language", "", "zone", "America/New_York"); p.status != http.StatusSeeOther {
		t.Fatalf("%d %s", p.status, p.text())
	}
	for _, test := range []struct {
		b                   *browser
		shown, title, named string
	}{
		{a, "2026-07-01 18:30", "2026-07-01 18:30:00 -04:00", "America/New_York (UTC-0"}, // summer time
		{b, "2026-07-01 22:30", "2026-07-01 22:30:00 +00:00", "Times are UTC ·"},
		{a, "2026-07-01 18:30", "2026-07-01 18:30:00 -04:00", "America/New_York (UTC-0"}, // neither's is kept for the other
	} {
		p := test.b.get("/handovers/handover-1")
		if !strings.Contains(p.text(), test.shown) || !strings.Contains(p.body, test.title) || !strings.Contains(p.text(), test.named) {
			t.Errorf("no %s, %s in %s", test.shown, test.named, p.text())
		}
		if strings.Count(p.body, `datetime="2026-07-01T22:30:00Z"`) == 0 {
			t.Error("the machine-readable time is not the instant")
		}
	}
	if p := b.fill("/handovers/handover-1/accept"); p.status != http.StatusSeeOther {
		t.Fatalf("%d %s", p.status, p.text())
	}
	// What is typed is meant in the zone that is shown.
	if p := a.fill("/leave", "until", "2026-07-01T08:00", "reason", "course"); p.status != http.StatusSeeOther {
		t.Fatalf("%d %s", p.status, p.text())
	}
	handovers, err := o.Store.Person(t.Context(), "tech-a")
	if err != nil {
		t.Fatal(err)
	}
	offered, err := o.Store.Handover(t.Context(), "handover-2")
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC); !offered.ExpectedReturn.Equal(want) {
		t.Errorf("typed %v, want %v; %+v", offered.ExpectedReturn, want, handovers)
	}
}

// TestAPictureIsInTheReadersZone: its days begin when theirs do.
func TestAPictureIsInTheReadersZone(t *testing.T) {
	o := newOffice(t)
	b := o.as("manager", "en")
	b.post("/preferences", "language", "en", "zone", "Asia/Shanghai")
	if p := b.get("/custody?range=day&at=2026-03-02"); !strings.Contains(p.body, "UTC+08:00") {
		t.Errorf("the axis is in another zone: %s", p.text())
	}
}

// TestALanguageOfSomebodysOwnStaysInTheirBrowser, where they are asked to log in again.
func TestALanguageOfSomebodysOwnStaysInTheirBrowser(t *testing.T) {
	b := newOffice(t).as("tech-a", "en")
	b.done(b.post("/preferences", "language", "zh", "zone", ""))
	b.post("/logout")
	if p := b.get("/login"); p.header.Get("Content-Language") != "zh" {
		t.Errorf("the log-in is in %q", p.header.Get("Content-Language"))
	}
}

func TestPreferencesRefuseWhatIsNone(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	if p := b.post("/preferences", "language", "zh", "zone", "Asia/Shanghai"); p.header.Get("Location") != "/preferences?done=preferred" {
		t.Fatal(p.status, p.text())
	}
	selected := regexp.MustCompile(`<option value="zh" lang="zh" selected>`)
	if p := b.get("/preferences"); !selected.MatchString(p.body) || !strings.Contains(p.body, `value="Asia/Shanghai" list="zones"`) {
		t.Errorf("the page does not show what was chosen: %s", p.body)
	}
	for _, bad := range [][2]string{{"de", ""}, {"en", "Mars/Olympus"}, {"en", "../../../etc/passwd"}, {"en", "Local"}, {"", `"><script>`}} {
		p := b.post("/preferences", "language", bad[0], "zone", bad[1])
		p.check(t, "/preferences", "zh")
		if p.status != http.StatusBadRequest && p.status != http.StatusUnprocessableEntity {
			t.Errorf("%q: %d", bad, p.status)
		}
		if strings.Contains(p.body, "<script>") {
			t.Error("the zone is not encoded")
		}
	}
	if chosen, err := o.Desk.Preference(t.Context(), "tech-a"); err != nil || chosen != (desk.Preference{Language: "zh", Zone: "Asia/Shanghai"}) {
		t.Errorf("after refusals: %+v, %v", chosen, err)
	}
}

// TestATimeThatTheClocksLeaveOutIsRefused: half past two on the morning on which
// the clocks go forward is no time at all.
func TestATimeThatTheClocksLeaveOutIsRefused(t *testing.T) {
	o := newOffice(t)
	a := o.as("tech-a", "en")
	a.fill("/leave", "reason", "course", "zone", "America/New_York", "until", "2027-03-14T02:30").shows(t, 422, "the clocks of that day leave out")
	a.done(a.fill("/leave", "reason", "course", "zone", "America/New_York", "until", "2027-03-14T03:30"))
	offered, err := o.Store.Handover(t.Context(), "handover-1")
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2027, 3, 14, 7, 30, 0, 0, time.UTC); !offered.ExpectedReturn.Equal(want) {
		t.Errorf("typed %v, want %v", offered.ExpectedReturn, want)
	}
}

// TestABrowsersZoneCountsUntilOneIsChosen: a name that is none is no zone.
func TestABrowsersZoneCountsUntilOneIsChosen(t *testing.T) {
	o := newOffice(t)
	a := o.as("tech-a", "en")
	for said, want := range map[string]string{"Asia/Tokyo": "Times are Asia/Tokyo (UTC+09:00)", "../../etc/passwd": "Times are UTC", "Local": "Times are UTC", "": "Times are UTC"} {
		a.cookies["tandem-zone"] = said
		a.get("/policy").shows(t, 200, want)
	}
	a.cookies["tandem-zone"] = "Asia/Tokyo"
	a.get("/preferences").shows(t, 200, "the browser's, or else the server's: Asia/Tokyo (UTC+09:00)")
	a.post("/preferences", "language", "en", "zone", "Europe/Berlin")
	a.get("/policy").shows(t, 200, "Times are Europe/Berlin")
}
