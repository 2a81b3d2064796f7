package notify

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
)

// TestWhoCanApproveIsAsked, and nobody else who has the role: among them a deputy, and not
// the director whom it is about.
func TestWhoCanApproveIsAsked(t *testing.T) {
	o := newOffice(t)
	o.can = map[custody.Role][]string{custody.Manager: {"manager", "tech-a"}, custody.Director: {"tech-a"}}
	for name, c := range map[string]struct {
		fact custody.Fact
		want []string
		says string
	}{
		"asked for": {custody.ProposalMade{Proposal: "p-1"}, []string{"manager", "tech-a"}, "needs your approval"},
		"revised":   {custody.ProposalRevised{Proposal: "p-1"}, []string{"manager", "tech-a"}, "needs your approval"},
		"an approver left": {custody.ApprovalLapsed{Proposal: "p-1", Level: custody.Manager, Person: "tech-b"}, []string{"admin", "manager", "tech-a"},
			"The approval of Person tech-b (tech-b) counts no more"},
		"the last day":               {custody.ProposalReminded{Proposal: "p-1"}, []string{"admin", "manager", "tech-a"}, "still waits"},
		"approved for somebody away": {custody.ProposalApproved{Proposal: "p-1", For: "manager"}, []string{"manager"}, "in your place"},
		"rejected for somebody away": {custody.ProposalRejected{Proposal: "p-1", For: "director"}, []string{"admin", "director"}, "for Person director (director), has rejected"},
	} {
		got := o.written(c.fact)
		if told := slices.Sorted(maps.Keys(got)); !slices.Equal(told, c.want) {
			t.Errorf("%s: told are %v, want %v", name, told, c.want)
		}
		for who, l := range got {
			if !strings.Contains(l.Mail.Text, c.says) {
				t.Errorf("%s: %s reads %s", name, who, l.Mail.Text)
			}
		}
	}
	o.can = nil // it was decided before the mail was written
	if got := o.written(custody.ProposalMade{Proposal: "p-1"}); len(got) != 0 {
		t.Errorf("asked about what is over: %v", got)
	}
}

// TestADeputyIsTold, the principal too, and of a new one whoever could end it.
func TestADeputyIsTold(t *testing.T) {
	o := newOffice(t)
	named := custody.DeputyNamed{Person: "manager", Deputy: "tech-a", Ends: noon.AddDate(0, 0, 9), Proposal: "p-1"}
	if told := slices.Sorted(maps.Keys(o.written(named))); !slices.Equal(told, []string{"admin", "director", "manager", "tech-a"}) {
		t.Errorf("of a new one: %v", told)
	}
	for _, fact := range []custody.Fact{custody.DeputyBegan{Person: "manager", Deputy: "tech-a"}, custody.DeputyEnded{Person: "manager", Deputy: "tech-a", Why: custody.DeputyTaken}} {
		if told := slices.Sorted(maps.Keys(o.written(fact))); !slices.Equal(told, []string{"manager", "tech-a"}) {
			t.Errorf("%s: %v", fact.Type(), told)
		}
	}
}
