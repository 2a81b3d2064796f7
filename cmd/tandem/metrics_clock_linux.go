package main

import (
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"
)

// machineTime tells what the kernel knows of its clock. Codes of an authenticator are good for
// half a minute, so a clock that drifts keeps people out before anything else notices.
type machineTime struct{}

var (
	offsetDesc = prometheus.NewDesc("tandem_clock_offset_seconds", "By how much the machine's time service still has to correct its clock, as the kernel knows; of little meaning while it is not synchronised.", nil, nil)
	syncedDesc = prometheus.NewDesc("tandem_clock_synchronised", "1 while a time service keeps the machine's clock, 0 while none does.", nil, nil)
)

// Describe implements prometheus.Collector.
func (machineTime) Describe(to chan<- *prometheus.Desc) { to <- offsetDesc; to <- syncedDesc }

// Collect implements prometheus.Collector. To ask changes nothing and needs no right.
func (machineTime) Collect(to chan<- prometheus.Metric) {
	var t unix.Timex
	if _, err := unix.Adjtimex(&t); err != nil {
		return
	}
	unit := 1e-6
	if t.Status&unix.STA_NANO != 0 {
		unit = 1e-9
	}
	synced := 1.0
	if t.Status&unix.STA_UNSYNC != 0 {
		synced = 0
	}
	to <- prometheus.MustNewConstMetric(offsetDesc, prometheus.GaugeValue, float64(t.Offset)*unit)
	to <- prometheus.MustNewConstMetric(syncedDesc, prometheus.GaugeValue, synced)
}
