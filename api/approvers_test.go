package api_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// withApprovers is a server with a manager, a director and tech-c, who is custodian of
// nothing.
func withApprovers(t *testing.T) served {
	s := serve(t)
	for name, role := range map[string]custody.Role{"tech-c": custody.Technician, "manager": custody.Manager, "director": custody.Director} {
		s.hire(t, name, role)
	}
	return s
}

// TestADeputyApprovesForTheManager: who asks, what stands there meanwhile, and that it is
// said for whom.
func TestADeputyApprovesForTheManager(t *testing.T) {
	s, ctx := withApprovers(t), t.Context()
	manager, director, deputy, admin := s.as(t, "manager"), s.as(t, "director"), s.as(t, "tech-c"), s.as(t, "admin")
	ends := s.Time().Add(30 * 24 * time.Hour).Truncate(time.Second)
	asked := api.NameDeputy{Deputy: "tech-c", Ends: ends, Reason: "holiday", TOTP: "2"}
	_, err := admin.NameDeputy(ctx, "manager", asked)
	want(t, err, custody.NoApprover)
	p := ok(manager.NameDeputy(ctx, "manager", asked))(t)
	if p.Kind != "deputy" || p.Subject != "manager" || !slices.Equal(p.Needs, []custody.Role{custody.Director}) ||
		!slices.Equal(p.Change, []api.Difference{{Field: "deputy", After: "tech-c"}, {Field: "starts"}, {Field: "ends", After: ends.UTC().Format(time.RFC3339)}}) {
		t.Errorf("proposed %+v", p)
	}
	ok(director.Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"}))(t)
	if d := ok(admin.Person(ctx, "manager"))(t).Deputy; d == nil || d.Person != "tech-c" || !d.Ends.Equal(ends) || d.Acts {
		t.Errorf("the manager has the deputy %+v", d)
	}

	s.must(t, "manager", "3", custody.GoAway{})
	if d := ok(admin.Person(ctx, "manager"))(t).Deputy; d == nil || !d.Acts {
		t.Errorf("while the manager is away: %+v", d)
	}
	p = ok(admin.ProposeCustodians(ctx, "db01", api.SetCustodians{Primary: "tech-b", Backup: "tech-a", Reason: "they swap", TOTP: "3"}))(t)
	if !slices.Equal(p.Can[custody.Manager], []string{"manager", "tech-c"}) {
		t.Errorf("can approve: %v", p.Can)
	}
	if mine := ok(deputy.Proposals(ctx, desk.ProposalQuery{}, true))(t); len(mine) != 1 || mine[0].ID != p.ID {
		t.Errorf("the deputy can approve %+v", mine)
	}
	p = ok(deputy.Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"}))(t)
	if len(p.Approvals) != 1 || p.Approvals[0].Person != "tech-c" || p.Approvals[0].For != "manager" || p.Approvals[0].Level != custody.Manager {
		t.Errorf("approved %+v", p.Approvals)
	}
	if _, err := s.as(t, "tech-a").EndDeputy(ctx, "manager", "2"); err == nil {
		t.Error("ended by a technician")
	}
	if after := ok(admin.EndDeputy(ctx, "manager", "4"))(t); after.Deputy != nil {
		t.Errorf("ended: %+v", after.Deputy)
	}
	if p = ok(admin.Proposal(ctx, p.ID))(t); len(p.Approvals) != 0 || !slices.Contains(p.Needs, custody.Manager) {
		t.Errorf("what was approved in their place: %+v", p)
	}
}

// TestWhereFewerThanTwoCouldApprove: before it comes to that, and while it is so, to
// everybody who can do something about it, and to no technician.
func TestWhereFewerThanTwoCouldApprove(t *testing.T) {
	s, ctx := withApprovers(t), t.Context()
	s.hire(t, "mia", custody.Manager)
	admin := s.as(t, "admin")
	director := api.FewerThanTwo{Level: custody.Director, Able: []string{"director"}}
	manager := api.FewerThanTwo{Level: custody.Manager, Able: []string{"manager"}}
	got := ok(admin.Approving(ctx))(t)
	if want := (api.Approving{Levels: []api.LevelOf{{Level: custody.Manager, Able: []string{"manager", "mia"}}, {Level: custody.Director, Able: []string{"director"}}}, Few: []api.FewerThanTwo{director}}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if few := ok(admin.Me(ctx))(t).FewApprovers; !reflect.DeepEqual(few, []api.FewerThanTwo{director}) {
		t.Errorf("the admin is told %+v", few)
	}
	if few := ok(s.as(t, "tech-a").Me(ctx))(t).FewApprovers; few != nil {
		t.Errorf("a technician is told %+v", few)
	}
	if ready := s.ops(t, "/readyz").Body.String(); !strings.Contains(ready, "few_approvers: as director only director can approve") || strings.Contains(ready, "as manager") {
		t.Error(ready)
	}
	metrics := s.ops(t, "/metrics").Body.String()
	for _, line := range []string{`tandem_approvers{level="manager"} 2`, `tandem_approvers{level="director"} 1`, `tandem_credentials_short_of_approvers 0`} {
		if !slices.Contains(strings.Split(metrics, "\n"), line) {
			t.Errorf("no %s", line)
		}
	}

	if d := ok(admin.Disabling(ctx, "mia"))(t); !reflect.DeepEqual(d.Warnings, []api.FewerThanTwo{manager}) {
		t.Errorf("before mia is disabled: %+v", d.Warnings)
	}
	if d := ok(admin.Disabling(ctx, "tech-a"))(t); len(d.Warnings) != 0 {
		t.Errorf("before tech-a is disabled: %+v", d.Warnings)
	}
	p := ok(admin.SetRoles(ctx, "mia", api.SetRoles{Roles: []custody.Role{custody.Technician}, Reason: "post", TOTP: "2"}))(t)
	if !reflect.DeepEqual(p.Warnings, []api.FewerThanTwo{manager}) {
		t.Errorf("before mia has other roles: %+v", p.Warnings)
	}
	p = ok(s.as(t, "manager").Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"}))(t)
	if p.Status != custody.Effected || len(p.Warnings) != 0 {
		t.Errorf("afterwards %+v", p)
	}
	if few := ok(admin.Approving(ctx))(t).Few; !reflect.DeepEqual(few, []api.FewerThanTwo{director, manager}) {
		t.Errorf("afterwards %+v", few)
	}
}

// TestEveryKindThatHasSomethingToEditIsRevised, by whoever asked, with the body that asked
// for it: what was approved counts no more, and a decision about what it was says so.
func TestEveryKindThatHasSomethingToEditIsRevised(t *testing.T) {
	in := func(s served, days int) time.Time { return s.Time().AddDate(0, 0, days).Truncate(time.Second) }
	values := api.ValuesOf(custody.DefaultPolicy())
	other := values
	other.LeaseSeconds = 60
	again := other
	again.LeaseSeconds = 120
	account := api.AddCredential{Name: "db09", Target: api.Target{Kind: "ssh", Address: "db09:22", Account: "root"}, Primary: "tech-a", Backup: "tech-b", Secret: "once", Reason: "x", TOTP: "2"}
	moved := account
	moved.Target.Address, moved.Secret, moved.TOTP = "db09:2222", "again", "3"
	for kind, c := range map[string]struct {
		ask    func(served, *client.Client) (api.Proposal, error)
		revise func(served) any
		change string // a field that is another by then
	}{
		"custodians": {func(s served, a *client.Client) (api.Proposal, error) {
			return a.ProposeCustodians(t.Context(), "db01", api.SetCustodians{Primary: "tech-b", Backup: "tech-a", Reason: "x", TOTP: "2"})
		}, func(served) any {
			return api.SetCustodians{Primary: "tech-a", Backup: "tech-c", Reason: "x", TOTP: "3"}
		}, "backup"},
		"person": {func(s served, a *client.Client) (api.Proposal, error) {
			return a.AddPerson(t.Context(), api.AddPerson{Username: "zoe", Name: "Zoe", Roles: []custody.Role{custody.Technician}, Reason: "x", TOTP: "2"})
		}, func(served) any {
			return api.AddPerson{Username: "zoe", Name: "Zoë", Roles: []custody.Role{custody.Technician}, Reason: "x", TOTP: "3"}
		}, "name"},
		"roles": {func(s served, a *client.Client) (api.Proposal, error) {
			return a.SetRoles(t.Context(), "tech-c", api.SetRoles{Roles: []custody.Role{custody.Auditor}, Reason: "x", TOTP: "2"})
		}, func(served) any {
			return api.SetRoles{Roles: []custody.Role{custody.Manager}, Reason: "x", TOTP: "3"}
		}, "roles"},
		"deputy": {func(s served, a *client.Client) (api.Proposal, error) {
			return a.NameDeputy(t.Context(), "mia", api.NameDeputy{Deputy: "tech-c", Ends: in(s, 3), Reason: "x", TOTP: "2"})
		}, func(s served) any {
			return api.NameDeputy{Deputy: "tech-c", Ends: in(s, 9), Reason: "x", TOTP: "3"}
		}, "ends"},
		"credential": {func(s served, a *client.Client) (api.Proposal, error) { return a.AddCredential(t.Context(), account) }, func(served) any { return moved }, "address"},
		"credential_policy": {func(s served, a *client.Client) (api.Proposal, error) {
			return a.ProposePolicy(t.Context(), "db01", api.ProposePolicy{Policy: api.Policy{MaxExposed: 1}, Reason: "x", TOTP: "2"})
		}, func(served) any {
			return api.ProposePolicy{Policy: api.Policy{MaxExposed: 2}, Reason: "x", TOTP: "3"}
		}, "policy.max_exposed"},
		"retarget": {func(s served, a *client.Client) (api.Proposal, error) {
			return a.Retarget(t.Context(), "db01", api.Retarget{Address: "typo.example:22", Secret: "once", Reason: "x", TOTP: "2"})
		}, func(served) any {
			return api.Retarget{Address: "db01.example:2222", Secret: "again", Reason: "x", TOTP: "3"}
		}, "address"},
		"change_email": {func(s served, a *client.Client) (api.Proposal, error) {
			return a.ProposeEmail(t.Context(), "tech-b", api.ProposeEmail{Email: "typo@example.org", Reason: "x", TOTP: "2"})
		}, func(served) any {
			return api.ProposeEmail{Email: "bo@example.org", Reason: "x", TOTP: "3"}
		}, "email"},
		"plan_departure": {func(s served, a *client.Client) (api.Proposal, error) {
			return a.PlanDeparture(t.Context(), "tech-b", api.PlanDeparture{At: in(s, 30), Reason: "x", TOTP: "2"})
		}, func(s served) any {
			return api.PlanDeparture{At: in(s, 40), Reason: "x", TOTP: "3"}
		}, "access_ends"},
		"adopt_policy": {func(s served, a *client.Client) (api.Proposal, error) {
			return a.AdoptPolicy(t.Context(), api.AdoptPolicy{Values: other, ReviewBy: in(s, 200), Reason: "x", TOTP: "2"})
		}, func(s served) any {
			return api.AdoptPolicy{Values: again, ReviewBy: in(s, 200), Reason: "x", TOTP: "3"}
		}, "lease"},
		"review_policy": {func(s served, a *client.Client) (api.Proposal, error) {
			return a.ReviewPolicy(t.Context(), api.ReviewPolicy{Version: 1, ReviewBy: in(s, 200), Reason: "x", TOTP: "2"})
		}, func(s served) any {
			return api.ReviewPolicy{Version: 1, ReviewBy: in(s, 300), Reason: "x", TOTP: "3"}
		}, "review_by"},
	} {
		t.Run(kind, func(t *testing.T) {
			s, ctx := withApprovers(t), t.Context()
			s.hire(t, "mia", custody.Manager)
			admin, manager := s.as(t, "admin"), s.as(t, "manager")
			after := func(p api.Proposal) string {
				for _, d := range p.Change {
					if d.Field == c.change {
						return d.After
					}
				}
				return "nothing of " + c.change
			}
			p := ok(c.ask(s, admin))(t)
			_, err := s.as(t, "tech-a").Revise(ctx, p.ID, kind, c.revise(s))
			want(t, err, custody.Forbidden)
			revised := ok(admin.Revise(ctx, p.ID, kind, c.revise(s)))(t)
			if revised.Kind != kind || revised.Revision != 2 || len(revised.Approvals) != 0 || revised.Digest == p.Digest || after(revised) == after(p) {
				t.Errorf("was %+v\nis %+v", p, revised)
			}
			_, err = manager.Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"})
			if problem := want(t, err, custody.Conflict); problem.Field != "digest" || problem.Args["revision"] != 2.0 {
				t.Errorf("an old digest: %+v", problem)
			}
			approved := ok(manager.Approve(ctx, p.ID, api.ApproveProposal{Digest: revised.Digest, TOTP: "2"}))(t) // the code was not used up
			if len(approved.Approvals) != 1 && approved.Status != custody.Effected {
				t.Errorf("approved %+v", approved)
			}
			if kind == "credential" && s.passwords["db09"].Reveal() != "again" {
				t.Error("it keeps what came with the first request")
			}
			// Nor is a proposal turned into something else by another's path.
			for other := range map[string]bool{"roles": true, "custodians": true, "review_policy": true} {
				if other == kind || approved.Status != custody.Open {
					continue
				}
				body := map[string]any{"roles": api.SetRoles{Roles: []custody.Role{custody.Technician}, Reason: "x", TOTP: "4"}, "custodians": api.SetCustodians{Primary: "tech-b", Backup: "tech-a", Reason: "x", TOTP: "4"}, "review_policy": api.ReviewPolicy{Version: 1, ReviewBy: in(s, 100), Reason: "x", TOTP: "4"}}[other]
				_, err := admin.Revise(ctx, p.ID, other, body)
				want(t, err, custody.InvalidRequest)
			}
			_, err = admin.Revise(ctx, "p-99", kind, c.revise(s))
			want(t, err, custody.NotFound)
		})
	}
}
