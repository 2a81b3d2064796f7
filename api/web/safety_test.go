package web_test

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

const session = "__Host-tandem"

func TestSessionCookie(t *testing.T) {
	o := newOffice(t)
	b := o.browser("en")
	p := b.post("/login", "username", "tech-a", "password", o.Passwords["tech-a"].Reveal(), "totp", o.Code("tech-a"))
	cookie := p.header.Get("Set-Cookie")
	for _, part := range []string{session + "=", "Path=/", "HttpOnly", "Secure", "SameSite=Strict", "Max-Age=87300"} {
		if !strings.Contains(cookie, part) {
			t.Errorf("the cookie has no %s: %s", part, cookie)
		}
	}
	if strings.Contains(cookie, "Domain") || strings.Contains(p.header.Get("Location"), b.cookies[session]) {
		t.Errorf("the session goes further than this host: %s, %s", cookie, p.header.Get("Location"))
	}
}

// TestIdle: what a page does by itself does not keep a session alive.
func TestIdle(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	if cookie := b.get("/").header.Get("Set-Cookie"); !strings.Contains(cookie, "Max-Age=87300") {
		t.Errorf("a visit did not prolong the session: %q", cookie)
	}
	if cookie := b.get("/session/stay").header.Get("Set-Cookie"); !strings.Contains(cookie, "Max-Age=87300") {
		t.Errorf("staying did not prolong the session: %q", cookie)
	}
	if cookie := b.get("/", "HX-Request", "true").header.Get("Set-Cookie"); cookie != "" {
		t.Errorf("a page prolonged the session by itself: %q", cookie)
	}
}

// TestLogOut: afterwards nothing that the browser kept leads anywhere.
func TestLogOut(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	kept := b.cookies[session]
	if p := b.get("/login"); p.status != http.StatusSeeOther || p.header.Get("Location") != "/" {
		t.Errorf("who is in is led to %q from the log-in", p.header.Get("Location"))
	}
	p := b.post("/logout")
	if p.status != http.StatusSeeOther || p.header.Get("Clear-Site-Data") == "" || b.cookies[session] != "" {
		t.Fatalf("log-out: %d %v", p.status, p.header)
	}
	b.cookies[session] = kept
	for _, path := range []string{"/", "/credentials/db01", "/ledger"} {
		if p := b.get(path); p.status != http.StatusSeeOther || !strings.HasPrefix(p.header.Get("Location"), "/login") {
			t.Errorf("%s after log-out: %d", path, p.status)
		}
	}
	if p := b.get("/", "HX-Request", "true"); p.header.Get("HX-Redirect") == "" {
		t.Errorf("a live part was not led to the log-in: %d %v", p.status, p.header)
	}
	if p := b.post("/logout"); p.status != http.StatusSeeOther {
		t.Errorf("logging out twice: %d", p.status)
	}
}

func TestOtherSitesSendNothing(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	size := o.Size()
	for _, header := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"},
	} {
		for _, path := range []string{"/credentials/db01/checkin", "/leave", "/logout", "/login", "/language"} {
			header := append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)
			if p := b.send(http.MethodPost, path, strings.NewReader("totp="+o.Code("tech-a")), header...); p.status != http.StatusForbidden {
				t.Errorf("%s with %v: %d", path, header, p.status)
			}
		}
	}
	if o.Size() != size {
		t.Error("another site wrote in the ledger")
	}
	if p := b.get("/"); p.status != http.StatusOK {
		t.Errorf("another site logged somebody out: %d", p.status)
	}
}

func TestLogInLeadsOnlyHere(t *testing.T) {
	o := newOffice(t)
	for next, want := range map[string]string{
		"/ledger?type=session.opened": "/ledger?type=session.opened", "//evil.example": "/", "https://evil.example/": "/",
		`/\evil.example`: "/", "javascript:alert(1)": "/", "": "/", "/\r\nX: y": "/",
	} {
		p := o.browser("en").post("/login", "next", next, "username", "tech-a", "password", o.Passwords["tech-a"].Reveal(), "totp", o.Code("tech-a"))
		if got := p.header.Get("Location"); p.status != http.StatusSeeOther || got != want {
			t.Errorf("next=%q: %d to %q", next, p.status, got)
		}
	}
}

// TestWhoIsAskedToLogInComesToWhatTheyWanted: to a page that can be asked for again.
func TestWhoIsAskedToLogInComesToWhatTheyWanted(t *testing.T) {
	b := newOffice(t).browser("en")
	for path, want := range map[string]string{"/": "/login", "/ledger?type=session.opened": "/login?next=%2Fledger%3Ftype%3Dsession.opened"} {
		if got := b.get(path).header.Get("Location"); got != want {
			t.Errorf("%s leads to %q", path, got)
		}
	}
	if got := b.post("/credentials/db01/checkin").header.Get("Location"); got != "/login" {
		t.Errorf("a form leads to %q", got)
	}
}

