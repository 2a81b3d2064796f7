package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// askedFor is the proposal that waits where forms are sent.
var askedFor = custody.Proposal{ID: "p-1", Revision: 1, Change: custody.Change{Proposable: custody.SetCustodians{Credential: "db01", Primary: "tech-a", Backup: "tech-c"}}}

// forms are all that can be sent and refused, with what somebody typed.
type tried struct {
	who, page, to string
	typed         []string // names and values
	wrong         string   // the field that is refused, "" for none
	status        int
}

// urgentForms come first: what they are about does not last for hours.
var urgentForms = []tried{
	{"manager", "/emergencies/emergency-1", "/emergencies/emergency-1/approve", []string{"totp", "654321"}, "totp", 403},
	{"tech-a", "/emergencies/emergency-1", "/emergencies/emergency-1/reject", []string{"reason", "I am here", "totp", "654321"}, "totp", 403},
	{"tech-b", "/emergencies/emergency-2", "/emergencies/emergency-2/end", []string{"totp", "654321"}, "totp", 403},
	{"tech-b", "/emergencies/emergency-2", "/emergencies/emergency-2/withdraw", nil, "", 409},
	{"director", "/emergencies/emergency-3", "/emergencies/emergency-3/review", []string{"verdict", "unjustified", "text", "tech-a was at her desk", "totp", "654321"}, "totp", 403},
	{"tech-a", "/incidents/new", "/incidents/new", []string{"text", "a stranger at my desk", "grade", "special", "credential", "db01", "totp", "654321"}, "totp", 403},
	{"manager", "/incidents/INCIDENT", "/incidents/INCIDENT/assess", []string{"grade", "ordinary", "text", "it was a test", "totp", "654321"}, "totp", 403},
	{"director", "/incidents/RATED", "/incidents/RATED/close", []string{"text", "the door is locked", "totp", "654321"}, "totp", 403},
	{"tech-a", "/incidents/INCIDENT", "/incidents/INCIDENT/ack", nil, "", 409},
	{"tech-b", "/emergencies/new", "/emergencies/new", []string{"credential", "db01", "reason", "disk full", "totp", "654321"}, "totp", 403},
}

