package web_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api/web"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// logIn sends the form of the log-in page as a browser does, any number of times
// at once, and gives the answers.
func (o *office) logIn(b *browser, times int, fields ...string) []answer {
	answers := make(chan answer, times)
	for range times {
		twin := *b // a browser sends both with the cookies of before
		twin.cookies = map[string]string{}
		go func() { answers <- twin.post("/login", fields...) }()
	}
	var all []answer
	for range times {
		all = append(all, <-answers)
	}
	return all
}

// TestALogInFormSentTwiceIsOneLogIn: both answers lead in, with one session. An
// impatient finger on a phone does that.
func TestALogInFormSentTwiceIsOneLogIn(t *testing.T) {
	o := newOffice(t)
	b := o.browser("en")
	b.who = "tech-a"
	form := []string{"key", b.get("/login").key(t), "username", "tech-a", "password", o.Passwords["tech-a"].Reveal(), "totp", o.Code("tech-a")}
	before := o.Size()
	sessions := map[string]bool{}
	for _, a := range o.logIn(b, 2, form...) {
		if a.status != http.StatusSeeOther {
			t.Errorf("%d %s", a.status, a.text())
		}
		for _, c := range (&http.Response{Header: a.header}).Cookies() {
			if c.Name == "__Host-tandem" {
				sessions[c.Value] = true
			}
		}
	}
	if len(sessions) != 1 || o.Size() != before+1 {
		t.Errorf("%d sessions, %d entries", len(sessions), o.Size()-before)
	}
	// Another form with that code is another log-in.
	form[1] = b.get("/login").key(t)
	if a := b.post("/login", form...); a.status != http.StatusForbidden {
		t.Errorf("the code in another form: %d", a.status)
	}
}

// slowDoor takes its time with the first log-in of tech-a.
type slowDoor struct {
	web.Desk
	first sync.Once
	begun chan struct{} // closed when it has begun
	goes  chan struct{} // it goes on when this is closed
}

func (d *slowDoor) SignIn(ctx context.Context, in desk.SignInRequest) (desk.SignedIn, error) {
	if in.Username == "tech-a" {
		d.first.Do(func() { close(d.begun); <-d.goes })
	}
	return d.Desk.SignIn(ctx, in)
}

// TestALogInFormSentTwiceIsOneLogInWhileOthersComeAndGo: a slow log-in is not forgotten
// because somebody else has logged in meanwhile.
func TestALogInFormSentTwiceIsOneLogInWhileOthersComeAndGo(t *testing.T) {
	door := &slowDoor{begun: make(chan struct{}), goes: make(chan struct{})}
	o := newOffice(t, func(s *setup) { door.Desk, s.Desk = s.Desk, door })
	b := o.browser("en")
	form := []string{"key", b.get("/login").key(t), "username", "tech-a", "password", o.Passwords["tech-a"].Reveal(), "totp", o.Code("tech-a")}
	twin := *b
	twin.cookies = map[string]string{}
	slow := make(chan answer, 1)
	go func() { slow <- twin.post("/login", form...) }()
	<-door.begun
	other := o.browser("en")
	if p := other.post("/login", "key", other.get("/login").key(t), "username", "tech-b", "password", o.Passwords["tech-b"].Reveal(), "totp", o.CodeNow("tech-b")); p.status != http.StatusSeeOther {
		t.Errorf("somebody else: %d", p.status)
	}
	close(door.goes)
	for _, p := range []answer{<-slow, b.post("/login", form...)} {
		if p.status != http.StatusSeeOther {
			t.Errorf("%d %s", p.status, p.text())
		}
	}
}

