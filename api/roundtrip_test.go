package api_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/client"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// want fails unless err is a problem with this code.
func want(t *testing.T, err error, code custody.Code) *edge.Problem {
	t.Helper()
	var p *edge.Problem
	if !errors.As(err, &p) {
		t.Fatalf("got %v, want a problem with %s", err, code)
	}
	if p.Code != code {
		t.Fatalf("got %s (%s), want %s", p.Code, p.Detail, code)
	}
	return p
}

// ok fails when there is an error.
func ok[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestLogInAndOut(t *testing.T) {
	s, ctx := serve(t), t.Context()
	c, err := client.New(client.Config{Server: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Me(ctx)
	want(t, err, custody.Unauthenticated)
	_, err = c.SignIn(ctx, api.SignIn{Username: "tech-a", Password: "wrong", TOTP: "2"})
	want(t, err, custody.Unauthenticated)
	session := ok(c.SignIn(ctx, api.SignIn{Username: "tech-a", Password: thePass, TOTP: "2"}))(t)
	if session.Token == "" || session.ExpiresAt.IsZero() || session.Person.Username != "tech-a" {
		t.Fatalf("session = %+v", session)
	}
	if session.RecoveryCodes != nil {
		t.Error("a log-in that proved no seed gave recovery codes")
	}
	if len(s.requests) != 1 || len(s.requests[0]) < 20 {
		t.Errorf("the log-in came with the request ids %q", s.requests)
	}
	me := ok(c.Me(ctx))(t)
	if me.Person.Username != "tech-a" || me.Presence.State != api.Present || len(me.Holdings) != 1 || me.Holdings[0].Name != "db01" || len(me.Inbox) != 0 {
		t.Errorf("me = %+v", me)
	}
	if err := c.SignOut(ctx); err != nil {
		t.Fatal(err)
	}
	_, err = c.Me(ctx)
	want(t, err, custody.Unauthenticated)
}

func TestRecovery(t *testing.T) {
	s, ctx := serve(t), t.Context()
	c, err := client.New(client.Config{Server: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Recover(ctx, api.Recover{Username: "tech-a", Password: thePass, RecoveryCode: "wrong"})
	want(t, err, custody.Unauthenticated)
	got := ok(c.Recover(ctx, api.Recover{Username: "tech-a", Password: thePass, RecoveryCode: theRecoveryCode}))(t)
	if got.OTPAuth != "otpauth://totp/recovered" {
		t.Fatalf("recovered = %+v", string(got.OTPAuth))
	}
	if _, err = c.Me(ctx); err == nil {
		t.Error("a recovery opened a session")
	}
	session := ok(c.SignIn(ctx, api.SignIn{Username: "tech-a", Password: thePass, TOTP: "2"}))(t)
	if len(session.RecoveryCodes) != 1 || session.RecoveryCodes[0] != theRecoveryCode {
		t.Errorf("the log-in that proves the seed gave %d codes", len(session.RecoveryCodes))
	}
	if strings.Contains(s.log.String(), "MARK") {
		t.Error("a password or a recovery code is in the log")
	}
}

func TestCheckOutAndIn(t *testing.T) {
	s, ctx := serve(t), t.Context()
	holder, backup := s.as(t, "tech-a"), s.as(t, "tech-b")
	_, err := backup.CheckOut(ctx, "db01", api.CheckOut{Purpose: thePurpose, TOTP: "2"})
	if p := want(t, err, custody.NotHolder); p.Rule != "4.4" || p.Next == "" || p.RequestID == "" || !p.Refused() {
		t.Errorf("problem = %+v", p)
	}
	_, err = holder.CheckOut(ctx, "db01", api.CheckOut{Purpose: thePurpose})
	want(t, err, custody.InvalidRequest)
	_, err = holder.CheckOut(ctx, "db01", api.CheckOut{Purpose: thePurpose, TOTP: "no code"})
	want(t, err, custody.TOTPInvalid)
	_, err = holder.CheckOut(ctx, "db01", api.CheckOut{Purpose: thePurpose, TOTP: "1"})
	if p := want(t, err, custody.TOTPReplayed); p.RetryAfter < 1 {
		t.Errorf("retry_after = %d", p.RetryAfter)
	}
	out := ok(holder.CheckOut(ctx, "db01", api.CheckOut{Purpose: thePurpose, TOTP: "2"}))(t)
	if out.Password != thePass || out.Version != 1 || out.Lease.ID == "" || out.Lease.ExpiresAt.IsZero() {
		t.Errorf("checkout = version %d, lease %+v", out.Version, out.Lease)
	}
	seen := ok(backup.Credential(ctx, "db01"))(t)
	if seen.Lease == nil || seen.Lease.Purpose != thePurpose || !slices.Equal(seen.Exposure, []string{"tech-a"}) {
		t.Errorf("credential = %+v", seen)
	}
	if in := ok(holder.CheckIn(ctx, "db01"))(t); in.Lease != nil || in.Holder != "tech-a" {
		t.Errorf("after check-in: %+v", in)
	}
	rotating := ok(holder.Rotate(ctx, "db01", api.ConfirmedReason{Reason: "seen on a screen", TOTP: "3"}))(t)
	if rotating.Phase != custody.Rotating || rotating.Successor != "tech-a" || rotating.Holder != "" || rotating.Rotation.Reason != custody.ForRequested {
		t.Errorf("after rotate: %+v", rotating)
	}
	_, err = holder.CheckOut(ctx, "db01", api.CheckOut{Purpose: thePurpose, TOTP: "4"})
	want(t, err, custody.RotationPending)
}

func TestLeaveAndComeBack(t *testing.T) {
	s, ctx := serve(t), t.Context()
	giver, receiver := s.as(t, "tech-a"), s.as(t, "tech-b")
	back := s.now.Add(48 * time.Hour)

	_, err := giver.SetPresence(ctx, api.SetPresence{State: api.Away, TOTP: "2"})
	want(t, err, custody.HolderMustHandOver)
	offers := ok(giver.OfferHandover(ctx, api.OfferHandover{
		All: true, Reason: "holiday", ExpectedReturn: back, AwayWhenAccepted: true, TOTP: "2"}))(t)
	if len(offers) != 1 || offers[0].To != "tech-b" || offers[0].Status != custody.Offered || !offers[0].ExpectedReturn.Equal(back) {
		t.Fatalf("offers = %+v", offers)
	}
	id := offers[0].ID
	inbox := ok(receiver.Me(ctx))(t).Inbox
	if len(inbox) != 1 || inbox[0].Kind != "handover" || inbox[0].ID != id {
		t.Fatalf("inbox = %+v", inbox)
	}
	if h := ok(receiver.AcceptHandover(ctx, id, "2"))(t); h.Status != custody.Accepted || h.AcceptedAt.IsZero() {
		t.Errorf("accepted: %+v", h)
	}
	if me := ok(giver.Me(ctx))(t); me.Presence.State != api.Away || len(me.Holdings) != 0 || !me.Presence.Until.Equal(back) {
		t.Errorf("the giver: %+v", me)
	}
	_, err = receiver.SetPresence(ctx, api.SetPresence{State: api.Away, TOTP: "3"})
	want(t, err, custody.BothAway)
	change := ok(giver.SetPresence(ctx, api.SetPresence{State: api.Present, TakeBack: true, TOTP: "3"}))(t)
	if change.Person.Presence.State != api.Present || len(change.Handovers) != 1 || change.Handovers[0].Status != custody.Returned {
		t.Errorf("back: %+v", change)
	}
	s.rotate(t, "db01")
	closed := ok(giver.Handovers(ctx, desk.HandoverQuery{Status: []custody.HandoverStatus{custody.Closed, custody.Expired}}))(t)
	if len(closed) != 1 || closed[0].ID != id {
		t.Errorf("closed: %+v", closed)
	}
	if c := ok(giver.Credential(ctx, "db01"))(t); c.Holder != "tech-a" || c.Version != 2 || len(c.Exposure) != 0 {
		t.Errorf("credential: %+v", c)
	}
}

func TestHandoversEndInEveryWay(t *testing.T) {
	s, ctx := serve(t), t.Context()
	giver, receiver := s.as(t, "tech-a"), s.as(t, "tech-b")
	offer := func(code api.Secret) string {
		t.Helper()
		return ok(giver.OfferHandover(ctx, api.OfferHandover{Credentials: []string{"db01"}, Reason: "x", TOTP: code}))(t)[0].ID
	}
	declined := ok(receiver.DeclineHandover(ctx, offer("2"), "busy"))(t)
	cancelled := ok(giver.CancelHandover(ctx, offer("3"), ""))(t)
	id := offer("4")
	ok(receiver.AcceptHandover(ctx, id, "2"))(t)
	returned := ok(receiver.ReturnHandover(ctx, id, "3"))(t)
	for want, h := range map[custody.HandoverStatus]api.Handover{
		custody.Declined: declined, custody.Cancelled: cancelled, custody.Returned: returned,
	} {
		if h.Status != want || !slices.Equal(h.Credentials, []string{"db01"}) {
			t.Errorf("%s: %+v", want, h)
		}
	}
	if h := ok(giver.Handover(ctx, id))(t); h.ID != id {
		t.Errorf("handover = %+v", h)
	}
	_, err := giver.Handover(ctx, "handover-99")
	want(t, err, custody.NotFound)
}

func TestAdministration(t *testing.T) {
	s, ctx := serve(t), t.Context()
	admin := s.as(t, "admin")
	if people := ok(admin.People(ctx))(t); len(people) != 4 {
		t.Errorf("%d people", len(people))
	}
	s.hire(t, "manager", custody.Manager)
	s.hire(t, "director", custody.Director)
	agreed := func(p api.Proposal, code api.Secret) {
		t.Helper()
		for _, who := range []string{"manager", "director"} {
			ok(s.as(t, who).Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: code}))(t)
		}
	}
	p := ok(admin.AddCredential(ctx, api.AddCredential{
		Reason: "new server", TOTP: "2", Name: "web01", Primary: "tech-a", Backup: "tech-b", Secret: "now", AdminKey: "pem", Policy: api.Policy{RotateOnCheckin: true, LeaseSeconds: 60},
		Target: api.Target{Kind: "ssh", Address: "web01:22", Account: "root", Settings: map[string]string{"host_key": "# a comment\r\nk 1\r\nk 2\n", "ca": "-----BEGIN\nx\n"}},
	}))(t)
	if p.Kind != "credential" || p.Subject != "web01" || p.Status != custody.Open {
		t.Errorf("asked for: %+v", p)
	}
	agreed(p, "2")
	added := ok(admin.Credential(ctx, "web01"))(t)
	if added.Phase != custody.Rotating || !added.Policy.RotateOnCheckin || added.Policy.LeaseSeconds != 60 || added.Target.Address != "" {
		t.Errorf("credential = %+v", added)
	}
	if added = ok(s.as(t, "auditor").Credential(ctx, "web01"))(t); added.Target.Settings["host_key"] != "# a comment;k 1;k 2" || added.Target.Settings["ca"] != "-----BEGIN x" {
		t.Errorf("credential = %+v", added)
	}
	if s.passwords["web01"].Reveal() != "now" || s.passwords["web01/key"].Reveal() != "pem" {
		t.Error("the password or the key did not arrive")
	}
	agreed(ok(admin.Retire(ctx, "db01", api.ConfirmedReason{Reason: "scrapped", TOTP: "3"}))(t), "3")
	retired := ok(admin.Credential(ctx, "db01"))(t)
	if retired.Phase != custody.Retired {
		t.Errorf("retired = %+v", retired)
	}
	if all := ok(admin.Credentials(ctx))(t); len(all) != 2 {
		t.Errorf("%d credentials", len(all))
	}
}

// An auditor takes entries and proofs from the API and needs nothing else to
// check them.
func TestTheLedgerProvesItself(t *testing.T) {
	s, ctx := serve(t), t.Context()
	auditor := s.as(t, "auditor")
	key := ok(auditor.LedgerKey(ctx))(t)
	head, err := audit.OpenCheckpoint(ok(auditor.Checkpoint(ctx))(t), key)
	if err != nil {
		t.Fatal(err)
	}
	entries := ok(auditor.Entries(ctx, desk.EntryQuery{Limit: 1000}))(t)
	if int64(len(entries)) != head.Size || head.Size < 10 {
		t.Fatalf("%d entries, the checkpoint states %d", len(entries), head.Size)
	}
	for _, e := range entries {
		record := ok(e.Record())(t)
		text := ok(auditor.EntryProofText(ctx, e.Index))(t)
		proof, err := audit.ParseProof(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := proof.Check(record, key); err != nil {
			t.Fatalf("entry %d: %v", e.Index, err)
		}
		inJSON := ok(auditor.EntryProof(ctx, e.Index))(t)
		if inJSON.Index != e.Index || inJSON.Size != head.Size || inJSON.Root != head.Root.String() ||
			inJSON.Checkpoint != string(head.Text) || len(inJSON.Hashes) != len(proof.Hashes) {
			t.Errorf("proof = %+v", inJSON)
		}
	}
	page := ok(auditor.Entries(ctx, desk.EntryQuery{From: 3, Limit: 2, Actor: custody.System}))(t)
	if len(page) != 2 || page[0].Index < 3 || page[0].Actor != custody.System {
		t.Errorf("page = %+v", page)
	}
	if one := ok(auditor.Entry(ctx, 4))(t); one.Index != 4 || one.Type != entries[4].Type {
		t.Errorf("entry = %+v", one)
	}
	history := ok(auditor.History(ctx, "db01", desk.EntryQuery{}))(t)
	if len(history) == 0 || history[0].Type != "credential.added" {
		t.Errorf("history = %+v", history)
	}
	_, err = auditor.Entry(ctx, head.Size)
	want(t, err, custody.NotFound)
	_, err = auditor.EntryProof(ctx, head.Size)
	want(t, err, custody.NotFound)
	_, err = auditor.History(ctx, "nothing", desk.EntryQuery{})
	want(t, err, custody.NotFound)
}
