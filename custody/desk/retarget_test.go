package desk_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// retargetable is an office whose db01 has a second account, and a connector that knows
// what its host is called by.
func retargetable(t *testing.T) *office {
	t.Helper()
	o := newOffice(t, func(c *desk.Config) {
		c.CheckTarget = func(t custody.Target, key custody.Secret) (desk.CheckedTarget, error) {
			_, administered := t.Settings["admin"]
			switch {
			case administered && key.IsZero():
				return desk.CheckedTarget{}, custody.Invalid("key", "no_admin_password")
			case !administered && !key.IsZero():
				return desk.CheckedTarget{}, custody.Invalid("target.settings.admin", "name_admin_role")
			}
			checked := desk.CheckedTarget{Reconciles: administered}
			if pinned, is := t.Settings["host_key"]; is {
				checked.Fingerprints = []string{"fingerprint of " + pinned}
			}
			return checked, nil
		}
		c.StandIn = func(string) custody.Secret { return custody.SecretString("stands in") }
		c.Fingerprints = func(t custody.Target) []string { return []string{"fingerprint of " + t.Settings["host_key"]} }
	})
	o.Approvers()
	add := onboarding("db02")
	add.Target = desk.NewTarget(custody.Target{Kind: "ssh", Address: "db02.example:22", Account: "root", Settings: map[string]string{"admin": "ops", "host_key": "old"}})
	if err := addAs(o.Desk, add, custody.SecretString("before"), custody.SecretString("key")); err != nil {
		t.Fatal(err)
	}
	return o
}

func addAs(d *desk.Desk, a custody.AddCredential, password, key custody.Secret) error {
	_, err := d.AddCredential(context.Background(), desk.By{Actor: custody.System, Request: unique("add")}, a, password, key)
	return err
}

// retargets asks for another way to db02, and gives the proposal's id.
func (o *office) retargets(who, request string, r desk.Retargeting) (string, error) {
	o.T.Helper()
	r.Credential = "db02"
	outcome, err := o.Desk.ProposeRetargeting(o.T.Context(), desk.By{Actor: who, Request: request, Code: o.Code(who)}, r, desk.NewNote("the host has moved"))
	if err != nil {
		return "", err
	}
	return outcome.Events[0].Fact.Subject(), nil
}

func (o *office) approve(id string) {
	o.T.Helper()
	p, err := o.Store.Proposal(o.T.Context(), id)
	if err != nil {
		o.T.Fatal(err)
	}
	for _, who := range []string{"manager", "director"} {
		o.Must(who, custody.Approve{Proposal: id, Digest: p.Digest()})
	}
}

// reachedBy gives how db02 is reached, with its texts.
func (o *office) reachedBy() (custody.Credential, custody.Target) {
	o.T.Helper()
	c, err := o.Desk.Credential(o.T.Context(), "db02")
	if err != nil {
		o.T.Fatal(err)
	}
	target, known := c.Target.Plain()
	if !known {
		o.T.Error("its texts are not there")
	}
	return c, target
}

