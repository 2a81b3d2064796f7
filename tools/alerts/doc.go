// Package alerts fires every alarm of deploy/prometheus once, with Prometheus's own engine, on
// what a server of Tandem's said of itself (testdata/metrics.txt, which cmd/tandem's tests hold
// to the program). It also looks that the dashboard asks for nothing that is not there, and
// that the runbook has a section for each alarm.
//
// It is a module of its own, so that nobody who builds Tandem needs Prometheus.
package alerts
