package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/tandem-custody/tandem/api"
	"github.com/tandem-custody/tandem/api/edge"
	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
)

// Client is a connection to one server. It is safe for use by several
// goroutines; SetToken is not.
type Client struct {
	base     *url.URL
	http     *http.Client
	language string
	token    api.Secret
}

// Config says which server, and how.
type Config struct {
	Server   string       // such as "https://tandem.example:8700"
	Token    api.Secret   // of a session; "" before SignIn
	Language string       // Accept-Language; "": the server's default, English
	HTTP     *http.Client // nil: one that gives up after a minute
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 32 << 20

// New makes a client. It connects nowhere yet.
func New(c Config) (*Client, error) {
	base, err := url.Parse(c.Server)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return nil, errors.New("the server must be given as http://HOST:PORT or https://HOST:PORT")
	}
	client := &http.Client{Timeout: time.Minute}
	if c.HTTP != nil {
		copied := *c.HTTP
		client = &copied
	}
	// A redirect would carry passwords and codes to wherever it points.
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{base: base.JoinPath("api/v1"), http: client, language: c.Language, token: c.Token}, nil
}

// SetToken makes the client speak for another session; "" for none.
func (c *Client) SetToken(token api.Secret) { c.token = token }

type idempotencyKey struct{}

// WithIdempotencyKey makes the commands that are sent with ctx carry a key: one
// whose answer was lost can be sent again, unchanged, and is carried out once.
func WithIdempotencyKey(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, idempotencyKey{}, key)
}

// call sends a request and reads the JSON answer.
func call[T any](ctx context.Context, c *Client, method string, in any, q url.Values, path ...string) (T, error) {
	var out T
	answer, err := c.send(ctx, method, "application/json", in, q, path...)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		// The text of err may quote the answer, and with it a password.
		return out, fmt.Errorf("the server's answer to %s /%s is not as expected", method, path[0])
	}
	return out, nil
}

// send does one exchange and gives the body of a good answer.
func (c *Client) send(ctx context.Context, method, accept string, in any, q url.Values, path ...string) ([]byte, error) {
	at := c.base
	for _, part := range path {
		if part == "" || part == "." || part == ".." { // JoinPath would walk
			return nil, &edge.Problem{Status: http.StatusNotFound, Code: custody.NotFound, Detail: "A name cannot be empty or made of dots."}
		}
		at = at.JoinPath(url.PathEscape(part))
	}
	at.RawQuery = q.Encode()
	var body io.Reader
	if in != nil {
		encoded, err := json.Marshal(in)
		if err != nil {
			return nil, errors.New("the request cannot be written as JSON")
		}
		body = bytes.NewReader(encoded)
	}
	r, err := http.NewRequestWithContext(ctx, method, at.String(), body)
	if err != nil {
		return nil, err
	}
	c.setHeaders(r, accept, in != nil)
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("read the server's answer: %w", err)
	}
	if len(text) > maxAnswer { // half an answer is none
		return nil, fmt.Errorf("the server's answer has more than %d bytes", maxAnswer)
	}
	if answer.StatusCode >= 300 {
		return nil, asProblem(answer, text)
	}
	return text, nil
}

func (c *Client) setHeaders(r *http.Request, accept string, hasBody bool) {
	set := func(name, value string) {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	set("Accept", accept)
	set("User-Agent", "tandem ("+runtime.GOOS+")")
	set("Accept-Language", c.language)
	if hasBody {
		set("Content-Type", "application/json")
	}
	if c.token != "" {
		set("Authorization", "Bearer "+string(c.token))
	}
	if key, _ := r.Context().Value(idempotencyKey{}).(string); r.Method != "GET" {
		set("Idempotency-Key", key)
	}
}

// asProblem makes an error of an answer that is not good. One that is no
// problem document is of something else than Tandem, a proxy perhaps.
func asProblem(answer *http.Response, text []byte) error {
	p := &edge.Problem{}
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if kind != "application/problem+json" || json.Unmarshal(text, p) != nil || p.Code == "" {
		return fmt.Errorf("the server answered %s, which is not how Tandem answers", answer.Status)
	}
	return p
}

func pageOf(q desk.EntryQuery) url.Values {
	v := url.Values{}
	setInt(v, "from", q.From)
	setInt(v, "before", q.Before)
	if q.Newest {
		v.Set("newest", "true")
	}
	setInt(v, "limit", int64(q.Limit))
	return v
}

func setString(v url.Values, name, value string) {
	if value != "" {
		v.Set(name, value)
	}
}

func setInt(v url.Values, name string, value int64) {
	if value != 0 {
		v.Set(name, strconv.FormatInt(value, 10))
	}
}
