package main

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/tandem-custody/tandem/api/play"
	"github.com/tandem-custody/tandem/custody/demo"
	"github.com/tandem-custody/tandem/custody/totp"
)

// TestBrowserFivePeople: an admin, a manager, a director and a technician have their
// pages open side by side. Somebody new is asked for, approved, sets up a log-in that
// nobody else ever sees, becomes a custodian with two approvals, and leaves again.
func TestBrowserFivePeople(t *testing.T) {
	t.Parallel()
	th := newTheatre(t)
	axe, err := os.ReadFile(filepath.Join("testdata", "axe", "axe.min.js"))
	must(t, err)
	th.fivePeople(t, string(axe))
	th.quiet(t)
}

func (th *theatre) fivePeople(t *testing.T, axe string) {
	admin, manager := th.window(t, "admin", true).logIn(), th.window(t, "manager", true).logIn()
	director, tech := th.window(t, "director", true).logIn(), th.window(t, "tech-a", true).logIn()
	inBoth := func(w *window, name string) {
		for _, lang := range []string{"zh", "en"} {
			path := evaluate[string](w, "location.pathname")
			w.speak(lang)
			w.open(path)
			w.look(name, lang, axe)
		}
	}

	// Somebody new.
	manager.open("/proposals")
	director.open("/")
	admin.open("/admin/people/new")
	admin.run(chromedp.Click("input[name=roles][value=technician]", chromedp.ByQuery))
	if status := admin.send("form[action='/admin/people/new']", "username", "cora", "name", "Cora Technician", "reason", "a third technician"); status != http.StatusOK {
		t.Fatalf("ask for somebody: %d\n%s", status, admin.seen())
	}
	manager.sees("cora") // by itself
	inBoth(manager, "proposals")
	asked := evaluate[string](manager, `document.querySelector("a.row[href^='/proposals/']").getAttribute("href")`)
	manager.open(asked)
	manager.sees("Cora Technician", "a third technician", "admin")
	inBoth(manager, "proposal-of-a-person")
	admin.open(asked)
	if evaluate[bool](admin, fmt.Sprintf(`!!document.querySelector("form[action='%s/approve']")`, asked)) {
		t.Error("who asks is offered to approve it")
	}
	approve(manager, asked)
	manager.sees("in effect")
	admin.sees("in effect") // by itself

	// The link is the admin's, the code is the manager's to read out.
	admin.open("/admin/people/cora/link")
	if status := admin.send("form[action='/admin/people/cora/link']"); status != http.StatusOK {
		t.Fatalf("make the link: %d\n%s", status, admin.seen())
	}
	link := evaluate[string](admin, `document.querySelector("#secret [data-password]").textContent`)
	manager.open("/people/cora/admission")
	inBoth(manager, "release-code")
	release := evaluate[string](manager, `document.querySelector("#release output").textContent`)
	if admin.open("/people/cora/admission"); evaluate[bool](admin, `!!document.querySelector("#release output")`) {
		t.Error("who made the link sees the code too")
	}
	cora := th.joins(t, link, release, inBoth)

	// A custodian, by two.
	tech.open("/credentials/demo-db")
	admin.open("/credentials/demo-db")
	admin.run(chromedp.Evaluate(`document.querySelector("form[action$='/custodians'] [name=backup]").value = ""`, nil))
	if status := admin.send("form[action='/credentials/demo-db/custodians']", "backup", "cora", "reason", "tech-b has another post"); status != http.StatusOK {
		t.Fatalf("propose custodians: %d\n%s", status, admin.seen())
	}
	change := evaluate[string](admin, "location.pathname")
	manager.open(change)
	manager.sees("tech-b", "cora")
	inBoth(manager, "proposal-of-custodians")
	director.open(change)
	approve(manager, change)
	director.sees("Manager") // whose yes stands there by itself
	approve(director, change)
	director.sees("in effect")
	tech.sees("Cora Technician") // by itself

	// They hold it, and then they leave.
	if status := tech.send("form[action='/credentials/demo-db/offer']", "reason", "try it out"); status != http.StatusOK {
		t.Fatalf("offer: %d\n%s", status, tech.seen())
	}
	cora.open("/inbox")
	if status := cora.send("form[action$='/accept']"); status != http.StatusOK {
		t.Fatalf("accept: %d\n%s", status, cora.seen())
	}
	cora.open("/credentials/demo-db")
	tech.open("/credentials/demo-db")
	manager.open("/admin/people/cora/disable")
	if status := manager.send("form[action$='/disable']", "reason", "left the company"); status != http.StatusOK {
		t.Fatalf("end of access: %d\n%s", status, manager.seen())
	}
	manager.sees("1 of 5 done", "demo-db") // one password, changed
	tech.sees("vacant")                    // by itself
	if cora.open("/credentials/demo-db"); evaluate[string](cora, "location.pathname") != "/login" {
		t.Errorf("who left still sees:\n%s", cora.seen())
	}
}

// approve says yes to a proposal that is shown.
func approve(w *window, proposal string) {
	w.t.Helper()
	if status := w.send(fmt.Sprintf("form[action='%s/approve']", proposal)); status != http.StatusOK {
		w.t.Fatalf("%s approves: %d\n%s", w.who.Username, status, w.seen())
	}
}

// joins is what somebody does who has a link, and was read the code: once wrongly.
func (th *theatre) joins(t *testing.T, link, release string, inBoth func(*window, string)) *window {
	at, err := url.Parse(link)
	must(t, err)
	form := fmt.Sprintf("form[action='%s']", at.Path)
	th.people["cora"] = &play.Player{Person: demo.Person{Username: "cora", Password: "a-new-Pass-phrase-17", TOTPPeriod: totp.DefaultPeriod}}
	cora := th.window(t, "cora", true)
	cora.open(at.Path)
	inBoth(cora, "activation")
	wrong := "000000"
	if wrong == release {
		wrong = "000001"
	}
	password := cora.who.Password
	if status := cora.send(form, "release_code", wrong, "password", password, "password_again", password); status < 400 {
		t.Errorf("a wrong release code: %d\n%s", status, cora.seen())
	}
	cora.open(at.Path)
	if status := cora.send(form, "release_code", release, "password", password, "password_again", password); status != http.StatusOK {
		t.Fatalf("the right one: %d\n%s", status, cora.seen())
	}
	cora.who.TOTPSecret = evaluate[string](cora, `document.querySelector("[data-secret] output").textContent.replace(/\s/g, "")`)
	th.mu.Lock()
	th.secrets = append(th.secrets, cora.who.TOTPSecret, password, release)
	th.mu.Unlock()
	if status := cora.send(fmt.Sprintf("form[action='%s/confirm']", at.Path)); status != http.StatusOK {
		t.Fatalf("prove the authenticator: %d\n%s", status, cora.seen())
	}
	cora.sees("recovery") // codes, before anything can go wrong
	cora.run(network.ClearBrowserCookies())
	cora.logIn()
	return cora
}
