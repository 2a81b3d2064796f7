package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowserKeepsWhatWasTyped: a form that is refused, and a page that follows
// what others do, take nothing away from somebody who types.
func TestBrowserKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	th := newTheatre(t)
	for _, scripts := range []bool{true, false} {
		t.Run(fmt.Sprintf("refused, scripts %v", scripts), func(t *testing.T) { th.refusedForms(t, scripts); th.quiet(t) })
	}
	for _, part := range []struct {
		name string
		play func(*theatre, *testing.T)
	}{
		{"typing while others act", (*theatre).typesOn},
		{"a test that is refused", (*theatre).testRefused},
		{"need to know", (*theatre).needToKnow},
	} {
		t.Run(part.name, func(t *testing.T) { part.play(th, t); th.quiet(t) })
	}
}

// refusedForms types wrong codes, looks at what is left, and goes back.
func (th *theatre) refusedForms(t *testing.T, scripts bool) {
	a, b := th.window(t, "tech-a", scripts).logIn(), th.window(t, "tech-b", true).logIn()
	for i, form := range []struct {
		page, form string
		fields     []string
	}{
		{"/leave", "form[action='/leave']", []string{"until", tomorrow(), "reason", "typed once"}},
		{"/credentials/demo-db", "form[action$='/checkout']", []string{"purpose", "typed once"}},
		{"/credentials/demo-db", "form[action$='/offer']", []string{"until", tomorrow(), "reason", "typed once"}},
		{"/credentials/demo-db", "form[action$='/rotate']", []string{"reason", "typed once"}},
	} {
		a.open(form.page)
		if status := a.sendWrong(form.form, form.fields...); status != http.StatusForbidden {
			t.Fatalf("a wrong code on %s: %d\n%s", form.page, status, a.seen())
		}
		// Somebody else makes the ledger grow, so that every open page asks anew.
		b.open("/credentials/demo-db")
		b.open("/back")
		b.send("form[action='/logout']")
		b.logIn()
		if scripts {
			a.until("it has followed", func() bool {
				return evaluate[bool](a, `performance.getEntriesByType("resource").some((e) => e.initiatorType === "xmlhttprequest")`)
			})
		}
		a.stillThere(form.form, form.fields)
		if scripts && !evaluate[bool](a, fmt.Sprintf(`document.activeElement === document.querySelector(%q)`, form.form+" [name=totp]")) {
			t.Errorf("%s: the focus is not on the code", form.page)
		}
		a.picture(fmt.Sprintf("refused-%d-%v", i, scripts))
		// On, and back again: the browser has the page, not an error of its own.
		a.open("/policy")
		a.goBack()
		a.stillThere(form.form, form.fields)
		a.sees("The code is not right.")
		if i == 1 { // before there are so many wrong ones that they lock
			if status := a.send(form.form); status != http.StatusOK {
				t.Fatalf("sent again with a right code: %d\n%s", status, a.seen())
			}
			a.send("form[action$='/checkin']")
		}
	}
	a.open("/credentials/demo-db")
	a.sendWrong("form[action$='/offer']", "reason", "typed once")
	if status := a.send("form[action$='/offer']"); status != http.StatusOK {
		t.Fatalf("sent again with a right code: %d\n%s", status, a.seen())
	}
	a.goBack()
	if text := a.seen(); strings.Contains(text, "The code is not right.") || !strings.Contains(text, "demo-db") {
		t.Errorf("back past what was done: %s", text)
	}
	a.open("/credentials/demo-db")
	a.follow(chromedp.Click("#facts a[href^='/handovers/']", chromedp.ByQuery))
	a.send("form[action$='/cancel']")
}

// sendWrong sends a form with a code that cannot be right.
func (w *window) sendWrong(form string, fields ...string) int64 {
	w.t.Helper()
	w.fill(form, fields...)
	return w.follow(chromedp.SendKeys(form+" [name=totp]", "000000", chromedp.ByQuery), chromedp.Click(form+" button", chromedp.ByQuery))
}

// stillThere fails unless a form shows what was typed, unfolded.
func (w *window) stillThere(form string, fields []string) {
	w.t.Helper()
	for i := 0; i < len(fields); i += 2 {
		field := fmt.Sprintf("%s [name=%s]", form, fields[i])
		if got := evaluate[string](w, fmt.Sprintf(`document.querySelector(%q)?.value ?? "there is no such field"`, field)); got != fields[i+1] {
			w.t.Errorf("%s has %q, typed was %q", field, got, fields[i+1])
		}
		if !evaluate[bool](w, fmt.Sprintf(`!!document.querySelector(%q)?.checkVisibility()`, field)) {
			w.t.Errorf("%s is folded away", field)
		}
	}
}

