package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

var (
	recoveryCode = regexp.MustCompile(`<li><code>([A-Z2-7]{4}(?:-[A-Z2-7]{4}){4})</code></li>`)
	typedSeed    = regexp.MustCompile(`>((?:[A-Z2-7]{4} )+[A-Z2-7]{1,4})</output>`)
)

// codesOn gives the recovery codes that a page shows.
func (a answer) codesOn(t *testing.T) (codes []string) {
	t.Helper()
	for _, found := range recoveryCode.FindAllStringSubmatch(a.body, -1) {
		codes = append(codes, found[1])
	}
	if len(codes) != 10 {
		t.Fatalf("%d recovery codes: %d %s", len(codes), a.status, a.text())
	}
	return codes
}

// seedOn gives the seed that a page shows.
func (a answer) seedOn(t *testing.T) custody.Secret {
	t.Helper()
	found := typedSeed.FindStringSubmatch(a.body)
	if found == nil || strings.Count(a.body, `class="qr"`) != 1 {
		t.Fatalf("no seed: %d %s", a.status, a.text())
	}
	return custody.SecretString(strings.ReplaceAll(found[1], " ", ""))
}

// comes brings somebody in, who has not logged in yet.
func (o *office) comes(username, name string, role custody.Role) {
	o.T.Helper()
	login, err := o.Desk.AddPerson(o.T.Context(), desk.By{Actor: custody.System, Request: desktest.Unique("come")}, custody.AddPerson{Username: username, Name: name, Roles: []custody.Role{role}, TOTPPeriod: desktest.Period})
	if err != nil {
		o.T.Fatal(err)
	}
	o.Passwords[username], o.Seeds[username] = login.Password, desktest.SeedOf(o.T, login.OTPAuth)
}

// enrolled brings somebody in, and gives what their first log-in shows.
func (o *office) enrolled(t *testing.T, lang string) (b *browser, codes []string) {
	t.Helper()
	o.comes("tech-c", "Cy C", custody.Technician)
	b = o.browser(lang)
	b.who = "tech-c"
	p := b.post("/login", "username", "tech-c", "password", o.Passwords["tech-c"].Reveal(), "totp", o.Code("tech-c"), "next", "/people")
	p.check(t, "/login", lang)
	if !strings.Contains(p.body, `href="/people"`) {
		t.Error("the page of the recovery codes does not lead on")
	}
	return b, p.codesOn(t)
}

func TestALostPhone(t *testing.T) {
	for _, lang := range languages {
		t.Run(lang, func(t *testing.T) {
			o := newOffice(t)
			b, codes := o.enrolled(t, lang)
			b.get("/people").shows(t, http.StatusOK) // the log-in itself worked
			b.post("/logout")
			if p := b.post("/login", "username", "tech-c", "password", o.Passwords["tech-c"].Reveal(), "totp", o.Code("tech-c")); p.status != http.StatusSeeOther {
				t.Errorf("the second log-in: %d %s", p.status, p.text())
			}

			lost := o.browser(lang)
			p := lost.get("/recovery")
			p.shows(t, http.StatusOK)
			p.check(t, "/recovery", lang)
			p = lost.post("/recovery", "username", "tech-c", "password", o.Passwords["tech-c"].Reveal(), "recovery_code", "ABCD-EFGH-MARK")
			p.shows(t, http.StatusUnauthorized, map[string]string{"en": "not accepted", "zh": "登录未通过"}[lang])
			p.check(t, "/recovery", lang)
			if strings.Contains(p.body, "MARK") || strings.Contains(p.body, o.Passwords["tech-c"].Reveal()) || !strings.Contains(p.body, `value="tech-c"`) {
				t.Error("the page repeats a secret, or forgets the name")
			}
			p = lost.post("/recovery", "username", "tech-c", "password", o.Passwords["tech-c"].Reveal(), "recovery_code", strings.ToLower(codes[0]))
			p.shows(t, http.StatusOK)
			p.check(t, "/recovery", lang)
			o.Seeds["tech-c"] = p.seedOn(t)
			if len(lost.cookies) != 0 {
				t.Errorf("a recovery set the cookies %v", lost.cookies)
			}
			if p := b.get("/people"); p.status != http.StatusSeeOther {
				t.Errorf("the session of the lost phone: %d", p.status)
			}
			p = lost.post("/login", "username", "tech-c", "password", o.Passwords["tech-c"].Reveal(), "totp", o.Code("tech-c"))
			if again := p.codesOn(t); again[0] == codes[0] {
				t.Error("the recovery codes stayed")
			}
			p = o.browser(lang).post("/recovery", "username", "tech-c", "password", o.Passwords["tech-c"].Reveal(), "recovery_code", codes[1])
			p.shows(t, http.StatusUnauthorized)
		})
	}
}

