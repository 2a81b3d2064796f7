package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowserShowsNothingThatIsOver: a page that stays open says what is so now,
// says since when it does not know, or says nothing.
func TestBrowserShowsNothingThatIsOver(t *testing.T) {
	t.Parallel()
	th := newTheatre(t)
	th.complains("/events") // about the streams that are cut
	for _, way := range []struct {
		name string
		cut  func(*cutter)
	}{
		{"with events", func(*cutter) {}},
		{"with the stream cut and refused", func(c *cutter) { c.refuse() }},
		{"with a stream that has gone silent", func(c *cutter) { c.silence() }},
	} {
		t.Run("a check-out that ended elsewhere "+way.name, func(t *testing.T) { th.checkOutEnds(t, way.cut) })
	}
	for _, part := range []struct {
		name string
		play func(*theatre, *testing.T)
	}{
		{"a check-out without a server", (*theatre).checkOutUnseen},
		{"a check-out whose time is over", (*theatre).checkOutRunsOut},
		{"a link that was replaced", (*theatre).linkReplaced},
		{"what was done is not what is", (*theatre).doneIsPast},
	} {
		t.Run(part.name, func(t *testing.T) { part.play(th, t); th.quiet(t) })
	}
}

// checkOutEnds leaves the page of a check-out open: it is checked in in another
// window, and then taken back by who gave it.
func (th *theatre) checkOutEnds(t *testing.T, cut func(*cutter)) {
	proxy := newCutter(t, th.URL)
	open := th.watcher(t, "tech-a", proxy, "/credentials/demo-db")
	password := open.takeOut("demo-db")
	cut(proxy)
	elsewhere := th.window(t, "tech-a", true).logIn()
	elsewhere.open("/credentials/demo-db")
	elsewhere.send("form[action$='/checkin']")
	open.blanks(password, "Your check-out has ended")

	// tech-b has it for a while and reads the password when tech-a takes it back.
	elsewhere.open("/credentials/demo-db")
	elsewhere.send("form[action$='/offer']", "reason", "for a while")
	offer := evaluate[string](elsewhere, `document.querySelector("#facts a[href^='/handovers/']").textContent`)
	b := th.window(t, "tech-b", true).logIn()
	b.open("/handovers/" + offer)
	b.send("form[action$='/accept']")
	if text := b.seen(); strings.Contains(text, "then it is yours") || !strings.Contains(text, "then tech-a holds it") {
		t.Errorf("whoever gives back is told: %s", text)
	}
	again := newCutter(t, th.URL)
	receiver := th.watcher(t, "tech-b", again, "/credentials/demo-db")
	password = receiver.takeOut("demo-db")
	cut(again)
	elsewhere.open("/handovers/" + offer)
	elsewhere.send("form[action$='/return']")
	receiver.blanks(password, "Your check-out has ended")
	elsewhere.until("it is held again", func() bool {
		elsewhere.open("/credentials/demo-db")
		return evaluate[bool](elsewhere, `!!document.querySelector("#facts .phase-held")`)
	})
}

// takeOut checks a credential out and gives the password that the page has.
func (w *window) takeOut(credential string) string {
	w.t.Helper()
	w.open("/credentials/" + credential)
	w.send("form[action$='/checkout']", "purpose", "to be left open")
	w.run(chromedp.Click("details.reveal > summary", chromedp.ByQuery))
	password := evaluate[string](w, `document.querySelector("[data-password]").textContent`)
	w.sees(password)
	w.mu.Lock()
	w.secrets = append(w.secrets, password)
	w.mu.Unlock()
	return password
}

// blanks waits until the page has neither a password nor a countdown, but says
// this.
func (w *window) blanks(password, says string) {
	w.t.Helper()
	w.sees(says)
	if evaluate[bool](w, fmt.Sprintf(`document.documentElement.outerHTML.includes(%q) || !!document.querySelector("main [data-countdown]")`, password)) {
		w.t.Errorf("the page still has the password or counts: %s", w.seen())
	}
}

