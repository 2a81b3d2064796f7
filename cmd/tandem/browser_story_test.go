package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

var screenshots = flag.Bool("screenshots", false, "write docs/screenshots anew from TestBrowser")

// inDocumentation are the pictures that people see before they have tried
// Tandem, each at most as many bytes as that.
var inDocumentation = []string{"home", "checkout", "leave", "inbox", "back", "ledger"}

const screenshotBytes = 150 << 10

// TestBrowser is the policy as people see it: one demo, one Chromium, one story.
// Each part goes on where the last one ended.
func TestBrowser(t *testing.T) {
	t.Parallel()
	th := newTheatre(t)
	for _, part := range []struct {
		name string
		play func(*theatre, *testing.T)
	}{
		{"two people side by side", (*theatre).sideBySide},
		{"the auditor", (*theatre).audit},
		{"by keyboard alone", (*theatre).byKeyboard},
		{"without JavaScript", (*theatre).withoutScripts},
		{"every page", (*theatre).everyPage},
		{"what stays in a browser", (*theatre).leavesNothing},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.play(th, t); th.quiet(t) }) {
			return // the others follow on it
		}
	}
}

// shown keeps a picture in both languages, for the documentation too when it is
// asked for.
func (w *window) shown(name string) {
	w.t.Helper()
	for _, lang := range []string{"en", "zh"} {
		w.speak(lang)
		w.document(name, lang)
	}
	w.speak("en")
}

func (w *window) document(name, lang string) {
	w.t.Helper()
	w.picture(name + "." + lang)
	if !*screenshots || !slices.Contains(inDocumentation, name) {
		return
	}
	folder := filepath.Join("..", "..", "docs", "screenshots")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		w.t.Fatal(err)
	}
	if size := w.keep(filepath.Join(folder, name+"."+lang+".png")); size > screenshotBytes {
		w.t.Errorf("the picture %s.%s has %d bytes", name, lang, size)
	}
}

// hurry makes what a page does after 20 s or more happen after four.
const hurry = `{ const real = setTimeout; window.setTimeout = (f, ms, ...rest) => real(f, ms >= 20000 ? 4000 : ms, ...rest) }`

// sideBySide is the core of the policy, in two windows that follow each other.
func (th *theatre) sideBySide(t *testing.T) {
	a, b := th.window(t, "tech-a", true), th.window(t, "tech-b", true)
	a.run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(hurry).Do(ctx)
		return err
	}), chromedp.ActionFunc(func(ctx context.Context) error {
		return browser.GrantPermissions([]browser.PermissionType{browser.PermissionTypeClipboardReadWrite, browser.PermissionTypeClipboardSanitizedWrite}).
			WithOrigin(th.URL).WithBrowserContextID(a.own).Do(cdp.WithExecutor(ctx, chromedp.FromContext(ctx).Browser))
	}))
	a.logIn()
	b.logIn()
	a.sees("You hold 2 credentials", "demo-db", "demo-root")
	a.shown("home")
	a.checkOut("en")
	a.send("form[action$='/checkin']")
	a.sees("Checked in.")
	a.speak("zh")
	a.checkOut("zh")
	a.speak("en")

	a.open("/leave")
	a.send("form[action='/leave']", "until", tomorrow(), "reason", "course")
	a.sees("Waiting for your backup", "You hold what is not accepted yet")
	a.shown("leave")
	b.sees("Inbox") // the window was left open: it follows
	b.sees("Waits for your decision")
	b.open("/inbox")
	b.shown("inbox")
	b.send("form[action$='/accept']")
	b.sees("Accepted.")
	a.sees("Handed over: you are away")

	b.open("/leave")
	b.sees("The two custodians may not both be out", "tech-a")
	if status := b.send("form[action='/leave']", "reason", "dentist"); status != http.StatusConflict {
		t.Errorf("both were out: %d", status)
	}
	b.sees("is away", "Clause 4.4")
	b.picture("both-away.en")
	a.open("/credentials/demo-root")
	a.sees("tech-b holds it")

	a.open("/back")
	a.sendBy("form[action='/back']", "button[name=take_back]")
	a.picture("rotating.en")
	a.sees("You hold 2 credentials") // by itself
	a.shown("back")
	b.open("/")
	b.sees("You hold nothing now.")
}

