package desk_test

import (
	"errors"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestShowNew: the successor is shown what to set and what it replaces, after the
// entry and never without it; the same key shows it again only while that
// rotation stands.
func TestShowNew(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	add := custody.AddCredential{
		Name: "sw01", Primary: "tech-a", Backup: "tech-b",
		Target: desk.NewTarget(custody.Target{Kind: custody.Manual, Address: "rack 4", Account: "admin"}),
	}
	before, next := custody.SecretString("from before custody"), custody.SecretString("what to set")
	if _, err := o.Desk.AddCredential(ctx, desk.By{Actor: custody.System, Request: "add"}, add, before, custody.Secret{}); err != nil {
		t.Fatal(err)
	}
	id := custody.RotationID{Credential: "sw01", Number: 1}
	if _, err := o.Secrets.Write(ctx, desk.StagedPath("sw01", 1), next, 0, nil); err != nil {
		t.Fatal(err)
	}
	report := func(a custody.Action) {
		t.Helper()
		if _, err := o.Desk.Do(ctx, desk.By{Actor: custody.System, Request: unique("report")}, a); err != nil {
			t.Fatal(err)
		}
	}
	report(custody.ReportStaged{Rotation: id})
	ask := func(who string) desk.By {
		return desk.By{Actor: who, Request: unique("show"), Key: "key of " + who, Code: o.Code(who)}
	}
	show := custody.ShowNew{Credential: "sw01"}

	if shown, err := o.Desk.ShowNew(ctx, ask("tech-b"), show); custody.CodeOf(err) != custody.RotationPending || !shown.Next.IsZero() {
		t.Errorf("to the other custodian: %v", err)
	}
	by := ask("tech-a")
	shown, err := o.Desk.ShowNew(ctx, by, show)
	if err != nil || !shown.Current.Equal(before) || !shown.Next.Equal(next) {
		t.Fatalf("%v", err)
	}
	if again, err := o.Desk.ShowNew(ctx, by, show); custody.CodeOf(err) != custody.TOTPReplayed || !again.Next.IsZero() || !again.Current.IsZero() {
		t.Errorf("the same key, the same code: %v", err)
	}
	size := o.Size()
	by.Request, by.Code = unique("show"), o.Code("tech-a")
	if again, err := o.Desk.ShowNew(ctx, by, show); err != nil || !again.Replayed || !again.Next.Equal(next) {
		t.Errorf("the same key, a fresh code: %v", err)
	}
	if got := o.Types(size); len(got) != 1 || got[0] != "rotation.shown" {
		t.Errorf("entries %v", got)
	}
	c, err := o.Store.Credential(ctx, "sw01")
	if err != nil || len(c.Rotation.ShownTo) != 1 || len(c.Exposure) != 1 || c.Exposure[0] != "tech-a" {
		t.Errorf("%+v, %v", c, err)
	}

	for _, step := range []struct {
		actor  string
		action custody.Action
	}{
		{"tech-a", custody.ConfirmSet{Credential: "sw01"}},
		{custody.System, custody.ReportVerified{Rotation: id, Attested: true}},
		{custody.System, custody.ReportPromoted{Rotation: id, Version: 2}},
	} {
		by := desk.By{Actor: step.actor, Request: unique("step")}
		if step.actor != custody.System {
			by.Code = o.Code(step.actor)
		}
		if _, err := o.Desk.Do(ctx, by, step.action); err != nil {
			t.Fatal(err)
		}
	}
	if late, err := o.Desk.ShowNew(ctx, by, show); custody.CodeOf(err) != custody.Conflict || !late.Next.IsZero() {
		t.Errorf("the same key when that rotation is over: %v", err)
	}
}

// No entry, no secret: neither is read when the commit fails; and when the secret
// store fails after it, nothing is shown.
func TestShowNewNeedsItsEntry(t *testing.T) {
	o := newOffice(t)
	ctx := t.Context()
	add := custody.AddCredential{
		Name: "sw01", Primary: "tech-a", Backup: "tech-b",
		Target: desk.NewTarget(custody.Target{Kind: custody.Manual, Address: "rack 4", Account: "admin"}),
	}
	if _, err := o.Desk.AddCredential(ctx, desk.By{Actor: custody.System, Request: "add"}, add, custody.Secret{}, custody.Secret{}); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Desk.Do(ctx, desk.By{Actor: custody.System, Request: "staged"}, custody.ReportStaged{Rotation: custody.RotationID{Credential: "sw01", Number: 1}}); err != nil {
		t.Fatal(err)
	}
	by := desk.By{Actor: "tech-a", Request: unique("show"), Code: o.Code("tech-a")}
	if shown, err := o.Desk.ShowNew(ctx, by, custody.ShowNew{Credential: "sw01"}); !errors.Is(err, desk.ErrNoSecret) || !shown.Next.IsZero() {
		t.Errorf("nothing is staged: %v", err)
	}
}
