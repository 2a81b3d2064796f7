package web_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/api/web"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
	"github.com/tandem-custody/tandem/custody/store/storetest/postgrestest"
)

// office is that of desktest with the pages in the server.
type office struct {
	*desktest.Office
	pages  *web.Pages
	server *httptest.Server
}

const period = desktest.Period

func TestMain(m *testing.M) { postgrestest.Main(m) }

// thePassword is what db01 and db02 have after their first rotation.
const thePassword = "Secret-0O1l-<&>-MARKED"

// setup is how an office is served; what is zero is as in production.
type setup struct {
	web.Config
	SignIns, Commands edge.Limit
}

// newOffice has an admin, two technicians, a manager and an auditor; tech-a holds
// db01 and db02.
func newOffice(t testing.TB, edit ...func(*setup)) *office {
	t.Helper()
	return newOfficeOn(t, desktest.SQLite, edit...)
}

// newOfficeOn is newOffice on an engine.
func newOfficeOn(t testing.TB, on desktest.Engine, edit ...func(*setup)) *office {
	t.Helper()
	o := emptyOfficeOn(t, on, edit...)
	o.HireAs("admin", "Ada Min", custody.Admin)
	o.HireAs("tech-a", "Anna A", custody.Technician)
	o.HireAs("tech-b", "Bo B", custody.Technician)
	o.HireAs("manager", "Mia M", custody.Manager)
	o.HireAs("auditor", "Otto Aud", custody.Auditor)
	o.Onboard("db01")
	o.Onboard("db02")
	return o
}

func emptyOffice(t testing.TB, edit ...func(*setup)) *office {
	t.Helper()
	return emptyOfficeOn(t, desktest.SQLite, edit...)
}

func emptyOfficeOn(t testing.TB, on desktest.Engine, edit ...func(*setup)) *office {
	t.Helper()
	return emptyOfficeOf(t, on, func(*desk.Config) {}, edit...)
}

// emptyOfficeOf is emptyOfficeOn of a company that has it otherwise.
func emptyOfficeOf(t testing.TB, on desktest.Engine, company func(*desk.Config), edit ...func(*setup)) *office {
	t.Helper()
	o := &office{Office: desktest.EmptyOn(t, on, func(c *desk.Config) {
		c.SessionTTL = 100 * time.Hour
		company(c)
	})}
	o.Password = func(string, int64) custody.Secret { return custody.SecretString(thePassword) }
	log := slog.New(slog.DiscardHandler)
	c := setup{Config: web.Config{
		Desk: o.Desk, Queries: o.Store, Ledger: o.Store, Log: log,
		Offered: web.Offered{Kinds: someKinds()}, Clock: o.Clock.Now, TestTarget: func(context.Context, custody.Target, custody.Secret, custody.Secret) error { return nil },
	}}
	for _, e := range edit {
		e(&c)
	}
	var err error
	if o.pages, err = web.New(c.Config); err != nil {
		t.Fatal(err)
	}
	server, err := api.New(api.Config{Desk: o.Desk, Queries: c.Queries, Log: log, Version: "test", Web: o.pages, SignIns: c.SignIns, Commands: c.Commands})
	if err != nil {
		t.Fatal(err)
	}
	o.server = httptest.NewServer(server.Handler())
	t.Cleanup(o.server.Close)
	return o
}

// browser keeps cookies as a browser on loopback does, Secure ones too.
type browser struct {
	o       *office
	who     string
	lang    string
	cookies map[string]string
}

func (o *office) browser(lang string) *browser {
	return &browser{o: o, lang: lang, cookies: map[string]string{}}
}

// as gives a browser in which somebody has logged in.
func (o *office) as(who, lang string) *browser {
	o.T.Helper()
	b := o.browser(lang)
	b.who = who
	if p := b.post("/login", "username", who, "password", o.Passwords[who].Reveal(), "totp", o.Code(who)); p.status != http.StatusSeeOther {
		o.T.Fatalf("log-in of %s: %d %s", who, p.status, p.text())
	}
	return b
}

// answer is a page.
type answer struct {
	status int
	header http.Header
	body   string
}

func (b *browser) get(path string, header ...string) answer {
	b.o.T.Helper()
	return b.send(http.MethodGet, path, nil, header...)
}

// post sends a form: names and values in turn. One that is refused leads to its
// page, with what is wrong.
func (b *browser) post(path string, fields ...string) answer {
	b.o.T.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	p := b.send(http.MethodPost, path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
	if to := p.header.Get("Location"); strings.Contains(to, "refused=") {
		return b.get(to)
	}
	return p
}

// policyFields are the fields of the form of a policy: these pairs, and of what they do not
// name something that passes.
func policyFields(pairs ...string) []string {
	all := slices.Clone(pairs)
	for _, other := range [][2]string{
		{"approvals", "one"}, {"exclusive", "strict"}, {"lease", "8h"}, {"offer_ttl", "24h"}, {"rotation_deadline", "1h"}, {"lock_after", "5"}, {"lock_base", "30s"},
		{"lock_max", "1h"}, {"session_idle", "15m"}, {"approve_within", "30m"}, {"silence_after", "15m"}, {"use_within", "1h"}, {"hold_for", "4h"}, {"review_within", "72h"},
		{"signature_ttl", "720h"}, {"absence_wait", "30m"}, {"remind_first", "24h"}, {"remind_last", "2h"}, {"drill_every", "8760h"}, {"totp_skew", "1"},
	} {
		if !slices.Contains(pairs, other[0]) {
			all = append(all, other[:]...)
		}
	}
	return all
}

// fill sends a form with a fresh code of the browser's person.
func (b *browser) fill(path string, fields ...string) answer {
	b.o.T.Helper()
	return b.post(path, append(fields, "totp", b.o.Code(b.who))...)
}

func (b *browser) send(method, path string, body io.Reader, header ...string) answer {
	b.o.T.Helper()
	r, err := http.NewRequestWithContext(b.o.T.Context(), method, b.o.server.URL+path, body)
	if err != nil {
		b.o.T.Fatal(err)
	}
	r.Header.Set("Accept-Language", b.lang)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	response, err := b.o.server.Client().Transport.RoundTrip(r) // which follows no redirect
	if err != nil {
		b.o.T.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		b.o.T.Fatal(err)
	}
	for _, cookie := range response.Cookies() {
		if cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
		} else {
			b.cookies[cookie.Name] = cookie.Value
		}
	}
	return answer{response.StatusCode, response.Header, string(content)}
}

// nodes parses a page and gives all its elements.
func (a answer) nodes(t *testing.T) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		t.Fatal(err)
	}
	var all []*html.Node
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			all = append(all, n)
		}
	}
	return all
}

// text gives what a person reads.
func (a answer) text() string {
	root, err := html.Parse(strings.NewReader(a.body))
	if err != nil {
		return ""
	}
	var out strings.Builder
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "noscript" {
			out.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(out.String()), " ")
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// idle is when a browser forgets a session: what the pages have by default.
func (o *office) idle() time.Duration { return 15 * time.Minute }
