package api_test

import (
	"slices"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
)

// TestAnEmergencyFromTheFirstToTheReview: asked for, approved, used, given back, reviewed.
func TestAnEmergencyFromTheFirstToTheReview(t *testing.T) {
	s, ctx := serve(t), t.Context()
	for name, role := range map[string]custody.Role{"manager": custody.Manager, "director": custody.Director, "tech-o": custody.Technician} {
		s.hire(t, name, role)
	}
	holder, backup, manager, other := s.as(t, "tech-a"), s.as(t, "tech-b"), s.as(t, "manager"), s.as(t, "tech-o")
	_, err := holder.RequestEmergency(ctx, api.RequestEmergency{Credentials: []string{"db01"}, Reason: "x", TOTP: "2"})
	want(t, err, custody.Conflict) // they hold it
	e := ok(backup.RequestEmergency(ctx, api.RequestEmergency{Person: "tech-a", Reason: "disk full, no answer", TOTP: "2"}))(t)
	if e.ID != "emergency-1" || e.Status != custody.EmergencyPending || !slices.Equal(e.Needs, []custody.Role{custody.Manager}) || !slices.Equal(e.Credentials, []string{"db01"}) ||
		!slices.Equal(e.Can[custody.Manager], []string{"director", "manager"}) || e.Reason != "disk full, no answer" || e.ExpiresAt.IsZero() || e.MaySilence {
		t.Errorf("asked for: %+v", e)
	}
	_, err = backup.ApproveEmergency(ctx, e.ID, "3")
	want(t, err, custody.OwnRequest)
	_, err = other.Emergency(ctx, e.ID)
	want(t, err, custody.Forbidden)
	if seen := ok(other.Emergencies(ctx, false))(t); len(seen) != 0 {
		t.Errorf("another technician sees %+v", seen)
	}
	if seen := ok(s.as(t, "admin").Emergency(ctx, e.ID))(t); seen.Reason != "" || seen.For != "tech-b" {
		t.Errorf("the admin sees %+v", seen)
	}
	e = ok(manager.ApproveEmergency(ctx, e.ID, "2"))(t)
	if e.Status != custody.EmergencyOn || e.Items[0].Holder != "tech-b" || len(e.Approvals) != 1 || e.UseBy.IsZero() || e.Until.IsZero() {
		t.Errorf("granted: %+v", e)
	}
	_, err = s.as(t, "director").ApproveEmergency(ctx, e.ID, "2")
	if problem := want(t, err, custody.AlreadyDecided); problem.Args["by"] != "manager" {
		t.Errorf("%+v", problem)
	}
	_, err = other.RequestEmergency(ctx, api.RequestEmergency{Credentials: []string{"db01"}, Reason: "x", TOTP: "2"})
	want(t, err, custody.EmergencyOpen)
	ok(backup.CheckOut(ctx, "db01", api.CheckOut{Purpose: thePurpose, TOTP: "3"}))(t)
	_, err = holder.EndEmergency(ctx, e.ID, "3")
	want(t, err, custody.Forbidden)
	e = ok(backup.EndEmergency(ctx, e.ID, "4"))(t)
	if e.Status != custody.EmergencyOver || e.How != custody.EndGivenBack || e.UsedAt.IsZero() || !slices.Equal(e.Reviewers, []string{"auditor", "director"}) {
		t.Errorf("ended: %+v", e)
	}
	if c := ok(backup.Credential(ctx, "db01"))(t); c.Rotation == nil || c.Rotation.Reason != custody.ForEmergency {
		t.Errorf("not changed: %+v", c)
	}
	_, err = manager.ReviewEmergency(ctx, e.ID, api.ReviewEmergency{Verdict: custody.Justified, Text: "fine", TOTP: "3"})
	want(t, err, custody.NotEligible)
	e = ok(s.as(t, "auditor").ReviewEmergency(ctx, e.ID, api.ReviewEmergency{Verdict: custody.Justified, Text: "the disk was full", TOTP: "2"}))(t)
	if e.Status != custody.EmergencyClosed || e.Reviewer != "auditor" || e.Review != "the disk was full" {
		t.Errorf("reviewed: %+v", e)
	}
	if open := ok(manager.Emergencies(ctx, true))(t); len(open) != 0 {
		t.Errorf("still open: %+v", open)
	}
	if all := ok(manager.Emergencies(ctx, false))(t); len(all) != 1 {
		t.Errorf("on record: %+v", all)
	}
}

// TestAnEmergencyThatDoesNotHappen: withdrawn by who asked, or stopped by the holder.
func TestAnEmergencyThatDoesNotHappen(t *testing.T) {
	s, ctx := serve(t), t.Context()
	s.hire(t, "manager", custody.Manager)
	ask := func(totp api.Secret) api.Emergency {
		return ok(s.as(t, "tech-b").RequestEmergency(ctx, api.RequestEmergency{Credentials: []string{"db01"}, Reason: "x", TOTP: totp}))(t)
	}
	if e := ok(s.as(t, "tech-b").WithdrawEmergency(ctx, ask("2").ID))(t); e.Status != custody.EmergencyTaken || e.EndedBy != "tech-b" {
		t.Errorf("%+v", e)
	}
	e := ok(s.as(t, "tech-a").Veto(ctx, ask("3").ID, api.Veto{Reason: "I am at my desk", TOTP: "2"}))(t)
	if e.Status != custody.EmergencyVetoed || e.EndedBy != "tech-a" || e.ID != "emergency-2" {
		t.Errorf("%+v", e)
	}
	_, err := s.as(t, "tech-a").Emergency(ctx, "emergency-9")
	want(t, err, custody.NotFound)
}