var forms = []tried{
	{"", "/login", "/login", []string{"username", "tech-a", "password", "SECRET", "totp", "654321"}, "", 401},
	{"", "/recovery", "/recovery", []string{"username", "tech-a", "password", "SECRET", "recovery_code", "SECRET"}, "", 401},
	{"tech-a", "/credentials/db01", "/credentials/db01/checkout", []string{"purpose", "ticket 4711", "totp", "654321"}, "totp", 403},
	{"tech-a", "/credentials/db03", "/credentials/db03/show", []string{"totp", "654321"}, "totp", 403},
	{"tech-a", "/credentials/db01", "/credentials/db01/checkin", nil, "", 409},
	{"tech-a", "/credentials/db01", "/credentials/db01/offer", []string{"reason", "your turn", "until", "2026-03-03T08:00", "totp", "654321"}, "totp", 403},
	{"tech-a", "/credentials/db01", "/credentials/db01/offer", []string{"reason", "your turn", "until", "2026-03-01T08:00", "totp", "fresh"}, "until", 422},
	{"tech-a", "/credentials/db01", "/credentials/db01/offer", []string{"reason", "your turn", "until", "tomorrow", "totp", "fresh"}, "until", 422},
	{"tech-a", "/credentials/db01", "/credentials/db01/rotate", []string{"reason", "suspicion", "totp", "654321"}, "totp", 403},
	{"tech-a", "/credentials/db01", "/credentials/db01/reconcile", []string{"reason", "changed there", "totp", "654321"}, "totp", 403},
	{"admin", "/credentials/db01", "/credentials/db01/retire", []string{"reason", "scrapped", "totp", "654321"}, "totp", 403},
	{"admin", "/credentials/db01", "/credentials/db01/policy", []string{"max_age_days", "7", "rotate_on_transfer", "yes", "totp", "654321"}, "totp", 403},
	{"admin", "/credentials/db01", "/credentials/db01/policy", []string{"max_age_days", "minus", "lease_hours", "3", "totp", "fresh"}, "max_age_days", 422},
	{"tech-a", "/credentials/sw01", "/credentials/sw01/new-password", []string{"totp", "654321"}, "totp", 403},
	{"tech-a", "/credentials/sw01", "/credentials/sw01/set", []string{"totp", "654321"}, "", 409},
	{"tech-a", "/credentials/sw01", "/credentials/sw01/pause", []string{"reason", "device gone", "totp", "654321"}, "totp", 403},
	{"tech-a", "/credentials/sw01", "/credentials/sw01/cancel", []string{"reason", "wrong device", "totp", "654321"}, "totp", 403},
	{"admin", "/credentials/db09", "/credentials/db09/abandon", []string{"reason", "scrapped", "totp", "654321"}, "totp", 403},
	{"tech-a", "/credentials/db09", "/credentials/db09/resume", []string{"totp", "654321"}, "totp", 403},
	{"tech-a", "/credentials/db01", "/credentials/db01/custodians", []string{"primary", "tech-b", "backup", "tech-c", "reason", "change of post", "totp", "654321"}, "", 409},
	{"manager", "/proposals/p-1", "/proposals/p-1/approve", []string{"digest", askedFor.Digest(), "totp", "654321"}, "totp", 403},
	{"manager", "/proposals/p-1", "/proposals/p-1/reject", []string{"digest", askedFor.Digest(), "reason", "stays", "totp", "654321"}, "totp", 403},
	{"tech-b", "/proposals/p-1", "/proposals/p-1/withdraw", nil, "", 403},
	{"tech-a", "/rotations", "/rotations", []string{"reason", "suspicion", "totp", "654321"}, "totp", 403},
	{"tech-b", "/leave", "/leave", []string{"until", "2026-03-05T09:00", "reason", "course", "totp", "654321"}, "", 409},
	{"tech-a", "/leave", "/leave", []string{"until", "2026-03-05T09:00", "reason", "a\x00b", "totp", "fresh"}, "reason", 422},
	{"tech-a", "/back", "/back", []string{"take_back", "yes", "totp", "654321"}, "totp", 403},
	{"tech-b", "/handovers/handover-2", "/handovers/handover-2/accept", []string{"totp", "654321"}, "totp", 403},
	{"tech-b", "/handovers/handover-2", "/handovers/handover-2/decline", []string{"reason", "a\u202eb"}, "reason", 422},
	{"tech-b", "/handovers/handover-2", "/handovers/handover-2/cancel", nil, "", 403},
	{"tech-a", "/handovers/handover-1", "/handovers/handover-1/return", []string{"totp", "654321"}, "totp", 403},
	{"tech-a", "/preferences", "/preferences", []string{"language", "zh", "zone", "Mars/Olympus"}, "zone", 422},
	{"admin", "/admin/people/new", "/admin/people/new", []string{"username", "Not A Name", "name", "Somebody", "email", "a@b.example", "roles", "technician", "reason", "new", "totp", "fresh"}, "username", 422},
	{"admin", "/admin/people/new", "/admin/people/new", []string{"username", "tech-a", "name", "Somebody", "roles", "technician", "roles", "manager", "reason", "new", "totp", "fresh"}, "", 409},
	{"admin", "/admin/people/tech-b/unlock", "/admin/people/tech-b/unlock", []string{"totp", "654321"}, "totp", 403},
	{"admin", "/admin/people/tech-b/email", "/admin/people/tech-b/email", []string{"email", "no address", "reason", "x", "totp", "fresh"}, "email", 422},
	{"tech-a", "/preferences/password", "/preferences/password", []string{"current", "SECRET", "new", "SECRET one", "new_again", "SECRET two", "totp", "654321"}, "new_again", 422},
	{"tech-a", "/preferences/password", "/preferences/password", []string{"current", "SECRET", "new", "SECRET", "new_again", "SECRET", "totp", "654321"}, "current", 403},
	{"tech-a", "/preferences/authenticator", "/preferences/authenticator", []string{"current", "SECRET", "totp", "654321"}, "current", 403},
	{"tech-a", "/preferences/authenticator/confirm", "/preferences/authenticator/confirm", []string{"totp", "654321"}, "", 409},
	{"manager", "/envelopes", "/envelopes", []string{"credential", "db01", "first", "tech-b", "second", "director", "reason", "Tandem was down", "totp", "fresh"}, "", 409},
	{"admin", "/policy", "/policy", policyFields("approvals", "two", "lease", "soon", "review_by", "2026-09-01", "reason", "shorter", "totp", "654321"), "lease", 422},
	{"admin", "/policy/review", "/policy/review", []string{"review_by", "2036-09-01", "reason", "looked at", "totp", "654321"}, "review_by", 422},
	{"tech-a", "/preferences/email", "/preferences/email", []string{"email", "a@b.example", "totp", "654321"}, "totp", 403},
	{"auditor", "/admin/people/tech-b/enrolment", "/admin/people/tech-b/enrolment", []string{"reason", "lost", "totp", "654321"}, "", 403},
	{"admin", "/admin/people/tech-b/roles", "/admin/people/tech-b/roles", []string{"roles", "technician", "roles", "manager", "reason", "both", "totp", "654321"}, "totp", 403},
	{"tech-a", "/preferences/calendar", "/preferences/calendar", []string{"totp", "654321"}, "totp", 403},
	{"admin", "/admin/people/tech-b/link", "/admin/people/tech-b/link", []string{"totp", "654321"}, "", 409},
	{"admin", "/admin/people/tech-b/disable", "/admin/people/tech-b/disable", []string{"reason", "left", "totp", "654321"}, "totp", 403},
	{"admin", "/admin/people/tech-b/departure", "/admin/people/tech-b/departure", []string{"at", "2036-03-01T08:00", "reason", "end of contract", "totp", "654321"}, "totp", 403},
	{"admin", "/admin/people/tech-b/departure", "/admin/people/tech-b/departure", []string{"at", "soon", "reason", "end of contract", "totp", "fresh"}, "at", 422},
	{"admin", "/people/refound", "/people/refound", []string{"person", "tech-b", "role", "director", "reason", "nobody left", "totp", "654321"}, "", 409},
	{"manager", "/people/admin/recovery", "/people/admin/recovery", []string{"reason", "she is here", "totp", "654321"}, "", 409},
	{"admin", "/admin/people/tech-z/reinstate", "/admin/people/tech-z/reinstate", []string{"reason", "came back", "totp", "654321"}, "totp", 403},
	{"manager", "/offboardings/tech-z", "/offboardings/tech-z/items/3", []string{"how", "telephone", "at", "2026-03-01T08:00", "totp", "654321"}, "totp", 403},
	{"tech-c", "/credentials/db08", "/credentials/db08/park", []string{"reason", "a week out", "totp", "654321"}, "totp", 403},
	{"tech-a", "/credentials/db09/target", "/credentials/db09/target", []string{"address", "db09.example:2222", "set.host_key", "ssh-ed25519 AAAA", "admin_key", "SECRET", "password", "SECRET", "reason", "moved", "totp", "654321"}, "totp", 403},
	{"tech-a", "/credentials/db09/target", "/credentials/db09/target", []string{"address", "", "set.host_key", "ssh-ed25519 AAAA", "reason", "a\u202eb", "totp", "fresh"}, "reason", 422},
	{"tech-a", "/credentials/db03/target", "/credentials/db03/target/confirm", []string{"totp", "654321"}, "", 422},
	{"manager", "/people/manager/deputy", "/people/manager/deputy", []string{"deputy", "tech-c", "starts", "2026-03-10T08:00", "ends", "2026-03-20T18:00", "reason", "holiday", "totp", "654321"}, "totp", 403},
	{"manager", "/people/manager/deputy", "/people/manager/deputy", []string{"deputy", "tech-c", "starts", "2026-03-20T08:00", "ends", "2026-03-10T18:00", "reason", "holiday", "totp", "fresh"}, "ends", 422},
	{"manager", "/people/manager/deputy", "/people/manager/deputy/end", []string{"totp", "654321"}, "", 409},
	{"tech-c", "/credentials/db08", "/credentials/db08/take", []string{"totp", "654321"}, "", 409},
	{"tech-a", "/absences", "/absences", []string{"from", "2026-08-03T08:00", "until", "2026-08-14T18:00", "reason", "holiday", "offer", "yes", "totp", "654321"}, "totp", 403},
	{"tech-a", "/absences", "/absences", []string{"from", "2026-08-03T08:00", "until", "2026-08-01T18:00", "all_day", "yes", "totp", "fresh"}, "until", 422},
	{"tech-a", "/absences/import", "/absences/import/plan", []string{"listed", "from=2026-08-03T08%3A00&until=2026-08-14T18%3A00&zone=UTC", "pick", "from=2026-08-03T08%3A00&until=2026-08-14T18%3A00&zone=UTC", "reason", "holiday", "offer", "yes", "totp", "654321"}, "totp", 403},
	{"tech-a", "/absences/PLAN", "/absences/PLAN/move", []string{"from", "2026-08-03T08:00", "until", "2026-08-14T18:00", "totp", "654321"}, "totp", 403},
	{"tech-a", "/absences/PLAN", "/absences/PLAN/cancel", []string{"totp", "654321"}, "totp", 403},
	{"tech-a", "/absences/PLAN", "/absences/PLAN/sign", []string{"totp", "654321"}, "totp", 403},
	{"tech-a", "/absences/PLAN", "/absences/PLAN/swap", []string{"with", "tech-b THEIRS", "totp", "654321"}, "totp", 403},
	{"manager", "/absences/PLAN", "/absences/PLAN/end", []string{"reason", "both at once", "totp", "654321"}, "totp", 403},
	{"tech-a", "/handovers/SIGN", "/handovers/SIGN/sign", []string{"totp", "654321"}, "totp", 403},
	{"admin", "/founding", "/founding", []string{"totp", "654321"}, "", 403},
	{"admin", "/configuration", "/configuration", []string{"totp", "654321"}, "", 409},
	{"", "/activation/LINK", "/activation/LINK", []string{"release_code", "123", "password", "SECRET", "password_again", "SECRET too"}, "password_again", 422},
	{"", "/activation/LINK", "/activation/LINK", []string{"release_code", "no code", "password", "SECRET", "password_again", "SECRET"}, "release_code", 403},
	{"", "/activation/LINK/confirm", "/activation/LINK/confirm", []string{"totp", "654321"}, "totp", 403},
	{"auditor", "/ledger", "/ledger/reviews", []string{"from", "0", "to", "9", "text", "nothing unusual", "totp", "654321"}, "totp", 403},
	{"manager", "/ledger/28", "/ledger/28/redact", []string{"reason", "typed by mistake", "totp", "654321"}, "totp", 403}, // of the first offer
	{"admin", "/admin/credentials/new?kind=ssh", "/admin/credentials/new", []string{"kind", "ssh", "name", "Not A Name", "address", "db09.example:22", "account", "root",
		"set.host_key", "ssh-ed25519 AAAA", "primary", "tech-a", "backup", "tech-b", "admin_key", "SECRET", "password", "SECRET", "lease_hours", "2", "reason", "new server", "totp", "fresh", "do", "add"}, "name", 422},
}

