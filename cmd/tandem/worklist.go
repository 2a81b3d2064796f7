package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
)

// worklist is what the rotation worker goes by: what the desk knows, and the
// store's claims. An address in a row that somebody wrote gets no password.
type worklist struct {
	*desk.Desk
	claims
}

// claims is the part of the store that says who does it.
type claims interface {
	Claim(ctx context.Context, credential, owner string, now, until time.Time) (bool, error)
	Release(ctx context.Context, credential, owner string) error
}

var _ rotation.Queue = worklist{}

// Claim lets nobody begin, or go on, while the clock is wrong: what was changed on a
// target could not be entered.
func (w worklist) Claim(ctx context.Context, credential, owner string, now, until time.Time) (bool, error) {
	if err := w.ClockWrong(); err != nil {
		return false, err
	}
	return w.claims.Claim(ctx, credential, owner, now, until)
}

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