// TestTheFirstLogInSentTwiceShowsTheSameRecoveryCodes, and a lost phone's form the
// same new seed: what is shown once must not be on the page that the browser
// threw away.
func TestTheFirstLogInSentTwiceShowsTheSameRecoveryCodes(t *testing.T) {
	o := newOffice(t)
	o.comes("tech-c", "Cy C", custody.Technician)
	b := o.browser("en")
	b.who = "tech-c"
	key := b.get("/login").key(t)
	both := o.logIn(b, 2, "key", key, "username", "tech-c", "password", o.Passwords["tech-c"].Reveal(), "totp", o.Code("tech-c"))
	codes := both[0].codesOn(t)
	if again := both[1].codesOn(t); again[0] != codes[0] {
		t.Error("two sets of recovery codes, of which one counts")
	}

	lost := o.browser("en")
	form := []string{"key", lost.get("/recovery").key(t), "username", "tech-c", "password", o.Passwords["tech-c"].Reveal(), "recovery_code", codes[0]}
	first := lost.post("/recovery", form...).seedOn(t)
	if second := lost.post("/recovery", form...).seedOn(t); !second.Equal(first) {
		t.Error("two seeds, of which one counts")
	}
}

// TestALostPhonesFormThatIsNotOursShowsNoSeedTwice: whoever saw what was typed into it
// has not got the page that it was on.
func TestALostPhonesFormThatIsNotOursShowsNoSeedTwice(t *testing.T) {
	o := newOffice(t)
	_, codes := o.enrolled(t, "en")
	form := []string{"username", "tech-c", "password", o.Passwords["tech-c"].Reveal(), "recovery_code", codes[0]}
	o.browser("en").post("/recovery", form...).seedOn(t)
	if p := o.browser("en").post("/recovery", form...); p.status != http.StatusUnauthorized || typedSeed.MatchString(p.body) {
		t.Errorf("again: %d %s", p.status, p.text())
	}
}

// TestCodesAsPeoplePasteThem: nothing in the page cuts or refuses them, and they do
// not count towards the lock.
func TestCodesAsPeoplePasteThem(t *testing.T) {
	o := newOffice(t)
	form := o.browser("en").get("/login").body
	i := strings.Index(form, `name="totp"`)
	if field := form[i : i+strings.Index(form[i:], ">")]; strings.Contains(field, "maxlength") || strings.Contains(field, `pattern="[0-9]{6}"`) {
		t.Errorf("the browser cuts or refuses what is pasted: %s", field)
	}
	for _, as := range []func(string) string{
		func(c string) string { return c[:3] + " " + c[3:] },
		func(c string) string { return "\u00a0" + c[:3] + "\u2009" + c[3:] + "\n" },
		func(c string) string { return c[:3] + "\u2013" + c[3:] },
		func(c string) string { return strings.Map(func(r rune) rune { return r - '0' + '０' }, c) },
	} {
		b := o.browser("en")
		code := as(o.Code("tech-a"))
		if a := b.post("/login", "username", " Tech-A", "password", o.Passwords["tech-a"].Reveal(), "totp", code); a.status != http.StatusSeeOther {
			t.Errorf("%q: %d %s", code, a.status, a.text())
		}
	}
}

// guesses locks a name for eight minutes, and gives the browser in which it did.
func (o *office) guesses(name, lang string) *browser {
	o.T.Helper()
	b := o.browser(lang)
	guess := func() int {
		return b.post("/login", "username", name, "password", "guess", "totp", "000000").status
	}
	for _, lock := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute} {
		for range 5 {
			if status := guess(); status != http.StatusUnauthorized {
				o.T.Fatalf("a guess: %d", status)
			}
		}
		if status := guess(); status != http.StatusTooManyRequests {
			o.T.Fatalf("five guesses lock nothing: %d", status)
		}
		if lock < 8*time.Minute {
			o.Clock.Add(lock)
		}
	}
	return b
}

// TestABrowserUsedBeforeStaysAWayIn whatever strangers do with the name.
func TestABrowserUsedBeforeStaysAWayIn(t *testing.T) {
	o := newOffice(t)
	b := o.as("tech-a", "en")
	b.post("/logout")
	stranger := o.guesses("tech-a", "en")
	in := []string{"username", "tech-a", "password", o.Passwords["tech-a"].Reveal(), "totp", o.Code("tech-a")}
	if a := stranger.post("/login", in...); a.status != http.StatusTooManyRequests {
		t.Errorf("where the guesses came from: %d", a.status)
	}
	if a := b.post("/login", in...); a.status != http.StatusSeeOther {
		t.Errorf("in the browser used before: %d %s", a.status, a.text())
	}
}

