package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// manyCredentials is for how many the record of a handover fits on one sheet.
const manyCredentials = 10

// printsOnOnePage prints the record that is open as it is, with as many
// credentials as one sheet is to have room for, and with more than it has: then no
// heading stands alone at the end of a sheet.
func (w *window) printsOnOnePage() {
	w.t.Helper()
	for _, lang := range []string{"en", "zh"} {
		w.speak(lang)
		if pages := w.print("record." + lang); pages != 1 {
			w.t.Errorf("the record (%s) is printed on %d pages", lang, pages)
		}
		w.run(chromedp.Evaluate(fmt.Sprintf(`{ const rows = document.querySelector(".record tbody"); while (rows.rows.length < %d) rows.append(rows.rows[0].cloneNode(true)) }`, manyCredentials), nil))
		if pages := w.print("record-of-ten." + lang); pages != 1 {
			w.t.Errorf("the record of %d credentials (%s) is printed on %d pages", manyCredentials, lang, pages)
		}
	}
	w.speak("en")
	w.run(emulation.SetEmulatedMedia().WithMedia("print"))
	if loose := evaluate[int](w, `[...document.querySelectorAll(".record h2")].filter((e) => getComputedStyle(e).breakAfter !== "avoid").length`); loose != 0 {
		w.t.Errorf("%d headings may stand alone at the end of a page", loose)
	}
	w.run(light)
}

// sheet is a page in a PDF.
var sheet = regexp.MustCompile(`/Type\s*/Page\b`)

// print gives the number of sheets of A4 that the page needs.
func (w *window) print(name string) int {
	w.t.Helper()
	var pdf []byte
	w.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		pdf, _, err = page.PrintToPDF().WithPreferCSSPageSize(true).Do(ctx)
		return err
	}))
	if err := os.WriteFile(filepath.Join(w.artefacts, name+".pdf"), pdf, 0o644); err != nil {
		w.t.Fatal(err)
	}
	return len(sheet.FindAll(pdf, -1))
}

// TestBrowserOnAPhone: what is reachable at a desk is on a phone too, and times are
// the phone's own until somebody chooses others.
func TestBrowserOnAPhone(t *testing.T) {
	t.Parallel()
	th := newTheatre(t)
	a, b := th.window(t, "tech-a", true), th.window(t, "tech-b", true)
	phone := emulation.SetDeviceMetricsOverride(390, 844, 2, true)
	a.run(phone, emulation.SetTimezoneOverride("Asia/Shanghai"))
	a.logIn()
	for _, lang := range []string{"zh", "en"} {
		a.open("/")
		a.speak(lang)
		size := evaluate[[]float64](a, `(() => { const r = document.querySelector(".me a").getBoundingClientRect(); return [r.width, r.height] })()`)
		if size[0] < 24 || size[1] < 24 {
			t.Errorf("the way to the preferences is %v pixels large", size)
		}
		a.picture("phone-home." + lang)
		if status := a.follow(chromedp.Click(".me a", chromedp.ByQuery)); status != 200 || !evaluate[bool](a, `location.pathname === "/preferences"`) {
			t.Errorf("%d: %s", status, a.seen())
		}
		a.picture("phone-preferences." + lang)
	}

	a.open("/leave")
	a.sees("Back on (Asia/Shanghai (UTC+08:00))")
	a.send("form[action='/leave']", "until", "2027-07-01T09:00", "reason", "course")
	a.sees("2027-07-01 09:00")
	if at := evaluate[string](a, `[...document.querySelectorAll("main time")].find((e) => e.innerText === "2027-07-01 09:00").dateTime`); at != "2027-07-01T01:00:00Z" {
		t.Errorf("09:00 in Shanghai is %s", at)
	}
	b.logIn()
	b.open("/inbox")
	b.sees("2027-07-01 01:00") // a browser that is elsewhere

	// A form that was open while its person chose another zone means what it said.
	b.open("/credentials/demo-db")
	a.open("/handovers")
	a.follow(chromedp.Click("#list a[href^='/handovers/handover-']", chromedp.ByQuery))
	a.send("form[action$='/cancel']")
	form := th.window(t, "tech-a", true)
	form.run(emulation.SetTimezoneOverride("Asia/Shanghai"))
	form.logIn()
	form.open("/leave")
	a.open("/preferences")
	a.send("form[action='/preferences']", "zone", "America/New_York")
	form.send("form[action='/leave']", "until", "2027-07-02T09:00", "reason", "course")
	if at := evaluate[string](form, `[...document.querySelectorAll("main time")].find((e) => e.dateTime.startsWith("2027-07-02")).dateTime`); at != "2027-07-02T01:00:00Z" {
		t.Errorf("09:00 in Shanghai, as the form said, is %s", at)
	}
	th.quiet(t)
}