// TestARefusedFormKeepsWhatWasTyped: of every form there is, without scripts too.
// The browser can go back to the answer, because it has an address of its own; the
// form is unfolded, the field that is wrong has the focus, and no secret comes back.
func TestARefusedFormKeepsWhatWasTyped(t *testing.T) {
	o := newOffice(t, func(c *setup) { c.SignIns = edge.Limit{Every: time.Millisecond, Burst: 10_000} }) // one log-in for each form
	o.Must("tech-a", custody.Offer{Credentials: []string{"db02"}, Reason: desk.NewNote("holiday")})
	o.Must("tech-b", custody.Accept{Handover: "handover-1"})
	o.Onboard("db03")
	o.Must("tech-a", custody.CheckOut{Credential: "db03", Purpose: desk.NewNote("ticket")})
	o.Must("tech-a", custody.Offer{Credentials: []string{"db03"}, Reason: desk.NewNote("course")})
	o.addByHand("sw01")
	o.Onboard("db09")
	o.Must("tech-a", custody.RequestRotation{Credential: "db09", Reason: desk.NewNote("worn")})
	o.Must("tech-a", custody.PauseRotation{Credential: "db09", Reason: desk.NewNote("device gone")})
	o.HireAs("tech-c", "Carl C", custody.Technician)
	o.HireAs("director", "Dora D", custody.Director)
	o.Must("tech-a", custody.Propose{Change: askedFor.Change, Reason: desk.NewNote("change of post")})
	o.Agreed("admin", custody.AddPerson{Username: "tech-n", Name: "Nina N", Roles: []custody.Role{custody.Technician}, TOTPPeriod: desktest.Period})
	link, code := o.Link("admin", "manager", "tech-n")
	if _, err := o.Desk.OpenLink(t.Context(), desk.SetUp{Token: link.Token, Code: code, Password: custody.SecretString(desktest.OwnPassword), Request: "open"}); err != nil {
		t.Fatal(err)
	}
	o.HireAs("tech-z", "Zoe Z", custody.Technician)
	o.Add("db08", "tech-c", "tech-z")
	o.Must("admin", custody.Disable{Person: "tech-z", Reason: desk.NewNote("left")})
	soon := o.Clock.Now().Add(24 * time.Hour)
	mine, theirs := o.plans("tech-a", soon, false), o.plans("tech-b", soon.Add(24*time.Hour), true)
	waiting, err := o.Store.Handovers(t.Context(), desk.HandoverQuery{Status: []custody.HandoverStatus{custody.HandoverPrepared}, Person: "tech-a", Limit: 1})
	if err != nil || len(waiting) != 1 {
		t.Fatal(waiting, err)
	}
	for _, name := range []string{"db20", "db21", "db22"} {
		o.Onboard(name)
		o.Must("tech-b", custody.RequestEmergency{Credentials: []string{name}, Reason: desk.NewNote("disk full")})
	}
	o.Must("manager", custody.ApproveEmergency{Emergency: "emergency-2"})
	o.Must("tech-b", custody.CheckOut{Credential: "db21", Purpose: desk.NewNote("disk full")})
	o.Must("manager", custody.ApproveEmergency{Emergency: "emergency-3"})
	o.Must("tech-b", custody.EndEmergency{Emergency: "emergency-3"})
	incident := func() string {
		return o.Must("tech-a", custody.ReportIncident{Text: desk.NewNote("a stranger"), Grade: custody.Serious}).Events[0].Fact.Subject()
	}
	open, rated := incident(), incident()
	o.Must("manager", custody.AssessIncident{Incident: rated, Grade: custody.Ordinary, Text: desk.NewNote("nothing")})
	names := strings.NewReplacer("INCIDENT", open, "RATED", rated, "LINK", link.Token.Reveal(), "PLAN", mine, "THEIRS", theirs, "SIGN", waiting[0].ID)
	for _, form := range slices.Concat(urgentForms, forms) {
		form.page, form.to = names.Replace(form.page), names.Replace(form.to)
		form.typed = slices.Clone(form.typed)
		for i := range form.typed {
			form.typed[i] = names.Replace(form.typed[i])
		}
		t.Run(form.to[1:]+" of "+form.who, func(t *testing.T) {
			b := o.browser("en")
			if form.who != "" {
				b = o.as(form.who, "en")
			}
			fields := slices.Clone(form.typed)
			if at := slices.Index(fields, "fresh"); at >= 0 {
				fields[at] = o.Code(form.who)
			}
			values := url.Values{}
			for i := 0; i < len(fields); i += 2 {
				values.Add(fields[i], fields[i+1])
			}
			sent := b.send(http.MethodPost, form.to, strings.NewReader(values.Encode()), "Content-Type", "application/x-www-form-urlencoded")
			to := sent.header.Get("Location")
			if page, _, _ := strings.Cut(form.page, "?"); sent.status != http.StatusSeeOther || !strings.HasPrefix(to, page+"?refused=") {
				t.Fatalf("%d to %q: %s", sent.status, to, sent.text())
			}
			p := b.get(to)
			for range 2 { // and again, as a browser does that goes back
				p.keeps(t, form.to, form.wrong, form.status, fields)
				p = b.get(to)
			}
			if form.who != "" {
				other := "manager"
				if form.who == other {
					other = "auditor"
				}
				if text := o.as(other, "en").get(to); strings.Contains(text.body, "data-typed") {
					t.Error("somebody else sees what was typed")
				}
			}
			o.Clock.Add(o.idle() + 1)
			if form.who == "" {
				if p := b.get(to); strings.Contains(p.body, "data-typed") {
					t.Error("what was typed is kept for ever")
				}
			}
		})
	}
}