// TestSomebodyIsUnlockedOnThePages by a manager, with a code, on record.
func TestSomebodyIsUnlockedOnThePages(t *testing.T) {
	for _, lang := range languages {
		t.Run(lang, func(t *testing.T) {
			o := newOffice(t)
			stranger := o.guesses("tech-a", lang)
			manager := o.as("manager", lang)
			if !strings.Contains(manager.get("/people").body, `href="/admin/people/tech-a/unlock"`) {
				t.Error("the page of people does not lead there")
			}
			form := manager.get("/admin/people/tech-a/unlock")
			form.shows(t, http.StatusOK)
			form.check(t, "/admin/people/tech-a/unlock", lang)
			refused := manager.post("/admin/people/tech-a/unlock", "key", form.key(t), "totp", "000000")
			refused.shows(t, http.StatusForbidden)
			done := manager.post("/admin/people/tech-a/unlock", "key", form.key(t), "totp", o.Code("manager"))
			if done.status != http.StatusSeeOther {
				t.Fatalf("%d %s", done.status, done.text())
			}
			in := []string{"username", "tech-a", "password", o.Passwords["tech-a"].Reveal(), "totp", o.Code("tech-a")}
			if a := stranger.post("/login", in...); a.status != http.StatusSeeOther {
				t.Errorf("unlocked, and refused: %d %s", a.status, a.text())
			}
			if a := o.as("tech-b", lang).post("/admin/people/tech-a/unlock", "totp", o.Code("tech-b")); a.status != http.StatusForbidden {
				t.Errorf("by a technician: %d", a.status)
			}
		})
	}
}

// TestAnAddressIsChangedOnThePages: one's own at once, and another's when a manager has
// approved it.
func TestAnAddressIsChangedOnThePages(t *testing.T) {
	for _, lang := range languages {
		t.Run(lang, func(t *testing.T) {
			o := newOffice(t)
			for who, path := range map[string]string{"tech-a": "/preferences/email", "admin": "/admin/people/tech-a/email"} {
				b := o.as(who, lang)
				form := b.get(path)
				form.shows(t, http.StatusOK, "tech-a")
				form.check(t, path, lang)
				refused := b.post(path, "key", form.key(t), "email", "no address", "reason", "moved house", "totp", o.Code(who))
				refused.shows(t, http.StatusUnprocessableEntity)
				if !strings.Contains(refused.body, `value="no address"`) || strings.Contains(refused.body, "moved house") != (who == "admin") {
					t.Error("what was typed is gone")
				}
				address := who + "@example.org"
				if a := b.post(path, "key", form.key(t), "email", address, "reason", "moved house", "totp", o.Code(who)); a.status != http.StatusSeeOther {
					t.Fatalf("%s: %d %s", path, a.status, a.text())
				}
				if who == "admin" {
					if before, err := o.Store.Person(t.Context(), "tech-a"); err != nil || before.Email.String() == address {
						t.Errorf("changed by one person: %v", err)
					}
					o.Must("manager", custody.Approve{Proposal: "p-1", Digest: o.proposal("p-1").Digest()})
				}
				person, err := o.Store.Person(t.Context(), "tech-a")
				if err != nil || person.Email.String() != address {
					t.Errorf("%s: %q, %v", path, person.Email.String(), err)
				}
			}
			b := o.as("tech-b", lang)
			if a := b.post("/admin/people/tech-a/email", "email", "b@example.org", "reason", "his", "totp", o.Code("tech-b")); a.status != http.StatusSeeOther || !strings.HasPrefix(a.header.Get("Location"), "/proposals/p-2") {
				t.Errorf("by a technician: %d %s", a.status, a.header.Get("Location"))
			}
		})
	}
}
