package store

import (
	"testing"

	"github.com/tandem-custody/tandem/custody/desk"
)

func TestPreferencesAreKept(t *testing.T) { onBoth(t, preferencesAreKeptOnBoth) }

func preferencesAreKeptOnBoth(t *testing.T, on engine) {
	s := newScribe(t, on)
	if got, mark, err := s.store.Preference(t.Context(), "tech-a"); got != (desk.Preference{}) || mark != "" || err != nil {
		t.Errorf("before anything was chosen: %+v, %q, %v", got, mark, err)
	}
	for _, want := range []desk.Preference{{Language: "zh", Zone: "Asia/Shanghai"}, {Language: "en"}, {}} {
		if err := s.store.SetPreference(t.Context(), "tech-a", want, "mark of "+want.Language); err != nil {
			t.Fatal(err)
		}
		if got, mark, err := s.open(t).Preference(t.Context(), "tech-a"); got != want || mark != "mark of "+want.Language || err != nil {
			t.Errorf("%+v, %q, %v, want %+v", got, mark, err, want)
		}
	}
	if got, _, err := s.store.Preference(t.Context(), "tech-b"); got != (desk.Preference{}) || err != nil {
		t.Errorf("somebody else's: %+v, %v", got, err)
	}
}
