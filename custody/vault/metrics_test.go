package vault

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/hashicorp/vault/api"
)

// TestWhatARequestToVaultIsFor: by its path, and by no more of it than the mount.
func TestWhatARequestToVaultIsFor(t *testing.T) {
	names := DefaultNames()
	names.LDAP = "ldap"
	for path, want := range map[string]kind{
		"GET /v1/tandem/data/credentials/db01":  forRead,
		"LIST /v1/tandem/metadata/credentials":  forRead,
		"PUT /v1/tandem/data/credentials/db01":  forWrite,
		"DELETE /v1/tandem/metadata/x":          forWrite,
		"PUT /v1/transit/sign/tandem-ledger":    forTransit,
		"PUT /v1/auth/approle/login":            forLogIn,
		"GET /v1/auth/token/lookup-self":        forLogIn,
		"GET /v1/ldap/static-cred/x":            forEngine,
		"GET /v1/sys/health":                    forSystem,
		"GET /v1/tandems/data/of-somebody-else": forSystem,
	} {
		method, at, _ := strings.Cut(path, " ")
		if got := names.kind(httptest.NewRequest(method, at, nil)); got != want {
			t.Errorf("%s is for %s, not %s", path, got, want)
		}
	}
}

// TestAVaultThatIsAwayIsCounted: a log-in that fails is one failed request, and nobody is
// logged in.
func TestAVaultThatIsAwayIsCounted(t *testing.T) {
	s := &Store{metrics: newMetrics(), session: &session{}}
	s.session.state.Store(&state{})
	s.metrics.observe(answered{forLogIn, false, time.Second})
	s.metrics.observe(answered{forRead, true, 30 * time.Millisecond})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(s)
	if err := testutil.GatherAndCompare(registry, strings.NewReader(`
# HELP tandem_vault_logged_in 1 while there is a log-in to Vault, else 0.
# TYPE tandem_vault_logged_in gauge
tandem_vault_logged_in 0
# HELP tandem_vault_requests_failed_total Requests that Vault did not answer, or answered with 5xx.
# TYPE tandem_vault_requests_failed_total counter
tandem_vault_requests_failed_total{kind="engine"} 0
tandem_vault_requests_failed_total{kind="login"} 1
tandem_vault_requests_failed_total{kind="read"} 0
tandem_vault_requests_failed_total{kind="system"} 0
tandem_vault_requests_failed_total{kind="transit"} 0
tandem_vault_requests_failed_total{kind="write"} 0
`), "tandem_vault_logged_in", "tandem_vault_requests_failed_total", "tandem_vault_token_ttl_seconds"); err != nil {
		t.Error(err)
	}
	if n := testutil.CollectAndCount(s, "tandem_vault_request_duration_seconds"); n != len(kinds) {
		t.Errorf("%d kinds have a latency, not %d", n, len(kinds))
	}
}

// TestARequestIsMeasuredOnItsWay: what Vault answers, and what it does not.
func TestARequestIsMeasuredOnItsWay(t *testing.T) {
	code := http.StatusForbidden
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
	var seen []answered
	c := Config{Address: server.URL, Names: DefaultNames()}
	way, err := c.transport(func(a answered) { seen = append(seen, a) })
	if err != nil {
		t.Fatal(err)
	}
	ask := func() {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/v1/tandem/data/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := way.RoundTrip(request); err == nil {
			_ = answer.Body.Close()
		}
	}
	ask() // refused, which is an answer
	code = http.StatusServiceUnavailable
	ask()
	server.Close()
	ask()
	if len(seen) != 3 || !seen[0].well || seen[1].well || seen[2].well || seen[0].kind != forRead || seen[0].took <= 0 {
		t.Errorf("measured %+v", seen)
	}
}

// TestHowLongTheTokenIsGoodIsSaid: as long as it is; not at all where it does not end.
func TestHowLongTheTokenIsGoodIsSaid(t *testing.T) {
	s := &Store{metrics: newMetrics(), session: &session{}}
	s.session.state.Store(&state{auth: nil})
	s.session.lasts(time.Hour)
	if n := testutil.CollectAndCount(s, "tandem_vault_token_ttl_seconds"); n != 0 {
		t.Error("a token that nobody has is said to be good")
	}
	s.session.state.Store(&state{auth: &api.SecretAuth{}})
	registry := prometheus.NewRegistry()
	registry.MustRegister(s)
	all, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	rest := 0.0
	for _, family := range all {
		if family.GetName() == "tandem_vault_token_ttl_seconds" {
			rest = family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	if rest < 3500 || rest > 3600 {
		t.Errorf("good for %v s", rest)
	}
	s.session.lasts(0)
	if n := testutil.CollectAndCount(s, "tandem_vault_token_ttl_seconds"); n != 0 {
		t.Error("a token without an end is said to have one")
	}
}
