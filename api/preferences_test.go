package api_test

import (
	"context"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

func (w *world) Preference(_ context.Context, username string) (desk.Preference, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.chosen[username], w.fail
}

func (w *world) SetPreference(_ context.Context, username string, p desk.Preference) error {
	if p.Zone == "Mars/Olympus" {
		return custody.Invalid("zone", "no_such_zone")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.chosen == nil {
		w.chosen = map[string]desk.Preference{}
	}
	w.chosen[username] = p
	return w.fail
}

func TestPreferencesAreOnesOwn(t *testing.T) {
	s, ctx := serve(t), t.Context()
	a, b := s.as(t, "tech-a"), s.as(t, "tech-b")
	if got := ok(a.Preferences(ctx))(t); got != (api.Preferences{}) {
		t.Errorf("before anything was chosen: %+v", got)
	}
	chosen := api.Preferences{Language: "zh", Zone: "Asia/Shanghai"}
	if got := ok(a.SetPreferences(ctx, chosen))(t); got != chosen {
		t.Errorf("answered %+v", got)
	}
	if got := ok(a.Preferences(ctx))(t); got != chosen {
		t.Errorf("kept %+v", got)
	}
	if got := ok(b.Preferences(ctx))(t); got != (api.Preferences{}) {
		t.Errorf("somebody else's: %+v", got)
	}
	_, err := a.SetPreferences(ctx, api.Preferences{Zone: "Mars/Olympus"})
	want(t, err, custody.InvalidRequest)
	if got := ok(a.Preferences(ctx))(t); got != chosen {
		t.Errorf("after a refusal: %+v", got)
	}
	if len(s.given) != 0 {
		t.Error("a preference became a command")
	}
}

func (w *world) OpenFeed(ctx context.Context, by desk.By) (custody.Secret, error) {
	_, err := w.Do(ctx, by, custody.OpenFeed{Feed: strings.Repeat("a1", 32)})
	return custody.Secret{}, err
}

func (w *world) FeedOf(context.Context, custody.Secret) (custody.Person, error) {
	return custody.Person{}, desk.ErrNotFound
}
