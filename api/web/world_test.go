package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/api/web"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/embedded"
	"github.com/tandem-custody/tandem/custody/store"
	"github.com/tandem-custody/tandem/custody/totp"
)

// office is the pages in the server, over a real desk on a real database and
// secret store, with a clock that only moves when it is told to.
type office struct {
	t      testing.TB
	desk   *desk.Desk
	store  *store.Store
	vault  *embedded.Store
	pages  *web.Pages
	server *httptest.Server

	mu        sync.Mutex
	now       time.Time
	passwords map[string]string
	seeds     map[string]custody.Secret
	requests  int
}

const period = 30

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
	o := emptyOffice(t, edit...)
	o.hire("admin", "Ada Min", custody.Admin)
	o.hire("tech-a", "Anna A", custody.Technician)
	o.hire("tech-b", "Bo B", custody.Technician)
	o.hire("manager", "Mia M", custody.Manager)
	o.hire("auditor", "Otto Aud", custody.Auditor)
	o.onboard("db01")
	o.onboard("db02")
	return o
}

func emptyOffice(t testing.TB, edit ...func(*setup)) *office {
	t.Helper()
	dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
	o := &office{
		t: t, now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC),
		passwords: map[string]string{}, seeds: map[string]custody.Secret{},
	}
	var err error
	if o.store, err = store.Open(t.Context(), filepath.Join(dir, "tandem.db"), log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.store.Close() })
	if o.vault, err = embedded.OpenOrCreate(filepath.Join(dir, "secrets"), embedded.Unlock{KeyFile: filepath.Join(dir, "key")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.vault.Close() })
	o.desk, err = desk.Open(t.Context(), desk.Config{
		Store: o.store, Accounts: o.store, Secrets: o.vault, Clock: desk.ClockFunc(o.clock),
		Policy: custody.DefaultPolicy(), Origin: "test.example/ledger", Log: log, SessionTTL: 100 * time.Hour,
		CheckTarget: func(t custody.Target, _ custody.Secret) (desk.CheckedTarget, error) {
			return desk.CheckedTarget{Reconciles: t.Kind != custody.Manual}, nil
		},
		CheckPolicy: func(custody.CredentialPolicy) error { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.desk.Close() })
	c := setup{Config: web.Config{
		Desk: o.desk, Queries: o.store, Ledger: o.store, Log: log,
		Offered: web.Offered{Kinds: someKinds()}, Clock: o.clock, TestTarget: func(context.Context, custody.Target, custody.Secret, custody.Secret) error { return nil },
	}}
	for _, e := range edit {
		e(&c)
	}
	if o.pages, err = web.New(c.Config); err != nil {
		t.Fatal(err)
	}
	server, err := api.New(api.Config{Desk: o.desk, Queries: c.Queries, Log: log, Version: "test", Web: o.pages, SignIns: c.SignIns, Commands: c.Commands})
	if err != nil {
		t.Fatal(err)
	}
	o.server = httptest.NewServer(server.Handler())
	t.Cleanup(o.server.Close)
	return o
}

func (o *office) clock() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.now
}

