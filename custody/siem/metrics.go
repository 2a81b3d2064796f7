package siem

import (
	"github.com/prometheus/client_golang/prometheus"
)

var (
	lag = prometheus.NewDesc("tandem_stream_lag_entries",
		"Entries of the ledger that have not been sent to the receiver for certain.", nil, nil)
	lastSuccess = prometheus.NewDesc("tandem_stream_last_success_timestamp_seconds",
		"When a connection to the receiver last lived on after all that was written; 0: not since the start.", nil, nil)
)

var _ prometheus.Collector = (*Stream)(nil)

// Describe implements prometheus.Collector. A nil stream has no metrics.
func (s *Stream) Describe(to chan<- *prometheus.Desc) {
	if s != nil {
		to <- lag
		to <- lastSuccess
	}
}

// Collect implements prometheus.Collector. The lag is missing when the database
// does not answer.
func (s *Stream) Collect(to chan<- prometheus.Metric) {
	if s == nil {
		return
	}
	to <- prometheus.MustNewConstMetric(lastSuccess, prometheus.GaugeValue, float64(s.last.Load()))
	s.follow.CollectLag(lag, to)
}
