package api_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/edge"
)

// TestEveryWayToChangeSomethingIsPaced: not only what is posted.
func TestEveryWayToChangeSomethingIsPaced(t *testing.T) {
	s := serve(t, func(c *api.Config) { c.Commands = edge.Limit{Every: time.Hour, Burst: 1} })
	if answer, _, _ := s.ask(t, "POST", checkIn, ""); answer.StatusCode == http.StatusTooManyRequests {
		t.Fatal("the first is refused")
	}
	for _, way := range []struct{ method, path, body string }{
		{"PUT", "/api/v1/me/preferences", `{"language":"zh"}`},
		{"DELETE", "/api/v1/sessions/current", ""},
		{"POST", "/api/v1/me/presence", `{"state":"present"}`},
		{"POST", checkIn, ""},
	} {
		if answer, _, _ := s.ask(t, way.method, way.path, way.body); answer.StatusCode != http.StatusTooManyRequests {
			t.Errorf("%s %s: %d", way.method, way.path, answer.StatusCode)
		}
	}
	if _, out := s.tokens["token-of-tech-a"]; !out {
		t.Error("the refused log-out ended the session")
	}
	for _, path := range []string{"/api/v1/me", "/api/v1/ledger/entries"} {
		if answer, _, _ := s.ask(t, "GET", path, ""); answer.StatusCode != http.StatusOK {
			t.Errorf("reading %s: %d", path, answer.StatusCode)
		}
	}
}

// TestRecoveriesArePacedWithLogIns: by address, before there is a person.
func TestRecoveriesArePacedWithLogIns(t *testing.T) {
	s := serve(t, func(c *api.Config) { c.SignIns = edge.Limit{Every: time.Hour, Burst: 1} })
	recovery := `{"username":"x","password":"x","recovery_code":"ABCD-EFGH-IJKL-MNOP-QRST"}`
	for i, want := range []int{http.StatusUnauthorized, http.StatusTooManyRequests} {
		if answer, _, _ := s.ask(t, "POST", "/api/v1/sessions/recovery", recovery); answer.StatusCode != want {
			t.Errorf("recovery %d: %d, want %d", i, answer.StatusCode, want)
		}
	}
	if answer, _, _ := s.ask(t, "POST", "/api/v1/sessions", `{"username":"x","password":"x","totp":"123456"}`); answer.StatusCode != http.StatusTooManyRequests {
		t.Errorf("a log-in from there: %d", answer.StatusCode)
	}
}

// TestCalendarProgramsKeepNobodyFromLoggingIn, though they read from the same network.
func TestCalendarProgramsKeepNobodyFromLoggingIn(t *testing.T) {
	s := serve(t, func(c *api.Config) { c.SignIns = edge.Limit{Every: time.Hour, Burst: 1} })
	for i, want := range []int{http.StatusNotFound, http.StatusTooManyRequests} {
		if answer, _, _ := s.ask(t, "GET", "/api/v1/calendar/tech-a.abc.ics", "", "Authorization", ""); answer.StatusCode != want {
			t.Errorf("feed %d: %d, want %d", i, answer.StatusCode, want)
		}
	}
	if answer, _, _ := s.ask(t, "POST", "/api/v1/sessions", `{"username":"x","password":"x","totp":"123456"}`); answer.StatusCode != http.StatusUnauthorized {
		t.Errorf("a log-in from there: %d", answer.StatusCode)
	}
}

// TestThereAreLimitsWithoutAnyConfigured: how soon they are met depends on the
// machine, that they are does not.
func TestThereAreLimitsWithoutAnyConfigured(t *testing.T) {
	s := serve(t)
	for name, ask := range map[string]func() int{
		"log-ins": func() int {
			answer, _, _ := s.ask(t, "POST", "/api/v1/sessions", `{"username":"x","password":"x","totp":"123456"}`)
			return answer.StatusCode
		},
		"commands": func() int {
			answer, _, _ := s.ask(t, "POST", checkIn, "")
			return answer.StatusCode
		},
	} {
		met := false
		for range 5000 {
			if met = ask() == http.StatusTooManyRequests; met {
				break
			}
		}
		if !met {
			t.Errorf("%s: no limit", name)
		}
	}
}
