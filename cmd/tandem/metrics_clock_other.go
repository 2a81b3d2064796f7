//go:build !linux

package main

import "github.com/prometheus/client_golang/prometheus"

// machineTime knows nothing of other kernels' clocks.
type machineTime struct{}

// Describe implements prometheus.Collector.
func (machineTime) Describe(chan<- *prometheus.Desc) {}

// Collect implements prometheus.Collector.
func (machineTime) Collect(chan<- prometheus.Metric) {}
