package web_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestElevenOffersTakeElevenMinutesOfCodes: what waits of one kind takes one code, from
// the inbox; what was ticked stays ticked when that code is wrong.
func TestElevenOffersTakeElevenMinutesOfCodes(t *testing.T) {
	o := newOffice(t)
	for _, name := range []string{"db01", "db02"} {
		o.Must("tech-a", custody.Offer{Credentials: []string{name}, Reason: desk.NewNote("leave")})
	}
	b := o.as("tech-b", "en")
	b.get("/inbox").shows(t, 200, "Several at once", "handover-1 · Anna A tech-a : db01", "handover-2 · Anna A tech-a : db02", "Accept what is ticked")
	o.as("tech-b", "zh").get("/inbox").shows(t, 200, "接受勾选的交接")

	p := b.post("/inbox/accept", "handover", "handover-2", "totp", "000000", "key", b.get("/inbox").key(t))
	p.shows(t, 403, "Several at once")
	p.check(t, "/inbox", "en")
	for id, ticked := range map[string]bool{"handover-1": false, "handover-2": true} {
		if strings.Contains(p.body, `value="`+id+`" checked`) != ticked {
			t.Errorf("%s is ticked: %v, want %v", id, !ticked, ticked)
		}
	}
	if h := o.Credential("db02").Holder; h != "tech-a" {
		t.Fatalf("accepted with a wrong code: held by %s", h)
	}
	if p := b.post("/inbox/accept", "handover", "handover-1", "handover", "handover-2", "totp", o.Code("tech-b")); p.status != http.StatusSeeOther {
		t.Fatal(p.text())
	}
	for _, name := range []string{"db01", "db02"} {
		if h := o.Credential(name).Holder; h != "tech-b" {
			t.Errorf("%s is held by %s", name, h)
		}
	}
	if p := b.get("/inbox?done=accepted_all"); strings.Contains(p.text(), "Several at once") || !strings.Contains(p.text(), "Accepted, all of them.") {
		t.Error(p.text())
	}

	for _, name := range []string{"sw01", "sw02"} {
		o.addByHand(name)
		o.showNew(name)
	}
	a := o.as("tech-a", "en")
	a.get("/inbox").shows(t, 200, "You have set what is ticked", "I have set these")
	if p := a.post("/inbox/set", "credential", "sw01", "credential", "sw02", "totp", o.Code("tech-a")); p.status != http.StatusSeeOther {
		t.Fatal(p.text())
	}
	for _, name := range []string{"sw01", "sw02"} {
		if step := o.Credential(name).Rotation.Step; step != custody.StepApplied {
			t.Errorf("%s: %s", name, step)
		}
	}
}

// TestAfterPausingNothingSaidThatItIsPaused: what was just done is said on the next page,
// whatever it was, and nothing else can be had there.
func TestAfterPausingNothingSaidThatItIsPaused(t *testing.T) {
	o := newOffice(t)
	o.Must("tech-a", custody.RequestRotation{Credential: "db01", Reason: desk.NewNote("worn")})
	a := o.as("tech-a", "en")
	p := a.fill("/credentials/db01/pause", "reason", "later")
	a.get(p.header.Get("Location")).shows(t, 200, "Paused.")
	if p := a.get("/credentials/db01?done=no_such_word"); strings.Contains(p.text(), "no_such_word") || strings.Contains(p.body, `class="note good" role="status"`) {
		t.Error(p.text())
	}
}
