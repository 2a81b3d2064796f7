package config

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// full is a configuration in which every section and list has something.
func full(t *testing.T) Config {
	t.Helper()
	c, err := Load(Sources{File: "testdata/good_vault.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// each calls do with every field of c, those in lists too.
func each(c *Config, do func(f field)) {
	var walk func(fields []field)
	walk = func(fields []field) {
		for _, f := range fields {
			if f.value.Kind() == reflect.Slice && !f.isTexts() {
				for i := range f.value.Len() {
					walk(fieldsBelow("", f.value.Index(i)))
				}
				continue
			}
			do(f)
		}
	}
	walk(fieldsOf(c))
}

// No time that anybody can configure may be negative: rotation.verify_every was
// taken, and nothing was ever verified.
func TestNegativeDurations(t *testing.T) {
	c := full(t)
	durations := 0
	each(&c, func(f field) {
		d, ok := f.value.Interface().(time.Duration)
		if !ok {
			return
		}
		durations++
		f.value.Set(reflect.ValueOf(-time.Hour))
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), f.key+": must be ") {
			t.Errorf("%s: -1h: %v", f.key, err)
		}
		f.value.Set(reflect.ValueOf(d))
	})
	if durations < 9 {
		t.Errorf("only %d durations were looked at", durations)
	}
}

func TestListenersThatCannotBothBe(t *testing.T) {
	for _, test := range []struct {
		listen, metrics string
		collide         bool
	}{
		{"127.0.0.1:8700", "127.0.0.1:8700", true},
		{":8700", "127.0.0.1:8700", true},
		{"127.0.0.1:8700", "0.0.0.0:8700", true},
		{"[::1]:8700", "[::]:8700", true},
		{"localhost:8700", "127.0.0.1:8700", true},
		{"127.0.0.1:8700", "127.0.0.1:8701", false},
		{"127.0.0.1:8700", "127.0.0.2:8700", false},
		{"127.0.0.1:0", "127.0.0.1:0", false}, // each gets a free one
		{"127.0.0.1:8700", "", false},
	} {
		c := full(t)
		c.Listen, c.MetricsListen = test.listen, test.metrics
		err := c.Validate()
		if collide := err != nil && strings.Contains(err.Error(), "metrics_listen: "); collide != test.collide {
			t.Errorf("%s and %s: %v", test.listen, test.metrics, err)
		}
	}
}

func TestAddressesThatNobodyCanReach(t *testing.T) {
	for _, text := range []string{"https://", "https://:8200", "https://vault:99999", "ftp://vault", "vault:8200", "https://va ult"} {
		c := full(t)
		c.Ledger.Deliveries = append(c.Ledger.Deliveries, Delivery{Every: time.Hour})
		for key, at := range map[string]*string{
			"public_url": &c.PublicURL, "vault.address": &c.Vault.Address, "dependents[1].url": &c.Dependents[1].URL,
			"ledger.witnesses[0].url": &c.Ledger.Witnesses[0].URL, "ledger.deliveries[3].webhook": &c.Ledger.Deliveries[3].Webhook,
		} {
			before := *at
			*at = text
			if err := c.Validate(); err == nil || !strings.Contains(err.Error(), key+": must be a URL") {
				t.Errorf("%s: %q: %v", key, text, err)
			}
			*at = before
		}
	}
	for _, text := range []string{"host", "host:", "host:99999", "ho st:25", "host:0", ":25"} {
		c := full(t)
		for key, at := range map[string]*string{"notify.smtp.address": &c.Notify.SMTP.Address, "ledger.stream.address": &c.Ledger.Stream.Address} {
			before := *at
			*at = text
			if err := c.Validate(); err == nil || !strings.Contains(err.Error(), key+": must be HOST:PORT") {
				t.Errorf("%s: %q: %v", key, text, err)
			}
			*at = before
		}
	}
}
