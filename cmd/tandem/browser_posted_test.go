package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/custody/demo"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/totp"
)

// TestBrowserOnPostedPages looks at the pages that only the answer to a form makes: in
// both languages, light and dark, on a small screen.
func TestBrowserOnPostedPages(t *testing.T) {
	t.Parallel()
	th := newTheatre(t)
	axe, err := os.ReadFile(filepath.Join("testdata", "axe", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "zh"} {
		look := func(w *window, name string) {
			t.Helper()
			w.look(name, lang, string(axe))
		}
		admin := th.window(t, "admin", true).logIn()
		admin.speak(lang)
		admin.open("/admin/people/new")
		admin.run(chromedp.Evaluate(`document.querySelector("main form").noValidate = true`, nil))
		admin.send("main form", "username", "Not A Name")
		look(admin, "form-error")
		admin.open("/admin/credentials/new?kind=ssh")
		admin.run(chromedp.Evaluate(`document.querySelector("main form").noValidate = true`, nil))
		admin.send("main form", "name", "web01")
		look(admin, "credential-error")

		newcomer := "new-" + lang
		admin.open("/admin/people/new")
		admin.run(chromedp.Click("[name=roles][value=technician]", chromedp.ByQuery))
		admin.send("main form", "username", newcomer, "name", rightToLeft, "reason", "new colleague")
		look(admin, "proposed")
		at := evaluate[string](admin, `location.pathname`)
		manager := th.window(t, "manager", true).logIn()
		manager.speak(lang)
		manager.open(at)
		manager.isolatesNames(rightToLeft)
		look(manager, "to-approve")
		manager.send("form[action$='/approve']")
		admin.open("/admin/people/" + newcomer + "/link")
		admin.send("main form")
		look(admin, "link")
		link := admin.shownSecret()
		manager.open("/people/" + newcomer + "/admission")
		look(manager, "release-code")
		release := manager.shownSecret()

		th.people[newcomer] = &play.Player{Person: demo.Person{Username: newcomer, Password: desktest.OwnPassword, TOTPPeriod: totp.DefaultPeriod}}
		w := th.window(t, newcomer, true)
		w.open(strings.TrimPrefix(link, th.URL))
		w.speak(lang)
		look(w, "admission")
		w.send("main form", "release_code", "12345", "password", w.who.Password, "password_again", w.who.Password)
		look(w, "admission-refused")
		w.send("main form", "release_code", release, "password", w.who.Password, "password_again", w.who.Password)
		look(w, "admission-authenticator")
		w.who.TOTPSecret = strings.ReplaceAll(w.shownSecret(), " ", "")
		w.send("main form")
		look(w, "recovery-codes")
		codes := evaluate[[]string](w, `[...document.querySelectorAll(".codes code")].map((e) => e.textContent)`)
		if len(codes) != 10 || !evaluate[bool](w, `document.querySelector("[data-print]").checkVisibility()`) {
			t.Errorf("%d recovery codes", len(codes))
		}
		th.secrets = append(th.secrets, codes...)
		w.follow(chromedp.Click("main a[role=button]", chromedp.ByQuery))
		w.run(chromedp.SendKeys("[name=password]", "wrong", chromedp.ByQuery), chromedp.SendKeys("[name=totp]", "000000", chromedp.ByQuery))
		w.follow(chromedp.Click("form[action='/login'] button", chromedp.ByQuery))
		look(w, "log-in-refused")
		w.logIn()
		w.sees(rightToLeft)
		w.isolatesNames(rightToLeft)
		w.send("#logout")

		w.open("/recovery")
		look(w, "recovery")
		w.send("form[action='/recovery']", "username", newcomer, "password", w.who.Password, "recovery_code", "ABCD-EFGH")
		look(w, "recovery-refused")
		w.send("form[action='/recovery']", "password", w.who.Password, "recovery_code", codes[0]) // the name stayed
		look(w, "recovered")
		w.who.TOTPSecret = strings.ReplaceAll(evaluate[string](w, `document.querySelector("output.password").textContent`), " ", "")
		w.follow(chromedp.Click("main a[role=button]", chromedp.ByQuery))
		if status := w.send("form[action='/login']", "password", w.who.Password); status != 200 {
			t.Errorf("the log-in that proves the new authenticator: %d", status)
		}
		look(w, "recovery-codes-again")
		for _, old := range codes {
			if strings.Contains(w.seen(), old) {
				t.Error("an old recovery code is shown again")
			}
		}

		a, b := th.window(t, "tech-a", true).logIn(), th.window(t, "tech-b", true).logIn()
		a.speak(lang)
		b.speak(lang)
		a.open("/credentials/demo-root")
		a.send("form[action$='/checkout']", "purpose", rightToLeft)
		look(a, "password-shown")
		a.run(chromedp.Click("details.reveal > summary", chromedp.ByQuery))
		look(a, "password-revealed")
		a.open("/credentials/demo-root")
		a.isolatesNames(rightToLeft)
		b.open("/credentials/demo-root")
		b.run(chromedp.Evaluate(sendElsewhere("/credentials/demo-root/rotate"), nil))
		b.until("the refusal is there", func() bool { return evaluate[bool](b, `!!document.getElementById("problem")`) })
		look(b, "refused")
	}
	th.quiet(t)
}

// rightToLeft is a name that a page must not take for anything else.
const rightToLeft = `<script>globalThis.hacked = 1</script> אבג =1+1`

// sendElsewhere sends an empty form to an address that the page has no form for.
func sendElsewhere(path string) string {
	return fmt.Sprintf(`{ const f = document.createElement("form"); f.method = "post"; f.action = %q; document.body.append(f); f.submit() }`, path)
}

// isolatesNames fails when a text can turn what stands beside it round, or was run.
func (w *window) isolatesNames(text string) {
	w.t.Helper()
	loose := evaluate[[]string](w, fmt.Sprintf(`(() => {
		const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		let seen = 0;
		for (let n = walk.nextNode(); n; n = walk.nextNode()) {
			if (!n.data.includes(%[1]q)) continue;
			seen++;
			let isolated = false;
			for (let e = n.parentElement; e; e = e.parentElement) isolated ||= getComputedStyle(e).unicodeBidi.startsWith("isolate") && e.matches("bdi, [dir=auto]");
			if (!isolated) found.push(n.parentElement.outerHTML.slice(0, 120));
		}
		if (!seen) found.push("it is nowhere");
		if (globalThis.hacked) found.push("it was run");
		return found;
	})()`, text))
	for _, where := range loose {
		w.t.Errorf("%s: a name in %s", w.who.Username, where)
	}
}

// shownSecret reads the one secret that the page shows, which may stand in no address but
// a link's own.
func (w *window) shownSecret() string {
	w.t.Helper()
	shown := evaluate[[]string](w, `[...document.querySelectorAll("output.password")].map((e) => e.textContent)`)
	if len(shown) != 1 {
		w.t.Fatalf("the page shows %d secrets", len(shown))
	}
	if !strings.Contains(shown[0], "/activation/") {
		w.mu.Lock()
		w.secrets = append(w.secrets, strings.ReplaceAll(shown[0], " ", ""))
		w.mu.Unlock()
	}
	return shown[0]
}
