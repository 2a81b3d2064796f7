package alerts

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/teststorage"
)

const root = "../../"

// value is what a series has so many seconds after the first scrape; NaN: it is missing.
type value func(second float64) float64

func is(v float64) value { return func(float64) float64 { return v } }

// each rises by so much a second, as a counter does.
func each(perSecond float64) value { return func(s float64) float64 { return s * perSecond } }

var missing = is(math.NaN())

// began is when the first scrape was: a round instant.
const began = 1_800_000_000

const day = 24 * 3600

// healthy is what the scraped server lacked to be well: it had no Vault, no people and no
// synchronised clock, and its certificate was made for an hour.
var healthy = map[string]value{
	"up":                                   is(1),
	`tandem_approvers{level="manager"}`:    is(2),
	`tandem_approvers{level="director"}`:   is(2),
	`tandem_backup_last_timestamp_seconds`: is(began - 3600),
	`tandem_certificate_expires_timestamp_seconds{of="stream"}`:                  is(began + 90*day),
	`tandem_checkpoint_undelivered{to=`:                                          is(0),
	`tandem_clock_synchronised`:                                                  is(1),
	`tandem_database_free_bytes`:                                                 is(50e9),
	`tandem_ledger_head_entries`:                                                 is(5),
	`tandem_ledger_witnessed_entries`:                                            is(5),
	`tandem_notify_waiting`:                                                      is(0),
	`tandem_notify_lag_entries`:                                                  is(0),
	`tandem_stream_lag_entries`:                                                  is(0),
	`tandem_channel_waiting{channel="ops"}`:                                      is(0),
	`tandem_vault_logged_in`:                                                     is(1),
	`tandem_vault_requests_failed_total{kind="login"}`:                           is(0),
	`tandem_vault_requests_failed_total{kind="system"}`:                          is(0),
	`tandem_witness_state{state="lost",witness="w1"}`:                            is(0),
	`tandem_not_ready{cause="vault_unavailable"}`:                                is(0),
	`tandem_http_requests_total{method="POST",route="/api/v1/sessions",status="`: is(0),
}

