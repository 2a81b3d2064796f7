package api_test

import (
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
)

// TestSomebodyLeavesByTheAPI: what would become of everything is said before; then it is
// so, and what is to be done is counted until nothing is left.
func TestSomebodyLeavesByTheAPI(t *testing.T) {
	s, ctx := serve(t), t.Context()
	for name, role := range map[string]custody.Role{"tech-c": custody.Technician, "manager": custody.Manager, "director": custody.Director} {
		s.hire(t, name, role)
	}
	admin := s.as(t, "admin")
	before := ok(admin.Disabling(ctx, "tech-a"))(t)
	if !slices.Equal(before.Credentials, []api.PassedOn{{Credential: "db01", Seat: true, To: "tech-b", Changes: true}}) || len(before.Handovers)+len(before.Proposals) != 0 {
		t.Errorf("said before: %+v", before)
	}
	_, err := s.as(t, "tech-b").Disabling(ctx, "tech-a")
	want(t, err, custody.Forbidden)
	_, err = s.as(t, "tech-b").Disable(ctx, "tech-a", api.ConfirmedReason{Reason: "left", TOTP: "2"})
	want(t, err, custody.Forbidden)
	_, err = admin.Offboarding(ctx, "tech-a")
	want(t, err, custody.NotFound)

	left := ok(admin.Disable(ctx, "tech-a", api.ConfirmedReason{Reason: "left the company", TOTP: "2"}))(t).Offboarding
	if left.Person != "tech-a" || !left.Disabled || left.By != "admin" || left.Done != 0 || left.All != 5 || !left.Due.Equal(left.Since.Add(24*time.Hour)) {
		t.Errorf("left: %+v", left)
	}
	if len(left.Items) != 1 || left.Items[0].Credential != "db01" || left.Items[0].Phase != custody.Rotating || left.Items[0].Holder != "tech-b" || left.Items[0].Version != 1 || left.Items[0].Index != 0 {
		t.Errorf("passwords: %+v", left.Items)
	}
	if c := ok(admin.Credential(ctx, "db01"))(t); c.Primary != "" || c.Backup != "tech-b" || c.Rotation.Reason != custody.ForLeaving {
		t.Errorf("db01 %+v", c)
	}
	_, err = s.as(t, "tech-b").Offboardings(ctx, true)
	want(t, err, custody.Forbidden)
	_, err = s.as(t, "tech-b").Offboarding(ctx, "tech-a")
	want(t, err, custody.Forbidden)

	s.rotate(t, "db01")
	left = ok(s.as(t, "auditor").Offboarding(ctx, "tech-a"))(t)
	proof := left.Items[0].Index
	if left.Done != 1 || left.Items[0].How != custody.HowRotated || s.entry(proof).Index != proof || ok(admin.Entry(ctx, proof))(t).Type != "rotation.verified" {
		t.Errorf("after the rotation: %+v", left)
	}
	_, err = admin.SettleItem(ctx, "tech-a", left.Items[0].Item, api.SettleItem{How: custody.HowChanged, TOTP: "3"})
	want(t, err, custody.Conflict)
	_, err = admin.SettleItem(ctx, "tech-a", 9, api.SettleItem{How: custody.HowChanged, TOTP: "3"})
	want(t, err, custody.NotFound)
	told := left.Checklist[3]
	_, err = admin.SettleItem(ctx, "tech-a", told.Item, api.SettleItem{How: custody.HowChanged, TOTP: "3"})
	if problem := want(t, err, custody.InvalidRequest); problem.Field != "how" {
		t.Errorf("told by changing something: %+v", problem)
	}
	at := left.Since.Add(time.Millisecond)
	s.now = s.now.Add(time.Hour)
	for n, i := range left.Checklist {
		how := i.Ways[0]
		in := api.SettleItem{How: how, TOTP: api.Secret("1" + string(rune('0'+n)))}
		if i.Kind == custody.ItemTold {
			in.At = at
		}
		left = ok(s.as(t, "manager").SettleItem(ctx, "tech-a", i.Item, in))(t)
	}
	if told = left.Checklist[3]; left.Done != left.All || told.By != "manager" || told.How != custody.HowEmail || !told.At.Equal(at) || told.Index == 0 {
		t.Errorf("all done: %+v", left)
	}
	if all := ok(admin.Offboardings(ctx, false))(t); len(all) != 1 || all[0].Person != "tech-a" {
		t.Errorf("there are %+v", all)
	}
}

// TestAccessIsEndedAndGivenBackByProposal.
func TestAccessIsEndedAndGivenBackByProposal(t *testing.T) {
	s, ctx := serve(t), t.Context()
	for name, role := range map[string]custody.Role{"tech-c": custody.Technician, "manager": custody.Manager, "director": custody.Director} {
		s.hire(t, name, role)
	}
	manager := s.as(t, "manager")
	p := ok(s.as(t, "tech-b").ProposeDisabling(ctx, "tech-c", api.ConfirmedReason{Reason: "left", TOTP: "2"}))(t)
	if p.Kind != "disable" || p.Subject != "tech-c" || p.Reason != "left" || !slices.Equal(p.Needs, []custody.Role{custody.Manager}) {
		t.Errorf("proposed %+v", p)
	}
	ok(manager.Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"}))(t)
	if c := ok(manager.Person(ctx, "tech-c"))(t); !c.Disabled {
		t.Errorf("tech-c %+v", c)
	}
	p = ok(s.as(t, "admin").Reinstate(ctx, "tech-c", api.ConfirmedReason{Reason: "came back", TOTP: "2"}))(t)
	if p.Kind != "reinstate" || p.Subject != "tech-c" {
		t.Errorf("proposed %+v", p)
	}
	ok(manager.Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "3"}))(t)
	if c := ok(manager.Person(ctx, "tech-c"))(t); c.Disabled || !c.Admission {
		t.Errorf("tech-c %+v", c)
	}
}

