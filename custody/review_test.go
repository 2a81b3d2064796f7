package custody

import (
	"testing"
	"time"
)

// TestReviewBy: a policy says until when it must be looked at again, at most a year
// ahead, and afterwards is one that should have been.
func TestReviewBy(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		asked, want time.Time // zero want: refused
	}{
		{time.Time{}, epoch.AddDate(1, 0, -1)},
		{epoch.AddDate(0, 3, 0), epoch.AddDate(0, 3, 0)},
		{epoch.Add(time.Millisecond), epoch.Add(time.Millisecond)},
		{epoch.AddDate(1, 0, 0), epoch.AddDate(1, 0, 0)},
		{epoch.AddDate(1, 0, 0).Add(time.Millisecond), time.Time{}},
		{epoch, time.Time{}},
		{epoch.Add(-time.Hour), time.Time{}},
	} {
		events, err := Decide(NewState(), Command{Actor: System, Action: AdoptPolicy{DefaultPolicy(), c.asked}}, epoch)
		e := Event{Time: epoch, Actor: System, Fact: PolicyAdopted{Version: 1, Rules: RulesVersion, Values: DefaultPolicy(), ReviewBy: c.asked}}
		if c.want.IsZero() {
			if CodeOf(err) != InvalidRequest {
				t.Errorf("by %s: %v", c.asked, err)
			}
			if err := CheckEvent(NewState(), e); !violation(err, "I7", "look at again") {
				t.Errorf("by %s, as an entry: %v", c.asked, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("by %s: %v", c.asked, err)
			continue
		}
		s := NewState()
		if err := reexecuted(s, events, mustFollow(t, s, events)); err != nil {
			t.Errorf("by %s: %v", c.asked, err)
		}
		s = mustFollow(t, s, events)
		if p := s.Policy(); !p.ReviewBy.Equal(c.want) || p.Unreviewed(c.want.Add(-time.Millisecond)) || !p.Unreviewed(c.want) {
			t.Errorf("by %s: %+v", c.asked, p)
		}
	}
	if (PolicyInForce{}).Unreviewed(epoch) {
		t.Error("no policy, and it should have been reviewed")
	}
}

func mustFollow(t *testing.T, s *State, events []Event) *State {
	t.Helper()
	next, err := follow(s, events, roundTrip)
	if err != nil {
		t.Fatal(err)
	}
	return next
}
