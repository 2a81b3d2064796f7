package web_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestASearchFindsNothingThatIsHidden: not by showing it, and not by finding it.
func TestASearchFindsNothingThatIsHidden(t *testing.T) {
	a := newAccess(t)
	for _, search := range []struct{ path, finds string }{
		{"/credentials?q=addr-two", `href="/credentials/db02"`},
		{"/credentials?q=acct-two", `href="/credentials/db02"`},
		{"/custody?q=addr-two", "db02"},
		{"/handovers?q=reason-two", "handover-2"},
		{"/people?q=mail-two", "tech-d"},
		{"/ledger?credential=acct-twodb02", "db02"},
	} {
		for who, found := range map[string]bool{"manager": true, "director": true, "auditor": true, "tech-o": false, "tech-a": false, "admin": false} {
			p := a.page(who, http.MethodGet, search.path, nil)
			_, main, _ := strings.Cut(strings.ReplaceAll(p.body, "acct-twodb02", "typed"), "<main")
			if p.status != http.StatusOK || strings.Contains(main, search.finds) != found {
				t.Errorf("%s as %s: %d, found: %t", search.path, who, p.status, !found)
			}
		}
	}
	for _, search := range []struct{ path, finds string }{
		{"/credentials?q=addr-one", `href="/credentials/db01"`}, {"/custody?q=addr-one", "db01"}, {"/handovers?q=reason-one", "handover-1"}, {"/credentials?q=tech-d", `href="/credentials/db02"`},
	} {
		if p := a.page("tech-a", http.MethodGet, search.path, nil); !strings.Contains(p.body, search.finds) {
			t.Errorf("%s finds not what its custodian may know: %d", search.path, p.status)
		}
	}
	p := a.page("tech-o", http.MethodGet, "/credentials/db01", nil)
	if text := (answer{body: p.body}).text(); !strings.Contains(text, "known to its custodians") || strings.Contains(text, "Knows the password") || strings.Contains(p.body, "<svg class=\"gantt") {
		t.Errorf("another's credential: %s", text)
	}
	// By API, a filter that somebody cannot see through counts nothing either.
	for who, some := range map[string]bool{"tech-o": false, "tech-a": true, "auditor": true, "admin": false} {
		got := a.api(who, "GET", "/api/v1/ledger/entries?type=checkout.granted", nil)
		if (got.body != "[]") != some {
			t.Errorf("check-outs as %s: %s", who, got.body)
		}
		if got := a.api(who, "GET", "/api/v1/ledger/entries?whole=true", nil); (got.status == http.StatusForbidden) == (who == "auditor") {
			t.Errorf("the whole ledger as %s: %d", who, got.status)
		}
	}
}
