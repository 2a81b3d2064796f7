package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestPicture: the chart and the table say what the ledger says, also of a time
// before the last change and of one long ago.
func TestPicture(t *testing.T) {
	o := newOffice(t)
	o.Clock.Add(24 * time.Hour)
	o.Must("tech-a", custody.Offer{All: true, Leave: true, Reason: desk.NewNote("course"), ExpectedReturn: o.Clock.Now().Add(2 * time.Hour)})
	o.Must("tech-b", custody.Accept{Handover: "handover-1"})
	o.Clock.Add(3 * time.Hour)
	o.Must(custody.System, custody.Tick{})
	o.as("tech-a", "en").fill("/credentials/db01/checkout", "purpose", "late").shows(t, http.StatusForbidden)
	o.Clock.Add(10 * 24 * time.Hour)

	auditor := o.as("auditor", "en")
	for _, path := range []string{"/custody", "/credentials/db01"} {
		p := auditor.get(path + "?at=2026-03-03")
		p.shows(t, http.StatusOK, "Custody of db01", "UTC", "primary (A) holds it", "return overdue", "away", "refused attempt not_holder")
		p.check(t, path, "en")
		if strings.Count(p.body, `<svg class="gantt"`) != 1 {
			t.Errorf("%s has no chart", path)
		}
		auditor.get(path+"?at=2026-03-02&range=day").shows(t, http.StatusOK, "primary (A) holds it tech-a")
		later := auditor.get(path)
		later.shows(t, http.StatusOK, "return overdue tech-b")
		if strings.Contains(later.text(), "refused attempt not_holder") {
			t.Errorf("%s shows last week's refusal", path)
		}
		if before := auditor.get(path + "?at=2026-02-02"); strings.Contains(before.text(), "holds it tech") {
			t.Errorf("%s: somebody held it before it was in custody", path)
		}
		auditor.get(path+"?at=yesterday").shows(t, http.StatusUnprocessableEntity, "must be a date")
	}
	o.as("auditor", "zh").get("/custody?at=2026-03-03").shows(t, http.StatusOK, "A岗持有", "归还逾期", "外出", "被拒绝的操作")
}

// TestPicturePages: twenty credentials a page, every one on one.
func TestPicturePages(t *testing.T) {
	o := newOffice(t)
	for i := range 21 {
		o.Onboard(fmt.Sprintf("extra%02d", i))
	}
	b := o.as("auditor", "en")
	all, path := "", "/custody?q=e&range=day"
	for pages := 0; path != ""; pages++ {
		if pages > 2 {
			t.Fatal("the pages do not end")
		}
		p := b.get(path)
		all += p.text()
		path = ""
		for _, n := range p.nodes(t) {
			if n.Data == "a" && attr(n, "rel") == "next" && strings.Contains(attr(n, "href"), "after=") && !strings.Contains(attr(n, "href"), "at=") {
				to, err := url.Parse(attr(n, "href"))
				if err != nil || to.Query().Get("q") != "e" || to.Query().Get("range") != "day" {
					t.Fatalf("the next page is %v, %v", to, err)
				}
				path = attr(n, "href")
			}
		}
	}
	for i := range 21 {
		if name := fmt.Sprintf("extra%02d", i); !strings.Contains(all, name) {
			t.Errorf("%s is on no page", name)
		}
	}
}

// TestRefusalsOfHandoversAreDrawn on the rows of what the handover is about: by
// somebody it is not for, and with a wrong code.
func TestRefusalsOfHandoversAreDrawn(t *testing.T) {
	o := newOffice(t)
	o.Onboard("db03")
	o.Must("tech-a", custody.Offer{Credentials: []string{"db01", "db02"}, Reason: desk.NewNote("course")})
	o.as("manager", "en").fill("/handovers/handover-1/accept").shows(t, http.StatusForbidden)
	o.as("tech-b", "en").post("/handovers/handover-1/accept", "totp", "000000").shows(t, http.StatusForbidden)
	auditor := o.as("auditor", "en")
	for path, want := range map[string]int{"/credentials/db01": 2, "/credentials/db02": 2, "/credentials/db03": 0, "/custody": 4} {
		p := auditor.get(path)
		if got := strings.Count(p.text(), "refused attempt forbidden manager") + strings.Count(p.text(), "refused attempt totp_invalid tech-b"); got != want {
			t.Errorf("%s shows %d refused attempts, want %d: %s", path, got, want, p.text())
		}
	}
	o.Clock.Add(14 * 24 * time.Hour)
	if p := o.as("auditor", "en").get("/custody?at=2026-03-02"); !strings.Contains(p.text(), "refused attempt forbidden manager") {
		t.Errorf("a past week shows no refused attempt: %s", p.text())
	}
}
