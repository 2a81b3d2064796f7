package notify

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Why a mail, or all mails about an entry, were given up.
const (
	refused    = "refused"
	tooOld     = "too_old"
	unreadable = "unreadable"
)

// counts is what a follower counts.
type counts struct {
	sent          prometheus.Counter
	failed        *prometheus.CounterVec
	waiting, last prometheus.Gauge
}

func newCounts() counts {
	c := counts{
		sent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tandem_notify_sent_total", Help: "E-mails that the mail server has taken.",
		}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tandem_notify_failures_total", Help: "E-mails that were given up, and entries that could not be read.",
		}, []string{"why"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tandem_notify_waiting", Help: "E-mails that the mail server has not taken yet.",
		}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tandem_notify_last_success_timestamp_seconds", Help: "When the mail server took an e-mail last; 0: not since the start.",
		}),
	}
	for _, why := range []string{refused, tooOld, unreadable} {
		c.failed.WithLabelValues(why)
	}
	return c
}

func (c counts) all() []prometheus.Collector {
	return []prometheus.Collector{c.sent, c.failed, c.waiting, c.last}
}

var lag = prometheus.NewDesc("tandem_notify_lag_entries", "Entries of the ledger about which e-mails may still have to be sent.", nil, nil)

var _ prometheus.Collector = (*Follower)(nil)

// Describe implements prometheus.Collector. A nil follower has no metrics.
func (f *Follower) Describe(to chan<- *prometheus.Desc) {
	if f == nil {
		return
	}
	to <- lag
	for _, c := range f.counts.all() {
		c.Describe(to)
	}
}

// Collect implements prometheus.Collector. The lag is missing when the database
// does not answer.
func (f *Follower) Collect(to chan<- prometheus.Metric) {
	if f == nil {
		return
	}
	for _, c := range f.counts.all() {
		c.Collect(to)
	}
	f.follow.CollectLag(lag, to)
}
