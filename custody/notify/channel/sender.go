package channel

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/time/rate"

	"github.com/tandem-custody/tandem/custody"
)

// Kind is a service.
type Kind string

// The kinds that there are.
const (
	DingTalk Kind = "dingtalk"
	WeCom    Kind = "wecom"
	Feishu   Kind = "feishu"
	Lark     Kind = "lark" // Feishu, elsewhere
	Webhook  Kind = "webhook"
	Slack    Kind = "slack"
	Teams    Kind = "teams"
)

// service is what is particular to one.
type service struct {
	signs bool       // with a secret, which it then needs
	limit rate.Limit // messages in a second, on the whole
	burst int        // and at once
	// ask makes the request about a message.
	ask func(s *Sender, m Message, now time.Time) request
	// meaning sorts an answer of 2xx; nil: the message was taken.
	meaning func(a answer) error
}

// services have limits that stay below the service's own in any minute, and any second:
// burst and what comes after it together.
var services = map[Kind]service{
	DingTalk: {signs: true, limit: rate.Limit(15) / 60, burst: 4, ask: askDingTalk, meaning: saidDingTalk}, // 20 a minute
	WeCom:    {limit: rate.Limit(15) / 60, burst: 4, ask: askWeCom, meaning: saidWeCom},                    // 20 a minute
	Feishu:   {signs: true, limit: rate.Limit(90) / 60, burst: 3, ask: askFeishu, meaning: saidFeishu},     // 5 a second, 100 a minute
	Lark:     {signs: true, limit: rate.Limit(90) / 60, burst: 3, ask: askFeishu, meaning: saidFeishu},
	Webhook:  {signs: true, limit: 0.8, burst: 10, ask: askWebhook, meaning: saidWebhook},
	Slack:    {limit: 0.9, burst: 1, ask: askSlack, meaning: saidSlack}, // 1 a second
	Teams:    {limit: 1, burst: 3, ask: askTeams, meaning: saidTeams},   // 4 a second
}

// Limit is how many messages a service is sent in a second, on the whole and at once.
func (k Kind) Limit() (perSecond rate.Limit, burst int) {
	return services[k].limit, services[k].burst
}

// Signs says whether the service needs a secret.
func (k Kind) Signs() bool { return services[k].signs }

// Config says which room, and how it is spoken to.
type Config struct {
	Kind    Kind
	URL     custody.Secret // of the room: there is a token in it
	Secret  custody.Secret // that signs, where the kind does
	Roots   *x509.CertPool // nil: the system's
	Timeout time.Duration  // for a whole request; 10 s
	Now     func() time.Time
}

// Message is one that a group reads. Nothing in it is a secret or anybody's free text.
type Message struct {
	ID       string        // the same, when it is sent again
	Grade    custody.Grade // of what it tells
	Language string        // that it is in
	Title    string        // one line
	Lines    []string      // one line each
	Link     string        // to the page; "": none
	First    int64         // index of the first entry that it is about
	Last     int64         // and of the last; below First: it is about none
	At       time.Time     // when the first of them was
}

// ErrRefused: the service will never take this message, though it takes others.
var ErrRefused = errors.New("the message was refused for good")

// ErrDenied: the service does not know the URL's token or the signature, or has another
// address. Somebody has to put that right; until then it holds for every message.
var ErrDenied = errors.New("the channel is not let in")

// ErrLater: the service works, and is asked too often; errors.AsType gives a *Later, which
// says when. Any other error says that the service could not be used, or that it is not
// known whether it took the message.
var ErrLater = errors.New("the message was not taken now")

// Later says when to try again.
type Later struct {
	After time.Duration // from now on
	code  error
}

func (l *Later) Error() string { return fmt.Sprintf("%v: %v", ErrLater, l.code) }

// Is has it be ErrLater.
func (l *Later) Is(target error) bool { return target == ErrLater }

// Sender sends to one room. It is safe for use by several goroutines.
type Sender struct {
	kind    Kind
	url     *url.URL
	secret  custody.Secret
	timeout time.Duration
	now     func() time.Time
	http    http.Client
}

// New makes a sender and connects nowhere. The errors are about Kind, URL and Secret, and
// quote nothing of them.
func New(c Config) (*Sender, error) {
	service, known := services[c.Kind]
	at, err := url.Parse(c.URL.Reveal())
	switch {
	case !known:
		return nil, errors.New("channel: no such kind")
	case err != nil || at.Hostname() == "" || at.Scheme != "https" && at.Scheme != "http":
		return nil, errors.New("channel: the URL must start with https://")
	case service.signs && c.Secret.IsZero():
		return nil, fmt.Errorf("channel: %s needs the secret that signs", c.Kind)
	}
	if c.Kind == Webhook {
		if _, err := webhookKey(c.Secret); err != nil {
			return nil, err
		}
	}
	now := c.Now
	if now == nil {
		now = time.Now
	}
	return &Sender{
		kind: c.Kind, url: at, secret: c.Secret, timeout: cmp.Or(c.Timeout, 10*time.Second), now: now,
		http: http.Client{
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.Roots},
				ForceAttemptHTTP2: true, IdleConnTimeout: 30 * time.Second, MaxIdleConnsPerHost: 1, MaxResponseHeaderBytes: maxAnswer,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// String names the kind and the host, and nothing that is secret.
func (s *Sender) String() string { return string(s.kind) + " at " + s.url.Host }

// request is what a service is asked.
type request struct {
	query  url.Values // beside what the URL has
	header http.Header
	body   []byte // JSON
}

// answer is what it says.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// maxAnswer bounds an answer, in bytes: none of the services says as much.
const maxAnswer = 64 << 10

// Send hands a message over. When it returns nil, the service has it. What the errors
// mean is said at ErrRefused, ErrDenied and ErrLater.
func (s *Sender) Send(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	now := s.now()
	a, err := s.post(ctx, services[s.kind].ask(s, m, now))
	if err != nil {
		return err
	}
	switch {
	case a.status >= 200 && a.status < 300:
		return services[s.kind].meaning(a)
	case a.status >= 300 && a.status < 400:
		return fmt.Errorf("%w: it answers with another address (status %d), which is not followed", ErrDenied, a.status)
	case a.status == http.StatusTooManyRequests, a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "":
		return later(cmp.Or(retryAfter(a.header, now), unsaidPause), "status %d", a.status)
	case slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone}, a.status):
		return fmt.Errorf("%w: status %d", ErrDenied, a.status)
	case slices.Contains([]int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity}, a.status):
		return fmt.Errorf("%w: status %d", ErrRefused, a.status)
	}
	return fmt.Errorf("status %d", a.status)
}

func (s *Sender) post(ctx context.Context, r request) (answer, error) {
	at := *s.url
	query := at.Query()
	for key, values := range r.query {
		query[key] = values
	}
	at.RawQuery = query.Encode()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, at.String(), bytes.NewReader(r.body))
	if err != nil {
		return answer{}, errors.New("no such request can be made")
	}
	q.Header.Set("Content-Type", "application/json; charset=utf-8")
	for key, values := range r.header {
		q.Header[key] = values
	}
	response, err := s.http.Do(q)
	if err != nil {
		return answer{}, failure(ctx, err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return answer{}, failure(ctx, err)
	}
	return answer{response.StatusCode, response.Header, body}, nil
}
