package notify

import (
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/follow"
)

// TestPeopleAreToldThatTheLedgerIsSuspect: those who can do something about it,
// once, without an entry; and nothing that stands in it is news any more.
func TestPeopleAreToldThatTheLedgerIsSuspect(t *testing.T) {
	o := newOffice(t)
	round(t, o.follower)
	o.happen("r-1", offered(1))
	round(t, o.follower)
	if m := o.server.Next(t); !strings.Contains(m.Subject, "handover-1") {
		t.Fatalf("%q", m.Subject)
	}
	o.settled(1)
	suspect := make(chan struct{})
	o.follower.Suspect = suspect
	close(suspect)
	round(t, o.follower)
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
	round(t, o.follower)
	o.server.None(t)
	o.settled(1)
}

// round has a follower look once.
func round(t *testing.T, f *Follower) {
	t.Helper()
	if _, err := f.round(t.Context(), follow.Place{}); err != nil {
		t.Fatal(err)
	}
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
