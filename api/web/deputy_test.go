package web_test

import (
	"cmp"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestADeputyIsNamedAndDecidesOnThePages: the manager goes on leave, and who stands in is
// said wherever it counts.
func TestADeputyIsNamedAndDecidesOnThePages(t *testing.T) {
	o := newOffice(t)
	o.HireAs("tech-c", "Carl C", custody.Technician)
	o.HireAs("director", "Dora D", custody.Director)
	m := o.as("manager", "en")
	m.get("/people/manager/deputy").shows(t, 200, "Nobody decides in their place while they are away.", "Propose a deputy")
	p := m.done(m.fill("/people/manager/deputy", "deputy", "Carl", "ends", "2026-03-20T18:00", "zone", "UTC", "reason", "holiday"))
	p.shows(t, 200, "Proposed.", "A deputy", "Carl C", "2026-03-20 18:00", "Dora D")
	p.check(t, "deputy-proposed", "en")
	o.Must("director", custody.Approve{Proposal: "p-1", Digest: o.digest("p-1")})
	p = m.get("/people/manager/deputy")
	p.shows(t, 200, "While they are away:", "Carl C", "End it now")
	p.check(t, "deputy", "en")
	c := o.as("tech-c", "zh")
	c.get("/people/manager/deputy").shows(t, 200, "立即结束", "至 2026-03-20 18:00")
	o.as("tech-a", "en").fill("/people/manager/deputy/end").shows(t, 403)

	o.Must("admin", custody.Propose{Change: custody.Change{Proposable: custody.SetCustodians{Credential: "db01", Primary: "tech-b", Backup: "tech-a"}}, Reason: desk.NewNote("they swap")})
	if said := c.get("/").text(); strings.Contains(said, "they swap") {
		t.Error("asked to decide while the manager is there")
	}
	c.get("/proposals/p-2").shows(t, 403)
	o.Must("manager", custody.GoAway{})
	c.get("/").shows(t, 200, "等待您批准", "db01")
	c.get("/proposals/p-2").shows(t, 200, "they swap", "您的决定")
	c.done(c.fill("/proposals/p-2/approve", "digest", o.digest("p-2"))).shows(t, 200, "已批准。", "Carl C", "代", "Mia M")
	m.get("/proposals/p-2").shows(t, 200, "Carl C tech-c for Mia M manager")
	m.get("/people").shows(t, 200, "Deputy : tech-c")
	m.done(m.fill("/people/manager/deputy/end")).shows(t, 200, "It has ended.", "Nobody decides")
	m.get("/proposals/p-2").shows(t, 200, "Approval does not count any more")
}

func (o *office) digest(id string) string {
	p, err := o.Store.Proposal(o.T.Context(), id)
	if err != nil {
		o.T.Fatal(err)
	}
	return p.Digest()
}

// TestPagesSayWhereFewerThanTwoCouldApprove: on the first page, with the policy, before
// somebody's access or role is taken, and of what waits.
func TestPagesSayWhereFewerThanTwoCouldApprove(t *testing.T) {
	o := newOffice(t)
	o.HireAs("director", "Dora D", custody.Director)
	o.HireAs("mona", "Mona", custody.Manager)
	const warning = "nobody else could approve at this level"
	admin := o.as("admin", "en")
	for _, page := range []string{"/", "/policy"} {
		said := admin.get(page)
		said.shows(t, 200, "director: Dora D director", warning)
		if strings.Contains(said.text(), "manager: M") {
			t.Errorf("%s: there are two managers", page)
		}
	}
	if said := o.as("tech-a", "en").get("/").text(); strings.Contains(said, warning) {
		t.Error("a technician can do nothing about it")
	}
	p := admin.get("/admin/people/mona/disable")
	p.shows(t, 200, "Once their access has ended:", "manager: Mia M manager", warning)
	p.check(t, "disable-few", "en")
	admin.get("/admin/people/mona/roles").shows(t, 200, "Without this person's role:", "manager: Mia M manager")
	if said := admin.get("/admin/people/tech-a/disable").text(); strings.Contains(said, warning) {
		t.Error("a technician's access ends, and it is no matter of approvals")
	}
	p = admin.done(admin.fill("/admin/people/mona/roles", "roles", "technician", "reason", "another post"))
	p.shows(t, 200, "Once it has taken effect:", "manager: Mia M manager", warning)
	p.check(t, "proposal-few", "en")
}

// TestAProposalIsRevisedInTheFormThatAskedForIt, filled in with what it asks for.
func TestAProposalIsRevisedInTheFormThatAskedForIt(t *testing.T) {
	o := newOffice(t)
	o.HireAs("tech-c", "Carl C", custody.Technician)
	o.HireAs("director", "Dora D", custody.Director)
	o.HireAs("mona", "Mona", custody.Manager)
	admin := o.as("admin", "en")
	soon := o.Clock.Now().AddDate(0, 2, 0)
	values := o.Desk.PolicyInForce().Values
	values.Lease = 2 * time.Hour
	add := custody.AddCredential{Name: "db09", Primary: "tech-a", Backup: "tech-b", Target: desk.NewTarget(custody.Target{Kind: "ssh", Address: "db09:22", Account: "root", Settings: map[string]string{"host_key": "ssh-ed25519 AAAA"}})}
	add.Target.Identities = desk.Identities(nil, "db09")
	was, err := o.Store.Credential(t.Context(), "db01")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := desk.NewTarget(custody.Target{Kind: "ssh", Address: "typo.example:22", Settings: map[string]string{"host_key": "ssh-ed25519 AAAA"}})
	elsewhere.Account, elsewhere.Identities = was.Target.Account, was.Target.Identities
	for _, c := range []struct {
		change custody.Proposable
		to     string
		sends  []string // instead of what was asked for
		shows  string   // beside what is there
	}{
		{custody.SetCustodians{Credential: "db01", Primary: "tech-b", Backup: "tech-a"}, "/credentials/db01/custodians", []string{"backup", "tech-c"}, "Carl C"},
		{custody.SetCustodians{Credential: "db01", Primary: "tech-c", Backup: "tech-b", Until: soon}, "/credentials/db01/custodians", []string{"until", "2026-03-20T18:00"}, "2026-03-20 18:00"},
		{custody.ChangePolicy{Credential: "db02", Policy: custody.CredentialPolicy{MaxExposed: 2}}, "/credentials/db02/policy", []string{"max_age_days", "30"}, "30 d"},
		{custody.AddPerson{Username: "zoe", Name: "Zoe", Roles: []custody.Role{custody.Technician}, TOTPPeriod: period}, "/admin/people/new", []string{"name", "Zoë Zimt"}, "Zoë Zimt"},
		{custody.SetRoles{Person: "tech-c", Roles: []custody.Role{custody.Auditor}}, "/admin/people/tech-c/roles", []string{"roles", "manager"}, "manager"},
		{custody.NameDeputy{Person: "mona", Deputy: "tech-c", Ends: soon}, "/people/mona/deputy", []string{"ends", "2026-03-20T18:00"}, "2026-03-20 18:00"},
		{custody.PlanDeparture{Person: "tech-c", At: soon}, "/admin/people/tech-c/departure", []string{"at", "2026-03-20T18:00"}, "2026-03-20 18:00"},
		{custody.ChangeEmail{Person: "tech-c", Email: desk.NewNote("typo@example.org")}, "/admin/people/tech-c/email", []string{"email", "carl@example.org"}, "carl@example.org"},
		{custody.Retarget{Credential: "db01", Target: elsewhere}, "/credentials/db01/target", []string{"address", "db01.example:2222"}, "db01.example:2222"},
		{custody.AdoptPolicy{Values: values, ReviewBy: soon}, "/policy", []string{"lease", "3h"}, "3h"},
		{custody.ReviewPolicy{Version: 1, ReviewBy: soon}, "/policy/review", []string{"review_by", "2026-06-20"}, "2026-06-20"},
		{add, "/admin/credentials/new", []string{"address", "db09.example:2222", "password", "s", "do", "add"}, "db09.example:2222"},
	} {
		asked := o.Must("admin", custody.Propose{Change: custody.Change{Proposable: c.change}, Reason: desk.NewNote("first thought")}).Events[0].Fact.Subject()
		admin.get("/proposals/"+asked).shows(t, 200, "Revise")
		form := admin.get("/proposals/" + asked + "/revise")
		if form.status != 303 {
			t.Fatalf("%s: %d", c.to, form.status)
		}
		page := admin.get(form.header.Get("Location"))
		page.shows(t, 200, "takes the place of what was asked for", asked)
		fields := filledIn(t, page, c.to)
		if fields.Get("revise") != asked || fields.Get("reason") != "first thought" {
			t.Errorf("%s: the form has %v", c.to, fields)
		}
		for i := 0; i < len(c.sends); i += 2 {
			fields.Set(c.sends[i], c.sends[i+1])
		}
		fields.Set("reason", "second thought")
		var sent []string
		for name, all := range fields {
			for _, value := range all {
				if name != "key" && name != "totp" {
					sent = append(sent, name, value)
				}
			}
		}
		// Refused, it is still a revision, and loses nothing.
		refused := admin.post(c.to, append([]string{"totp", "000000"}, sent...)...)
		refused.shows(t, 403, "takes the place of what was asked for")
		if again := filledIn(t, refused, c.to); again.Get("revise") != asked || again.Get("reason") != "second thought" {
			t.Errorf("%s: refused, the form has %v", c.to, again)
		}
		done := admin.done(admin.fill(c.to, sent...))
		done.shows(t, 200, "Revised. It has to be approved anew.", "revision 2", "second thought", c.shows)
		o.as("tech-a", "en").get("/proposals/" + asked + "/revise") // who did not ask is led back
		o.Must("admin", custody.Withdraw{Proposal: asked})
		admin.done(admin.get("/proposals/"+asked+"/revise")).shows(t, 200, "withdrawn")
	}
	asked := o.Must("admin", custody.Propose{Change: custody.Change{Proposable: custody.Retire{Credential: "db01"}}, Reason: desk.NewNote("x")}).Events[0].Fact.Subject()
	if said := admin.get("/proposals/" + asked).text(); strings.Contains(said, "Revise") {
		t.Error("there is nothing to edit in the end of a custody")
	}
}

// filledIn gives what a browser would send of a form as it stands on a page.
func filledIn(t *testing.T, page answer, action string) url.Values {
	t.Helper()
	sent := url.Values{}
	for _, n := range page.nodes(t) {
		if n.Data != "form" || attr(n, "action") != action {
			continue
		}
		for field := range n.Descendants() {
			name := attr(field, "name")
			switch {
			case name == "" || field.Type != html.ElementNode:
			case field.Data == "select":
				for option := range field.Descendants() {
					if option.Data == "option" && has(option, "selected") {
						sent.Set(name, cmp.Or(attr(option, "value"), option.FirstChild.Data))
					}
				}
			case field.Data == "textarea":
				if field.FirstChild != nil {
					sent.Set(name, field.FirstChild.Data)
				}
			case field.Data == "input" && (attr(field, "type") != "checkbox" || has(field, "checked")):
				sent.Add(name, attr(field, "value"))
			}
		}
	}
	if len(sent) == 0 {
		t.Fatalf("there is no form for %s on the page", action)
	}
	return sent
}
