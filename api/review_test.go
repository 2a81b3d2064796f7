package api_test

import (
	"strings"
	"testing"
	"time"
)

// TestReviewDue: who asks for what they see first is told of a policy that should
// have been reviewed, and of nothing else in its place.
func TestReviewDue(t *testing.T) {
	s := serve(t)
	if _, _, text := s.ask(t, "GET", "/api/v1/me", ""); strings.Contains(text, "review_due") {
		t.Errorf("due before its day: %s", text)
	}
	s.reviewDue = time.Date(2026, 6, 30, 0, 0, 0, 0, time.UTC)
	if _, _, text := s.ask(t, "GET", "/api/v1/me", ""); !strings.Contains(text, `"review_due":"2026-06-30T00:00:00Z"`) {
		t.Errorf("not said: %s", text)
	}
}
