package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/config"
	"github.com/tandem-custody/tandem/custody/desk"
	following "github.com/tandem-custody/tandem/custody/follow"
	"github.com/tandem-custody/tandem/custody/vault"
)

var updateMetrics = flag.Bool("update-metrics", false, "write docs/metrics.md as it is now: read what changed before it is committed")

const metricsPage = "../../docs/metrics.md"

const metricsHead = `# Metrics

Written by ` + "`TestEveryMetricIsOnItsPage`" + ` from a server with all its parts. ` + "`metrics_listen`" + ` serves them as ` + "`/metrics`" + `, beside those of the Go runtime and the process (` + "`go_*`, `process_*`" + `). A name that is here stays, with its unit and its labels; a label is a word of Tandem's, or a name from the configuration, and never what a client sent.

What cannot be known at the moment has no figure, and is not said to be 0. An alarm that goes by it would end, so ` + "`TandemBlind`" + ` is the alarm for that. Alarms are in [deploy/prometheus/tandem.rules.yaml](../deploy/prometheus/tandem.rules.yaml), and what to do about each in the [runbook](runbook.md).

| Metric | Type | Labels | What it says |
| --- | --- | --- | --- |
`

// TestEveryMetricIsOnItsPage: what a server with all its parts measures, by its own words.
func TestEveryMetricIsOnItsPage(t *testing.T) {
	text := exposition(t)
	rows := map[string][3]string{} // by name: type, labels, help
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if rest, is := strings.CutPrefix(line, "# HELP "); is {
			name, help, _ := strings.Cut(rest, " ")
			rows[name] = [3]string{"", "", help}
		} else if rest, is := strings.CutPrefix(line, "# TYPE "); is {
			name, kind, _ := strings.Cut(rest, " ")
			rows[name] = [3]string{kind, "", rows[name][2]}
		} else if name, labels, has := strings.Cut(line, "{"); has {
			for _, of := range []string{name, strings.TrimSuffix(name, "_bucket")} {
				if row, is := rows[of]; is && row[1] == "" {
					row[1] = labelsOf(labels)
					rows[of] = row
				}
			}
		}
	}
	var lines []string
	for name, row := range rows {
		if !strings.HasPrefix(name, "tandem_") {
			continue
		}
		if row[2] == "" {
			t.Errorf("%s does not say what it is", name)
		}
		lines = append(lines, fmt.Sprintf("| `%s` | %s | %s | %s |\n", name, row[0], row[1], row[2]))
	}
	golden(t, text)
	slices.Sort(lines)
	got := metricsHead + strings.Join(lines, "")
	if *updateMetrics {
		if err := os.WriteFile(metricsPage, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(metricsPage); err != nil || got != string(want) {
		t.Errorf("docs/metrics.md is not what a server measures (%v); read what differs, then: go test ./cmd/tandem -run TestEveryMetricIsOnItsPage -update-metrics\n%s", err, got)
	}
}

// scraped is what tools/alerts fires the alarms from.
const scraped = "../../tools/alerts/testdata/metrics.txt"

// golden holds the scrape that the alarms are tried on to what a server says now: the same
// series, with whatever values.
func golden(t *testing.T, text string) {
	t.Helper()
	var kept []string
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "tandem_") {
			kept = append(kept, line)
		}
	}
	if *updateMetrics {
		must(t, os.WriteFile(scraped, []byte(strings.Join(kept, "")), 0o644))
	}
	before, err := os.ReadFile(scraped)
	must(t, err)
	seriesOf := func(lines []string) (names []string) {
		for _, line := range lines {
			if name, _, _ := strings.Cut(line, " "); name != "" && !strings.HasPrefix(line, "tandem_build_info") { // whose labels are of each build
				names = append(names, name)
			}
		}
		slices.Sort(names)
		return names
	}
	now, was := seriesOf(kept), seriesOf(strings.Split(strings.TrimSpace(string(before)), "\n"))
	if !slices.Equal(now, was) {
		t.Errorf("tools/alerts tries the alarms on series that are no longer there, or not on all; read what differs, then: go test ./cmd/tandem -run TestEveryMetricIsOnItsPage -update-metrics\n%v\n%v", now, was)
	}
}

