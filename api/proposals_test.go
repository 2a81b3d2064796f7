package api_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestCustodiansAreChangedByTwo: who asks, what each sees before they decide, and what
// whoever comes too late is told.
func TestCustodiansAreChangedByTwo(t *testing.T) {
	s, ctx := serve(t), t.Context()
	for name, role := range map[string]custody.Role{"tech-c": custody.Technician, "manager": custody.Manager, "director": custody.Director, "second": custody.Director} {
		s.hire(t, name, role)
	}
	admin, manager, director := s.as(t, "admin"), s.as(t, "manager"), s.as(t, "director")
	change := api.SetCustodians{Primary: "tech-a", Backup: "tech-c", Reason: "tech-b changes post", TOTP: "2"}
	p := ok(admin.ProposeCustodians(ctx, "db01", change))(t)
	if p.ID != "p-1" || p.Kind != "custodians" || p.Subject != "db01" || p.Requester != "admin" || p.Reason != "tech-b changes post" ||
		p.Status != custody.Open || p.Revision != 1 || !slices.Equal(p.Needs, []custody.Role{custody.Manager, custody.Director}) ||
		!slices.Equal(p.Can[custody.Director], []string{"director", "second"}) ||
		!slices.Equal(p.Change, []api.Difference{{Field: "primary", Before: "tech-a", After: "tech-a"}, {Field: "backup", Before: "tech-b", After: "tech-c"}}) {
		t.Errorf("proposed %+v", p)
	}
	if mine := ok(manager.Proposals(ctx, desk.ProposalQuery{}, true))(t); len(mine) != 1 || mine[0].ID != "p-1" {
		t.Errorf("the manager can approve %+v", mine)
	}
	if none := ok(admin.Proposals(ctx, desk.ProposalQuery{}, true))(t); len(none) != 0 {
		t.Errorf("the admin can approve %+v", none)
	}

	_, err := admin.Approve(ctx, "p-1", api.ApproveProposal{Digest: p.Digest, TOTP: "3"})
	want(t, err, custody.OwnRequest)
	_, err = s.as(t, "tech-b").Approve(ctx, "p-1", api.ApproveProposal{Digest: p.Digest, TOTP: "2"})
	want(t, err, custody.NotEligible)
	p = ok(manager.Approve(ctx, "p-1", api.ApproveProposal{Digest: p.Digest, TOTP: "2"}))(t)
	if len(p.Approvals) != 1 || p.Approvals[0].Person != "manager" || !slices.Equal(p.Needs, []custody.Role{custody.Director}) {
		t.Errorf("approved by one: %+v", p)
	}

	change.Primary, change.TOTP = "tech-b", "3"
	edited := ok(admin.Revise(ctx, "p-1", "custodians", change))(t)
	if edited.Revision != 2 || len(edited.Approvals) != 0 || edited.Digest == p.Digest {
		t.Errorf("revised: %+v", edited)
	}
	_, err = director.Approve(ctx, "p-1", api.ApproveProposal{Digest: p.Digest, TOTP: "2"})
	if problem := want(t, err, custody.Conflict); problem.Field != "digest" || problem.Args["revision"] != 2.0 {
		t.Errorf("an old digest: %+v", problem)
	}
	p = ok(director.Approve(ctx, "p-1", api.ApproveProposal{Digest: edited.Digest, TOTP: "2"}))(t) // the code was not used up
	p = ok(manager.Approve(ctx, "p-1", api.ApproveProposal{Digest: p.Digest, TOTP: "3"}))(t)
	if p.Status != custody.Effected || p.EndedBy != "manager" || len(p.Needs) != 0 || len(p.Can) != 0 {
		t.Errorf("approved by both: %+v", p)
	}
	if c := ok(admin.Credential(ctx, "db01"))(t); c.Primary != "tech-b" || c.Backup != "tech-c" || c.Successor != "tech-b" || c.Rotation.Reason != custody.ForCustodians {
		t.Errorf("afterwards %+v", c)
	}
	_, err = s.as(t, "second").Approve(ctx, "p-1", api.ApproveProposal{Digest: p.Digest, TOTP: "2"})
	if problem := want(t, err, custody.AlreadyDecided); problem.Args["by"] != "manager" {
		t.Errorf("who comes too late is told %+v", problem)
	}
}

