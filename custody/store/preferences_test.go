package store

import (
	"testing"

	"github.com/tandem-custody/tandem/custody/desk"
)

func TestPreferencesAreKept(t *testing.T) {
	s := newScribe(t)
	if got, err := s.store.Preference(t.Context(), "tech-a"); got != (desk.Preference{}) || err != nil {
		t.Errorf("before anything was chosen: %+v, %v", got, err)
	}
	for _, want := range []desk.Preference{{Language: "zh", Zone: "Asia/Shanghai"}, {Language: "en"}, {}} {
		if err := s.store.SetPreference(t.Context(), "tech-a", want); err != nil {
			t.Fatal(err)
		}
		if got, err := s.open(t).Preference(t.Context(), "tech-a"); got != want || err != nil {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
	if got, err := s.store.Preference(t.Context(), "tech-b"); got != (desk.Preference{}) || err != nil {
		t.Errorf("somebody else's: %+v, %v", got, err)
	}
}
