package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// typed is a purpose with something in it that must not be kept.
const typed = "pa55word-by-mistake"

// TestATextIsTakenOut: a manager sees what goes, says why, gives a code, and it is
// gone from every page; the entry stays, and says so.
func TestATextIsTakenOut(t *testing.T) {
	for lang, says := range map[string]struct{ offer, done, gone string }{
		"en": {"Take out", "Taken out. Backups and exports that were made before still have it", "[redacted]"},
		"zh": {"移除", "已移除。此前的备份和导出文件仍含有该文本", "［已移除］"},
	} {
		o := newOffice(t)
		index := o.Must("tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote(typed)}).Events[0].Index
		entry := fmt.Sprintf("/ledger/%d", index)
		b := o.as("manager", lang)
		p := b.get(entry)
		p.check(t, entry, lang)
		p.shows(t, 200, typed, says.offer)
		if listed := p.text()[strings.LastIndex(p.text(), says.offer):]; strings.Count(p.body, "<li><bdi>"+typed) != 1 {
			t.Errorf("%s: what is taken out is not shown first: %s", lang, listed)
		}
		if p := b.fill(entry+"/redact", "reason", ""); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, typed) {
			t.Errorf("%s: without a reason: %d", lang, p.status)
		}
		if p := b.post(entry+"/redact", "reason", "typed by mistake", "totp", "000000"); p.status != http.StatusForbidden || !strings.Contains(p.body, `value="typed by mistake"`) {
			t.Errorf("%s: with a wrong code: %d", lang, p.status)
		}
		p = b.fill(entry+"/redact", "reason", "typed by mistake")
		if p.status != http.StatusSeeOther || p.header.Get("Location") != entry+"?done=redacted" {
			t.Fatalf("%s: %d to %q: %s", lang, p.status, p.header.Get("Location"), p.text())
		}
		p = b.get(p.header.Get("Location"))
		p.check(t, entry, lang)
		p.shows(t, 200, says.done, says.gone)
		for _, path := range []string{entry, "/ledger", "/credentials/db01", "/ledger.csv", "/ledger.jsonl"} {
			if strings.Contains(b.get(path).body, typed) {
				t.Errorf("%s: %s still has it", lang, path)
			}
		}
		if p := b.get(entry); strings.Contains(p.body, entry+"/redact") {
			t.Errorf("%s: there is nothing to take out, and a form for it", lang)
		}
		if last := o.Types(o.Size() - 1); last[0] != "text.redacted" {
			t.Errorf("%s: the ledger ends with %v", lang, last)
		}
	}
}

// TestOnlyAManagerIsOfferedARedaction; who sends the form all the same is refused.
func TestOnlyAManagerIsOfferedARedaction(t *testing.T) {
	o := newOffice(t)
	index := o.Must("tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote(typed)}).Events[0].Index
	entry := fmt.Sprintf("/ledger/%d", index)
	for _, who := range []string{"tech-a", "admin", "auditor"} {
		b := o.as(who, "en")
		if p := b.get(entry); strings.Contains(p.body, "/redact") {
			t.Errorf("%s is offered a redaction", who)
		}
		if p := b.fill(entry+"/redact", "reason", "mine"); p.status != http.StatusForbidden {
			t.Errorf("%s: %d", who, p.status)
		}
	}
	b := o.as("manager", "en")
	b.get(entry).shows(t, 200, typed)
	b.fill("/ledger/0/redact", "reason", "nothing is in it").shows(t, http.StatusConflict, "Nothing that anybody wrote")
	b.fill("/ledger/999999/redact", "reason", "of what is not").shows(t, http.StatusNotFound)
	b.fill("/ledger/x/redact", "reason", "of what is none").shows(t, 422, "must be a number")
}

// TestAnAddressInUseIsNotTakenOut, and the page says what to do first.
func TestAnAddressInUseIsNotTakenOut(t *testing.T) {
	o := newOffice(t)
	index := o.Must("tech-a", custody.ChangeEmail{Person: "tech-a", Email: desk.NewNote("anna@example.org")}).Events[0].Index
	b := o.as("manager", "en")
	b.fill(fmt.Sprintf("/ledger/%d/redact", index), "reason", "she asked").shows(t, http.StatusConflict, "at which tech-a is told of things", "Change the address first")
	b.get(fmt.Sprintf("/ledger/%d", index)).shows(t, 200, "anna@example.org")
}
