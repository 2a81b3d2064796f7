package main

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestBrowserByHand is a credential that a person changes, from the form that
// adds it to the next change: by the links, buttons and codes that people have.
// Beside it the form of another kind, with a setting that is refused, and
// everything changed by one code.
func TestBrowserByHand(t *testing.T) {
	t.Parallel()
	th := newTheatre(t)
	axe, err := os.ReadFile(filepath.Join("testdata", "axe", "axe.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	inBoth := func(w *window, path, name string) {
		t.Helper()
		for _, lang := range []string{"en", "zh"} {
			w.speak(lang)
			w.open(path)
			w.look(name, lang, string(axe))
		}
		w.speak("en")
		w.open(path)
	}
	admin := th.window(t, "admin", true).logIn()
	inBoth(admin, "/admin/credentials/new", "kinds")
	admin.refusesSetting(axe)

	admin.open("/admin/credentials/new")
	admin.follow(chromedp.Click("a[href$='kind=manual']", chromedp.ByQuery))
	inBoth(admin, "/admin/credentials/new?kind=manual", "kind-manual")
	admin.typed("sw01", "rack 4, unit 12", "admin")
	admin.send("main form")
	admin.sees("Proposed.", "An account comes into custody", "By hand")
	at := evaluate[string](admin, `location.pathname`)
	for _, who := range []string{"manager", "director"} {
		w := th.window(t, who, true).logIn()
		inBoth(w, at, "account-to-approve")
		w.send("form[action$='/approve']")
		w.sees("Approved.")
	}
	admin.open("/credentials/sw01")
	admin.sees("Waits until tech-a has set the new password by hand.")

	a, b := th.window(t, "tech-a", true).logIn(), th.window(t, "tech-b", true).logIn()
	b.open("/credentials/sw01")
	b.sees("Waits until tech-a has set the new password by hand.")
	inBoth(a, "/inbox", "inbox-by-hand")
	inBoth(a, "/credentials/sw01", "to-set")
	a.open("/")
	a.follow(chromedp.Click(".note a.chip[href='/credentials/sw01']", chromedp.ByQuery))
	for _, lang := range []string{"en", "zh"} {
		a.speak(lang)
		a.open("/credentials/sw01")
		if status := a.send("form[action$='/new-password']"); status != http.StatusOK {
			t.Fatalf("the new password: %d\n%s", status, a.seen())
		}
		a.look("new-password", lang, string(axe))
	}
	password := evaluate[string](a, `document.querySelector("[data-password]").textContent`)
	th.secrets = append(th.secrets, password)
	if len(password) < 8 || strings.Contains(a.seen(), password) || a.secretKept(password) {
		t.Errorf("the password is not masked at first: %s", a.seen())
	}
	a.run(chromedp.Click("details.reveal > summary", chromedp.ByQuery))
	a.sees(password)
	a.picture("new-password-revealed")
	a.run(chromedp.Click("[data-copy]", chromedp.ByQuery))
	a.sees(evaluate[string](a, `document.querySelector("[data-copy]").dataset.copied`))
	a.send("form[action$='/set']")
	a.speak("en")
	a.sees("Technician A", "Attested: the word of who set it.") // by itself
	b.sees("Ask tech-a to hand it over to you.")

	a.open("/credentials/sw01")
	a.send("form[action$='/checkout']", "purpose", "is it the one that was set")
	if held := evaluate[string](a, `document.querySelector("[data-password]").textContent`); held != password {
		t.Error("what is held is not what was shown to be set")
	}
	a.changesAll(axe)
	th.quiet(t)
}

// typed fills in what every kind's form asks for.
func (w *window) typed(name, address, account string) {
	w.t.Helper()
	var actions []chromedp.Action
	for field, value := range map[string]string{"name": name, "address": address, "account": account, "reason": "new account"} {
		actions = append(actions, chromedp.SendKeys(fmt.Sprintf("main form [name=%s]", field), value, chromedp.ByQuery))
	}
	w.run(append(actions, chromedp.SetValue("[name=primary]", "tech-a", chromedp.ByQuery), chromedp.SetValue("[name=backup]", "tech-b", chromedp.ByQuery))...)
}

// refusesSetting goes from the kinds to the form for PostgreSQL and asks for what
// its connector refuses: by the test before saving, by saving, and without
// JavaScript.
func (w *window) refusesSetting(axe []byte) {
	w.t.Helper()
	for _, scripts := range []bool{true, false} {
		admin := w.window(w.t, "admin", scripts).logIn()
		for lang, refusal := range map[string]string{
			"en": `The field "TLS" may be off only for a loopback address.`, "zh": "字段“TLS”仅本机回环地址可以设为 off。",
		} {
			admin.speak(lang)
			admin.open("/admin/credentials/new")
			admin.follow(chromedp.Click("a[href$='kind=postgres']", chromedp.ByQuery))
			if lang == "en" || scripts {
				admin.looks("kind-postgres", lang, axe, scripts)
			}
			admin.typed("pg01", "db01.example:5432", "app")
			admin.run(chromedp.SetValue("[name='set.tls']", "off", chromedp.ByQuery), chromedp.SendKeys("[name=admin_key]", "never-echoed", chromedp.ByQuery))
			if scripts {
				admin.run(chromedp.Click("button[value=test]", chromedp.ByQuery))
				admin.sees(refusal)
			}
			if status := admin.sendBy("main form", "button[value=add]"); status != http.StatusUnprocessableEntity {
				w.t.Errorf("a setting that is to be refused: %d\n%s", status, admin.seen())
			}
			admin.sees(refusal)
			if evaluate[string](admin, `document.querySelector("[name='set.tls']").value + document.querySelector("[name=name]").value + document.querySelector("[name=admin_key]").value`) != "offpg01" {
				w.t.Error("the form forgot what was typed, or repeats a secret")
			}
			admin.looks("setting-refused", lang, axe, scripts)
		}
		admin.speak("en")
	}
}

// looks is look, which needs scripts.
func (w *window) looks(name, lang string, axe []byte, scripts bool) {
	w.t.Helper()
	if scripts {
		w.look(name, lang, string(axe))
	}
}

// secretKept says whether a secret is anywhere in the page's address or storage.
func (w *window) secretKept(secret string) bool {
	w.t.Helper()
	return evaluate[bool](w, fmt.Sprintf(`(location.href + JSON.stringify(localStorage) + JSON.stringify(sessionStorage)).includes(%q)`, secret))
}

// changesAll asks with one code for everything that tech-a holds, and follows it:
// what a person has to set stays behind.
func (w *window) changesAll(axe []byte) {
	w.t.Helper()
	w.open("/rotations")
	w.sees("You hold 3 credentials that can be changed now.")
	w.look("fleet", "en", string(axe))
	if status := w.send("form[action='/rotations']", "reason", "somebody left"); status != http.StatusOK {
		w.t.Fatalf("change all: %d\n%s", status, w.seen())
	}
	w.sees("2 of 3 passwords changed and proved", "sw01") // by itself
	at := evaluate[string](w, "location.pathname + location.search")
	for _, lang := range []string{"en", "zh"} {
		w.speak(lang)
		w.open(at)
		w.look("fleet-progress", lang, string(axe))
	}
	w.speak("en")
}
