package main

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// certificates tell until when each certificate that this process shows is good: the one that
// is in use, and not the one on the disk, which may be of no use.
type certificates struct {
	mu  sync.Mutex
	all map[string]*liveCertificate // by what it is shown for
}

func (c *certificates) add(of string, one *liveCertificate) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[string]*liveCertificate{}
	}
	c.all[of] = one
}

var certificateDesc = prometheus.NewDesc("tandem_certificate_expires_timestamp_seconds", "When the certificate in use ends, in Unix time: of the API, or of the stream to the SIEM.", []string{"of"}, nil)

// Describe implements prometheus.Collector.
func (c *certificates) Describe(to chan<- *prometheus.Desc) { to <- certificateDesc }

// Collect implements prometheus.Collector.
func (c *certificates) Collect(to chan<- prometheus.Metric) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for of, one := range c.all {
		to <- prometheus.MustNewConstMetric(certificateDesc, prometheus.GaugeValue, float64(one.now().Leaf.NotAfter.Unix()), of)
	}
}
