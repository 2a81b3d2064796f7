package api_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
)

// TestARefoundingOverTheAPI: asked for, confirmed, announced, seen by everybody, and said
// no to by a technician.
func TestARefoundingOverTheAPI(t *testing.T) {
	s := serve(t)
	ctx := t.Context()
	for name, role := range map[string]custody.Role{"manager": custody.Manager, "director": custody.Director} {
		s.hire(t, name, role)
	}
	admin, manager, auditor := s.as(t, "admin"), s.as(t, "manager"), s.as(t, "auditor")
	in := api.Refound{Role: custody.Director, Reason: "the director left", TOTP: "2"}
	_, err := admin.Refound(ctx, "tech-b", in)
	want(t, err, custody.Conflict)
	if would := ok(admin.Disabling(ctx, "director"))(t); !slices.Equal(would.Sole, []custody.Role{custody.Director}) {
		t.Errorf("what is said before: %+v", would)
	}
	ok(admin.Disable(ctx, "director", api.ConfirmedReason{Reason: "left", TOTP: "2"}))(t)
	in.TOTP = "3"
	p := ok(admin.Refound(ctx, "tech-b", in))(t)
	if p.Kind != "refound" || p.Subject != "tech-b" || !slices.Equal(p.Needs, []custody.Role{custody.Manager, custody.Auditor}) ||
		!slices.Equal(p.Change, []api.Difference{{Field: "roles", Before: "technician", After: "director, technician"}}) || !p.Announced.IsZero() {
		t.Fatalf("asked for: %+v", p)
	}
	p = ok(manager.Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"}))(t)
	p = ok(auditor.Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"}))(t)
	if p.Status != custody.Open || p.Announced.IsZero() || !p.ExpiresAt.Equal(p.Announced.Add(7*24*time.Hour)) || len(p.Needs) != 0 {
		t.Fatalf("announced: %+v", p)
	}
	tech := s.as(t, "tech-a")
	if seen := ok(tech.Proposal(ctx, p.ID))(t); seen.Reason != "the director left" || len(seen.Change) != 1 {
		t.Errorf("who may say no sees %+v", seen)
	}
	_, err = tech.Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"})
	want(t, err, custody.NotEligible)
	p = ok(tech.Reject(ctx, p.ID, api.RejectProposal{Digest: p.Digest, Reason: "nobody asked us", TOTP: "2"}))(t)
	if p.Status != custody.Rejected || p.EndedBy != "tech-a" {
		t.Errorf("a no: %+v", p)
	}
}

// TestAPlannedLeavingOverTheAPI: asked for, shown to who sees to it, and in the proposal
// that gives them a seat; called off.
func TestAPlannedLeavingOverTheAPI(t *testing.T) {
	s := serve(t)
	ctx := t.Context()
	s.hire(t, "manager", custody.Manager)
	s.hire(t, "director", custody.Director)
	s.hire(t, "tech-c", custody.Technician)
	admin, manager := s.as(t, "admin"), s.as(t, "manager")
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).Add(1234567).In(time.FixedZone("", 2*3600))
	p := ok(admin.PlanDeparture(ctx, "tech-c", api.PlanDeparture{At: at, Reason: "end of contract", TOTP: "2"}))(t)
	if p.Kind != "plan_departure" || len(p.Change) != 1 || p.Change[0].Field != "access_ends" || p.Change[0].Before != "" {
		t.Fatalf("%+v", p)
	}
	ok(manager.Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"}))(t)
	if seen := ok(admin.Person(ctx, "tech-c"))(t); !seen.AccessEnds.Equal(at.Truncate(time.Millisecond)) {
		t.Errorf("an admin sees %+v", seen)
	}
	if seen := ok(s.as(t, "tech-a").Person(ctx, "tech-c"))(t); !seen.AccessEnds.IsZero() {
		t.Errorf("a technician who has nothing to do with them sees %+v", seen)
	}
	seat := ok(admin.ProposeCustodians(ctx, "db01", api.SetCustodians{Primary: "tech-a", Backup: "tech-c", Reason: "x", TOTP: "3"}))(t)
	if len(seat.Departing) != 1 || seat.Departing[0].Person != "tech-c" || !seat.Departing[0].At.Equal(at.Truncate(time.Millisecond)) {
		t.Errorf("who would get a seat, and leaves: %+v", seat.Departing)
	}
	ok(admin.Withdraw(ctx, seat.ID))(t)
	p = ok(admin.PlanDeparture(ctx, "tech-c", api.PlanDeparture{Reason: "stays", TOTP: "4"}))(t)
	ok(manager.Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "3"}))(t)
	if seen := ok(admin.Person(ctx, "tech-c"))(t); !seen.AccessEnds.IsZero() {
		t.Errorf("called off: %+v", seen)
	}
	_, err := manager.StopRecovery(ctx, "admin", api.ConfirmedReason{Reason: "x", TOTP: "4"})
	want(t, err, custody.Conflict)
}
