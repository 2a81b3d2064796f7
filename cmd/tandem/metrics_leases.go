package main

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	following "github.com/tandem-custody/tandem/custody/follow"
)

// heldPlaces are places of followers that remember which leases this process has: of several
// processes exactly one is to say 1 of each follower.
type heldPlaces struct {
	following.Places
	now func() time.Time

	mu    sync.Mutex
	until map[string]time.Time // by follower that was ever asked for; zero: another has it
}

func watchLeases(places following.Places, now func() time.Time) *heldPlaces {
	return &heldPlaces{Places: places, now: now, until: map[string]time.Time{}}
}

func (h *heldPlaces) note(follower string, until time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.until[follower] = until
}

// Take, Prolong, Advance and Leave are as following.Places has them. What the database did not
// answer changes nothing: the lease ends by its time.
func (h *heldPlaces) Take(ctx context.Context, follower, owner string, now, until time.Time) (following.Place, bool, error) {
	at, held, err := h.Places.Take(ctx, follower, owner, now, until)
	switch {
	case err != nil:
	case held:
		h.note(follower, until)
	default:
		h.note(follower, time.Time{})
	}
	return at, held, err
}

// Prolong is as following.Places has it.
func (h *heldPlaces) Prolong(ctx context.Context, follower string, epoch int64, until time.Time) (bool, error) {
	still, err := h.Places.Prolong(ctx, follower, epoch, until)
	switch {
	case err != nil:
	case still:
		h.note(follower, until)
	default:
		h.note(follower, time.Time{})
	}
	return still, err
}

// Advance is as following.Places has it.
func (h *heldPlaces) Advance(ctx context.Context, follower string, epoch, next int64, at time.Time) (bool, error) {
	moved, err := h.Places.Advance(ctx, follower, epoch, next, at)
	if err == nil && !moved {
		h.note(follower, time.Time{})
	}
	return moved, err
}

// Leave is as following.Places has it.
func (h *heldPlaces) Leave(ctx context.Context, follower string, epoch int64) error {
	h.note(follower, time.Time{})
	return h.Places.Leave(ctx, follower, epoch)
}

var leaseDesc = prometheus.NewDesc("tandem_lease_held", "1 while this process has the lease of a follower and does its work, 0 while another one may.", []string{"follower"}, nil)

// Describe implements prometheus.Collector.
func (h *heldPlaces) Describe(to chan<- *prometheus.Desc) { to <- leaseDesc }

// Collect implements prometheus.Collector.
func (h *heldPlaces) Collect(to chan<- prometheus.Metric) {
	now := h.now()
	h.mu.Lock()
	defer h.mu.Unlock()
	for follower, until := range h.until {
		held := 0.0
		if now.Before(until) {
			held = 1
		}
		to <- prometheus.MustNewConstMetric(leaseDesc, prometheus.GaugeValue, held, follower)
	}
}