// TestWhatIsNotSaidStaysAsItIs: a custodian says what is another, and an unchanged text
// keeps its commitment.
func TestWhatIsNotSaidStaysAsItIs(t *testing.T) {
	o := retargetable(t)
	before, _ := o.reachedBy()
	var read []string
	o.Secrets.Listen(func(path string) { read = append(read, path) })
	id, err := o.retargets("tech-a", unique("r"), desk.Retargeting{Address: "db02.example:2222", Settings: map[string]string{"host_key": "new", "sudo": "true"}})
	if err != nil {
		t.Fatal(err)
	}
	o.approve(id)
	c, target := o.reachedBy()
	if target.Address != "db02.example:2222" || target.Account != "root" || target.Settings["host_key"] != "new" || target.Settings["admin"] != "ops" || target.Settings["sudo"] != "true" || !c.Reconciles {
		t.Errorf("%+v", target)
	}
	if !c.Target.Account.Same(before.Target.Account) || !c.Target.Settings["admin"].Same(before.Target.Settings["admin"]) || c.Target.Settings["host_key"].Same(before.Target.Settings["host_key"]) {
		t.Error("what stays has another commitment, or what does not has the same")
	}
	if slices.Contains(read, desk.KeyPath("db02")) || slices.Contains(read, desk.CredentialPath("db02")) {
		t.Errorf("read for it: %q", read)
	}
	if !c.Unconfirmed.IsZero() { // tech-a, for whom it is changed, asked for it and its host key
		t.Errorf("%+v", c)
	}
	if got := o.Desk.FingerprintsOf(c); !slices.Equal(got, []string{"fingerprint of new"}) {
		t.Errorf("%q", got)
	}
	_, err = o.retargets("tech-a", unique("r"), desk.Retargeting{Address: "db02.example:2222", Settings: map[string]string{"host_key": "new"}})
	o.Refused(custody.Conflict, err)

	id, err = o.retargets("tech-b", unique("r"), desk.Retargeting{Settings: map[string]string{"admin": "", "host_key": ""}})
	if err != nil {
		t.Fatal(err)
	}
	o.approve(id)
	if c, target := o.reachedBy(); c.Reconciles || len(target.Settings) != 1 || c.Unconfirmed.IsZero() {
		t.Errorf("without its second account: %+v", c)
	}
}

// TestWhoMayNotKnowWhereAnAccountIsSaysAllOfIt: nothing of what there is shows in what
// they asked for.
func TestWhoMayNotKnowWhereAnAccountIsSaysAllOfIt(t *testing.T) {
	o := retargetable(t)
	_, err := o.retargets("admin", unique("r"), desk.Retargeting{Settings: map[string]string{"host_key": "new"}})
	o.Refused(custody.InvalidRequest, err)
	id, err := o.retargets("admin", unique("r"), desk.Retargeting{Address: "new.example:22", Settings: map[string]string{"host_key": "new"}})
	if err != nil {
		t.Fatal(err)
	}
	o.approve(id)
	if _, target := o.reachedBy(); target.Address != "new.example:22" || len(target.Settings) != 1 || target.Account != "root" {
		t.Errorf("%+v", target)
	}
	if c, _ := o.reachedBy(); c.Unconfirmed.IsZero() {
		t.Error("nobody whose password it is has looked")
	}
}

