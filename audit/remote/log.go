package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/tandem-custody/tandem/audit"
)

const (
	maxCheckpoint = 128 << 10 // bytes
	maxTries      = 5
	maxPause      = 30 * time.Second // that a server may ask for
	firstPause    = 250 * time.Millisecond
	tryTimeout    = 30 * time.Second
)

// Log is a tlog-tiles log below an address. It is safe for use by several
// goroutines.
type Log struct {
	prefix *url.URL
	http   http.Client
	pause  time.Duration // before the second try
}

// New reads the log below prefix, an http or https URL such as
// https://tandem.example/api/v1/ledger. Its connections are those of transport,
// which may add what a server wants to see; nil: net/http's. Redirects are not
// followed.
func New(prefix string, transport http.RoundTripper) (*Log, error) {
	at, err := url.Parse(prefix)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return nil, errors.New("remote: the URL must be as in https://log.example/log")
	}
	return &Log{prefix: at, pause: firstPause, http: http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Checkpoint gives the signed note of the log's head, which nobody has checked
// yet: audit.OpenCheckpoint.
func (l *Log) Checkpoint(ctx context.Context) ([]byte, error) {
	return l.Fetch(ctx, "checkpoint", maxCheckpoint)
}

// Fetch is an audit.TileFetcher. It tries again, with a growing pause, when the
// server cannot be reached, has a fault, or asks for patience.
func (l *Log) Fetch(ctx context.Context, path string, limit int64) ([]byte, error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval = l.pause
	content, err := backoff.Retry(ctx, func() ([]byte, error) { return l.get(ctx, path, limit) },
		backoff.WithBackOff(pause), backoff.WithMaxTries(maxTries), backoff.WithMaxElapsedTime(0))
	if err != nil {
		return nil, fmt.Errorf("remote: %s: %w", path, err)
	}
	return content, nil
}

var _ audit.TileFetcher = (*Log)(nil).Fetch

func (l *Log) get(ctx context.Context, path string, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, l.prefix.JoinPath(path).String(), nil)
	if err != nil {
		return nil, backoff.Permanent(err)
	}
	answer, err := l.http.Do(q)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	switch status := answer.StatusCode; {
	case status == http.StatusOK:
	case status == http.StatusNotFound || status == http.StatusGone:
		return nil, backoff.Permanent(fs.ErrNotExist)
	case status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable:
		return nil, patience(answer)
	case status >= 500:
		return nil, fmt.Errorf("status %s", answer.Status)
	default:
		return nil, backoff.Permanent(fmt.Errorf("status %s", answer.Status))
	}
	content, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(content)) > limit {
		return nil, backoff.Permanent(fmt.Errorf("%w: more than %d bytes", audit.ErrTile, limit))
	}
	return content, nil
}

// patience waits as long as the server asks for, within reason.
func patience(answer *http.Response) error {
	seconds, err := strconv.Atoi(answer.Header.Get("Retry-After"))
	if err != nil || seconds < 1 {
		return fmt.Errorf("status %s", answer.Status)
	}
	return backoff.RetryAfter(min(seconds, int(maxPause.Seconds())))
}
