package desk

import (
	"context"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

// Census counts what whoever operates an installation watches. Instants are zero where
// there is nothing of the kind.
type Census struct {
	Entries int64 // of the ledger, as far as this process has taken it in
	Behind  int64 // entries that others had committed, and this process had not taken in when it was asked

	Phases map[custody.Phase]int        // credentials; every phase is there
	Steps  map[custody.RotationStep]int // changes of passwords that are under way; every step is there

	Failing  int       // of these, those whose last attempt did not get through
	Paused   int       // those at which nothing is tried until somebody says so
	Overdue  int       // those past their deadline
	Rotating time.Time // since when the oldest of them has been under way

	Drifted int // passwords that their target refuses
	Untold  int // dependents that do not have a password that counts
	Vacant  int // seats of custodians that nobody has

	Proposals int       // that wait for somebody's yes
	Proposed  time.Time // since when the oldest of them does

	Emergencies map[custody.EmergencyStatus]int // those that wait, last, or are to be looked at; each of these is there
	LateReviews int                             // of the last, those that somebody should have looked at by now
}

// The phases, steps and states that a census counts by.
var (
	censusPhases = []custody.Phase{custody.Rotating, custody.Held, custody.Parked, custody.Retired}
	censusSteps  = []custody.RotationStep{custody.StepPending, custody.StepStaged, custody.StepApplied, custody.StepVerified}
	censusUrgent = []custody.EmergencyStatus{custody.EmergencyPending, custody.EmergencyOn, custody.EmergencyOver}
)

// Census counts, of a suspect ledger too.
func (d *Desk) Census(ctx context.Context) (Census, error) {
	size, err := d.Store.Size(ctx)
	if err != nil {
		return Census{}, err
	}
	behind := max(0, size-d.entries())
	if err := d.catchUpToRead(ctx); err != nil {
		return Census{}, err
	}
	now := d.Time()
	d.mu.RLock()
	defer d.mu.RUnlock()
	c := CensusIn(d.state, now)
	c.Behind = behind
	return c, nil
}

// CensusIn is Census of a state, at an instant.
func CensusIn(s *custody.State, now time.Time) Census {
	c := Census{
		Entries: s.Size,
		Phases:  allOf(censusPhases), Steps: allOf(censusSteps), Emergencies: allOf(censusUrgent),
	}
	urgent, late := map[string]custody.EmergencyStatus{}, map[string]bool{}
	for one := range s.Credentials() {
		c.Phases[one.Phase]++
		if one.Phase == custody.Rotating {
			c.countRotation(one.Rotation, now)
		}
		for _, e := range one.Emergencies { // one of several credentials counts once, as it stands where it lasts longest
			if was, seen := urgent[e.ID]; !seen || e.Status.Open() && !was.Open() {
				urgent[e.ID] = e.Status
			}
			if e.Status == custody.EmergencyOver && !now.Before(e.ReviewBy) {
				late[e.ID] = true
			}
		}
		if !one.Active() {
			continue
		}
		if !one.Drifted.IsZero() {
			c.Drifted++
		}
		c.Untold += len(one.Updates)
		for _, seat := range []string{one.Primary, one.Backup} {
			if seat == "" {
				c.Vacant++
			}
		}
	}
	for _, status := range urgent {
		if _, counts := c.Emergencies[status]; counts {
			c.Emergencies[status]++
		}
	}
	c.LateReviews = len(late)
	for p := range s.OpenProposals() {
		c.Proposals++
		c.Proposed = earlier(c.Proposed, p.OpenedAt)
	}
	return c
}

func (c *Census) countRotation(r custody.Rotation, now time.Time) {
	c.Steps[r.Step]++
	c.Rotating = earlier(c.Rotating, r.Since)
	if r.Failure != "" {
		c.Failing++
	}
	if r.Paused {
		c.Paused++
	}
	if r.Overdue || !r.Deadline.IsZero() && now.After(r.Deadline) {
		c.Overdue++
	}
}

// allOf gives each of these a count of none: what is not there now is said to be 0, and not
// left out.
func allOf[K comparable](keys []K) map[K]int {
	all := map[K]int{}
	for _, k := range keys {
		all[k] = 0
	}
	return all
}

// earlier gives the first of two instants, of which the one may be none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}