// fires is what each alarm is fired by: one thing that is not well. other is a second server,
// which is well but for that.
var fires = map[string]struct {
	by    map[string]value
	other map[string]value
	named map[string]string // of the other one, where there is one: its series, under another label
}{
	"TandemDown":                        {by: map[string]value{"up": is(0)}},
	"TandemBlind":                       {by: map[string]value{"tandem_ledger_entries": missing}},
	"TandemNotReady":                    {by: map[string]value{`tandem_not_ready{cause="store_replaced"}`: is(1)}},
	"TandemErrors":                      {by: map[string]value{`tandem_http_requests_total{method="POST",route="/api/v1/sessions",status="`: each(.1)}, named: map[string]string{`status="401"`: `status="500"`}},
	"TandemLedgerSuspect":               {by: map[string]value{"tandem_ledger_suspect": is(1)}},
	"TandemCommitsFailing":              {by: map[string]value{"tandem_commits_failed_total": each(.01)}},
	"TandemCommitsSlow":                 {by: slow(`tandem_commit_duration_seconds_bucket{le="`, `tandem_commit_duration_seconds_bucket{le="+Inf"}`)},
	"TandemLedgerBehind":                {by: map[string]value{"tandem_ledger_behind_entries": is(3)}},
	"TandemWitnessLost":                 {by: map[string]value{`tandem_witness_state{state="conflict",witness="w1"}`: is(1)}},
	"TandemNotWitnessed":                {by: map[string]value{"tandem_ledger_head_entries": is(9)}},
	"TandemCheckpointUndelivered":       {by: map[string]value{`tandem_checkpoint_undelivered{to=`: is(1)}},
	"TandemClockWrong":                  {by: map[string]value{"tandem_clock_wrong": is(1)}},
	"TandemClockUnsynchronised":         {by: map[string]value{"tandem_clock_synchronised": is(0)}},
	"TandemDiskFilling":                 {by: map[string]value{"tandem_database_free_bytes": is(999e6)}},
	"TandemLogGrows":                    {by: map[string]value{"tandem_database_wal_bytes": is(65 << 20)}},
	"TandemCertificateEnding":           {by: map[string]value{`tandem_certificate_expires_timestamp_seconds{of="stream"}`: is(began + 14*day)}},
	"TandemBackupOld":                   {by: map[string]value{"tandem_backup_last_timestamp_seconds": is(began - 26*3600)}},
	"TandemVersionsDiffer":              {other: map[string]value{}, named: map[string]string{`,version="`: `,version="v9-`}},
	"TandemVaultAway":                   {by: map[string]value{"tandem_vault_logged_in": is(0)}},
	"TandemVaultTokenEnding":            {by: map[string]value{"tandem_vault_token_ttl_seconds": is(59)}},
	"TandemVaultSlow":                   {by: slow(`tandem_vault_request_duration_seconds_bucket{kind="read",le="`, `tandem_vault_request_duration_seconds_bucket{kind="read",le="+Inf"}`)},
	"TandemVaultFailing":                {by: map[string]value{`tandem_vault_requests_failed_total{kind="write"}`: each(.01)}},
	"TandemRotationOverdue":             {by: map[string]value{"tandem_rotations_overdue": is(1)}},
	"TandemRotationPaused":              {by: map[string]value{"tandem_rotations_paused": is(1)}},
	"TandemRotationFailing":             {by: map[string]value{"tandem_rotations_failing": is(1)}},
	"TandemDrift":                       {by: map[string]value{"tandem_credentials_drifted": is(1)}},
	"TandemDependentBehind":             {by: map[string]value{"tandem_dependents_behind": is(1)}},
	"TandemSeatVacant":                  {by: map[string]value{"tandem_seats_vacant": is(1)}},
	"TandemEmergencyWaiting":            {by: map[string]value{`tandem_emergencies{status="pending"}`: is(1)}},
	"TandemEmergencyUnreviewed":         {by: map[string]value{"tandem_emergency_reviews_overdue": is(1)}},
	"TandemIncidentUnacknowledged":      {by: map[string]value{"tandem_incidents_oldest_unacknowledged_seconds": is(4*3600 + 1)}},
	"TandemIncidentSpecial":             {by: map[string]value{`tandem_incidents_open{grade="special"}`: is(1)}},
	"TandemProposalWaiting":             {by: map[string]value{"tandem_proposals_oldest_seconds": is(2*day + 1)}},
	"TandemFewApprovers":                {by: map[string]value{`tandem_approvers{level="director"}`: is(1)}},
	"TandemPolicyUnreviewed":            {by: map[string]value{"tandem_policy_review_overdue": is(1)}},
	"TandemConfigurationUnacknowledged": {by: map[string]value{"tandem_configuration_unacknowledged": is(1)}},
	"TandemDrillOverdue":                {by: map[string]value{"tandem_envelope_drills_overdue": is(1)}},
	"TandemEnvelopesLacking":            {by: map[string]value{`tandem_envelopes_failing{why="folder_full"}`: is(1)}},
	"TandemNobodySends":                 {by: map[string]value{`tandem_lease_held{follower="notify"}`: is(0)}},
	"TandemTwoSend":                     {other: map[string]value{}},
	"TandemMailsWaiting":                {by: map[string]value{"tandem_notify_waiting": is(1)}},
	"TandemChannelWaiting":              {by: map[string]value{`tandem_channel_waiting{channel="ops"}`: is(1)}},
	"TandemStreamBehind":                {by: map[string]value{"tandem_stream_lag_entries": is(1)}},
}

// slow has requests that all take longer than any bound that a histogram has.
func slow(buckets, last string) map[string]value {
	return map[string]value{buckets: is(0), last: each(1)}
}

