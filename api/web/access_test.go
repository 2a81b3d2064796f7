package web_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

var updateAccess = flag.Bool("update-access", false, "write docs/access.md as it is now: read what changed before it is committed")

const accessPath = "../../docs/access.md"

// columns are those of the table, each with somebody who has only that role. A custodian is
// a technician whom it concerns.
var columns = []struct{ name, who string }{
	{"nobody", ""}, {"technician", "tech-o"}, {"custodian", "tech-a"}, {"manager", "manager"}, {"director", "director"}, {"auditor", "auditor"}, {"admin", "admin"},
}

// What a cell says.
const (
	all      = "yes"
	filtered = "part" // less than others see
	none     = "no"
)

// hiddenTexts are texts that stand somewhere, each with the columns that may ever see them
// beside managers, directors and auditors.
var hiddenTexts = map[string][]string{
	"addr-one": {"custodian"}, "acct-one": {"custodian"}, "second-one": {"custodian"}, "purpose-one": {"custodian"}, "reason-one": {"custodian"}, "ask-one": {"custodian"},
	"addr-two": nil, "acct-two": nil, "second-two": nil, "purpose-two": nil, "reason-two": nil, "away-two": nil, "mail-two": nil, "mail-new": nil, "ask-new": nil, "urgent-two": nil, "report-two": nil,
}

// listed are names, which are hidden from nobody by themselves: a list without one of them
// was filtered.
var listed = []string{"db01", "db02", "handover-2", "p-1", "emergency-1"}

// access is an office in which every act can be done by whoever may.
type access struct {
	*office
	made     int
	tokens   map[string]string
	browsers map[string]*browser
	granted  int64 // index of the entry with purpose-one
	link     string
	plan     string   // an absence of tech-a's
	incident string   // that tech-c reported, about db02
	left     []string // who has no access, to be given it back: one person may take it from five within an hour
}

