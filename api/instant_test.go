package api_test

import (
	"net/url"
	"strings"
	"testing"
)

// TestInstantsThatNobodyCanWrite: an instant behind the year 9999, or before the
// year 1, where it is in UTC, is refused with its field's name wherever the API takes
// one; nothing is broken, and the last that can be written is taken.
func TestInstantsThatNobodyCanWrite(t *testing.T) {
	s := serve(t)
	for _, at := range []string{"9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59-00:01", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"} {
		for _, c := range []struct{ method, path, body, field string }{
			{"POST", "/api/v1/handovers", `{"all":true,"reason":"x","totp":"9","expected_return":"` + at + `"}`, "expected_return"},
			{"POST", "/api/v1/me/presence", `{"state":"away","totp":"9","until":"` + at + `"}`, "until"},
			{"GET", "/api/v1/credentials/db01/exposure?at=" + url.QueryEscape(at), "", "at"},
		} {
			who := "tech-a"
			if c.field == "until" {
				who = "tech-b" // who holds nothing
			}
			answer, p, text := s.ask(t, c.method, c.path, c.body, "Authorization", "Bearer token-of-"+who)
			if answer.StatusCode != 422 || p.Code != "invalid_request" || !strings.Contains(p.Detail, `"`+c.field+`"`) {
				t.Errorf("%s %s: %d %s", at, c.path, answer.StatusCode, text)
			}
		}
	}
	if strings.Contains(s.log.String(), "panic") {
		t.Errorf("something panicked: %s", s.log.String())
	}
	answer, _, text := s.ask(t, "POST", "/api/v1/handovers", `{"all":true,"reason":"x","totp":"9","expected_return":"9999-12-31T23:59:59Z"}`, "Authorization", "Bearer token-of-tech-a")
	if answer.StatusCode != 200 && answer.StatusCode != 201 {
		t.Errorf("the last instant: %d %s", answer.StatusCode, text)
	}
}
