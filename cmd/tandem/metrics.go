package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-custody/tandem/config"
)

// collectors are all that this process measures, beside what the API knows by itself.
func (p *program) collectors(cfg config.Config) []prometheus.Collector {
	all := append(p.roomMetrics(), p.commits.all()...)
	all = append(all, p.follower, p.stream, p.notifier, suspicion(p.desk), unacknowledged(p.desk),
		p.leases, &p.shown, disk{cfg.SQLitePath()}, backups{cfg.Backups}, machineTime{}, buildInfo())
	if measured, is := p.secrets.(prometheus.Collector); is { // Vault
		all = append(all, measured)
	}
	return all
}
