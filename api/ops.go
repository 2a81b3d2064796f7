package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody/desk"
)

// readyTimeout bounds how long one look at everything that is needed may take.
const readyTimeout = 8 * time.Second

// Ops serves /healthz, /readyz and /metrics. It asks for no log-in and names
// causes in clear: it belongs on a listener of its own.
func (s *Server) Ops() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusOK, "application/json", map[string]string{"status": "ok"})
	})
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{}))
	return mux
}

func (s *Server) readyz(w http.ResponseWriter, q *http.Request) {
	ctx, cancel := context.WithTimeout(q.Context(), readyTimeout)
	defer cancel()
	err := s.Desk.Ready(ctx)
	if err == nil {
		answerJSON(w, http.StatusOK, "application/json", s.readiness())
		return
	}
	p := edge.NewProblem(err, edge.LanguageOf(q.Header), "")
	p.Status = http.StatusServiceUnavailable
	p.Title = http.StatusText(p.Status)
	p.Causes, p.Reasons = causes(err)
	answerJSON(w, p.Status, p.ContentType(""), p)
}

// causes gives the code and the sentence of each cause.
func causes(err error) (codes, reasons []string) {
	not, is := errors.AsType[*desk.NotReady](err)
	if !is {
		return []string{string(edge.RefusalOf(err).Code)}, []string{err.Error()}
	}
	for _, c := range not.Causes {
		codes, reasons = append(codes, c.Code), append(reasons, c.Err.Error())
	}
	return codes, reasons
}

// readiness is the answer when everything that is needed is there. What is not
// needed and not well is a warning.
type readiness struct {
	Status      string   `json:"status"`
	Maintenance string   `json:"maintenance,omitempty"` // why nothing is done outside
	Warnings    []string `json:"warnings,omitempty"`
}

func (s *Server) readiness() readiness {
	r := readiness{Status: "ready", Maintenance: s.Maintenance}
	if s.Witnesses != nil {
		r.Warnings = s.Witnesses.Witnessing().Alerts
	}
	if s.Maintenance != "" {
		r.Warnings = append(r.Warnings, "in maintenance: no rotation, mail, stream, delivery or witness: "+s.Maintenance)
	}
	r.Warnings = append(r.Warnings, s.fewApprovers()...)
	if c := s.Desk.Configuration(); c.Pending() {
		r.Warnings = append(r.Warnings, fmt.Sprintf("configuration_unacknowledged: %s: not in force, and given no password, until acknowledged by %s",
			strings.Join(c.Waiting(), ", "), cmp.Or(strings.Join(c.By, " or "), "a manager, and there is none who could")))
	}
	return r
}

func answerJSON(w http.ResponseWriter, status int, contentType string, v any) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, v) // the client is gone: nobody is left to tell
}

// metrics counts what is done. Labels are words of ours, never of a client's.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	commands *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tandem_http_requests_total", Help: "Requests answered.",
		}, []string{"method", "route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tandem_http_request_duration_seconds", Help: "Time from the first byte of a request to its answer.",
		}, []string{"method", "route"}),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tandem_commands_total", Help: "Commands, by what became of them: ok, or the code of the refusal.",
		}, []string{"verb", "code"}),
	}
	m.registry.MustRegister(m.requests, m.seconds, m.commands,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) count(a edge.Answered) {
	m.requests.WithLabelValues(a.Method, a.Route, strconv.Itoa(a.Status)).Inc()
	m.seconds.WithLabelValues(a.Method, a.Route).Observe(a.Took.Seconds())
	if a.Verb != "" {
		m.commands.WithLabelValues(a.Verb, cmp.Or(string(a.Code), "ok")).Inc()
	}
}
