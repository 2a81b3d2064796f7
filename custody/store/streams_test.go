package store

import "testing"

func TestAStreamsPositionNeverGoesBack(t *testing.T) {
	s := newScribe(t)
	for _, step := range []struct{ set, want int64 }{{3, 3}, {10, 10}, {4, 10}} {
		if err := s.store.SetPosition(t.Context(), "siem.example:6514", step.set); err != nil {
			t.Fatal(err)
		}
		if got, err := s.open(t).Position(t.Context(), "siem.example:6514"); got != step.want || err != nil {
			t.Errorf("%d, %v, want %d", got, err, step.want)
		}
	}
	if got, err := s.store.Position(t.Context(), "another"); got != 0 || err != nil {
		t.Errorf("a new one: %d, %v", got, err)
	}
}
