package api_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// invite has somebody approved, and gives them a link, by whoever is there.
func (w *world) invite(t *testing.T, name string, role custody.Role) {
	t.Helper()
	change := custody.AddPerson{Username: name, Name: name, Roles: []custody.Role{role}, TOTPPeriod: 30}
	w.must(t, "admin", "100", custody.Propose{Change: custody.Change{Proposable: change}, Reason: desk.NewNote("x")})
	var asked custody.Proposal
	for p := range w.state.OpenProposals() {
		asked = p
	}
	w.must(t, "manager", "100", custody.Approve{Proposal: asked.ID, Digest: asked.Digest()})
	w.must(t, "admin", "101", custody.IssueLink{Person: name, Link: strings.Repeat("a", 64)})
	w.given = nil
}

// TestSomebodyBecomesAPersonByTheAPI: no answer ever has a password or a seed of theirs
// but those to themselves.
func TestSomebodyBecomesAPersonByTheAPI(t *testing.T) {
	s, ctx := serve(t), t.Context()
	s.hire(t, "manager", custody.Manager)
	s.hire(t, "director", custody.Director)
	admin, manager := s.as(t, "admin"), s.as(t, "manager")
	p := ok(admin.AddPerson(ctx, api.AddPerson{Username: "tech-n", Name: "Nina", Email: "n@example.org", Roles: []custody.Role{custody.Technician}, Reason: "new", TOTP: "2"}))(t)
	if p.Kind != "person" || p.Subject != "tech-n" || p.Status != custody.Open || !slices.Equal(p.Needs, []custody.Role{custody.Manager}) ||
		!slices.Contains(p.Change, api.Difference{Field: "roles", After: "technician"}) || !slices.Contains(p.Change, api.Difference{Field: "email", After: "n@example.org"}) {
		t.Errorf("proposed %+v", p)
	}
	p = ok(manager.Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"}))(t)
	if p.Status != custody.Effected || p.Release != "" {
		t.Errorf("approved %+v", p)
	}
	if n := ok(admin.Person(ctx, "tech-n"))(t); !n.Admission || n.Enrolled {
		t.Errorf("tech-n %+v", n)
	}
	_, err := manager.IssueLink(ctx, "tech-n", "3")
	want(t, err, custody.Forbidden)
	link := ok(admin.IssueLink(ctx, "tech-n", "3"))(t)
	if !strings.HasSuffix(string(link.Link), "/activation/"+theLink) || link.ExpiresAt.IsZero() {
		t.Errorf("link %+v", link)
	}
	for who, reads := range map[string]bool{"manager": true, "admin": false, "director": false} {
		if seen := ok(s.as(t, who).Proposal(ctx, p.ID))(t); (seen.Release == theReleaseCode) != reads || !reads && seen.Release != "" {
			t.Errorf("%s sees %q", who, seen.Release)
		}
	}
	stranger := s.as(t, "stranger")
	_, err = stranger.OpenLink(ctx, theLink, api.OpenLink{ReleaseCode: "111111", Password: "x"})
	if problem := want(t, err, custody.Forbidden); problem.Field != "release_code" || problem.Args["left"] != 4.0 {
		t.Errorf("a wrong code: %+v", problem)
	}
	_, err = stranger.OpenLink(ctx, "another", api.OpenLink{ReleaseCode: theReleaseCode, Password: "x"})
	want(t, err, custody.Unauthenticated)
	shown := ok(stranger.OpenLink(ctx, theLink, api.OpenLink{ReleaseCode: theReleaseCode, Password: "x"}))(t)
	if shown.TOTPSecret != "SEED" || shown.TOTPPeriod != 30 || shown.OTPAuth == "" {
		t.Errorf("shown %+v", shown)
	}
	joined := ok(stranger.Join(ctx, theLink, "2"))(t)
	if joined.Username != "tech-n" || len(joined.RecoveryCodes) != 1 {
		t.Errorf("joined %+v", joined)
	}
	if n := ok(admin.Person(ctx, "tech-n"))(t); n.Admission || !n.Enrolled {
		t.Errorf("tech-n %+v", n)
	}
}

func TestRolesAndEnrolmentsAreProposed(t *testing.T) {
	s, ctx := serve(t), t.Context()
	s.hire(t, "manager", custody.Manager)
	s.hire(t, "director", custody.Director)
	admin := s.as(t, "admin")
	p := ok(admin.SetRoles(ctx, "tech-b", api.SetRoles{Roles: []custody.Role{custody.Technician, custody.Manager}, Reason: "both", TOTP: "2"}))(t)
	if p.Kind != "roles" || !slices.Equal(p.Change, []api.Difference{{Field: "roles", Before: "technician", After: "manager, technician"}}) {
		t.Errorf("roles %+v", p)
	}
	p = ok(admin.Enrol(ctx, "tech-a", api.ConfirmedReason{Reason: "lost", TOTP: "3"}))(t)
	if p.Kind != "enrolment" || p.Subject != "tech-a" || !slices.Equal(p.Needs, []custody.Role{custody.Manager}) || len(p.Change) != 0 {
		t.Errorf("enrolment %+v", p)
	}
	_, err := admin.Person(ctx, "nobody")
	want(t, err, custody.NotFound)
}

func TestTheFoundingIsConfirmedByTwo(t *testing.T) {
	s, ctx := serve(t), t.Context()
	s.hire(t, "manager", custody.Manager)
	s.hire(t, "director", custody.Director)
	f := ok(s.as(t, "manager").Founding(ctx))(t)
	if f.Founded || len(f.People) != 6 || f.LedgerKey == "" || len(f.Confirmed) != 0 {
		t.Errorf("before %+v", f)
	}
	_, err := s.as(t, "admin").ConfirmFounding(ctx, api.ConfirmFounding{Digest: f.Digest, TOTP: "2"})
	want(t, err, custody.Forbidden)
	_, err = s.as(t, "manager").ConfirmFounding(ctx, api.ConfirmFounding{Digest: "another", TOTP: "2"})
	if problem := want(t, err, custody.Conflict); problem.Field != "digest" {
		t.Errorf("another list: %+v", problem)
	}
	if f = ok(s.as(t, "manager").ConfirmFounding(ctx, api.ConfirmFounding{Digest: f.Digest, TOTP: "2"}))(t); f.Founded || !slices.Equal(f.Confirmed, []string{"manager"}) {
		t.Errorf("by one %+v", f)
	}
	if f = ok(s.as(t, "director").ConfirmFounding(ctx, api.ConfirmFounding{Digest: f.Digest, TOTP: "2"}))(t); !f.Founded {
		t.Errorf("by both %+v", f)
	}
}
