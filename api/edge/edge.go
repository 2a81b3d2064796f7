package edge

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/tandem-custody/tandem/custody"
)

// Desk is what the edge asks the desk.
type Desk interface {
	// Who gives the person whose session it is.
	Who(ctx context.Context, token custody.Secret) (custody.Person, error)
	// Use notes that they did something with it: one that nobody uses ends.
	Use(ctx context.Context, token custody.Secret)
}

// Config is what an edge works with.
type Config struct {
	Desk Desk
	Log  *slog.Logger

	Proxies   []netip.Prefix // whose word on where a request came from is taken; none: nobody's
	PublicURL string         // where people reach it, if not where it listens; "" otherwise

	Timeout  time.Duration // for one request; zero: 30 s
	SignIns  Limit         // for each network; zero: 60 at once, then 5 a second
	Commands Limit         // for each person; zero: 100 at once, then 20 a second

	Observe func(Answered) // counts; nil: nobody does
}

// Answered is what became of a request.
type Answered struct {
	Method, Route string // words of ours, never of a client's
	Status        int
	Took          time.Duration
	Verb          string       // of the command, if it came to one
	Code          custody.Code // of the problem; "": there was none
}

// Edge is what every request goes through. It is safe for use by several
// goroutines.
type Edge struct {
	Config

	crossOrigin *http.CrossOriginProtection
	https       bool // people reach it by https
	signIns     *pacer
	feeds       *pacer
	commands    *pacer
}

// New makes an edge. The error is a public URL that is none.
func New(c Config) (*Edge, error) {
	if c.Timeout == 0 {
		c.Timeout = 30 * time.Second
	}
	if c.SignIns == (Limit{}) {
		c.SignIns = Limit{Every: 200 * time.Millisecond, Burst: 60}
	}
	if c.Commands == (Limit{}) {
		c.Commands = Limit{Every: 50 * time.Millisecond, Burst: 100}
	}
	e := &Edge{Config: c, crossOrigin: http.NewCrossOriginProtection(), signIns: newPacer(c.SignIns), feeds: newPacer(c.SignIns), commands: newPacer(c.Commands)}
	if c.PublicURL == "" {
		return e, nil
	}
	at, err := url.Parse(c.PublicURL)
	if err != nil || at.Host == "" {
		return nil, errors.New("the public URL must be as in https://tandem.example")
	}
	e.https = at.Scheme == "https"
	return e, e.crossOrigin.AddTrustedOrigin(at.Scheme + "://" + at.Host)
}

// Handler wraps the fronts: they find their Request with Of.
func (e *Edge) Handler(fronts http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		start := time.Now()
		r := &Request{ID: rand.Text(), Client: clientOf(q, e.Proxies), Language: LanguageOf(q.Header), device: deviceOf(q.UserAgent()), edge: e}
		ctx, cancel := context.WithTimeout(context.WithValue(q.Context(), requestKey{}, r), e.Timeout)
		defer cancel()
		q = q.WithContext(ctx)
		sent := &answer{ResponseWriter: w}
		e.setHeaders(sent.Header(), r)
		defer func() {
			if cause := recover(); cause != nil {
				e.Log.Error("panic", "request", r.ID, "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
				if sent.status == 0 {
					Answer(sent, q, errors.New("panic"))
				}
			}
			e.finish(q, r, sent.status, time.Since(start))
		}()
		if err := e.crossOrigin.Check(q); err != nil {
			Answer(sent, q, errCrossOrigin)
			return
		}
		fronts.ServeHTTP(sent, q)
	})
}

// setHeaders sets what every answer has. The pages, which may show more than
// nothing, have a policy of their own (Content-Security-Policy, Referrer-Policy).
func (e *Edge) setHeaders(h http.Header, r *Request) {
	h.Set("X-Request-Id", r.ID)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	if e.https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// answer notes the status that was sent.
type answer struct {
	http.ResponseWriter
	status int // zero: nothing was sent yet
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(body []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(body)
}

// Flush is for streams: gin asks the writer itself.
func (a *answer) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() }

// Unwrap is what http.ResponseController asks for.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// finish writes the line in the log. It holds the route's template, never the
// path as it was sent, and nothing of headers, query or bodies.
func (e *Edge) finish(q *http.Request, r *Request, status int, took time.Duration) {
	if status == 0 {
		status = http.StatusOK // which net/http sends for a handler that said nothing
	}
	a := Answered{Method: q.Method, Route: r.Route, Status: status, Took: took, Verb: r.Verb}
	if a.Route == "" {
		a.Route, a.Method = "none", "other" // not for a stranger to choose
	}
	if r.Err != nil {
		a.Code = RefusalOf(r.Err).Code
	}
	if e.Observe != nil {
		e.Observe(a)
	}
	attrs := []slog.Attr{
		slog.String("request", r.ID), slog.String("method", a.Method), slog.String("route", a.Route),
		slog.Int("status", status), slog.Duration("took", took), slog.String("person", r.Person.Username),
		slog.String("client", textOf(r.Client)),
	}
	level := slog.LevelInfo
	if a.Code != "" {
		attrs = append(attrs, slog.String("code", string(a.Code)))
	}
	if r.Err != nil && status >= http.StatusInternalServerError {
		level = slog.LevelError
		if errors.Is(r.Err, context.Canceled) { // whoever asked has gone
			level = slog.LevelInfo
		}
		attrs = append(attrs, slog.Any("error", r.Err))
	}
	e.Log.LogAttrs(q.Context(), level, "request", attrs...)
}

// textOf is "" where nobody can say.
func textOf(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// Answer answers a request with the problem of an error, and notes it.
func Answer(w http.ResponseWriter, q *http.Request, err error) {
	p := Of(q.Context()).Problem(err)
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.MarshalWrite(w, p) // the client is gone: nobody is left to tell
}