// labelsOf gives the names in `a="x",b="y"} 1`, but that of a histogram's bounds.
func labelsOf(text string) string {
	var names []string
	inside, _, _ := strings.Cut(text, "}")
	for _, part := range strings.Split(inside, `",`) {
		name, _, _ := strings.Cut(part, "=")
		if name != "le" {
			names = append(names, "`"+name+"`")
		}
	}
	return strings.Join(names, ", ")
}

// exposition is what a server with all its parts has for Prometheus. Its Vault is one that is
// not there.
func exposition(t *testing.T) string {
	t.Helper()
	h := newHouse(t)
	h.write("room", "https://127.0.0.1:1/room")
	h.writeCertificate(1)
	witness, err := audit.CosignerKey("w1", make(ed25519.PublicKey, ed25519.PublicKeySize))
	must(t, err)
	h.more = fmt.Sprintf(`
backups: %s
envelopes: {folder: %s}
notify:
  smtp: {address: "127.0.0.1:1", tls: "off"}
  from: tandem@example.org
  channels: [{name: ops, kind: slack, url_file: %s}]
`, t.TempDir(), t.TempDir(), h.file("room"))
	h.origin = fmt.Sprintf(`house.test/ledger, stream: {address: "127.0.0.1:1", cert: %s, key: %s}, deliveries: [{webhook: "https://127.0.0.1:1/hook", every: 1h}], witnesses: [{url: "https://127.0.0.1:1", key: %q}]`,
		h.file("cert"), h.file("tls-key"), witness)
	h.configure()
	cfg, err := config.Load(config.Sources{File: h.file("tandem.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	p, err := openProgram(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	}()
	if _, _, err := p.leases.Take(t.Context(), "notify", "here", p.desk.Time(), p.desk.Time().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	asked := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/sessions", strings.NewReader(`{"username":"nobody","password":"x","totp":"000000"}`))
	asked.Header.Set("Content-Type", "application/json")
	p.api.Handler().ServeHTTP(httptest.NewRecorder(), asked)
	store, err := vault.Open(t.Context(), vault.Config{
		Address: "http://127.0.0.1:1", Names: vault.DefaultNames(), TokenFile: h.file("room"), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	w := httptest.NewRecorder()
	p.api.Ops().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	registry := prometheus.NewRegistry()
	registry.MustRegister(store)
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

// TestTheNewestBackupCounts: one that is being made does not, nor a folder that is gone.
func TestTheNewestBackupCounts(t *testing.T) {
	folder := t.TempDir()
	b := backups{folder}
	is := func(want float64) {
		t.Helper()
		if got := testutil.ToFloat64(b); got != want {
			t.Errorf("the newest is of %v, not %v", got, want)
		}
	}
	is(0)
	at := func(name string, when int64) {
		t.Helper()
		path := filepath.Join(folder, name)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, time.Unix(when, 0), time.Unix(when, 0))); err != nil {
			t.Fatal(err)
		}
	}
	at("new", 2000)
	at("old", 1000)
	at(".tandem-backup-1", 3000)
	is(2000)
	if n := testutil.CollectAndCount(backups{filepath.Join(folder, "gone")}); n != 0 {
		t.Error("a folder that cannot be read has a newest backup")
	}
	if n := testutil.CollectAndCount(backups{}); n != 0 {
		t.Error("nobody named a folder, and there is a figure")
	}
}

// TestCommitsAreMeasured: those that failed are counted, and not timed.
func TestCommitsAreMeasured(t *testing.T) {
	c := newCommits()
	c.observe(desk.Committed{Commands: 3, Entries: 5, Took: 20 * time.Millisecond})
	c.observe(desk.Committed{Commands: 9, Entries: 9, Err: errors.New("away")})
	if failed, entries := testutil.ToFloat64(c.failed), testutil.ToFloat64(c.entries); failed != 1 || entries != 5 {
		t.Errorf("%v failed, %v entries", failed, entries)
	}
	for name, collector := range map[string]prometheus.Collector{"tandem_commit_duration_seconds": c.seconds, "tandem_commit_commands": c.commands} {
		registry := prometheus.NewRegistry()
		registry.MustRegister(collector)
		all, err := registry.Gather()
		if err != nil || len(all) != 1 || all[0].GetName() != name || all[0].GetMetric()[0].GetHistogram().GetSampleCount() != 1 {
			t.Errorf("%s: %v, %v", name, all, err)
		}
	}
}

// leases are places of which the test says what the database answers.
type leases struct {
	following.Places
	held, moved bool
	err         error
}

func (l *leases) Take(context.Context, string, string, time.Time, time.Time) (following.Place, bool, error) {
	return following.Place{}, l.held, l.err
}

func (l *leases) Prolong(context.Context, string, int64, time.Time) (bool, error) {
	return l.held, l.err
}

func (l *leases) Advance(context.Context, string, int64, int64, time.Time) (bool, error) {
	return l.moved, l.err
}

func (l *leases) Leave(context.Context, string, int64) error { return l.err }

// TestWhoHasALeaseIsMeasured: by what the database said last, and never longer than the lease.
func TestWhoHasALeaseIsMeasured(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	at := now
	of := &leases{held: true, moved: true}
	h := watchLeases(of, func() time.Time { return at })
	is := func(when string, want float64) {
		t.Helper()
		if got := testutil.ToFloat64(h); got != want {
			t.Errorf("%s: %v, not %v", when, got, want)
		}
	}
	take := func() { _, _, _ = h.Take(t.Context(), "notify", "here", now, now.Add(time.Minute)) }
	take()
	is("taken", 1)
	at = now.Add(time.Minute)
	is("over", 0)
	_, _ = h.Prolong(t.Context(), "notify", 1, now.Add(2*time.Minute))
	is("prolonged", 1)
	of.held, of.err = false, errors.New("away")
	take()
	_, _ = h.Prolong(t.Context(), "notify", 1, now.Add(9*time.Minute))
	_, _ = h.Advance(t.Context(), "notify", 1, 2, now)
	is("the database does not answer", 1)
	of.err = nil
	_, _ = h.Prolong(t.Context(), "notify", 1, now.Add(3*time.Minute))
	is("another has it", 0)
	of.held = true
	at = now
	take()
	of.moved = false
	_, _ = h.Advance(t.Context(), "notify", 1, 2, now)
	is("overtaken", 0)
	take()
	of.held = false
	take()
	is("not given", 0)
	of.held = true
	take()
	_ = h.Leave(t.Context(), "notify", 1)
	is("left", 0)
}

// TestTheDiskIsMeasured: the file, its log and what is free; of a server's database nothing.
func TestTheDiskIsMeasured(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tandem.db")
	if err := errors.Join(os.WriteFile(path, make([]byte, 100), 0o600), os.WriteFile(path+"-wal", make([]byte, 7), 0o600)); err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(disk{path})
	all, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range all {
		got[family.GetName()] = family.GetMetric()[0].GetGauge().GetValue()
	}
	if got["tandem_database_bytes"] != 100 || got["tandem_database_wal_bytes"] != 7 || got["tandem_database_free_bytes"] < 1<<20 {
		t.Errorf("measured %v", got)
	}
	if n := testutil.CollectAndCount(disk{}); n != 0 {
		t.Error("the disk of a server was measured")
	}
}

// TestTheCertificateInUseIsMeasured: by when it ends.
func TestTheCertificateInUseIsMeasured(t *testing.T) {
	ends := time.Now().Add(48 * time.Hour).Truncate(time.Second)
	h := newHouse(t)
	h.writeCertificateUntil(1, ends)
	live, err := openCertificate(h.file("cert"), h.file("tls-key"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	var c certificates
	if n := testutil.CollectAndCount(&c); n != 0 {
		t.Error("there is no certificate, and one ends")
	}
	c.add("api", live)
	if got := testutil.ToFloat64(&c); got != float64(ends.Unix()) {
		t.Errorf("ends at %v, not %v", got, ends.Unix())
	}
}
