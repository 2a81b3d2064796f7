package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-custody/tandem/custody/desk"
)

// commits measure the ledger's transactions: how long one takes, and how many commands it
// carries. Together they say whether the disk is slow or the day is busy.
type commits struct {
	seconds  prometheus.Histogram
	commands prometheus.Histogram
	entries  prometheus.Counter
	failed   prometheus.Counter
}

func newCommits() *commits {
	return &commits{
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tandem_commit_duration_seconds", Help: "How long a transaction of the ledger took, with its seal; those that failed are not in it.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20},
		}),
		commands: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tandem_commit_commands", Help: "Commands in one transaction of the ledger, those that were refused included; 0: only time acted.",
			Buckets: []float64{0, 1, 2, 4, 8, 16, 32, 64, 128, 256},
		}),
		entries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tandem_commit_entries_total", Help: "Entries that this process appended to the ledger.",
		}),
		failed: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tandem_commits_failed_total", Help: "Transactions of the ledger that did not come back as committed. They may have been, all the same.",
		}),
	}
}

// observe is desk.Config.Committed.
func (c *commits) observe(one desk.Committed) {
	if one.Err != nil {
		c.failed.Inc()
		return
	}
	c.seconds.Observe(one.Took.Seconds())
	c.commands.Observe(float64(one.Commands))
	c.entries.Add(float64(one.Entries))
}

func (c *commits) all() []prometheus.Collector {
	return []prometheus.Collector{c.seconds, c.commands, c.entries, c.failed}
}
