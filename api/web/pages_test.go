package web_test

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/words/wordstest"
)

var languages = []string{"en", "zh"}

// everyPage is what there is to see in a newOffice with a handover in it.
var everyPage = []string{
	"/", "/inbox", "/credentials", "/credentials?q=db&phase=held", "/custody", "/custody?range=quarter&at=2026-03-02&q=db", "/credentials/db01", "/credentials/db02",
	"/custody", "/custody?range=day&at=2026-03-02", "/credentials/db01?range=quarter&at=2026-01-01",
	"/leave", "/back", "/handovers", "/handovers/handover-1", "/handovers/handover-2", "/handovers/handover-1/record", "/people", "/policy", "/preferences",
	"/ledger", "/ledger?actor=tech-a&type=session.opened", "/ledger?credential=db01", "/ledger/0", "/ledger/20",
	"/admin/people/new", "/admin/people/tech-b/enrolment", "/admin/people/tech-b/roles", "/admin/people/tech-b/link", "/founding", "/configuration", "/proposals", "/preferences/password", "/preferences/calendar", "/admin/credentials/new", "/admin/credentials/new?kind=ssh", "/admin/credentials/new?kind=postgres", "/admin/credentials/new?kind=mysql", "/admin/credentials/new?kind=ldap",
	"/admin/credentials/new?kind=vault-ldap&probe=ldap", "/admin/credentials/new?kind=vault-database&probe=postgres", "/admin/credentials/new?kind=manual", "/admin/credentials/new?kind=manual&probe=https",
	"/credentials/sw01", "/rotations", "/nothing",
}

// busyOffice has something of everything on its pages.
func busyOffice(t *testing.T) *office {
	o := newOffice(t)
	o.Must("tech-a", custody.Offer{Credentials: []string{"db01"}, Reason: desk.NewNote("holiday"), ExpectedReturn: o.Clock.Now().AddDate(0, 0, 1)})
	o.Must("tech-b", custody.Accept{Handover: "handover-1"})
	o.Must("tech-b", custody.GiveBack{Handover: "handover-1"})
	c := o.Credential("db01")
	o.Must(custody.System, custody.ReportFailed{
		Rotation: custody.RotationID{Credential: "db01", Number: c.Rotation.Number}, Failure: "unreachable", NextTry: o.Clock.Now().Add(1e9),
	})
	o.Must("tech-a", custody.CheckOut{Credential: "db02", Purpose: desk.NewNote("ticket 4711")})
	o.Must("tech-a", custody.Offer{Credentials: []string{"db02"}, Reason: desk.NewNote("course")})
	o.drifts("db02")
	o.addByHand("sw01")
	return o
}

func TestEveryPageIsWholeInBothLanguages(t *testing.T) {
	o := busyOffice(t)
	keys := regexp.MustCompile(`\b(` + strings.Join(groups(t), "|") + `)\.[a-z_]+(\.[a-z_]+)?\b`)
	for _, lang := range languages {
		for _, who := range []string{"tech-a", "tech-b", "admin", "manager", "auditor"} {
			b := o.as(who, lang)
			for _, path := range append(slices.Clone(everyPage), "/activation/x", "/activation/x/confirm") {
				p := b.get(path)
				want := http.StatusOK
				if path == "/nothing" {
					want = http.StatusNotFound
				}
				whole := who == "manager" || who == "auditor"
				if forWhom := strings.HasPrefix(path, "/ledger/") || who == "admin" && strings.HasSuffix(path, "/record"); !whole && forWhom && p.status == http.StatusForbidden {
					want = p.status // see TestWhoMayDoWhatOnThePages
				}
				if p.status != want {
					t.Fatalf("%s of %s: %d: %s", path, who, p.status, p.text())
				}
				p.check(t, path, lang)
				text := entryTypes.ReplaceAllString(p.text(), "")
				if bare := keys.FindString(text); bare != "" {
					t.Errorf("%s (%s) shows the key %q", path, lang, bare)
				}
				if strings.Contains(p.body, thePassword) || strings.Contains(p.body, "<no value>") {
					t.Errorf("%s (%s) shows what it must not", path, lang)
				}
			}
		}
		o.browser(lang).get("/login").check(t, "/login", lang)
	}
}

// entryTypes are shown as they are on the page of an entry.
var entryTypes = regexp.MustCompile(strings.ReplaceAll(strings.Join(custody.EntryTypes(), "|"), ".", `\.`))

var nonce = regexp.MustCompile(`script-src 'nonce-([A-Z2-7]{26})'; style-src 'nonce-([A-Z2-7]{26})'`)

