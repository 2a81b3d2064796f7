package desk_test

import (
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody/desk"
)

// TestReviewDue: the day by which the policy must be reviewed is the ledger's, and
// is said once it has come, by every process.
func TestReviewDue(t *testing.T) {
	by := time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)
	o := newOffice(t, func(c *desk.Config) { c.ReviewBy = by })
	if got := o.Desk.PolicyInForce().ReviewBy; !got.Equal(by) {
		t.Fatalf("must be reviewed by %s, want %s", got, by)
	}
	o.Clock.Add(by.Sub(o.Clock.Now()) - time.Millisecond)
	if due := o.Desk.ReviewDue(); !due.IsZero() {
		t.Errorf("due before its day: %s", due)
	}
	o.Clock.Add(time.Millisecond)
	o.Config.ReviewBy = by.AddDate(0, 0, 1) // which changes nothing any more
	for _, d := range []*desk.Desk{o.Desk, o.Open()} {
		if due := d.ReviewDue(); !due.Equal(by) {
			t.Errorf("due %s, want %s", due, by)
		}
	}
}