// checkOut reveals the password, which hides itself, and copies it.
func (w *window) checkOut(lang string) {
	w.t.Helper()
	w.open("/credentials/demo-root")
	if status := w.send("form[action$='/checkout']", "purpose", "4711"); status != http.StatusOK {
		w.t.Fatalf("check-out: %d\n%s", status, w.seen())
	}
	password := evaluate[string](w, `document.querySelector("[data-password]").textContent`)
	w.mu.Lock()
	w.secrets = append(w.secrets, password)
	w.mu.Unlock()
	if len(password) < 8 || strings.Contains(w.seen(), password) {
		w.t.Errorf("the password is not masked at first: %s", w.seen())
	}
	w.document("checkout", lang)
	w.run(chromedp.Click("details.reveal > summary", chromedp.ByQuery))
	w.sees(password)
	if seconds := evaluate[string](w, `document.querySelector("[data-secret]").dataset.hideAfter`); seconds != "30" {
		w.t.Errorf("the password stays for %s s", seconds)
	}
	w.run(chromedp.Click("[data-copy]", chromedp.ByQuery))
	w.sees(evaluate[string](w, `document.querySelector("[data-copy]").dataset.copied`))
	if copied := evaluateSoon[string](w, `navigator.clipboard.readText()`); copied != password {
		w.t.Error("what was copied is not the password")
	}
	w.sees(evaluate[string](w, `document.querySelector("[data-copy]").dataset.cleared`))
	if left := evaluateSoon[string](w, `navigator.clipboard.readText()`); left != "" {
		w.t.Error("the password stays in the clipboard")
	}
	w.until("the password hides itself", func() bool {
		return !evaluate[bool](w, `document.querySelector("details.reveal").open`) && !strings.Contains(w.seen(), password)
	})
}

// audit goes the way of the auditor: the mark, an entry with its proof, a record
// for print.
func (th *theatre) audit(t *testing.T) {
	w := th.window(t, "auditor", true).logIn()
	w.open("/ledger?credential=demo-root")
	w.sees("Verified to entry", "Handover accepted", "Password checked out")
	w.shown("ledger")
	w.follow(chromedp.Click("table.entries tbody a", chromedp.ByQuery))
	w.sees("Proved now: this entry is in the ledger", "Root")
	w.shown("entry")
	w.open("/custody")
	w.sees("Custody over time", "The same as a table")
	if marks := evaluate[int](w, `document.querySelectorAll("svg.gantt path.g-bar").length`); marks < 6 {
		t.Errorf("the chart has %d bars", marks)
	}
	w.open("/custody?range=day")
	w.shown("custody")

	if status := w.open("/handovers/handover-1/record"); status != http.StatusOK {
		t.Fatalf("the record of a handover: %d", status)
	}
	w.sees("交接单", "handover-1", "tech-a", "tech-b")
	for _, secret := range th.secrets {
		if strings.Contains(w.seen(), secret) {
			t.Error("a secret is on a record")
		}
	}
	w.printsOnOnePage()
	w.run(emulation.SetEmulatedMedia().WithMedia("print"))
	if evaluate[bool](w, `[...document.querySelectorAll("nav, form, button")].some((e) => e.checkVisibility())`) {
		t.Error("the record prints what only a screen can use")
	}
	w.run(light)
	w.picture("record")
}

// byKeyboard hands one credential over and back without a pointer.
func (th *theatre) byKeyboard(t *testing.T) {
	a, b := th.window(t, "tech-a", true), th.window(t, "tech-b", true)
	a.open("/login")
	a.logInByKeyboard()
	a.tabTo("a[href='/credentials/demo-db']")
	a.follow(a.press(kb.Enter))
	a.tabTo("details:has(form[action$='/offer']) > summary")
	a.run(a.press(kb.Enter))
	a.tabTo("form[action$='/offer'] [name=reason]")
	a.run(a.press("by keyboard"))
	a.tabTo("form[action$='/offer'] [name=totp]")
	a.follow(a.press(a.code() + kb.Enter))
	a.sees("Offered.", "handover-2")

	b.open("/inbox") // leads to the log-in, and comes back
	b.logInByKeyboard()
	b.tabTo("form[action$='/handover-2/accept'] [name=totp]")
	b.follow(b.press(b.code() + kb.Enter))
	b.sees("Accepted.")
	b.tabTo("form[action$='/handover-2/return'] [name=totp]")
	b.follow(b.press(b.code() + kb.Enter))
	b.sees("closed")
}

func (w *window) logInByKeyboard() {
	w.t.Helper()
	w.tabTo("[name=username]")
	w.run(w.press(w.who.Username))
	w.tabTo("[name=password]")
	w.run(w.press(w.who.Password))
	w.tabTo("[name=totp]")
	w.follow(w.press(w.code() + kb.Enter))
}

// tabTo presses Tab until an element has the focus, and fails when the focus
// cannot be seen there.
func (w *window) tabTo(selector string) {
	w.t.Helper()
	for range 200 {
		if evaluate[bool](w, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
			if evaluate[string](w, `getComputedStyle(document.activeElement).outlineStyle + getComputedStyle(document.activeElement).boxShadow`) == "nonenone" {
				w.t.Errorf("the focus on %s cannot be seen", selector)
			}
			return
		}
		w.run(w.press(kb.Tab))
	}
	w.t.Fatalf("the keyboard does not reach %s on %s", selector, w.seen())
}