// check looks for what every page must have and must not.
func (a answer) check(t *testing.T, path, lang string) {
	t.Helper()
	h := a.header
	policy := nonce.FindStringSubmatch(h.Get("Content-Security-Policy"))
	if policy == nil || strings.Contains(h.Get("Content-Security-Policy"), "unsafe") {
		t.Fatalf("%s: Content-Security-Policy %q", path, h.Get("Content-Security-Policy"))
	}
	if h.Get("Cache-Control") != "no-store" || h.Get("X-Frame-Options") != "DENY" || h.Get("Content-Language") != lang {
		t.Errorf("%s: headers %v", path, h)
	}
	headings, ids := 0, map[string]bool{}
	for _, n := range a.nodes(t) {
		switch n.Data {
		case "h1":
			headings++
		case "html":
			if !strings.HasPrefix(attr(n, "lang"), lang) {
				t.Errorf("%s: lang %q", path, attr(n, "lang"))
			}
		case "script":
			if !strings.HasPrefix(attr(n, "src"), "/static/") || attr(n, "nonce") != policy[1] || n.FirstChild != nil {
				t.Errorf("%s: a script that the policy forbids", path)
			}
		case "style":
			t.Errorf("%s: an inline style", path)
		case "link":
			if !strings.HasPrefix(attr(n, "href"), "/static/") {
				t.Errorf("%s loads %s", path, attr(n, "href"))
			}
		case "input", "select", "textarea":
			if attr(n, "type") != "hidden" && !labelled(n) {
				t.Errorf("%s: the field %q has no label", path, attr(n, "name"))
			}
		}
		for _, at := range n.Attr {
			switch {
			case at.Key == "style", strings.HasPrefix(at.Key, "on"):
				t.Errorf("%s: the attribute %s=%q", path, at.Key, at.Val)
			case at.Key == "id" && ids[at.Val]:
				t.Errorf("%s: the id %q is there twice", path, at.Val)
			case at.Key == "id":
				ids[at.Val] = true
			}
		}
	}
	if headings > 1 || headings == 0 && a.status == http.StatusOK {
		t.Errorf("%s has %d main headings", path, headings)
	}
}

// TestLinksLeadSomewhere follows every link from the home page on.
func TestLinksLeadSomewhere(t *testing.T) {
	o := busyOffice(t)
	b := o.as("admin", "en")
	seen, todo := map[string]bool{"/": true}, []string{"/"}
	for len(todo) > 0 {
		path := todo[0]
		todo = todo[1:]
		p := b.get(path)
		if p.status != http.StatusOK {
			t.Errorf("%s: %d", path, p.status)
		}
		if !strings.HasPrefix(p.header.Get("Content-Type"), "text/html") {
			continue
		}
		for _, n := range p.nodes(t) {
			for _, name := range []string{"href", "src"} {
				to := attr(n, name)
				if strings.HasPrefix(to, "#") || to == "" || seen[to] {
					continue
				}
				seen[to] = true
				if len(seen) < 200 {
					todo = append(todo, to)
				}
			}
		}
	}
	if len(seen) < 40 {
		t.Fatalf("only %d addresses were found", len(seen))
	}
}

func TestStrangersSeeNothing(t *testing.T) {
	o := newOffice(t)
	b := o.browser("en")
	for _, path := range append(slices.Clone(everyPage), "/events", "/session/stay", "/ledger/0/proof") {
		p := b.get(path)
		switch {
		case path == "/nothing":
			if p.status != http.StatusNotFound {
				t.Errorf("%s: %d", path, p.status)
			}
		case p.status != http.StatusSeeOther || !strings.HasPrefix(p.header.Get("Location"), "/login"):
			t.Errorf("%s: %d to %q", path, p.status, p.header.Get("Location"))
		case strings.Contains(p.body, "db01.example"):
			t.Errorf("%s tells strangers about a credential", path)
		}
	}
	size := o.Size()
	for _, path := range []string{"/leave", "/credentials/db01/checkout", "/admin/people/new"} {
		if p := b.post(path, "totp", "123456"); p.status != http.StatusSeeOther {
			t.Errorf("POST %s: %d", path, p.status)
		}
	}
	if o.Size() != size {
		t.Error("a stranger wrote in the ledger")
	}
}

// TestEveryStringIsShown: nothing is in the catalogue that no page says. That every
// language has it is tested in package words.
func TestEveryStringIsShown(t *testing.T) {
	sources := sources(t)
	for key := range catalogue(t, "en") {
		if !strings.Contains(sources, `"`+key+`"`) && !slices.Contains([]string{
			// words of the domain, which are looked up by value
			"role", "failure", "remedy", "update_failure", "result", "grade", "done", "next", "field", "language",
			"kind", "setting", "choice", "proposal_kind", "policy_approvals", "policy_exclusive", "emergency_end", "envelope_why", "envelope_state", "verdict", "calendar_skipped", "substitute_stays", "calendar_feed",
			"channel",       // of messages to a room: see notify.Room
			"value", "span", // of what a proposal changes: see words.Value
		}, groupOf(key)) {
			t.Errorf("nothing shows %s", key)
		}
	}
}

// labelled says whether a field is inside a label.
func labelled(n *html.Node) bool {
	for up := n.Parent; up != nil; up = up.Parent {
		if up.Data == "label" {
			return true
		}
	}
	return false
}

// catalogue gives what pages say, by key: all that is not said by somebody else too.
func catalogue(t *testing.T, lang string) map[string]string {
	t.Helper()
	flat := map[string]string{}
	for key, said := range wordstest.Read(t, filepath.Join("..", "..", "custody", "words"), lang) {
		if !slices.Contains([]string{"fact", "refusal", "invalid", "code", "term", "mail", "paper", "note", "duration"}, groupOf(key)) {
			flat[key] = said.Forms["other"]
		}
	}
	return flat
}

func groupOf(key string) string {
	group, _, _ := strings.Cut(key, ".")
	return group
}

func groups(t *testing.T) (names []string) {
	for key := range catalogue(t, "en") {
		names = append(names, groupOf(key))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// sources gives all templates and all code of the package.
func sources(t *testing.T) string {
	var all strings.Builder
	for _, pattern := range []string{"templates/*.html", "*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(content)
		}
	}
	return all.String()
}
