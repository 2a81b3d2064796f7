package desk_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestWhoHasTheSeedOfWhoAsksApprovesNothing, and it is on record before it is refused, once;
// with another seed they approve.
func TestWhoHasTheSeedOfWhoAsksApprovesNothing(t *testing.T) {
	o := newOffice(t)
	o.Approvers()
	id := o.Must("tech-a", custody.Propose{
		Change: custody.Change{Proposable: custody.Retire{Credential: "db01"}}, Reason: desk.NewNote("needed"),
	}).Events[0].Fact.Subject()
	p, err := o.Store.Proposal(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	own := o.Seeds["manager"]
	has := func(seed custody.Secret) {
		t.Helper()
		if err := o.Secrets.Delete(t.Context(), desk.SeedPath("manager")); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Secrets.Write(t.Context(), desk.SeedPath("manager"), desk.StoredSeed(o.Person("manager").Number, seed), 0, nil); err != nil {
			t.Fatal(err)
		}
		o.Seeds["manager"] = seed
		o.restart()
	}
	has(o.Seeds["tech-a"])
	before := o.Size()
	for range 2 {
		if _, err := o.Do("manager", custody.Approve{Proposal: id, Digest: p.Digest()}); custody.CodeOf(err) != custody.NotEligible {
			t.Fatalf("with the seed of who asks: %v", err)
		}
	}
	types := slices.DeleteFunc(o.Types(before), func(kind string) bool { return kind == custody.ServiceStarted{}.Type() })
	if !slices.Equal(types, []string{"person.same_seed", "command.refused", "command.refused"}) {
		t.Errorf("on record: %v", types)
	}

	// While the secret store does not say what seed the others have, nothing is approved.
	has(own)
	if err := o.Secrets.Delete(t.Context(), desk.SeedPath("tech-b")); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Secrets.Write(t.Context(), desk.SeedPath("tech-b"), desk.StoredSeed(o.Person("tech-b").Number, custody.SecretString("!")), 0, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := o.Do("manager", custody.Approve{Proposal: id, Digest: p.Digest()}); err == nil {
		t.Error("approved beside a seed that is none")
	} else if r := (*custody.Refusal)(nil); errors.As(err, &r) {
		t.Errorf("beside a seed that is none: %v", err)
	}
}