// withoutScripts goes through the handover by forms and reloads.
func (th *theatre) withoutScripts(t *testing.T) {
	a, b := th.window(t, "tech-a", false).logIn(), th.window(t, "tech-b", false).logIn()
	if evaluate[bool](a, `typeof htmx !== "undefined"`) {
		t.Fatal("scripts run")
	}
	a.open("/credentials/demo-root")
	a.send("form[action$='/checkout']", "purpose", "no script")
	password := evaluate[string](a, `document.querySelector("[data-password]").textContent`)
	th.secrets = append(th.secrets, password)
	a.run(chromedp.Click("details.reveal > summary", chromedp.ByQuery))
	a.sees(password)
	a.open("/leave")
	a.send("form[action='/leave']", "reason", "no script")
	a.sees("Waiting for your backup")
	b.open("/inbox")
	b.send("form[action$='/accept']")
	b.sees("Accepted.")
	a.open("/leave")
	a.sees("Handed over: you are away")
	b.open("/leave")
	if status := b.send("form[action='/leave']", "reason", "too"); status != http.StatusConflict {
		t.Errorf("both were out: %d", status)
	}
	b.sees("Clause 4.4")
	a.open("/back")
	a.sendBy("form[action='/back']", "button[name=take_back]")
	a.until("reloading shows who holds them", func() bool {
		a.open("/back")
		return strings.Contains(a.seen(), "You hold 2 credentials")
	})
}

// leavesNothing looks at what a browser keeps, during a log-in and after it.
func (th *theatre) leavesNothing(t *testing.T) {
	w := th.window(t, "tech-a", true).logIn()
	var cookies []*network.Cookie
	w.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		cookies, err = network.GetCookies().Do(ctx)
		return err
	}))
	at := slices.IndexFunc(cookies, func(c *network.Cookie) bool { return c.Name == "__Host-tandem" })
	if at < 0 {
		t.Fatal("there is no session cookie")
	}
	for _, c := range cookies {
		ofScript := c.Name == "tandem-zone" // and no secret
		if !c.Secure || !c.HTTPOnly && !ofScript || c.SameSite != network.CookieSameSiteStrict || c.Path != "/" {
			t.Errorf("the cookie %s: secure %v, http only %v, same site %v, path %s", c.Name, c.Secure, c.HTTPOnly, c.SameSite, c.Path)
		}
	}
	secrets := append(slices.Clone(th.secrets), cookies[at].Value)

	w.open("/credentials/demo-root")
	w.send("form[action$='/checkout']", "purpose", "history")
	secrets = append(secrets, evaluate[string](w, `document.querySelector("[data-password]").textContent`))
	w.open("/")
	w.goBack()
	if text := w.seen(); strings.Contains(text, secrets[len(secrets)-1]) {
		t.Errorf("going back shows a password: %s", text)
	}
	w.open("/ledger")

	stranger := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		out.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(out, `<title>stranger</title><iframe src="%s/leave"></iframe>`, th.URL)
	}))
	t.Cleanup(stranger.Close)
	th.complains("frame-ancestors 'none'")
	w.follow(chromedp.Navigate(stranger.URL))
	if refused, shown := w.framed(); len(refused) != 1 || len(shown) != 0 {
		t.Errorf("another site's frame shows %v; refused: %v", shown, refused)
	}
	w.open("/policy")
	w.later(14.1 * 60)
	w.sees("Still there?", "You will be logged out in")
	w.run(chromedp.Click("[data-stay]", chromedp.ByQuery))
	w.later(30 * 60)
	w.sees("You were logged out because nobody used the page.")
	w.logIn()

	w.open("/credentials/demo-root")
	w.send("#logout")
	w.sees("You are logged out.")
	for range 3 {
		w.goBack()
		if text := w.seen(); strings.Contains(text, "demo-root") || strings.Contains(text, "Technician A") {
			t.Errorf("going back after the log-out shows %s", text)
		}
	}
	var history []*page.NavigationEntry
	w.run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		_, history, err = page.GetNavigationHistory().Do(ctx)
		return err
	}))
	kept := evaluate[string](w, `JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href])`)
	for _, entry := range history {
		kept += "\n" + entry.URL + " " + entry.Title
	}
	for _, secret := range secrets {
		if strings.Contains(kept, secret) {
			t.Errorf("the browser keeps a secret: %s", kept)
		}
	}
}

// later has the page believe that so many seconds have passed.
func (w *window) later(seconds float64) {
	w.t.Helper()
	w.run(chromedp.Evaluate(fmt.Sprintf("{ const real = Date.now; Date.now = () => real() + %f }", 1000*seconds), nil))
}

// goBack does what the browser's own button does, and waits for what it shows. A
// browser that has kept nothing of the answer to a form says so.
func (w *window) goBack() {
	w.t.Helper()
	w.run(chromedp.Evaluate("globalThis.left = true", nil), chromedp.ActionFunc(func(ctx context.Context) error {
		at, entries, err := page.GetNavigationHistory().Do(ctx)
		if err != nil || at == 0 {
			return errors.Join(err, errors.New("there is nothing to go back to"))
		}
		return page.NavigateToHistoryEntry(entries[at-1].ID).Do(ctx)
	}))
	for deadline := time.Now().Add(browserPatience); ; time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(w.ctx, time.Second)
		there := false
		err := chromedp.Run(ctx, chromedp.Evaluate(`!globalThis.left && document.readyState === "complete"`, &there))
		cancel()
		if there {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("going back ended in %s: %v", w.seen(), err)
		}
	}
}
