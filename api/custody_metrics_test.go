package api_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestCustodyIsCountedForMonitoring: each figure by its name, with ages and not instants.
func TestCustodyIsCountedForMonitoring(t *testing.T) {
	s := serve(t)
	s.census = &desk.Census{
		Entries: 21, Behind: 1,
		Phases:  map[custody.Phase]int{custody.Held: 2, custody.Parked: 0},
		Steps:   map[custody.RotationStep]int{custody.StepApplied: 3},
		Failing: 4, Paused: 5, Overdue: 6, Rotating: s.Time().Add(-time.Minute), Drifted: 7, Untold: 8, Vacant: 9,
		Proposals: 10, Proposed: s.Time().Add(-time.Hour),
		Emergencies: map[custody.EmergencyStatus]int{custody.EmergencyOver: 11}, LateReviews: 12,
	}
	s.reviewDue = s.Time()
	lines := strings.Split(s.ops(t, "/metrics").Body.String(), "\n")
	for _, line := range []string{
		`tandem_ledger_entries 21`, `tandem_ledger_behind_entries 1`,
		`tandem_credentials{phase="held"} 2`, `tandem_credentials{phase="parked"} 0`, `tandem_credentials_drifted 7`, `tandem_seats_vacant 9`,
		`tandem_rotations{step="applied"} 3`, `tandem_rotations_failing 4`, `tandem_rotations_paused 5`, `tandem_rotations_overdue 6`, `tandem_rotations_oldest_seconds 60`,
		`tandem_dependents_behind 8`, `tandem_proposals_open 10`, `tandem_proposals_oldest_seconds 3600`,
		`tandem_emergencies{status="ended"} 11`, `tandem_emergency_reviews_overdue 12`, `tandem_policy_review_overdue 1`,
	} {
		if !slices.Contains(lines, line) {
			t.Errorf("no %s", line)
		}
	}
	s.census.Rotating, s.census.Proposed, s.reviewDue = time.Time{}, time.Time{}, time.Time{}
	lines = strings.Split(s.ops(t, "/metrics").Body.String(), "\n")
	for _, line := range []string{`tandem_rotations_oldest_seconds 0`, `tandem_proposals_oldest_seconds 0`, `tandem_policy_review_overdue 0`} {
		if !slices.Contains(lines, line) {
			t.Errorf("no %s", line)
		}
	}
	s.fail = errors.New("the database is away")
	if text := s.ops(t, "/metrics").Body.String(); strings.Contains(text, "\ntandem_rotations_overdue ") || !strings.Contains(text, "\ntandem_clock_wrong ") {
		t.Error("a figure that nobody knows was given, or none at all")
	}
}

// TestMetricsNameWhatKeepsItFromWorking: every cause by itself, those that are not there too,
// and one look for two scrapes right after each other.
func TestMetricsNameWhatKeepsItFromWorking(t *testing.T) {
	s := serve(t)
	s.fail = &desk.NotReady{Causes: []desk.Cause{{Code: "disk_full", Err: desk.ErrDiskFull}}}
	lines := strings.Split(s.ops(t, "/metrics").Body.String(), "\n")
	if !slices.Contains(lines, `tandem_not_ready{cause="disk_full"} 1`) || !slices.Contains(lines, `tandem_not_ready{cause="vault_unavailable"} 0`) {
		t.Errorf("causes: %v", slices.DeleteFunc(lines, func(l string) bool { return !strings.HasPrefix(l, "tandem_not_ready") }))
	}
	for _, cause := range desk.Causes() {
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, `tandem_not_ready{cause="`+cause+`"}`) }) {
			t.Errorf("nothing is said of %s", cause)
		}
	}
	s.fail = nil
	if lines := strings.Split(s.ops(t, "/metrics").Body.String(), "\n"); !slices.Contains(lines, `tandem_not_ready{cause="disk_full"} 1`) {
		t.Error("a scrape right after another looked again, and wrote again")
	}
}
