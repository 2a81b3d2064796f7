package desk_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestTheCensusCountsWhatWaits: each figure from what makes it, and from nothing beside it.
func TestTheCensusCountsWhatWaits(t *testing.T) {
	now := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	rotating := func(name string, r custody.Rotation) custody.Credential {
		return custody.Credential{Name: name, Primary: "ann", Backup: "ben", Phase: custody.Rotating, Rotation: r}
	}
	urgent := func(id string, status custody.EmergencyStatus, reviewBy time.Time) custody.Emergency {
		return custody.Emergency{ID: id, Status: status, ReviewBy: reviewBy}
	}
	s := custody.NewState()
	s.Restore(nil, []custody.Credential{
		rotating("a", custody.Rotation{Step: custody.StepPending, Since: ago(time.Hour), Deadline: now.Add(time.Minute)}),
		rotating("b", custody.Rotation{Step: custody.StepApplied, Since: ago(2 * time.Hour), Deadline: ago(time.Second), Failure: "unreachable"}),
		rotating("c", custody.Rotation{Step: custody.StepStaged, Since: ago(time.Minute), Deadline: now.Add(time.Minute), Overdue: true, Failure: "admin_refused", Paused: true}),
		{Name: "d", Primary: "ann", Phase: custody.Held, Holder: "ann", Drifted: ago(time.Minute), Rotation: custody.Rotation{Failure: "unreachable", Paused: true, Overdue: true},
			Updates:     []custody.Update{{Dependent: "app"}, {Dependent: "job"}},
			Emergencies: []custody.Emergency{urgent("emergency-1", custody.EmergencyOver, now), urgent("emergency-2", custody.EmergencyPending, time.Time{}), urgent("emergency-3", custody.EmergencyClosed, ago(time.Hour))}},
		{Name: "e", Backup: "ben", Phase: custody.Parked,
			Emergencies: []custody.Emergency{urgent("emergency-1", custody.EmergencyOver, now), urgent("emergency-4", custody.EmergencyOver, now.Add(time.Second)), urgent("emergency-2", custody.EmergencyOver, now.Add(time.Hour)), urgent("emergency-5", custody.EmergencyOn, time.Time{})}},
		{Name: "f", Phase: custody.Retired, Drifted: ago(time.Hour), Updates: []custody.Update{{Dependent: "app"}}},
	}, nil)
	s.RestoreProposals([]custody.Proposal{
		{ID: "proposal-1", Status: custody.Open, OpenedAt: ago(time.Minute)}, {ID: "proposal-2", Status: custody.Open, OpenedAt: ago(time.Hour)},
	})
	s.Size = 7
	want := desk.Census{
		Entries: 7,
		Phases:  map[custody.Phase]int{custody.Rotating: 3, custody.Held: 1, custody.Parked: 1, custody.Retired: 1},
		Steps:   map[custody.RotationStep]int{custody.StepPending: 1, custody.StepStaged: 1, custody.StepApplied: 1, custody.StepVerified: 0},
		Failing: 2, Paused: 1, Overdue: 2, Rotating: ago(2 * time.Hour),
		Drifted: 1, Untold: 2, Vacant: 2,
		Proposals: 2, Proposed: ago(time.Hour),
		Emergencies: map[custody.EmergencyStatus]int{custody.EmergencyPending: 1, custody.EmergencyOn: 1, custody.EmergencyOver: 2},
		LateReviews: 1,
	}
	if got := desk.CensusIn(s, now); !reflect.DeepEqual(got, want) {
		t.Errorf("counted\n%+v, not\n%+v", got, want)
	}
}

// TestOfAnEmptyOfficeEverythingIsSaidToBeNone: no figure is missing, as an alarm would not end.
func TestOfAnEmptyOfficeEverythingIsSaidToBeNone(t *testing.T) {
	got := desk.CensusIn(custody.NewState(), time.Now())
	if len(got.Phases) != 4 || len(got.Steps) != 4 || len(got.Emergencies) != 3 || !got.Rotating.IsZero() || !got.Proposed.IsZero() {
		t.Errorf("counted %+v", got)
	}
	for phase, n := range got.Phases {
		if n != 0 {
			t.Errorf("%d are %s", n, phase)
		}
	}
}

// TestACensusOfAnOfficeTakesInWhatThereIs: the desk counts what its ledger has, and tells of
// each transaction.
func TestACensusOfAnOfficeTakesInWhatThereIs(t *testing.T) {
	var told []desk.Committed
	o := newOffice(t, func(c *desk.Config) { c.Committed = func(one desk.Committed) { told = append(told, one) } })
	got, err := o.Desk.Census(t.Context())
	if err != nil || got.Entries == 0 || got.Behind != 0 || got.Phases[custody.Held]+got.Phases[custody.Rotating] == 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	_ = o.Desk.Close() // so that nobody writes what is read here
	entries, commands := 0, 0
	for _, one := range told {
		if one.Err != nil || one.Took < 0 {
			t.Errorf("told of %+v", one)
		}
		entries, commands = entries+one.Entries, commands+one.Commands
	}
	if int64(entries) != got.Entries || commands == 0 {
		t.Errorf("told of %d entries and %d commands; the ledger has %d entries", entries, commands, got.Entries)
	}
}