// TestWhatIsParkedIsTaken by whichever custodian comes first.
func TestWhatIsParkedIsTaken(t *testing.T) {
	s, ctx := serve(t), t.Context()
	for name, role := range map[string]custody.Role{"manager": custody.Manager, "director": custody.Director} {
		s.hire(t, name, role)
	}
	admin, holder := s.as(t, "admin"), s.as(t, "tech-a")
	_, err := holder.Take(ctx, "db01", "2")
	want(t, err, custody.Conflict)
	_, err = holder.Park(ctx, "db01", api.ConfirmedReason{Reason: "a week out", TOTP: "2"})
	want(t, err, custody.Conflict) // both seats are taken
	ok(admin.Disable(ctx, "tech-b", api.ConfirmedReason{Reason: "left", TOTP: "2"}))(t)
	_, err = holder.SetPresence(ctx, api.SetPresence{State: api.Away, TOTP: "2"})
	if problem := want(t, err, custody.SeatIsVacant); problem.Args["credential"] != "db01" {
		t.Errorf("the only custodian went away: %+v", problem)
	}
	p := ok(holder.Park(ctx, "db01", api.ConfirmedReason{Reason: "a week out", TOTP: "2"}))(t)
	if p.Kind != "park" || len(p.Needs) != 2 || !slices.Equal(p.Change, []api.Difference{{Field: "holder", Before: "tech-a"}}) {
		t.Errorf("proposed %+v", p)
	}
	ok(s.as(t, "manager").Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"}))(t)
	ok(s.as(t, "director").Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"}))(t)
	s.rotate(t, "db01")
	if c := ok(holder.Credential(ctx, "db01"))(t); c.Phase != custody.Parked || c.Holder != "" || c.Backup != "" {
		t.Errorf("parked: %+v", c)
	}
	_, err = holder.CheckOut(ctx, "db01", api.CheckOut{Purpose: thePurpose, TOTP: "3"})
	want(t, err, custody.IsParked)
	_, err = admin.Take(ctx, "db01", "3")
	want(t, err, custody.NotCustodian)
	if c := ok(holder.Take(ctx, "db01", "3"))(t); c.Phase != custody.Held || c.Holder != "tech-a" {
		t.Errorf("taken: %+v", c)
	}
}

// TestTheOnlyManagerLeaves: the director stands in where one approval is enough, so that
// who is left can go on.
func TestTheOnlyManagerLeaves(t *testing.T) {
	s, ctx := serve(t), t.Context()
	s.hire(t, "manager", custody.Manager)
	s.hire(t, "director", custody.Director)
	admin, director := s.as(t, "admin"), s.as(t, "director")
	left := ok(admin.Disable(ctx, "manager", api.ConfirmedReason{Reason: "left", TOTP: "2"}))(t).Offboarding
	if len(left.Items) != 0 || left.All != 4 {
		t.Errorf("who knew no password: %+v", left)
	}
	p := ok(admin.AddPerson(ctx, api.AddPerson{Username: "tech-n", Name: "Nina", Roles: []custody.Role{custody.Technician}, Reason: "new", TOTP: "3"}))(t)
	if !slices.Equal(p.Can[custody.Manager], []string{"director"}) {
		t.Fatalf("who can approve it: %+v", p.Can)
	}
	if p = ok(director.Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"}))(t); p.Status != custody.Effected {
		t.Errorf("approved by who stands in: %+v", p)
	}
	ok(director.SettleItem(ctx, "manager", 0, api.SettleItem{How: custody.HowNone, TOTP: "3"}))(t)
}

// TestTheLastAdminLeaves: a manager ends their access, and with the director brings in the
// next one, whose link an approver makes.
func TestTheLastAdminLeaves(t *testing.T) {
	s, ctx := serve(t), t.Context()
	s.hire(t, "manager", custody.Manager)
	s.hire(t, "director", custody.Director)
	manager, director := s.as(t, "manager"), s.as(t, "director")
	ok(manager.Disable(ctx, "admin", api.ConfirmedReason{Reason: "left", TOTP: "2"}))(t)
	_, err := s.as(t, "admin").Disable(ctx, "tech-b", api.ConfirmedReason{Reason: "revenge", TOTP: "2"})
	want(t, err, custody.Unauthenticated)
	p := ok(s.as(t, "tech-a").AddPerson(ctx, api.AddPerson{Username: "admin2", Name: "Ina", Roles: []custody.Role{custody.Admin}, Reason: "the next one", TOTP: "2"}))(t)
	ok(manager.Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "3"}))(t)
	p = ok(director.Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"}))(t)
	if p.Status != custody.Effected {
		t.Fatalf("approved: %+v", p)
	}
	if link := ok(manager.IssueLink(ctx, "admin2", "4"))(t); link.Link == "" {
		t.Error("no link")
	}
	if seen := ok(director.Proposal(ctx, p.ID))(t); seen.Release == "" {
		t.Error("nobody reads the release code")
	}
}
