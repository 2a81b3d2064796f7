package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody/desk"
)

func (s served) ops(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	s.api.Ops().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	return w
}

func TestReadinessNamesEachCause(t *testing.T) {
	s := serve(t)
	if w := s.ops(t, "/readyz"); w.Code != 200 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	s.fail = &desk.NotReady{Causes: []desk.Cause{
		{Code: "disk_full", Err: desk.ErrDiskFull},
		{Code: "vault_unavailable", Err: fmt.Errorf("Vault is sealed: %w", desk.ErrSecretsUnavailable)},
	}}
	w := s.ops(t, "/readyz")
	var p edge.Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if w.Code != 503 || p.Status != 503 || w.Header().Get("Content-Type") != "application/problem+json" || !slices.Equal(p.Causes, []string{"disk_full", "vault_unavailable"}) ||
		len(p.Reasons) != 2 || !strings.Contains(p.Reasons[0], "the disk is full") || !strings.Contains(p.Reasons[1], "Vault is sealed") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	s.fail = errors.New("something new")
	if w := s.ops(t, "/readyz"); w.Code != 503 || !strings.Contains(w.Body.String(), "something new") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := s.ops(t, "/healthz"); w.Code != 200 {
		t.Errorf("alive, but %d %s", w.Code, w.Body)
	}
}

func TestMetricsCountRequestsAndCommands(t *testing.T) {
	s := serve(t)
	s.ask(t, "POST", checkIn, "")
	s.ask(t, "POST", "/api/v1/credentials/db01/checkout", `{"purpose":"x","totp":"2"}`)
	s.ask(t, "GET", "/"+mark, "")
	s.ask(t, "MARKED", "/api/v1/me", "")
	text := s.ops(t, "/metrics").Body.String()
	for _, line := range []string{
		`tandem_http_requests_total{method="POST",route="/api/v1/credentials/:name/checkout",status="200"} 1`,
		`tandem_http_requests_total{method="other",route="none",status="404"} 1`,
		`tandem_http_request_duration_seconds_count{method="POST",route="/api/v1/credentials/:name/checkin"} 1`,
		`tandem_commands_total{code="ok",verb="checkout"} 1`,
		`tandem_commands_total{code="conflict",verb="checkin"} 1`,
	} {
		if !slices.Contains(strings.Split(text, "\n"), line) {
			t.Errorf("no line %s", line)
		}
	}
	if strings.Contains(text, "MARKED") || strings.Contains(text, "db01") {
		t.Error("a client can choose a label")
	}
}
