package api_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func (w *world) ProposeRetargeting(ctx context.Context, by desk.By, r desk.Retargeting, reason custody.Note) (desk.Outcome, error) {
	return w.retargets(ctx, by, r, func(a custody.Retarget) custody.Action {
		return custody.Propose{Change: custody.Change{Proposable: a}, Reason: reason}
	})
}

func (w *world) retargets(ctx context.Context, by desk.By, r desk.Retargeting, command func(custody.Retarget) custody.Action) (desk.Outcome, error) {
	c, _ := w.state.Credential(r.Credential)
	a := custody.Retarget{Credential: r.Credential, Password: !r.Password.IsZero(), Key: !r.Key.IsZero()}
	a.Target = desk.NewTarget(custody.Target{Kind: c.Target.Kind, Address: r.Address, Settings: r.Settings})
	a.Target.Account, a.Target.Identities = c.Target.Account, c.Target.Identities
	outcome, err := w.Do(ctx, by, command(a))
	if err == nil {
		w.passwords[r.Credential+"/came"], w.passwords[r.Credential+"/key"] = r.Password, r.Key
	}
	return outcome, err
}

func (w *world) FingerprintsOf(c custody.Credential) []string {
	return []string{"fingerprint of " + c.Target.Settings["host_key"].String()}
}

// TestAnAccountIsReachedInAnotherWay: two approve it, and whose password goes there compares
// it and confirms it; the secrets that came with it are in no answer.
func TestAnAccountIsReachedInAnotherWay(t *testing.T) {
	s, ctx := serve(t), t.Context()
	for name, role := range map[string]custody.Role{"manager": custody.Manager, "director": custody.Director, "tech-c": custody.Technician} {
		s.hire(t, name, role)
	}
	holder, admin := s.as(t, "tech-a"), s.as(t, "admin")
	before := ok(holder.Target(ctx, "db01"))(t)
	if before.Number != 0 || !before.UnconfirmedSince.IsZero() || len(before.ConfirmedBy) != 0 {
		t.Errorf("%+v", before)
	}
	p := ok(admin.Retarget(ctx, "db01", api.Retarget{
		Address: "new:2222", Settings: map[string]string{"host_key": "ssh-ed25519 AAAA\nssh-ed25519 BBBB\n"}, Secret: "MARKED-password", AdminKey: "MARKED-key", Reason: "the host has moved", TOTP: "2",
	}))(t)
	changes := []api.Difference{
		{Field: "address", After: "new:2222"}, {Field: "target.settings.host_key", After: "ssh-ed25519 AAAA;ssh-ed25519 BBBB"},
		{Field: "brings_password", After: "true"}, {Field: "brings_key", After: "true"},
	}
	if p.Kind != "retarget" || p.Subject != "db01" || !reflect.DeepEqual(p.Change, changes) || len(p.Needs) != 2 {
		t.Errorf("%+v", p)
	}
	if s.passwords["db01/came"].Reveal() != "MARKED-password" || s.passwords["db01/key"].Reveal() != "MARKED-key" {
		t.Error("what came with it did not come")
	}
	ok(s.as(t, "manager").Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"}))(t)
	if c := ok(s.as(t, "director").Approve(ctx, p.ID, api.ApproveProposal{Digest: p.Digest, TOTP: "2"}))(t); c.Status != custody.Effected {
		t.Errorf("%+v", c)
	}
	shown := ok(holder.Target(ctx, "db01"))(t)
	if shown.Target.Address != "new:2222" || shown.Number != 1 || shown.UnconfirmedSince.IsZero() || len(shown.ConfirmedBy) != 1 || shown.ConfirmedBy[0] != "tech-a" ||
		len(shown.Fingerprints) != 1 || shown.Fingerprints[0] != "fingerprint of ssh-ed25519 AAAA;ssh-ed25519 BBBB" {
		t.Errorf("%+v", shown)
	}
	if c := ok(admin.Credential(ctx, "db01"))(t); !c.UnconfirmedSince.Equal(shown.UnconfirmedSince) || c.Target.Address != "" {
		t.Errorf("an admin sees %+v", c)
	}
	for _, who := range []string{"admin", "tech-c"} {
		_, err := s.as(t, who).Target(ctx, "db01")
		want(t, err, custody.Forbidden)
	}
	_, err := s.as(t, "tech-b").ConfirmTarget(ctx, "db01", api.ConfirmTarget{Target: 1, TOTP: "2"})
	want(t, err, custody.Forbidden)
	_, err = holder.ConfirmTarget(ctx, "db01", api.ConfirmTarget{Target: 0, TOTP: "2"})
	want(t, err, custody.Conflict)
	if c := ok(holder.ConfirmTarget(ctx, "db01", api.ConfirmTarget{Target: 1, TOTP: "3"}))(t); !c.UnconfirmedSince.IsZero() {
		t.Errorf("%+v", c)
	}
	_, err = holder.Target(ctx, "db99")
	want(t, err, custody.NotFound)
}
