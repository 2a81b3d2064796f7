package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestTheLogInPageSaysWhyALogInEnded, once, and not to whoever never had one.
func TestTheLogInPageSaysWhyALogInEnded(t *testing.T) {
	o := newOffice(t)
	idle, left := o.as("tech-a", "en"), o.as("tech-b", "zh")
	o.Clock.Add(14 * time.Minute)
	if p := left.get("/"); p.status != http.StatusOK {
		t.Fatalf("%d", p.status)
	}
	if p := idle.get("/", "HX-Request", "true"); p.status != http.StatusOK {
		t.Fatalf("%d", p.status)
	}
	o.Clock.Add(time.Minute)
	p := idle.get("/credentials")
	if p.status != http.StatusSeeOther || !strings.HasPrefix(p.header.Get("Location"), "/login?next=") {
		t.Fatalf("after a quarter of an hour: %d to %q", p.status, p.header.Get("Location"))
	}
	if p := idle.get("/login"); !strings.Contains(p.text(), "The log-in of tech-a ended at") || !strings.Contains(p.text(), "nobody had used it") || idle.cookies[session] != "" {
		t.Errorf("the log-in page: %s", p.text())
	}
	if p := idle.get("/login"); strings.Contains(p.text(), "The log-in of") {
		t.Error("said twice")
	}
	if p := o.browser("en").get("/login"); strings.Contains(p.text(), "The log-in of") {
		t.Error("said to a stranger")
	}
	if p := left.get("/preferences"); p.status != http.StatusOK || !strings.Contains(p.text(), "最近使用") {
		t.Errorf("one that is used: %d %s", p.status, p.text())
	}
	err := o.Desk.ChangePassword(t.Context(), desk.By{Actor: "tech-b", Request: "elsewhere", Code: o.Code("tech-b")},
		desk.PasswordChange{Current: o.Passwords["tech-b"], New: custody.SecretString("correct horse 7 battery")})
	if err != nil {
		t.Fatal(err)
	}
	if p := left.get("/login"); !strings.Contains(p.text(), "您的密码已更改") {
		t.Errorf("after the password was changed: %s", p.text())
	}
}

// TestAnotherAuthenticatorOnThePages: shown once with its QR code, proved by a code of it,
// and answered with recovery codes, also to an impatient finger.
func TestAnotherAuthenticatorOnThePages(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	if p := b.get("/preferences"); !strings.Contains(p.body, `href="/preferences/authenticator"`) {
		t.Error("no way there")
	}
	if p := b.post("/preferences/authenticator", "current", "guess", "totp", o.Code("tech-a")); p.status != http.StatusForbidden || !strings.Contains(p.text(), "The present password is wrong") {
		t.Errorf("with a wrong password: %d %s", p.status, p.text())
	}
	shown := b.post("/preferences/authenticator", "current", o.Passwords["tech-a"].Reveal(), "totp", o.Code("tech-a"))
	if shown.status != http.StatusOK || !strings.Contains(shown.text(), "the one that you have counts") {
		t.Fatalf("%d %s", shown.status, shown.text())
	}
	seed := shown.seedOn(t)
	if p := b.get("/preferences/authenticator/confirm"); strings.Contains(p.body, "data-secret") {
		t.Error("shown twice")
	}
	if p := b.post("/preferences/authenticator/confirm", "totp", "000000"); p.status != http.StatusForbidden || strings.Contains(p.body, "data-secret") {
		t.Errorf("with a wrong code: %d %s", p.status, p.text())
	}
	old := o.Seeds["tech-a"]
	o.Seeds["tech-a"] = seed
	form := []string{"key", shown.key(t), "totp", o.Code("tech-a")}
	first, again := b.post("/preferences/authenticator/confirm", form...), b.post("/preferences/authenticator/confirm", form...)
	if codes := first.codesOn(t); len(codes) != 10 || codes[0] != again.codesOn(t)[0] {
		t.Errorf("%d codes, or others the second time", len(codes))
	}
	if p := b.get("/preferences"); p.status != http.StatusOK {
		t.Errorf("logged out here: %d", p.status)
	}
	o.Seeds["tech-a"] = old
	if _, err := o.SignIn("tech-a"); custody.CodeOf(err) != custody.Unauthenticated {
		t.Errorf("the old one counts still: %v", err)
	}
}

// TestWhatWasTypedOutlivesTheLogIn: whoever is called away while they write finds it again
// behind the log-in, not done and without its secrets; nobody else who logs in there does.
func TestWhatWasTypedOutlivesTheLogIn(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	o.Clock.Add(16 * time.Minute)
	before := o.Size()
	sent := b.post("/credentials/db01/checkout", "purpose", "ticket 4711, the long story", "totp", o.Code("tech-a"))
	next, err := url.Parse(sent.header.Get("Location"))
	if err != nil || sent.status != http.StatusSeeOther || next.Path != "/login" {
		t.Fatalf("%d to %q", sent.status, sent.header.Get("Location"))
	}
	if p := b.get(next.String()); !strings.Contains(p.text(), "What you typed is kept") || !strings.Contains(p.body, `value="tech-a"`) {
		t.Errorf("the log-in page: %s", p.text())
	}
	logIn := func(who string) answer { // post goes on to the form that was kept
		return b.post("/login", "next", next.Query().Get("next"), "username", who, "password", o.Passwords[who].Reveal(), "totp", o.Code(who))
	}
	if p := logIn("tech-b"); p.status != http.StatusOK || !strings.Contains(p.text(), "db01") || strings.Contains(p.body, "4711") {
		t.Errorf("somebody else sees it: %d %s", p.status, p.text())
	}
	p := logIn("tech-a")
	if p.status != http.StatusConflict || !strings.Contains(p.text(), "Nothing was done") || !strings.Contains(p.body, "ticket 4711, the long story") {
		t.Errorf("%d %s", p.status, p.text())
	}
	for _, entry := range o.Types(before) {
		if entry == "checkout.granted" {
			t.Error("it was done")
		}
	}
}

// TestAStrangersFormIsNotKept: nobody knows whose it would be.
func TestAStrangersFormIsNotKept(t *testing.T) {
	o := newOffice(t)
	p := o.browser("en").post("/credentials/db01/checkout", "purpose", "ticket 4711", "totp", "123456")
	if p.status != http.StatusSeeOther || p.header.Get("Location") != "/login" {
		t.Errorf("%d to %q", p.status, p.header.Get("Location"))
	}
}