// TestWhatCameForAnotherWayWaitsForItsApproval: then it is in its place, beside what nobody
// brought; and where it is not approved nothing is left.
func TestWhatCameForAnotherWayWaitsForItsApproval(t *testing.T) {
	secret := custody.SecretString
	for _, came := range []struct {
		what          string
		r             desk.Retargeting
		password, key string // then
	}{
		{"a password", desk.Retargeting{Password: secret("right")}, "right", "key"},
		{"a key", desk.Retargeting{Key: secret("another")}, "before", "another"},
		{"both", desk.Retargeting{Password: secret("right"), Key: secret("another")}, "right", "another"},
	} {
		o := retargetable(t)
		id, err := o.retargets("admin", "brought", desk.Retargeting{Address: "db02.example:22", Settings: map[string]string{"admin": "ops"}, Password: came.r.Password, Key: came.r.Key})
		if err != nil {
			t.Fatal(err)
		}
		o.Clock.Add(48 * time.Hour)
		o.Enters()
		if err := o.Desk.ClearArrivals(t.Context()); err != nil {
			t.Fatal(err)
		}
		if password, key := o.kept("db02"); password.Reveal() != "before" || key.Reveal() != "key" || len(o.under("brought")) == 0 {
			t.Fatalf("%s: moved, or removed, before anybody approved it", came.what)
		}
		o.approve(id)
		if c := o.Credential("db02"); c.Arriving != "brought" {
			t.Fatalf("%s: %+v", came.what, c)
		}
		due, err := o.Desk.Unfinished(t.Context())
		if err != nil || !slices.ContainsFunc(due, func(c custody.Credential) bool { return c.Name == "db02" }) {
			t.Errorf("%s: the worker does not see it: %v", came.what, err)
		}
		for range 2 {
			if err := o.Desk.Settle(t.Context(), "db02"); err != nil {
				t.Fatal(err)
			}
		}
		if password, key := o.kept("db02"); password.Reveal() != came.password || key.Reveal() != came.key {
			t.Errorf("%s: %q and %q", came.what, password.Reveal(), key.Reveal())
		}
		if c := o.Credential("db02"); c.Arriving != "" || len(o.under("brought")) != 0 {
			t.Errorf("%s: %+v", came.what, c)
		}
	}
	for name, ends := range map[string]func(o *office, id string){
		"rejected": func(o *office, id string) {
			p, _ := o.Store.Proposal(o.T.Context(), id)
			o.Must("manager", custody.Reject{Proposal: id, Digest: p.Digest(), Reason: desk.NewNote("no")})
		},
		"withdrawn": func(o *office, id string) { o.Must("tech-a", custody.Withdraw{Proposal: id}) },
		"expired": func(o *office, _ string) {
			o.Clock.Add(8 * 24 * time.Hour)
			o.Must(custody.System, custody.Tick{})
		},
		"failed": func(o *office, id string) {
			o.Must(custody.System, custody.ReportStaged{Rotation: custody.RotationID{Credential: "db02", Number: 1}})
			o.Must("admin", custody.CancelRotation{Credential: "db02", Reason: desk.NewNote("no")})
			o.approve(id)
		},
	} {
		o := retargetable(t)
		id, err := o.retargets("tech-a", "in vain", desk.Retargeting{Password: secret("p"), Key: secret("k")})
		if err != nil {
			t.Fatal(err)
		}
		ends(o, id)
		o.Clock.Add(11 * time.Minute)
		if err := o.Desk.ClearArrivals(t.Context()); err != nil {
			t.Fatal(err)
		}
		if p, err := o.Store.Proposal(t.Context(), id); err != nil || string(p.Status) != name || len(o.under("in vain")) != 0 {
			t.Errorf("%s: %s, and %d secrets are left (%v)", name, p.Status, len(o.under("in vain")), err)
		}
		if password, key := o.kept("db02"); password.Reveal() != "before" || key.Reveal() != "key" {
			t.Errorf("%s: what there was is not there", name)
		}
	}
	o := retargetable(t)
	o.Must("tech-a", custody.Propose{Change: custody.Change{Proposable: custody.Retire{Credential: "db01"}}, Reason: desk.NewNote("old")})
	_, err := o.Desk.ProposeRetargeting(t.Context(), desk.By{Actor: "tech-a", Request: "refused", Code: "000000"}, desk.Retargeting{Credential: "db02", Key: secret("k")}, desk.NewNote("r"))
	o.Refused(custody.TOTPInvalid, err)
	if len(o.under("refused")) != 0 {
		t.Error("refused, and something is left")
	}
}

// TestNobodyRetargetsWhatThereIsNot, or what is not in custody any more.
func TestNobodyRetargetsWhatThereIsNot(t *testing.T) {
	o := retargetable(t)
	_, err := o.Desk.ProposeRetargeting(t.Context(), desk.By{Actor: "tech-a", Request: "none", Code: o.Code("tech-a")}, desk.Retargeting{Credential: "db99", Address: "x:22"}, desk.NewNote("r"))
	o.Refused(custody.NotFound, err)
	o.Must("admin", custody.Retire{Credential: "db01"})
	_, err = o.Desk.ProposeRetargeting(t.Context(), desk.By{Actor: "tech-a", Request: "gone", Code: o.Code("tech-a")}, desk.Retargeting{Credential: "db01", Address: "x:22"}, desk.NewNote("r"))
	o.Refused(custody.Conflict, err)
	if _, err := o.retargets("tech-a", unique("r"), desk.Retargeting{Settings: map[string]string{"admin": "ops"}, Key: custody.Secret{}}); custody.CodeOf(err) != custody.Conflict || errors.Is(err, desk.ErrNotFound) {
		t.Errorf("nothing is another: %v", err)
	}
}