// scrape is the text of a server, by series.
func scrape(t *testing.T) map[string]float64 {
	t.Helper()
	text, err := os.ReadFile("testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{"up": 1} // which is Prometheus's own
	for line := range strings.Lines(string(text)) {
		at := strings.LastIndexByte(strings.TrimSpace(line), ' ')
		number, err := strconv.ParseFloat(strings.TrimSpace(line)[at+1:], 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all[line[:at]] = number
	}
	if _, has := all[`tandem_vault_token_ttl_seconds`]; !has {
		all[`tandem_vault_token_ttl_seconds`] = 3600 // there is one only with a Vault
	}
	return all
}

// overlay gives every series its values. A key that ends within a label stands for every
// series that begins so; later ones count more. One that stands for nothing fails: an alarm
// would wait for a name that no server says.
func overlay(t *testing.T, base map[string]float64, layers ...map[string]value) map[string]value {
	t.Helper()
	all := map[string]value{}
	for series, v := range base {
		all[series] = is(v)
	}
	for _, layer := range layers {
		keys := slices.SortedFunc(maps.Keys(layer), func(a, b string) int { return len(a) - len(b) }) // whole names last
		for _, key := range keys {
			found := false
			for series := range base {
				if series == key || (strings.Contains(key, "{") && !strings.HasSuffix(key, "}") && strings.HasPrefix(series, key)) {
					all[series], found = layer[key], true
				}
			}
			if !found {
				t.Errorf("no server says %s", key)
			}
		}
	}
	return all
}

// firing says whether the rule fires in the end, by Prometheus's engine: its expression had an
// answer at each look for as long as it asks for.
func firing(t *testing.T, rule rulefmt.Rule, servers map[string]map[string]value) bool {
	t.Helper()
	hold := time.Duration(rule.For)
	step := max(15*time.Second, hold/240).Truncate(time.Second)
	storage := teststorage.New(t)
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(rule.Expr)
	if err != nil {
		t.Fatalf("%s: %v", rule.Alert, err)
	}
	wanted := map[string]bool{}
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if selector, is := node.(*parser.VectorSelector); is {
			wanted[selector.Name] = true
		}
		return nil
	})
	warm := 15 * time.Minute // for the longest rate
	end := warm + hold + time.Minute
	appender := storage.Appender(context.Background())
	for at := time.Duration(0); at <= end; at += step {
		for instance, series := range servers {
			for text, v := range series {
				name, _, _ := strings.Cut(text, "{")
				if !wanted[name] || math.IsNaN(v(at.Seconds())) {
					continue
				}
				if _, err := appender.Append(0, labelled(t, text, instance), began*1000+at.Milliseconds(), v(at.Seconds())); err != nil {
					t.Fatalf("%s: %v", text, err)
				}
			}
		}
	}
	if err := appender.Commit(); err != nil {
		t.Fatal(err)
	}
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e7, Timeout: time.Minute, Parser: parser.NewParser(parser.Options{})})
	defer engine.Close()
	since := time.Duration(-1)
	for at := warm; at <= end; at += step {
		query, err := engine.NewInstantQuery(t.Context(), storage, nil, rule.Expr, time.UnixMilli(began*1000+at.Milliseconds()))
		if err != nil {
			t.Fatal(err)
		}
		result := query.Exec(t.Context())
		vector, err := result.Vector()
		if err != nil {
			t.Fatalf("%s: %v", rule.Alert, err)
		}
		some := len(vector) > 0
		query.Close()
		switch {
		case !some:
			since = -1
		case since < 0:
			since = at
		}
	}
	return since >= 0 && end-since >= hold
}

var labelOf = regexp.MustCompile(`([a-zA-Z_]+)="((?:[^"\\]|\\.)*)"`)

func labelled(t *testing.T, series, instance string) labels.Labels {
	t.Helper()
	name, inside, _ := strings.Cut(series, "{")
	all := map[string]string{"__name__": name, "instance": instance, "job": "tandem"}
	for _, found := range labelOf.FindAllStringSubmatch(inside, -1) {
		text, err := strconv.Unquote(`"` + found[2] + `"`)
		if err != nil {
			t.Fatalf("%s: %v", series, err)
		}
		all[found[1]] = text
	}
	return labels.FromMap(all)
}

