package notify

import "github.com/prometheus/client_golang/prometheus"

// Why messages of a channel wait, beside why they were given up.
const (
	denied   = "denied"   // its token or signature is not known
	later    = "later"    // it was asked too often
	unusable = "unusable" // it cannot be reached, or does not answer as it should
)

// roomCounts is what a Room counts.
type roomCounts struct {
	sent, folded  prometheus.Counter
	failed        *prometheus.CounterVec
	waiting, last prometheus.Gauge
	lag           *prometheus.Desc
}

func newRoomCounts(name string) roomCounts {
	of := prometheus.Labels{"channel": name}
	c := roomCounts{
		sent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tandem_channel_sent_total", Help: "Messages that the channel has taken.", ConstLabels: of,
		}),
		folded: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tandem_channel_folded_total", Help: "Messages that were told in another one, as there were too many.", ConstLabels: of,
		}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tandem_channel_failures_total", Help: "Attempts that failed, messages that were given up, and entries that could not be read.", ConstLabels: of,
		}, []string{"why"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tandem_channel_waiting", Help: "Messages that the channel has not taken yet.", ConstLabels: of,
		}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tandem_channel_last_success_timestamp_seconds", Help: "When the channel took a message last; 0: not since the start.", ConstLabels: of,
		}),
		lag: prometheus.NewDesc("tandem_channel_lag_entries", "Entries of the ledger of which the channel may still have to be told.", nil, of),
	}
	for _, why := range []string{denied, later, unusable, refused, tooOld, unreadable} {
		c.failed.WithLabelValues(why)
	}
	return c
}

func (c roomCounts) all() []prometheus.Collector {
	return []prometheus.Collector{c.sent, c.folded, c.failed, c.waiting, c.last}
}

var _ prometheus.Collector = (*Room)(nil)

// Describe implements prometheus.Collector.
func (r *Room) Describe(to chan<- *prometheus.Desc) {
	to <- r.counts.lag
	for _, c := range r.counts.all() {
		c.Describe(to)
	}
}

// Collect implements prometheus.Collector. The lag is missing when the database does not
// answer.
func (r *Room) Collect(to chan<- prometheus.Metric) {
	for _, c := range r.counts.all() {
		c.Collect(to)
	}
	r.follow.CollectLag(r.counts.lag, to)
}