// keeps looks at the page of a form that was refused.
func (a answer) keeps(t *testing.T, to, wrong string, status int, typed []string) {
	t.Helper()
	if a.status != status || !strings.Contains(a.body, `id="problem"`) {
		t.Errorf("%d, want %d: %s", a.status, status, a.text())
	}
	a.check(t, to, "en")
	for _, secret := range []string{"SECRET", "654321"} {
		if strings.Contains(a.body, secret) {
			t.Errorf("the page has %s", secret)
		}
	}
	sent, elsewhere := map[string][]string{}, map[string][]string{}
	marked := []string{}
	for _, n := range a.nodes(t) {
		name := attr(n, "name")
		if n.Data != "input" && n.Data != "textarea" && n.Data != "option" || attr(n, "type") == "hidden" && name != "digest" && name != "listed" { // what was looked at is kept like what was typed
			continue
		}
		value, ours := attr(n, "value"), false
		if n.Data == "option" {
			if !has(n, "selected") {
				continue
			}
			name = attr(n.Parent, "name")
		}
		if n.Data == "textarea" && n.FirstChild != nil {
			value = n.FirstChild.Data
		}
		if attr(n, "type") == "checkbox" && !has(n, "checked") {
			continue
		}
		for up := n.Parent; up != nil; up = up.Parent {
			ours = ours || up.Data == "form" && attr(up, "action") == to
			if ours && up.Data == "details" && !has(up, "open") {
				t.Errorf("the form is folded away")
			}
		}
		if ours {
			sent[name] = append(sent[name], value)
		} else {
			elsewhere[name] = append(elsewhere[name], value)
		}
		if attr(n, "aria-invalid") == "true" && has(n, "autofocus") {
			marked = append(marked, name)
		}
	}
	if fmt.Sprint(marked) != fmt.Sprintf("[%s]", wrong) {
		t.Errorf("marked as wrong: %v, want %q", marked, wrong)
	}
	for i := 0; i < len(typed); i += 2 {
		name, value := typed[i], typed[i+1]
		switch {
		case slices.Contains([]string{"totp", "password", "recovery_code", "release_code", "password_again", "current", "new", "new_again", "admin_key", "kind", "do", "take_back"}, name):
		case !slices.Contains(sent[name], strings.ReplaceAll(value, "\x00", "\ufffd")):
			t.Errorf("%s is %q, typed was %q", name, sent[name], value)
		case slices.Contains(elsewhere[name], value) && (name == "reason" || name == "until"):
			t.Errorf("%s came into another form too", name)
		}
	}
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// TestEveryFormIsTriedRefused: whoever adds a form adds it to the list.
func TestEveryFormIsTriedRefused(t *testing.T) {
	tried := map[string]bool{"/language": true, "/logout": true, "/preferences/sessions": true, "/preferences/calendar/close": true} // which cannot be refused
	tried["/absences/import"] = true                                                                                                 // a file, which TestWhatIsNoCalendarsFileIsRefusedWithTheReason sends
	tried["*"] = true                                                                                                                // to the page that it is on: of an e-mail address
	word := regexp.MustCompile(`(db0\d|sw01|handover-\d|p-\d|emergency-\d|tech-[bz]|28|LINK|PLAN|SIGN|INCIDENT|RATED|manager|3$)`)
	for _, form := range slices.Concat(urgentForms, forms) {
		tried[word.ReplaceAllString(strings.Replace(form.to, "/people/admin/", "/people/*/", 1), "*")] = true
	}
	posted := regexp.MustCompile(`method="post" action="([^"]*(?:{{[^}]*}}[^"]*)*)"`)
	inserted := regexp.MustCompile(`{{[^}]*}}`)
	files, err := filepath.Glob("templates/*.html")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d templates: %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range posted.FindAllStringSubmatch(string(text), -1) {
			if to := inserted.ReplaceAllString(found[1], "*"); !tried[to] {
				t.Errorf("%s: the form sent to %s is never tried with something that is refused", file, to)
			}
		}
	}
}

