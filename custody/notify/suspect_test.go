package notify

import (
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
)

// TestPeopleAreToldThatTheLedgerIsSuspect: those who can do something about it,
// once, without an entry; and nothing that stands in it is news any more.
func TestPeopleAreToldThatTheLedgerIsSuspect(t *testing.T) {
	o := newOffice(t)
	o.follower.round(t.Context())
	o.happen("r-1", offered(1))
	o.follower.round(t.Context())
	if m := o.server.Next(t); !strings.Contains(m.Subject, "handover-1") {
		t.Fatalf("%q", m.Subject)
	}
	o.settled(1)
	o.follower.suspectsLedger()
	o.follower.round(t.Context())
	var told []string
	for range 3 {
		m := o.server.Next(t)
		told = append(told, m.To)
		if !strings.Contains(m.Subject, "suspect") || !strings.Contains(m.Text, "keep the database as it is") {
			t.Errorf("%q: %s", m.Subject, m.Text)
		}
	}
	slices.Sort(told)
	if !slices.Equal(told, []string{"admin@example.org", "director@example.org", "manager@example.org"}) {
		t.Errorf("told %v", told)
	}
	o.happen("r-2", custody.EnrolmentReset{Person: "tech-a"}) // somebody wrote it there
	o.follower.round(t.Context())
	o.server.None(t)
	o.settled(1)
}

// TestAFollowerHearsThatItsLedgerIsSuspect: at the start, or at any time.
func TestAFollowerHearsThatItsLedgerIsSuspect(t *testing.T) {
	o := newOffice(t)
	suspect := make(chan struct{})
	o.follower.Suspect = suspect
	o.run(o.follower)
	close(suspect)
	if m := o.server.Next(t); !strings.Contains(m.Subject, "suspect") {
		t.Errorf("%q", m.Subject)
	}
}
