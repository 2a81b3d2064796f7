package api

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-custody/tandem/custody"
)

// envelopeMetrics are the metrics of envelopes, as the ledger has them. What is wrong with
// them is no reason not to be ready: nothing waits for an envelope.
type envelopeMetrics struct{ of Desk }

// metricsPatience is how long a look for metrics waits for what another process committed.
const metricsPatience = 5 * time.Second

var (
	envelopesLackingDesc = prometheus.NewDesc("tandem_envelopes_lacking", "Passwords that count and are in no envelope in force, where the policy has keyholders.", nil, nil)
	envelopesFailingDesc = prometheus.NewDesc("tandem_envelopes_failing", "1 while no envelope can be made for this reason; of one file, how many are so.", []string{"why"}, nil)
	envelopesOldestDesc  = prometheus.NewDesc("tandem_envelopes_oldest_seconds", "How old the oldest envelope in force is; 0 where there is none.", nil, nil)
	drillsDueDesc        = prometheus.NewDesc("tandem_envelope_drills_due", "Keyholders whose drill is due within 30 days and not overdue.", nil, nil)
	drillsOverdueDesc    = prometheus.NewDesc("tandem_envelope_drills_overdue", "Keyholders whose drill is overdue.", nil, nil)
)

// DrillSoon is how long before somebody's drill has to be it counts as due.
const DrillSoon = 30 * 24 * time.Hour

// Describe implements prometheus.Collector.
func (envelopeMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{envelopesLackingDesc, envelopesFailingDesc, envelopesOldestDesc, drillsDueDesc, drillsOverdueDesc} {
		to <- d
	}
}

// Collect implements prometheus.Collector. What cannot be known now has no figure: one that
// was said to be 0 would end an alarm.
func (m envelopeMetrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), metricsPatience)
	defer cancel()
	all, err := m.of.Envelopes(ctx)
	if err != nil {
		return
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	now := m.of.Time()
	lacking, failing, oldest := 0, map[custody.Why]int{}, time.Duration(0)
	for _, f := range all.Failing {
		failing[f.Why]++
	}
	for _, c := range all.Of {
		switch {
		case c.InForce:
			oldest = max(oldest, now.Sub(c.Envelope.Sealed.At))
		case all.Wanted() && c.Version > 0:
			lacking++
		}
		if c.Envelope.Lost != "" {
			failing[c.Envelope.Lost]++
		}
	}
	due, overdue := 0, 0
	for _, k := range all.Keyholders {
		switch {
		case k.Due.IsZero(): // they have no access any more
		case k.Keys.Overdue || !now.Before(k.Due):
			overdue++
		case k.Due.Sub(now) < DrillSoon:
			due++
		}
	}
	gauge(envelopesLackingDesc, float64(lacking))
	for _, why := range custody.Whys() {
		gauge(envelopesFailingDesc, float64(failing[why]), string(why))
	}
	gauge(envelopesOldestDesc, oldest.Seconds())
	gauge(drillsDueDesc, float64(due))
	gauge(drillsOverdueDesc, float64(overdue))
}