// TestALostPhoneInABrowserThatIsStillLoggedIn: the session is over, and the page with
// the new seed is nobody's.
func TestALostPhoneInABrowserThatIsStillLoggedIn(t *testing.T) {
	o := newOffice(t)
	b, codes := o.enrolled(t, "en")
	p := b.post("/recovery", "username", "tech-c", "password", o.Passwords["tech-c"].Reveal(), "recovery_code", codes[0])
	p.seedOn(t)
	p.check(t, "/recovery", "en")
	if strings.Contains(p.body, `action="/logout"`) || strings.Contains(p.text(), "Cy C") || b.cookies[session] != "" {
		t.Errorf("somebody is still logged in: %s", p.text())
	}
}

// TestRecoveryCodesStandOnNoOtherPage, whatever is asked for later.
func TestRecoveryCodesStandOnNoOtherPage(t *testing.T) {
	o := newOffice(t)
	b, codes := o.enrolled(t, "en")
	for _, path := range []string{"/", "/login", "/recovery", "/ledger", "/people"} {
		p := b.get(path)
		for _, code := range codes {
			if strings.Contains(p.body, code) || strings.Contains(p.header.Get("Location"), url.QueryEscape(code)) {
				t.Errorf("%s shows a recovery code", path)
			}
		}
	}
	if p := b.post("/credentials/db01/rotate", "reason", "x", "totp", codes[0]); p.status < 400 {
		t.Errorf("a recovery code confirmed something: %d", p.status)
	}
}

// TestRecoveriesArePaced together with log-ins.
func TestRecoveriesArePaced(t *testing.T) {
	o := newOffice(t, func(c *setup) { c.SignIns = edge.Limit{Every: 1e12, Burst: 2} })
	b := o.browser("en")
	for i, path := range []string{"/login", "/recovery", "/recovery"} {
		want := http.StatusUnauthorized
		if i == 2 {
			want = http.StatusTooManyRequests
		}
		if p := b.post(path, "username", "nobody"); p.status != want {
			t.Errorf("attempt %d: %d, want %d", i, p.status, want)
		}
	}
}

// TestAdmissionsArePaced like log-ins: whoever tries links waits.
func TestAdmissionsArePaced(t *testing.T) {
	for _, path := range []string{"/activation/x", "/activation/x/confirm"} {
		b := newOffice(t, func(c *setup) { c.SignIns = edge.Limit{Every: 1e12, Burst: 1} }).browser("en")
		for i, want := range []int{http.StatusUnauthorized, http.StatusTooManyRequests} {
			if p := b.post(path, "totp", "123456"); p.status != want {
				t.Errorf("%s, attempt %d: %d, want %d", path, i, p.status, want)
			}
		}
	}
}

// TestARecoveredSeedDoesNotStayOnTheScreen: nobody is logged in on that page, so it
// blanks itself, with scripts and without.
func TestARecoveredSeedDoesNotStayOnTheScreen(t *testing.T) {
	o := newOffice(t)
	_, codes := o.enrolled(t, "en")
	p := o.browser("en").post("/recovery", "username", "tech-c", "password", o.Passwords["tech-c"].Reveal(), "recovery_code", codes[0])
	p.shows(t, 200, "Shown once")
	p.check(t, "/recovery", "en")
	until, refresh := "", ""
	for _, n := range p.nodes(t) {
		if attr(n, "id") == "secret" {
			until = attr(n, "data-until")
		}
	}
	if _, rest, found := strings.Cut(p.body, `<noscript><meta http-equiv="refresh" content="`); found {
		refresh, _, _ = strings.Cut(rest, `"`)
	}
	if at, err := time.Parse(time.RFC3339Nano, until); err != nil || at.Sub(o.Clock.Now()) != o.idle() || refresh != "900;url=/login?as=tech-c" {
		t.Errorf("it stays until %q, without scripts %q", until, refresh)
	}
}
