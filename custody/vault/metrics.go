package vault

import (
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// answered is one request to Vault, each try of its own.
type answered struct {
	kind kind
	well bool // Vault answered, and not that something was wrong with itself; a refusal is an answer
	took time.Duration
}

// kind is what a request to Vault is for. It names no secret.
type kind string

const (
	forLogIn   kind = "login"   // and what is done with the token
	forRead    kind = "read"    // of a secret, or of what is known about it
	forWrite   kind = "write"   // of one, and its removal
	forTransit kind = "transit" // signing, and the key's public half
	forEngine  kind = "engine"  // Vault's own engines for directories and databases
	forSystem  kind = "system"  // health, rights, passwords that it makes
)

// kinds are all of them.
var kinds = []kind{forLogIn, forRead, forWrite, forTransit, forEngine, forSystem}

// kind says what a request is for, by its path alone.
func (n Names) kind(r *http.Request) kind {
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	below := func(mount string) bool { return mount != "" && strings.HasPrefix(path, mount+"/") }
	switch {
	case below("auth"):
		return forLogIn
	case below(n.Mount) && (r.Method == http.MethodGet || r.Method == "LIST"):
		return forRead
	case below(n.Mount):
		return forWrite
	case below(n.Transit):
		return forTransit
	case below(n.LDAP), below(n.Database):
		return forEngine
	}
	return forSystem
}

// metrics measure the requests of a store.
type metrics struct {
	seconds *prometheus.HistogramVec
	failed  *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tandem_vault_request_duration_seconds", Help: "How long Vault took for each request that it answered, by what that was for.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"kind"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tandem_vault_requests_failed_total", Help: "Requests that Vault did not answer, or answered with 5xx.",
		}, []string{"kind"}),
	}
	for _, kind := range kinds { // so that the first failure is a rise, and not a beginning
		m.seconds.WithLabelValues(string(kind))
		m.failed.WithLabelValues(string(kind))
	}
	return m
}

func (m *metrics) observe(a answered) {
	if !a.well {
		m.failed.WithLabelValues(string(a.kind)).Inc()
		return
	}
	m.seconds.WithLabelValues(string(a.kind)).Observe(a.took.Seconds())
}

var (
	loggedInDesc = prometheus.NewDesc("tandem_vault_logged_in", "1 while there is a log-in to Vault, else 0.", nil, nil)
	tokenDesc    = prometheus.NewDesc("tandem_vault_token_ttl_seconds", "For how long the token is good if nothing renews it; missing for one that does not end, and without one.", nil, nil)
)

var _ prometheus.Collector = (*Store)(nil)

// Describe implements prometheus.Collector.
func (s *Store) Describe(to chan<- *prometheus.Desc) {
	to <- loggedInDesc
	to <- tokenDesc
	s.metrics.seconds.Describe(to)
	s.metrics.failed.Describe(to)
}

// Collect implements prometheus.Collector. It asks Vault for nothing.
func (s *Store) Collect(to chan<- prometheus.Metric) {
	s.metrics.seconds.Collect(to)
	s.metrics.failed.Collect(to)
	loggedIn := 0.0
	if s.session.state.Load().auth != nil {
		loggedIn = 1
		if ends := s.session.ends.Load(); ends > 0 {
			to <- prometheus.MustNewConstMetric(tokenDesc, prometheus.GaugeValue, max(0, time.Until(time.Unix(ends, 0)).Seconds()))
		}
	}
	to <- prometheus.MustNewConstMetric(loggedInDesc, prometheus.GaugeValue, loggedIn)
}
