package edge

import (
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/tandem-custody/tandem/custody"
)

func TestAPacerForgetsStrangersAndNotWhoAsksOften(t *testing.T) {
	p := newPacer(Limit{Every: time.Hour, Burst: 1})
	if err := p.take("often"); err != nil {
		t.Fatal(err)
	}
	for i := range 5 * maxPaced {
		if err := p.take("stranger " + strconv.Itoa(i)); err != nil {
			t.Fatal(err)
		}
		if i%(maxPaced/2) == 0 && p.take("often") == nil {
			t.Fatalf("forgotten after %d others", i)
		}
	}
	if kept := len(p.young) + len(p.old); kept > 2*maxPaced {
		t.Errorf("%d names are kept", kept)
	}
}

func TestWhatCountsAsOneAddress(t *testing.T) {
	for remote, one := range map[string]string{
		"192.0.2.7:1234":            "192.0.2.7",
		"[::ffff:192.0.2.7]:1":      "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:99": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:99":         "fe80::/64",
		"@":                         "",
	} {
		if got := Network(addressOf(remote)); got != one {
			t.Errorf("%s: %q, want %q", remote, got, one)
		}
	}
}

// TestWhoIsRefusedDoesNotWaitLongerForIt: asking in vain costs nothing.
func TestWhoIsRefusedDoesNotWaitLongerForIt(t *testing.T) {
	p := newPacer(Limit{Every: time.Hour, Burst: 1})
	if err := p.take("somebody"); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		var r *custody.Refusal
		if err := p.take("somebody"); !errors.As(err, &r) || r.RetryAfter <= 0 || r.RetryAfter > time.Hour {
			t.Fatalf("refused with %v, %+v", err, r)
		}
	}
}
