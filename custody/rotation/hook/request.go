package hook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/tandem-custody/tandem/custody"
	"github.com/tandem-custody/tandem/custody/desk"
	"github.com/tandem-custody/tandem/custody/rotation"
	"github.com/tandem-custody/tandem/custody/rotation/endpoint"
)

const (
	// tokenTTL is enough for a receiver that unwraps while it answers, or as soon
	// as it has.
	tokenTTL = 2 * time.Minute

	maxHeaderLength = 64 << 10 // bytes of an answer

	// requestHeader carries the request's id, as in Tandem's own API.
	requestHeader = "X-Request-Id"
)

// Wrapper is the secret store, where it can give a secret away once.
type Wrapper interface {
	// Wrap gives a token for which the password can be had a single time, from
	// now on until a time that is about ttl away.
	Wrap(ctx context.Context, password custody.Secret, ttl time.Duration) (token custody.Secret, until time.Time, err error)
}

// Receiver says whom a Request goes to.
type Receiver struct {
	URL     string         // https, or http to this machine; errors name nothing but its host
	Roots   *x509.CertPool // nil: the system's
	Bearer  custody.Secret // by which the receiver knows Tandem (RFC 6750); zero: none
	Timeout time.Duration  // zero: as long as the caller
}

// Request is a rotation.Dependent that is told over HTTP.
type Request struct {
	url     *url.URL
	bearer  custody.Secret
	timeout time.Duration
	wrapper Wrapper
	client  http.Client
}

var _ rotation.Dependent = (*Request)(nil)

// NewRequest makes one, and connects nowhere.
func NewRequest(to Receiver, w Wrapper) (*Request, error) {
	at, err := url.Parse(to.URL)
	switch {
	case err != nil || at.Host == "" || at.User != nil || at.Scheme != "https" && at.Scheme != "http":
		return nil, errors.New("hook: a receiver's URL must be as in https://app.example/path")
	case at.Scheme == "http" && !loopback(at.Hostname()):
		return nil, fmt.Errorf("hook: %s would be told in clear: use https", at.Host)
	}
	return &Request{
		url: at, bearer: to.Bearer, timeout: to.Timeout, wrapper: w,
		client: http.Client{
			Transport: &http.Transport{ // no proxy, whatever the environment says
				TLSClientConfig:        &tls.Config{RootCAs: to.Roots, MinVersion: tls.VersionTLS12},
				DisableKeepAlives:      true,
				MaxResponseHeaderBytes: maxHeaderLength,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// notice is the body of a request.
type notice struct {
	Credential    string    `json:"credential"`
	Kind          string    `json:"kind"`
	Address       string    `json:"address"`
	Account       string    `json:"account"`
	Version       int64     `json:"version"`
	WrappingToken string    `json:"wrapping_token"`
	ExpiresAt     time.Time `json:"expires_at"`
}

// Update is as rotation.Dependent has it.
func (r *Request) Update(ctx context.Context, of custody.Credential, current custody.Secret) error {
	ctx, cancel := within(ctx, r.timeout)
	defer cancel()
	target, known := of.Target.Plain()
	if !known {
		return rotation.ErrNoAddress
	}
	token, until, err := r.wrapper.Wrap(ctx, current, tokenTTL)
	if err != nil {
		return fmt.Errorf("no wrapping token: %w", err)
	}
	body, err := json.Marshal(notice{
		Credential: of.Name, Kind: target.Kind, Address: target.Address, Account: target.Account,
		Version: of.Version, WrappingToken: token.Reveal(), ExpiresAt: until.UTC(),
	})
	if err != nil {
		return err
	}
	status, err := r.post(ctx, body)
	switch {
	case err != nil:
		return err
	case status >= 200 && status < 300:
		return nil
	case status >= 500:
		return fmt.Errorf("%w: %s answered with status %d", rotation.ErrUnreachable, r.url.Host, status)
	case status >= 400:
		return fmt.Errorf("%w: %s answered with status %d", rotation.ErrDeclined, r.url.Host, status)
	}
	return fmt.Errorf("%s answered with status %d, which says neither yes nor no", r.url.Host, status)
}

// post gives the status of the answer. Its error repeats nothing of the client's:
// that has the URL in it, or text from the receiver.
func (r *Request) post(ctx context.Context, body []byte) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url.String(), bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("no request to %s can be made", r.url.Host)
	}
	request.Header.Set("Content-Type", "application/json")
	if !r.bearer.IsZero() {
		request.Header.Set("Authorization", "Bearer "+r.bearer.Reveal())
	}
	if id := desk.RequestOf(ctx); id != "" {
		request.Header.Set(requestHeader, id)
	}
	answer, err := r.client.Do(request)
	switch {
	case err == nil:
		_ = answer.Body.Close() // unread
		return answer.StatusCode, nil
	case endpoint.WrongHost(err):
		return 0, fmt.Errorf("%w: %s", rotation.ErrHostKey, r.url.Host)
	case ctx.Err() != nil:
		return 0, fmt.Errorf("%w: %s: %w", rotation.ErrUnreachable, r.url.Host, ctx.Err())
	}
	return 0, fmt.Errorf("%w: %s gave no answer", rotation.ErrUnreachable, r.url.Host)
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
