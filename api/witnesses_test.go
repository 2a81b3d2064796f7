package api_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/audit"
	"github.com/tandem-custody/tandem/custody"
)

// witnesses say what they are told to.
type witnesses struct {
	state     api.Witnessing
	witnessed audit.Checkpoint
}

func (w *witnesses) Witnessing() api.Witnessing { return w.state }

func (w *witnesses) Witnessed() (audit.Checkpoint, bool) { return w.witnessed, w.witnessed.Text != nil }

func TestWitnesses(t *testing.T) {
	w := &witnesses{state: api.Witnessing{
		Head: 20, Witnessed: 10, By: []string{"w1", "w2"}, Need: 2, Cosigning: 1,
		Witnesses: []api.Witness{
			{Name: "w1", State: "cosigning", Since: time.Unix(100, 0).UTC(), Size: 20, Cosigned: time.Unix(200, 0).UTC()},
			{Name: "w2", State: "lost", Since: time.Unix(300, 0).UTC(), Size: 10, Cosigned: time.Unix(100, 0).UTC(), Reason: "no answer"},
		},
		Deliveries: []api.Delivery{{To: "file x", Size: 20, At: time.Unix(400, 0).UTC()}},
		Alerts:     []string{"witness w2 is lost"},
	}}
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{Name: "tandem_of_another", Help: "Of another."})
	s := serve(t, func(c *api.Config) { c.Witnesses, c.Collectors = w, []prometheus.Collector{gauge} })
	ctx, auditor := t.Context(), s.as(t, "auditor")
	if got := ok(auditor.Witnessing(ctx))(t); !reflect.DeepEqual(got, w.state) {
		t.Errorf("got %+v", got)
	}
	_, err := auditor.WitnessedCheckpoint(ctx)
	want(t, err, custody.NotFound)
	w.witnessed = audit.Checkpoint{Text: []byte("cosigned\n")}
	if got := ok(auditor.WitnessedCheckpoint(ctx))(t); string(got) != "cosigned\n" {
		t.Errorf("got %q", got)
	}
	if got := ok(auditor.Checkpoint(ctx))(t); !strings.HasPrefix(string(got), origin+"\n") {
		t.Errorf("the head is %q", got)
	}

	// An alert is a warning: who needs the service still gets it.
	for name, role := range map[string]custody.Role{"manager": custody.Manager, "mia": custody.Manager, "director": custody.Director, "dan": custody.Director} {
		s.hire(t, name, role)
	}
	if answer := s.ops(t, "/readyz"); answer.Code != 200 || answer.Body.String() != `{"status":"ready","warnings":["witness w2 is lost"]}` {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	w.state.Alerts = []string{}
	if answer := s.ops(t, "/readyz"); answer.Code != 200 || answer.Body.String() != `{"status":"ready"}` {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	if !slices.Contains(strings.Split(s.ops(t, "/metrics").Body.String(), "\n"), "tandem_of_another 0") {
		t.Error("no metrics of another")
	}
	if _, err := api.New(api.Config{Desk: s.world, Queries: queries{s.world}, Collectors: []prometheus.Collector{gauge, gauge}}); err == nil {
		t.Error("one metric of two collectors")
	}
}

func TestNoWitnesses(t *testing.T) {
	s, ctx := serve(t), t.Context()
	auditor := s.as(t, "auditor")
	got := ok(auditor.Witnessing(ctx))(t)
	if got.Witnesses == nil || len(got.Witnesses)+len(got.By)+len(got.Deliveries)+len(got.Alerts) != 0 || got.Witnessed != 0 {
		t.Errorf("got %+v", got)
	}
	_, err := auditor.WitnessedCheckpoint(ctx)
	want(t, err, custody.NotFound)
	answer, p, _ := s.ask(t, "GET", "/api/v1/ledger/checkpoint?witnessed=perhaps", "")
	if p.Code != custody.InvalidRequest {
		t.Errorf("%d %+v", answer.StatusCode, p)
	}
}