func newAccess(t *testing.T) *access {
	t.Helper()
	// whoever is asked last has not been asked for hours
	o := emptyOfficeOf(t, desktest.SQLite, func(c *desk.Config) { c.Policy.SessionIdle = 24 * time.Hour }, func(c *setup) {
		c.SignIns, c.Commands = edge.Limit{Every: time.Microsecond, Burst: 1 << 20}, edge.Limit{Every: time.Microsecond, Burst: 1 << 20}
	})
	a := &access{office: o, tokens: map[string]string{}, browsers: map[string]*browser{}}
	for _, technician := range []string{"tech-a", "tech-b", "tech-c", "tech-d", "tech-e", "tech-f", "tech-o"} {
		o.HireAs(technician, "Person "+technician, custody.Technician)
	}
	for _, role := range []custody.Role{custody.Manager, custody.Director, custody.Auditor, custody.Admin} {
		o.HireAs(string(role), "Person "+string(role), role)
	}
	o.HireAs("manager-2", "Second", custody.Manager) // for what the first asks for
	o.HireAs("director-2", "Second", custody.Director)
	a.add("db01", "one", "tech-a", "tech-b")
	a.add("db02", "two", "tech-c", "tech-d")
	a.add("db03", "one", "tech-a", "tech-b")
	a.add("db04", "two", "tech-c", "tech-f")
	o.HireAs("left", "Lou L", custody.Technician)
	o.Must("manager-2", custody.Disable{Person: "left", Reason: desk.NewNote("reason-one")})
	for n, how := range []custody.How{custody.HowNone, custody.HowNone, custody.HowNone, custody.HowInPerson} {
		o.Must("manager-2", custody.SettleItem{Person: "left", Item: n, How: how})
	}
	o.Must(custody.System, custody.Tick{})
	a.granted = o.Must("tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("purpose-one")}).Events[0].Index
	o.Must("tech-c", custody.CheckOut{Credential: "db02", Purpose: desk.NewNote("purpose-two")})
	o.Must("tech-a", custody.Offer{Credentials: []string{"db03"}, Reason: desk.NewNote("reason-one")})
	o.Must("tech-b", custody.Accept{Handover: "handover-1"})
	o.Must("tech-c", custody.Offer{Credentials: []string{"db02"}, Reason: desk.NewNote("reason-two")})
	o.Must("tech-d", custody.ChangeEmail{Person: "tech-d", Email: desk.NewNote("mail-two@example.org")})
	o.Must("tech-d", custody.GoAway{Reason: desk.NewNote("away-two")})
	a.plan = a.absence("tech-a", 10*24*time.Hour, "reason-one", false)
	a.absence("tech-c", 12*24*time.Hour, "reason-two", false)
	o.Must("tech-e", custody.Propose{Change: custody.Change{Proposable: custody.SetCustodians{Credential: "db01", Primary: "tech-a", Backup: "tech-e"}}, Reason: desk.NewNote("ask-one")})
	o.Must("tech-f", custody.RequestEmergency{Credentials: []string{"db04"}, Reason: desk.NewNote("urgent-two")})
	a.incident = o.Must("tech-c", custody.ReportIncident{Credential: "db02", Text: desk.NewNote("report-two"), Grade: custody.Serious}).Events[0].Fact.Subject()
	o.Must("director", custody.Propose{Change: custody.Change{Proposable: custody.AddPerson{
		Username: "tech-n", Name: "N", Email: desk.NewNote("mail-new@example.org"), Roles: []custody.Role{custody.Technician}, TOTPPeriod: period,
	}}, Reason: desk.NewNote("ask-new")})
	return a
}

// add puts a credential with hiddenTexts texts in its target under custody; the first of two
// holds it.
func (a *access) add(name, mark, primary, backup string) {
	a.T.Helper()
	_, err := a.Desk.AddCredential(a.T.Context(), desk.By{Actor: custody.System, Request: "add-" + name}, custody.AddCredential{
		Name: name, Primary: primary, Backup: backup,
		Target: desk.NewTarget(custody.Target{Kind: "ssh", Address: "addr-" + mark + ".example:" + fmt.Sprint(1000+len(name)+a.made), Account: "acct-" + mark + name, Settings: map[string]string{"admin": "second-" + mark}}),
	}, custody.SecretString("before"), custody.Secret{})
	if err != nil {
		a.T.Fatal(err)
	}
	a.Rotate(name)
}

// held gives the name of a credential of its own that tech-a holds.
func (a *access) held() string {
	a.made++
	name := fmt.Sprintf("new-%d", a.made)
	a.Onboard(name)
	return name
}

// answered is what became of a request.
type answered struct {
	status int
	field  string // that was refused, of the API
	code   string // of the refusal
	body   string
}

func (r answered) done() bool { return r.status < 400 }

// refused says whether it was for who asked.
func (r answered) refused() bool {
	return r.status == http.StatusUnauthorized || r.status == http.StatusForbidden || slices.Contains([]string{string(custody.NotEligible), string(custody.OwnRequest)}, r.code)
}

// api sends a request to the API.
func (a *access) api(who, method, path string, body map[string]any) answered {
	a.T.Helper()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			a.T.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(a.T.Context(), method, a.server.URL+path, content)
	if err != nil {
		a.T.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if who != "" {
		if a.tokens[who] == "" {
			signed, err := a.SignIn(who)
			if err != nil {
				a.T.Fatal(who, err)
			}
			a.tokens[who] = signed.Token.Reveal()
		}
		r.Header.Set("Authorization", "Bearer "+a.tokens[who])
	}
	response, err := a.server.Client().Do(r)
	if err != nil {
		a.T.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		a.T.Fatal(err)
	}
	var problem struct{ Field, Code string }
	_ = json.Unmarshal(text, &problem) // another answer has none
	return answered{response.StatusCode, problem.Field, problem.Code, string(text)}
}

// page sends a form, or asks for a page.
func (a *access) page(who, method, path string, form []string) answered {
	a.T.Helper()
	if a.browsers[who] == nil {
		a.browsers[who] = a.browser("en")
		if who != "" {
			a.browsers[who] = a.as(who, "en")
		}
	}
	b := a.browsers[who]
	var p answer
	switch {
	case method == http.MethodPost:
		p = b.post(path, form...)
	case path == "/events": // does not end
		return a.firstOf(b, path)
	default:
		p = b.get(path)
	}
	if p.status == http.StatusSeeOther && strings.HasPrefix(p.header.Get("Location"), "/login") && path != "/logout" {
		return answered{status: http.StatusUnauthorized}
	}
	code := ""
	if found := codeOn.FindStringSubmatch(p.text()); p.status >= 400 && found != nil {
		code = found[1]
	}
	return answered{p.status, "", code, p.body}
}

// codeOn is the code of a refusal as a page shows it.
var codeOn = regexp.MustCompile(` · ([a-z_]+) Refused at`)

// firstOf gives the head of an answer that goes on.
func (a *access) firstOf(b *browser, path string) answered {
	a.T.Helper()
	r, err := http.NewRequestWithContext(a.T.Context(), http.MethodGet, a.server.URL+path, nil)
	if err != nil {
		a.T.Fatal(err)
	}
	for name, value := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	response, err := a.server.Client().Transport.RoundTrip(r)
	if err != nil {
		a.T.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode == http.StatusSeeOther {
		return answered{status: http.StatusUnauthorized}
	}
	return answered{status: response.StatusCode}
}

// send sends a request of a row, to the API or as a page.
func (a *access) send(who, row string, with prepared, code string) answered {
	a.T.Helper()
	method, path, _ := strings.Cut(row, " ")
	path = strings.TrimSuffix(path, "{$}")
	for name, value := range with.at {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	if strings.Contains(path, "{") {
		a.T.Fatalf("%s: nothing says what stands in %s", row, path)
	}
	if strings.HasPrefix(path, "/api/") {
		body := with.body
		if code != "" {
			body = map[string]any{"totp": code}
			for name, value := range with.body {
				body[name] = value
			}
		}
		return a.api(who, method, path, body)
	}
	form := slices.Clone(with.form)
	if code != "" {
		form = append(form, "totp", code)
	}
	return a.page(who, method, path, form)
}

// cell calls a route that changes something as somebody, and says whether they may, and
// whether a code was asked for.
func (a *access) cell(row, column, who string) (may string, coded bool) {
	a.T.Helper()
	does, known := acts[row]
	if !known {
		a.T.Errorf("%s: no act says how it is done: see acts", row)
		return "?", false
	}
	if column == "custodian" && does.custodian != "" {
		who = does.custodian
	}
	with := does.prepare(a, who)
	got := a.send(who, row, with, "")
	if got.status == http.StatusUnprocessableEntity && who != "" && (got.field == "totp" || !strings.HasPrefix(row[strings.Index(row, "/"):], "/api/")) {
		coded = true
		got = a.send(who, row, with, a.Code(who))
	}
	if does.after != nil {
		does.after(a, who)
	}
	a.tidy()
	switch {
	case got.done():
		return all, coded
	case who != "" && got.status == http.StatusUnauthorized:
		a.T.Errorf("%s: %s is not logged in", row, who)
	case got.refused() || does.nothing && got.status == http.StatusConflict:
		return none, false
	}
	a.T.Errorf("%s as %s (%s): %d %s %.600s", row, column, who, got.status, got.code, answer{body: got.body}.text())
	return "?", false
}

// tidy brings everybody back, and takes back what waits and is not of the office.
func (a *access) tidy() {
	a.T.Helper()
	people, err := a.Store.People(a.T.Context())
	if err != nil {
		a.T.Fatal(err)
	}
	for _, p := range people {
		if p.Away && p.Username != "tech-d" {
			a.Must(p.Username, custody.ComeBack{})
		}
		for _, plan := range p.Plans {
			if plan.ID != a.plan && p.Username != "tech-c" {
				a.Must(p.Username, custody.CancelAbsence{Plan: plan.ID})
			}
		}
	}
	open, err := a.Store.Proposals(a.T.Context(), desk.ProposalQuery{Open: true})
	if err != nil {
		a.T.Fatal(err)
	}
	for _, p := range open {
		if p.ID != "p-1" && p.ID != "p-2" {
			a.Must(p.Requester, custody.Withdraw{Proposal: p.ID})
		}
	}
}

// reads calls a route that shows something as everybody, and says who sees what.
func (a *access) reads(row string) []string {
	a.T.Helper()
	cells, seen, most := make([]string, len(columns)), make([]map[string]bool, len(columns)), map[string]bool{}
	for i, column := range columns {
		got := a.send(column.who, row, prepared{at: a.shown(row)}, "")
		seen[i] = map[string]bool{}
		for mark, may := range hiddenTexts {
			if !strings.Contains(got.body, mark) {
				continue
			}
			seen[i][mark], most[mark] = true, true
			if !slices.Contains([]string{"manager", "director", "auditor"}, column.name) && !slices.Contains(may, column.name) {
				a.T.Errorf("%s shows a %s %s", row, column.name, mark)
			}
		}
		for _, name := range listed {
			if got.done() && regexp.MustCompile(`(^|[^\w-])`+name+`($|[^\w-])`).MatchString(got.body) { // not within a session's number
				seen[i][name], most[name] = true, true
			}
		}
		switch {
		case got.done():
			cells[i] = all
		case column.who != "" && got.status == http.StatusUnauthorized:
			a.T.Errorf("%s: %s is not logged in", row, column.who)
		case got.refused():
			cells[i] = none
		default:
			a.T.Errorf("%s as %s: %d %.600s", row, column.name, got.status, strings.TrimSpace(got.body))
		}
	}
	for i := range cells {
		if cells[i] == all && len(seen[i]) < len(most) {
			cells[i] = filtered
		}
	}
	return cells
}

// shown says what a route that shows something is asked for.
func (a *access) shown(row string) map[string]string {
	at := map[string]string{"name": "db01", "username": "tech-d", "index": fmt.Sprint(a.granted), "tile": "0/000.p/1", "id": "handover-1", "token": a.link}
	switch {
	case strings.Contains(row, "/calendar/"):
		at["feed"] = a.fed()
	case strings.Contains(row, "/proposals/"):
		at["id"] = "p-1"
	case strings.Contains(row, "/emergencies/"):
		at["id"] = "emergency-1"
	case strings.Contains(row, "/incidents/"):
		at["id"] = a.incident
	case strings.Contains(row, "/offboardings/"):
		at["username"] = "left"
	case strings.Contains(row, "/absences/"):
		at["id"] = a.plan
	}
	return at
}

// rowOf makes the line of a route.
func (a *access) rowOf(row string) string {
	a.T.Helper()
	method, _, _ := strings.Cut(row, " ")
	cells, coded := make([]string, len(columns)), "–"
	if method == http.MethodGet {
		cells = a.reads(row)
	} else {
		for _, i := range []int{0, 1, 2, 5, 6, 3, 4} { // who confirms the founding, which is done once, comes last
			may, code := a.cell(row, columns[i].name, columns[i].who)
			if cells[i] = may; code {
				coded = "code"
			}
		}
		if !slices.Contains(cells, all) {
			a.T.Errorf("%s: nobody can do it, or its act is wrong", row)
		}
	}
	return fmt.Sprintf("| `%s` | %s | %s |", row, coded, strings.Join(cells, " | "))
}

// compare holds what the routes do against the table in the tree.
func compare(t *testing.T, section string, rows []string) {
	t.Helper()
	written, err := os.ReadFile(accessPath)
	if err != nil {
		t.Fatal(err)
	}
	begin, end := "<!-- "+section+" -->\n", "<!-- end of "+section+" -->"
	before, rest, found := strings.Cut(string(written), begin)
	table, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		t.Fatalf("%s has no part for %s", accessPath, section)
	}
	head := "| Route | Code | " + func() string {
		var names []string
		for _, column := range columns {
			names = append(names, column.name)
		}
		return strings.Join(names, " | ")
	}() + " |\n|" + strings.Repeat(" --- |", 2+len(columns)) + "\n"
	now := head + strings.Join(rows, "\n") + "\n"
	if *updateAccess {
		if err := os.WriteFile(accessPath, []byte(before+begin+now+end+after), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	lines := func(text string) []string { return strings.Split(strings.TrimSpace(text), "\n") }
	for _, line := range lines(now) {
		if !slices.Contains(lines(table), line) {
			t.Errorf("the table does not say: %s", line)
		}
	}
	for _, line := range lines(table) {
		if !slices.Contains(lines(now), line) {
			t.Errorf("the table says what is not so: %s", line)
		}
	}
}

// TestWhoMayDoWhatByAPI calls every route of the OpenAPI document as somebody of each role
// and compares with docs/access.md: a route without a row, a row without a route, and a
// cell that is not so fail.
func TestWhoMayDoWhatByAPI(t *testing.T) {
	a := newAccess(t)
	_, a.link = a.newcomer()
	var described struct {
		Paths map[string]map[string]any
	}
	if err := json.Unmarshal([]byte(a.api("", "GET", "/openapi.json", nil).body), &described); err != nil {
		t.Fatal(err)
	}
	routes := []string{"GET /openapi.json"}
	for path, methods := range described.Paths {
		for method := range methods {
			routes = append(routes, strings.ToUpper(method)+" "+path)
		}
	}
	compare(t, "the API", a.table(routes))
}

// TestWhoMayDoWhatOnThePages is the same of every page.
func TestWhoMayDoWhatOnThePages(t *testing.T) {
	a := newAccess(t)
	_, a.link = a.newcomer()
	routes := slices.Clone(a.pages.Patterns())
	routes[slices.Index(routes, "/")] = "GET /no-page"
	routes[slices.Index(routes, "GET /static/")] = "GET /static/tandem.svg"
	compare(t, "the pages", a.table(routes))
}

// table makes the lines of some routes: what shows something first, before much happens.
func (a *access) table(routes []string) (rows []string) {
	a.T.Helper()
	slices.SortFunc(routes, func(x, y string) int {
		if xGet, yGet := strings.HasPrefix(x, "GET"), strings.HasPrefix(y, "GET"); xGet != yGet {
			if xGet {
				return -1
			}
			return 1
		}
		return cmp.Or(strings.Compare(x[strings.Index(x, "/"):], y[strings.Index(y, "/"):]), strings.Compare(x, y))
	})
	routes = slices.DeleteFunc(routes, func(row string) bool { return row == "GET /no-page" }) // is nobody's
	rows = make([]string, len(routes))
	// The founding is done once, and nobody brings anybody in after it; only then does a
	// configuration wait for somebody, and a recovery on the server for its time.
	for _, last := range []string{"", "founding", "configuration", "recovery"} {
		for i, row := range routes {
			when := ""
			for _, late := range []string{"founding", "configuration", "recovery"} {
				if strings.Contains(row, late) && !strings.HasPrefix(row, "GET") {
					when = late
				}
			}
			if when == last {
				rows[i] = a.rowOf(row)
			}
		}
	}
	return rows
}
