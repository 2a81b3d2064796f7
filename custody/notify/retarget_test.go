package notify

import (
	"slices"
	"testing"

	"github.com/tandem-custody/tandem/custody"
)

// TestAnotherWayToAnAccountIsToldToWhosePasswordGoesThere, who has to confirm it, and to the
// other custodian; where nobody has to confirm it both are told that it was changed.
func TestAnotherWayToAnAccountIsToldToWhosePasswordGoesThere(t *testing.T) {
	o := newOffice(t)
	db01, _ := o.Credential(t.Context(), "db01")
	holder := db01.HeldFor()
	for _, unconfirmed := range []bool{true, false} {
		fact := custody.CredentialRetargeted{Credential: "db01", Unconfirmed: unconfirmed, Proposal: "p-1"}
		notices, err := o.follower.notices(t.Context(), indexed{custody.Event{Time: noon, Fact: fact}, 7}, o.people)
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, n := range notices {
			told = append(told, n.to)
			if asked := n.kind == "target_unconfirmed"; asked != (unconfirmed && n.to == holder) {
				t.Errorf("%s is told %s", n.to, n.kind)
			}
		}
		if slices.Sort(told); !slices.Equal(told, []string{"tech-a", "tech-b"}) || holder == "" {
			t.Errorf("told to %v, held by %q", told, holder)
		}
	}
	if calls(custody.Event{Fact: custody.TargetConfirmed{}}) || !calls(custody.Event{Fact: custody.CredentialRetargeted{}}) {
		t.Error("said of the wrong one")
	}
}