// checkOutUnseen: nobody can say whether a check-out goes on when the server cannot
// be reached, so the page says until when it knew.
func (th *theatre) checkOutUnseen(t *testing.T) {
	th.complains("/events", "ERR_", "htmx:") // about requests that fail
	defer th.complains("/events")
	proxy := newCutter(t, th.URL)
	w := th.watcher(t, "tech-a", proxy, "/credentials/demo-root")
	w.takeOut("demo-root")
	w.until("it counts down", func() bool {
		return evaluate[bool](w, `/^0\d:\d\d:\d\d$/.test(document.querySelector("main [data-countdown]").innerText)`)
	})
	proxy.down()
	w.sees("The server cannot be reached", "What you see was so at")
	w.until("nothing counts any more", func() bool {
		return evaluate[bool](w, `[...document.querySelectorAll("[data-countdown]")].every((e) => !e.checkVisibility())`)
	})
	if seen := evaluate[string](w, `document.querySelector("#stale time").innerText`); len(seen) < len("18:00:00") {
		t.Errorf("it was so at %q", seen)
	}
	proxy.up()
	w.until("it counts again", func() bool {
		return evaluate[bool](w, `document.querySelector("#stale").hidden && document.querySelector("main [data-countdown]").checkVisibility()`)
	})
	w.open("/credentials/demo-root")
	w.send("form[action$='/checkin']")
}

// checkOutRunsOut: when its time is over the page says so, whoever can be reached.
func (th *theatre) checkOutRunsOut(t *testing.T) {
	th.complains("/events", "ERR_", "htmx:")
	defer th.complains("/events")
	proxy := newCutter(t, th.URL)
	w := th.watcher(t, "tech-a", proxy, "/credentials/demo-root")
	password := w.takeOut("demo-root")
	proxy.down()
	w.run(chromedp.Evaluate(`document.querySelector("[data-until]").dataset.until = new Date(Date.now() - 1000).toISOString()`, nil))
	w.blanks(password, "Your check-out has ended")
	proxy.up()
	w.open("/credentials/demo-root")
	w.send("form[action$='/checkin']")
}

// linkReplaced: a link is dead once there is a newer one.
func (th *theatre) linkReplaced(t *testing.T) {
	admin, other := th.window(t, "admin", true).logIn(), th.window(t, "admin", true).logIn()
	admin.open("/admin/people/new")
	admin.run(chromedp.Click("[name=roles][value=technician]", chromedp.ByQuery))
	admin.send("main form", "username", "replaced", "name", "Re Placed", "reason", "new")
	manager := th.window(t, "manager", true).logIn()
	manager.open(evaluate[string](admin, `location.pathname`))
	manager.send("form[action$='/approve']")
	const at = "/admin/people/replaced/link"
	admin.open(at)
	admin.sees("No link counts now.")
	admin.send("main form")
	first := admin.shownSecret()
	other.open(at)
	other.sees("A link was shown once, on another page")
	other.send("main form")
	admin.blanks(first, "A link was shown once, on another page")
	if second := other.shownSecret(); second == first {
		t.Error("the same link again")
	}
}

// doneIsPast: what a page says about what was done stays right when things go on.
func (th *theatre) doneIsPast(t *testing.T) {
	a, b := th.window(t, "tech-a", true).logIn(), th.window(t, "tech-b", true).logIn()
	a.open("/leave")
	a.send("form[action='/leave']", "until", tomorrow(), "reason", "course")
	a.sees("Waiting for your backup")
	b.open("/inbox")
	b.send("form[action$='/accept']")
	a.sees("you are away")
	a.sees("away") // also the mark in the bar
	if text := a.seen(); strings.Contains(text, "as soon as") {
		t.Errorf("an open page promises what has happened: %s", text)
	}
	if bar := evaluate[string](a, `document.querySelector(".me").innerText`); !strings.Contains(bar, "away") {
		t.Errorf("the bar of an open page says %q", bar)
	}
	a.open("/back")
	a.sendBy("form[action='/back']", "button[name=take_back]")
	a.sees("You hold 2 credentials")
	b.sees("closed")
	if text := b.seen(); strings.Contains(text, "you hold it now") {
		t.Errorf("who has given back is told that they hold: %s", text)
	}
}
