package web_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// TestSearchFindsByAnyName: what people and things are called, in any script, in
// any case and width.
func TestSearchFindsByAnyName(t *testing.T) { desktest.OnBoth(t, searchFindsByAnyName) }

func searchFindsByAnyName(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	o.HireAs("yang-t", "杨涛", custody.Technician)
	o.HireAs("e-muller", "Émile Müller-Straße", custody.Technician)
	o.Add("web01", "yang-t", "e-muller")
	o.Must("tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("培训 Training")})
	b := o.as("auditor", "en")
	for _, test := range []struct {
		path, there, gone string
	}{
		{"/people?q=涛", "yang-t", "tech-a"},
		{"/people?q=ÉMILE+MÜLLER-STRASSE", "e-muller", "yang-t"},
		{"/people?q=ＢＯ", "tech-b", "tech-a"},
		{"/people?q=nobody+at+all", "Nobody is called so.", "tech-a"},
		{"/credentials?q=杨涛", "web01", "db01"},
		{"/credentials?q=émile", "web01", "db01"},
		{"/credentials?q=ＷＥＢ０１", "web01", "db01"},
		{"/credentials?q=anna+db02", "db02", "db01"},
		{"/handovers?q=bo+b", "handover-1", "No handover fits"},
		{"/handovers?q=培训", "handover-1", "No handover fits"},
		{"/handovers?q=ＤＢ０１", "handover-1", "No handover fits"},
		{"/handovers?q=杨涛", "", "handover-1"},
		{"/ledger?actor=anna+a&type=handover.offered", "Handover offered", "No entry fits"},
		{"/ledger?credential=ＷＥＢ", "Taken into custody", "db01"},
	} {
		p := b.get(strings.ReplaceAll(test.path, " ", "+"))
		list := table(t, p)
		if p.status != 200 || !strings.Contains(list, test.there) || strings.Contains(list, test.gone) {
			t.Errorf("%s: %d, wants %q and not %q: %s", test.path, p.status, test.there, test.gone, list)
		}
	}
}

// table gives what the rows or cards of a page say.
func table(t *testing.T, p answer) string {
	t.Helper()
	_, list, found := strings.Cut(p.body, "data-live>")
	for _, id := range []string{`id="people"`, `id="custody"`, `id="list"`, `id="entries"`} {
		if _, rest, has := strings.Cut(p.body, id); has {
			list, found = rest, true
		}
	}
	if !found {
		t.Fatal("the page has no list")
	}
	list, _, _ = strings.Cut(list, "<footer>")
	return answer{body: list}.text()
}

// TestTheTenthHandoverComesAfterTheNinth: of those that one command offered at one
// instant.
func TestTheTenthHandoverComesAfterTheNinth(t *testing.T) {
	desktest.OnBoth(t, theTenthHandoverComesAfterTheNinth)
}

func theTenthHandoverComesAfterTheNinth(t *testing.T, on desktest.Engine) {
	o := newOfficeOn(t, on)
	for i := range 10 {
		receiver := fmt.Sprintf("receiver-%d", i)
		o.HireAs(receiver, "Receiver", custody.Technician)
		o.Add(fmt.Sprintf("web%02d", i), "tech-a", receiver)
	}
	o.Must("tech-a", custody.Offer{All: true, Reason: desk.NewNote("everything")}) // one handover for each receiver, tech-b among them
	var ids []string
	for _, n := range o.as("auditor", "en").get("/handovers").nodes(t) {
		if id, is := strings.CutPrefix(attr(n, "href"), "/handovers/handover-"); is {
			ids = append(ids, id)
		}
	}
	if want := []string{"11", "10", "9", "8", "7", "6", "5", "4", "3", "2", "1"}; !slices.Equal(ids, want) {
		t.Errorf("the list goes %v", ids)
	}
}
