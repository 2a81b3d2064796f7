package main

import (
	"os"
	"path/filepath"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"
)

// disk measures the file of a database, and what is left beside it. A database on a server
// has neither here: the server's own monitoring has.
type disk struct{ path string }

var (
	databaseDesc = prometheus.NewDesc("tandem_database_bytes", "Size of the database's file.", nil, nil)
	walDesc      = prometheus.NewDesc("tandem_database_wal_bytes", "Size of its write-ahead log, which is taken in at about 4 MiB.", nil, nil)
	freeDesc     = prometheus.NewDesc("tandem_database_free_bytes", "What is free for us on its file system; under 16 MiB nothing is decided any more.", nil, nil)
	inodesDesc   = prometheus.NewDesc("tandem_database_free_inodes", "How many files can still be made there; missing on a file system that does not count them.", nil, nil)
)

// Describe implements prometheus.Collector.
func (d disk) Describe(to chan<- *prometheus.Desc) {
	if d.path == "" {
		return
	}
	for _, desc := range []*prometheus.Desc{databaseDesc, walDesc, freeDesc, inodesDesc} {
		to <- desc
	}
}

// Collect implements prometheus.Collector. What cannot be looked at has no figure.
func (d disk) Collect(to chan<- prometheus.Metric) {
	if d.path == "" {
		return
	}
	gauge := func(desc *prometheus.Desc, value float64) {
		to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
	for path, desc := range map[string]*prometheus.Desc{d.path: databaseDesc, d.path + "-wal": walDesc} {
		if info, err := os.Stat(path); err == nil {
			gauge(desc, float64(info.Size()))
		}
	}
	var fsys unix.Statfs_t
	if unix.Statfs(filepath.Dir(d.path), &fsys) != nil {
		return
	}
	gauge(freeDesc, float64(fsys.Bavail)*float64(fsys.Bsize))
	if fsys.Files > 0 {
		gauge(inodesDesc, float64(fsys.Ffree))
	}
}