func TestWrongLogIn(t *testing.T) {
	o := newOffice(t)
	b := o.browser("zh")
	p := b.post("/login", "username", "tech-a", "password", "typed-MARKED", "totp", "123456", "next", "/ledger")
	if p.status != http.StatusUnauthorized || b.cookies[session] != "" {
		t.Fatalf("%d %v", p.status, b.cookies)
	}
	p.check(t, "/login", "zh")
	if !strings.Contains(p.text(), "登录未通过。") || !strings.Contains(p.body, `value="tech-a"`) || !strings.Contains(p.body, `value="/ledger"`) {
		t.Error("the page does not say what happened, or forgot what was typed")
	}
	if strings.Contains(p.body, "MARKED") || strings.Contains(p.body, "123456") {
		t.Error("the page repeats a password or a code")
	}
}

// TestLinkNamesWhoLogsIn is what a demo prints for each of its people.
func TestLinkNamesWhoLogsIn(t *testing.T) {
	if p := newOffice(t).browser("en").get("/login?as=tech-b"); !strings.Contains(p.body, `name="username" value="tech-b"`) {
		t.Error("the user name is not filled in")
	}
}

func TestLogInsArePaced(t *testing.T) {
	o := newOffice(t, func(c *setup) { c.SignIns = edge.Limit{Every: 1e12, Burst: 2} })
	b := o.browser("en")
	for i, want := range []int{http.StatusUnauthorized, http.StatusUnauthorized, http.StatusTooManyRequests} {
		if p := b.post("/login", "username", "nobody"); p.status != want {
			t.Errorf("log-in %d: %d, want %d", i, p.status, want)
		}
	}
}

