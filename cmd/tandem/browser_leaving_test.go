package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// TestBrowserLeaving: an admin ends somebody's access, and the other custodian's home page
// says by itself what that means for them.
func TestBrowserLeaving(t *testing.T) {
	t.Parallel()
	th := newTheatre(t)
	axe, err := os.ReadFile(filepath.Join("testdata", "axe", "axe.min.js"))
	must(t, err)
	th.leaving(t, string(axe))
	th.leavingWithoutScripts(t)
	th.quiet(t)
}

func (th *theatre) leaving(t *testing.T, axe string) {
	admin, b, manager := th.window(t, "admin", true).logIn(), th.window(t, "tech-b", true).logIn(), th.window(t, "manager", true).logIn()
	b.open("/")
	manager.open("/")
	inBoth := func(w *window, path, name string) {
		for _, lang := range []string{"en", "zh"} {
			w.speak(lang)
			w.open(path)
			w.look(name, lang, axe)
		}
		w.speak("en")
		w.open(path)
	}
	inBoth(admin, "/admin/people/tech-a/disable", "disable")
	admin.sees("their seat becomes vacant", "Technician B", "demo-db", "demo-root")
	if status := admin.send("form[action$='/disable']", "reason", "left the company"); status != http.StatusOK {
		t.Fatalf("end of access: %d\n%s", status, admin.seen())
	}
	changed := time.Now()
	admin.sees("Their access has ended.", "passwords that they held or knew")
	b.showsBy(changed, "A seat of these is vacant", `document.querySelector("#home-live").innerText`)
	manager.showsBy(changed, "People who left", `document.querySelector("#home-live").innerText`)
	admin.sees("2 of 6 done") // the bar moves by itself
	if value := evaluate[float64](admin, `document.querySelector("#leaving progress").value`); value != 2 {
		t.Errorf("the bar stands at %v", value)
	}
	inBoth(admin, "/offboardings/tech-a", "offboarding")
	inBoth(b, "/credentials/demo-db", "vacant-seat")
	b.sees("vacant", "Propose to park it")
	inBoth(b, "/leave", "leave-vacant")
	b.sees("Nobody else looks after these")
	for item := 2; item < 6; item++ {
		if status := admin.send("form[action$='/items/" + strconv.Itoa(item) + "']"); status != http.StatusOK {
			t.Fatalf("item %d: %d\n%s", item, status, admin.seen())
		}
	}
	admin.sees("6 of 6 done", "All done")
	manager.open("/offboardings/tech-a")
	manager.sees("6 of 6 done", "Certificate, to keep") // which has whole entries: none of an admin's
	inBoth(manager, "/offboardings", "offboardings")
	inBoth(manager, "/people", "people-left")
	manager.sees("Give access back")
}

// leavingWithoutScripts: the same by forms and links alone. Nobody is left for it: it is
// parked.
func (th *theatre) leavingWithoutScripts(t *testing.T) {
	manager := th.window(t, "manager", false).logIn()
	manager.open("/admin/people/tech-b/disable")
	manager.sees("until a custodian takes it")
	if status := manager.send("form[action$='/disable']", "reason", "left too"); status != http.StatusOK {
		t.Fatalf("end of access: %d\n%s", status, manager.seen())
	}
	manager.until("both passwords are changed", func() bool {
		manager.open("/offboardings/tech-b")
		return evaluate[float64](manager, `document.querySelector("#leaving progress").value`) == 2
	})
	manager.open("/credentials/demo-db")
	manager.sees("Nobody: it is parked", "vacant")
	manager.open("/offboardings/tech-b")
	manager.send("form[action$='/items/2']", "how", "changed")
	manager.sees("Noted.", "3 of 6 done")
}