// TestAFormThatWasCarriedOutInTheEndIsRefusedNoMore: going back past it shows the
// page as it is.
func TestAFormThatWasCarriedOutInTheEndIsRefusedNoMore(t *testing.T) {
	o := newOffice(t)
	a := o.as("tech-a", "en")
	sent := a.send(http.MethodPost, "/credentials/db01/rotate", strings.NewReader("reason=suspicion&totp=654321"), "Content-Type", "application/x-www-form-urlencoded")
	refused := sent.header.Get("Location")
	a.get(refused).shows(t, 403, "The code is not right.")
	a.done(a.fill("/credentials/db01/rotate", "reason", "suspicion"))
	p := a.get(refused)
	if p.shows(t, 200, "The password is being changed"); strings.Contains(p.text(), "The code is not right.") {
		t.Error("what was done in the end is shown as refused")
	}
}

// TestARefusedFormKeepsTheZoneThatItsTimesWereTypedIn, whatever the reader has chosen
// since: the same digits in another zone are another time.
func TestARefusedFormKeepsTheZoneThatItsTimesWereTypedIn(t *testing.T) {
	o := newOffice(t)
	a := o.as("tech-a", "en")
	const form = "/credentials/db01/offer"
	typed := []string{"reason", "your turn", "until", "2026-03-03T08:00", "zone", "Asia/Tokyo"}
	p := a.post(form, append(typed, "totp", "654321")...)
	p.shows(t, http.StatusForbidden, "The code is not right.")
	zones := map[string]string{}
	for _, n := range p.nodes(t) {
		if attr(n, "name") == "zone" {
			for up := n.Parent; up != nil; up = up.Parent {
				if up.Data == "form" {
					zones[attr(up, "action")] = attr(n, "value")
				}
			}
		}
	}
	if zones[form] != "Asia/Tokyo" {
		t.Errorf("the zones of the forms are now %q", zones)
	}
	a.done(a.fill(form, typed...))
	h, err := o.Store.Handover(t.Context(), "handover-1")
	if want := time.Date(2026, 3, 2, 23, 0, 0, 0, time.UTC); err != nil || !h.ExpectedReturn.Equal(want) {
		t.Errorf("expected back at %s, want %s: %v", h.ExpectedReturn, want, err)
	}
}