func rules(t *testing.T) (all []rulefmt.Rule) {
	t.Helper()
	groups, errs := rulefmt.ParseFile(root+"deploy/prometheus/tandem.rules.yaml", false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Error(err)
	}
	if groups == nil {
		t.FailNow()
	}
	for _, g := range groups.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// TestEveryAlarmFiresOnce: each of them on one thing that is not well, and none of them on a
// server that is.
func TestEveryAlarmFiresOnce(t *testing.T) {
	base := scrape(t)
	seen := map[string]bool{}
	for _, rule := range rules(t) {
		t.Run(rule.Alert, func(t *testing.T) {
			seen[rule.Alert] = true
			of, has := fires[rule.Alert]
			if !has {
				t.Fatal("nothing fires it: say in this test what does")
			}
			well := overlay(t, base, healthy)
			if firing(t, rule, map[string]map[string]value{"a": well}) {
				t.Error("it fires on a server that is well")
			}
			servers := map[string]map[string]value{"a": overlay(t, base, healthy, of.by)}
			if of.other == nil {
				servers["a"] = renamed(servers["a"], of.named)
			} else {
				servers["b"] = renamed(overlay(t, base, healthy, of.other), of.named)
			}
			if !firing(t, rule, servers) {
				t.Errorf("it does not fire: %s", rule.Expr)
			}
		})
	}
	for name := range fires {
		if !seen[name] {
			t.Errorf("there is no alarm %s", name)
		}
	}
}

func renamed(all map[string]value, by map[string]string) map[string]value {
	other := map[string]value{}
	for series, v := range all {
		for from, to := range by {
			series = strings.Replace(series, from, to, 1)
		}
		other[series] = v
	}
	return other
}

// TestEveryAlarmIsInTheRunbook: a section of its own, with all that somebody asks at night;
// and each has a severity, and says where its section is.
func TestEveryAlarmIsInTheRunbook(t *testing.T) {
	page, err := os.ReadFile(root + "docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for _, part := range strings.Split(string(page), "\n### ")[1:] {
		name, text, _ := strings.Cut(part, "\n")
		sections[name], _, _ = strings.Cut(text, "\n## ")
	}
	for _, rule := range rules(t) {
		section, has := sections[rule.Alert]
		if !has {
			t.Errorf("docs/runbook.md has no section for %s", rule.Alert)
			continue
		}
		delete(sections, rule.Alert)
		for _, must := range []string{"**Safe meanwhile.**", "**Do.**", "**Over**"} {
			if !strings.Contains(section, must) {
				t.Errorf("the section for %s has no %s", rule.Alert, must)
			}
		}
		severity := rule.Labels["severity"]
		if severity != "page" && severity != "ticket" {
			t.Errorf("%s is of severity %q", rule.Alert, severity)
		}
		if pages := strings.HasPrefix(strings.TrimSpace(section), "*Pages.*"); pages != (severity == "page") {
			t.Errorf("%s: the runbook and the rule do not agree whether it wakes somebody", rule.Alert)
		}
		if want := "docs/runbook.md#" + strings.ToLower(rule.Alert); rule.Annotations["runbook"] != want {
			t.Errorf("%s leads to %q, not %q", rule.Alert, rule.Annotations["runbook"], want)
		}
	}
	for name := range sections {
		t.Errorf("docs/runbook.md has a section for %s, which is no alarm", name)
	}
}

// TestTheDashboardAsksForWhatThereIs: each of its questions can be read, and is about metrics
// that a server says.
func TestTheDashboardAsksForWhatThereIs(t *testing.T) {
	text, err := os.ReadFile(root + "deploy/grafana/tandem.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		UID    string `json:"uid"`
		Panels []struct {
			Title   string `json:"title"`
			Type    string `json:"type"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	said := map[string]bool{}
	for series := range scrape(t) {
		name, _, _ := strings.Cut(series, "{")
		said[name] = true
	}
	asked := 0
	for _, panel := range board.Panels {
		if panel.Type != "row" && len(panel.Targets) == 0 {
			t.Errorf("the panel %q asks nothing", panel.Title)
		}
		for _, target := range panel.Targets {
			asked++
			expr, err := parser.NewParser(parser.Options{}).ParseExpr(strings.ReplaceAll(target.Expr, "$__rate_interval", "5m"))
			if err != nil {
				t.Errorf("%s: %v", panel.Title, err)
				continue
			}
			parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
				if selector, is := node.(*parser.VectorSelector); is && !said[selector.Name] {
					t.Error(fmt.Sprintf("%s: no server says %s", panel.Title, selector.Name))
				}
				return nil
			})
		}
	}
	if asked < 20 || board.UID == "" {
		t.Errorf("the dashboard has %d questions and the uid %q", asked, board.UID)
	}
}
