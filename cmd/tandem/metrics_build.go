package main

import "github.com/prometheus/client_golang/prometheus"

// buildInfo says what runs, so that a graph can be laid beside an upgrade.
func buildInfo() prometheus.Collector {
	b := built()
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "tandem_build_info", Help: "Always 1: its labels say what was built.",
		ConstLabels: prometheus.Labels{"version": b.Version, "revision": b.Revision, "goversion": b.Go},
	})
	info.Set(1)
	return info
}
