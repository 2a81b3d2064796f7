package api_test

import (
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/ical"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk/desktest"
)

// TestAFeedIsReadByWhoeverHasItsAddress: names and times, of those with whom somebody
// shares something, and nothing after it was closed.
func TestAFeedIsReadByWhoeverHasItsAddress(t *testing.T) {
	o, ctx := desktest.New(t), t.Context()
	o.Hire("stranger", custody.Technician)
	log := slog.New(slog.DiscardHandler)
	s, err := api.New(api.Config{Desk: o.Desk, Queries: o.Store, Log: log, Version: "test", PublicURL: "https://tandem.example"})
	if err != nil {
		t.Fatal(err)
	}
	served := listen(t, api.NewHTTPServer(s.Handler(), log))
	read := func(feed api.Secret) (status int, kind, text string) {
		t.Helper()
		answer, err := http.Get(served.URL + strings.TrimPrefix(string(feed), "https://tandem.example"))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, answer.Header.Get("Content-Type"), string(body)
	}
	a, b, stranger := logInAt(t, served, o, "tech-a"), logInAt(t, served, o, "tech-b"), logInAt(t, served, o, "stranger")
	code := func(who string) api.Secret { return api.Secret(o.Code(who)) }
	day := o.Clock.Now().AddDate(0, 0, 20).Format(time.DateOnly)
	ok(a.PlanAbsence(ctx, api.PlanAbsence{From: day, Until: day, Zone: "Europe/Berlin", AllDay: true, Reason: "surgery", TOTP: code("tech-a")}))(t)

	feed := ok(b.OpenFeed(ctx, code("tech-b")))(t).URL
	status, kind, text := read(feed)
	if status != http.StatusOK || kind != "text/calendar; charset=utf-8" {
		t.Fatalf("%d %s\n%s", status, kind, text)
	}
	w := ical.Window{From: o.Clock.Now(), Until: o.Clock.Now().AddDate(1, 0, 0), Home: time.UTC}
	events, skipped, err := ical.Read(ctx, strings.NewReader(text), w)
	if err != nil || len(events) != 1 || len(skipped) != 0 || events[0].FromWall != day || !events[0].AllDay || !strings.Contains(events[0].Title, "tech-a") {
		t.Errorf("%+v %v %v\n%s", events, skipped, err, text)
	}
	if strings.Contains(text, "surgery") || strings.Contains(text, "db01") {
		t.Errorf("more than names and times:\n%s", text)
	}
	if _, _, text := read(ok(stranger.OpenFeed(ctx, code("stranger")))(t).URL); strings.Contains(text, "tech-a") {
		t.Errorf("somebody who shares nothing reads:\n%s", text)
	}

	again := ok(b.OpenFeed(ctx, code("tech-b")))(t).URL
	if status, _, _ := read(feed); status != http.StatusNotFound {
		t.Errorf("the address before: %d", status)
	}
	other := strings.Replace(string(again), "tech-b.", "tech-a.", 1)
	if status, _, _ := read(api.Secret(other)); status != http.StatusNotFound {
		t.Errorf("under another name: %d", status)
	}
	if err := b.CloseFeed(ctx); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := read(again); status != http.StatusNotFound {
		t.Errorf("one that was closed: %d", status)
	}
}
