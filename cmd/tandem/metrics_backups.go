package main

import (
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// backups tells how old the newest backup is. tandem backup is another process, pg_dump is
// another program, and a snapshot of Vault is on another machine: what they have in common
// is that what they made lies in a folder.
type backups struct{ folder string }

var backupDesc = prometheus.NewDesc("tandem_backup_last_timestamp_seconds", "When the newest of what lies in the folder of backups was made, in Unix time; 0: there is none. Missing where no folder is configured, or it cannot be read.", nil, nil)

// Describe implements prometheus.Collector.
func (b backups) Describe(to chan<- *prometheus.Desc) {
	if b.folder != "" {
		to <- backupDesc
	}
}

// Collect implements prometheus.Collector.
func (b backups) Collect(to chan<- prometheus.Metric) {
	if b.folder == "" {
		return
	}
	newest, err := b.newest()
	if err != nil {
		return
	}
	value := 0.0
	if !newest.IsZero() {
		value = float64(newest.Unix())
	}
	to <- prometheus.MustNewConstMetric(backupDesc, prometheus.GaugeValue, value)
}

// newest passes over what begins with a dot: a backup that is still being made, or whose
// making was cut short.
func (b backups) newest() (newest time.Time, err error) {
	all, err := os.ReadDir(b.folder)
	for _, one := range all {
		if strings.HasPrefix(one.Name(), ".") {
			continue
		}
		if info, err := one.Info(); err == nil && info.ModTime().After(newest) { // gone since: no backup
			newest = info.ModTime()
		}
	}
	return newest, err
}
