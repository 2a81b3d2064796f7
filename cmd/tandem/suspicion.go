package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-custody/tandem/custody/desk"
)

// suspicion says to whoever watches the metrics that the ledger is suspect.
func suspicion(d *desk.Desk) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tandem_ledger_suspect", Help: "1 when the ledger is not what it was: nothing is decided, signed or revealed any more.",
	}, func() float64 {
		select {
		case <-d.Suspect():
			return 1
		default:
			return 0
		}
	})
}
