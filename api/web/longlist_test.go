package web_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestRecordAfterManyRefusedCalls: more refused calls than anything reads at once
// push neither the acceptance nor the return out of the record for print, and the
// handover's page shows what happened to it last.
func TestRecordAfterManyRefusedCalls(t *testing.T) {
	o := newOffice(t)
	o.Must("tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("training")})
	refused := 0
	refuse := func(times int) {
		for range times {
			refused++
			_, err := o.Desk.Do(t.Context(), desk.By{Actor: "tech-a", Request: fmt.Sprint("refused-", refused)}, custody.Accept{Handover: "handover-1"})
			if custody.CodeOf(err) != custody.NotCustodian && custody.CodeOf(err) != custody.Forbidden {
				t.Fatalf("the giver accepts: %v", err)
			}
		}
	}
	refuse(1005)
	o.Must("tech-b", custody.Accept{Handover: "handover-1"})
	refuse(25)
	o.Must("tech-b", custody.GiveBack{Handover: "handover-1"})
	last := o.Size() - 1 // of what is about the handover: its return

	b := o.as("auditor", "en")
	p := b.get("/handovers/handover-1/record")
	p.shows(t, 200, "Handover accepted", "Handover returned")
	if text := p.text(); strings.Contains(text, "refused") {
		t.Error("the record has refused calls as steps")
	}
	p = b.get("/handovers/handover-1")
	shown := indexes(p, t)
	if len(shown) == 0 || shown[0] < last-5 {
		t.Errorf("the page begins with entry %d of %d", shown, last)
	}
	if shown := indexes(b.get("/ledger?subject=handover-1"), t); len(shown) != 100 || shown[0] < last-5 {
		t.Errorf("all its history begins with %d of %d", shown[0], last)
	}
	if !strings.Contains(p.body, `"/ledger?subject=handover-1"`) {
		t.Error("the page does not lead to all of it")
	}
}
