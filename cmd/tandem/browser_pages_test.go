package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// pagesOf are the pages to look at, by the person who has the most to see there.
var pagesOf = []struct {
	who   string
	paths []string
}{
	{"tech-a", []string{"/", "/preferences", "/credentials/demo-root", "/leave", "/back", "/inbox", "/nothing"}},
	{"admin", []string{"/", "/credentials/demo-db", "/admin/people/new", "/admin/people/tech-b/enrolment", "/admin/credentials/new"}},
	{"auditor", []string{
		"/credentials", "/custody", "/handovers", "/handovers/handover-1", "/handovers/handover-1/record",
		"/people", "/policy", "/ledger", "/ledger/20",
	}},
}

// everyPage has axe-core look at every page in both languages, light and dark,
// and looks itself whether it fits a small screen.
func (th *theatre) everyPage(t *testing.T) {
	axe, err := os.ReadFile(filepath.Join("testdata", "axe", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	stranger := th.window(t, "tech-a", true)
	for _, lang := range []string{"en", "zh"} {
		stranger.open("/login")
		stranger.speak(lang)
		stranger.look("/login", lang, string(axe))
	}
	for _, visit := range pagesOf {
		w := th.window(t, visit.who, true).logIn()
		for _, lang := range []string{"en", "zh"} {
			w.speak(lang)
			for _, path := range visit.paths {
				w.open(path)
				w.look(path, lang, string(axe))
			}
		}
		w.speak("en") // a language is the person's: the parts that follow read English
	}
}

// narrow is the width in CSS pixels at which nothing may need sideways scrolling
// (WCAG 2.2, 1.4.10).
const narrow = 320

// look judges the page that is open. A dark page differs from a light one only
// in its colours.
func (w *window) look(path, lang, axe string) {
	w.t.Helper()
	w.run(chromedp.Evaluate(axe, nil))
	w.accessible(path+" ("+lang+")", `{runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], rules: {"target-size": {enabled: true}}}`)
	w.run(dark)
	w.accessible(path+" ("+lang+", dark)", `{runOnly: {type: "rule", values: ["color-contrast"]}}`)
	name := strings.ReplaceAll(strings.Trim(path, "/"), "/", "-")
	if path == "/" {
		name = "home-of-" + w.who.Username
	}
	if lang == "en" {
		w.picture("dark-" + name)
	}
	w.run(light, emulation.SetDeviceMetricsOverride(narrow, 640, 1, true))
	if wide := evaluate[int](w, "document.scrollingElement.scrollWidth"); wide > narrow {
		w.t.Errorf("%s (%s) is %d pixels wide on a screen of %d: %s", path, lang, wide, narrow, evaluate[string](w, widest))
	}
	w.picture("narrow-" + name + "." + lang)
	w.run(emulation.SetDeviceMetricsOverride(1000, 720, 1, false))
}

// widest names what stands out of the page.
const widest = `[...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".scroll")).map((e) => e.outerHTML.slice(0, 90)).slice(0, 5).join(" | ")`

func (w *window) accessible(what, options string) {
	w.t.Helper()
	for _, violation := range evaluateSoon[[]string](w, fmt.Sprintf(`axe.run(document, %s).then((r) => r.violations.flatMap((v) =>
		v.nodes.map((n) => v.id + ": " + n.target.join(" ") + ": " + n.failureSummary + " " + n.html.slice(0, 200))))`, options)) {
		w.t.Errorf("%s: %s", what, violation)
	}
}
