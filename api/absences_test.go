package api_test

import (
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

const clock = "2006-01-02T15:04"

// TestAnAbsenceByTheAPI: planned and signed for beforehand, it hands over by itself.
func TestAnAbsenceByTheAPI(t *testing.T) {
	o, ctx := desktest.New(t), t.Context()
	o.Hire("tech-c", custody.Technician)
	o.Approvers()
	log := slog.New(slog.DiscardHandler)
	s, err := api.New(api.Config{Desk: o.Desk, Queries: o.Store, Log: log, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	served := listen(t, api.NewHTTPServer(s.Handler(), log))
	a, b, c, manager := logInAt(t, served, o, "tech-a"), logInAt(t, served, o, "tech-b"), logInAt(t, served, o, "tech-c"), logInAt(t, served, o, "manager")
	code := func(who string) api.Secret { return api.Secret(o.Code(who)) }
	begins := o.Clock.Now().Add(49 * time.Hour).Truncate(time.Minute).UTC()
	ends := begins.Add(7 * 24 * time.Hour)
	window := func(from, until time.Time) api.PlanAbsence {
		return api.PlanAbsence{From: from.Format(clock), Until: until.Format(clock), Zone: "UTC", Reason: "holiday"}
	}

	in := window(begins, ends)
	in.Offer, in.TOTP = true, code("tech-a")
	planned := ok(a.PlanAbsence(ctx, in))(t)
	absence, h := planned.Absence, planned.Handover
	if absence.Status != "planned" || !absence.From.Equal(begins) || !absence.Until.Equal(ends) || absence.Reason != "holiday" || !absence.Offer || absence.Unsigned != 1 || absence.Meant.Zone != "UTC" {
		t.Errorf("planned %+v", absence)
	}
	if h == nil || h.Status != custody.HandoverPrepared || h.To != "tech-b" || h.Ahead.Giver == nil || h.Ahead.Receiver != nil || len(planned.Handovers) != 1 {
		t.Fatalf("signed %+v", planned.Handovers)
	}
	if mine := ok(a.Absences(ctx))(t); len(mine) != 1 || mine[0].ID != absence.ID || len(mine[0].Handovers) != 1 || mine[0].Handovers[0].ID != h.ID {
		t.Errorf("mine %+v", mine)
	}
	waits := ok(b.Me(ctx))(t).Inbox
	if len(waits) != 1 || waits[0].ID != h.ID {
		t.Errorf("what waits for the receiver: %+v", waits)
	}

	overlapping := window(ends.Add(-time.Hour), ends.Add(time.Hour))
	overlapping.TOTP = code("tech-b")
	_, err = b.PlanAbsence(ctx, overlapping)
	if p := want(t, err, custody.AbsenceOverlap); p.Args["person"] != "tech-a" || p.Args["credential"] != "db01" || p.Args["from"] != begins.Format(time.RFC3339) || p.Args["until"] != ends.Format(time.RFC3339) {
		t.Errorf("refused with %+v", p.Args)
	}
	_, err = c.SignHandover(ctx, h.ID, code("tech-c"))
	want(t, err, custody.Forbidden)
	signed := ok(b.SignHandover(ctx, h.ID, code("tech-b")))(t)
	if signed.Status != custody.HandoverSignedAhead || signed.Ahead.Receiver == nil || ok(b.Entry(ctx, signed.Ahead.Receiver.Index))(t).Type != "handover.signed" {
		t.Errorf("signed %+v", signed)
	}
	if mine := ok(a.Absences(ctx))(t); mine[0].Unsigned != 0 {
		t.Errorf("all is signed for, and %d are not", mine[0].Unsigned)
	}

	// Moved, it is signed for anew.
	later := begins.Add(time.Hour)
	moved := ok(a.MoveAbsence(ctx, absence.ID, api.MoveAbsence{From: later.Format(clock), Until: ends.Format(clock), Zone: "UTC", Offer: true, TOTP: code("tech-a")}))(t)
	if moved.Absence.Revision != 2 || moved.Handover == nil || moved.Handover.ID == h.ID {
		t.Errorf("moved %+v", moved)
	}
	if was := ok(a.Handover(ctx, h.ID))(t); was.Status != custody.Voided || was.Ahead.Why != custody.BrokenPlan {
		t.Errorf("what was signed before is %+v", was)
	}
	ok(b.SignHandover(ctx, moved.Handover.ID, code("tech-b")))(t)

	// What others see.
	shown := ok(b.Calendar(ctx, begins, ends))(t)
	if len(shown.Absences) != 1 || shown.Absences[0].Person != "tech-a" || len(shown.Pairs) != 1 || !slices.Equal(shown.Pairs[0].Custodians, []string{"tech-a", "tech-b"}) || len(shown.Pairs[0].Gaps) != 0 {
		t.Errorf("a partner sees %+v", shown)
	}
	if shown := ok(c.Calendar(ctx, begins, ends))(t); len(shown.Absences)+len(shown.Pairs) != 0 {
		t.Errorf("a stranger sees %+v", shown)
	}
	if shown := ok(manager.Calendar(ctx, begins, ends))(t); len(shown.Absences) != 1 || len(shown.Pairs) != 1 {
		t.Errorf("a manager sees %+v", shown)
	}
	_, err = b.Calendar(ctx, ends, begins)
	want(t, err, custody.InvalidRequest)
	_, err = b.Calendar(ctx, begins, begins.AddDate(2, 0, 0))
	want(t, err, custody.InvalidRequest)

	// It begins.
	o.Clock.Add(later.Sub(o.Clock.Now()))
	a, b, manager = logInAt(t, served, o, "tech-a"), logInAt(t, served, o, "tech-b"), logInAt(t, served, o, "manager")
	if me := ok(a.Me(ctx))(t); me.Presence.State != api.Away || !me.Presence.Until.Equal(ends) || len(me.Holdings) != 0 {
		t.Errorf("at its beginning %+v, holding %d", me.Presence, len(me.Holdings))
	}
	if c := ok(b.Credential(ctx, "db01"))(t); c.Holder != "tech-b" || c.Handover != moved.Handover.ID {
		t.Errorf("db01 is %s's, by %s", c.Holder, c.Handover)
	}
	if mine := ok(a.Absences(ctx))(t); mine[0].Status != api.Away {
		t.Errorf("mine %+v", mine)
	}
	want(t, a.CancelAbsence(ctx, absence.ID, code("tech-a")), custody.Conflict)
	back := ok(a.SetPresence(ctx, api.SetPresence{State: api.Present, TakeBack: true, TOTP: code("tech-a")}))(t)
	if back.Person.Presence.State != api.Present || len(back.Handovers) != 1 {
		t.Errorf("back %+v", back)
	}
	if mine := ok(a.Absences(ctx))(t); len(mine) != 0 {
		t.Errorf("back, and there still is %+v", mine)
	}
	o.Rotate("db01")

	// Called off, ended, swapped.
	soon := o.Clock.Now().Add(30 * 24 * time.Hour).Truncate(time.Minute).UTC()
	first, second := window(soon, soon.Add(time.Hour)), window(soon.Add(2*time.Hour), soon.Add(3*time.Hour))
	first.TOTP, second.TOTP = code("tech-a"), code("tech-b")
	one, two := ok(a.PlanAbsence(ctx, first))(t).Absence, ok(b.PlanAbsence(ctx, second))(t).Absence
	asked := ok(a.SwapAbsences(ctx, api.SwapAbsences{Absence: one.ID, Person: "tech-b", With: two.ID, TOTP: code("tech-a")}))(t)
	if asked.Swapped || asked.Absence.Swap == nil || *asked.Absence.Swap != (api.AskedSwap{Person: "tech-b", With: two.ID}) {
		t.Errorf("asked %+v", asked)
	}
	swapped := ok(b.SwapAbsences(ctx, api.SwapAbsences{Absence: two.ID, Person: "tech-a", With: one.ID, TOTP: code("tech-b")}))(t)
	if !swapped.Swapped || !swapped.Absence.From.Equal(one.From) || !ok(a.Absences(ctx))(t)[0].From.Equal(two.From) {
		t.Errorf("swapped %+v", swapped)
	}
	want(t, b.EndAbsence(ctx, "tech-a", one.ID, "no", code("tech-b")), custody.Forbidden)
	if err := manager.EndAbsence(ctx, "tech-a", one.ID, "both at once", code("manager")); err != nil {
		t.Error(err)
	}
	if err := b.CancelAbsence(ctx, two.ID, code("tech-b")); err != nil {
		t.Error(err)
	}
	if a, b := ok(a.Absences(ctx))(t), ok(b.Absences(ctx))(t); len(a)+len(b) != 0 {
		t.Errorf("there still are %+v and %+v", a, b)
	}
	third := window(soon, soon.Add(time.Hour))
	third.TOTP = code("tech-a")
	plain := ok(a.PlanAbsence(ctx, third))(t)
	if plain.Handover != nil || plain.Absence.Offer {
		t.Errorf("planned without a handover %+v", plain)
	}
	if later := ok(a.SignAbsence(ctx, plain.Absence.ID, code("tech-a")))(t); later.Handover == nil || !later.Absence.Offer {
		t.Errorf("signed later %+v", later)
	}
	bad := third
	bad.Zone = "Mars/Olympus"
	_, err = a.PlanAbsence(ctx, bad)
	if p := want(t, err, custody.InvalidRequest); p.Field != "zone" {
		t.Errorf("another zone: %+v", p)
	}
	_, err = a.MoveAbsence(ctx, plain.Absence.ID, api.MoveAbsence{From: "x", Until: "y", Zone: "UTC"})
	if p := want(t, err, custody.InvalidRequest); p.Field != "from" {
		t.Errorf("no time: %+v", p)
	}
}

// Why somebody will be away is for partners and whoever sees everything; a stranger does
// not learn that they will.
func TestPlansAreNeedToKnow(t *testing.T) {
	plan := custody.Plan{ID: "absence-1", Reason: custody.NoteOf(custody.Salt{1}, "surgery"), Swap: custody.Swap{Person: "tech-b"}}
	p := custody.Person{Username: "tech-a", Plans: []custody.Plan{plan}}
	for _, c := range []struct {
		viewer   custody.Person
		partners []string
		sees     bool
		why      bool
	}{
		{custody.Person{Username: "tech-a", Roles: []custody.Role{custody.Technician}}, nil, true, true},
		{custody.Person{Username: "tech-b", Roles: []custody.Role{custody.Technician}}, []string{"tech-a"}, true, true},
		{custody.Person{Username: "tech-c", Roles: []custody.Role{custody.Technician}}, []string{"tech-b"}, false, false},
		{custody.Person{Username: "admin", Roles: []custody.Role{custody.Admin}}, nil, true, false},
		{custody.Person{Username: "manager", Roles: []custody.Role{custody.Manager}}, nil, true, true},
		{custody.Person{Username: "auditor", Roles: []custody.Role{custody.Auditor}}, nil, true, true},
	} {
		got := p.KnownTo(c.viewer, c.partners)
		if sees := len(got.Plans) == 1; sees != c.sees || sees && got.Plans[0].Reason.IsZero() == c.why || sees && (got.Plans[0].Swap.Person != "") != c.why {
			t.Errorf("%s sees %+v", c.viewer.Username, got.Plans)
		}
	}
	if p.Plans[0].Reason.IsZero() {
		t.Error("what nobody may see was taken from the person")
	}
}
