package store

import (
	"slices"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody/desk"
)

func TestArrivals(t *testing.T) { onBoth(t, arrivalsOnBoth) }

func arrivalsOnBoth(t *testing.T, on engine) {
	s := newScribe(t, on)
	ctx, at := t.Context(), time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	for i, request := range []string{"second", "first"} {
		if err := s.store.BeginArrival(ctx, request, at.Add(-time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.store.BeginArrival(ctx, "first", at); err == nil {
		t.Error("a request brought secrets twice")
	}
	first, second := desk.Arrival{Request: "first", At: at.Add(-time.Hour)}, desk.Arrival{Request: "second", At: at}
	if got, err := s.open(t).Arrivals(ctx); err != nil || !slices.Equal(got, []desk.Arrival{first, second}) {
		t.Errorf("%v, %v", got, err)
	}
	for range 2 {
		if err := s.store.EndArrival(ctx, "first"); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.store.Arrivals(ctx); err != nil || !slices.Equal(got, []desk.Arrival{second}) {
		t.Errorf("%v, %v", got, err)
	}
}
