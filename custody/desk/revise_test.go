package desk_test

import (
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// TestWhatCameWithARevisionTakesThePlaceOfWhatCameBefore: the first password is removed and
// never tried; without another one nothing comes with the account.
func TestWhatCameWithARevisionTakesThePlaceOfWhatCameBefore(t *testing.T) {
	for name, second := range map[string]custody.Secret{"another password": custody.SecretString("second"), "none": {}} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t)
			o.Approvers()
			ctx := t.Context()
			asked, err := o.Desk.ProposeCredential(ctx, desk.By{Actor: "admin", Request: "first", Code: o.Code("admin")}, onboarding("db02"), desk.NewNote("new server"), custody.SecretString("first"), custody.Secret{})
			if err != nil {
				t.Fatal(err)
			}
			id := asked.Events[0].Fact.Subject()
			before, err := o.Store.Proposal(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			o.Must("manager", custody.Approve{Proposal: id, Digest: before.Digest()})
			again := onboarding("db02")
			again.Primary, again.Backup = again.Backup, again.Primary
			if _, err := o.Desk.ReviseCredential(ctx, desk.By{Actor: "manager", Request: "not theirs", Code: o.Code("manager")}, id, again, desk.NewNote("x"), custody.SecretString("third"), custody.Secret{}); custody.CodeOf(err) != custody.Forbidden {
				t.Errorf("revised by who did not ask: %v", err)
			}
			if left := o.under("not theirs"); len(left) != 0 {
				t.Errorf("refused, and %d secrets are left", len(left))
			}
			if _, err := o.Desk.ReviseCredential(ctx, desk.By{Actor: "admin", Request: "second", Code: o.Code("admin")}, id, again, desk.NewNote("the other way round"), second, custody.Secret{}); err != nil {
				t.Fatal(err)
			}
			p, err := o.Store.Proposal(ctx, id)
			if err != nil || p.Revision != 2 || len(p.Approvals) != 0 || p.Reason.String() != "the other way round" {
				t.Fatalf("%+v, %v", p, err)
			}
			o.comesInRevised(p)
			if c := o.Credential("db02"); c.Primary != again.Primary || c.Arriving != "" {
				t.Errorf("in custody: %+v", c)
			}
			if second.IsZero() {
				if left := o.under("second"); len(left) != 0 {
					t.Errorf("nothing came, and %d secrets are there", len(left))
				}
				return
			}
			if password, _ := o.kept("db02"); password.Reveal() != "second" {
				t.Error("what came with the revision is not in its place")
			}
		})
	}
}

// TestAPolicyThatDoesNotFitTheTargetIsNoRevision: as it is none to begin with.
func TestAPolicyThatDoesNotFitTheTargetIsNoRevision(t *testing.T) {
	o := newOffice(t, func(c *desk.Config) {
		c.CheckPolicy = func(p custody.CredentialPolicy) error {
			if p.Password != "" {
				return custody.Invalid("policy.password", "not_offered")
			}
			return nil
		}
	})
	o.Approvers()
	o.Must("admin", custody.Propose{Change: custody.Change{Proposable: custody.ChangePolicy{Credential: "db01", Policy: custody.CredentialPolicy{MaxExposed: 2}}}, Reason: desk.NewNote("x")})
	by := func() desk.By {
		return desk.By{Actor: "admin", Request: desktest.Unique("revise"), Code: o.Code("admin")}
	}
	if _, err := o.Desk.RevisePolicy(t.Context(), by(), "p-1", custody.ChangePolicy{Credential: "db01", Policy: custody.CredentialPolicy{Password: "no-such"}}, desk.NewNote("x")); custody.CodeOf(err) != custody.InvalidRequest {
		t.Errorf("a password policy that there is not: %v", err)
	}
	if _, err := o.Desk.RevisePolicy(t.Context(), by(), "p-1", custody.ChangePolicy{Credential: "db01", Policy: custody.CredentialPolicy{MaxExposed: 1}}, desk.NewNote("x")); err != nil {
		t.Error(err)
	}
	if p, err := o.Store.Proposal(t.Context(), "p-1"); err != nil || p.Revision != 2 {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestAnotherWayIsRevisedWithItsSecrets: what came with the first request counts no more,
// and is cleared away; what comes with the revision is what is tried.
func TestAnotherWayIsRevisedWithItsSecrets(t *testing.T) {
	o, ctx := retargetable(t), t.Context()
	id, err := o.retargets("admin", "first", desk.Retargeting{Address: "typo.example:22", Password: custody.SecretString("first")})
	if err != nil {
		t.Fatal(err)
	}
	revise := func(who, request string) error {
		r := desk.Retargeting{Credential: "db02", Address: "elsewhere.example:22", Password: custody.SecretString(request)}
		_, err := o.Desk.ReviseRetargeting(ctx, desk.By{Actor: who, Request: request, Code: o.Code(who)}, id, r, desk.NewNote("typed right"))
		return err
	}
	before, err := o.Store.Proposal(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	if err := revise("manager", "not theirs"); custody.CodeOf(err) != custody.Forbidden || len(o.under("not theirs")) != 0 {
		t.Errorf("revised by who did not ask: %v, and %d secrets are left", err, len(o.under("not theirs")))
	}
	if err := revise("admin", "second"); err != nil {
		t.Fatal(err)
	}
	p, err := o.Store.Proposal(ctx, id)
	if err != nil || p.Revision != 2 || p.Digest() == before.Digest() {
		t.Fatalf("%+v, %v", p, err)
	}
	o.comesInRevised(p)
	c, err := o.Store.Credential(ctx, "db02")
	if password, _ := o.kept("db02"); err != nil || password.Reveal() != "second" || c.Target.Address.In("") != "elsewhere.example:22" {
		t.Errorf("reached at %s, %v", c.Target.Address.In(""), err)
	}
}

// comesInRevised approves what was asked for anew: nothing is left of what came with the first
// request, and what came with this one gets to its place.
func (o *office) comesInRevised(p custody.Proposal) {
	o.T.Helper()
	ctx := o.T.Context()
	o.Clock.Add(time.Hour)
	o.Enters()
	if err := o.Desk.ClearArrivals(ctx); err != nil {
		o.T.Fatal(err)
	}
	if left := o.under("first"); len(left) != 0 {
		o.T.Errorf("%d secrets of the first request are left", len(left))
	}
	for _, who := range []string{"manager", "director"} {
		o.Must(who, custody.Approve{Proposal: p.ID, Digest: p.Digest()})
	}
	if err := o.Desk.Settle(ctx, "db02"); err != nil { // as the rotation worker does
		o.T.Fatal(err)
	}
}
