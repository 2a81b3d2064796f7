package api

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// custodyMetrics are the metrics of what is in custody and what waits for somebody, as the
// ledger has it. None of it is a reason not to be ready.
type custodyMetrics struct{ of Desk }

var (
	phasesDesc    = prometheus.NewDesc("tandem_credentials", "Credentials, by where they stand.", []string{"phase"}, nil)
	driftedDesc   = prometheus.NewDesc("tandem_credentials_drifted", "Passwords that their target refuses: somebody changed them there.", nil, nil)
	vacantDesc    = prometheus.NewDesc("tandem_seats_vacant", "Seats of custodians that nobody has.", nil, nil)
	stepsDesc     = prometheus.NewDesc("tandem_rotations", "Changes of passwords that are under way, by how far they have come.", []string{"step"}, nil)
	failingDesc   = prometheus.NewDesc("tandem_rotations_failing", "Changes of passwords whose last attempt did not get through.", nil, nil)
	pausedDesc    = prometheus.NewDesc("tandem_rotations_paused", "Changes of passwords at which nothing is tried until somebody says so.", nil, nil)
	overdueDesc   = prometheus.NewDesc("tandem_rotations_overdue", "Changes of passwords past their deadline.", nil, nil)
	rotatingDesc  = prometheus.NewDesc("tandem_rotations_oldest_seconds", "For how long the oldest change of a password has been under way; 0 where there is none.", nil, nil)
	untoldDesc    = prometheus.NewDesc("tandem_dependents_behind", "Dependents that do not have a password that counts yet.", nil, nil)
	proposalsDesc = prometheus.NewDesc("tandem_proposals_open", "Proposals that wait for somebody's yes.", nil, nil)
	proposedDesc  = prometheus.NewDesc("tandem_proposals_oldest_seconds", "For how long the oldest of them has waited; 0 where there is none.", nil, nil)
	urgentDesc    = prometheus.NewDesc("tandem_emergencies", "Emergencies that wait (pending), last (granted), or are to be looked at (ended).", []string{"status"}, nil)
	lateDesc      = prometheus.NewDesc("tandem_emergency_reviews_overdue", "Emergencies that somebody should have looked at by now.", nil, nil)
	policyDueDesc = prometheus.NewDesc("tandem_policy_review_overdue", "1 while the policy in force should have been reviewed, else 0.", nil, nil)
	entriesDesc   = prometheus.NewDesc("tandem_ledger_entries", "Entries of the ledger that this process has taken in.", nil, nil)
	behindDesc    = prometheus.NewDesc("tandem_ledger_behind_entries", "Entries that other processes had committed and this one had not taken in, when it was asked.", nil, nil)
)

// Describe implements prometheus.Collector.
func (custodyMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		phasesDesc, driftedDesc, vacantDesc, stepsDesc, failingDesc, pausedDesc, overdueDesc, rotatingDesc, untoldDesc,
		proposalsDesc, proposedDesc, urgentDesc, lateDesc, policyDueDesc, entriesDesc, behindDesc,
	} {
		to <- d
	}
}

// Collect implements prometheus.Collector. What cannot be known now has no figure, as with
// envelopes.
func (m custodyMetrics) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), metricsPatience)
	defer cancel()
	c, err := m.of.Census(ctx)
	if err != nil {
		return
	}
	gauge := func(d *prometheus.Desc, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	now := m.of.Time()
	age := func(since time.Time) float64 {
		if since.IsZero() {
			return 0
		}
		return max(0, now.Sub(since).Seconds())
	}
	for phase, n := range c.Phases {
		gauge(phasesDesc, float64(n), string(phase))
	}
	for step, n := range c.Steps {
		gauge(stepsDesc, float64(n), string(step))
	}
	for status, n := range c.Emergencies {
		gauge(urgentDesc, float64(n), string(status))
	}
	unreviewed := 0.0
	if !m.of.ReviewDue().IsZero() {
		unreviewed = 1
	}
	gauge(driftedDesc, float64(c.Drifted))
	gauge(vacantDesc, float64(c.Vacant))
	gauge(failingDesc, float64(c.Failing))
	gauge(pausedDesc, float64(c.Paused))
	gauge(overdueDesc, float64(c.Overdue))
	gauge(rotatingDesc, age(c.Rotating))
	gauge(untoldDesc, float64(c.Untold))
	gauge(proposalsDesc, float64(c.Proposals))
	gauge(proposedDesc, age(c.Proposed))
	gauge(lateDesc, float64(c.LateReviews))
	gauge(policyDueDesc, unreviewed)
	gauge(entriesDesc, float64(c.Entries))
	gauge(behindDesc, float64(c.Behind))
}
