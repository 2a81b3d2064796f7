package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// telephone is what somebody holds in their hand at three in the morning.
var telephone = emulation.SetDeviceMetricsOverride(390, 844, 2, true)

// TestBrowserSomebodyIsNotThere: a technician plans an absence out of a calendar's file and
// signs ahead, the other signs, and the calendar shows it. At night the holder does not
// answer: on a telephone the other asks with a reason and a code, sees who was told, what
// is missing and when it lapses, and, when the director has said yes on another telephone,
// that it is theirs, and until when. They end it, and the manager reviews it.
func TestBrowserSomebodyIsNotThere(t *testing.T) {
	t.Parallel()
	th := newTheatre(t)
	inBoth := func(w *window, name string) {
		path := evaluate[string](w, "location.pathname + location.search")
		for _, lang := range []string{"zh", "en"} {
			w.speak(lang)
			w.open(path)
			w.look(name, lang, axeOf(t))
		}
	}
	th.plansOutOfACalendar(t, inBoth)
	th.asksAtNight(t, inBoth)
	th.quiet(t)
}

func (th *theatre) plansOutOfACalendar(t *testing.T, inBoth func(*window, string)) {
	a, b := th.window(t, "tech-a", true).logIn(), th.window(t, "tech-b", true).logIn()
	begins := time.Now().UTC().AddDate(0, 0, 10)
	file := filepath.Join(t.TempDir(), "holidays.ics")
	must(t, os.WriteFile(file, fmt.Appendf(nil, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Holiday in Lima\r\nDTSTART;VALUE=DATE:%s\r\nDTEND;VALUE=DATE:%s\r\nEND:VEVENT\r\nBEGIN:VEVENT\r\nUID:2\r\nSUMMARY:Nobody knows when\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
		begins.Format("20060102"), begins.AddDate(0, 0, 3).Format("20060102")), 0o600))
	a.open("/absences/import")
	inBoth(a, "absence-import")
	a.run(chromedp.SetUploadFiles("input[name=file]", []string{file}, chromedp.ByQuery))
	if status := a.follow(chromedp.Click("form[action='/absences/import'] button", chromedp.ByQuery)); status != http.StatusOK {
		t.Fatalf("upload: %d\n%s", status, a.seen())
	}
	a.sees("Holiday in Lima", "Nobody knows when", "it has no beginning")
	a.look("absence-import-read", "en", axeOf(t))
	if status := a.follow(chromedp.Click("#plan-0", chromedp.ByQuery)); status != http.StatusOK {
		t.Fatalf("the form: %d\n%s", status, a.seen())
	}
	if from := evaluate[string](a, `document.querySelector("form[action='/absences'] [name=from]").value`); from != begins.Format(time.DateOnly)+"T00:00" {
		t.Errorf("the form begins at %s", from)
	}
	if status := a.send("form[action='/absences']", "reason", "holiday"); status != http.StatusOK {
		t.Fatalf("plan: %d\n%s", status, a.seen())
	}
	a.sees("Planned.", "not both have signed")
	b.open("/inbox")
	if status := b.send("form[action$='/sign']"); status != http.StatusOK {
		t.Fatalf("sign: %d\n%s", status, b.seen())
	}
	a.sees("All that you hold passes on by itself.") // by itself
	a.open("/absences?range=quarter")
	if !evaluate[bool](a, `!!document.querySelector("#calendar svg") && document.querySelector("#calendar-table").innerText.includes("Technician A")`) {
		t.Errorf("the calendar shows no absence, or the table does not:\n%s", a.seen())
	}
	inBoth(a, "absences-quarter")
}

func (th *theatre) asksAtNight(t *testing.T, inBoth func(*window, string)) {
	b, director := th.window(t, "tech-b", true), th.window(t, "director", true)
	for _, w := range []*window{b, director} {
		w.run(telephone, dark)
		w.logIn()
	}
	fits := func(w *window) {
		t.Helper()
		if wide := evaluate[int](w, "document.scrollingElement.scrollWidth"); wide > 390 {
			t.Errorf("%s has to scroll sideways, %d pixels: %s", w.who.Username, wide, evaluate[string](w, widest))
		}
	}
	b.open("/credentials/demo-root")
	b.follow(chromedp.Click("a[href='/emergencies/new?credential=demo-root']", chromedp.ByQuery))
	fits(b)
	b.picture("night-ask")
	if n := evaluate[int](b, `[...document.querySelectorAll("main button")].filter((e) => e.checkVisibility()).length`); n != 1 {
		t.Errorf("there are %d buttons to choose from at three in the morning", n)
	}
	if status := b.send("form[action='/emergencies/new']", "reason", "the disk is full"); status != http.StatusOK {
		t.Fatalf("ask: %d\n%s", status, b.seen())
	}
	asked := evaluate[string](b, "location.pathname")
	b.sees("A yes is missing of", "Manager or director, one of them", "It lapses", "Who was told", "Technician A", "no delivery known yet") // this demo has no mail server
	fits(b)
	b.picture("night-waits")

	director.open("/")
	director.follow(chromedp.Click(fmt.Sprintf("a[href='%s']", asked), chromedp.ByQuery)) // from the start page
	director.sees("the disk is full")
	fits(director)
	director.picture("night-approve")
	if status := director.send(fmt.Sprintf("form[action='%s/approve']", asked)); status != http.StatusOK {
		t.Fatalf("approve: %d\n%s", status, director.seen())
	}
	b.sees("It ends at the latest at", "Then the password is changed, whatever happens.") // by itself
	fits(b)
	b.picture("night-granted")
	if status := b.send(fmt.Sprintf("form[action='%s/end']", asked)); status != http.StatusOK {
		t.Fatalf("end: %d\n%s", status, b.seen())
	}
	b.sees("It is reviewed by")

	manager := th.window(t, "manager", true).logIn()
	manager.open(asked)
	inBoth(manager, "emergency-to-review")
	manager.run(chromedp.Click("form[action$='/review'] [value=justified]", chromedp.ByQuery))
	if status := manager.send("form[action$='/review']", "text", "the disk was full indeed"); status != http.StatusOK {
		t.Fatalf("review: %d\n%s", status, manager.seen())
	}
	manager.sees("the disk was full indeed", "IT Manager")
	inBoth(manager, "emergency-reviewed")
}

func axeOf(t *testing.T) string {
	t.Helper()
	axe, err := os.ReadFile(filepath.Join("testdata", "axe", "axe.min.js"))
	must(t, err)
	return string(axe)
}
