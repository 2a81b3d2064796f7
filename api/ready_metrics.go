package api

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-custody/tandem/custody/desk"
)

// readyMetrics say what /readyz would: each cause by itself, so that an alarm can name it.
// A look makes a write, so two scrapes right after each other share one.
type readyMetrics struct {
	of Desk

	mu     sync.Mutex
	looked time.Time
	causes map[string]bool
}

// readyFor is how long a look counts, and readyScrape how long a scrape waits for one:
// Prometheus waits ten seconds for all of it.
const (
	readyFor    = 5 * time.Second
	readyScrape = 6 * time.Second
)

var notReadyDesc = prometheus.NewDesc("tandem_not_ready", "1 while this keeps the server from doing its work, as /readyz names it; 0 otherwise.", []string{"cause"}, nil)

// Describe implements prometheus.Collector.
func (*readyMetrics) Describe(to chan<- *prometheus.Desc) { to <- notReadyDesc }

// Collect implements prometheus.Collector.
func (m *readyMetrics) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.causes == nil || time.Since(m.looked) >= readyFor {
		m.look()
	}
	for cause, is := range m.causes {
		value := 0.0
		if is {
			value = 1
		}
		to <- prometheus.MustNewConstMetric(notReadyDesc, prometheus.GaugeValue, value, cause)
	}
}

func (m *readyMetrics) look() {
	ctx, cancel := context.WithTimeout(context.Background(), readyScrape)
	defer cancel()
	now := map[string]bool{}
	for _, code := range desk.Causes() {
		now[code] = false
	}
	if err := m.of.Ready(ctx); err != nil {
		codes, _ := causes(err)
		for _, code := range codes {
			now[code] = true
		}
	}
	m.causes, m.looked = now, time.Now()
}
