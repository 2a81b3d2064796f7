package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestADownloadIsWhatItsNameSays: a browser saves it and guesses nothing.
func TestADownloadIsWhatItsNameSays(t *testing.T) {
	o := newOffice(t)
	b := o.as("auditor", "en")
	for path, want := range map[string][2]string{
		"/ledger.csv":            {"text/csv; charset=utf-8; header=present", `.csv"`},
		"/ledger.jsonl":          {"application/jsonl", `.jsonl"`},
		"/ledger/3/proof":        {"text/plain; charset=utf-8", `"tandem-entry-3.tlog-proof"`},
		"/ledger.csv?actor=none": {"text/csv; charset=utf-8; header=present", `"tandem-ledger-empty.csv"`},
	} {
		p := b.get(path)
		disposition := p.header.Get("Content-Disposition")
		if p.status != http.StatusOK || p.header.Get("Content-Type") != want[0] ||
			!strings.HasPrefix(disposition, "attachment; ") || !strings.HasSuffix(disposition, want[1]) {
			t.Errorf("%s: %d %q %q", path, p.status, p.header.Get("Content-Type"), disposition)
		}
	}
	for _, path := range []string{"/ledger.csv?from=x", "/ledger.csv?from=-1", "/ledger?from=x", "/ledger?before=x", "/ledger/x", "/ledger/x/proof"} {
		if p := b.get(path); p.status != http.StatusUnprocessableEntity || p.header.Get("Content-Disposition") != "" {
			t.Errorf("%s: %d", path, p.status)
		}
	}
}

// TestTheFieldsOfAnEntryAreInOrder: two people who compare one see the same.
func TestTheFieldsOfAnEntryAreInOrder(t *testing.T) {
	o := newOffice(t)
	b := o.as("auditor", "en")
	most := 0
	for index := range o.Size() {
		var names []string
		for _, n := range b.get(fmt.Sprint("/ledger/", index)).nodes(t) {
			// The entry's own data are the facts with a name in code.
			if n.Data == "dt" && n.FirstChild != nil && n.FirstChild.Data == "code" {
				names = append(names, n.FirstChild.FirstChild.Data)
			}
		}
		most = max(most, len(names))
		if !slices.IsSorted(names) {
			t.Errorf("entry %d: %v", index, names)
		}
	}
	if most < 4 {
		t.Fatalf("no entry has more than %d fields: nothing was put in order", most)
	}
}

// TestOnlyTechniciansAreOfferedAsCustodians.
func TestOnlyTechniciansAreOfferedAsCustodians(t *testing.T) {
	o := newOffice(t)
	offered := map[string][]string{}
	for _, n := range o.as("admin", "en").get("/admin/credentials/new?kind=ssh").nodes(t) {
		if n.Data == "option" && n.Parent.Data == "select" {
			if value := attr(n, "value"); value != "" {
				offered[attr(n.Parent, "name")] = append(offered[attr(n.Parent, "name")], value)
			}
		}
	}
	for _, field := range []string{"primary", "backup"} {
		if got := slices.Sorted(slices.Values(offered[field])); !slices.Equal(got, []string{"tech-a", "tech-b"}) {
			t.Errorf("%s: %v", field, got)
		}
	}
}

// TestABrowserForgetsTheSessionOfALostPhone: whoever recovers in a browser in
// which they are logged in is a stranger afterwards, and no cookie stays.
func TestABrowserForgetsTheSessionOfALostPhone(t *testing.T) {
	o := newOffice(t)
	b, codes := o.enrolled(t, "en")
	if b.cookies[session] == "" {
		t.Fatal("nobody is logged in")
	}
	p := b.post("/recovery", "username", "tech-c", "password", o.Passwords["tech-c"].Reveal(), "recovery_code", codes[0])
	p.shows(t, http.StatusOK)
	if b.cookies[session] != "" {
		t.Error("the browser keeps a session that has ended")
	}
}
