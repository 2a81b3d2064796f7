package siem_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/tandem-custody/tandem/custody/siem"
)

// TestTheLagIsMeasured: what the receiver has not taken for certain, also while
// there is no connection.
func TestTheLagIsMeasured(t *testing.T) {
	l := new(ledger)
	l.add(t, 3)
	r := newReceiver(t)
	s, err := siem.New(siem.Config{
		Ledger: l, Places: &l.places, Owner: "test", Follow: l.Follow, Now: time.Now, Address: r.Addr().String(), TLS: r.trust, Format: siem.JSON,
		Host: "ledger.test", Version: "1", Log: slog.New(slog.DiscardHandler), Settle: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	const name = "tandem_stream_lag_entries"
	expect := func(text string) error {
		head := "# HELP " + name + " Entries of the ledger that have not been sent to the receiver for certain.\n# TYPE " + name + " gauge\n"
		return testutil.CollectAndCompare(s, strings.NewReader(head+name+" "+text+"\n"), name)
	}
	if err := expect("3"); err != nil {
		t.Error(err)
	}
	done := make(chan struct{})
	go func() { _ = s.Run(t.Context()); close(done) }()
	t.Cleanup(func() { <-done })
	for limit := time.Now().Add(90 * time.Second); ; time.Sleep(time.Millisecond) {
		err := expect("0")
		if err == nil {
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("the lag never ended: %v", err)
		}
	}
	registry := prometheus.NewRegistry()
	if err := registry.Register(s); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil || len(families) != 2 {
		t.Fatal(families, err)
	}
	for _, f := range families {
		if strings.HasSuffix(f.GetName(), "last_success_timestamp_seconds") && f.GetMetric()[0].GetGauge().GetValue() == 0 {
			t.Error("no success was noted")
		}
	}
	if problems, err := testutil.CollectAndLint(s); err != nil || len(problems) > 0 {
		t.Error(problems, err)
	}
	var none *siem.Stream // nothing is configured
	if err := registry.Register(none); err != nil {
		t.Error(err)
	}
}
