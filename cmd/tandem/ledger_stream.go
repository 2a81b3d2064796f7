package main

import (
	"crypto/tls"
	"fmt"

	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/siem"
)

// openStream makes the stream of the ledger that is configured; nil: none.
func (p *program) openStream(cfg config.Ledger) (*siem.Stream, error) {
	to := cfg.Stream
	if to.Address == "" {
		return nil, nil
	}
	secure := &tls.Config{MinVersion: tls.VersionTLS12}
	if to.CA != "" {
		var err error
		if secure.RootCAs, err = authorities(to.CA); err != nil {
			return nil, fmt.Errorf("ledger.stream.ca: %w", err)
		}
	}
	if to.Cert != "" {
		certificate, err := openCertificate(to.Cert, to.Key, p.log.With("part", "stream"))
		if err != nil {
			return nil, fmt.Errorf("ledger.stream.cert: %w", err)
		}
		secure.GetClientCertificate = certificate.forClient
		p.again.add("ledger.stream.cert", certificate.load)
		p.shown.add("stream", certificate)
	}
	return siem.New(siem.Config{
		Ledger: p.store, Places: p.leases, Owner: p.owner, Follow: p.desk.Follow, Now: p.desk.SharedTime, Address: to.Address, TLS: secure,
		Format: to.Format, Host: cfg.Origin, Version: built().Version, Log: p.log.With("part", "stream"),
	})
}