func (o *office) pass(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

func (o *office) hire(username, name string, roles ...custody.Role) {
	o.t.Helper()
	login, err := o.desk.AddPerson(o.t.Context(), desk.By{Actor: custody.System, Request: "hire-" + username}, custody.AddPerson{Username: username, Name: name, Roles: roles, TOTPPeriod: period})
	if err != nil {
		o.t.Fatal(err)
	}
	uri, err := url.Parse(login.OTPAuth.Reveal())
	if err != nil {
		o.t.Fatal(err)
	}
	o.passwords[username] = login.Password.Reveal()
	o.seeds[username] = custody.SecretString(uri.Query().Get("secret"))
	_, err = o.desk.SignIn(o.t.Context(), desk.SignInRequest{
		Username: username, Password: login.Password, Code: o.code(username), Request: "enrol-" + username,
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// code moves the clock to a fresh step and gives what the person's
// authenticator shows then.
func (o *office) code(username string) string {
	o.t.Helper()
	o.pass(period * time.Second)
	code, err := totp.Code(o.seeds[username], totp.Step(period, o.clock()))
	if err != nil {
		o.t.Fatal(err)
	}
	return code
}

func (o *office) do(actor string, action custody.Action) desk.Outcome {
	o.t.Helper()
	o.requests++
	by := desk.By{Actor: actor, Request: fmt.Sprint("request-", o.requests)}
	if actor != custody.System {
		by.Code = o.code(actor)
	}
	outcome, err := o.desk.Do(o.t.Context(), by, action)
	if err != nil {
		o.t.Fatalf("%s by %s: %v", action.Verb(), actor, err)
	}
	return outcome
}

func (o *office) onboard(name string) { o.add(name, "tech-a", "tech-b") }

// add takes a credential of two people into custody.
func (o *office) add(name, primary, backup string) {
	o.t.Helper()
	_, err := o.desk.AddCredential(o.t.Context(), desk.By{Actor: "admin", Request: "onboard-" + name}, custody.AddCredential{
		Name: name, Primary: primary, Backup: backup,
		Target: desk.NewTarget(custody.Target{Kind: "ssh", Address: name + ".example:22", Account: "root"}),
	}, custody.SecretString("before-custody"), custody.Secret{})
	if err != nil {
		o.t.Fatal(err)
	}
	o.rotate(name)
}

// rotate goes through the journal as the worker does when all goes well.
func (o *office) rotate(name string) {
	o.t.Helper()
	c := o.credential(name)
	id := custody.RotationID{Credential: name, Number: c.Rotation.Number}
	current, err := o.vault.Read(o.t.Context(), desk.CredentialPath(name))
	if err != nil && !errors.Is(err, desk.ErrNoSecret) {
		o.t.Fatal(err)
	}
	version, err := o.vault.Write(o.t.Context(), desk.CredentialPath(name), custody.SecretString(thePassword), current.Version, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	for _, report := range []custody.Action{
		custody.ReportStaged{Rotation: id}, custody.ReportApplied{Rotation: id},
		custody.ReportVerified{Rotation: id, OldRefused: true}, custody.ReportPromoted{Rotation: id, Version: version},
	} {
		o.do(custody.System, report)
	}
}

func (o *office) credential(name string) custody.Credential {
	o.t.Helper()
	c, err := o.store.Credential(o.t.Context(), name)
	if err != nil {
		o.t.Fatal(err)
	}
	return c
}

func (o *office) size() int64 {
	o.t.Helper()
	size, err := o.store.Size(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	return size
}

// types lists the types of the entries from an index on.
func (o *office) types(from int64) []string {
	o.t.Helper()
	var types []string
	err := o.store.Records(o.t.Context(), from, o.size(), func(_ int64, record []byte) error {
		entry, err := audit.DecodeEntry(record)
		types = append(types, entry.Type)
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return types
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
	o.t.Helper()
	b := o.browser(lang)
	b.who = who
	if p := b.post("/login", "username", who, "password", o.passwords[who], "totp", o.code(who)); p.status != http.StatusSeeOther {
		o.t.Fatalf("log-in of %s: %d %s", who, p.status, p.text())
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
	b.o.t.Helper()
	return b.send(http.MethodGet, path, nil, header...)
}

// post sends a form: names and values in turn. One that is refused leads to its
// page, with what is wrong.
func (b *browser) post(path string, fields ...string) answer {
	b.o.t.Helper()
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

// fill sends a form with a fresh code of the browser's person.
func (b *browser) fill(path string, fields ...string) answer {
	b.o.t.Helper()
	return b.post(path, append(fields, "totp", b.o.code(b.who))...)
}

func (b *browser) send(method, path string, body io.Reader, header ...string) answer {
	b.o.t.Helper()
	r, err := http.NewRequestWithContext(b.o.t.Context(), method, b.o.server.URL+path, body)
	if err != nil {
		b.o.t.Fatal(err)
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
		b.o.t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		b.o.t.Fatal(err)
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

// identified is a target whose account is called by its address as it stands: what
// a desk finds out before it gives the command.
func identified(t custody.Target) custody.TargetNotes {
	target := desk.NewTarget(t)
	target.Identities = desk.Identities(nil, t.Account+"@"+t.Address)
	return target
}
