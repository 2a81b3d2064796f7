package web_test

import (
	"context"
	"crypto/ed25519"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/totp"
)

// part sends a form as the script does that asks for a part of a page only.
func (b *browser) part(path string, fields ...string) answer {
	b.o.T.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	return b.send(http.MethodPost, path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded", "HX-Request", "true")
}

// TestAPartOfAPageIsAnsweredAsThatPart: a script that sends a form for a part is led to
// no page of its own, and hears whether the target works, or why not, in the part.
func TestAPartOfAPageIsAnsweredAsThatPart(t *testing.T) {
	var fails error
	o := newOffice(t, func(c *setup) {
		c.TestTarget = func(context.Context, custody.Target, custody.Secret, custody.Secret) error { return fails }
	})
	admin := o.as("admin", "en")
	form := []string{"kind", "ssh", "name", "web01", "address", "web01:22", "account", "root", "set.host_key", "ssh-ed25519 AAAA", "primary", "tech-a", "backup", "tech-b", "password", "old", "do", "test"}
	works := admin.part("/admin/credentials/new", append(form, "totp", o.Code("admin"))...)
	works.shows(t, http.StatusOK, "takes the log-in")
	fails = &custody.Refusal{Code: edge.VaultUnavailable}
	failed := admin.part("/admin/credentials/new", append(form, "totp", o.Code("admin"))...)
	if failed.status != http.StatusOK || strings.Contains(failed.text(), "takes the log-in") || failed.text() == works.text() {
		t.Errorf("%d: %s", failed.status, failed.text())
	}
	a := o.as("tech-a", "en")
	refused := a.part("/credentials/db01/checkin")
	if refused.status != http.StatusConflict || refused.header.Get("Location") != "" {
		t.Errorf("a part that is refused leads to %q with %d", refused.header.Get("Location"), refused.status)
	}
	// What was refused on a page of its own is no matter of a part.
	sent := a.send(http.MethodPost, "/credentials/db01/checkout", strings.NewReader("purpose=typed-MARKED&totp=000000"), "Content-Type", "application/x-www-form-urlencoded")
	to := sent.header.Get("Location")
	if p := a.get(to); !strings.Contains(p.body, "typed-MARKED") {
		t.Errorf("%q: %d", to, p.status)
	}
	if p := a.get(to, "HX-Request", "true"); p.status != http.StatusOK || strings.Contains(p.body, "typed-MARKED") {
		t.Errorf("%q as a part: %d", to, p.status)
	}
}

// TestATargetIsAddedUntestedWhereNothingCanTest: an installation without a way to it.
func TestATargetIsAddedUntestedWhereNothingCanTest(t *testing.T) {
	o := newOffice(t, func(c *setup) { c.TestTarget = nil })
	admin := o.as("admin", "en")
	o.Approvers()
	o.approved(admin.fill("/admin/credentials/new", "kind", "ssh", "name", "web01", "address", "web01:22", "account", "root", "set.host_key", "ssh-ed25519 AAAA", "primary", "tech-a", "backup", "tech-b", "password", "old", "reason", "new", "do", "add"))
	admin.get("/credentials/web01").shows(t, http.StatusOK, "The password is being changed")
}

// TestALogInFormThatComesAgainLaterOpensNothing: the answer to the first was for an
// impatient finger, and not for whoever finds the form half a minute later.
func TestALogInFormThatComesAgainLaterOpensNothing(t *testing.T) {
	o := newOffice(t)
	b := o.browser("en")
	form := []string{"key", b.get("/login").key(t), "username", "tech-a", "password", o.Passwords["tech-a"].Reveal(), "totp", o.Code("tech-a")}
	if p := b.post("/login", form...); p.status != http.StatusSeeOther {
		t.Fatalf("%d: %s", p.status, p.text())
	}
	o.Clock.Add(period * time.Second)
	if p := o.browser("en").post("/login", form...); p.status != http.StatusForbidden || len(p.header.Values("Set-Cookie")) != 0 {
		t.Errorf("%d, with %d cookies", p.status, len(p.header.Values("Set-Cookie")))
	}
}

// TestWhoIsLoggedOutReadsWhy: because they asked for it, or because nobody was there.
func TestWhoIsLoggedOutReadsWhy(t *testing.T) {
	o := newOffice(t)
	for why, want := range map[string]string{"": "/login?why=out", "idle": "/login?why=idle", "<script>": "/login?why=out"} {
		if p := o.as("tech-a", "en").post("/logout", "why", why); p.header.Get("Location") != want {
			t.Errorf("%q leads to %q", why, p.header.Get("Location"))
		}
	}
}

// TestALedgerIsFilteredByWhatSomebodyMeans, where that is one person or one credential
// only.
func TestALedgerIsFilteredByWhatSomebodyMeans(t *testing.T) {
	o := newOffice(t)
	o.Add("web01", "tech-b", "tech-a")
	b := o.as("auditor", "en")
	for query, want := range map[string]bool{
		"credential=web01": true, "credential=web": true, "credential=db0": false, "credential=nothing": false,
		"actor=admin": true, "actor=Ada": true, "actor=tech": false, "actor=nobody": false,
	} {
		p := b.get("/ledger?" + query)
		if got := len(indexes(p, t)) > 0; p.status != http.StatusOK || got != want {
			t.Errorf("%s: %d, entries: %t", query, p.status, got)
		}
	}
}

// TestWhatIsOverIsNotOnTheWayOut: what was retired is not handed over, and what has come
// back does not wait for anybody.
func TestWhatIsOverIsNotOnTheWayOut(t *testing.T) {
	o := newOffice(t)
	o.Add("old01", "tech-a", "tech-b")
	o.Must("admin", custody.Retire{Credential: "old01"})
	a := o.as("tech-a", "en")
	if text := a.get("/leave").text(); strings.Contains(text, "old01") || !strings.Contains(text, "db01") {
		t.Errorf("the way out: %s", text)
	}
	o.Must("tech-a", custody.Offer{All: true, Leave: true, Reason: desk.NewNote("out")})
	o.Must("tech-b", custody.Accept{Handover: "handover-1"})
	if text := a.get("/leave").text(); !strings.Contains(text, "handover-1") {
		t.Errorf("what was handed over is not there: %s", text)
	}
}

// TestAPictureLongAfterAHandOverHasWhatIsRefusedAboutIt: on the rows of what it was
// about, though it was offered before the picture begins.
func TestAPictureLongAfterAHandOverHasWhatIsRefusedAboutIt(t *testing.T) {
	o := newOffice(t)
	o.Must("tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("course")})
	o.Must("tech-b", custody.Accept{Handover: "handover-1"})
	o.Clock.Add(40 * 24 * time.Hour)
	o.as("manager", "en").fill("/handovers/handover-1/return").shows(t, http.StatusForbidden)
	b := o.as("auditor", "en")
	for name, want := range map[string]bool{"db01": true, "db02": false} {
		if text := b.get("/credentials/" + name).text(); strings.Contains(text, "refused attempt forbidden manager") != want {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// TestTheMarkMissesAnEntryDatedBeforeTheOneBefore: with every hash and signature right.
func TestTheMarkMissesAnEntryDatedBeforeTheOneBefore(t *testing.T) {
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	state := custody.NewState()
	var records otherLedger
	var tree audit.Frontier
	for i, action := range []custody.Action{
		custody.AdoptPolicy{Values: custody.DefaultPolicy()},
		custody.AddPerson{Username: "tech-a", Name: "A", Roles: []custody.Role{custody.Technician}, TOTPPeriod: period},
	} {
		events, err := custody.Decide(state, custody.Command{Actor: custody.System, Request: "made", Action: action}, at)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			custody.Apply(state, e)
			e.Time = e.Time.Add(-time.Duration(i) * time.Hour)
			record, err := e.Encode()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tree.Append(record); err != nil {
				t.Fatal(err)
			}
			records = append(records, record)
		}
	}
	root, err := tree.Root()
	if err != nil {
		t.Fatal(err)
	}
	o := newOffice(t, func(s *setup) {
		d := forgedDesk{Desk: s.Desk}
		if d.head, err = audit.SignCheckpoint(t.Context(), "forged.example", tree.Size(), root, d); err != nil {
			t.Fatal(err)
		}
		if d.key, err = audit.VerifierKey("forged.example", forger.Public().(ed25519.PublicKey)); err != nil {
			t.Fatal(err)
		}
		s.Desk, s.Ledger = d, records
	})
	o.run(t, o.as("auditor", "en"), "THE LEDGER DOES NOT VERIFY")
}

// TestAFormThatFailedIsCarriedOutWhenItComesAgain: only what was done is answered twice.
func TestAFormThatFailedIsCarriedOutWhenItComesAgain(t *testing.T) {
	o := newOffice(t)
	b := o.browser("en")
	o.Clock.Add(period*time.Second - o.Clock.Now().Sub(o.Clock.Now().Truncate(period*time.Second)) + 29*time.Second)
	early, err := totp.Code(o.Seeds["tech-a"], totp.Step(period, o.Clock.Now().Add(31*time.Second)))
	if err != nil {
		t.Fatal(err)
	}
	form := []string{"key", b.get("/login").key(t), "username", "tech-a", "password", o.Passwords["tech-a"].Reveal(), "totp", early}
	if p := b.post("/login", form...); p.status != http.StatusUnauthorized {
		t.Fatalf("a code that is too early: %d", p.status)
	}
	o.Clock.Add(2 * time.Second)
	if p := b.post("/login", form...); p.status != http.StatusSeeOther {
		t.Errorf("the same form when its time has come: %d %s", p.status, p.text())
	}
}

// TestACredentialSaysWhoseItIsSinceWhen: with the hand-over that it is out by, and its
// policy as it stands.
func TestACredentialSaysWhoseItIsSinceWhen(t *testing.T) {
	o := newOffice(t)
	b := o.as("auditor", "en")
	if p := b.get("/credentials/db01"); strings.Contains(p.body, `href="/handovers/`) || strings.Contains(p.body, `name="lease_hours" value="0"`) {
		t.Errorf("before: %s", p.text())
	}
	o.Must("tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("course")})
	o.Clock.Add(time.Hour)
	o.Must("tech-b", custody.Accept{Handover: "handover-1"})
	since := o.Clock.Now().UTC().Format("2006-01-02 15:04")
	o.Clock.Add(time.Hour)
	p := o.as("auditor", "en").get("/credentials/db01")
	if !strings.Contains(p.body, `href="/handovers/handover-1"`) {
		t.Error("the page does not lead to the hand-over")
	}
	p.shows(t, http.StatusOK, "Bo B tech-b ● present since "+since)
}

// TestWhatIsNoPageSaysWhatItIs: a proof to keep, and a stream that no proxy may collect.
func TestWhatIsNoPageSaysWhatItIs(t *testing.T) {
	o := newOffice(t)
	b := o.as("auditor", "en")
	proof := b.get("/ledger/0/proof")
	if h := proof.header; proof.status != http.StatusOK || h.Get("Content-Type") != "text/plain; charset=utf-8" || h.Get("Content-Disposition") != `attachment; filename="tandem-entry-0.tlog-proof"` {
		t.Errorf("%d %v", proof.status, h)
	}
	if p := b.get("/ledger/99999/proof"); p.status != http.StatusNotFound {
		t.Errorf("the proof of an entry that there is not: %d", p.status)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, o.server.URL+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	stream, err := o.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if h := stream.Header; h.Get("Content-Type") != "text/event-stream" || h.Get("X-Accel-Buffering") != "no" {
		t.Errorf("%v", h)
	}
}

// TestTheFormOfAnAddressHasTheOneThatThereIs, to be mended and not typed anew: for whose
// it is. An admin gives another one without being told it.
func TestTheFormOfAnAddressHasTheOneThatThereIs(t *testing.T) {
	o := newOffice(t)
	admin := o.as("admin", "en")
	o.Must("admin", custody.ChangeEmail{Person: "tech-a", Email: desk.NewNote("anna@example.com")})
	if p := admin.get("/admin/people/tech-a/email"); strings.Contains(p.body, "anna@example.com") {
		t.Error("who runs the system is told the address")
	}
	if p := o.as("tech-a", "en").get("/preferences/email"); !strings.Contains(p.body, `value="anna@example.com"`) {
		t.Errorf("%d: %s", p.status, p.body)
	}
}
