package store

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// TestExposure: at every instant of a random history it names whom the state of
// that moment names, and proves each by entries that say so.
func TestExposure(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := newOffice(t)
		s.random(t, rt, 12)
		state := custody.NewState()
		for i, event := range s.events {
			custody.Apply(state, event)
			if i+1 < len(s.events) && !s.events[i+1].Time.After(event.Time) {
				continue // the instant is not over
			}
			for _, name := range []string{"db01", "web01"} {
				s.wantExposure(rt, state, name, event.Time)
			}
		}
		for _, name := range []string{"db01", "web01"} {
			s.wantExposure(rt, state, name, time.Time{})
		}
	})
}

func (s *scribe) wantExposure(t *rapid.T, state *custody.State, name string, at time.Time) {
	x, err := s.store.Exposure(t.Context(), name, at)
	c, known := state.Credential(name)
	if !known {
		if !errors.Is(err, desk.ErrNotFound) {
			t.Fatalf("%s before custody: %v", name, err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	var people []string
	for _, seen := range x.Known {
		people = append(people, seen.Person)
		for _, index := range seen.Entries {
			e := s.events[index]
			granted, ok := e.Fact.(custody.CheckoutGranted)
			if !ok || granted.Credential != name || granted.Version != x.Version || e.Actor != seen.Person || index < x.Entry {
				t.Fatalf("entry %d does not prove that %s saw version %d of %s: %+v", index, seen.Person, x.Version, name, e)
			}
		}
		if len(seen.Entries) == 0 {
			t.Fatalf("nothing proves that %s saw it", seen.Person)
		}
	}
	slices.Sort(people)
	if !slices.Equal(people, c.Exposure) || x.Version != c.Version {
		t.Fatalf("%s at %v: version %d known to %v, the state says %d, %v", name, at, x.Version, people, c.Version, c.Exposure)
	}
}

// TestExposureReadsBackOverPages: one version may be shown more often than a
// page is long.
func TestExposureReadsBackOverPages(t *testing.T) {
	s := newOffice(t)
	for range exposurePage {
		s.now = s.now.Add(time.Minute)
		s.do(t, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket")}},
			step{"tech-a", custody.CheckIn{Credential: "db01"}})
	}
	x, err := s.store.Exposure(t.Context(), "db01", time.Time{})
	if err != nil || len(x.Known) != 1 || len(x.Known[0].Entries) != exposurePage {
		t.Fatalf("%+v, %v", x, err)
	}
	if _, err := s.store.Exposure(t.Context(), "nothing", time.Time{}); !errors.Is(err, desk.ErrNotFound) {
		t.Errorf("of no credential: %v", err)
	}
}

// TestExposureAfterTheClockWasCorrected: the instants of the year that the clock
// was ahead come after those that follow the correction, and hide none of them.
func TestExposureAfterTheClockWasCorrected(t *testing.T) {
	s := newOffice(t)
	s.hire(t, custody.Manager, "manager")
	right, ahead := s.now, int64(len(s.events)) // where the year ahead begins
	s.now = right.AddDate(1, 0, 0)
	s.do(t, step{"tech-a", custody.CheckOut{Credential: "db01", Purpose: desk.NewNote("ticket")}})
	s.now = right.Add(time.Hour)
	s.do(t, step{"manager", custody.CorrectClock{}})
	corrected := s.now
	s.now = s.now.Add(time.Hour)
	s.do(t, step{"tech-a", custody.CheckIn{Credential: "db01"}})
	size := int64(len(s.events))
	for at, want := range map[time.Time]int64{
		right:                                 ahead, // nobody had seen it
		corrected.Add(-time.Millisecond):      ahead,
		corrected:                             size - 1,
		s.now.Add(-time.Millisecond):          size - 1,
		s.now:                                 size,
		right.AddDate(1, 0, 0).Add(time.Hour): size,
	} {
		if got, err := s.store.after(t.Context(), at); err != nil || got != want {
			t.Errorf("the first entry after %v is %d, want %d (%v)", at, got, want, err)
		}
	}
}
