package api

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/language"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// request is what is known of a request beside its decoded input.
type request struct {
	id      string // made here, never taken from a client
	chinese bool
	client  netip.Addr // see Client

	token  custody.Secret
	person custody.Person // zero before identify
	key    string         // Idempotency-Key
	digest [sha256.Size]byte

	// For the log and the metrics:
	route string       // of a page; the API's own routes are gin's
	verb  string       // of the command, if it came to one
	code  custody.Code // of the problem, if there was one
	err   error        // behind the problem; never for the client
}

type requestKey struct{}

// requestOf gives the request that begin put into ctx.
func requestOf(ctx context.Context) *request { return ctx.Value(requestKey{}).(*request) }

// problem makes the answer of an error and notes both.
func (r *request) problem(err error) *Problem {
	p := newProblem(err, r.chinese, r.id)
	r.code, r.err = p.Code, err
	return p
}

// by says who gives a command that came with the request.
func (r *request) by(action custody.Action, code Secret) desk.By {
	r.verb = action.Verb()
	return desk.By{Actor: r.person.Username, Request: r.id, Code: string(code), Key: r.key, Digest: r.digest}
}

var languages = language.NewMatcher([]language.Tag{language.English, language.Chinese})

func wantsChinese(header http.Header) bool {
	_, index := language.MatchStrings(languages, header.Get("Accept-Language"))
	return index == 1
}

// begin wraps every request: its id and language, its time limit, the headers of
// every answer, its line in the log, and an answer even when the code panics.
func (s *Server) begin(c *gin.Context) {
	start := time.Now()
	r := &request{id: rand.Text(), chinese: wantsChinese(c.Request.Header), client: clientOf(c.Request, s.Proxies)}
	ctx, cancel := context.WithTimeout(context.WithValue(c.Request.Context(), requestKey{}, r), s.Timeout)
	defer cancel()
	c.Request = c.Request.WithContext(ctx)
	s.setHeaders(c.Writer.Header(), r)
	defer func() {
		if cause := recover(); cause != nil {
			s.Log.Error("panic", "request", r.id, "cause", fmt.Sprint(cause), "stack", string(debug.Stack()))
			if !c.Writer.Written() {
				answerProblem(c, errors.New("panic"))
			}
			c.Abort()
		}
		s.finish(c, r, time.Since(start))
	}()
	if err := s.crossOrigin.Check(c.Request); err != nil {
		answerProblem(c, errCrossOrigin)
		c.Abort()
		return
	}
	c.Next()
}

func (s *Server) setHeaders(h http.Header, r *request) {
	h.Set("X-Request-Id", r.id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	if s.https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// finish writes the line in the log. It holds the route's template, never the
// path as it was sent, and nothing of headers, query or bodies.
func (s *Server) finish(c *gin.Context, r *request, took time.Duration) {
	route, method, status := c.FullPath(), c.Request.Method, c.Writer.Status()
	if route == "" && r.route != "" {
		route = r.route
	} else if route == "" {
		route, method = "none", "other" // not for a stranger to choose
	}
	s.metrics.count(route, method, status, took, r)
	attrs := []slog.Attr{
		slog.String("request", r.id), slog.String("method", method), slog.String("route", route),
		slog.Int("status", status), slog.Duration("took", took), slog.String("person", r.person.Username),
		slog.String("client", clientText(r.client)),
	}
	level := slog.LevelInfo
	if r.code != "" {
		attrs = append(attrs, slog.String("code", string(r.code)))
	}
	if r.err != nil && status >= http.StatusInternalServerError {
		level = slog.LevelError
		if errors.Is(r.err, context.Canceled) { // whoever asked has gone
			level = slog.LevelInfo
		}
		attrs = append(attrs, slog.Any("error", r.err))
	}
	s.Log.LogAttrs(c.Request.Context(), level, "request", attrs...)
}

// clientText is "" where nobody can say.
func clientText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// answerProblem answers where huma does not.
func answerProblem(c *gin.Context, err error) {
	p := requestOf(c.Request.Context()).problem(err)
	for name, values := range p.GetHeaders() {
		c.Writer.Header()[name] = values
	}
	c.Header("Content-Type", p.ContentType(""))
	c.Status(p.Status)
	_ = json.MarshalWrite(c.Writer, p) // the client is gone: nobody is left to tell
}

// MaxBody is the largest request body, in bytes.
const MaxBody = 1 << 20

// receive takes the whole body in before anything looks at it, which bounds its
// size and makes its digest possible.
func (s *Server) receive(ctx huma.Context, next func(huma.Context)) {
	c, r := humagin.Unwrap(ctx), requestOf(ctx.Context())
	body, err := readAll(c)
	if err == nil {
		err = r.takeKey(c.Request, body)
	}
	if err != nil {
		answerProblem(c, err)
		return
	}
	next(ctx)
}

func readAll(c *gin.Context) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil:
		return nil, errUnreadable
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	return body, nil
}

// maxKey is the greatest length of an Idempotency-Key, in bytes.
const maxKey = 255

func (r *request) takeKey(q *http.Request, body []byte) error {
	key := q.Header.Get("Idempotency-Key")
	odd := func(c rune) bool { return c < ' ' || c > '~' }
	switch {
	case key == "":
		return nil
	case len(key) > maxKey, strings.ContainsFunc(key, odd):
		return custody.Invalid("Idempotency-Key", custody.Text{
			En: "must be at most 255 printable ASCII characters", Zh: "最多 255 个可打印的 ASCII 字符"})
	}
	r.key, r.digest = key, digest(q.Method, q.URL.Path, body)
	return nil
}

// digest says whether two requests with the same key ask for the same. What is
// secret in a body is left out: the digest is stored, and a hash of something
// short gives it away. So a lost answer can also be asked for with a fresh code.
func digest(method, path string, body []byte) [sha256.Size]byte {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(body, &members); err == nil {
		for _, name := range []string{"totp", "password", "secret", "admin_key"} {
			delete(members, name)
		}
		if rest, err := json.Marshal(members); err == nil && (*jsontext.Value)(&rest).Canonicalize() == nil {
			body = rest
		}
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %q ", method, path)
	h.Write(body)
	return [sha256.Size]byte(h.Sum(nil))
}