// TestNamesAreOnlyNames: whatever people and reasons are called, it stays text.
func TestNamesAreOnlyNames(t *testing.T) {
	o := newOffice(t)
	nasty := `<script>alert("x")</script>' onmouseover=x {{.}} &lt; אבג =1+1`
	o.HireAs("nasty", nasty, custody.Technician)
	o.Must("tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote(nasty)})
	o.Must("tech-a", custody.Offer{Credentials: []string{"db02"}, Reason: desk.NewNote(nasty)})
	for who, paths := range map[string][]string{
		"nasty":  {"/", "/people"},
		"tech-b": {"/", "/inbox", "/credentials/db01", "/handovers/handover-1", "/ledger"},
		"admin":  {"/admin/credentials/new?kind=ssh", "/admin/people/nasty/enrolment"},
	} {
		b := o.as(who, "en")
		for _, path := range paths {
			p := b.get(path)
			p.check(t, path, "en") // finds scripts and attributes that are none of ours
			if !strings.Contains(p.text(), nasty) {
				t.Errorf("%s does not show the name as it is", path)
			}
			p.isolates(t, path, nasty)
		}
	}
	if _, err := o.Desk.AddCredential(t.Context(), desk.By{Actor: custody.System, Request: "nasty"}, custody.AddCredential{
		Name: "nasty", Primary: "tech-a", Backup: "tech-b", Target: desk.NewTarget(custody.Target{Kind: "ssh", Address: nasty, Account: nasty}),
	}, custody.SecretString("x"), custody.Secret{}); err != nil {
		t.Fatal(err)
	}
	b := o.as("manager", "en")
	for _, path := range []string{"/credentials", "/credentials/nasty", "/credentials?q=nasty"} {
		p := b.get(path)
		p.check(t, path, "en")
		p.isolates(t, path, nasty)
	}
	p := b.get(`/credentials?q="><script>alert(1)</script>`)
	p.check(t, "/credentials?q=", "en")
	if p := b.get("/ledger?actor=%E2%80%AE%22%3E%3Cb%3E"); p.status != http.StatusOK || strings.Contains(p.body, `"><b>`) {
		t.Errorf("a filter was not escaped: %d", p.status)
	}
	if p := b.get("/?done=%3Cscript%3E"); strings.Contains(p.body, "script>alert") || strings.Contains(p.body, "done.") {
		t.Error("an address put a message on the page")
	}
}

// isolates fails where a text stands on a page and could turn what is beside it
// round (Unicode UAX #9, HTML bdi).
func (a answer) isolates(t *testing.T, path, text string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for n := range root.Descendants() {
		if n.Type != html.TextNode || !strings.Contains(n.Data, text) {
			continue
		}
		seen++
		isolated := strings.Contains(n.Data, "\u2068"+text+"\u2069")
		for up := n.Parent; up != nil; up = up.Parent {
			isolated = isolated || up.Data == "bdi" || up.Data == "pre"
		}
		if !isolated {
			t.Errorf("%s: in %s the text %q", path, n.Parent.Data, n.Data)
		}
	}
	if seen == 0 {
		t.Errorf("%s does not show the text", path)
	}
}

// TestMarksThatTurnTextRoundAreRefused wherever people type, and stored nowhere.
func TestMarksThatTurnTextRoundAreRefused(t *testing.T) {
	o := newOffice(t)
	o.Must("tech-a", custody.Offer{Credentials: []string{"db02"}, Reason: desk.NewNote("course")})
	as := map[string]*browser{"admin": o.as("admin", "en"), "tech-a": o.as("tech-a", "en"), "tech-b": o.as("tech-b", "en")}
	size := o.Size()
	for _, mark := range []string{"\u202e", "\u2066", "\u200f", "\u202d", "\x1b[31m", "\x00"} {
		text := "invoice" + mark + "gpj.exe"
		for _, form := range []struct {
			who, path string
			fields    []string
		}{
			{"admin", "/admin/people/new", []string{"username", "eve", "name", text, "roles", "technician"}},
			{"admin", "/admin/credentials/new", []string{"kind", "ssh", "name", "web01", "primary", "tech-a", "backup", "tech-b", "address", text, "account", "root"}},
			{"admin", "/admin/credentials/new", []string{"kind", "ssh", "name", "web01", "primary", "tech-a", "backup", "tech-b", "address", "x:22", "account", text}},
			{"admin", "/admin/credentials/new", []string{"kind", "ssh", "name", text, "primary", "tech-a", "backup", "tech-b", "address", "x:22", "account", "root"}},
			{"tech-a", "/credentials/db01/checkout", []string{"purpose", text}},
			{"tech-a", "/credentials/db01/offer", []string{"reason", text}},
			{"tech-a", "/credentials/db01/rotate", []string{"reason", text}},
			{"tech-a", "/credentials/db01/reconcile", []string{"reason", text}},
			{"tech-a", "/rotations", []string{"reason", text}},
			{"admin", "/credentials/db01/policy", []string{"password_policy", text}},
			{"admin", "/credentials/db01/policy", []string{"dependents", text}},
			{"tech-a", "/leave", []string{"reason", text}},
			{"tech-a", "/handovers/handover-1/cancel", []string{"reason", text}},
			{"tech-b", "/handovers/handover-1/decline", []string{"reason", text}},
		} {
			p := as[form.who].fill(form.path, form.fields...)
			if p.status != http.StatusUnprocessableEntity || o.Size() != size {
				t.Errorf("%q sent to %s: %d, %d entries: %s", mark, form.path, p.status, o.Size()-size, p.text())
			}
			p.check(t, form.path, "en")
		}
	}
}

func TestLanguageIsRemembered(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	if p := b.post("/language", "language", "zh", "back", "/ledger"); p.header.Get("Location") != "/ledger" {
		t.Errorf("back to %q", p.header.Get("Location"))
	}
	if p := b.get("/"); !strings.Contains(p.text(), "您当前持有 2 项凭据") || !strings.Contains(p.body, `lang="zh-CN"`) {
		t.Error("the choice was forgotten")
	}
	b.post("/language", "language", "xx", "back", "//evil.example")
	if p := b.get("/"); p.header.Get("Content-Language") != "zh" {
		t.Error("a language that is none was taken")
	}
}

func TestStaticFiles(t *testing.T) {
	o := newOffice(t)
	b := o.browser("en")
	for _, n := range b.get("/login").nodes(t) {
		for _, name := range []string{"src", "href"} {
			if at := attr(n, name); strings.HasPrefix(at, "/static/") {
				p := b.get(at)
				if p.status != http.StatusOK || !strings.Contains(p.header.Get("Cache-Control"), "immutable") || p.header.Get("X-Content-Type-Options") != "nosniff" {
					t.Errorf("%s: %d %v", at, p.status, p.header)
				}
				if want, err := os.ReadFile(strings.SplitN(at[1:], "?", 2)[0]); err != nil || p.body != string(want) {
					t.Errorf("%s has %d bytes, %v", at, len(p.body), err)
				}
				if p := b.get(strings.SplitN(at, "?", 2)[0] + "?v=other"); strings.Contains(p.header.Get("Cache-Control"), "immutable") {
					t.Errorf("%s: another content may be kept for ever", at)
				}
			}
		}
	}
	for _, path := range []string{"/static/", "/static/vendor/", "/static/../web.go", "/static/templates/layout.html"} {
		if p := b.get(path); p.status == http.StatusOK {
			t.Errorf("%s is served", path)
		}
	}
}