// typesOn: a page tells what changed above a form that somebody types in.
func (th *theatre) typesOn(t *testing.T) {
	a, b := th.window(t, "tech-a", true).logIn(), th.window(t, "tech-b", true).logIn()
	a.open("/leave")
	a.run(chromedp.SendKeys("form[action='/leave'] [name=reason]", "half a sen", chromedp.ByQuery))
	b.open("/leave")
	b.send("form[action='/leave']", "reason", "dentist")
	a.sees("The two custodians may not both be out") // above the form
	a.run(a.press("tence"))
	a.stillThere("form[action='/leave']", []string{"reason", "half a sentence"})

	// The form that is typed in changes: the page says so, and keeps what was typed.
	other := th.window(t, "tech-a", true).logIn()
	b.open("/back")
	b.send("form[action='/back']")
	other.open("/leave")
	other.send("form[action='/leave']", "reason", "in another window")
	a.sees("Waiting for your backup", "This has changed meanwhile.")
	a.stillThere("form[action='/leave']", []string{"reason", "half a sentence"})
	a.picture("outdated")
	a.follow(chromedp.Click(".outdated a", chromedp.ByQuery))
	if evaluate[bool](a, `!!document.querySelector("form[action='/leave']")`) {
		t.Error("the page still has a form that leads nowhere")
	}
}

// testRefused: a test of a target that cannot even begin says why.
func (th *theatre) testRefused(t *testing.T) {
	w := th.window(t, "admin", true).logIn()
	w.open("/admin/credentials/new?kind=postgres")
	w.run(chromedp.SendKeys("[name=name]", "db09", chromedp.ByQuery), chromedp.SendKeys("[name=address]", "nowhere", chromedp.ByQuery),
		chromedp.Click("button[value=test]", chromedp.ByQuery))
	w.until("it says what is wrong", func() bool { return evaluate[bool](w, `!!document.querySelector("#tested #problem")`) })
	w.stillThere("main form", []string{"name", "db09", "address", "nowhere"})

	// One that can begin is asked a code for, and stands in the ledger.
	w.run(chromedp.SetValue("[name=address]", "127.0.0.1:1", chromedp.ByQuery), chromedp.SetValue("[name='set.tls']", "off", chromedp.ByQuery),
		chromedp.SendKeys("[name=account]", "app", chromedp.ByQuery), chromedp.SendKeys("[name=password]", "a guess", chromedp.ByQuery), chromedp.Click("button[value=test]", chromedp.ByQuery))
	w.until("it asks for a code", func() bool {
		return evaluate[bool](w, `document.querySelector("#tested").innerText.includes("code")`)
	})
	w.run(chromedp.SendKeys("main form [name=totp]", w.code(), chromedp.ByQuery), chromedp.Click("button[value=test]", chromedp.ByQuery))
	w.until("it says that nobody answers", func() bool {
		return evaluate[bool](w, `document.querySelector("#tested").innerText.includes("cannot be reached")`)
	})
	auditor := th.window(t, "auditor", true).logIn()
	auditor.open("/ledger?type=target.tested")
	auditor.sees("Target tested", "admin")
}

// needToKnow: who runs the system is told no address, and an auditor is, on the same page.
func (th *theatre) needToKnow(t *testing.T) {
	const address = `document.querySelector("main").innerText.includes("127.0.0.1")`
	admin, auditor := th.window(t, "admin", true).logIn(), th.window(t, "auditor", true).logIn()
	for _, path := range []string{"/credentials", "/credentials/demo-db", "/credentials?q=127.0.0.1"} {
		admin.open(path)
		auditor.open(path)
		if evaluate[bool](admin, address) || !evaluate[bool](auditor, address) {
			t.Errorf("%s: an admin sees\n%s\nan auditor\n%s", path, admin.seen(), auditor.seen())
		}
	}
	admin.open("/credentials/demo-db")
	admin.sees("known to its custodians")
	admin.open("/ledger")
	admin.sees("You see what you did")
	if evaluate[bool](admin, `!!document.querySelector("a[href^='/ledger.csv']")`) {
		t.Error("an admin is offered the export")
	}
	if status := admin.open("/ledger.csv"); status != http.StatusForbidden {
		t.Errorf("the export answers an admin with %d", status)
	}
}