// TestASeatIsSomebodysUntilADate: asked for, shown, revised to another date.
func TestASeatIsSomebodysUntilADate(t *testing.T) {
	s, ctx := serve(t), t.Context()
	for name, role := range map[string]custody.Role{"tech-c": custody.Technician, "manager": custody.Manager, "director": custody.Director} {
		s.hire(t, name, role)
	}
	admin := s.as(t, "admin")
	in := func(days int) time.Time { return s.Time().AddDate(0, 0, days).Truncate(time.Second) }
	until := in(10)
	change := api.SetCustodians{Primary: "tech-a", Backup: "tech-c", Until: until, Reason: "tech-b is abroad", TOTP: "2"}
	p := ok(admin.ProposeCustodians(ctx, "db01", change))(t)
	if last := p.Change[len(p.Change)-1]; last != (api.Difference{Field: "stands_in_until", After: until.UTC().Format(time.RFC3339)}) {
		t.Errorf("proposed %+v", p.Change)
	}
	change.Until, change.TOTP = in(20), "3"
	p = ok(admin.Revise(ctx, p.ID, "custodians", change))(t)
	change.Until, change.TOTP = in(1000), "4"
	_, err := admin.Revise(ctx, p.ID, "custodians", change)
	if problem := want(t, err, custody.InvalidRequest); problem.Field != "until" {
		t.Errorf("%+v", problem)
	}
	for _, who := range []string{"manager", "director"} {
		p = ok(s.as(t, who).Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"}))(t)
	}
	c := ok(s.as(t, "tech-c").Credential(ctx, "db01"))(t)
	if c.Stands == nil || c.Stands.Person != "tech-c" || c.Stands.Original != "tech-b" || !c.Stands.Until.Equal(in(20)) || c.Stands.Stays != "" {
		t.Errorf("afterwards %+v", c.Stands)
	}
	change.Until, change.TOTP = in(20), "4"
	_, err = admin.ProposeCustodians(ctx, "db01", change)
	want(t, err, custody.Conflict)
	change.Primary, change.Backup, change.Until = "tech-b", "tech-c", in(30)
	_, err = admin.ProposeCustodians(ctx, "db01", change)
	if problem := want(t, err, custody.Conflict); problem.Args["original"] != "tech-b" || problem.Field != "until" {
		t.Errorf("of both seats: %+v", problem)
	}
}

func TestAProposalIsRejectedOrWithdrawn(t *testing.T) {
	s, ctx := serve(t), t.Context()
	for name, role := range map[string]custody.Role{"tech-c": custody.Technician, "manager": custody.Manager, "director": custody.Director} {
		s.hire(t, name, role)
	}
	change := api.SetCustodians{Primary: "tech-a", Backup: "tech-c", Reason: "tech-b changes post", TOTP: "2"}
	holder := s.as(t, "tech-a")
	p := ok(holder.ProposeCustodians(ctx, "db01", change))(t)
	p = ok(s.as(t, "director").Reject(ctx, p.ID, api.RejectProposal{Digest: p.Digest, Reason: "stays", TOTP: "2"}))(t)
	if p.Status != custody.Rejected || p.EndedBy != "director" || p.Change[1].Before != "" {
		t.Errorf("rejected: %+v", p)
	}
	change.TOTP = "3"
	p = ok(holder.ProposeCustodians(ctx, "db01", change))(t)
	_, err := s.as(t, "tech-b").Withdraw(ctx, p.ID)
	want(t, err, custody.Forbidden)
	if p = ok(holder.Withdraw(ctx, p.ID))(t); p.Status != custody.Withdrawn {
		t.Errorf("withdrawn: %+v", p)
	}
	_, err = holder.Proposal(ctx, "p-9")
	want(t, err, custody.NotFound)
	if all := ok(holder.Proposals(ctx, desk.ProposalQuery{}, false))(t); len(all) != 2 {
		t.Errorf("there are %+v", all)
	}
	if open := ok(holder.Proposals(ctx, desk.ProposalQuery{Open: true}, false))(t); len(open) != 0 {
		t.Errorf("open are %+v", open)
	}
}