// TestAFormSentToNoPageSaysThatThereIsNone, and leads nowhere.
func TestAFormSentToNoPageSaysThatThereIsNone(t *testing.T) {
	o := newOffice(t)
	for _, b := range []*browser{o.browser("en"), o.as("tech-a", "en")} {
		p := b.send(http.MethodPost, "/nothing/here", strings.NewReader("reason=x"), "Content-Type", "application/x-www-form-urlencoded")
		if p.status != http.StatusNotFound || p.header.Get("Location") != "" {
			t.Errorf("%d to %q", p.status, p.header.Get("Location"))
		}
	}
}

// TestRefusedFormsAreBounded: a flood of strangers makes nobody else forget, and a
// person keeps the newest.
func TestRefusedFormsAreBounded(t *testing.T) {
	o := newOffice(t)
	a := o.as("tech-a", "en")
	send := func(b *browser, path, form string) string {
		return b.send(http.MethodPost, path, strings.NewReader(form), "Content-Type", "application/x-www-form-urlencoded").header.Get("Location")
	}
	kept := send(a, "/leave", "reason=kept&totp=1")
	stranger := o.browser("en")
	for range 3 {
		to := send(stranger, "/recovery", "username="+strings.Repeat("x", 10_000))
		if p := stranger.get(to); strings.Contains(p.body, "xxx") {
			t.Error("whatever a stranger sends is kept in memory")
		}
	}
	if p := stranger.get(send(stranger, "/recovery", "username="+strings.Repeat("x", 1000))); !strings.Contains(p.body, "xxx") {
		t.Error("what a stranger typed is forgotten")
	}
	if p := a.get(kept); !strings.Contains(p.body, `value="kept"`) {
		t.Error("strangers made somebody's form be forgotten")
	}
	last := ""
	for range 9 {
		last = send(a, "/leave", "reason=newer&totp=1")
	}
	if p := a.get(kept); strings.Contains(p.body, `value="kept"`) {
		t.Error("a person's forms are kept without a bound")
	}
	if p := a.get(last); !strings.Contains(p.body, `value="newer"`) {
		t.Error("the newest was forgotten")
	}
}
