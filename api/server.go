package api

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Config is what a server works with.
type Config struct {
	Desk    Desk
	Queries Queries
	Log     *slog.Logger

	Kinds      []desk.TargetKind      // of targets, for OpenAPI
	Witnesses  Witnesses              // nil: there are none
	Closing    Closing                // nil: nothing is known of a folder
	Collectors []prometheus.Collector // of metrics, beside its own

	Version   string         // of the program, for OpenAPI
	Proxies   []netip.Prefix // whose word on where a request came from is taken; none: nobody's
	PublicURL string         // where people reach it, if not where it listens; "" otherwise
	Web       http.Handler   // takes what is not below /api/; nil: nothing is there

	Maintenance string // why nothing is done outside; "" when it is

	Timeout  time.Duration // for one request; zero: 30 s
	SignIns  edge.Limit    // for each network; zero: 60 at once, then 5 a second
	Commands edge.Limit    // for each person; zero: 100 at once, then 20 a second
}

// Server answers the API's requests.
type Server struct {
	Config

	engine  *gin.Engine
	huma    huma.API
	edge    *edge.Edge
	metrics *metrics
}

// New makes a server. The errors are a public URL that is none, and metrics that
// two collectors have.
func New(c Config) (*Server, error) {
	s := &Server{Config: c, metrics: newMetrics()}
	s.metrics.registry.MustRegister(approverCounts{c.Desk}, incidentMetrics{c.Desk}, envelopeMetrics{c.Desk}, custodyMetrics{c.Desk}, &readyMetrics{of: c.Desk})
	s.metrics.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tandem_clock_wrong", Help: "1 while the clock is wrong and nothing is decided, else 0.",
	}, func() float64 {
		if c.Desk.ClockWrong() != nil {
			return 1
		}
		return 0
	}))
	for _, collector := range c.Collectors {
		if err := s.metrics.registry.Register(collector); err != nil {
			return nil, err
		}
	}
	var err error
	s.edge, err = edge.New(edge.Config{
		Desk: c.Desk, Log: c.Log, Proxies: c.Proxies, PublicURL: c.PublicURL,
		Timeout: c.Timeout, SignIns: c.SignIns, Commands: c.Commands, Observe: s.metrics.count,
	})
	if err != nil {
		return nil, err
	}
	if err := s.route(); err != nil {
		return nil, err
	}
	return s, nil
}

// Handler serves the API, /openapi.json and the pages.
func (s *Server) Handler() http.Handler { return s.edge.Handler(s.engine) }

func (s *Server) route() error {
	gin.SetMode(gin.ReleaseMode)
	s.engine = gin.New()
	if err := s.engine.SetTrustedProxies(nil); err != nil {
		return err
	}
	// A name is one part of the path, whatever is escaped in it; an address has
	// one spelling, and a wrong one is not redirected.
	s.engine.UseRawPath = true
	s.engine.RedirectTrailingSlash = false
	s.engine.HandleMethodNotAllowed = true
	s.engine.Use(func(c *gin.Context) { edge.Of(c.Request.Context()).Route = c.FullPath() })
	s.engine.NoRoute(s.noRoute)
	s.engine.NoMethod(func(c *gin.Context) { edge.Answer(c.Writer, c.Request, errNoMethod) })

	s.huma = humagin.New(s.engine, s.humaConfig())
	s.huma.UseMiddleware(s.identify, s.receive)
	s.endpoints()
	return s.serveOpenAPI()
}

var (
	errNoRoute  = &custody.Refusal{Code: custody.NotFound, Key: "no_route"}
	errNoMethod = &custody.Refusal{Code: edge.MethodNotAllowed, Key: "no_method"}
)

func (s *Server) noRoute(c *gin.Context) {
	if s.Web == nil || c.Request.URL.Path == "/api" || strings.HasPrefix(c.Request.URL.Path, "/api/") {
		edge.Answer(c.Writer, c.Request, errNoRoute)
		return
	}
	c.Status(http.StatusOK) // gin comes here with a 404
	s.Web.ServeHTTP(c.Writer, c.Request)
}

// humaConfig is huma without what it would serve by itself: its documentation
// page loads from a CDN, and its links name a schema in every answer.
func (s *Server) humaConfig() huma.Config {
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Tandem", Version: s.Version,
				Description: "Custody of privileged credentials: two technicians, one holder, every step on record.",
			},
			Components: &huma.Components{
				Schemas:         huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer),
				SecuritySchemes: map[string]*huma.SecurityScheme{bearer: {Type: "http", Scheme: bearer}},
			},
		},
		Formats:                      map[string]huma.Format{"application/json": strictJSON, "json": strictJSON},
		DefaultFormat:                "application/json",
		RejectUnknownQueryParameters: true,
	}
}

// strictJSON takes no name twice and no invalid UTF-8, and writes an empty list
// as [].
var strictJSON = huma.Format{
	Marshal:   func(w io.Writer, v any) error { return json.MarshalWrite(w, v) },
	Unmarshal: func(b []byte, v any) error { return json.Unmarshal(b, v) },
}

// serveOpenAPI writes the description once: it does not change any more.
func (s *Server) serveOpenAPI() error {
	description := s.huma.OpenAPI()
	code := description.Components.Schemas.Map()["Problem"].Properties["code"]
	for _, c := range edge.Codes() {
		code.Enum = append(code.Enum, string(c))
	}
	if target := description.Components.Schemas.Map()["Target"].Properties; len(s.Kinds) > 0 {
		var kinds, limits, settings []string
		for _, k := range s.Kinds {
			kinds = append(kinds, k.Name)
			if limit := k.Limits(); limit != "" {
				limits = append(limits, k.Name+": "+limit)
			}
			settings = append(settings, k.Name+": "+strings.Join(k.SettingNames(), ", "))
		}
		target["kind"].Description = "The connector: one of " + strings.Join(kinds, ", ")
		if len(limits) > 0 {
			target["kind"].Description += ". Passwords: " + strings.Join(limits, "; ") + "."
		}
		target["settings"].Description = "What the kind knows besides. " + strings.Join(settings, ". ") + "."
	}
	text, err := description.MarshalJSON()
	if err != nil {
		return fmt.Errorf("describe the API: %w", err)
	}
	s.engine.GET("/openapi.json", func(c *gin.Context) { c.Data(http.StatusOK, "application/openapi+json", text) })
	return nil
}

// NewHTTPServer gives a server with the limits that net/http leaves out, for
// Handler and for Ops.
func NewHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       15 * time.Second,
		WriteTimeout:      60 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}
