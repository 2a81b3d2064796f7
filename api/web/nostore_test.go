package web_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
)

// TestNothingStaysInABrowsersCache: pages, downloads, refusals and redirects,
// also where the pages are without the API.
func TestNothingStaysInABrowsersCache(t *testing.T) {
	o := busyOffice(t)
	b := o.as("tech-a", "en")
	paths := append([]string{
		"/ledger.csv", "/ledger.jsonl", "/ledger.csv?from=999999", "/ledger.csv?from=x", "/ledger/3/proof", "/ledger/999999/proof",
		"/handovers/none", "/session/stay",
	}, everyPage...)
	door, err := edge.New(edge.Config{Desk: o.Desk, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
		r.AddCookie(&http.Cookie{Name: session, Value: b.cookies[session]})
		alone := httptest.NewRecorder()
		door.Handler(o.pages).ServeHTTP(alone, r)
		for where, h := range map[string]http.Header{"in the server": b.get(path).header, "alone": alone.Header()} {
			for name, want := range map[string]string{
				"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
				"Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
				"Permissions-Policy": "camera=(), microphone=(), geolocation=()", "Vary": "Cookie, Accept-Language",
			} {
				if got := h.Values(name); len(got) != 1 || got[0] != want {
					t.Errorf("%s, %s: %s is %q", path, where, name, got)
				}
			}
		}
	}
	stranger := o.browser("en")
	for _, p := range []answer{stranger.get("/"), stranger.get("/login"), stranger.get("/recovery"), stranger.post("/login", "username", "x"), stranger.get("/ledger.csv")} {
		if got := p.header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("a stranger's answer %d: Cache-Control is %q", p.status, got)
		}
	}
}

// TestACheckedOutPasswordStaysInNoCache is the answer that matters most.
func TestACheckedOutPasswordStaysInNoCache(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	p := b.fill("/credentials/db01/checkout", "purpose", "ticket 4711")
	if p.status != http.StatusOK || !strings.Contains(p.text(), thePassword) {
		t.Fatalf("%d: %s", p.status, p.text())
	}
	if p.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", p.header)
	}
}

// TestFormsArePacedForEachPerson: what people send, not what they read.
func TestFormsArePacedForEachPerson(t *testing.T) {
	o := newOffice(t, func(c *setup) { c.Commands = edge.Limit{Every: 1e12, Burst: 1} })
	a, b := o.as("tech-a", "en"), o.as("tech-b", "en")
	for i, want := range []bool{false, true, true} {
		p := a.post("/credentials/db01/checkin")
		if limited := p.status == http.StatusTooManyRequests; limited != want {
			t.Errorf("form %d: %d", i, p.status)
		}
		if want && p.header.Get("Retry-After") == "" {
			t.Errorf("form %d: nothing says how long to wait", i)
		}
	}
	if p := b.post("/credentials/db01/checkin"); p.status == http.StatusTooManyRequests {
		t.Error("somebody else waits, too")
	}
	if p := b.send("POST", "/api/v1/credentials/db01/checkin", nil, "Authorization", "Bearer "+b.cookies["__Host-tandem"]); p.status != http.StatusTooManyRequests {
		t.Errorf("who waits on the pages goes on over the API: %d", p.status)
	}
	// A language is a form too, for who is logged in: it is written down for them.
	m := o.as("manager", "en")
	for i, want := range []int{http.StatusSeeOther, http.StatusTooManyRequests} {
		if p := m.post("/language", "language", "zh"); p.status != want {
			t.Errorf("language %d: %d, want %d", i, p.status, want)
		}
	}
	for range 5 {
		if p := a.get("/credentials"); p.status != http.StatusOK {
			t.Errorf("reading: %d", p.status)
		}
	}
}

// TestAFormThatIsTooLargeIsNotRead.
func TestAFormThatIsTooLargeIsNotRead(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	size := o.Size()
	p := b.fill("/credentials/db01/checkout", "purpose", "ticket", "more", strings.Repeat("x", 300<<10))
	if p.status != http.StatusUnprocessableEntity || o.Size() != size {
		t.Errorf("%d, %d new entries", p.status, o.Size()-size)
	}
	// Just below it is read, and refused or not for what is in it.
	if p := b.fill("/credentials/db01/checkout", "purpose", "ticket", "more", strings.Repeat("x", 200<<10)); p.status != http.StatusOK {
		t.Errorf("a large form: %d", p.status)
	}
}

// TestAFormThatIsReadInPartIsNotCarriedOut: what a browser would not send may have lost
// what matters.
func TestAFormThatIsReadInPartIsNotCarriedOut(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	size := o.Size()
	p := b.send(http.MethodPost, "/credentials/db01/checkout", strings.NewReader("purpose=ticket&totp="+o.Code("tech-a")+"&more=%zz"), "Content-Type", "application/x-www-form-urlencoded")
	if to := p.header.Get("Location"); to != "" {
		p = b.get(to)
	}
	if p.status != http.StatusUnprocessableEntity || o.Size() != size {
		t.Errorf("%d, %d new entries", p.status, o.Size()-size)
	}
}

// TestAFormSentTwiceIsCarriedOutOnce, and its key stands for nothing else.
func TestAFormSentTwiceIsCarriedOutOnce(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	key := strings.Repeat("A", 26)
	size := o.Size()
	for range 2 {
		if p := b.fill("/credentials/db01/offer", "key", key, "reason", "course"); p.status != http.StatusSeeOther {
			t.Fatalf("%d: %s", p.status, p.text())
		}
	}
	if o.Size() != size+1 {
		t.Errorf("%d entries for one form", o.Size()-size)
	}
	if p := b.fill("/credentials/db01/offer", "key", key, "reason", "another"); p.status == http.StatusSeeOther {
		t.Error("the key of one form let another through")
	}
	if _, err := o.Store.Handover(t.Context(), "handover-2"); err == nil {
		t.Error("the other form was carried out")
	}
	// The same key at another address is another form's.
	if p := b.fill("/credentials/db02/offer", "key", key, "reason", "course"); p.status != http.StatusSeeOther || o.Credential("db02").Handover == "" {
		t.Errorf("another address: %d", p.status)
	}
}

// TestAPersonWhoIsResetIsAStranger at the next page, without an error.
func TestAPersonWhoIsResetIsAStranger(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	o.Must(custody.System, custody.ResetOnHost{Person: "tech-a"})
	if p := b.get("/credentials/db01"); p.status != http.StatusSeeOther || !strings.HasPrefix(p.header.Get("Location"), "/login") {
		t.Errorf("%d to %q", p.status, p.header.Get("Location"))
	}
	b.get("/login") // which says why a log-in ended, and forgets it
	if b.cookies[session] != "" {
		t.Error("the browser keeps a session that has ended")
	}
}
